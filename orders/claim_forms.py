"""What a member fills in to claim orders."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders import claims
from orders.models import Channel

Proof = Channel.Proof
PROOF_LABELS = {
    Proof.PHONE: _("Last four digits of the phone that you ordered with"),
    Proof.AMOUNT: _("Amount that you paid for the order"),
}


class ClaimForm(forms.Form):
    """One or several order numbers, the shop, and the proof where a shop asks for one."""

    numbers = forms.CharField(
        label=_("Order number"),
        max_length=2000,
        error_messages={"required": _("Please enter an order number.")},
        widget=forms.Textarea(
            attrs={"rows": 2, "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false", "autofocus": True}
        ),
    )
    channel = forms.ModelChoiceField(
        label=_("Shop"),
        queryset=Channel.objects.claimable(),
        to_field_name="code",
        required=False,
        empty_label=_("Recognise it from the number"),
        error_messages={"invalid_choice": _("This shop takes no order numbers. Please choose another one.")},
    )
    proof = forms.CharField(max_length=40, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, channels: list[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channels = channels
        asked = {channel.claim_proof for channel in channels}
        labels = [label for proof, label in PROOF_LABELS.items() if proof in asked]
        if not labels:
            del self.fields["proof"]
            return
        self.asking = [channel.name for channel in channels if channel.claim_proof != Proof.NONE]
        both = _("Last four digits of your phone, or the amount paid, as the shop asks")
        self.fields["proof"].label = labels[0] if len(labels) == 1 else both
        self.fields["proof"].required = Proof.NONE not in asked
        self.fields["proof"].error_messages["required"] = _(
            "Please fill this in, or choose the shop if it does not ask for it."
        )

    def clean_numbers(self) -> list[str]:
        try:
            numbers = claims.numbers_in(self.cleaned_data["numbers"])
        except claims.Refused as refused:
            raise ValidationError(str(refused)) from None
        if not numbers:
            raise ValidationError(self.fields["numbers"].error_messages["required"])
        return numbers

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "proof" in self.fields and not given.get("proof") and "proof" not in self.errors and self._asks(given):
            self.add_error("proof", self.fields["proof"].error_messages["required"])
        return given

    def _asks(self, given: dict[str, Any]) -> bool:
        """Return whether the chosen shop asks for a proof, or any that these numbers can be of."""
        chosen = given.get("channel")
        shops = [chosen] if chosen else self.channels
        numbers = given.get("numbers") or []
        return any(shop.claim_proof != Proof.NONE and any(claims.fits(shop, one) for one in numbers) for shop in shops)

    def given(self) -> dict[str, Any]:
        """Return what `orders.claims.claim` asks for."""
        channel: Channel | None = self.cleaned_data["channel"]
        return {
            "numbers": self.cleaned_data["numbers"],
            "channel_code": channel.code if channel else None,
            "proof": self.cleaned_data.get("proof", ""),
        }
