"""Gifts of every kind, ready to be redeemed for 100 points."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mall import codes
from mall.models import CouponType, Gift
from tests.mall.conftest import NOON, shelve


def pool(*texts: str, **fields: Any) -> Gift:
    """A gift with these free codes."""
    gift = shelve(pieces=0, kind=Gift.Kind.CODE, **{"name": "Coupon of a café"} | fields)
    if texts:
        codes.add(gift_id=gift.pk, codes=list(enumerate(texts, 1)), at=NOON, actor_id=None)
    return gift


def privilege(pieces: int = 9, **fields: Any) -> Gift:
    return shelve(pieces=pieces, kind=Gift.Kind.PRIVILEGE, **{"name": "Hand massage"} | fields)


def seat(pieces: int = 9, **fields: Any) -> Gift:
    event = {"event_at": NOON + timedelta(days=30), "event_place": "Hall 3"}
    return shelve(pieces=pieces, kind=Gift.Kind.SEAT, **{"name": "Tasting"} | event | fields)


def medal(**fields: Any) -> Gift:
    plain = {"name": "Founder", "limit_per_member": 1, "stock_counted": False}
    return shelve(pieces=0, kind=Gift.Kind.MEDAL, **plain | fields)


def chance(**fields: Any) -> Gift:
    plain = {"name": "Three tries", "chances": 3, "chance_pool": "spring", "stock_counted": False}
    return shelve(pieces=0, kind=Gift.Kind.CHANCE, **plain | fields)


def coupon_type(**fields: Any) -> CouponType:
    """20 yuan off an order of 100."""
    return CouponType.objects.create(**{"name": "20 off 100", "value": 20, "minimum_spend": 100} | fields)


def coupon(of: CouponType | None = None, **fields: Any) -> Gift:
    plain = {"name": "Coupon", "coupon_type": of or coupon_type(), "stock_counted": False}
    return shelve(pieces=0, kind=Gift.Kind.COUPON, **plain | fields)
