"""A provider for development: a page with a button that pays and one that does not. It is off unless DEBUG.

It speaks to the notify address as a real provider would: JSON, signed with HMAC-SHA256 in a header.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal, InvalidOperation
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from mall.models import Payment, Refund
from mall.payment import Forged, Notice

HEADER = "X-Sandbox-Signature"
LARGEST = 10_000


class Sandbox:
    code = "sandbox"
    name = _("Sandbox")
    hint = _("For development: nothing is really paid.")
    at_counter = False

    def ready(self) -> bool:
        return bool(settings.DEBUG)

    def start(self, payment: Payment) -> str:
        return reverse("sandbox", args=[payment.number])

    def notice(self, request: HttpRequest) -> Notice:
        body = request.body[: LARGEST + 1]
        given = request.headers.get(HEADER, "")
        if (
            not settings.DEBUG
            or len(body) > LARGEST
            or not hmac.compare_digest(given.encode(), signature(body).encode())
        ):
            raise Forged
        return read(body)

    def answer(self, understood: bool) -> HttpResponse:
        return HttpResponse("OK" if understood else "AGAIN", status=200 if understood else 500)

    def status(self, payment: Payment) -> Notice | None:
        return None

    def refund(self, refund: Refund) -> str | None:
        return f"sandbox-refund-{refund.key}"[:64]


def message(payment: Payment, *, paid: bool) -> bytes:
    """Return what the sandbox would send about a payment."""
    told = {"number": payment.number, "reference": uuid4().hex, "amount": str(payment.amount), "paid": paid}
    return json.dumps(told).encode()


def read(body: bytes) -> Notice:
    """Return what a message says. Raises Forged when it says nothing."""
    try:
        told = json.loads(body)
        return Notice(str(told["number"]), str(told["reference"]), Decimal(told["amount"]), told["paid"] is True)
    except (ValueError, KeyError, TypeError, InvalidOperation) as error:
        raise Forged from error


def signature(body: bytes) -> str:
    return hmac.new(f"sandbox {settings.SECRET_KEY}".encode(), body, hashlib.sha256).hexdigest()
