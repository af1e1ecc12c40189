"""The shops on the platforms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import (
    HttpRequest,
)
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from config.back_office import ADD, ALTER, DELETE, VIEW, address, link
from loyalty import rules
from loyalty.admin.rules import benefit, conditions
from loyalty.forms import KnownChannel, RuleForm
from loyalty.models import EarningRule
from members.admin import MemberAdmin
from orders.admin.by_channel import ReportByChannel
from orders.admin.cards import ParcelCards
from orders.channels import PLATFORMS
from orders.models import Channel, Order, OrderImport


def platforms() -> list[tuple[str, Any]]:
    """Return the platforms whose files can be read: a channel belongs to one, whichever of its files it hands in."""
    return [(code, one.name) for code, one in PLATFORMS.items()]


class ChannelForm(forms.ModelForm):
    format = forms.ChoiceField(
        label=_("file format"),
        choices=platforms,
        widget=UnfoldAdminSelectWidget,
    )


@admin.register(Channel)
class ChannelAdmin(ParcelCards, ReportByChannel):
    form = ChannelForm
    list_display = ["name", "code", "shown_format", "earns_at", "pending_days", "enrol", "active"]
    fieldsets = [
        (None, {"fields": [("name", "code"), ("format", "active")]}),
        (_("Points"), {"fields": [("earns_at", "pending_days"), "rates"]}),
        (_("Buyers"), {"fields": [("enrol", "back_days")]}),
        (
            _("Claims by order number"),
            {"fields": [("claims", "claim_proof"), ("claim_days", "claims_a_day"), "claim_review_from"]},
        ),
    ]
    rights = {"view": VIEW, "report_channel": _("see the report"), "add": ADD, "change": ALTER, "delete": DELETE}
    empty_hint = _("Add each of your shops: its platform says which file it exports.")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code", "rates"] if obj else ["rates"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            obj.may_add_rules = request.user.has_perm("loyalty.add_earningrule")
        return super().get_form(request, obj, change, **kwargs)

    @display(description=_("rates of its orders today"))
    def rates(self, channel: Channel) -> SafeString | str:
        """Show the rates in force for its orders, the one that counts first, and where to set another."""
        if channel.pk is None:
            return gettext("As the earning rules say; shown when the channel is saved.")
        names = {channel.code: channel.name}
        lines = [
            format_html(
                "{}: {} · {}",
                link(address(EarningRule, "change", rule.pk), rule.name),
                benefit(rule),
                "; ".join(conditions(rule, names)) or gettext("every order"),
            )
            for rule in rules.rates(channel.code, at=timezone.now())
        ]
        if not lines:
            lines.append(format_html("{}", gettext("No rate is in force: its orders give nothing.")))
        if getattr(channel, "may_add_rules", False):
            given = {"condition_channels": channel.code, "benefit": "benefit_rate", "name": channel.name}
            page = f"{address(EarningRule, 'add')}?{urlencode(given)}"
            lines.append(link(page, gettext("Set a rate for this channel alone")))
        return format_html_join(SafeString("<br>"), "{}", ((line,) for line in lines))

    @display(description=_("file format"))
    def shown_format(self, channel: Channel) -> str:
        known = PLATFORMS.get(channel.format)
        return str(known.name) if known else channel.format

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        used = obj is not None and (obj.order_set.exists() or obj.orderimport_set.exists())
        return super().has_delete_permission(request, obj) and not used


def waited_for(rule: EarningRule) -> bool:
    """Tell whether orders that wait for their member were paid while a rule was in force: they will earn by it.

    While an import awards its orders, any rule may be one by which they were evaluated already.
    """
    if OrderImport.objects.filter(state=OrderImport.State.STORED).exists():
        return True
    waiting = Order.objects.eligible().filter(member=None, paid_at__isnull=False)
    if rule.condition_channels:
        waiting = waiting.filter(channel__code__in=rule.condition_channels)
    if begins := rule.condition_from or rule.in_force_from:
        waiting = waiting.filter(paid_at__gte=begins)
    if rule.condition_until:
        waiting = waiting.filter(paid_at__lt=rule.condition_until)
    return waiting.exists()


rules.WAITED_FOR.append(waited_for)


def known_channels() -> list[KnownChannel]:
    """Return the channels for the rules of points."""
    return [KnownChannel(*row) for row in Channel.objects.values_list("code", "name", "pending_days")]


MemberAdmin.channel_names = staticmethod(lambda: dict(Channel.objects.values_list("code", "name")))
RuleForm.known_channels = staticmethod(known_channels)
