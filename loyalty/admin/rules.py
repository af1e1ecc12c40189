"""Earning rules with their versions and a trial, campaigns, the points policy."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from config.back_office import ADD, ALTER, VIEW, Desk, OneRow, address, link
from loyalty import earning, rules
from loyalty.forms import BENEFITS, CampaignForm, PreviewForm, RuleForm
from loyalty.models import Campaign, EarningRule, PointsPolicy


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

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A rule beside others counts from now on, unless somebody says otherwise: earlier orders keep their day's."""
        given = super().get_changeform_initial_data(request)
        if "condition_channels" in given:
            given["condition_channels"] = str(given["condition_channels"]).split(",")
        if EarningRule.objects.exists():
            given.setdefault("condition_from", timezone.now().replace(second=0, microsecond=0))
        return given

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
