"""What a file tells of a line laid over what was told of it before, as a table; and what is kept of it for an undo."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from loyalty.models import EarningRule, Posting
from members.models import Identity, Member
from orders import importing
from orders.models import Order, OrderBefore, OrderImport, OrderLine, OrderRetelling, TakenOrder
from tests.conftest import NOW, rows

HEADER = "订单号,订单状态,订单实付金额,订单已退款金额,运费,买家付款时间,交易成功时间,买家手机号,全部商品名称"
WORDS = {"unpaid": "待付款", "paid": "已发货", "completed": "交易完成", "closed": "交易关闭", "refunded": "交易关闭"}
E1, E2, E3, E9 = (f"E2026050116063000000000{n}" for n in (1, 2, 3, 9))
PAID, DONE = "2026-05-01 08:00:00", "2026-05-08 08:00:00"


def line(status: str, gross: Any, refunded: Any = 0, number: str = E1, phone: str = "", title: str = "面膜") -> str:
    paid, done = "" if status == "unpaid" else PAID, DONE if status == "completed" else ""
    return f"{number},{WORDS[status]},{gross},{refunded},0,{paid},{done},{phone},{title}"


def accepted(*lines: str) -> OrderImport:
    content = BytesIO("\n".join([HEADER, *lines]).encode())
    return importing.accept(file=content, name="orders.csv", channel_code=None, actor_id=None, at=NOW)


def told(*lines: str) -> OrderImport:
    done = importing.run(import_id=accepted(*lines).pk, at=NOW)
    assert (done.state, done.rejected) == ("DONE", 0)
    return done


def stands() -> tuple[str, str, str]:
    """Class, gross and refunded of the one order, which its one line tells as well."""
    (whole,), (part,) = rows(Order, "status", "gross", "refunded"), rows(OrderLine, "status", "gross", "refunded")
    assert whole[1:] == part[1:]
    return whole[0], f"{whole[1]:.0f}", f"{whole[2]:.0f}"


@pytest.mark.parametrize(
    ("before", "now", "then"),
    [
        (("unpaid", 100), ("paid", 100), ("paid", "100", "0")),
        (("paid", 100), ("unpaid", 100), ("paid", "100", "0")),
        (("paid", 100), ("completed", 100), ("completed", "100", "0")),
        (("completed", 100), ("paid", 100), ("completed", "100", "0")),
        (("paid", 100), ("paid", 180), ("paid", "180", "0")),
        (("completed", 100), ("paid", 180), ("completed", "100", "0")),
        (("paid", 100, 30), ("paid", 100, 50), ("partially_refunded", "100", "50")),
        (("paid", 100, 50), ("paid", 100, 30), ("partially_refunded", "100", "50")),
        (("paid", 100, 50), ("paid", 40, 0), ("partially_refunded", "100", "50")),
        (("unpaid", 100), ("closed", 0), ("closed", "0", "0")),
        (("paid", 100), ("closed", 0), ("refunded", "100", "100")),
        (("closed", 0), ("paid", 100), ("refunded", "100", "100")),
    ],
)
def test_a_line_moves_on_and_never_back(db: None, before: Any, now: Any, then: tuple[str, str, str]) -> None:
    told(line(*before))

    told(line(*now))

    assert stands() == then


@pytest.mark.parametrize(
    ("before", "now", "then"), [("面膜", "", "面膜"), ("", "面膜", "面膜"), ("面膜", "口红", "口红")]
)
def test_goods_are_those_that_were_last_named(db: None, before: str, now: str, then: str) -> None:
    told(line("paid", 100, title=before))

    told(line("paid", 100, title=now))

    assert rows(OrderLine, "title") == [(then,)]


def test_what_an_import_changes_is_kept_as_it_was(db: None) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    first = told(line("paid", 100, phone="13800000001"), line("paid", 50, number=E2))
    was, lines = Order.objects.filter(number=E1).values().get(), OrderLine.objects.filter(order__number=E1).values()
    line_was = lines.get()

    second = told(line("paid", 100, 30, phone="13800000001"), line("paid", 50, number=E2), line("paid", 1, number=E3))

    (kept,) = OrderBefore.objects.all()
    assert (kept.order_import, kept.author, kept.order_id, kept.given_to) == (second, first, was["id"], None)
    assert kept.posting == Posting.objects.get(key=f"youzan:{E1}#1").pk
    assert set(kept.was) == set(was)
    assert [(kept.was["status"], kept.was["refunded"], kept.was["paid_at"])] == [
        ("paid", 0, "2026-05-01T00:00:00+00:00")
    ]
    assert [(one["id"], one["title"], one["refunded"]) for one in kept.lines] == [(line_was["id"], "面膜", 0)]
    assert Order.objects.get(number=E1).last_import == second


def test_who_tells_an_order_as_it_stands_is_kept(db: None) -> None:
    lines = [line("paid", 100), line("paid", 50, number=E2)]
    first = told(*lines)
    ids = [order for (order,) in rows(Order, "pk")]

    second = told(lines[0])
    third = told(*lines)

    assert rows(OrderRetelling, "order_import", "author", "orders") == [
        (second.pk, first.pk, ids[:1]),
        (third.pk, first.pk, ids),
    ]
    assert rows(OrderBefore) == []


def test_a_line_that_changes_alone_is_a_change_of_its_order(db: None) -> None:
    told(line("paid", 100, title="面膜"))

    second = told(line("paid", 100, title="口红"))

    assert (second.updated, second.unchanged) == (1, 0)
    assert rows(Order, "last_import") == [(second.pk,)]
    assert [one["title"] for (kept,) in rows(OrderBefore, "lines") for one in kept] == ["面膜"]


def test_whose_an_import_makes_an_order_is_kept(db: None) -> None:
    told(line("paid", 100))

    told(line("paid", 100, phone="13800000001"))

    member = Member.objects.get()
    assert rows(OrderBefore, "given_to", "was__member_id") == [(member.pk, None)]
    assert rows(Identity) == []


def test_a_taken_order_that_is_told_again_earns_under_its_next_number(db: None) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    told(line("paid", 1, number=E9))
    channel = Order.objects.get().channel
    for number in (E1, E3):
        TakenOrder.objects.create(channel=channel, number=number, award=4)

    told(line("paid", 100, phone="13800000001"), line("paid", 50, number=E2, phone="13800000001"))

    assert rows(Posting, "key") == [(f"youzan:{E1}#4",), (f"youzan:{E2}#1",)]
    assert rows(TakenOrder, "number") == [(E3,)]
