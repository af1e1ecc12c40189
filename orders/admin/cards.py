"""Cards that lie in parcels: a QR code that opens the page of claims with the shop chosen and the number filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from config import qr
from config.back_office import Desk, address
from members.models import Programme
from orders import claims
from orders.models import Channel, Order

ON_A_PAGE = 24  # labels of 70 × 37 mm on a sheet of A4
MOST = 10 * ON_A_PAGE
KINDS = {"svg": "image/svg+xml", "png": "image/png"}


class Card(NamedTuple):
    """A code as it is printed, with what stands beside it; `number` empty: for any order of the shop."""

    shop: str
    number: str
    code: SafeString


def claim_link(request: HttpRequest, channel: Channel, number: str = "") -> str:
    """Return the whole address of the page of claims, with the shop and the number filled in."""
    given = {"n": number, "channel": channel.code} if number else {"channel": channel.code}
    return request.build_absolute_uri(f"{reverse('claims')}?{urlencode(given)}")


def sheet(request: HttpRequest, asked: Sequence[tuple[Channel, str]], *, back: str, left_out: int = 0) -> HttpResponse:
    """Return a page of cards to print, a card for each shop and number, in the order of `asked`."""
    cards = [Card(channel.name, number, qr.svg(claim_link(request, channel, number))) for channel, number in asked]
    pages = [cards[first : first + ON_A_PAGE] for first in range(0, len(cards), ON_A_PAGE)]
    context = {
        "pages": pages,
        "cards": len(cards),
        "left_out": left_out,
        "back": back,
        "brand": Programme.current().brand,
    }
    return render(request, "admin/orders/card_sheet.html", context)


class NumbersForm(forms.Form):
    """The numbers of the orders whose parcels are being packed."""

    numbers = forms.CharField(
        label=_("order numbers"),
        help_text=_("One below the other or with commas, in the order in which the parcels are packed."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
    )

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channel = channel

    def clean_numbers(self) -> list[str]:
        try:
            found = claims.numbers_in(self.cleaned_data["numbers"], most=MOST)
            claims.check_numbers(found, [self.channel])
        except claims.Refused as refused:
            raise ValidationError(str(refused)) from None
        if not found:
            raise ValidationError(self.fields["numbers"].error_messages["required"])
        return found


class ParcelCards(Desk):
    """The part of the channels' desk that makes cards: one for the shop to print anywhere, or one for each parcel."""

    actions_detail = ["parcel_cards"]

    def has_cards_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/cards/", view(self.cards), name="orders_channel_cards"),
            path("<int:pk>/card.<str:kind>", view(self.card_file), name="orders_channel_card"),
            *super().get_urls(),
        ]

    @action(description=_("Parcel cards"), icon="qr_code_2", permissions=["cards"])
    def parcel_cards(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the cards of this channel."""
        return HttpResponseRedirect(address(Channel, "cards", object_id))

    def cards(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the code of the shop, and take in the numbers for cards of single orders."""
        channel = self._channel(request, pk)
        form = NumbersForm(request.POST if request.method == "POST" else None, channel=channel)
        if form.is_valid():
            back = address(Channel, "cards", pk)
            return sheet(request, [(channel, number) for number in form.cleaned_data["numbers"]], back=back)
        link = claim_link(request, channel)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Parcel cards of %(channel)s") % {"channel": channel},
            "channel": channel,
            "form": form,
            "link": link,
            "code": qr.svg(link),
            "most": MOST,
            "takes_claims": channel.active and channel.claims,
        }
        return TemplateResponse(request, "admin/orders/cards.html", context, status=422 if form.errors else 200)

    def card_file(self, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
        """Give the code of the shop as a picture to print."""
        channel = self._channel(request, pk)
        if kind not in KINDS:
            raise Http404
        link = claim_link(request, channel)
        response = HttpResponse(qr.svg(link) if kind == "svg" else qr.png(link), content_type=KINDS[kind])
        response["Content-Disposition"] = f'attachment; filename="parcel-card-{channel.code}.{kind}"'
        return response

    def _channel(self, request: HttpRequest, pk: int) -> Channel:
        if not self.has_cards_permission(request):
            raise PermissionDenied
        channel = Channel.objects.filter(pk=pk).first()
        if channel is None:
            raise Http404
        return channel


class CardsOfOrders(Desk):
    """The part of the orders' desk that prints the cards of chosen orders."""

    def has_cards_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request)

    @action(description=_("Print parcel cards"), icon="qr_code_2", permissions=["cards"])
    def print_cards(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Print a card for each of the selected orders that nobody has yet and that may be claimed."""
        chosen = queryset.order_by("number")
        free = chosen.filter(member=None, channel__in=Channel.objects.claimable()).select_related("channel")
        orders: list[Order] = list(free[: MOST + 1])
        if not orders:
            words = gettext(
                "None of the selected orders needs a card: they are members' already, or their shops take no claims."
            )
            self.message_user(request, words, "warning")
            return None
        if len(orders) > MOST:
            words = gettext("Select at most %(most)d orders: more do not fit on the sheets of one print.")
            self.message_user(request, words % {"most": MOST}, "warning")
            return None
        left_out = chosen.count() - len(orders)
        asked = [(order.channel, order.number) for order in orders]
        return sheet(request, asked, back=request.get_full_path(), left_out=left_out)
