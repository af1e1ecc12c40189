"""An import that is killed, cut off, emptied or given up ends as if nothing had happened: with real processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, close_old_connections, connection, transaction
from django.utils.translation import get_language

from loyalty import ledger
from loyalty.models import EarningRule, Posting
from orders import awarding, importing, steps
from orders.models import Order, OrderImport, StagedRow
from tests.conftest import NOW, rows
from tests.orders.test_bad_files import is_a_sentence
from tests.orders.worlds import accepted, differences, finished, numbers, orders_of, undisturbed, world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def rules(transactional_db: None) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)


# An end before a statement that only reads is an end before the next one that writes.
WRITES = re.compile(r"(--.*\n|\s)*(insert|update|delete|create|with|select loyalty_)", re.IGNORECASE)


class Cut:
    """Ends the connection's own backend before its n-th statement; lists the statements that came."""

    def __init__(self, at: int = 0) -> None:
        self.at, self.seen = at, list[str]()

    def places(self) -> list[int]:
        """Return where each kind of statement that writes came last: when most of what it can spoil is done."""
        return sorted({sql: at for at, sql in enumerate(self.seen, 1) if WRITES.match(sql)}.values())

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.seen.append(sql)
        if len(self.seen) == self.at:
            execute("select pg_terminate_backend(pg_backend_pid())", None, False, context)
        return execute(sql, params, many, context)


def harvest(prefix: str) -> list[tuple[Any, ...]]:
    """Return what the orders with a prefix have come to, without it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select right(o.number, 12), o.status, o.gross, o.refunded, right(m.phone, 2), p.kind, p.points, p.growth,
                      (select string_agg(right(title, 2), ',') from orders_orderline l where l.order_id = o.id)
                 from orders_order o
                 left join members_member m on m.id = o.member_id
                 left join loyalty_posting p on p.key like 'youzan:' || o.number || '#%%'
                where o.number like %s
                order by 1, 6""",
            [f"{prefix}%"],
        )
        return cursor.fetchall()


def test_import_cut_off_before_each_kind_of_change_ends_like_an_undisturbed_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steps, "CHUNK", 20)
    monkeypatch.setattr(ledger, "CHUNK", 16)
    monkeypatch.setattr(awarding, "BATCH", 4)

    def imported(cut: Cut) -> tuple[Any, ...]:
        prefix = f"E9{cut.at:010d}"
        order_import = accepted([*orders_of(30, prefix=prefix), f"{prefix}999,交易完成,?,0.00,,,,"])
        try:
            with connection.execute_wrapper(cut):
                finished(order_import.pk)
        except OperationalError:
            close_old_connections()  # as a worker does after each task
        order_import = finished(order_import.pk)
        return numbers(order_import), harvest(prefix), order_import.failures

    imported(Cut())  # so that the buyers are members and the rules used, as they are for all that follow
    cut = Cut(10**6)
    expected = imported(cut)
    assert expected[2] == 0
    for at in cut.places():
        result, orders, failures = imported(Cut(at))

        assert (at, result, orders) == (at, *expected[:2])
        assert failures <= 1
    assert rows(StagedRow) == []


@pytest.mark.parametrize("state", ["STAGED", "CHECKED", "MATCHED", "STORED"])
def test_file_is_read_again_when_a_crash_has_emptied_the_staged_rows(
    monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Two chunks are stored and one is awarded before the crash: none of it may count twice."""
    monkeypatch.setattr(steps, "CHUNK", 20)
    monkeypatch.setattr(ledger, "CHUNK", 15)
    lines = orders_of(70)
    expected = undisturbed(lines)
    import_id = accepted(lines).pk

    run_until(import_id, lambda one: one.state == state and (state != "MATCHED" or one.stored_to > orders_of(40)[-1]))
    if state == "STORED":
        stop_after_the_first_chunk(import_id)
    StagedRow.objects.all().delete()
    result = numbers(finished(import_id)), world()

    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}


def run_until(import_id: int, true: Callable[[OrderImport], bool]) -> None:
    order_import = OrderImport.objects.get(pk=import_id)
    while not true(order_import):
        order_import = importing._step(import_id, NOW)


class Stop(Exception):
    """A test's own."""


def stop_after_the_first_chunk(import_id: int) -> None:
    """Let an import in state STORED award one chunk and crash in the second."""
    chunks = []

    def crash(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "insert into loyalty_lot" in sql:
            chunks.append(sql)
            if len(chunks) == 2:
                raise Stop
        return execute(sql, params, many, context)

    with connection.execute_wrapper(crash), pytest.raises(Stop):
        finished(import_id)
    order_import = OrderImport.objects.get(pk=import_id)
    assert (order_import.state, order_import.failures) == ("STORED", 1)
    assert 0 < order_import.points == sum(points for (points,) in rows(Posting, "points"))


def test_awards_are_taken_up_where_a_crash_between_two_chunks_left_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "CHUNK", 15)
    lines = orders_of(70)
    expected = undisturbed(lines)
    import_id = accepted(lines).pk
    run_until(import_id, lambda one: one.state == "STORED")

    stop_after_the_first_chunk(import_id)
    result = numbers(finished(import_id)), world()

    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}


@pytest.fixture
def broken_lots() -> Iterator[None]:
    """A database in which no lot can be written."""
    with connection.cursor() as cursor:
        cursor.execute("alter table loyalty_lot add constraint broken check (granted < 0) not valid")
    yield
    with connection.cursor() as cursor:
        cursor.execute("alter table loyalty_lot drop constraint if exists broken")


def test_import_that_fails_three_times_is_given_up_and_imported_again_makes_good(broken_lots: None) -> None:
    lines = orders_of(40)
    import_id = accepted(lines).pk
    for failures in (1, 2, 3):
        with pytest.raises(IntegrityError):
            finished(import_id)
        assert OrderImport.objects.get(pk=import_id).failures == failures
    order_import = finished(import_id)

    assert (order_import.state, order_import.finished_at) == ("FAILED", NOW)
    assert is_a_sentence(order_import.reason, get_language())
    assert (Order.objects.count(), rows(Posting), rows(StagedRow)) == (40, [], [])

    with connection.cursor() as cursor:
        cursor.execute("alter table loyalty_lot drop constraint broken")
    again = finished(accepted(lines).pk)

    assert (again.state, again.new, again.unchanged) == ("DONE", 0, 40)
    assert again.points == sum(points for (points,) in rows(Posting, "points")) > 0


def test_error_after_the_end_leaves_an_import_done() -> None:
    import_id = accepted(orders_of(5)).pk
    finished(import_id)
    OrderImport.objects.filter(pk=import_id).update(failures=2)

    importing._count_failure(import_id, NOW)

    assert OrderImport.objects.get(pk=import_id).state == "DONE"


def test_import_that_fails_in_a_transaction_of_its_caller_says_why(broken_lots: None) -> None:
    with pytest.raises(IntegrityError, match="broken"), transaction.atomic():
        finished(accepted(orders_of(10)).pk)

    assert rows(OrderImport) == rows(Order) == []


def test_file_that_is_gone_is_said_to_be_gone() -> None:
    order_import = accepted(orders_of(5))
    Path(order_import.file.path).unlink()

    order_import = finished(order_import.pk)

    assert (order_import.state, order_import.failures) == ("REFUSED", 0)
    assert is_a_sentence(order_import.reason, get_language())


def test_errors_between_which_an_import_gets_on_do_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is restarted again and again: each time one chunk is awarded, then the connection breaks."""
    monkeypatch.setattr(ledger, "CHUNK", 15)
    lines = orders_of(70)
    expected = undisturbed(lines)
    import_id = accepted(lines).pk
    run_until(import_id, lambda one: one.state == "STORED")

    for _time in range(3):
        stop_after_the_first_chunk(import_id)
    result = numbers(finished(import_id)), world()

    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}
