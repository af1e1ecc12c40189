"""What the mall shows a member of each gift: may he redeem it now, and if not, why not.

For display only. `mall.redeeming` decides, by the same conditions under its locks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from config import sql
from mall.models import MOST_AT_ONCE, Gift
from members.models import Member


class State(StrEnum):
    """The first thing that stands in the way, or OPEN."""

    OPEN = "open"
    ENDED = "ended"
    NOT_YET = "not-yet"
    SOLD_OUT = "sold-out"
    TIER = "tier"
    LIMIT = "limit"
    SHORT = "short"


class Terms(NamedTuple):
    """What a gift asks of one member now: points and yuan for a piece, whether it is open for him and if not from when.

    `left` is what the limit that leaves least leaves him, `limit` its name: order, day, week, month or ever; `there`
    how many of its coupons are left for all, None for any number; `coupon_tier` the tier that they are for (`exactly`:
    and none above it), `fits` whether he has it.
    """

    points: int
    cash: Decimal
    open: bool
    opens_at: datetime | None = None
    left: int | None = None
    limit: str | None = None
    there: int | None = None
    coupon_tier: str | None = None
    exactly: bool = False
    fits: bool = True


@dataclass(frozen=True)
class Offer:
    """A gift for one member. `points`, `cash`: what a piece costs him; `missing`: points he lacks; `most`: pieces he
    may take at once; `opens_at`: when it opens for him, if closed; `limit`: the one that leaves him least; `tier`: the
    one that stands in his way, `exactly`: he may have none above it; `coupon_tier`, `coupon_exactly`: whom its coupon
    is for."""

    gift: Gift
    state: State
    points: int
    cash: Decimal
    missing: int
    most: int
    opens_at: datetime | None
    limit: str
    tier: str = ""
    exactly: bool = False
    coupon_tier: str = ""
    coupon_exactly: bool = False

    @property
    def open(self) -> bool:
        return self.state == State.OPEN


def offers(gifts: Iterable[Gift], member: Member, *, available: int, at: datetime) -> list[Offer]:
    """Return the gifts as a member with `available` points sees them at `at`. One query, with his tier loaded."""
    listed = list(gifts)
    rows = sql.run(
        "mall", "terms", gifts=[gift.pk for gift in listed], member_id=member.pk, tier_id=member.tier_id, at=at
    )
    terms = {row[0]: Terms(*row[1:]) for row in rows}
    return [_offer(gift, terms[gift.pk], member, available) for gift in listed]


def _offer(gift: Gift, terms: Terms, member: Member, available: int) -> Offer:
    stock = _there(gift, terms)
    free = stock if terms.left is None else min(stock, terms.left)
    affordable = available // terms.points if terms.points else free
    return Offer(
        gift,
        _state(gift, terms, member, available),
        points=terms.points,
        cash=terms.cash,
        missing=max(terms.points - available, 0),
        most=max(min(free, affordable), 0),
        opens_at=terms.opens_at,
        limit=terms.limit or "",
        tier=str(gift.minimum_tier or "") if terms.fits else terms.coupon_tier or "",
        exactly=terms.exactly and not terms.fits,
        coupon_tier=terms.coupon_tier or "",
        coupon_exactly=terms.exactly,
    )


def _state(gift: Gift, terms: Terms, member: Member, available: int) -> State:
    obstacles = {
        State.ENDED: not gift.active or (not terms.open and terms.opens_at is None),
        State.NOT_YET: not terms.open,
        State.SOLD_OUT: _there(gift, terms) < 1,
        State.TIER: not terms.fits or _too_low(gift, member),
        State.LIMIT: terms.left is not None and terms.left < 1,
        State.SHORT: terms.points > available,
    }
    return next((state for state, true in obstacles.items() if true), State.OPEN)


def _too_low(gift: Gift, member: Member) -> bool:
    return gift.minimum_tier is not None and gift.minimum_tier.rank > (member.tier.rank if member.tier else 0)


def _there(gift: Gift, terms: Terms) -> int:
    """Return how many pieces are left for all, as far as one may have at once."""
    counted = [gift.stock if gift.stock_counted else MOST_AT_ONCE]
    return min(counted if terms.there is None else [*counted, terms.there])
