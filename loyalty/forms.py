"""What staff fill in about points: adjustments, rules, campaigns, and an order to try the rules on."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold import widgets

from config.numbers import Amount, WholeNumber
from config.sql import Relation
from loyalty import earning
from members.models import Tier

PREVIEW_KEY = "preview"  # no order has it: keys of orders have a channel
MOST_POINTS = 1_000_000_000
BENEFITS = ("benefit_rate", "benefit_multiplier", "benefit_bonus")
WEEKDAYS = [
    (1, _("Monday")),
    (2, _("Tuesday")),
    (3, _("Wednesday")),
    (4, _("Thursday")),
    (5, _("Friday")),
    (6, _("Saturday")),
    (7, _("Sunday")),
]


class AdjustForm(forms.Form):
    """Points and growth to give (or, negative, to take) by hand. `key` makes a page good for one adjustment."""

    points = WholeNumber(
        label=_("points"),
        required=False,
        min_value=-MOST_POINTS,
        max_value=MOST_POINTS,
        help_text=_("500 gives, -500 takes."),
        widget=widgets.UnfoldAdminIntegerFieldWidget,
    )
    growth = WholeNumber(
        label=_("growth value"),
        required=False,
        min_value=-MOST_POINTS,
        max_value=MOST_POINTS,
        help_text=_("Decides the tier. Leave it empty if only points change."),
        widget=widgets.UnfoldAdminIntegerFieldWidget,
    )
    reason = forms.CharField(
        label=_("reason"),
        max_length=200,
        help_text=_("The member sees it in the history."),
        widget=widgets.UnfoldAdminTextInputWidget,
    )
    key = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and not (given.get("points") or given.get("growth")):
            raise ValidationError(_("Say how many points or how much growth value."))
        return given


class KnownChannel(NamedTuple):
    """A channel as rules see it."""

    code: str
    name: str
    pending_days: int | None


class RuleForm(forms.ModelForm):
    """A rule: when, then what. `known_channels` is handed over by the app that has channels."""

    known_channels: Callable[[], list[KnownChannel]] = staticmethod(list)

    benefit = forms.ChoiceField(
        label=_("gives as"),
        choices=[
            ("benefit_rate", _("a rate per yuan")),
            ("benefit_multiplier", _("a multiplier")),
            ("benefit_bonus", _("a fixed bonus")),
        ],
        widget=widgets.UnfoldAdminSelectWidget,
    )
    condition_channels = forms.MultipleChoiceField(
        label=_("channels"),
        required=False,
        help_text=_("None chosen: all channels."),
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    )

    condition_tiers = forms.ModelMultipleChoiceField(
        label=_("tiers"),
        queryset=Tier.objects.all(),
        required=False,
        help_text=_("None chosen: all members."),
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "benefit" not in self.fields:  # an old version is only looked at
            return
        given = [name for name in BENEFITS if getattr(self.instance, name) is not None]
        self.fields["benefit"].initial = (given or BENEFITS)[0]
        known = {channel.code: channel.name for channel in self.known_channels()}
        for code in self.instance.condition_channels:
            known.setdefault(code, code)
        self.fields["condition_channels"].choices = list(known.items())  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name in BENEFITS:
            if name != given.get("benefit"):
                given[name] = None
        return given

    def changes(self) -> dict[str, Any]:
        """Return the new values of the fields that were changed."""
        changed = set(self.changed_data) | ({*BENEFITS} if "benefit" in self.changed_data else set())
        return {name: self.cleaned_data[name] for name in changed - {"benefit"}}


class PreviewForm(forms.Form):
    """An order that somebody might make."""

    amount = Amount(
        label=_("amount paid, yuan"),
        min_value=Decimal("0.01"),
        max_digits=12,
        decimal_places=2,
        initial=Decimal(100),
        widget=widgets.UnfoldAdminDecimalFieldWidget,
    )
    channel = forms.ChoiceField(label=_("channel"), widget=widgets.UnfoldAdminSelectWidget)
    tier = forms.ModelChoiceField(
        label=_("tier"),
        queryset=Tier.objects.all(),
        required=False,
        empty_label=_("no tier yet"),
        widget=widgets.UnfoldAdminSelectWidget,
    )
    on = forms.DateTimeField(
        label=_("paid at"),
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "class": " ".join(widgets.INPUT_CLASSES)}, format="%Y-%m-%dT%H:%M"
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channels = {channel.code: channel for channel in RuleForm.known_channels()}
        choices = [(code, channel.name) for code, channel in self.channels.items()]
        self.fields["channel"].choices = choices  # type: ignore[attr-defined]

    def purchase(self) -> Relation:
        """Return the order as a relation of `loyalty.earning.PURCHASE_COLUMNS`."""
        given = self.cleaned_data
        tier, channel, paid_at = given["tier"], self.channels[given["channel"]], given["on"]
        row = [PREVIEW_KEY, None, tier and tier.pk, channel.code, given["amount"], 0, paid_at, paid_at]
        return Relation.rows(earning.PURCHASE_COLUMNS, [[*row, channel.pending_days]])


class CampaignForm(forms.ModelForm):
    weekdays = forms.TypedMultipleChoiceField(
        label=_("weekdays"),
        required=False,
        choices=WEEKDAYS,
        coerce=int,
        help_text=_("None chosen: every day."),
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
    )
    days_of_month = SimpleArrayField(
        WholeNumber(min_value=1, max_value=31),
        label=_("days of the month"),
        required=False,
        help_text=_("For example 8, 18, 28. Empty: every day."),
        widget=widgets.UnfoldAdminTextInputWidget,
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        starts, ends = given.get("starts_at"), given.get("ends_at")
        if starts and ends and starts >= ends:
            self.add_error("ends_at", _("The end must come after the beginning."))
        return given
