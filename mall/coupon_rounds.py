"""Give one coupon each to many members, by a worker.

Laws:
- What staff send once is one round, however often the form arrives (`key`).
- A step decides about the next members by their ids and notes it in the same transaction, under the round's lock. So a
  worker that dies leaves whole steps behind, and two workers on one round share it.
- A coupon carries the round's key, and nobody holds two of one key: that the database keeps.
- Everybody who is meant when a step comes to him got one or is listed with the reason why not. Who was chosen and left
  the tier, or was merged, before it came to him is in neither: `no_longer_meant` says how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Count, F

from config import sql
from config.sql import Relation
from loyalty.ledger import KeyReused
from mall.models import CouponLeftOut, CouponRound, CouponType

CONTENT = ("type_id", "who", "tier_id", "member_ids", "note")  # what one key stands for
STEP = 2_000  # members in one transaction: it holds the type's row for some tenths of a second


class Foreseen(NamedTuple):
    """How many would get a coupon, and how many would not for which reason (`CouponLeftOut.Why`)."""

    given: int
    left_out: dict[str, int]


def planned(
    *,
    type_id: int,
    who: str,
    at: datetime,
    tier_id: int | None = None,
    member_ids: Sequence[int] = (),
    actor_id: int | None = None,
    key: str = "",
    note: str = "",
) -> CouponRound:
    """Return a round as it would begin; nothing is written."""
    one = CouponRound(
        type_id=type_id,
        who=who,
        tier_id=tier_id if who == CouponRound.Who.TIER else None,
        member_ids=sorted(member_ids) if who == CouponRound.Who.PHONES else [],
        created_at=at,
        created_by_id=actor_id,
        key=key,
        note=note,
    )
    one.chosen = one.members.count()
    return one


@transaction.atomic
def begin(planned: CouponRound) -> tuple[CouponRound, bool]:
    """Keep a planned round for a worker (`step`); return it, and whether it is new.

    With a key that was told before it returns the first round. Raises KeyReused when that one gives something else.
    """
    try:
        with transaction.atomic():
            planned.save(force_insert=True)
    except IntegrityError:
        first = CouponRound.objects.filter(key=planned.key).first()
        if first is None:
            raise
        if any(getattr(first, name) != getattr(planned, name) for name in CONTENT):
            raise KeyReused from None
        return first, False
    return planned, True


def foresee(planned: CouponRound, *, at: datetime) -> Foreseen:
    """Return what a round would do at `at`."""
    judged = _judged(planned.type_id, planned.members.values(member_id=F("pk")), at)
    found = dict(sql.run("mall", "coupons_foreseen", relation=judged))
    return Foreseen(found.pop(None, 0), found)


@transaction.atomic
def step(*, round_id: int, at: datetime) -> bool:
    """Decide about the next members of a round; return whether there may be more.

    All coupons of a round are issued at the moment of its first step, so all of them end together.
    """
    one = CouponRound.objects.select_for_update(no_key=True).filter(pk=round_id, ended_at=None).first()
    if one is None:
        return False
    CouponType.objects.select_for_update(no_key=True).get(pk=one.type_id)
    one.started_at = one.started_at or at
    chunk = one.members.filter(pk__gt=one.after).order_by("pk").values(member_id=F("pk"))[:STEP]
    seen, given, last = _give(one, _judged(one.type_id, chunk, one.started_at))
    one.given, one.left_out = one.given + given, one.left_out + seen - given
    one.after, one.touched_at = max(one.after, last), at
    one.ended_at = at if seen < STEP else None
    one.save(update_fields=["given", "left_out", "after", "started_at", "touched_at", "ended_at"])
    return one.ended_at is None


def reasons(one: CouponRound) -> list[tuple[CouponLeftOut.Why, int]]:
    """Return for what reasons members were left out, and how many, the most frequent first."""
    found = one.left.order_by().values_list("why").annotate(number=Count("pk")).order_by("-number", "why")
    return [(CouponLeftOut.Why(why), number) for why, number in found]


def no_longer_meant(one: CouponRound) -> int:
    """Return how many of those chosen left the tier or were merged before it came to them; 0 while it runs.

    Who came into the tier meanwhile is counted against them.
    """
    return max(one.chosen - one.done, 0) if one.ended_at else 0


def _judged(type_id: int, members: object, at: datetime) -> Relation:
    return sql.over("mall", "coupons_judged", relation=Relation.of(members), type=type_id, at=at)  # type: ignore[arg-type]


def _give(one: CouponRound, judged: Relation) -> tuple[int, int, int]:
    """Return of how many it was decided, how many got one, and the last one's id (0: nobody)."""
    told = {"type": one.type_id, "at": one.started_at, "actor": one.created_by_id, "key": one.key, "note": one.note}
    [(seen, given, last)] = sql.run("mall", "coupons_give", relation=judged, round=one.pk, **told)
    return int(seen), int(given), int(last)
