"""Members who can newly be recognised: the apps above look for what has waited for them, and none is forgotten.

The database notes each arrival in the transaction of the change (`members_arrival`): nobody has to think of it. An
arrival is looked for at least until every transaction has ended that was under way when it was first seen: one of them
may file something for the member without seeing him yet.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from config import sql
from members.models import Arrival, Member

log = logging.getLogger(__name__)

# What the apps above do when a member who has just arrived opens a page.
WELCOMES: list[Callable[[Member, datetime], object]] = []


class Held(NamedTuple):
    """An arrival that this transaction has; see sql/arrivals_hold.sql."""

    id: int
    member_id: int
    forget: bool
    later: int


def hold(*, most: int, after: int = 0, member_id: int | None = None) -> list[Held]:
    """Lock arrivals that nobody else has, of a member or of all with an id beyond `after`, in their order.

    Call it in a transaction, look for what waits for these members, then call `looked` with them.
    """
    return [Held(*row) for row in sql.run("members", "arrivals_hold", member=member_id, after=after, most=most)]


def looked(held: Sequence[Held]) -> None:
    """Note that all that waits for these members was looked for since they were held."""
    Arrival.objects.filter(pk__in=[one.id for one in held if one.forget]).delete()
    stay = [one for one in held if not one.forget]
    if stay:
        Arrival.objects.filter(pk__in=[one.id for one in stay], seen=None).update(seen=stay[0].later)


def welcome(member: Member, *, at: datetime) -> None:
    """Let the apps above do what they do for somebody who has arrived; what fails is logged and done later."""
    for greet in WELCOMES:
        try:
            greet(member, at)
        except Exception:
            log.exception("member %s could not be welcomed", member.pk)
