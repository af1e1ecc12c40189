"""check_ledger finds each kind of damage that somebody with the owner's rights can do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from loyalty import auditing, ledger
from loyalty.models import Kind
from members.models import Member

DAY = timedelta(days=1)
pytestmark = pytest.mark.damages_ledger


@contextmanager
def as_owner() -> Iterator[None]:
    """Work without triggers and foreign keys, as the database's owner can."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("set session_replication_role = replica")
        yield
        cursor.execute("set session_replication_role = origin")


@pytest.fixture
def story(lin: Member, at: datetime) -> Member:
    """Two awards, one partly refunded; a redemption over both lots that was given back, and one that was not."""
    soon = credit(lin, 50, "soon", at, expires_at=at + 5 * DAY)
    credit(lin, 100, "late", at, expires_at=at + 50 * DAY)
    taken = ledger.debit(member_id=lin.pk, points=60, source="till", key="1", at=at)
    ledger.give_back(posting_id=taken.pk, key="1", at=at)
    ledger.debit(member_id=lin.pk, points=10, source="till", key="2", at=at)
    ledger.claw_back(posting_id=soon.pk, refunded=Decimal(1), paid=Decimal(2), key="r", at=at)
    return lin


def credit(member: Member, points: int, key: str, at: datetime, **values: object) -> ledger.Posting:
    return ledger.credit(
        member_id=member.pk, points=points, growth=points, kind=Kind.EARN, source="order", key=key, at=at, **values
    )


DAMAGE = {
    "a posting's points": ("append_only sums", "update loyalty_posting set points = points + 1 where key = 'late'"),
    "a posting's growth": ("append_only sums", "update loyalty_posting set growth = 0 where key = 'late'"),
    "a posting's member": (
        "append_only sums",
        "insert into members_member (id, name, phone_verified, joined_at, joined_by) values (99, '', false, now(), '');"
        "update loyalty_posting set member_id = 99 where key = 'late'",
    ),
    "a posting removed": ("append_only sums", "delete from loyalty_posting where key = 'late'"),
    "a posting's moment": ("append_only", "update loyalty_posting set occurred_at = now() where key = 'late'"),
    "a posting's key": ("append_only", "update loyalty_posting set key = 'other' where key = 'late'"),
    "a posting's source": ("append_only", "update loyalty_posting set source = 'other' where key = 'late'"),
    "a posting's kind": ("append_only", "update loyalty_posting set kind = 14 where key = 'late'"),
    "a move removed": ("sums", "delete from loyalty_move where amount = -10"),
    "a move's amount": ("sums", "update loyalty_move set amount = -11 where amount = -10"),
    "a move's lot": (
        "sums",
        "update loyalty_move set lot_id = (select max(id) from loyalty_lot) where amount = -10",
    ),
    "a lot's remaining": ("sums", "update loyalty_lot set remaining = remaining - 1"),
    "a lot's grant": ("sums", "update loyalty_lot set granted = granted + 1"),
    "a lot's times": ("append_only", "update loyalty_lot set expires_at = 'infinity', available_at = occurred_at"),
    "a lot's seal": ("append_only", "update loyalty_lot set seal = 0"),
    "a lot removed": ("append_only sums", "delete from loyalty_lot where remaining = granted"),
    "a balance's points": ("sums", "update loyalty_balance set points = points + 1"),
    "a balance's growth": ("sums", "update loyalty_balance set growth = growth + 1"),
    "a balance's debt": ("bounds sums", "update loyalty_balance set debt = 5"),
    "a balance removed": ("sums", "delete from loyalty_balance"),
    "a key twice": (
        "posted_once",
        "alter table loyalty_posting drop constraint posting_once;"
        "update loyalty_posting set source = 'order', key = 'late' where key = 'soon'",
    ),
    "more than granted": (
        "bounds sums",
        "alter table loyalty_lot drop constraint lot_remaining_in_bounds;"
        "update loyalty_lot set remaining = granted + 1",
    ),
    "spent before it was available": (
        "time_decides",
        "update loyalty_lot set available_at = occurred_at + interval '1 hour'",
    ),
    "spent after its end": (
        "time_decides",
        "update loyalty_lot set available_at = occurred_at - interval '3 hours', expires_at = occurred_at",
    ),
    "not the soonest": (
        "soonest_first",
        "update loyalty_lot set expires_at = expires_at - interval '49 days' where granted = 100",
    ),
    "given back elsewhere": (
        "back_where_it_came_from sums",
        "update loyalty_move set lot_id = (select max(id) from loyalty_lot) where amount = 50",
    ),
    "given back to the wrong lot first": (
        "back_where_it_came_from sums",
        "delete from loyalty_move where amount = 10 and posting_id in (select id from loyalty_posting where kind = 10)",
    ),
    "taken back too much": (
        "append_only refunds_converge sums",
        "update loyalty_posting set points = points - 9 where kind = 11",
    ),
    "another refund than was told": (
        "refunds_converge",
        'update loyalty_posting set breakdown = \'{"refunded": "1", "paid": "4"}\' where kind = 11',
    ),
    "a guard taken away": ("append_only", "drop trigger append_only on loyalty_posting"),
    "a guard put to sleep": ("one_lock_order", "alter table loyalty_lot disable trigger moved_by_triggers"),
}


def test_check_ledger_is_clean_before_any_damage(story: Member) -> None:
    assert auditing.drifts() == []


@pytest.mark.parametrize("name", DAMAGE)
def test_check_ledger_finds(story: Member, name: str) -> None:
    laws, damage = DAMAGE[name]

    with as_owner(), connection.cursor() as cursor:
        cursor.execute(damage)

    assert set(laws.split()) <= {drift.law for drift in auditing.drifts()}


def test_check_ledger_finds_debt_made_before_all_points_were_taken(lin: Member, at: datetime) -> None:
    award = credit(lin, 100, "a", at)
    ledger.debit(member_id=lin.pk, points=100, source="till", key="1", at=at)
    credit(lin, 10, "b", at)
    ledger.claw_back(posting_id=award.pk, refunded=Decimal(1), paid=Decimal(2), key="r", at=at)

    with as_owner(), connection.cursor() as cursor:
        cursor.execute("update loyalty_move set amount = -4 where amount = -10 and lot_id is not null")

    assert {"claw_back_order", "sums"} <= {drift.law for drift in auditing.drifts()}


def test_check_ledger_command_names_the_laws_and_fails(transactional_db: None, story: Member) -> None:
    clean, broken = StringIO(), StringIO()
    call_command("check_ledger", "--json", stdout=clean)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("update loyalty_balance set points = points + 1")

    with pytest.raises(SystemExit) as ended:
        call_command("check_ledger", "--json", stdout=broken)

    told = json.loads(broken.getvalue())
    assert ended.value.code == 1
    assert all(json.loads(clean.getvalue())["laws"].values())
    assert [law for law, holds in told["laws"].items() if not holds] == ["sums"]
    assert told["drifts"][0]["subject"] == f"member {story.pk}"
