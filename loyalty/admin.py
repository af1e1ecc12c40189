"""Postings to look at, points to adjust; earning rules, campaigns and the points policy to set."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from config.back_office import ADD, ALTER, VIEW, Desk, Facts, OneRow, RowList, actor, address, ask, link, log, wide
from loyalty import adjusting, earning, history, ledger, rules
from loyalty.forms import BENEFITS, AdjustForm, CampaignForm, PreviewForm, RuleForm
from loyalty.ledger import LedgerError
from loyalty.models import Campaign, EarningRule, Kind, PointsPolicy, Posting
from members.admin import MemberAdmin, Panel
from members.forms import e164
from members.models import Member

KIND_COLOURS = {
    **dict.fromkeys(Kind, "default"),
    Kind.EARN: "success",
    Kind.ADJUST: "info",
    Kind.REDEEM: "primary",
    Kind.CLAW_BACK: "warning",
}


def signed(value: int) -> SafeString | str:
    """Return a number with its sign and colour; a dash for zero."""
    if not value:
        return "–"
    return format_html('<span class="{}">{}</span>', "jf-plus" if value > 0 else "jf-minus", wide(value))


class PostingList(RowList):
    """A page of postings with their stories, read together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        postings: list[Any] = list(self.result_list)
        for posting, story in zip(postings, history.tell(postings), strict=True):
            posting.story = story
        self.result_list = postings


@admin.register(Posting)
class PostingAdmin(Facts):
    list_display = ["occurred_at", "member", "shown_kind", "shown_points", "shown_growth", "told", "actor"]
    list_select_related = ["member", "actor"]
    sortable_by = ()
    search_fields = ["key"]
    search_help_text = _("An order number, a source key, or a member's whole phone number")
    fields = [
        ("member", "occurred_at"),
        ("kind", "posted_at"),
        ("shown_points", "shown_growth"),
        "told",
        ("source", "key"),
        ("actor", "refers"),
        "lots",
    ]
    readonly_fields = ["shown_points", "shown_growth", "told", "refers", "lots"]
    rights = {"view": VIEW, "add": _("adjust points")}
    empty_hint = _("Import an order file: each order that counts makes a posting.")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        words = search_term.strip()
        return (queryset.filter(looked_for(words)) if words else queryset), False

    def get_urls(self) -> list[URLPattern]:
        adjust = self.admin_site.admin_view(self.adjust)
        return [path("adjust/<int:member_id>/", adjust, name="loyalty_posting_adjust"), *super().get_urls()]

    def adjust(self, request: HttpRequest, member_id: int) -> HttpResponse:
        """Give or take points by hand, for a reason."""
        if not request.user.has_perm("loyalty.add_posting"):
            raise PermissionDenied
        member = get_object_or_404(Member.objects.live(), pk=member_id)
        at = timezone.now()
        form = AdjustForm(request.POST or None, initial={"key": uuid4().hex})
        back = address(Member, "change", member.pk)
        page = ask(
            request,
            self,
            title=_("Adjust points of %(member)s") % {"member": member},
            question=lambda: adjustment(member, form.cleaned_data, at),
            confirm=_("Adjust"),
            back=back,
            form=form,
            introduction=_("A posting stays for ever; a wrong one is put right by an opposite one."),
        )
        if page is not None:
            return page
        self._adjusted(request, member, form.cleaned_data, at)
        return HttpResponseRedirect(back)

    def _adjusted(self, request: HttpRequest, member: Member, given: dict[str, Any], at: datetime) -> None:
        points, growth, reason = given["points"] or 0, given["growth"] or 0, given["reason"]
        try:
            adjusting.adjust(
                member_id=member.pk,
                points=points,
                growth=growth,
                reason=reason,
                actor_id=actor(request),
                at=at,
                key=given["key"],
            )
        except (LedgerError, adjusting.NotAdjusted) as refused:
            messages.error(request, str(refused))
            return
        done = gettext("Adjusted: %(points)s points, %(growth)s growth value.") % {
            "points": wide(points),
            "growth": wide(growth),
        }
        log(request, [member], f"{done} {reason}")
        messages.success(request, done)

    @display(description=_("kind"), label=KIND_COLOURS)
    def shown_kind(self, posting: Posting) -> tuple[int, str]:
        return posting.kind, posting.get_kind_display()

    @display(description=_("points"))
    def shown_points(self, posting: Posting) -> SafeString | str:
        return signed(posting.points)

    @display(description=_("growth value"))
    def shown_growth(self, posting: Posting) -> SafeString | str:
        return signed(posting.growth)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PostingList]:
        return PostingList

    @display(description=_("how it came about"))
    def told(self, posting: Posting) -> SafeString:
        story = getattr(posting, "story", None) or history.words(posting)
        return format_html_join(SafeString("<br>"), "{}", ((words,) for words in story))

    @display(description=_("refers to"))
    def refers(self, posting: Posting) -> SafeString | str:
        if not posting.refers_to_id:
            return "–"
        return format_html(
            '<a href="{}">#{}</a>', address(Posting, "change", posting.refers_to_id), posting.refers_to_id
        )

    @display(description=_("points of this posting"))
    def lots(self, posting: Posting) -> SafeString | str:
        lot = getattr(posting, "lot", None)
        if lot is None:
            return "–"
        return format_html(
            "{}",
            gettext("%(remaining)s of %(granted)s left, available from %(available)s, ends %(end)s")
            % {
                "remaining": f"{lot.remaining:,}",
                "granted": f"{lot.granted:,}",
                "available": f"{timezone.localtime(lot.available_at):%Y-%m-%d %H:%M}",
                "end": f"{timezone.localtime(lot.expires_at):%Y-%m-%d %H:%M}" if lot.expires_at else gettext("never"),
            },
        )


def looked_for(words: str) -> Q:
    """Return postings by key or by the member's phone, each by its index."""
    if phone := e164(words):
        return Q(member__in=Member.objects.filter(phone=phone))
    keys = [words, f"{words}#1"]
    return Q(source__in=SOURCES, key__in=keys)


SOURCES = ("order", "refund", "redeem", "give_back", "expire", "settle", "adjust", "opening")


def adjustment(member: Member, given: dict[str, Any], at: datetime) -> list[str]:
    """Return in sentences what an adjustment will do."""
    standing = ledger.standing(member_id=member.pk, at=at)
    sentences = [gettext("Adjust %(member)s?") % {"member": member}]
    if given["points"]:
        sentences.append(
            gettext("Available points: %(before)s now, %(change)s.")
            % {"before": f"{standing.available:,}", "change": wide(given["points"])}
        )
    if given["growth"]:
        sentences.append(
            gettext("Growth value: %(before)s now, %(change)s.")
            % {"before": f"{standing.growth:,}", "change": wide(given["growth"])}
        )
    return [*sentences, gettext("Reason: %(reason)s") % {"reason": given["reason"]}]


@admin.register(EarningRule)
class EarningRuleAdmin(Desk):
    """The newest versions. A used rule is never edited: `loyalty.rules.revise` makes its next version."""

    form = RuleForm
    list_filter = ["unit", "active"]
    actions_list = ["preview"]
    readonly_fields = ["versions"]
    fieldsets = [
        (None, {"fields": [("name", "unit"), "active", "versions"]}),
        (
            _("Condition"),
            {
                "fields": [
                    ("condition_channels", "condition_tiers"),
                    "condition_minimum",
                    "condition_from",
                    "condition_until",
                ],
                "description": _("All of these must hold; an empty one is no condition."),
            },
        ),
        (_("Benefit"), {"fields": ["benefit", *BENEFITS]}),
    ]
    conditional_fields = {name: f"benefit == '{name}'" for name in BENEFITS}
    rights = {"view": VIEW, "add": ADD, "change": ALTER}
    empty_hint = _("Begin with a rate for all channels: one point per yuan.")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        names = channel_names()

        @display(description=_("condition"))
        def when(rule: EarningRule) -> str:
            return "; ".join(conditions(rule, names)) or gettext("every order")

        return ["name", "unit", when, "benefit_words", "version", "active"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EarningRule]:
        rows = super().get_queryset(request).prefetch_related("condition_tiers")
        at_list = getattr(request.resolver_match, "url_name", "") == "loyalty_earningrule_changelist"
        return rows.in_force() if at_list else rows

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.superseded_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return self.fieldsets
        return [
            (None, {"fields": [("name", "unit"), ("conditions", "benefit_words"), "versions"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*self.readonly_fields, "conditions", "benefit_words"]

    def save_model(self, request: HttpRequest, obj: EarningRule, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        before = obj.version
        revised = rules.revise(rule_id=obj.pk, changes=form.changes(), at=timezone.now())
        obj.pk, obj.version = revised.pk, revised.version  # the page goes on with the version that counts now
        if revised.version != before:
            text = gettext("Version %(new)s counts from now on; what version %(old)s gave stays as it is.")
            messages.info(request, text % {"new": revised.version, "old": before})

    def response_change(self, request: HttpRequest, obj: EarningRule) -> HttpResponse:
        response = super().response_change(request, obj)
        if "_continue" in request.POST:  # on the page of the version that counts now
            return HttpResponseRedirect(address(EarningRule, "change", obj.pk))
        return response

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        if not change:
            super().save_related(request, form, formsets, change)

    @action(description=_("Try the rules"), icon="calculate", permissions=["view"])
    def preview(self, request: HttpRequest) -> HttpResponse:
        """Show what an order would give by the rules in force; nothing is written."""
        local = timezone.localtime()
        form = PreviewForm(request.GET or None, initial={"on": local})
        found = earning.preview(form.purchase(), at=timezone.now()) if form.is_bound and form.is_valid() else []
        context = {
            **self.admin_site.each_context(request),
            "title": _("Try the rules"),
            "form": form,
            "preview": found[0] if found else None,
        }
        return TemplateResponse(request, "admin/loyalty/preview.html", context)

    @display(description=_("condition"))
    def conditions(self, rule: EarningRule) -> str:
        return "; ".join(conditions(rule, channel_names())) or gettext("every order")

    @display(description=_("what it gives"))
    def benefit_words(self, rule: EarningRule) -> str:
        return benefit(rule)

    @display(description=_("versions"))
    def versions(self, rule: EarningRule) -> SafeString | str:
        if rule.pk is None:
            return "–"
        return format_html_join(
            SafeString("<br>"),
            "{} {}",
            (
                (link(address(EarningRule, "change", one.pk), version_words(one)), benefit(one))
                for one in rules.versions(rule)
            ),
        )


def channel_names() -> dict[str, str]:
    return {channel.code: channel.name for channel in RuleForm.known_channels()}


def version_words(rule: EarningRule) -> str:
    if rule.superseded_at is None:
        return gettext("version %(number)s, in force") % {"number": rule.version}
    until = f"{timezone.localtime(rule.superseded_at):%Y-%m-%d %H:%M}"
    return gettext("version %(number)s, until %(until)s") % {"number": rule.version, "until": until}


def conditions(rule: EarningRule, names: dict[str, str]) -> list[str]:
    """Return a rule's conditions in words; `names` are those of the channels."""
    found = []
    if rule.condition_channels:
        found.append("、".join(names.get(code, code) for code in rule.condition_channels))
    if tiers := rule.condition_tiers.all():
        found.append("、".join(tier.name for tier in tiers))
    if rule.condition_minimum:
        found.append(gettext("from %(amount)s yuan") % {"amount": f"{rule.condition_minimum:,.2f}"})
    if rule.condition_from:
        found.append(
            gettext("from %(moment)s") % {"moment": f"{timezone.localtime(rule.condition_from):%Y-%m-%d %H:%M}"}
        )
    if rule.condition_until:
        found.append(
            gettext("until %(moment)s") % {"moment": f"{timezone.localtime(rule.condition_until):%Y-%m-%d %H:%M}"}
        )
    return found


def benefit(rule: EarningRule) -> str:
    """Return what a rule gives, in words."""
    unit = rule.get_unit_display()
    if rule.benefit_rate is not None:
        return gettext("%(rate)s %(unit)s per yuan") % {"rate": f"{rule.benefit_rate.normalize():f}", "unit": unit}
    if rule.benefit_multiplier is not None:
        return gettext("%(unit)s × %(factor)s") % {"factor": f"{rule.benefit_multiplier.normalize():f}", "unit": unit}
    return gettext("%(bonus)s %(unit)s more") % {"bonus": f"{rule.benefit_bonus or 0:,}", "unit": unit}


@admin.register(Campaign)
class CampaignAdmin(Desk):
    form = CampaignForm
    list_display = ["name", "multiplier", "starts_at", "ends_at", "active"]
    list_filter = ["active"]
    fieldsets = [
        (None, {"fields": [("name", "multiplier"), "active"]}),
        (_("Condition"), {"fields": ["starts_at", "ends_at", "weekdays", "days_of_month"]}),
    ]
    rights = {"view": VIEW, "add": ADD, "change": ALTER}
    empty_hint = _("A campaign multiplies the points of orders: a member day, a festival.")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PointsPolicy)
class PointsPolicyAdmin(OneRow):
    fieldsets = [
        (_("When points become available"), {"fields": [("pending_days", "pending_from")]}),
        (_("When points expire"), {"fields": ["expiry", ("expiry_months", "expiry_years")]}),
        (_("How much an order gives"), {"fields": [("multipliers", "multiplier_cap"), "shipping_earns"]}),
        (_("Refunds"), {"fields": ["shortfall"]}),
    ]
    conditional_fields = {"expiry_months": "expiry == 'rolling'", "expiry_years": "expiry == 'year_end'"}


def standing_panel(request: HttpRequest, member: Member, at: datetime) -> Panel | None:
    """Show what a member has, and how far the next tier is."""
    if not request.user.has_perm("loyalty.view_posting"):
        return None
    standing = ledger.standing(member_id=member.pk, at=at)
    links = []
    if request.user.has_perm("loyalty.add_posting"):
        links.append((_("Adjust points"), address(Posting, "adjust", member.pk), "tune"))
    context = {
        "on_top": True,
        "standing": standing,
        "progress": member.progress(standing.growth),
        "expiring": standing.expiring[:3],
    }
    return Panel(_("Points and tier"), "admin/loyalty/standing.html", context, links)


def postings_panel(request: HttpRequest, member: Member, at: datetime) -> Panel | None:
    """Show a member's last postings."""
    if not request.user.has_perm("loyalty.view_posting"):
        return None
    last = list(Posting.objects.of(member).select_related("actor")[:10])
    rows = [
        (posting, signed(posting.points), signed(posting.growth), " ".join(story))
        for posting, story in zip(last, history.tell(last), strict=True)
    ]
    every = f"{address(Posting, 'changelist')}?member__id__exact={member.pk}"
    return Panel(_("Last postings"), "admin/loyalty/postings.html", {"rows": rows}, [(_("All"), every, "history")])


@display(description=_("points"))
def points_column(member: Member) -> str:
    balance = getattr(member, "balance", None)
    return f"{balance.points:,}" if balance else "0"


MemberAdmin.panels += [standing_panel, postings_panel]
MemberAdmin.columns.append(points_column)
MemberAdmin.list_select_related = [*MemberAdmin.list_select_related, "balance"]
