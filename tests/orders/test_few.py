"""A few orders are awarded without laying tables out: what comes of it is the same, to the last row."""

from __future__ import annotations

import pytest

from loyalty.models import EarningRule
from members.models import Member
from orders import awarding
from orders.models import Channel, Order
from tests.conftest import NOW
from tests.orders.test_claims import sold
from tests.orders.worlds import differences, forgotten, world


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("again", [1, 2])
def test_a_few_orders_earn_as_many_do(again: int) -> None:
    worlds = []
    for few in (50, 0):
        with forgotten(), pytest.MonkeyPatch.context() as patched:
            patched.setattr(awarding, "FEW", few)
            _awarded(again)
            worlds.append(world())

    assert differences(*worlds) == {}
    assert len(worlds[0]["postings"]) == 6  # three awards, one taken back and made anew, one refund


def _awarded(again: int) -> None:
    """Lin's orders: one as it is, one partly refunded, one whose amount has changed since it was awarded."""
    for name, unit in (("消费积分", "points"), ("消费成长值", "growth")):
        EarningRule.objects.get_or_create(name=name, unit=unit, benefit_rate=1)
    lin = Member.objects.create(name="Lin", phone="+8613800000001", joined_at=NOW)
    channel = Channel.objects.create(code="taobao", name="Taobao", format="taobao")
    orders = [sold(channel, f"410000000{n}", member=lin) for n in range(3)]
    awarding.award_few([orders[2].pk], at=NOW)
    Order.objects.filter(pk=orders[1].pk).update(refunded=28)
    Order.objects.filter(pk=orders[2].pk).update(gross=200, award_gross=128)
    for _time in range(again):
        awarding.award_few([order.pk for order in orders], at=NOW)
