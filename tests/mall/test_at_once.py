"""Two at once who decide by what the other one is changing: the second decides by what has become of it."""

from __future__ import annotations

from functools import partial

import pytest

from mall import lottery, treasure
from mall.models import Coupon, CouponUse, Draw, Gift, StockChange
from members.models import Member
from tests.conftest import rows, while_it_waits
from tests.mall.conftest import NOON, pieces_of
from tests.mall.kinds import coupon_type, privilege
from tests.mall.test_coupons import back, held, use
from tests.mall.test_lottery import a_draw, sure
from tests.mall.test_treasure import a_draw as a_treasure

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("english")]


def test_a_coupon_whose_order_is_cancelled_while_it_is_being_used_comes_back(lin: Member) -> None:
    """A till that got no answer in time cancels the order."""
    mine = held(lin, coupon_type())

    returned = while_it_waits(partial(use, mine), partial(back, mine))

    assert returned.what == CouponUse.What.RETURNED
    assert rows(Coupon, "use") == [(None,)]


def counted(gift: Gift) -> None:
    """Staff let the stock of a gift be counted from now on."""
    Gift.objects.filter(pk=gift.pk).update(stock_counted=True)


def never_ran_out() -> Gift:
    gift = privilege(pieces=3)
    Gift.objects.filter(pk=gift.pk).update(stock_counted=False)
    return gift


def test_a_prize_whose_stock_is_just_beginning_to_be_counted_is_set_aside() -> None:
    gift = never_ran_out()
    draw = a_draw(sure(kind="GIFT", gift=gift, stock=2), published=False)

    while_it_waits(partial(counted, gift), partial(lottery.publish, draw_id=draw.pk, at=NOON, actor_id=None))
    lottery.close(draw_id=draw.pk, at=NOON)

    assert rows(Draw, "state") == [("ENDED",)]
    assert [quantity for (quantity,) in rows(StockChange, "quantity")] == [3, -2, 2]
    assert pieces_of(gift) == 3


def test_the_prize_of_a_treasure_draw_whose_stock_is_just_beginning_to_be_counted_is_set_aside() -> None:
    gift = never_ran_out()
    draw = a_treasure(gift=gift, published=False)

    while_it_waits(partial(counted, gift), partial(treasure.publish, treasure_id=draw.pk, at=NOON, actor_id=None))
    treasure.call_off(treasure_id=draw.pk, reason="a mistake", at=NOON, actor_id=None)

    assert [quantity for (quantity,) in rows(StockChange, "quantity")] == [3, -1, 1]
    assert pieces_of(gift) == 3
