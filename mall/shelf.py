"""What the mall shows a member of each gift: may he redeem it now, and if not, why not.

For display only. `mall.redeeming` decides, by the same conditions under its locks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Sum

from mall.models import Gift, Redemption
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


@dataclass(frozen=True)
class Offer:
    """A gift for one member. `missing`: points he lacks for one; `most`: pieces he may take at once."""

    gift: Gift
    state: State
    missing: int
    most: int

    @property
    def open(self) -> bool:
        return self.state == State.OPEN


def offers(gifts: Iterable[Gift], member: Member, *, available: int, at: datetime) -> list[Offer]:
    """Return the gifts as a member with `available` points sees them at `at`. One query, with his tier loaded."""
    listed = list(gifts)
    taken = dict(
        Redemption.objects.filter(member=member, gift__in=listed)
        .live()
        .order_by("gift")
        .values_list("gift")
        .annotate(Sum("quantity"))
    )
    return [_offer(gift, member, available, taken.get(gift.pk, 0), at) for gift in listed]


def _offer(gift: Gift, member: Member, available: int, taken: int, at: datetime) -> Offer:
    free = gift.stock if gift.limit_per_member is None else min(gift.stock, gift.limit_per_member - taken)
    return Offer(
        gift,
        _state(gift, member, available, taken, at),
        missing=max(gift.points - available, 0),
        most=max(min(free, available // gift.points), 0),
    )


def _state(gift: Gift, member: Member, available: int, taken: int, at: datetime) -> State:
    rank = member.tier.rank if member.tier else 0
    obstacles = {
        State.ENDED: not gift.active or (gift.closes_at is not None and gift.closes_at <= at),
        State.NOT_YET: gift.opens_at is not None and gift.opens_at > at,
        State.SOLD_OUT: gift.stock < 1,
        State.TIER: gift.minimum_tier is not None and gift.minimum_tier.rank > rank,
        State.LIMIT: gift.limit_per_member is not None and taken >= gift.limit_per_member,
        State.SHORT: gift.points > available,
    }
    return next((state for state, true in obstacles.items() if true), State.OPEN)
