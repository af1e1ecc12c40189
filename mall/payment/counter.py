"""Paying at the counter: staff take the money and confirm it; they give it back in the same way."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from mall.models import Payment, Refund
from mall.payment import Forged, Notice


class Counter:
    """Nobody tells us anything: `mall.paying.take` is what staff do, `mall.paying.given_back` too."""

    code = "counter"
    name = _("At the counter")
    hint = _("Pay in our shop; we keep it for you until then.")
    at_counter = True

    def ready(self) -> bool:
        return True

    def start(self, payment: Payment) -> str:
        return reverse("pay_redemption", args=[payment.redemption_id])

    def notice(self, request: HttpRequest) -> Notice:
        raise Forged

    def answer(self, understood: bool) -> HttpResponse:
        return HttpResponse(status=404)

    def status(self, payment: Payment) -> Notice | None:
        return None

    def refund(self, refund: Refund) -> str | None:
        return None
