"""What was promised is kept: prizes of a draw that is closed while somebody tries, gifts that are prizes, coupons that
end, and pieces that nobody may hold for ever without paying."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from mall import favourites, lottery, paying, shipping, treasure
from mall.counter import AlreadyUsed
from mall.lottery import DrawNotOpen, NotReady
from mall.models import CouponType, DrawPlay, Favourite, Gift, Redemption, Refund
from mall.payment import Notice, provider
from mall.redeeming import LimitReached, NotOpen
from members.models import Member
from tests.conftest import until_somebody_waits
from tests.mall.conftest import NOON, ask, count, give, points_of, shelve, together
from tests.mall.kinds import chance, medal, privilege, seat
from tests.mall.test_lottery import a_draw, play, sure
from tests.mall.test_treasure import END
from tests.mall.test_treasure import a_draw as a_treasure

pytestmark = pytest.mark.usefixtures("english")
DAY = timedelta(days=1)


@pytest.mark.django_db(transaction=True)
def test_who_hits_a_prize_while_the_draw_is_closed_pays_nothing(lin: Member) -> None:
    """He passes the unlocked look at the draw, and waits for the prize that is just going back into stock."""
    draw = a_draw(sure(kind="GIFT", gift=shelve(pieces=1)), points=10)
    give(lin, 10)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lottery.close(draw_id=draw.pk, at=NOON)
            waiting = pool.submit(together, [partial(play, lin, draw)])
            until_somebody_waits()
        (outcome,) = waiting.result()

    assert isinstance(outcome, DrawNotOpen)
    assert (points_of(lin), DrawPlay.objects.count()) == (10, 0)


@pytest.mark.parametrize("promise", ["lottery", "treasure"])
def test_a_gift_that_is_a_prize_stays_what_it_is(lin: Member, promise: str) -> None:
    """All its pieces are set aside, so that its stock is empty and nobody has redeemed it."""
    gift = privilege(1)
    if promise == "lottery":
        a_draw(sure(kind="GIFT", gift=gift))
    else:
        a_treasure(gift=gift)

    with pytest.raises(DatabaseError, match="kind"), transaction.atomic():
        Gift.objects.filter(pk=gift.pk).update(kind="CODE")


@pytest.mark.parametrize("ends_at", [END, END - DAY])
def test_what_ends_before_its_draw_is_no_prize(db: None, ends_at: Any) -> None:
    gift = seat(2, event_at=ends_at)
    wheel = a_draw(sure(kind="GIFT", gift=gift), published=False, closes_at=END)
    chest = a_treasure(gift=gift, published=False)

    for publish in (
        partial(lottery.publish, draw_id=wheel.pk),
        partial(treasure.publish, treasure_id=chest.pk),
    ):
        with pytest.raises(NotReady, match="ends before the draw"):
            publish(at=NOON, actor_id=None)


def test_a_coupon_is_closed_when_it_has_ended(lin: Member) -> None:
    kind = CouponType.objects.create(name="10 off", kind="AMOUNT", value=10, valid_until=NOON + DAY)
    gift = shelve(pieces=0, kind="COUPON", coupon_type=kind, stock_counted=False)
    give(lin, 1000)

    ask(lin, gift, at=NOON + DAY - timedelta(microseconds=1))
    assert not Gift.objects.on_shelf(NOON + DAY).filter(pk=gift.pk).exists()
    with pytest.raises(NotOpen):
        ask(lin, gift, at=NOON + DAY)


@pytest.mark.django_db(transaction=True)
def test_a_member_holds_five_unpaid_orders_and_no_more(lin: Member, at_once: Callable[..., list[Any]]) -> None:
    gift = shelve(pieces=99, cash=Decimal(999))
    give(lin, 10_000)

    outcomes = at_once(lambda _: ask(lin, gift), [None] * 12)

    assert (count(outcomes, Redemption), count(outcomes, LimitReached)) == (5, 7)
    refused = next(one for one in outcomes if isinstance(one, LimitReached))
    assert "5 orders that are still to be paid" in str(refused)
    assert points_of(lin) == 9_500
    first = Redemption.objects.order_by("pk")[0]
    shipping.cancel(redemption_id=first.pk, at=NOON)
    assert ask(lin, gift).state == "UNPAID"
    assert ask(lin, gift, at=NOON + DAY).state == "UNPAID"  # those that are overdue are let go first
    assert paying.let_go(at=NOON + DAY) == 0


def test_a_favourite_that_never_runs_out_is_told_of(lin: Member) -> None:
    gift = medal()
    favourites.add(member_id=lin.pk, gift_id=gift.pk, ready=False, at=NOON)
    give(lin, 100)

    favourites.refresh(at=NOON + DAY)

    assert Favourite.objects.get().ready_at == NOON + DAY


@pytest.mark.django_db(transaction=True)
def test_a_chance_that_is_just_being_used_does_not_go_back(lin: Member) -> None:
    """For yuan alone: no points and so no balance stand between the draw and the return."""
    gift = chance(points=0, limit_per_member=9, cash=Decimal(5))
    draw = a_draw(sure(), price="CHANCE", chance_pool="spring", points=0)
    made = ask(lin, gift)
    begun = paying.begin(redemption_id=made.pk, member_id=lin.pk, provider=provider("sandbox"), at=NOON)
    paying.settle(provider="sandbox", notice=Notice(begun.number, "r", begun.amount, paid=True), at=NOON)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            play(lin, draw)
            waiting = pool.submit(together, [partial(shipping.return_, redemption_id=made.pk, at=NOON)])
            until_somebody_waits()
        (outcome,) = waiting.result()

    assert isinstance(outcome, AlreadyUsed)
    assert not Refund.objects.exists()
