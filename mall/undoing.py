"""What a member got for a redemption that was not sent goes back with it, if he has not used it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext

from mall import stock
from mall.counter import AlreadyUsed
from mall.models import Chance, CouponCode, Gift, Medal, Redemption, Voucher

__all__ = ("take_back",)

Kind = Gift.Kind


def take_back(redemption: Redemption, *, at: datetime, actor_id: int | None) -> None:
    """Take codes, vouchers, medals or chances of an ended redemption back; its row is locked. Raises AlreadyUsed."""
    match redemption.kind:
        case Kind.CODE:
            _codes(redemption, at, actor_id)
        case Kind.PRIVILEGE | Kind.SEAT:
            _unused(Voucher.objects.filter(redemption=redemption), at)
        case Kind.CHANCE:
            _unused(Chance.objects.filter(redemption=redemption), at)
        case Kind.MEDAL:
            Medal.objects.filter(redemption=redemption, taken_at=None).update(taken_at=at)


def _codes(redemption: Redemption, at: datetime, actor_id: int | None) -> None:
    """Put codes that he never looked at back into the pool; void the others and write them off."""
    mine = CouponCode.objects.filter(redemption=redemption, voided_at=None)
    mine.filter(seen_at=None).update(redemption=None)
    seen = mine.exclude(seen_at=None).update(voided_at=at)
    if seen:
        why = gettext("Codes of redemption %(id)s had been looked at") % {"id": redemption.pk}
        stock.write_off(gift_id=redemption.gift_id, quantity=seen, note=why, actor_id=actor_id, at=at)


def _unused(rows: QuerySet[Any], at: datetime) -> None:
    if rows.exclude(used_at=None).exists():
        raise AlreadyUsed
    rows.filter(voided_at=None).update(voided_at=at)
