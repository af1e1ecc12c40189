"""However exports are cut into files, repeated and shuffled: the same orders, the same points and growth.

An order moves on: placed, paid, received, refunded bit by bit. A file holds orders of one platform, or some of their
rows, each as it stood at some moment. What an order has come to in the end is told by the furthest moments at which any
file has seen its rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty import auditing
from loyalty.models import Balance, EarningRule
from members.models import Identity, Member
from orders import awarding, importing, matching
from orders.models import Order
from tests.conftest import NOW, make_member

PAID_AT, DONE_AT = "2026-05-01 08:00:00", "2026-05-08 08:00:00"
PHONES = ["13800000001", "13800000002", "13800000003"]
HEADERS = {
    "youzan": "订单号,订单状态,订单实付金额,订单已退款金额,运费,买家付款时间,交易成功时间,买家手机号,全部商品名称",
    "taobao": "订单编号,买家会员名,买家实际支付金额,退款金额,买家应付邮费,订单状态,订单付款时间,确认收货时间,宝贝标题",
    "douyin": "主订单编号,子订单编号,订单状态,售后状态,订单应付金额,运费,支付完成时间,订单完成时间,商品数量",
}
WORDS = {
    "youzan": {"unpaid": "待付款", "paid": "已发货", "completed": "交易完成"},
    "taobao": {"unpaid": "等待买家付款", "paid": "买家已付款，等待卖家发货", "completed": "交易成功"},
    "douyin": {"unpaid": "待支付", "paid": "已发货", "completed": "已完成"},
}


Seen = dict[int, int]  # of a row: the furthest moment
File = dict[int, tuple[int, frozenset[int]]]  # of an order: the moment, and the rows shown


@dataclass(frozen=True)
class Moment:
    """How an order stands at one time: its word, and what of each of its rows was refunded, in cents."""

    word: str
    refunded: tuple[int, ...]


@dataclass(frozen=True)
class Bought:
    """An order with all that becomes of it; money in cents, by row."""

    platform: str
    number: str
    buyer: int
    gross: tuple[int, ...]
    shipping: int
    moments: tuple[Moment, ...]

    def lines(self, moment: Moment, shown: frozenset[int]) -> list[str]:
        """Return the rows, or those shown of them, that its platform's export has of it at a moment."""
        word, paid_at = WORDS[self.platform][moment.word], PAID_AT if moment.word != "unpaid" else ""
        done_at = DONE_AT if moment.word == "completed" else ""
        (gross, *_), (back, *_), ship = self.gross, moment.refunded, yuan(self.shipping)
        match self.platform:
            case "youzan":
                cells = [self.number, word, yuan(gross), yuan(back), ship, paid_at, done_at, PHONES[self.buyer], "面膜"]
                return [",".join(cells)]
            case "taobao":
                account, net = f"user{self.buyer}", yuan(gross - back)
                word = "交易关闭" if back == gross else word
                cells = [self.number, account, net, yuan(back), ship, f'"{word}"', paid_at, done_at, "面膜"]
                return [",".join(cells)]
        return [
            f"{self.number},{self.number[:-1]}{n},{word},{'退款成功' if back else '-'},{yuan(gross)},"
            f"0.00,{paid_at},{done_at},1"
            for n, (gross, back) in enumerate(zip(self.gross, moment.refunded, strict=True))
            if n in shown
        ]

    def comes_to(self, seen: Seen) -> tuple[Any, ...]:
        """Return class, gross and refunded after the furthest moments of some rows were seen."""
        paid = {row: self.moments[last] for row, last in seen.items() if self.moments[last].word != "unpaid"}
        gross, back = sum(self.gross[row] for row in paid), sum(moment.refunded[row] for row, moment in paid.items())
        words = {moment.word for row, moment in paid.items() if moment.refunded[row] < self.gross[row]}
        if not paid:
            return "unpaid", Decimal(0), Decimal(0)
        status = (
            "refunded"
            if back == gross
            else "partially_refunded"
            if back
            else min(words, key=["paid", "completed"].index)
        )
        return status, Decimal(gross) / 100, Decimal(back) / 100

    def points(self, seen: Seen) -> int:
        """Return what stands of its award: one point a yuan without shipping, and of it the share that was kept."""
        _status, gross, refunded = self.comes_to(seen)
        if not gross:
            return 0
        granted = int(gross - Decimal(self.shipping) / 100)
        return int(granted * (gross - refunded) // gross)


def yuan(cents: int) -> str:
    return f"{Decimal(cents) / 100:.2f}"


@st.composite
def bought(draw: st.DrawFn, nth: int) -> Bought:
    platform = draw(st.sampled_from(sorted(HEADERS)))
    number = {"youzan": f"E2026050100{nth:04d}", "taobao": f"41339075{nth:04d}", "douyin": f"69561008{nth:04d}0"}
    rows = draw(st.integers(1, 3)) if platform == "douyin" else 1
    gross = tuple(draw(st.lists(st.integers(1, 30_000), min_size=rows, max_size=rows)))
    shipping = 0 if platform == "douyin" else draw(st.integers(0, gross[0]))
    words = draw(
        st.sampled_from([["paid"], ["unpaid", "paid"], ["paid", "completed"], ["unpaid", "paid", "completed"]])
    )
    moments = [Moment(word, (0,) * rows) for word in words]
    for refunded in draw(refunds(platform, gross)):
        moments.append(Moment(words[-1], refunded))
    return Bought(platform, number[platform], draw(st.integers(0, 2)), gross, shipping, tuple(moments))


def refunds(platform: str, gross: tuple[int, ...]) -> st.SearchStrategy[list[tuple[int, ...]]]:
    """Refunds of an order over time, each cumulative: amounts of the whole, or of Douyin whole rows one by one."""
    if platform == "douyin":
        return st.permutations(range(len(gross))).flatmap(
            lambda order: st.integers(0, len(gross)).map(
                lambda many: [
                    tuple(one if row in order[: n + 1] else 0 for row, one in enumerate(gross)) for n in range(many)
                ]
            )
        )
    return st.lists(st.integers(1, gross[0]), max_size=3, unique=True).map(
        lambda all_: [(one,) for one in sorted(all_)]
    )


@st.composite
def shop(draw: st.DrawFn) -> tuple[list[Bought], list[File]]:
    """Some orders, and files: the moment at which each shows some of them. Files come in any order, some again."""
    orders = [draw(bought(nth)) for nth in range(draw(st.integers(1, 4)))]
    seen = [draw(st.lists(sightings(one), min_size=1, max_size=4)) for one in orders]
    files = [
        {nth: seen[nth][turn] for nth, one in enumerate(orders) if one.platform == platform and turn < len(seen[nth])}
        for platform in HEADERS
        for turn in range(4)
    ]
    files = draw(st.permutations([file for file in files if file]))
    return orders, files + draw(st.lists(st.sampled_from(files), max_size=2))


def sightings(order: Bought) -> st.SearchStrategy[tuple[int, frozenset[int]]]:
    rows = st.frozensets(st.integers(0, len(order.gross) - 1), min_size=1)
    return st.tuples(st.integers(0, len(order.moments) - 1), rows)


def furthest(files: list[File]) -> dict[int, Seen]:
    """Return of each order that is in a file the furthest moment of each row."""
    seen: dict[int, Seen] = {}
    for file in files:
        for nth, (moment, shown) in file.items():
            order = seen.setdefault(nth, {})
            order.update({row: max(moment, order.get(row, 0)) for row in shown})
    return seen


def import_all(orders: list[Bought], files: list[File]) -> None:
    """Import the files; an order of Douyin, whose exports name no buyer, becomes its buyer's after its first file."""
    buyers = {one.number: f"+86{PHONES[one.buyer]}" for one in orders if one.platform == "douyin" and one.buyer < 2}
    for file in files:
        platform = orders[next(iter(file))].platform
        lines = [
            line for nth, (last, rows) in file.items() for line in orders[nth].lines(orders[nth].moments[last], rows)
        ]
        content = BytesIO("\n".join([HEADERS[platform], *lines]).encode())
        order_import = importing.accept(file=content, name="orders.csv", channel_code=None, actor_id=None, at=NOW)
        order_import = importing.run(import_id=order_import.pk, at=NOW)
        assert (order_import.state, order_import.rejected) == ("DONE", 0)
        for number, phone in buyers.items():
            claimed = Order.objects.filter(number=number)
            if claimed.filter(member=None).update(member=Member.objects.get(phone=phone)):
                awarding.award(claimed, at=NOW)
    matching.match_waiting(at=NOW)


@pytest.fixture
def buyers(db: None) -> None:
    """Two accounts of Taobao are members', the third is nobody's; phones become members at import."""
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)
    for nth in (0, 1):
        member = make_member(f"M{nth}", f"+86{PHONES[nth]}")
        Identity.objects.create(channel="taobao", external_id=f"user{nth}", member=member)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(shop())
def test_any_files_in_any_order_end_with_the_same_orders_and_balances(buyers: None, case: Any) -> None:
    orders, files = case
    seen = furthest(files)
    expected = {orders[nth].number: orders[nth].comes_to(moments) for nth, moments in seen.items()}
    points = dict.fromkeys(PHONES, 0)
    for nth, moments in seen.items():
        one = orders[nth]
        if one.platform == "youzan" or one.buyer < 2:
            points[PHONES[one.buyer]] += one.points(moments)

    with transaction.atomic():
        import_all(orders, files)
        stored = {row[0]: row[1:] for row in Order.objects.values_list("number", "status", "gross", "refunded")}
        balances = {
            phone[3:]: (balance.points, balance.growth, balance.debt)
            for balance in Balance.objects.all()
            for phone in Member.objects.filter(pk=balance.member_id).values_list("phone", flat=True)
        }
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
        drifts = auditing.drifts()
        transaction.set_rollback(True)

    assert stored == expected
    assert {phone: balances.get(phone, (0, 0, 0)) for phone in PHONES} == {
        phone: (points[phone], points[phone], 0) for phone in PHONES
    }
    assert drifts == []
