"""Whatever files tell: an import undone is as if it had not been, and all of them undone in any order leave nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loyalty import auditing
from loyalty.models import Balance, EarningRule
from members.models import Identity, Member, Tier
from orders import undoing
from orders.models import Order, OrderBefore, OrderImport, OrderLine, OrderRetelling
from tests.conftest import NOW, make_member, rows
from tests.orders.test_import_property import PHONES, Bought, File, Moment, import_all, shop

QUICKLY = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture
def buyers(db: None) -> None:
    """All phones are members'; two accounts of Taobao are, the third is nobody's. Tiers give more, and are near."""
    for rank, (threshold, multiplier) in enumerate([(1, "1"), (60, "1.5"), (150, "2"), (400, "3")], 1):
        Tier.objects.create(name=f"T{rank}", rank=rank, threshold=threshold, points_multiplier=multiplier)
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)
    for nth, phone in enumerate(PHONES):
        member = make_member(f"M{nth}", f"+86{phone}")
        if nth < 2:
            Identity.objects.create(channel="taobao", external_id=f"user{nth}", member=member)


@contextmanager
def taken_back() -> Iterator[None]:
    """What happens in here has not happened."""
    with transaction.atomic():
        yield
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
        assert auditing.drifts() == []
        transaction.set_rollback(True)


def world() -> tuple[list[Any], ...]:
    orders = Order.objects.order_by("number").values_list(
        "number", "status", "gross", "refunded", "shipping", "paid_at", "completed_at", "buyer", "phone", "member"
    )
    lines = OrderLine.objects.order_by("order__number", "row_key").values_list(
        "order__number", "row_key", "status", "gross", "refunded", "title", "quantity", "paid_at", "completed_at"
    )
    held = [row for row in rows(Balance, "member", "points", "growth", "debt") if any(row[1:])]
    tiers = list(Member.objects.exclude(tier=None).order_by("pk").values_list("pk", "tier__rank"))
    return list(orders), list(lines), held, tiers


def after(what: Callable[[], Any]) -> tuple[list[Any], ...]:
    with taken_back():
        what()
        return world()


def undo(import_id: int) -> None:
    undoing.undo(import_id=import_id, actor_id=None, at=NOW)


def undo_last() -> None:
    undo(OrderImport.objects.latest("pk").pk)


@QUICKLY
@given(shop(), st.sampled_from([4, 2_000]))
def test_the_preview_of_an_undo_tells_what_it_does(
    buyers: None, case: tuple[list[Bought], list[File]], together: int
) -> None:
    """However many orders are undone at a time, of a member all at once."""
    orders, files = case
    with taken_back(), mock.patch.object(undoing, "BATCH", together):
        import_all(orders, files)
        last = OrderImport.objects.latest("pk").pk
        foreseen = undoing.foresee(import_id=last, at=NOW)

        assert undoing.undo(import_id=last, actor_id=None, at=NOW) == foreseen


@QUICKLY
@given(shop())
def test_the_last_import_undone_is_as_if_it_had_not_been_and_done_again_as_if_not_undone(
    buyers: None, case: tuple[list[Bought], list[File]]
) -> None:
    orders, files = case
    without, all_of_them = (after(lambda some=some: import_all(orders, some)) for some in (files[:-1], files))

    with taken_back():
        import_all(orders, files)
        undo_last()
        undone = world()
        import_all(orders, files[-1:])
        again = world()

    assert undone == without
    assert again == all_of_them


AWARDED_MEANWHILE = (
    [
        Bought(
            platform="douyin",
            number="6956100800010",
            buyer=1,
            gross=(651, 19, 593),
            shipping=0,
            moments=(
                Moment("completed", (0, 0, 593)),
                Moment("completed", (651, 19, 593)),
            ),
        )
    ],
    [{0: (1, frozenset([0]))}, {0: (0, frozenset([0, 1]))}, {0: (0, frozenset([0, 2]))}],
)


@QUICKLY
@example((AWARDED_MEANWHILE, [1, 2, 0]))  # the order has no award when it goes, and had one that gave a tier
@given(shop().flatmap(lambda case: st.tuples(st.just(case), st.permutations(range(len(case[1]))))))
def test_all_imports_undone_in_any_order_leave_nothing_and_meanwhile_what_others_told(
    buyers: None, case: tuple[tuple[list[Bought], list[File]], list[int]]
) -> None:
    (orders, files), turns = case

    with taken_back():
        import_all(orders, files)
        imports = list(OrderImport.objects.order_by("pk").values_list("pk", flat=True))
        for turn, nth in enumerate(turns, 1):
            undo(imports[nth])
            told = {orders[one].number for later in turns[turn:] for one in files[later]}
            assert {number for (number,) in rows(Order, "number")} == told
        left = world()

        assert left == ([], [], [], [])
        assert rows(OrderBefore) == rows(OrderRetelling) == []
