"""An import that is undone while workers are killed, and beside whatever else moves its orders and points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from loyalty import auditing, ledger
from loyalty.ledger import InsufficientPoints
from loyalty.models import Balance, Posting
from members.models import Member
from orders import claims, matching, undoing
from orders.models import Channel, Order, OrderBefore, OrderImport, OrderRetelling
from orders.undoing import Undoing
from tests.conftest import NOW, rows
from tests.faults.runner import Runner
from tests.faults.test_at_once import deadlocks, refunded_later
from tests.orders.worlds import accepted, differences, finished, forgotten, orders_of, repriced, unowned, world

AtOnce = Callable[[Callable[[Any], Any], list[Any]], list[Any]]

pytestmark = [
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("a_brand", "small_pieces"),
]
MORE = "E20260502"


@pytest.fixture(autouse=True)
def no_deadlock(transactional_db: None) -> Iterator[None]:
    before = deadlocks()
    yield
    assert deadlocks() == before


def three_files() -> list[OrderImport]:
    """Orders, then other amounts of them and more orders, then some of both again: the second is to be undone."""
    lines = orders_of(500)
    later = [*repriced(lines[:300]), *refunded_later(lines[300:]), *orders_of(300, prefix=MORE)]
    return [finished(accepted(one).pk) for one in (lines, later, [*refunded_later(later)[::7], *later[1::7]])]


def undo(import_id: int) -> Undoing:
    return undoing.undo(import_id=import_id, actor_id=None, at=NOW)


PLACES = [
    ("create temporary table undo_batch", 1),
    ("set status = w.status", 1),
    ("loyalty_claw_back", 2),
    ("insert into loyalty_posting", 1),
    ("insert into loyalty_lot", 1),
    ("loyalty_claw_back", 3),
    ('SET "undoing"', 1),
    ("delete from orders_order o", 3),
    ("loyalty_claw_back", 4),
    ("set was = w.was", 1),
    ("set first_import_id = u.later", 1),
    ('DELETE FROM "orders_orderbefore"', 1),
    ('DELETE FROM "orders_orderretelling"', 1),
]


def test_undoing_killed_at_each_step_ends_like_an_undisturbed_one(runner: Runner) -> None:
    with forgotten():
        _first, second, _third = three_files()
        foreseen = undoing.foresee(import_id=second.pk, at=NOW)
        expected = undo(second.pk), world()
    assert min(expected[0].gone, expected[0].back, expected[0].kept, expected[0].taken, expected[0].given) > 50
    assert expected[0] == foreseen
    assert expected[0].tiers > 40
    _first, second, _third = three_files()
    undoing.begin(import_id=second.pk, actor_id=None, at=NOW)

    for words, times in PLACES:
        runner.run_to(second.pk, words, times)
        runner.kill()
        assert (OrderImport.objects.get(pk=second.pk).state, words) == ("UNDOING", words)
        assert auditing.drifts() == []
    result = undoing.run(import_id=second.pk, at=NOW), world()

    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}


def test_of_several_people_who_undo_an_import_at_once_one_does(at_once: AtOnce) -> None:
    with forgotten():
        _first, second, _third = three_files()
        expected = undo(second.pk), world()
    _first, second, _third = three_files()

    outcomes = at_once(undo, [second.pk] * 4)

    assert sorted(type(one).__name__ for one in outcomes) == [*["NotUndoable"] * 3, "Undoing"]
    assert expected[0] in outcomes
    assert differences(world(), expected[1]) == {}


def test_an_undoing_that_two_workers_go_on_with_is_done_once(at_once: AtOnce) -> None:
    with forgotten():
        _first, second, _third = three_files()
        expected = undo(second.pk), world()
    _first, second, _third = three_files()
    undoing.begin(import_id=second.pk, actor_id=None, at=NOW)

    outcomes = at_once(lambda one: undoing.run(import_id=one, at=NOW), [second.pk] * 3)

    assert outcomes == [expected[0]] * 3
    assert differences(world(), expected[1]) == {}


def test_imports_of_the_same_orders_undone_at_once_leave_nothing(at_once: AtOnce) -> None:
    imports = three_files()

    outcomes = at_once(undo, [one.pk for one in imports])

    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert rows(Order) == rows(OrderBefore) == rows(OrderRetelling) == []
    assert [row for row in rows(Balance, "points", "growth", "debt") if any(row)] == []


def test_undoing_beside_redemptions_claims_matching_and_imports_of_the_same_orders(at_once: AtOnce) -> None:
    """Whatever came first, the files told once more lead to where they lead without all that."""
    lines = unowned(orders_of(500, buyers=60))
    later = refunded_later(lines)
    channel = Channel.objects.create(code="youzan", name="Youzan", format="youzan", enrol=True)
    first, second = finished(accepted(lines).pk), finished(accepted(later).pk)
    free = list(Order.objects.filter(member=None).order_by("pk").values_list("number", flat=True))
    members = list(Member.objects.order_by("pk")[:20])

    def busy() -> bool:
        return OrderImport.objects.filter(state="UNDOING").exists()

    def spends(seed: int) -> None:
        random = Random(seed)
        for _turn in range(60):
            member = random.choice(members)
            with suppress(InsufficientPoints):
                ledger.debit(member_id=member.pk, points=20, source="till", key=uuid4().hex, at=NOW)

    def claims_some(nth: int) -> None:
        for number in free[nth : nth + 30 : 2]:
            claims.claim(member_id=members[nth].pk, numbers=[number], channel_code=channel.code, at=NOW)

    def matches() -> None:
        for _turn in range(10):
            matching.match_waiting(at=NOW)

    jobs = [
        partial(undo, second.pk),
        partial(undo, first.pk),
        lambda: finished(accepted(lines).pk),
        lambda: finished(accepted(later).pk),
        partial(spends, 1),
        partial(spends, 2),
        partial(claims_some, 0),
        partial(claims_some, 1),
        matches,
    ]
    outcomes = at_once(lambda job: job(), jobs)

    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert not busy()
    assert auditing.drifts() == []
    for one in (lines, later):
        finished(accepted(one).pk)
    matching.match_waiting(at=NOW)
    assert stands() == spent_of(expected_awards(lines, later))


def expected_awards(lines: list[str], later: list[str]) -> int:
    """What the two files give in all to members, claims settled as they are now."""
    orders = Order.objects.exclude(member=None).values_list("gross", "refunded", "status")
    kept = [
        int(int(gross) * (gross - refunded) // gross)
        for gross, refunded, status in orders
        if status in ("paid", "completed", "partially_refunded", "refunded") and gross
    ]
    return sum(kept)


def stands() -> int:
    return sum(points - debt for points, debt in rows(Balance, "points", "debt"))


def spent_of(awarded: int) -> int:
    return awarded + sum(points for (points,) in Posting.objects.filter(source="till").values_list("points"))
