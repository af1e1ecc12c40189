"""Tiers follow growth: the edges of the thresholds, at once, and never down under LIFETIME."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError

from config.sql import Relation
from loyalty import ledger
from loyalty.models import Kind
from members import tiers as following
from members.models import Member, Tier, TierChange
from tests.conftest import rows


def standing(*given: tuple[Member, int]) -> Relation:
    return Relation.rows({"member_id": "bigint", "growth": "bigint"}, [[member.pk, growth] for member, growth in given])


def grow(member: Member, growth: int, key: str, at: datetime) -> None:
    ledger.credit(member_id=member.pk, growth=growth, kind=Kind.ADJUST, source="test", key=key, at=at)
    member.refresh_from_db()


def save_and_check(tier: Tier) -> None:
    tier.save()
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")


@pytest.mark.parametrize(
    ("growth", "tier"),
    [
        (0, None),
        (1, "普通"),
        (379, "普通"),
        (380, "高级"),
        (1_999, "高级"),
        (2_000, "VIP"),
        (5_000, "至尊VIP"),
        (10**12, "至尊VIP"),
    ],
)
def test_the_edge_of_a_threshold(
    lin: Member, tiers: dict[str, Tier], at: datetime, growth: int, tier: str | None
) -> None:
    following.follow(standing((lin, growth)), at=at)
    lin.refresh_from_db()

    assert (lin.tier.name if lin.tier else None) == tier


def test_each_step_is_recorded_with_its_growth_and_moment(
    lin: Member, wei: Member, tiers: dict[str, Tier], at: datetime
) -> None:
    moved = [following.follow(standing((lin, 400), (wei, 5)), at=at) for _ in range(2)]
    following.follow(standing((lin, 2_000)), at=at)

    assert moved == [2, 0]
    assert rows(TierChange, "member_id", "from_tier_id", "to_tier_id", "growth", "at") == [
        (lin.pk, None, tiers["高级"].pk, 400, at),
        (wei.pk, None, tiers["普通"].pk, 5, at),
        (lin.pk, tiers["高级"].pk, tiers["VIP"].pk, 2_000, at),
    ]


def test_lifetime_never_falls(lin: Member, tiers: dict[str, Tier], at: datetime) -> None:
    grow(lin, 400, "up", at)
    award = ledger.credit(member_id=lin.pk, growth=1_600, kind=Kind.EARN, source="order", key="o", at=at)

    ledger.claw_back(posting_id=award.pk, refunded=Decimal(1), paid=Decimal(1), key="r", at=at)
    lin.refresh_from_db()

    assert lin.tier == tiers["VIP"]
    assert ledger.standing(member_id=lin.pk, at=at).growth == 400


def test_a_posting_moves_the_tier_in_the_same_moment(lin: Member, tiers: dict[str, Tier], at: datetime) -> None:
    grow(lin, 379, "a", at)
    before = lin.tier

    grow(lin, 1, "b", at)

    assert (before, lin.tier) == (tiers["普通"], tiers["高级"])


@pytest.mark.parametrize(
    ("growth", "missing", "percent", "next_tier"),
    [(0, 1, 0, "普通"), (380, 1_620, 0, "VIP"), (1_190, 810, 50, "VIP"), (5_000, 0, 100, None)],
)
def test_progress_to_the_next_tier(
    lin: Member, tiers: dict[str, Tier], at: datetime, growth: int, missing: int, percent: int, next_tier: str | None
) -> None:
    if growth:
        grow(lin, growth, "g", at)

    progress = lin.progress(growth)

    assert (progress.missing, progress.percent) == (missing, percent)
    assert (progress.next.name if progress.next else None) == next_tier


def test_thresholds_must_rise_with_the_ranks(tiers: dict[str, Tier]) -> None:
    wrong = Tier(name="黑金", rank=5, threshold=4_000)

    with pytest.raises(ValidationError, match="4000|threshold|成长值|lower"):
        wrong.full_clean()
    with pytest.raises(IntegrityError, match="tier_rising"), transaction.atomic():
        save_and_check(wrong)


def test_an_eleventh_tier_is_refused(tiers: dict[str, Tier]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Tier.objects.create(name="十一", rank=11, threshold=10**9)


def test_review_tiers_follows_new_thresholds(lin: Member, tiers: dict[str, Tier], at: datetime) -> None:
    grow(lin, 300, "g", at)
    Tier.objects.filter(name="高级").update(threshold=250)
    out = StringIO()

    call_command("review_tiers", stdout=out)
    lin.refresh_from_db()

    assert lin.tier == tiers["高级"]
    assert out.getvalue().startswith("1 ")


@pytest.mark.parametrize(
    "statement",
    ["update members_tierchange set growth = 5", "delete from members_tierchange", "truncate members_tierchange"],
)
def test_a_step_once_recorded_stays(lin: Member, tiers: dict[str, Tier], at: datetime, statement: str) -> None:
    following.follow(standing((lin, 400)), at=at)

    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        with pytest.raises(DatabaseError, match="is refused"), transaction.atomic():
            cursor.execute(statement)

    assert rows(TierChange, "member_id", "growth") == [(lin.pk, 400)]


def test_a_member_with_a_step_is_not_deleted(lin: Member, tiers: dict[str, Tier], at: datetime) -> None:
    following.follow(standing((lin, 400)), at=at)

    with pytest.raises(ProtectedError):
        lin.delete()
