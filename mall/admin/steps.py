"""What staff are asked before a redemption is shipped, cancelled or taken back, and what they are told it would do."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold import widgets

from config.numbers import WholeNumber
from mall import carriers, reversing
from mall.forms import new_key
from mall.models import Redemption, Shipment

__all__ = ("CancelForm", "ReturnForm", "ShipForm", "would_do")


class CarrierInput(widgets.UnfoldAdminTextInputWidget):
    """A text with the usual carriers to choose from."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        field = super().render(name, value, {**(attrs or {}), "list": "carriers"}, renderer)
        options = format_html_join("", '<option value="{}">', ((one.name,) for one in carriers.CARRIERS))
        return format_html('{}<datalist id="carriers">{}</datalist>', field, options)


class ShipForm(forms.Form):
    carrier = forms.CharField(
        label=_("carrier"), max_length=Shipment._meta.get_field("carrier").max_length, widget=CarrierInput
    )
    tracking_number = forms.CharField(
        label=_("tracking number"), max_length=60, widget=widgets.UnfoldAdminTextInputWidget
    )

    def clean_carrier(self) -> str:
        return carriers.called(self.cleaned_data["carrier"])


class CancelForm(forms.Form):
    """Why, and how many of several; its key makes two clicks one step."""

    request_key = forms.CharField(max_length=64, initial=new_key, required=False, widget=forms.HiddenInput)
    note = forms.CharField(
        label=_("reason"),
        max_length=200,
        help_text=_("The member sees it."),
        widget=widgets.UnfoldAdminTextInputWidget,
    )

    def __init__(self, *args: Any, redemption: Redemption, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if reversing.in_parts(redemption):
            self.fields["pieces"] = WholeNumber(
                label=_("pieces"),
                min_value=1,
                max_value=redemption.quantity,
                initial=redemption.kept,
                help_text=_("Of %(number)s that have not gone back.") % {"number": redemption.kept},
                widget=widgets.UnfoldAdminIntegerFieldWidget,
            )
        self.redemption = redemption
        self.order_fields(["request_key", "pieces", "note"])

    def clean_pieces(self) -> int:
        pieces: int = self.cleaned_data["pieces"]
        try:
            reversing.check_pieces(self.redemption, pieces, self.cleaned_data.get("request_key", ""))
        except reversing.TooMany as refused:
            raise forms.ValidationError(str(refused)) from refused
        return pieces


class ReturnForm(CancelForm):
    restock = forms.BooleanField(
        label=_("back into stock"),
        required=False,
        initial=True,
        help_text=_("Leave it out if the goods cannot be given to anybody else."),
        widget=widgets.UnfoldBooleanWidget,
    )


def would_do(redemption: Redemption, given: dict[str, Any], question: str) -> list[str]:
    """Return the question about some pieces of a redemption, and what becomes of points, yuan and pieces."""
    pieces = given.get("pieces") or redemption.kept
    told = [question % {"what": f"{redemption.gift_name} × {pieces}"}]
    points = reversing.points_for(redemption, pieces)
    told.append(gettext("%(points)s points go back to the member with their own end.") % {"points": f"{points:,}"})
    if yuan := reversing.yuan_for(redemption, pieces):
        told.append(gettext("¥%(amount)s are to be given back.") % {"amount": yuan})
    restock = given.get("restock", True)
    told.append(gettext("The pieces go back into stock.") if restock else gettext("The pieces are written off."))
    if left := redemption.kept - pieces:
        stay = ngettext("%(number)s piece stays with the member.", "%(number)s pieces stay with the member.", left)
        told.append(stay % {"number": left})
    if redemption.state == Redemption.State.PACKED:
        told.append(gettext("It is packed already: take them out of the parcel."))
    return [*told, gettext("Reason: %(reason)s") % {"reason": given["note"]}]
