"""What staff fill in about gifts: stock, codes, medals, and what they scan at the counter."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold import widgets

from config.numbers import WholeNumber
from mall import codes, counter, stock
from mall.models import Coupon, Payment, Voucher
from mall.redeeming import Refused
from members.forms import e164
from members.models import Member

MOST_MEMBERS = 1_000


class StockForm(forms.Form):
    quantity = WholeNumber(
        label=_("pieces"),
        min_value=-stock.MOST_CHANGED,
        max_value=stock.MOST_CHANGED,
        help_text=_("100 adds, -3 takes away."),
        widget=widgets.UnfoldAdminIntegerFieldWidget,
    )
    note = forms.CharField(label=_("reason"), max_length=200, widget=widgets.UnfoldAdminTextInputWidget)

    def clean_quantity(self) -> int:
        quantity: int = self.cleaned_data["quantity"]
        if quantity == 0:
            raise ValidationError(_("Say how many pieces."))
        return quantity


class CodesForm(forms.Form):
    """A list of codes, as text or as a file; `given` is (line, code) of each."""

    text = forms.CharField(
        label=_("codes"),
        required=False,
        strip=False,
        help_text=_("A code in each line."),
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 6}),
    )
    file = forms.FileField(
        label=_("or a file"),
        required=False,
        help_text=_("Text or CSV, a code in the first column of each line; 8 MB and 100,000 codes at most."),
        widget=widgets.UnfoldAdminFileFieldWidget,
    )
    note = forms.CharField(label=_("note"), required=False, max_length=200, widget=widgets.UnfoldAdminTextInputWidget)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        file, text = given.get("file"), given.get("text", "")
        if bool(file) == bool(text.strip()):
            raise ValidationError(_("Enter the codes or choose a file, one of the two."))
        try:
            self.given = codes.read(file.read(codes.MOST_BYTES + 1) if file else text.encode())
        except codes.BadCodes as refused:
            self.tell(refused)
        return given

    def tell(self, refused: codes.BadCodes) -> None:
        """Show what is wrong with which lines."""
        lines = [
            gettext("Line %(line)s: %(what)s") % {"line": problem.line, "what": problem.what}
            if problem.line
            else problem.what
            for problem in refused.detail  # type: ignore[attr-defined]
        ]
        self.add_error(None, [str(refused), *map(str, lines)])


class MedalForm(forms.Form):
    """Who is honoured; `members` are their ids."""

    phones = forms.CharField(
        label=_("mobile numbers"),
        help_text=_("A member in each line."),
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 6}),
    )
    note = forms.CharField(
        label=_("reason"),
        required=False,
        max_length=200,
        help_text=_("The member sees it."),
        widget=widgets.UnfoldAdminTextInputWidget,
    )

    def clean_phones(self) -> str:
        text: str = self.cleaned_data["phones"]
        lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) > MOST_MEMBERS:
            raise ValidationError(_("A thousand members at most."))
        phones = {e164(line): n for n, line in lines}
        known = dict(Member.objects.live().filter(phone__in=[p for p in phones if p]).values_list("phone", "pk"))
        unknown = [line for n, line in lines if e164(line) not in known]
        if unknown:
            words = ", ".join(unknown[:10])
            raise ValidationError(_("No member has these numbers: %(numbers)s"), params={"numbers": words})
        self.members = list(known.values())
        return text


class MoneyBackForm(forms.Form):
    reference = forms.CharField(
        label=_("number of the transfer"),
        required=False,
        max_length=64,
        help_text=_("If there is one."),
        widget=widgets.UnfoldAdminTextInputWidget,
    )


class CounterForm(forms.Form):
    """A code at the counter; `found` is the voucher or payment that it stands for."""

    code = forms.CharField(
        label=_("Code to redeem"),
        max_length=counter.LONGEST_TYPED,
        help_text=_("Scan it, or type it; small letters and dashes do not matter."),
        widget=widgets.UnfoldAdminTextInputWidget(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    place = forms.CharField(
        label=_("where"),
        required=False,
        max_length=60,
        help_text=_("Your shop; it is remembered."),
        widget=widgets.UnfoldAdminTextInputWidget,
    )

    def __init__(self, *args: Any, takes_money: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.takes_money = takes_money
        self.coupon: Coupon | None = None

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        payment = Payment.at_counter(counter.typed(code))
        if payment and not self.takes_money:
            raise ValidationError(_("This is a payment. You have no right to take money: please ask a colleague."))
        try:
            self.found: Voucher | Payment = payment or counter.find(code)
        except Refused as refused:
            self.coupon = Coupon.objects.filter(code=counter.typed(code)).first()
            no_right = _("This is a coupon. You have no right to use coupons: please ask a colleague.")
            raise ValidationError(no_right if self.coupon else str(refused)) from refused
        return code
