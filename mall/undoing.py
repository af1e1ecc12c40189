"""What a member got for a redemption that was not sent goes back with it, if he has not used it."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext

from mall import stock
from mall.counter import AlreadyUsed
from mall.models import Chance, Coupon, CouponCode, Gift, Medal, Redemption, Reversal, Voucher

__all__ = ("take_back",)

Kind = Gift.Kind


def take_back(redemption: Redemption, reversal: Reversal) -> None:
    """Take back what a redemption gave; its row is locked, `redemption` is as before.

    Some of several: those that nobody has used or looked at. Raises AlreadyUsed.
    """
    whole = reversal.pieces == redemption.kept
    match redemption.kind:
        case Kind.CODE if whole:
            _codes(redemption, reversal)
        case Kind.CODE:
            _unseen(redemption, reversal.pieces)
        case Kind.PRIVILEGE | Kind.SEAT if whole:
            _unused(Voucher.objects.filter(redemption=redemption), reversal)
        case Kind.PRIVILEGE | Kind.SEAT:
            _some(Voucher.objects.filter(redemption=redemption, used_at=None), redemption, reversal)
        case Kind.COUPON if whole:
            _coupons(redemption, reversal)
        case Kind.COUPON:
            _some(Coupon.objects.filter(redemption=redemption, use=None), redemption, reversal)
        case Kind.CHANCE:
            _unused(Chance.objects.filter(redemption=redemption), reversal)
        case Kind.MEDAL:
            Medal.objects.filter(redemption=redemption, taken_at=None).update(taken_at=reversal.at)


def _codes(redemption: Redemption, reversal: Reversal) -> None:
    """Put codes that he never looked at back into the pool; void the others and write them off."""
    mine = CouponCode.objects.filter(redemption=redemption, voided_at=None)
    mine.filter(seen_at=None).update(redemption=None)
    seen = mine.exclude(seen_at=None).update(voided_at=reversal.at)
    if seen:
        why = gettext("Codes of redemption %(id)s had been looked at") % {"id": redemption.pk}
        stock.write_off(gift_id=redemption.gift_id, quantity=seen, note=why, actor_id=reversal.actor_id, at=reversal.at)


def _unseen(redemption: Redemption, pieces: int) -> None:
    """Put some codes back into the pool: nobody can say which of those that he has seen he has used."""
    unseen = CouponCode.objects.filter(redemption=redemption, voided_at=None, seen_at=None)
    last = _last(unseen, pieces)
    unseen.filter(pk__in=last).update(redemption=None)


def _some(unused: QuerySet[Any], redemption: Redemption, reversal: Reversal) -> None:
    """Void some vouchers or coupons; where only used ones remain, all that he keeps has been received."""
    of_it = unused.filter(voided_at=None)
    of_it.filter(pk__in=_last(of_it, reversal.pieces)).update(voided_at=reversal.at)
    still_open = Exists(of_it.filter(redemption=OuterRef("pk")))
    used_up = Redemption.objects.filter(~still_open, pk=redemption.pk, state=Redemption.State.ISSUED)
    used_up.update(state=Redemption.State.RECEIVED, received_at=reversal.at)


def _last(rows: QuerySet[Any], pieces: int) -> list[int]:
    last = list(rows.order_by("-pk").values_list("pk", flat=True)[:pieces])
    if len(last) < pieces:
        raise AlreadyUsed
    return last


def _coupons(redemption: Redemption, reversal: Reversal) -> None:
    """Void coupons that stand for no order; one that came back from its order may go back, too."""
    mine = Coupon.objects.filter(redemption=redemption)
    if mine.exclude(use=None).exists():
        raise AlreadyUsed
    mine.filter(voided_at=None).update(voided_at=reversal.at)


def _unused(rows: QuerySet[Any], reversal: Reversal) -> None:
    """Void all, or raise AlreadyUsed. They are locked first: who uses a chance does not hold its redemption."""
    if any(rows.select_for_update(no_key=True).values_list("used_at", flat=True)):
        raise AlreadyUsed
    rows.filter(voided_at=None).update(voided_at=reversal.at)
