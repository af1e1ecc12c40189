"""The shops on the platforms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import (
    HttpRequest,
)
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from config.back_office import ADD, ALTER, DELETE, VIEW
from loyalty.forms import KnownChannel, RuleForm
from members.admin import MemberAdmin
from orders.admin.by_channel import ReportByChannel
from orders.channels import PLATFORMS
from orders.models import Channel


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
class ChannelAdmin(ReportByChannel):
    form = ChannelForm
    list_display = ["name", "code", "shown_format", "earns_at", "pending_days", "enrol", "active"]
    fieldsets = [
        (None, {"fields": [("name", "code"), ("format", "active")]}),
        (_("Points"), {"fields": [("earns_at", "pending_days")]}),
        (_("Buyers"), {"fields": [("enrol", "back_days")]}),
        (
            _("Claims by order number"),
            {"fields": [("claims", "claim_proof"), ("claim_days", "claims_a_day"), "claim_review_from"]},
        ),
    ]
    rights = {"view": VIEW, "report_channel": _("see the report"), "add": ADD, "change": ALTER, "delete": DELETE}
    empty_hint = _("Add each of your shops: its platform says which file it exports.")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code"] if obj else []

    @display(description=_("file format"))
    def shown_format(self, channel: Channel) -> str:
        known = PLATFORMS.get(channel.format)
        return str(known.name) if known else channel.format

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        used = obj is not None and (obj.order_set.exists() or obj.orderimport_set.exists())
        return super().has_delete_permission(request, obj) and not used


def known_channels() -> list[KnownChannel]:
    """Return the channels for the rules of points."""
    return [KnownChannel(*row) for row in Channel.objects.values_list("code", "name", "pending_days")]


MemberAdmin.channel_names = staticmethod(lambda: dict(Channel.objects.values_list("code", "name")))
RuleForm.known_channels = staticmethod(known_channels)
