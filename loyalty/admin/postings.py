"""Postings to look at, points to adjust, and a member's points on his page."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.back_office import VIEW, Facts, RowList, actor, address, ask, log, wide
from loyalty import adjusting, history, ledger
from loyalty.forms import AdjustForm
from loyalty.ledger import LedgerError
from loyalty.models import Kind, Posting
from loyalty.tasks import review_tiers
from members.admin import MemberAdmin, Panel, TierAdmin
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
        ("key", "actor"),
        "refers",
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


SOURCES = ("order", "refund", "redeem", "give_back", "expire", "settle", "adjust", "opening", "draw", "treasure")


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
TierAdmin.after_change = staticmethod(review_tiers.delay_on_commit)  # type: ignore[attr-defined]
MemberAdmin.columns.append(points_column)
MemberAdmin.list_select_related = [*MemberAdmin.list_select_related, "balance"]
