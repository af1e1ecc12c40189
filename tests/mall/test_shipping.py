"""Shipping: each step once and in order, points and pieces back when it ends early."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty import auditing, ledger
from loyalty.models import Kind, Lot, Posting
from mall import shipping
from mall.models import Gift, Redemption, Shipment, StockChange
from mall.redeeming import InsufficientPoints, OutOfStock
from mall.shipping import WrongState
from members.models import Member
from tests.mall.conftest import NOON, ask, give, pieces_of, points_of, shelve

LATER = NOON + timedelta(hours=1)
State = Redemption.State


@pytest.fixture
def placed(lin: Member, umbrella: Gift) -> Redemption:
    """Lin redeemed two umbrellas out of 1,000 points."""
    give(lin, 1000)
    return ask(lin, umbrella, 2)


def ship(redemption: Redemption) -> Shipment:
    return shipping.ship(redemption_id=redemption.pk, carrier="SF", tracking_number="SF1", at=LATER)


def receive(redemption: Redemption) -> None:
    shipping.receive(redemption_id=redemption.pk, member_id=redemption.member_id, at=LATER)


def cancel(redemption: Redemption, **who: Any) -> bool:
    return shipping.cancel(redemption_id=redemption.pk, at=LATER, **who)


def return_(redemption: Redemption, **how: Any) -> bool:
    return shipping.return_(redemption_id=redemption.pk, at=LATER, **how)


def state_of(redemption: Redemption) -> str:
    return Redemption.objects.get(pk=redemption.pk).state


def test_a_redemption_is_packed_shipped_and_received(lin: Member, placed: Redemption) -> None:
    packed = shipping.pack(redemption_ids=[placed.pk], at=NOON)
    shipment = ship(placed)
    receive(placed)

    placed.refresh_from_db()
    assert packed == 1
    assert (shipment.redemption, shipment.carrier, shipment.tracking_number) == (placed, "SF", "SF1")
    assert (placed.state, placed.packed_at, placed.received_at) == (State.RECEIVED, NOON, LATER)
    assert points_of(lin) == 800


def test_packing_takes_the_placed_ones_only(lin: Member, umbrella: Gift, placed: Redemption) -> None:
    shipped, cancelled = ask(lin, umbrella), ask(lin, umbrella)
    ship(shipped)
    cancel(cancelled)
    everything = [placed.pk, shipped.pk, cancelled.pk, 2**62]

    assert shipping.pack(redemption_ids=everything, at=NOON) == 1
    assert shipping.pack(redemption_ids=everything, at=NOON) == 0
    assert shipping.pack(redemption_ids=[], at=NOON) == 0
    assert [state_of(each) for each in (placed, shipped, cancelled)] == ["PACKED", "SHIPPED", "CANCELLED"]


def test_shipping_what_is_only_placed_packs_it(placed: Redemption) -> None:
    ship(placed)

    placed.refresh_from_db()
    assert (placed.state, placed.packed_at) == (State.SHIPPED, LATER)


def test_shipping_twice_is_refused(placed: Redemption) -> None:
    ship(placed)

    with pytest.raises(WrongState):
        ship(placed)

    assert Shipment.objects.count() == 1


def test_receiving_is_for_the_owner_and_after_shipping(mei: Member, placed: Redemption) -> None:
    with pytest.raises(WrongState):
        receive(placed)
    ship(placed)
    with pytest.raises(Redemption.DoesNotExist):
        shipping.receive(redemption_id=placed.pk, member_id=mei.pk, at=NOON)
    receive(placed)
    shipping.receive(redemption_id=placed.pk, member_id=placed.member_id, at=LATER + timedelta(days=1))

    placed.refresh_from_db()
    assert (placed.state, placed.received_at) == (State.RECEIVED, LATER)


def test_cancelling_puts_points_and_pieces_back_once(lin: Member, umbrella: Gift, placed: Redemption) -> None:
    first, second = cancel(placed, note="too large"), cancel(placed)

    placed.refresh_from_db()
    assert (first, second) == (True, False)
    assert (points_of(lin), pieces_of(umbrella)) == (1000, 5)
    assert (placed.state, placed.ended_at, placed.note) == (State.CANCELLED, LATER, "too large")
    assert Posting.objects.get(kind=Kind.GIVE_BACK).note == "too large"


def test_a_member_cancels_his_own_until_it_is_packed(lin: Member, mei: Member, placed: Redemption) -> None:
    with pytest.raises(Redemption.DoesNotExist):
        cancel(placed, member_id=mei.pk)
    shipping.pack(redemption_ids=[placed.pk], at=NOON)
    with pytest.raises(WrongState):
        cancel(placed, member_id=lin.pk)

    assert cancel(placed) is True


def test_a_member_cancels_what_is_placed(lin: Member, placed: Redemption) -> None:
    assert cancel(placed, member_id=lin.pk) is True
    assert cancel(placed, member_id=lin.pk) is False


def test_what_is_shipped_cannot_be_cancelled(lin: Member, umbrella: Gift, placed: Redemption) -> None:
    ship(placed)

    with pytest.raises(WrongState):
        cancel(placed)

    assert (points_of(lin), pieces_of(umbrella)) == (800, 3)


@pytest.mark.parametrize(("restock", "pieces"), [(True, 5), (False, 3)])
def test_returning_puts_points_back_and_pieces_if_fit(
    lin: Member, umbrella: Gift, placed: Redemption, restock: bool, pieces: int
) -> None:
    ship(placed)
    receive(placed)

    first, second = return_(placed, restock=restock), return_(placed, restock=restock)

    assert (first, second, state_of(placed)) == (True, False, State.RETURNED)
    assert (points_of(lin), pieces_of(umbrella)) == (1000, pieces)
    assert StockChange.objects.filter(quantity=-2).exists() is not restock


def test_what_is_not_shipped_cannot_be_returned(placed: Redemption) -> None:
    with pytest.raises(WrongState):
        return_(placed)

    assert state_of(placed) == State.PLACED


def test_points_return_to_their_own_lots_and_their_own_end(lin: Member, umbrella: Gift) -> None:
    give(lin, 150, expires_at=LATER)
    give(lin, 150, expires_at=LATER + timedelta(days=1))
    made = ask(lin, umbrella, 2)

    cancel(made)

    assert [*Lot.objects.order_by("expires_at").values_list("remaining", flat=True)] == [0, 150]
    assert points_of(lin, LATER) == 150
    assert Posting.objects.get(kind=Kind.EXPIRE).points == -150


ops = st.lists(
    st.tuples(
        st.sampled_from(["redeem", "redeem", "pack", "ship", "receive", "cancel", "return", "lose"]), st.integers(0, 4)
    ),
    max_size=25,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ops=ops)
def test_any_sequence_keeps_points_and_stock(lin: Member, ops: list[tuple[str, int]]) -> None:
    """Law 7 and the stock's sum: whatever is done, what is not held by a live redemption is back in its own lot."""
    with transaction.atomic():
        gift = shelve(pieces=8, points=30)
        for days, points in ((3, 70), (1, 100), (2, 80)):
            give(lin, points, expires_at=NOON + timedelta(days=days))
        lost, made = 0, []
        for op, number in ops:
            lost += _do(op, number, lin, gift, made)

        live = Redemption.objects.live()
        held = sum(each.quantity for each in live)
        assert pieces_of(gift) == 8 - held - lost
        assert points_of(lin) == 250 - 30 * held
        assert ledger.standing(member_id=lin.pk, at=NOON).debt == 0
        assert _moves_left() == {
            posting: -30 * quantity for posting, quantity in live.values_list("posting", "quantity")
        }
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
        assert auditing.drifts() == []
        transaction.set_rollback(True)


def _do(op: str, number: int, member: Member, gift: Gift, made: list[Redemption]) -> int:
    """Do one step of the sequence if it is legal; return how many pieces were lost by it."""
    target = made[number % len(made)] if made else None
    try:
        if op == "redeem":
            made.append(ask(member, gift, number + 1))
        elif target is not None and op == "lose":
            return target.quantity if return_(target, restock=False) else 0
        elif target is not None:
            steps = {"ship": ship, "receive": receive, "cancel": cancel, "return": return_}
            steps.get(op, lambda each: shipping.pack(redemption_ids=[each.pk], at=NOON))(target)
    except (WrongState, InsufficientPoints, OutOfStock):
        pass
    return 0


def _moves_left() -> dict[int, int]:
    """Return by redeeming posting what it still takes from lots, summed lot by lot; what came back is left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select taken, sum(amount)::bigint from (
                select coalesce(p.refers_to_id, p.id) as taken, m.lot_id, sum(m.amount) as amount
                  from loyalty_move m join loyalty_posting p on p.id = m.posting_id
                 where p.kind in (6, 10)
                 group by 1, 2 having sum(m.amount) <> 0
            ) lots group by taken
            """
        )
        return dict(cursor.fetchall())
