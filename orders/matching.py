"""Orders that waited find their member: by account or by the buyer's own phone, never a masked or a receiver's one.

From the members to the orders: `match_waiting` looks for what waits for those who have newly arrived
(`members.arrivals`), whose number does not grow with the orders that wait. `match_all` looks for everybody: nothing
needs it, and it finds what a hand in the database has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from config import sql
from config.sql import Relation
from members import arrivals
from members.models import Member
from orders import awarding, claims

BATCH = 5_000  # orders matched in a transaction
MEMBERS = 2_000  # members looked for in a transaction
AT_ONCE = 200  # orders matched while a member waits for his page


def match_waiting(*, at: datetime) -> int:
    """Give waiting orders to the members that have joined or claimed since, and let them earn; returns how many orders.

    `at` is the moment of posting. Some thousands a transaction; a batch is matched and earns, or neither.
    """
    matched = after = 0
    while True:
        found, last = _match_arrived(at, BATCH, after=after)
        matched += found
        if last is None:
            return matched + claims.look(at=at)
        after = last


def match_member(member: Member, at: datetime) -> int:
    """Do the same for one member who has just arrived; what is more than some hundred orders is left to the beat."""
    found, _last = _match_arrived(at, AT_ONCE, member_id=member.pk)
    return found


def match_all(*, at: datetime) -> int:
    """Look for waiting orders of every member there is; returns how many found theirs."""
    matched = after = 0
    while members := list(Member.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:MEMBERS]):
        while (found := _match(members, at, BATCH)) == BATCH:
            matched += found
        matched, after = matched + found, members[-1]
    return matched


def _match_arrived(at: datetime, most: int, *, after: int = 0, member_id: int | None = None) -> tuple[int, int | None]:
    """Match the orders of some arrivals; returns how many, and after which arrival to go on: None if none is left."""
    with transaction.atomic():
        held = arrivals.hold(most=MEMBERS, after=after, member_id=member_id)
        found = _match([one.member_id for one in held], at, most) if held else 0
        if found == most:
            return found, after  # there may be more for the same members
        arrivals.looked(held)
        return found, held[-1].id if held else None


def _match(members: Sequence[int], at: datetime, most: int) -> int:
    """Match up to `most` orders of these members and let them earn, or neither."""
    relation = Relation("select distinct unnest(%s::bigint[]) as member_id", (list(members),))
    with transaction.atomic():
        ids = [row[0] for row in sql.run("orders", "match_waiting", relation=relation, most=most)]
        if ids:
            awarding.award_few(ids, at=at)
    return len(ids)


arrivals.WELCOMES.append(match_member)
