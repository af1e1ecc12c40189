"""What a member says when he redeems a gift. What it costs is never asked."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mall.models import MOST_AT_ONCE, Gift, Redemption
from mall.redeeming import Address
from members.models import Member


def new_key() -> str:
    """Return a request key for one intention to redeem: made with the page, sent back by the form."""
    return uuid4().hex


class QuantityForm(forms.Form):
    """How many: all that is asked for what is not sent."""

    to: Address | None = None
    request_key = forms.RegexField(r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)
    quantity = forms.IntegerField(
        label=_("Quantity"),
        min_value=1,
        max_value=MOST_AT_ONCE,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class RedeemForm(QuantityForm):
    """How many, and where to."""

    recipient = forms.CharField(
        label=_("Recipient"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    phone = forms.CharField(
        label=_("Recipient's phone"),
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )
    address = forms.CharField(
        label=_("Address"),
        max_length=300,
        widget=forms.Textarea(
            attrs={
                "rows": 3,
                "autocomplete": "street-address",
                "placeholder": _("Province, city, district, street, house number"),
            }
        ),
    )

    def clean_phone(self) -> str:
        phone = unicodedata.normalize("NFKC", self.cleaned_data["phone"]).strip()
        if not re.fullmatch(r"\+?[0-9 ()\-]{5,29}", phone):
            raise ValidationError(_("Please enter a phone number that the courier can call."))
        return phone

    def clean_address(self) -> str:
        return " ".join(self.cleaned_data["address"].split())

    @property
    def to(self) -> Address:  # type: ignore[override]
        """Return the address of a valid form."""
        return Address(*(self.cleaned_data[name] for name in ("recipient", "phone", "address")))


def form_for(gift: Gift) -> type[QuantityForm]:
    """Return the form of a gift: what is not sent needs no address."""
    return RedeemForm if gift.kind in Gift.SENT else QuantityForm


def first_values(member: Member) -> dict[str, Any]:
    """Return what the form shows first: one piece, to where the member's last parcel went."""
    last = Redemption.objects.filter(member=member).exclude(address="").order_by("-id").first()
    phone = (member.phone or "").removeprefix("+86")
    known = (last.recipient, last.phone, last.address) if last else (member.name, phone, "")
    return {"request_key": new_key(), "quantity": 1, **dict(zip(("recipient", "phone", "address"), known, strict=True))}
