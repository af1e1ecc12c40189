"""Some of the pieces go back: each step once, and all steps together what one would have given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from loyalty.models import Kind, Lot, Posting
from mall import codes, counter, interest, packing, paying, shipping
from mall.models import CouponCode, Gift, GiftDay, Payment, Redemption, Refund, Reversal, StockChange, Voucher
from mall.payment import Notice, provider
from mall.redeeming import KeyReused, LimitReached
from mall.reversing import TooMany, WholeOnly, WrongState, points_for
from members.models import Member
from tests.conftest import rows
from tests.mall.conftest import NOON, ask, give, pieces_of, points_of, shelve
from tests.mall.kinds import chance, pool, privilege

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def three(lin: Member, umbrella: Gift) -> Redemption:
    """Lin redeemed three of five umbrellas out of 1,000 points."""
    give(lin, 1000)
    return ask(lin, umbrella, 3)


def ship(redemption: Redemption) -> None:
    shipping.ship(redemption_id=redemption.pk, carrier="SF", tracking_number="SF1", at=LATER)


def cancel(redemption: Redemption, pieces: int | None = None, **more: Any) -> bool:
    return shipping.cancel(redemption_id=redemption.pk, at=LATER, pieces=pieces, **more)


def return_(redemption: Redemption, pieces: int | None = None, **more: Any) -> bool:
    return shipping.return_(redemption_id=redemption.pk, at=LATER, pieces=pieces, **more)


def now(redemption: Redemption) -> tuple[str, int]:
    return Redemption.objects.values_list("state", "returned").get(pk=redemption.pk)


def test_pieces_are_cancelled_then_returned_until_none_is_left(lin: Member, umbrella: Gift, three: Redemption) -> None:
    cancel(three, 1)
    after_one = (now(three), points_of(lin), pieces_of(umbrella))
    ship(three)
    return_(three, 1)
    after_two = (now(three), points_of(lin), pieces_of(umbrella))
    return_(three, 1, note="torn")

    assert after_one == (("PLACED", 1), 800, 3)
    assert after_two == (("SHIPPED", 2), 900, 4)
    assert (now(three), points_of(lin), pieces_of(umbrella)) == (("RETURNED", 3), 1000, 5)
    assert rows(Reversal, "state", "pieces", "points") == [
        ("CANCELLED", 1, 100),
        ("RETURNED", 1, 100),
        ("RETURNED", 1, 100),
    ]
    three.refresh_from_db()
    assert (three.ended_at, three.note) == (LATER, "torn")


def test_what_is_still_to_be_packed_is_what_was_not_cancelled(three: Redemption, settings: Any) -> None:
    cancel(three, 2)

    (line,) = packing.rows(packing.waiting(Redemption.objects.all()), zone=NOON.tzinfo)  # type: ignore[arg-type]

    assert line[3] == 1


def test_a_part_goes_to_the_lots_that_end_latest(lin: Member, umbrella: Gift) -> None:
    for days, points in ((1, 100), (2, 100), (3, 100)):
        give(lin, points, expires_at=NOON + timedelta(days=days))
    made = ask(lin, umbrella, 3)

    cancel(made, 2)

    assert [*Lot.objects.order_by("expires_at").values_list("remaining", flat=True)] == [0, 100, 100]


@given(points=st.integers(0, 10_000), quantity=st.integers(1, 12), data=st.data())
def test_steps_of_any_size_give_what_one_gives(points: int, quantity: int, data: st.DataObject) -> None:
    one = Redemption(points=points, quantity=quantity, returned=0)
    given_back = 0
    while one.kept:
        pieces = data.draw(st.integers(1, one.kept))
        given_back += points_for(one, pieces)
        one.returned += pieces
        assert given_back == points * one.returned // quantity

    assert given_back == points


def test_a_step_asked_for_twice_is_done_once(lin: Member, three: Redemption) -> None:
    first, again = cancel(three, 1, request_key="k"), cancel(three, 1, request_key="k")
    with pytest.raises(KeyReused):
        cancel(three, 2, request_key="k")
    cancel(three, 2, request_key="l")
    last_again = cancel(three, 2, request_key="l")

    assert (first, again, last_again) == (True, False, False)
    assert (now(three), points_of(lin)) == (("CANCELLED", 3), 1000)


@pytest.mark.parametrize(("pieces", "refusal"), [(4, TooMany), (0, ValueError), (-1, ValueError), (True, ValueError)])
def test_more_than_there_is_or_nothing_is_refused(three: Redemption, pieces: Any, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        cancel(three, pieces)

    assert (now(three), rows(Reversal)) == (("PLACED", 0), [])


def test_after_the_last_piece_a_part_is_refused_and_the_whole_was_done_before(three: Redemption) -> None:
    cancel(three)

    with pytest.raises(WrongState):
        cancel(three, 1)

    assert cancel(three) is False


def test_pieces_that_went_back_count_for_no_limit(lin: Member) -> None:
    give(lin, 1000)
    gift = shelve(pieces=9, limit_per_member=3, limit_per_day=3)
    made = ask(lin, gift, 3)
    with pytest.raises(LimitReached):
        ask(lin, gift)

    cancel(made, 2)

    assert ask(lin, gift, 2).quantity == 2
    with pytest.raises(LimitReached):
        ask(lin, gift)


def test_pieces_that_went_back_interest_nobody(lin: Member, umbrella: Gift, three: Redemption) -> None:
    cancel(three, 2)

    interest.count(at=NOON)

    assert rows(GiftDay, "gift", "redemptions") == [(umbrella.pk, 1)]


def test_unfit_pieces_are_written_off(umbrella: Gift, three: Redemption) -> None:
    ship(three)

    return_(three, 2, restock=False)

    assert pieces_of(umbrella) == 2
    assert StockChange.objects.get(quantity=-2).gift == umbrella
    assert Reversal.objects.get().restocked is False


def test_what_costs_nothing_goes_back_without_a_posting(lin: Member) -> None:
    gift = shelve(pieces=3, points=0, limit_per_member=3)
    made = ask(lin, gift, 3)

    cancel(made, 1)
    cancel(made)

    assert (pieces_of(gift), now(made)) == (3, ("CANCELLED", 3))
    assert not Posting.objects.filter(kind=Kind.GIVE_BACK).exists()


def test_yuan_go_back_by_their_share(lin: Member) -> None:
    give(lin, 300)
    made = ask(lin, shelve(pieces=3, cash=Decimal("3.33")), 3)
    with pytest.raises(WholeOnly):
        cancel(made, 1)
    begun = paying.begin(redemption_id=made.pk, member_id=lin.pk, provider=provider("sandbox"), at=NOON)
    paying.settle(provider="sandbox", notice=Notice(begun.number, "r", begun.amount, paid=True), at=NOON)

    for _piece in range(3):
        cancel(made, 1)

    assert Payment.objects.get().amount == Decimal("9.99")
    assert rows(Refund, "key", "amount") == [(f"redemption:{made.pk}#{n}", Decimal("3.33")) for n in (1, 2, 3)]
    assert rows(Reversal, "cash") == [(Decimal("3.33"),)] * 3
    assert points_of(lin) == 300


def test_codes_that_nobody_saw_go_back_and_seen_ones_as_a_whole_only(lin: Member) -> None:
    give(lin, 1000)
    gift = pool("A", "B", "C")
    unseen, seen = ask(lin, gift, 2), ask(lin, gift, 1)

    return_(unseen, 1)
    another = ask(lin, gift, 1)
    codes.reveal(redemption_id=unseen.pk, member_id=lin.pk, at=NOON)
    with pytest.raises(WrongState):
        cancel(unseen, 1)
    return_(unseen)

    assert rows(CouponCode, "code", "redemption", "voided_at") == [
        ("A", unseen.pk, LATER),
        ("B", another.pk, None),
        ("C", seen.pk, None),
    ]


def test_a_part_of_the_codes_that_he_saw_is_refused(lin: Member) -> None:
    give(lin, 1000)
    made = ask(lin, pool("A", "B"), 2)
    codes.reveal(redemption_id=made.pk, member_id=lin.pk, at=NOON)

    with pytest.raises(counter.AlreadyUsed):
        return_(made, 1)

    assert now(made) == ("RECEIVED", 0)


def test_unused_vouchers_go_back_and_what_is_used_stays(lin: Member) -> None:
    give(lin, 1000)
    gift = privilege(9)
    made = ask(lin, gift, 3)
    first = Voucher.objects.order_by("pk")[0]
    counter.use(code=first.code, at=NOON, actor_id=None, place="")

    with pytest.raises(counter.AlreadyUsed):
        cancel(made)
    cancel(made, 1)
    after_one = now(made)
    cancel(made, 1)

    assert (after_one, now(made)) == (("ISSUED", 1), ("RECEIVED", 2))
    assert [v.voided_at for v in Voucher.objects.order_by("pk")] == [None, LATER, LATER]
    assert (points_of(lin), pieces_of(gift)) == (900, 8)


def test_chances_go_back_as_a_whole_only(lin: Member) -> None:
    give(lin, 1000)
    made = ask(lin, chance(), 2)

    with pytest.raises(WholeOnly):
        return_(made, 1)

    assert return_(made) is True


def test_a_member_cancels_a_part_of_his_own(lin: Member, mei: Member, three: Redemption) -> None:
    with pytest.raises(Redemption.DoesNotExist):
        cancel(three, 1, member_id=mei.pk)

    cancel(three, 1, member_id=lin.pk)

    assert now(three) == ("PLACED", 1)


@pytest.mark.parametrize(
    "change",
    [{"pieces": 2}, {"points": 1}, {"note": "x"}, {"at": NOON}],
)
def test_a_step_stays_as_it_was(three: Redemption, change: dict[str, Any]) -> None:
    cancel(three, 1)

    with pytest.raises(DatabaseError), transaction.atomic():
        Reversal.objects.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Reversal.objects.all().delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Redemption.objects.update(returned=0)

    assert rows(Reversal, "pieces", "points", "note", "at") == [(1, 100, "", LATER)]


@pytest.mark.django_db(transaction=True)
def test_of_many_staff_who_take_the_last_pieces_back_one_does(
    transactional_db: None, lin: Member, umbrella: Gift, at_once: Callable[..., list[Any]]
) -> None:
    give(lin, 1000)
    made = ask(lin, umbrella, 5)
    ship(made)
    return_(made, 3)

    outcomes = at_once(lambda n: return_(made, 2, request_key=f"staff {n}"), list(range(6)))

    assert sorted(type(each).__name__ for each in outcomes) == ["WrongState"] * 5 + ["bool"]
    assert (points_of(lin), pieces_of(umbrella), now(made)) == (1000, 5, ("RETURNED", 5))


@pytest.mark.django_db(transaction=True)
def test_single_pieces_returned_at_once_and_by_double_clicks_each_count_once(
    transactional_db: None, lin: Member, umbrella: Gift, at_once: Callable[..., list[Any]]
) -> None:
    give(lin, 1000)
    made = ask(lin, umbrella, 5)
    ship(made)

    outcomes = at_once(lambda n: return_(made, 1, request_key=f"click {n % 3}"), list(range(9)))

    assert sorted(outcomes) == [False] * 6 + [True] * 3
    assert (points_of(lin), pieces_of(umbrella), now(made)) == (800, 3, ("SHIPPED", 3))
