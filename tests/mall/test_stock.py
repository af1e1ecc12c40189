"""Stock: changes with a reason, never below zero, and audits that find what somebody spoiled."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from loyalty import auditing
from mall import shipping, stock
from mall.models import Gift, Redemption, StockChange
from mall.redeeming import OutOfStock
from members.models import Member
from tests.mall.conftest import NOON, ask, give, pieces_of


def change(gift: Gift, quantity: Any, note: str = "counted") -> None:
    stock.change(gift_id=gift.pk, quantity=quantity, note=note, actor_id=None, at=NOON)


def test_a_change_moves_stock_and_keeps_its_reason(umbrella: Gift) -> None:
    change(umbrella, 7, "delivered")
    change(umbrella, -12, "flooded")

    assert pieces_of(umbrella) == 0
    assert [*StockChange.objects.order_by("id").values_list("quantity", "note", "at")] == [
        (5, "delivered", NOON),
        (7, "delivered", NOON),
        (-12, "flooded", NOON),
    ]


def test_no_more_can_be_taken_than_is_there(umbrella: Gift) -> None:
    with pytest.raises(OutOfStock):
        change(umbrella, -6)

    assert pieces_of(umbrella) == 5
    assert StockChange.objects.count() == 1


@pytest.mark.parametrize("quantity", [0, 1.5, True, "1", None, 2**63, -(2**63)])
def test_a_change_is_a_whole_number_other_than_zero(umbrella: Gift, quantity: Any) -> None:
    with pytest.raises(ValueError, match="whole number"):
        change(umbrella, quantity)

    assert pieces_of(umbrella) == 5


def test_a_change_needs_a_reason_and_a_gift(umbrella: Gift) -> None:
    with pytest.raises(ValueError, match="reason"):
        change(umbrella, 1, note=" ")
    with pytest.raises(Gift.DoesNotExist):
        change(Gift(pk=2**62), 1)


def test_a_stock_change_is_append_only(umbrella: Gift) -> None:
    _as_owner("set constraints all immediate")  # a table with checks still due cannot be truncated at all

    for statement in (
        "update mall_stockchange set quantity = 500",
        "delete from mall_stockchange",
        "truncate mall_stockchange",
    ):
        with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
            _as_owner(statement)


def test_stock_below_zero_is_refused_by_the_database(umbrella: Gift) -> None:
    with pytest.raises(IntegrityError, match="gift_stock_from_0"), transaction.atomic():
        _as_owner("update mall_gift set stock = -1")


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("update mall_gift set stock = stock + 1", "gift"),
        ("update mall_redemption set quantity = quantity + 1 where state = 'PLACED'", "gift"),
        ("update mall_redemption set points = points + 1", "redemption"),
        (
            "update mall_redemption set state = 'CANCELLED', ended_at = placed_at, returned = quantity "
            "where state = 'PLACED'",
            "redemption",
        ),
        ("update mall_redemption set member_id = (select max(id) from members_member)", "redemption"),
        ("delete from mall_redemption where state = 'PLACED'", "posting"),
        (
            "update mall_redemption set state = 'PLACED', ended_at = null, returned = 0 where state = 'CANCELLED'",
            "redemption",
        ),
    ],
)
def test_the_audits_find_damage(lin: Member, mei: Member, umbrella: Gift, damage: str, found: str) -> None:
    give(lin, 1000)
    ask(lin, umbrella, 2)
    shipping.cancel(redemption_id=ask(lin, umbrella).pk, at=NOON)
    assert auditing.drifts() == []

    with transaction.atomic():
        _as_owner("set local session_replication_role = replica", damage)
        subjects = [drift.subject.split()[0] for drift in auditing.drifts()]
        transaction.set_rollback(True)

    assert found in subjects


def test_a_redemption_cannot_be_forgotten_or_go_backward(lin: Member, umbrella: Gift) -> None:
    give(lin, 1000)
    made = ask(lin, umbrella)
    shipping.ship(redemption_id=made.pk, carrier="SF", tracking_number="1", at=NOON)

    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        _as_owner("delete from mall_shipment", "delete from mall_redemption")
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        Redemption.objects.update(state=Redemption.State.PLACED)
    with pytest.raises(DatabaseError, match="TRUNCATE on mall_redemption is refused"), transaction.atomic():
        _as_owner("set constraints all immediate", "truncate mall_redemption cascade")


def _as_owner(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
