"""What a member says in a draw: which request this is, how many entries, where a prize goes."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from config.numbers import WholeNumber
from mall.models import MOST_ENTRIES

KEY = r"\A[0-9a-f]{32}\Z"


class TryForm(forms.Form):
    request_key = forms.RegexField(KEY, widget=forms.HiddenInput)


class EnterForm(TryForm):
    quantity = WholeNumber(
        label=_("How many entries"),
        min_value=1,
        max_value=MOST_ENTRIES,
        error_messages={
            "required": _("Say how many entries you would like, as a whole number from 1."),
            "invalid": _("Say how many entries you would like, as a whole number from 1."),
            "min_value": _("Say how many entries you would like, as a whole number from 1."),
        },
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
