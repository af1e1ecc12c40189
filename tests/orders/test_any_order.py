"""Whatever way what is told of some orders is cut into files, shuffled and repeated: the same orders, the same ledger.

An order moves on: placed, paid, received; its amounts are mended on the way; it is refunded bit by bit, or closed. Its
platform tells it as a whole and by its parts, in files of two kinds, each time as it stands at some moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty import auditing
from loyalty.models import EarningRule
from members.models import Identity
from orders import importing, matching
from tests.conftest import NOW, make_member

PHONES = ["13800000001", "13800000002", "13800000003"]
PAID_AT, DONE_AT = "2026-05-01 08:00:00", "2026-05-08 08:00:00"
HEADERS = {  # of platform and whether it tells whole orders
    ("youzan", True): "订单号,订单状态,订单实付金额,订单已退款金额,运费,"
    "买家付款时间,交易成功时间,买家手机号,全部商品名称",
    ("youzan", False): "订单号,订单商品状态,交易成功时间,商品名称,商品规格,规格编码,商品数量,商品实际成交金额,"
    "商品退款状态,商品已退款金额",
    ("taobao", True): "订单编号,买家会员名,买家实际支付金额,退款金额,买家应付邮费,"
    "订单状态,订单付款时间,确认收货时间,宝贝标题",
    ("taobao", False): "子订单编号,主订单编号,商品标题,订单状态,"
    "买家实付金额,退款状态,退款金额,订单付款时间,确认收货时间",
}
WORDS = {
    "youzan": {"unpaid": "待付款", "paid": "已发货", "completed": "交易完成", "closed": "交易关闭"},
    "taobao": {
        "unpaid": "等待买家付款", "paid": "买家已付款，等待卖家发货", "completed": "交易成功", "closed": "交易关闭",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """How an order stands at one time, in cents by part."""

    word: str
    gross: tuple[int, ...]
    refunded: tuple[int, ...]


@dataclass(frozen=True)
class Bought:
    platform: str
    number: str
    buyer: int
    shipping: int
    moments: tuple[Moment, ...]


@dataclass(frozen=True, repr=False)
class Sighting:
    """What one file shows of an order: how it stands at a moment, as a whole or some of its parts."""

    order: Bought
    moment: Moment
    whole: bool
    parts: tuple[int, ...]

    @property
    def kind(self) -> tuple[str, bool]:
        return self.order.platform, self.whole

    @property
    def rows(self) -> set[tuple[str, int]]:
        return {(self.order.number, n) for n in ((-1,) if self.whole else self.parts)}

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        if self.whole:
            return [",".join(self._whole())]
        return [",".join(self._part(n)) for n in self.parts]

    def _times(self) -> list[str]:
        paid, done = self.moment.word in ("paid", "completed"), self.moment.word == "completed"
        return [PAID_AT if paid else "", DONE_AT if done else ""]

    def _whole(self) -> list[str]:
        one, moment, word = self.order, self.moment, f'"{WORDS[self.order.platform][self.moment.word]}"'
        gross, back, shipping = sum(moment.gross), sum(moment.refunded), yuan(one.shipping)
        if one.platform == "youzan":
            return [one.number, word, yuan(gross), yuan(back), shipping, *self._times(), PHONES[one.buyer], "面膜"]
        return [one.number, f"user{one.buyer}", yuan(gross - back), yuan(back), shipping, word, *self._times(), "面膜"]

    def _part(self, n: int) -> list[str]:
        one, moment, word = self.order, self.moment, f'"{WORDS[self.order.platform][self.moment.word]}"'
        gross, back = moment.gross[n], moment.refunded[n]
        if one.platform == "youzan":
            # Its parts are known by their price too, which therefore never changes.
            return [one.number, word, self._times()[1], f"货{n}", "", f"S{n}", "1", yuan(gross), "", yuan(back)]
        told = ["退款成功", yuan(back)] if back else ["没有申请退款", "无退款申请"]
        return [f"{one.number}{n}", one.number, f"货{n}", word, yuan(gross - back), *told, *self._times()]


def yuan(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


@st.composite
def bought(draw: st.DrawFn, nth: int) -> Bought:
    platform = draw(st.sampled_from(sorted(WORDS)))
    parts = draw(st.integers(1, 3))
    words = draw(st.sampled_from([["paid"], ["unpaid"], ["paid", "completed"], ["unpaid", "paid", "completed"]]))
    gross = draw(amounts(parts))
    moments = []
    for word in words:
        if word == "completed" and platform == "taobao" and draw(st.booleans()):
            gross = draw(amounts(parts))
        moments.append(Moment(word, gross, (0,) * parts))
    if words == ["unpaid"] or draw(st.integers(0, 5)) == 0:
        moments.append(Moment("closed", gross, (0,) * parts))
    else:
        moments += [Moment(words[-1], gross, back) for back in draw(refunds(gross))]
    shipping = draw(st.integers(0, min(sum(one.gross) for one in moments)))
    number = {"youzan": f"E20260501000000{nth:04d}", "taobao": f"41339075{nth:04d}"}[platform]
    return Bought(platform, number, draw(st.integers(0, 2)), shipping, tuple(moments))


def amounts(parts: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*[st.integers(1, 30_000)] * parts)


@st.composite
def refunds(draw: st.DrawFn, gross: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return how much of each part had come back at each of some times."""
    back, steps = [0] * len(gross), []
    for _time in range(draw(st.integers(0, 2))):
        n = draw(st.integers(0, len(gross) - 1))
        back[n] = draw(st.integers(back[n], gross[n]))
        steps.append(tuple(back))
    return steps


@st.composite
def sightings(draw: st.DrawFn, order: Bought) -> Sighting:
    parts = range(len(order.moments[0].gross))
    shown = draw(st.lists(st.sampled_from(parts), min_size=1, unique=True))
    return Sighting(order, draw(st.sampled_from(order.moments)), draw(st.booleans()), tuple(shown))


File = list[Sighting]


@st.composite
def two_courses(draw: st.DrawFn) -> tuple[list[File], list[File]]:
    """Return the same sightings cut into files in two ways, some of them shown again."""
    seen = [
        one
        for nth in range(draw(st.integers(1, 3)))
        for one in draw(bought(nth).flatmap(lambda order: st.lists(sightings(order), min_size=1, max_size=4)))
    ]
    return draw(cut(seen)), draw(cut(seen))


@st.composite
def cut(draw: st.DrawFn, seen: list[Sighting]) -> list[File]:
    again = draw(st.lists(st.sampled_from(seen), max_size=2))
    files: list[File] = []
    for one in draw(st.permutations([*seen, *again])):
        into = draw(st.sampled_from([*(file for file in files if takes(file, one)), None]))
        if into is None:
            files.append([one])
        else:
            into.append(one)
    return draw(st.permutations(files))


def takes(file: File, one: Sighting) -> bool:
    """Return whether a file is of the kind that shows it and has none of its rows yet, as no export has a row twice."""
    return file[0].kind == one.kind and not {row for other in file for row in other.rows} & one.rows


def imported(files: list[File]) -> dict[str, Any]:
    """Import the files into an empty world, which is taken back; return what came of it."""
    with transaction.atomic():
        for file in files:
            content = "\n".join([HEADERS[file[0].kind], *(line for one in file for line in one.lines())])
            order_import = importing.accept(
                file=BytesIO(content.encode()), name="orders.csv", channel_code=None, actor_id=None, at=NOW
            )
            order_import = importing.run(import_id=order_import.pk, at=NOW)
            assert (order_import.state, order_import.rejected) == ("DONE", 0)
        matching.match_waiting(at=NOW)
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
            found = {name: answer(cursor, question) for name, question in CAME_TO.items()}
        assert auditing.drifts() == []
        transaction.set_rollback(True)
    return found


def answer(cursor: Any, question: str) -> list[Any]:
    cursor.execute(f"select * from ({question}) t order by t.*")
    return cursor.fetchall()


# Without what tells by how many steps it came: numbers of awards, refunds that became a greater one.
CAME_TO = {
    "orders": """select o.number, o.status, o.gross, o.refunded, o.shipping, o.paid_at, o.completed_at, m.phone
                   from orders_order o left join members_member m on m.id = o.member_id""",
    "lines": """select o.number, l.row_key, l.status, l.gross, l.refunded, l.paid_at, l.completed_at
                  from orders_orderline l join orders_order o on o.id = l.order_id""",
    "awards": """select split_part(p.key, '#', 1), sum(p.points + c.points), sum(p.growth + c.growth), count(*) > 0
                   from loyalty_posting p
                  cross join lateral (select coalesce(sum(points), 0) as points, coalesce(sum(growth), 0) as growth
                                        from loyalty_posting where refers_to_id = p.id) c
                  where p.source = 'order'
                  group by 1 having sum(p.points + c.points) <> 0 or sum(p.growth + c.growth) <> 0""",
    "balances": """select m.phone, b.points, b.growth, b.debt
                     from loyalty_balance b join members_member m on m.id = b.member_id
                    where (b.points, b.growth, b.debt) <> (0, 0, 0)""",
}


@pytest.fixture
def buyers(db: None) -> None:
    """Two accounts of Taobao are members', the third is nobody's; phones become members at import."""
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate="1.5")
    for nth in (0, 1):
        member = make_member(f"M{nth}", f"+86{PHONES[nth]}")
        Identity.objects.create(channel="taobao", external_id=f"user{nth}", member=member)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(two_courses())
def test_two_courses_of_files_that_tell_the_same_end_in_the_same_world(buyers: None, courses: Any) -> None:
    one, other = map(imported, courses)

    for name in CAME_TO:
        assert one[name] == other[name]


def test_shipping_that_is_told_late_is_taken_off_the_award(buyers: None) -> None:
    """A list from before the payment tells the buyer, the items what was paid, a later list the shipping in it."""
    unpaid, paid = Moment("unpaid", (10_000,), (0,)), Moment("paid", (10_000,), (0,))
    order = Bought("taobao", "413390750000", 0, 1_000, (unpaid, paid))
    early, items, late = (
        Sighting(order, *seen, (0,)) for seen in ((unpaid, True), (paid, False), (paid, True))
    )  # fmt: skip

    in_time, afterwards = imported([[late], [items]]), imported([[early], [items], [late]])

    assert in_time["balances"] == [(f"+86{PHONES[0]}", 90, 135, 0)]
    assert afterwards == in_time
