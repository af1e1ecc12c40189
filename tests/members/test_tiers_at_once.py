"""Tiers that two move at once: who waited decides by what he waited for."""

from __future__ import annotations

from functools import partial

import pytest

from config.sql import Relation
from loyalty import ledger, reviewing
from loyalty.models import Kind, Posting
from members import tiers as following
from members.models import Member, Tier, TierChange
from tests.conftest import NOW, rows, while_it_waits

pytestmark = pytest.mark.django_db(transaction=True)


def grow(member: Member, growth: int, key: str) -> Posting:
    return ledger.credit(member_id=member.pk, growth=growth, kind=Kind.EARN, source="order", key=key, at=NOW)


def tier_of(member: Member) -> str | None:
    member.refresh_from_db()
    return member.tier.name if member.tier else None


def threshold(tier: Tier, growth: int) -> None:
    Tier.objects.filter(pk=tier.pk).update(threshold=growth)


def test_a_review_takes_nobody_down_who_just_rose(transactional_db: None, lin: Member, tiers: dict[str, Tier]) -> None:
    """With 100 he would be 高级 by the new threshold; the order of this moment makes him VIP."""
    grow(lin, 100, "a")
    threshold(tiers["高级"], 50)

    moved = while_it_waits(partial(grow, lin, 2_000, "b"), partial(reviewing.review_tiers, at=NOW))

    assert (tier_of(lin), moved) == ("VIP", 0)
    assert [row[1] for row in rows(TierChange, "from_tier__name", "to_tier__name")] == ["普通", "VIP"]


def test_who_follows_by_older_growth_takes_nobody_down(
    transactional_db: None, lin: Member, tiers: dict[str, Tier]
) -> None:
    older = Relation.rows({"member_id": "bigint", "growth": "bigint"}, [[lin.pk, 400]])

    moved = while_it_waits(partial(grow, lin, 2_100, "b"), partial(following.follow, older, at=NOW))

    assert (tier_of(lin), moved) == ("VIP", 0)


def test_a_review_gives_nothing_for_growth_that_is_just_taken_away(
    transactional_db: None, lin: Member, tiers: dict[str, Tier]
) -> None:
    award = grow(lin, 400, "a")
    threshold(tiers["VIP"], 390)

    def undone() -> None:
        columns = reviewing.VOID_COLUMNS
        ledger.hold([lin.pk])
        one = Relation.rows(ledger.REFUND_COLUMNS, [[award.pk, 1, 1, "order:a!", ""]])
        ledger.claw_back_many(one, at=NOW)
        reviewing.take_down(Relation.rows(columns, [[lin.pk, award.pk, 0]]), at=NOW)

    moved = while_it_waits(undone, partial(reviewing.review_tiers, at=NOW))

    assert (tier_of(lin), moved) == (None, 0)
