"""What a member says of an address.

Province, city and district are chosen one after the other, with scripts or without: each answer of the server offers
what lies below what was chosen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mall import regions
from mall.addresses import Given
from mall.models import SavedAddress

NEXT = {
    "province": _("Choose the province."),
    "city": _("Choose the city, then go on."),
    "district": _("Choose the district, then go on."),
}


def cleaned_phone(typed: str) -> str:
    """Return a phone number for a parcel. Raises ValidationError."""
    phone = unicodedata.normalize("NFKC", typed).strip()
    if not re.fullmatch(r"\+?[0-9 ()\-]{5,29}", phone):
        raise ValidationError(_("Please enter a phone number that the courier can call."))
    return phone


class RegionFields(forms.Form):
    """Three lists, each with what lies below the one before it."""

    province = forms.ChoiceField(label=_("Province"), required=False)
    city = forms.ChoiceField(label=_("City"), required=False)
    district = forms.ChoiceField(label=_("District"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.chosen = _chain(self.data if self.is_bound else self.initial)
        for level, name in enumerate(regions.LEVELS):
            self._offer(name, level)

    def _offer(self, name: str, level: int) -> None:
        """Offer what lies below the level before; a list with nothing in it is not shown."""
        field, above = self.fields[name], self.chosen[:level]
        here = regions.below(above[-1].code if above else "") if len(above) == level else []
        field.choices = [("", _("Please choose")), *((one.code, one.name) for one in here)]  # type: ignore[attr-defined]
        field.widget.attrs["data-region"] = name
        if here and name == "city" and all(one.leaf for one in here):
            field.label = _("District")  # of a city that is its own province
        if not here:
            field.widget = forms.HiddenInput()

    def region(self) -> str:
        """Return the code of the chosen division; notes on its list what is still to be chosen."""
        last = self.chosen[-1] if self.chosen else None
        if last and last.leaf:
            return last.code
        name = regions.LEVELS[len(self.chosen)]
        self.add_error(name, NEXT[name])
        return ""


def _chain(asked: Mapping[str, Any]) -> list[regions.Division]:
    """Return the chosen divisions as far as each lies in the one before: of a changed province no city stays."""
    chain: list[regions.Division] = []
    for name in regions.LEVELS:
        found = regions.find(str(asked.get(name) or ""))
        if found is None or found.above != (chain[-1].code if chain else ""):
            break
        chain.append(found)
    return chain


class AddressFields(RegionFields):
    """Where a parcel goes."""

    recipient = forms.CharField(
        label=_("Recipient"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    phone = forms.CharField(
        label=_("Recipient's phone"),
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )
    street = forms.CharField(
        label=_("Street, house, room"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "street-address"}),
    )

    def clean_phone(self) -> str:
        typed = self.cleaned_data["phone"]
        return cleaned_phone(typed) if typed else ""

    def clean_street(self) -> str:
        return " ".join(self.cleaned_data["street"].split())

    def given(self, *, usual: bool = False) -> Given:
        """Return what `mall.addresses.save` asks for."""
        return Given(**{name: self.cleaned_data[name] for name in Given._fields[:-1]}, usual=usual)


class AddressForm(AddressFields):
    """An address of the book."""

    usual = forms.BooleanField(label=_("My usual address"), required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        given["region"] = self.region()
        return given


def values_of(address: SavedAddress) -> dict[str, Any]:
    """Return what the form shows of an address first."""
    chosen = dict(zip(regions.LEVELS, (one.code for one in regions.path(address.region)), strict=False))
    return {name: getattr(address, name) for name in ("recipient", "phone", "street", "usual")} | chosen
