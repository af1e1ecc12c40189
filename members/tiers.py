"""Tiers follow growth: the one place that moves a member between tiers.

LIFETIME (the programme's policy now): a member has the highest tier whose threshold his growth has reached, and keeps
it. ROLLING and PERIOD will choose the target in `follow.sql` by another growth and may fall; their place is there.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from config import sql
from config.sql import Relation
from members.models import Member, Tier


class TierProgress(NamedTuple):
    """Where a member stands between two tiers; growth values. `next` is None at the top."""

    tier: Tier | None
    next: Tier | None
    growth: int
    missing: int
    percent: int


class TierStep(NamedTuple):
    """How many members would step from one tier (None: from none) to another, by name."""

    before: str | None
    after: str
    members: int


def foresee(standing: Relation) -> list[TierStep]:
    """Return the steps that `follow` would make of members with this growth (member_id, growth); nothing is moved."""
    return [TierStep(*row) for row in sql.run("members", "foresee", relation=standing)]


def behind(standing: Relation) -> list[int]:
    """Return which members of `standing` (member_id, growth) `follow` would move now, ascending."""
    return [row[0] for row in sql.run("members", "behind", relation=standing)]


def follow(standing: Relation, *, at: datetime) -> int:
    """Move the members of `standing` (member_id, growth) to the tier of their growth and record each step.

    `at` is when their growth changed (aware). The caller holds their balances, so that their growth stands; members are
    locked in ascending order. Returns the number of steps.
    """
    return len(sql.run("members", "follow", relation=standing, at=at))


def fallen(standing: Relation) -> Relation:
    """Return who has a tier that `standing` (member_id, growth: the most that he ever had) does not give; unread."""
    return sql.over("members", "fallen", relation=standing)


def fall(standing: Relation, *, at: datetime) -> int:
    """Take members out of tiers that they only reached by growth that turned out never to have been theirs.

    `standing` (member_id, growth) is the most that each ever had without it, `at` (aware) is when. The one way down
    under LIFETIME; a refund is none. Returns the number of steps.
    """
    return len(sql.run("members", "fall", relation=fallen(standing), at=at))


def progress(member: Member, growth: int) -> TierProgress:
    """Return a member's way to the next tier, in percent of the way from his own."""
    tiers = list(Tier.objects.all())
    rank = member.tier.rank if member.tier else 0
    higher = next((tier for tier in tiers if tier.rank > rank), None)
    if higher is None:
        return TierProgress(member.tier, None, growth, 0, 100)
    start = member.tier.threshold if member.tier else 0
    span = max(higher.threshold - start, 1)
    percent = min(max((growth - start) * 100 // span, 0), 100)
    return TierProgress(member.tier, higher, growth, max(higher.threshold - growth, 0), percent)
