"""The parts of a gift's page: when it opens, and what it asks of each tier."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.dates import MONTHS
from django.utils.translation import gettext_lazy as _
from unfold import widgets
from unfold.admin import StackedInline, TabularInline

from loyalty.forms import WEEKDAYS
from mall.models import GiftTier, GiftWindow


class PartOfGift:
    """Rows of a gift's page: who may change the gift may change them."""

    def _may(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.change_gift") or request.user.has_perm("mall.add_gift"))

    has_add_permission = has_change_permission = has_delete_permission = _may

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.view_gift")) or self._may(request)


def _chosen(label: Any, choices: Any, help_text: Any) -> forms.TypedMultipleChoiceField:
    return forms.TypedMultipleChoiceField(
        label=label,
        required=False,
        choices=choices,
        coerce=int,
        help_text=help_text,
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    )


class WindowForm(forms.ModelForm):
    months = _chosen(_("months"), list(MONTHS.items()), _("None chosen: every month."))
    weekdays = _chosen(_("weekdays"), WEEKDAYS, _("None chosen: every day."))


class WindowInline(PartOfGift, StackedInline):
    model = GiftWindow
    form = WindowForm
    extra = 0
    tab = True
    verbose_name_plural = _("opening times (none: always open between from and to)")
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("first_day", "first_time"),
                    ("last_day", "last_time"),
                    ("daily_from", "daily_until"),
                    "campaign",
                    ("months", "weekdays"),
                ]
            },
        )
    ]


class TierInline(PartOfGift, TabularInline):
    model = GiftTier
    fields = ["tier", "points", "cash", "hours_earlier"]
    extra = 0
    tab = True
