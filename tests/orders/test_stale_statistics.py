"""A first import comes before anybody has counted its postings: the statistics say that orders have none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from loyalty import ledger
from loyalty.models import EarningRule, Kind, Posting
from members.models import Tier
from orders import undoing
from tests.conftest import NOW, make_member
from tests.orders.worlds import accepted, finished, orders_of, repriced

MANY = 1_500
WHY = ("Filter", "Join Filter", "Index Recheck")
BY_KEY = re.compile(r"source = 'order' and (\w+\.)?key =")
ONCE = "posting_once"  # the index of keys; reading the whole table has no index at all


@pytest.fixture
def stale(transactional_db: None) -> Iterator[None]:
    """Postings that are no order's are counted, and nobody counts again."""
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    member = make_member("旧会员", "+8613700000001")
    for n in range(40):
        ledger.credit(member_id=member.pk, points=1, kind=Kind.ADJUST, source="adjust", key=f"{n}", at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("alter table loyalty_posting set (autovacuum_enabled = off)")
        cursor.execute("analyze loyalty_posting")
    yield
    with connection.cursor() as cursor:
        cursor.execute("alter table loyalty_posting reset (autovacuum_enabled)")


@contextmanager
def plans() -> Iterator[list[dict[str, Any]]]:
    """Collect the plans of statements that look orders' postings up."""
    found: list[dict[str, Any]] = []

    def explained(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        left = list(params or ())
        for part in sql.split(";\n"):
            mine, left = left[: part.count("%s")], left[part.count("%s") :]
            if "loyalty_posting" in part and BY_KEY.search(part):
                with connection.connection.cursor() as cursor:
                    cursor.execute(f"explain (format json) {part}", mine)
                    found.append(cursor.fetchone()[0][0]["Plan"])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explained):
        yield found


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if plan.get("Relation Name") == Posting._meta.db_table:
        yield plan
    for part in plan.get("Plans", ()):
        yield from scans(part)


def test_postings_of_orders_are_looked_up_by_their_keys_whatever_the_statistics_say(stale: None) -> None:
    lines = orders_of(MANY)
    with plans() as found:
        finished(accepted(lines).pk)
        second = finished(accepted(repriced(lines), "later.csv").pk)
        undoing.undo(import_id=second.pk, at=NOW, actor_id=None)

    asked = [scan for plan in found for scan in scans(plan) if scan.get("Index Name", ONCE) == ONCE]
    assert len(found) > 5
    assert [scan for scan in asked if "key" not in scan.get("Index Cond", "") + scan.get("Filter", "")] == []


def rescans(plan: dict[str, Any]) -> Iterator[float]:
    """How many rows each part of a plan looked at, all its runs together."""
    yield plan["Actual Loops"] * (plan["Actual Rows"] + sum(plan.get(f"Rows Removed by {why}", 0) for why in WHY))
    for part in plan.get("Plans", ()):
        yield from rescans(part)


def test_who_would_fall_by_an_undo_is_found_with_work_that_grows_with_the_orders_alone(
    stale: None, tiers: dict[str, Tier]
) -> None:
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)
    done = finished(accepted(orders_of(MANY)).pk)
    looked: list[float] = []

    def analysed(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("select count(*) from (-- reads"):
            with connection.connection.cursor() as cursor:
                cursor.execute(f"explain (analyze, format json) {sql}", params)
                looked.extend(rescans(cursor.fetchone()[0][0]["Plan"]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(analysed):
        assert undoing.foresee(import_id=done.pk, at=NOW).tiers > 0

    assert 0 < max(looked) < 20 * MANY
