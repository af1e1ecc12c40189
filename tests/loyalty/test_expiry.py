"""The sweep is housekeeping: in batches, beside members who spend, and past a member whose rows are damaged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.sql import Relation
from loyalty import ledger
from loyalty.models import Balance, Kind, Posting
from members.models import Member

DAY = timedelta(days=1)


@pytest.fixture
def crowd(db: None, at: datetime) -> list[int]:
    """Thirty members with a lot that ends at `at` and one that stays."""
    members = [Member.objects.create(name=str(n), joined_at=at).pk for n in range(30)]
    ledger.post_many(
        Relation.rows(
            ledger.CREDIT_COLUMNS,
            [
                [m, 10, 0, Kind.BONUS, "gift", f"{m}:{end}", at - DAY, at - DAY, at + end * DAY, [], None, "", None]
                for m in members
                for end in (0, 1)
            ],
        ),
        at=at - DAY,
    )
    return members


def test_one_sweep_ends_what_has_ended_in_batches(
    crowd: list[int], at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "EXPIRE_MEMBERS", 7)

    swept = [ledger.expire(at=at - timedelta(microseconds=1)), ledger.expire(at=at, slices=3), ledger.expire(at=at)]

    assert swept == [0, 300, 0]
    assert set(Balance.objects.values_list("points", flat=True)) == {10}
    assert set(Posting.objects.filter(kind=Kind.EXPIRE).values_list("points", "occurred_at")) == {(-10, at)}


def test_several_sweeps_and_spenders_at_once(
    transactional_db: None, crowd: list[int], at: datetime, at_once: Callable[..., list[Any]]
) -> None:
    def work(job: int) -> int:
        if job < 4:
            return ledger.expire(at=at, slices=2)
        for member in crowd[:: 1 if job % 2 else -1]:
            ledger.debit(member_id=member, points=1, source="till", key=f"{job}:{member}", at=at)
        return 0

    results = at_once(work, list(range(8)))

    assert not [result for result in results if isinstance(result, Exception)]
    assert set(Balance.objects.values_list("points", flat=True)) == {6}


@pytest.mark.damages_ledger
def test_a_damaged_member_is_left_out_and_told(
    crowd: list[int], at: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("set session_replication_role = replica")
        cursor.execute("update loyalty_balance set points = 3 where member_id = %s", [crowd[4]])
        cursor.execute("set session_replication_role = origin")

    expired = ledger.expire(at=at)

    assert expired == 290
    assert f"member {crowd[4]} could not be expired" in caplog.text


def test_command_takes_a_moment_and_refuses_what_is_none(crowd: list[int]) -> None:
    out = StringIO()

    call_command("expire_points", "--at", "2026-05-20T12:00:00", stdout=out)

    assert out.getvalue() == "300 points expired\n"
    with pytest.raises(CommandError, match="ISO"):
        call_command("expire_points", "--at", "tomorrow")
