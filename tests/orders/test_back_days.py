"""How far back the orders of somebody who joins still earn: `Channel.back_days`, whether he or his file comes first."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty import ledger
from members.models import Identity, Member
from orders import claims, matching
from orders.models import Channel, Order
from tests.conftest import NOW, make_member
from tests.orders.test_importing import import_file, rules
from tests.orders.worlds import HEADER

__all__ = ("rules",)

OWN = "13800007596"
LINE = "E2026050100000000{:04d},{},100.00,0.00,{:%Y-%m-%d %H:%M:%S},13900000000,{},面膜"
HOURS_OF_SHANGHAI = timedelta(hours=8)


@pytest.fixture
def youzan(rules: None) -> Channel:
    return Channel.objects.create(code="youzan", name="Youzan", format="youzan", enrol=False)


@pytest.fixture
def file(tmp_path: Path) -> Any:
    """Import orders of 100 yuan, bought so many days before Lin joined, by their ages."""

    def imported(*ages: float, phone: str = OWN, status: str = "交易完成") -> None:
        paid = [NOW - timedelta(days=age) + HOURS_OF_SHANGHAI for age in ages]
        lines = [LINE.format(n, status, when, phone) for n, when in enumerate(paid)]
        path = tmp_path / "youzan.csv"
        path.write_text("\n".join([HEADER, *lines]), "utf-8")
        import_file(path)

    return imported


def join(**values: Any) -> Member:
    return make_member("Lin", f"+86{OWN}", joined_by="mall", **values)


def held(member: Member) -> tuple[int, int]:
    standing = ledger.standing(member_id=member.pk, at=NOW)
    return standing.available + standing.pending, standing.growth


@pytest.mark.parametrize(("back", "points"), [(None, 300), (30, 200), (29, 100), (0, 0)])
def test_orders_longer_before_joining_than_the_channel_looks_back_give_neither_points_nor_growth(
    youzan: Channel, file: Any, back: int | None, points: int
) -> None:
    Channel.objects.update(back_days=back)
    file(1, 30, 300)
    lin = join()

    matched = matching.match_waiting(at=NOW)

    assert matched == 3
    assert held(lin) == (points, points)
    assert set(Order.objects.values_list("member", flat=True)) == {lin.pk}


def test_it_is_the_same_whether_he_or_his_file_comes_first(youzan: Channel, file: Any) -> None:
    Channel.objects.update(back_days=30)
    lin = join()

    file(1, 30, 31)

    assert held(lin) == (200, 200)


def test_it_stays_so_when_the_file_comes_again_and_when_the_channel_looks_further_back_later(
    youzan: Channel, file: Any
) -> None:
    Channel.objects.update(back_days=0)
    file(1)
    lin = join()
    matching.match_waiting(at=NOW)

    Channel.objects.update(back_days=None)
    file(1)
    file(1, 300)

    assert held(lin) == (100, 100)  # of the order that is new
    assert list(Order.objects.order_by("number").values_list("earns", flat=True)) == [False, True]


def test_an_order_that_was_his_before_the_channel_looked_less_far_back_still_earns_when_completed(
    youzan: Channel, file: Any
) -> None:
    Channel.objects.update(earns_at="completed")
    lin = join()
    file(300, status="已发货")
    before = held(lin)
    Channel.objects.update(back_days=0)

    file(300)

    assert (before, held(lin)) == ((0, 0), (100, 100))


def test_buyers_whom_the_channel_itself_made_members_earn_for_all_of_its_orders(youzan: Channel, file: Any) -> None:
    Channel.objects.update(enrol=True, back_days=0)

    file(1, 200)
    file(1, 200, 300)

    assert held(Member.objects.get()) == (300, 300)


def test_a_member_whom_one_channel_made_does_not_earn_for_old_orders_of_another(youzan: Channel, file: Any) -> None:
    Channel.objects.update(back_days=30)
    lin = join()
    Member.objects.update(joined_by="tmall")
    file(31)

    assert held(lin) == (0, 0)


def test_the_limit_counts_for_an_account_that_becomes_known(youzan: Channel, file: Any) -> None:
    Channel.objects.update(back_days=30)
    file(1, 31, phone="")
    Order.objects.update(buyer="花开")
    lin = join()
    Identity.objects.create(channel="youzan", external_id="花开", member=lin)

    matching.match_waiting(at=NOW)

    assert held(lin) == (100, 100)


@pytest.mark.parametrize(("age", "state", "points"), [(300, "CREDITED", 100), (366, "REFUSED", 0)])
def test_a_claim_by_number_has_its_own_limit(youzan: Channel, file: Any, age: int, state: str, points: int) -> None:
    Channel.objects.update(back_days=0)
    lin = join()
    file(age)
    before = held(lin)
    number = Order.objects.get().number

    (made,) = claims.claim(member_id=lin.pk, numbers=[number], channel_code="youzan", at=NOW)
    file(age)

    assert before == (0, 0)
    assert (made.state, made.points, held(lin)) == (state, points, (points, points))
