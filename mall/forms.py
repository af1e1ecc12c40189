"""What a member says when he redeems a gift. What it costs is never asked."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from config.numbers import WholeNumber
from mall import reversing
from mall.address_forms import AddressFields
from mall.addresses import Given, delivery
from mall.models import MOST_AT_ONCE, Gift, Redemption, SavedAddress
from mall.redeeming import Address
from mall.regions import place
from members.models import Member

ANOTHER = "new"


def new_key() -> str:
    """Return a request key for one intention to redeem: made with the page, sent back by the form."""
    return uuid4().hex


class QuantityForm(forms.Form):
    """How many: all that is asked for what is not sent."""

    to: Address | None = None
    request_key = forms.RegexField(r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)
    quantity = WholeNumber(
        label=_("Quantity"),
        min_value=1,
        max_value=MOST_AT_ONCE,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class CancelForm(forms.Form):
    """How many pieces a member gives back, where they go back by the piece. Its key makes two clicks one."""

    request_key = forms.RegexField(r"\A[0-9a-f]{32}\Z", required=False, initial=new_key, widget=forms.HiddenInput)

    def __init__(self, *args: Any, redemption: Redemption, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if reversing.in_parts(redemption):
            self.fields["pieces"] = WholeNumber(
                label=_("How many"),
                min_value=1,
                max_value=redemption.quantity,
                initial=redemption.kept,
                error_messages={"required": _("Say how many pieces.")},
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )
        self.redemption = redemption

    def clean_pieces(self) -> int:
        pieces: int = self.cleaned_data["pieces"]
        try:
            reversing.check_pieces(self.redemption, pieces, self.cleaned_data.get("request_key", ""))
        except reversing.TooMany as refused:
            raise forms.ValidationError(str(refused)) from refused
        return pieces


class WhereForm(AddressFields):
    """Where to: an address of the member's book, or one that he writes now."""

    saved = forms.ChoiceField(label=_("Goes to"), required=False, widget=forms.RadioSelect)
    keep = forms.BooleanField(label=_("Keep it in my addresses"), required=False, initial=True)

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.book = list(SavedAddress.objects.filter(member=member))
        self.chosen_one = self._chosen_one() if self.is_bound else None
        choices = [*((str(one.pk), one) for one in self.book), (ANOTHER, _("Another address"))]
        self.fields["saved"].choices = choices  # type: ignore[attr-defined]
        for name in ("recipient", "phone", "street"):
            self.fields[name].required = self.chosen_one is None

    def _chosen_one(self) -> SavedAddress | None:
        """Return the address of the book that was chosen. Another's is not there: Http404."""
        asked = self.data.get("saved") or ANOTHER
        if asked == ANOTHER:
            return None
        for one in self.book:
            if str(one.pk) == asked:
                return one
        raise Http404

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        given["region"] = "" if self.chosen_one else self.region()
        return given

    @property
    def to(self) -> Address:
        """Return the address of a valid form."""
        if self.chosen_one:
            return delivery(self.chosen_one)
        given = self.given()
        return Address(given.recipient, given.phone, f"{place(given.region)} {given.street}")

    @property
    def to_keep(self) -> Given | None:
        """Return the address that the member wrote and wants to keep."""
        return self.given() if self.chosen_one is None and self.cleaned_data["keep"] else None


class RedeemForm(QuantityForm, WhereForm):
    """How many, and where to."""

    to = WhereForm.to


def form_for(gift: Gift, member: Member, data: Any = None) -> QuantityForm:
    """Return the form of a gift: what is not sent needs no address. Without data it shows what is likely."""
    sent = gift.kind in Gift.SENT
    if data is not None:
        return RedeemForm(data, member=member) if sent else QuantityForm(data)
    first = {"request_key": new_key(), "quantity": 1}
    return RedeemForm(initial=first | likely(member), member=member) if sent else QuantityForm(initial=first)


def likely(member: Member) -> dict[str, Any]:
    """Return the member's usual address, or for a new one to whom his last parcel went."""
    usual = SavedAddress.objects.filter(member=member).first()
    last = Redemption.objects.filter(member=member).exclude(address="").order_by("-id").first()
    known = (last.recipient, last.phone) if last else (member.name, (member.phone or "").removeprefix("+86"))
    return {"saved": str(usual.pk) if usual else ANOTHER, "recipient": known[0], "phone": known[1]}
