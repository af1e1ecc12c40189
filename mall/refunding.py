"""Money that goes back: due in the transaction that ended something, given back by the provider or staff afterwards."""

from __future__ import annotations

import logging
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext

from mall.models import Payment, Redemption, Refund
from mall.payment import provider

__all__ = ("all_back", "done", "make_due", "send", "was_paid")

log = logging.getLogger(__name__)

BATCH = 100


def make_due(redemption: Redemption, *, amount: Decimal, key: str, note: str, at: datetime) -> None:
    """Let yuan of a redemption go back to who paid them; its row is locked.

    Open payments are given up, and what was never paid does not go back. The same key again changes nothing.
    """
    Payment.objects.open().filter(redemption=redemption).update(state=Payment.State.CLOSED)
    paid = _paid(redemption)
    if paid is not None and amount > 0:
        _due(paid, amount, key, note, at)


def was_paid(redemption: Redemption) -> bool:
    return _paid(redemption) is not None


def all_back(payment: Payment, *, at: datetime) -> None:
    """Let a payment that came for nothing go back in full."""
    _due(payment, payment.amount, f"payment:{payment.pk}", gettext("Paid for an order that had ended"), at)


def done(*, refund_id: int, at: datetime, actor_id: int | None, reference: str = "") -> bool:
    """Note that money went back; False when it was noted before."""
    changes = {"done_at": at, "done_by": actor_id, "reference": reference[:64]}
    return bool(Refund.objects.filter(pk=refund_id, done_at=None).update(**changes))


def send(*, at: datetime) -> int:
    """Ask the providers to give back what is due; return how many did. What staff give back is left to them.

    Which of many is left to chance: a hundred that a provider keeps waiting do not stand in the way of the others.
    """
    sent = 0
    for refund in Refund.objects.due(at).exclude(payment__provider="counter").order_by("?")[:BATCH]:
        try:
            reference = provider(refund.payment.provider).refund(refund)
        except Exception:
            log.exception("refund %s could not be sent", refund.pk)
            continue
        if reference is not None:
            sent += done(refund_id=refund.pk, at=at, actor_id=None, reference=reference)
    return sent


def _paid(redemption: Redemption) -> Payment | None:
    return Payment.objects.paid().filter(redemption=redemption, problem="").first()


def _due(payment: Payment, amount: Decimal, key: str, note: str, at: datetime) -> None:
    words = {"payment": payment, "amount": amount, "note": note[:200], "made_at": at}
    Refund.objects.get_or_create(key=key, defaults=words)
