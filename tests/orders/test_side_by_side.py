"""Two connections share the orders of one import: by members, so that nobody waits for the other's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import Error, OperationalError, connection, transaction

from config import sql
from loyalty.models import EarningRule
from orders import importing, side_by_side, steps
from orders.models import Order, OrderImport
from orders.turns import Part, Stopped, Turns
from tests.conftest import NOW, until_somebody_waits
from tests.orders.worlds import accepted, differences, finished, numbers, orders_of, repriced, undisturbed, world

LONG = timedelta(hours=1)


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

    assert others == [1, 1]  # storing and earning
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


def test_chunk_ends_when_all_before_it_have() -> None:
    ends = {"": "a", "a": "b"}
    turns = Turns("", LONG, ends.get)
    first, second = turns.take(), turns.take()
    ended = []

    def end(part: Part) -> None:
        with turns.working_on(part):
            turns.wait(part)
            ended.append(part.upto)

    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(end, second)
        time.sleep(0.05)
        before = ended.copy()
        end(first)
        later.result()

    assert (before, ended, turns.take()) == ([], ["a", "b"], None)


def test_chunk_whose_predecessor_failed_does_not_end() -> None:
    turns = Turns("", LONG, {"": "a", "a": "b"}.get)
    first, second = turns.take(), turns.take()

    with pytest.raises(ValueError, match="first"), turns.working_on(first):
        raise ValueError("first")

    with pytest.raises(Stopped), turns.working_on(second):
        turns.wait(second)
    assert (turns.ended, turns.take()) == ("", None)


def test_no_chunk_is_begun_when_the_turn_is_over_but_for_the_first() -> None:
    turns = Turns("", timedelta(0), {"": "a", "a": "b"}.get)

    assert (turns.take(), turns.take()) == (Part("", "a"), None)


@pytest.mark.parametrize("broken", [1, 2, 5])
def test_chunk_that_fails_leaves_no_gap_and_the_import_goes_on_behind_it(
    rules: None, monkeypatch: pytest.MonkeyPatch, broken: int
) -> None:
    lines = orders_of(120)
    expected = undisturbed(lines)
    monkeypatch.setattr(steps, "MANY", 1)
    monkeypatch.setattr(steps, "CHUNK", 20)
    import_id = accepted(lines).pk
    bad = f"E20260501{20 * broken - 1:012d}"

    def fails(order_import: OrderImport, part: Part, at: Any, really: Any = steps._store_part) -> Any:
        if part.upto == bad:
            raise ValueError(bad)
        return really(order_import, part, at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "_store_part", fails)
        with pytest.raises(ValueError, match=bad):
            finished(import_id)
    half = OrderImport.objects.get(pk=import_id)
    stored = sorted(Order.objects.values_list("number", flat=True))
    result = numbers(finished(import_id)), world()

    assert stored == [line.split(",")[0] for line in lines[: 20 * (broken - 1)]]
    assert (half.state, half.new, half.stored_to) == ("MATCHED", len(stored), stored[-1] if stored else "")
    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}


def test_lane_that_waits_long_for_a_lock_leaves_its_chunk_to_a_single_connection(
    rules: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = orders_of(80)
    finished(accepted(lines).pk)
    monkeypatch.setattr(steps, "MANY", 1)
    monkeypatch.setattr(steps, "CHUNK", 20)
    monkeypatch.setattr(steps, "PATIENCE", "100ms")

    def hold() -> None:
        try:
            with transaction.atomic():
                Order.objects.select_for_update(of=("self",)).get(number=lines[30].split(",")[0])
                time.sleep(1)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        time.sleep(0.2)
        done = finished(accepted(repriced(lines), "later.csv").pk)
        held.result()

    assert (done.state, done.failures, done.new) == ("DONE", 0, 0)
    assert done.updated + done.unchanged == 80
    assert done.updated == 20  # every third that was kept


def test_channel_is_let_go_when_orders_are_stored(rules: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MANY", 1)

    finished(accepted(orders_of(40)).pk)

    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")
        assert cursor.fetchone() == (0,)


def test_import_that_gets_on_is_not_given_up_however_often_it_fails(
    rules: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every sixth chunk meets an error, long before the turn is over."""
    monkeypatch.setattr(steps, "MANY", 1)
    monkeypatch.setattr(steps, "CHUNK", 5)
    monkeypatch.setattr(steps, "TURN", LONG)
    import_id = accepted(orders_of(150)).pk
    chunks = []

    def fails(*asked: Any, really: Any = steps._store_part) -> Any:
        chunks.append(asked)
        if len(chunks) % 6 == 0:
            raise ValueError("once more")
        return really(*asked)

    monkeypatch.setattr(steps, "_store_part", fails)
    for _ in range(4):
        with pytest.raises(ValueError, match="once more"):
            finished(import_id)
    monkeypatch.undo()
    done = finished(import_id)

    assert (done.state, done.new) == ("DONE", 150)


def test_one_connection_stores_alone_where_there_is_no_second(rules: None, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = orders_of(60)
    expected = undisturbed(lines)
    monkeypatch.setattr(steps, "MANY", 1)
    monkeypatch.setattr(steps, "CHUNK", 20)
    monkeypatch.setattr(steps.awarding, "award_side_by_side", steps.awarding.award)

    def too_many(lane: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connection, "ensure_connection", refuses)
            really(lane)

    def refuses() -> None:
        raise OperationalError("too many connections")

    really = steps._help
    monkeypatch.setattr(steps, "_help", too_many)

    result = numbers(finished(accepted(lines).pk)), world()

    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}


def matched(lines: list[str]) -> OrderImport:
    """An import whose orders are to be stored."""
    order_import = accepted(lines)
    while order_import.state != "MATCHED":
        order_import = importing._step(order_import.pk, NOW) or order_import
    return order_import


def test_nothing_is_kept_once_the_channel_is_lost(rules: None, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = orders_of(60)
    order_import = matched(lines)
    turns = Turns("", LONG, partial(steps._chunk_end, order_import))

    steps._store_lane(order_import, turns, NOW, holder=0)

    assert (turns.stopped, Order.objects.count()) == (True, 0)
    assert finished(order_import.pk).new == 60


def test_who_waited_for_the_channel_while_the_import_was_stored_has_nothing_to_do(
    rules: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "MANY", 1)
    monkeypatch.setattr(steps, "CHUNK", 20)
    order_import = matched(orders_of(60))
    shops = steps._shops(order_import.read_as())

    def waits() -> Any:
        try:
            return importing._step(order_import.pk, NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, steps._channels_held(shops):
        late = pool.submit(waits)
        until_somebody_waits()
        steps.store_next(order_import, NOW)

    assert late.result() is None
    assert Order.objects.count() == 20


def test_of_several_channels_none_stays_held_when_one_is_not_to_be_had(rules: None) -> None:
    def hold() -> None:
        try:
            with transaction.atomic():
                sql.run("orders", "lock_channel", channels=[902])
                until_somebody_waits()
                time.sleep(1)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, connection.cursor() as cursor:
        held = pool.submit(hold)
        time.sleep(0.3)
        cursor.execute("set lock_timeout = '300ms'")
        with pytest.raises(Error), steps._channels_held([901, 902]):
            pass
        cursor.execute("reset lock_timeout")
        held.result()
        cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")
        assert cursor.fetchone() == (0,)
