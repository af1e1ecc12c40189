"""What staff fill in about coupons: to whom they are given, and for which order one is used."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold import widgets

from config.numbers import Amount
from mall import counter, coupon_rounds, coupons
from mall.admin.forms import MedalForm
from mall.coupon_words import yuan
from mall.coupons import Order
from mall.models import LONGEST_REFERENCE, MOST_YUAN, Coupon, CouponRound, CouponType
from mall.models.coupons import CENT
from mall.redeeming import Refused
from members.models import Tier


def _key() -> str:
    return uuid4().hex


class GiveForm(MedalForm):
    """To whom a coupon is given, before the coupon's own conditions are asked; `round` is what would begin."""

    who = forms.ChoiceField(
        label=_("to"), choices=CouponRound.Who, initial=CouponRound.Who.TIER, widget=widgets.UnfoldAdminSelectWidget
    )
    tier = forms.ModelChoiceField(
        label=_("tier"), queryset=Tier.objects.all(), required=False, widget=widgets.UnfoldAdminSelectWidget
    )
    key = forms.RegexField(r"\A[0-9a-f]{32}\Z", initial=_key, widget=forms.HiddenInput)
    field_order = ("who", "tier", "phones", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phones"].required = False
        self.fields["note"].help_text = ""

    def clean_phones(self) -> str:
        return super().clean_phones() if self.cleaned_data.get("who") == "phones" else ""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("who") == "tier" and not given.get("tier"):
            self.add_error("tier", _("Choose the tier."))
        if given.get("who") == "phones" and "phones" in given and not given["phones"].strip():
            self.add_error("phones", _("Enter a mobile number in each line."))
        return given

    def round(self, kind: CouponType, at: datetime, actor_id: int) -> CouponRound:
        """Return the round that staff ask for, not begun."""
        given = self.cleaned_data
        return coupon_rounds.planned(
            type_id=kind.pk,
            who=given["who"],
            tier_id=given["tier"].pk if given["tier"] else None,
            member_ids=getattr(self, "members", ()),
            at=at,
            actor_id=actor_id,
            key=given["key"],
            note=given["note"],
        )


class TillForm(forms.Form):
    """A coupon at the counter and the order it is for; `coupon` is it, `off` what it takes off. Or it comes back."""

    code = forms.CharField(
        label=_("coupon code"),
        max_length=counter.LONGEST_TYPED,
        help_text=_("Scan it, or type it; small letters and dashes do not matter."),
        widget=widgets.UnfoldAdminTextInputWidget(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    order_reference = forms.CharField(
        label=_("order number"), max_length=LONGEST_REFERENCE, widget=widgets.UnfoldAdminTextInputWidget
    )
    order_amount = Amount(
        label=_("goods, yuan"),
        required=False,
        min_value=CENT,
        max_value=MOST_YUAN,
        decimal_places=2,
        help_text=_("Without shipping."),
        widget=widgets.UnfoldAdminDecimalFieldWidget,
    )
    shipping = Amount(
        label=_("shipping, yuan"),
        required=False,
        min_value=0,
        max_value=MOST_YUAN,
        decimal_places=2,
        help_text=_("Only a free-shipping coupon asks for it."),
        widget=widgets.UnfoldAdminDecimalFieldWidget,
    )
    back = forms.BooleanField(
        label=_("the order was cancelled: give the coupon back"),
        required=False,
        widget=widgets.UnfoldBooleanSwitchWidget,
    )
    place = forms.CharField(
        label=_("where"),
        required=False,
        max_length=60,
        help_text=_("Your shop; it is remembered."),
        widget=widgets.UnfoldAdminTextInputWidget,
    )
    request_key = forms.RegexField(r"\A[0-9a-f]{32}\Z", initial=_key, widget=forms.HiddenInput)

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        try:
            self.coupon: Coupon = coupons.find(code)
        except Refused as refused:
            raise ValidationError(str(refused)) from refused
        return code

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        try:
            self._come_back(given) if given["back"] else self._take_off(given)
        except Refused as refused:
            raise ValidationError(str(refused)) from refused
        return given

    @property
    def order(self) -> Order:
        given = self.cleaned_data
        return Order(given["order_reference"], given["order_amount"], given["shipping"] or CENT * 0)

    def _take_off(self, given: dict[str, Any]) -> None:
        if used := self.coupon.use:
            words = gettext("It was used for order %(order)s: ¥%(amount)s off.")
            raise ValidationError(
                [str(counter.AlreadyUsed()), words % {"order": used.order_reference, "amount": yuan(used.amount_off)}]
            )
        if given.get("order_amount") is None:
            self.add_error("order_amount", _("Enter the amount of the order."))
            return
        self.off = coupons.check(code=given["code"], order=self.order, at=timezone.now()).amount_off

    def _come_back(self, given: dict[str, Any]) -> None:
        used = self.coupon.use
        if used is None or used.order_reference != given["order_reference"].strip():
            raise coupons.NotUsed
