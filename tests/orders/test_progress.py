"""People see how far a running import is; nothing depends on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty import ledger
from loyalty.models import EarningRule
from orders import progress, staging, steps
from orders.models import OrderImport
from orders.progress import EARN, READ, STORE
from tests.orders.worlds import accepted, finished, orders_of

START = 1_790_000_000.0


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = START

    def time(self) -> float:
        return self.now

    monotonic = time

    def at(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    monkeypatch.setattr(progress, "_told", {})
    monkeypatch.setattr(progress, "_deaf_until", 0.0)
    return clock


def test_pace_and_time_left_follow_from_what_was_read(clock: Clock) -> None:
    progress.note(7, READ, 0, 10_000)
    assert progress.look(7, clock.at()) == (READ, 0, 10_000, 0.0, None)

    clock.now += 2
    progress.note(7, READ, 4_000, 10_000)
    seen = progress.look(7, clock.at() + timedelta(seconds=1))

    assert seen == (READ, 4_000, 10_000, 2_000.0, 2.0)
    assert seen.percent == 40


def test_a_word_a_second_is_passed_on_and_no_more(clock: Clock) -> None:
    progress.note(7, READ, 0, 10_000)
    clock.now += 0.9
    progress.note(7, READ, 500, 10_000)
    unheard = progress.look(7, clock.at())
    clock.now += 0.1
    progress.note(7, READ, 1_000, 10_000)

    assert unheard.done == 0
    assert progress.look(7, clock.at()).done == 1_000


def test_next_step_begins_at_the_pace_of_the_one_before(clock: Clock) -> None:
    """Storing a row takes three parts, earning five: at 500 rows a second in one, 300 in the other."""
    progress.more(7, STORE, 0, 3_000)
    for _chunk in range(3):
        clock.now += 2
        progress.more(7, STORE, 1_000, 3_000)
    stored = progress.look(7, clock.at())
    progress.more(7, EARN, 0, 3_000)

    assert stored == (STORE, 3_000, 3_000, 500.0, pytest.approx(10))
    assert progress.look(7, clock.at()) == (EARN, 0, 3_000, pytest.approx(300), pytest.approx(10))


def test_pause_between_two_workers_says_nothing_about_their_pace(clock: Clock) -> None:
    progress.more(7, EARN, 0, 3_000)
    clock.now += 1
    progress.more(7, EARN, 600, 3_000)
    clock.now += 600
    progress.more(7, EARN, 600, 3_000)

    assert progress.look(7, clock.at()) == (EARN, 1_200, 3_000, 600.0, 3.0)


def test_work_done_again_is_never_more_than_all(clock: Clock) -> None:
    for _again in range(4):
        progress.more(7, EARN, 1_000, 3_000)

    assert progress.look(7, clock.at()).percent == 100


def test_lines_are_counted_of_a_text_only(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("订单号\r\nE1\r\nE2\r\n".encode("gb18030"))

    assert progress.lines(path, "gb18030") == 3
    assert progress.lines(path, "xlsx") == 0


@pytest.fixture
def rules(db: None) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)


def test_import_tells_each_step_to_its_end_and_then_nothing_more(
    rules: None, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    told = []

    def heard(import_id: int, change: Any, change_really: Any = progress._change) -> None:
        clock.now += 1
        change_really(import_id, change)
        seen = progress.look(import_id, clock.at())
        told.append((seen.step, seen.done, seen.of))

    monkeypatch.setattr(progress, "_change", heard)
    monkeypatch.setattr(progress, "EVERY", 0)
    monkeypatch.setattr(steps, "CHUNK", 300)
    monkeypatch.setattr(staging, "TOGETHER", 200)
    monkeypatch.setattr(ledger, "CHUNK", 1_000)
    order_import = finished(accepted(orders_of(500)).pk)

    assert order_import.state == "DONE"
    assert told[:3] == [(READ, 0, 500), (READ, 201, 500), (READ, 401, 500)]
    assert told[3:6] == [(STORE, 0, 500), (STORE, 300, 500), (STORE, 500, 500)]
    assert told[6] == (EARN, 0, order_import.eligible_orders)
    assert told[7:]
    assert {step for step, *_rest in told[7:]} == {EARN}
    assert progress.look(order_import.pk, clock.at()) is None


def test_import_goes_on_without_a_cache(rules: None, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    asked = []

    class Down:
        def get(self, key: str) -> None:
            asked.append(key)
            raise ConnectionError("Nobody listens.")

        set = get

    monkeypatch.setattr(progress, "cache", Down())
    order_import = finished(accepted(orders_of(20)).pk)

    assert order_import.state == "DONE"
    assert OrderImport.objects.get().points > 0
    assert progress.look(order_import.pk, clock.at()) is None
    assert len(asked) == 1
