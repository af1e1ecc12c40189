"""How money comes in and goes back: one interface, and a provider for each way.

A provider is a class with a `code`, named in the setting PAYMENT_PROVIDERS. It moves nothing by itself: it starts a
payment, says what it was told about one, and gives money back. `mall.paying` does the rest, whatever the provider.
docs/payments.md says what a new one must do.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, Protocol

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from mall.models import Payment, Refund

__all__ = ("Forged", "Notice", "Provider", "offered", "provider")


class Forged(Exception):
    """A message that claims to come from the provider does not."""


class Notice(NamedTuple):
    """What a provider tells of a payment: our number, its own, and the yuan that were really paid."""

    number: str
    reference: str
    amount: Decimal
    paid: bool


class Provider(Protocol):
    """A way to pay. Amounts are yuan with two decimals."""

    code: str
    name: str | Promise
    hint: str | Promise
    at_counter: bool

    def ready(self) -> bool:
        """Return whether members may choose it now."""

    def start(self, payment: Payment) -> str:
        """Begin a payment with the provider; return the address to which the member goes."""

    def notice(self, request: HttpRequest) -> Notice:
        """Read what the provider sends to our notify address. Raises Forged unless its signature is right."""

    def answer(self, understood: bool) -> HttpResponse:
        """Return what the provider expects to hear; not understood, it will tell us again."""

    def status(self, payment: Payment) -> Notice | None:
        """Ask the provider what became of a payment; None: it does not know, or cannot be asked."""

    def refund(self, refund: Refund) -> str | None:
        """Give money back, once for `refund.key` however often it is asked; return the provider's number.

        None: not done yet; it is asked again, or staff give the money back and say so.
        """


@lru_cache
def _known(paths: tuple[str, ...]) -> dict[str, Provider]:
    made = [import_string(path)() for path in paths]
    return {one.code: one for one in made}


def provider(code: str) -> Provider:
    """Return a provider by its code. Raises KeyError for one that is not installed."""
    return _known(tuple(settings.PAYMENT_PROVIDERS))[code]


def offered() -> list[Provider]:
    """Return the ways to pay that members may choose."""
    return [one for one in _known(tuple(settings.PAYMENT_PROVIDERS)).values() if one.ready()]
