"""Paying the yuan of a redemption, and giving them back.

Laws:
- An unpaid redemption holds points and stock until `pay_before`; then it is let go, by the beat or by whoever wants
  what it holds. Until somebody has, a payment still counts.
- A payment is settled once, however often a provider tells of it. What comes in for a redemption that has ended, or is
  paid already, goes back in full. Another amount than asked settles nothing.
- What was kept is what a redemption costs: `sql/audit/cash.sql`.

Locks in the one order: the redemption, its payments, then as `mall.shipping`. No provider is called in a transaction.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loyalty import ledger
from mall import redeeming, refunding, shipping
from mall.models import MallPolicy, Payment, Redemption, RedemptionQuerySet
from mall.payment import Notice, Provider
from mall.payment import provider as payment_provider
from mall.redeeming import Refused

__all__ = (
    "NotPayable",
    "Settled",
    "UnknownPayment",
    "WrongAmount",
    "ask_providers",
    "begin",
    "let_go",
    "settle",
    "take",
)

log = logging.getLogger(__name__)

BATCH = 100
ASK_AFTER = timedelta(minutes=1)
LONGEST_REFERENCE = 64


class NotPayable(Refused):
    code = "not_payable"
    sentence = _("There is nothing to pay for this any more.")


class UnknownPayment(Refused):
    code = "unknown_payment"
    sentence = _("There is no such payment.")


class WrongAmount(Refused):
    """`detail` is the amount asked, in yuan."""

    code = "wrong_amount"
    sentence = _("Another amount was paid: ¥%(detail)s were asked.")


class Settled(StrEnum):
    """What a notice did: it paid, it was told before, it failed, or the money came for nothing and goes back."""

    PAID = "paid"
    AGAIN = "again"
    FAILED = "failed"
    BACK = "back"


@transaction.atomic
def begin(*, redemption_id: int, member_id: int, provider: Provider, at: datetime) -> Payment:
    """Return the member's open payment of an unpaid redemption with this provider; made if there is none.

    Who pays at the counter gets the hours of the mall policy. Raises NotPayable when it is paid, ended or overdue at
    `at`, Redemption.DoesNotExist when it is not his.
    """
    redemption = Redemption.objects.select_for_update(no_key=True).get(pk=redemption_id, member=member_id)
    if redemption.state != Redemption.State.UNPAID or redemption.pay_before <= at:  # type: ignore[operator]
        raise NotPayable
    if provider.at_counter:
        until = redemption.placed_at + timedelta(hours=MallPolicy.current().counter_hours)
        until = min(until, redemption.gift.ends_at or until)
        Redemption.objects.filter(pk=redemption_id, pay_before__lt=until).update(pay_before=until)
    payment, _made = Payment.objects.get_or_create(
        redemption=redemption,
        provider=provider.code,
        state=Payment.State.OPEN,
        defaults={"number": _number(), "amount": redemption.cash, "made_at": at},
    )
    return payment


def settle(*, provider: str, notice: Notice, at: datetime, actor_id: int | None = None) -> Settled:
    """Settle what a provider tells of a payment; telling it again changes nothing.

    Raises UnknownPayment for a number that is not this provider's, WrongAmount for another amount than was asked: the
    payment is flagged for staff and settles nothing.
    """
    if not 1 <= len(notice.reference) <= LONGEST_REFERENCE:
        raise UnknownPayment
    try:
        with transaction.atomic():
            payment = _locked(provider, notice.number)
            done = _settled(payment, notice, at, actor_id)
    except IntegrityError as error:
        if "payment_reference_once" not in str(error):
            raise
        raise UnknownPayment from error  # the provider's number stands for another payment of ours
    if done is None:
        raise WrongAmount(payment.amount)
    return done


def take(*, number: str, at: datetime, actor_id: int) -> Settled:
    """Note that staff took the money of a payment at the counter. Raises UnknownPayment, NotPayable."""
    payment = Payment.objects.filter(provider="counter", number=number).first()
    if payment is None:
        raise UnknownPayment
    if payment.state == Payment.State.CLOSED:
        raise NotPayable
    notice = Notice(number, f"counter-{number}", payment.amount, paid=True)
    return settle(provider="counter", notice=notice, at=at, actor_id=actor_id)


def ask_providers(*, at: datetime) -> int:
    """Ask the providers about payments that are still open; return how many were paid. For notices that got lost.

    Which of many is left to chance, so that each gets its turn. The counter knows nothing.
    """
    paid = 0
    waiting = Payment.objects.open().exclude(provider="counter").filter(made_at__lte=at - ASK_AFTER)
    open_ones = waiting.order_by("?")[:BATCH]
    for payment in list(open_ones):
        try:
            notice = payment_provider(payment.provider).status(payment)
            paid += notice is not None and settle(provider=payment.provider, notice=notice, at=at) == Settled.PAID
        except Exception:
            log.exception("payment %s could not be asked about", payment.number)
    return paid


def let_go(*, at: datetime, only: RedemptionQuerySet | None = None) -> int:
    """Cancel unpaid redemptions whose time is over, each in a transaction of its own; return how many.

    Those that somebody is just paying are skipped. `only` narrows it to one gift's or one member's.
    """
    overdue = (Redemption.objects.all() if only is None else only).overdue(at).order_by("pk")
    return sum(_let_go(one, at) for one in overdue.values_list("pk", flat=True)[:BATCH])


def _let_go(redemption_id: int, at: datetime) -> bool:
    """Let one go. One that cannot be is logged and left out: it must not keep the others, or their points, for ever."""
    try:
        return _cancelled(redemption_id, at)
    except (DatabaseError, ledger.LedgerError, Refused):
        log.exception("redemption %s could not be let go", redemption_id)
        return False


def _cancelled(redemption_id: int, at: datetime) -> bool:
    with transaction.atomic():
        overdue = Redemption.objects.overdue(at).select_for_update(skip_locked=True, no_key=True)
        if not overdue.filter(pk=redemption_id).exists():
            return False
        return shipping.cancel(redemption_id=redemption_id, at=at, note=gettext("Not paid in time"))


def _locked(provider: str, number: str) -> Payment:
    """Return a payment with its redemption, both locked, the redemption first."""
    redemption_id = (
        Payment.objects.filter(provider=provider, number=number).values_list("redemption", flat=True).first()
    )
    if redemption_id is None:
        raise UnknownPayment
    redemption = Redemption.objects.select_for_update(no_key=True).get(pk=redemption_id)
    payment = Payment.objects.select_for_update(no_key=True).get(provider=provider, number=number)
    payment.redemption = redemption
    return payment


def _settled(payment: Payment, notice: Notice, at: datetime, actor_id: int | None) -> Settled | None:
    """Settle a locked payment; None: another amount was paid, which is noted."""
    if payment.state == Payment.State.PAID:
        return Settled.AGAIN
    if not notice.paid:
        return Settled.FAILED
    if notice.amount != payment.amount:
        Payment.objects.filter(pk=payment.pk).update(problem=Payment.Problem.AMOUNT)
        return None
    problem = _problem(payment.redemption)
    Payment.objects.filter(pk=payment.pk).update(
        state=Payment.State.PAID, paid_at=at, reference=notice.reference, taken_by=actor_id, problem=problem
    )
    if problem:
        refunding.all_back(payment, at=at)
        return Settled.BACK
    return Settled.PAID if _goes_on(payment.redemption, at) else Settled.BACK


def _problem(redemption: Redemption) -> str:
    match redemption.state:
        case Redemption.State.UNPAID:
            return Payment.Problem.NONE
        case Redemption.State.CANCELLED | Redemption.State.RETURNED:
            return Payment.Problem.LATE
    return Payment.Problem.TWICE


def _goes_on(redemption: Redemption, at: datetime) -> bool:
    """Let a paid redemption go on. False: he has got meanwhile what is had once, or it has ended, as an event does; it
    is cancelled, the yuan go back."""
    ends_at = redemption.gift.ends_at
    if ends_at and ends_at <= at:
        shipping.cancel(redemption_id=redemption.pk, at=at, note=gettext("It was over when it was paid"))
        return False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select mall_paid(%s, %s)", [redemption.pk, at])
            return True
    except DatabaseError as error:
        if not isinstance(redeeming.refusal(error), redeeming.LimitReached):
            raise
    shipping.cancel(redemption_id=redemption.pk, at=at, note=gettext("You have it already"))
    return False


def _number() -> str:
    with connection.cursor() as cursor:
        cursor.execute("select mall_secret()")
        return str(cursor.fetchone()[0])
