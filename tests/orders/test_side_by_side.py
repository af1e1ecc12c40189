"""Two connections share the orders of one import: by members, so that nobody waits for the other's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from loyalty.models import EarningRule
from orders import side_by_side, steps
from orders.models import Order
from tests.orders.worlds import accepted, differences, finished, numbers, orders_of, undisturbed, world


@pytest.fixture
def rules(transactional_db: None) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)


@contextmanager
def connection_count() -> Iterator[list[int]]:
    """Count how many connections besides this one each sharing asked for."""
    counted: list[int] = []

    def run(shares: Sequence[Callable[[], None]], run_really: Any = side_by_side.run) -> None:
        counted.append(len(shares) - 1)
        run_really(shares)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(side_by_side, "run", run)
        yield counted


def test_import_on_two_connections_ends_like_one_on_one(rules: None, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = orders_of(600)
    expected = undisturbed(lines)
    monkeypatch.setattr(steps, "MANY", 1)
    with connection_count() as others:
        result = numbers(finished(accepted(lines).pk)), world()

    assert others == [1]
    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}


def test_halves_have_every_order_of_a_member_once_and_no_member_twice(rules: None) -> None:
    finished(accepted(orders_of(600)).pk)

    halves = [set(half.values_list("number", "member")) for half in Order.objects.all().halves()]

    owned = set(Order.objects.exclude(member=None).values_list("number", "member"))
    members = [{member for _number, member in half} for half in halves]
    assert halves[0] | halves[1] == owned
    assert not members[0] & members[1]
    assert min(map(len, halves)) > len(owned) / 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broken", [0, 1])
def test_error_in_one_share_is_raised_when_the_other_has_ended(broken: int) -> None:
    done = []

    def share(nth: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select pg_sleep(%s)", [0.2 * (nth != broken)])
            if nth == broken:
                raise ValueError(nth)
        done.append(nth)

    with pytest.raises(ValueError, match=str(broken)):
        side_by_side.run([lambda: share(0), lambda: share(1)])

    assert done == [1 - broken]


def test_nothing_is_shared_within_a_transaction(db: None) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        side_by_side.run([lambda: None, lambda: None])
