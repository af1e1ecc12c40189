"""An order told by itself and by its parts, in any order of files, is one order, and its money counts once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from loyalty.models import EarningRule, Posting
from members.models import Member
from orders.models import Channel, Order, OrderLine
from tests.orders.conftest import Export
from tests.orders.test_importing import import_file

NUMBER = "4133907579383470175"
LIST = {
    "订单编号": NUMBER,
    "买家会员名": "user_1975",
    "买家实际支付金额": "100.00",
    "退款金额": "0.00",
    "订单状态": "卖家已发货，等待买家确认",
    "订单创建时间": "2026-05-01 15:36:57",
    "订单付款时间 ": "2026-05-01 15:40:57",
    "宝贝标题 ": "卸妆油，面膜",
    "宝贝总数量": "2",
}
REPORT = {
    "订单编号": NUMBER,
    "总金额": "100.00",
    "买家实际支付金额": "100.00",
    "退款金额": "0.00",
    "订单创建时间": "2026-05-01 15:36:57",
    "订单付款时间 ": "2026-05-01 15:40:57",
}
FIRST = {
    "子订单编号": "4133907579383470176",
    "主订单编号": NUMBER,
    "商品标题": "卸妆油",
    "订单状态": "交易成功",
    "买家实付金额": "60.00",
    "退款状态": "没有申请退款",
    "退款金额": "无退款申请",
    "订单创建时间": "2026-05-01 15:36:57",
    "订单付款时间": "2026-05-01 15:40:57",
}
SECOND = FIRST | {"子订单编号": "4133907579383470177", "商品标题": "面膜", "买家实付金额": "40.00"}
DOUYIN = {
    "主订单编号": "6956100831671628599",
    "子订单编号": "6956100831671628600;6956100831671628601",
    "订单应付金额": "100.00",
    "订单状态": "已发货",
    "售后状态": "-",
    "支付完成时间": "2026-05-01 11:29:26",
    "商品数量": "1;1",
}

Write = Callable[[], Path]


def stored() -> list[tuple[Any, ...]]:
    """Return every order and line, without what tells which file came first."""
    orders = Order.objects.order_by("number").values_list(
        "number", "status", "gross", "refunded", "shipping", "ordered_at", "paid_at", "completed_at", "buyer", "member"
    )
    lines = OrderLine.objects.order_by("order__number", "row_key").values_list(
        "row_key", "status", "gross", "refunded", "title", "sku", "quantity", "paid_at", "completed_at"
    )
    return [*orders, *lines]


def in_each_order(*files: Path) -> list[tuple[Any, ...]]:
    """Import files in every order, each into an empty database; return what is stored, which is always the same."""
    seen = []
    for arrival in permutations(files):
        OrderLine.objects.all().delete()
        Order.objects.all().delete()
        for file in arrival:
            import_file(file)
        seen.append(stored())
    assert all(one == seen[0] for one in seen)
    return seen[0]


def whole() -> tuple[str, Decimal, Decimal]:
    order = Order.objects.get()
    return order.status, order.gross, order.refunded


def test_list_and_items_of_an_order_are_one_order(db: None, export: Export) -> None:
    files = [export("TAOBAO_LIST_54", LIST), export("TAOBAO_ITEMS_27", FIRST, SECOND), export("TMALL_REPORT_7", REPORT)]

    in_each_order(*files)

    assert whole() == ("completed", Decimal(100), Decimal(0))
    assert Order.objects.get().buyer == "user_1975"
    assert list(OrderLine.objects.order_by("row_key").values_list("title", "quantity")) == [
        ("卸妆油，面膜", 2),
        ("卸妆油", 1),
        ("面膜", 1),
    ]
    assert Channel.objects.get().code == "taobao"


def test_items_that_tell_a_greater_refund_are_believed(db: None, export: Export) -> None:
    back = SECOND | {"买家实付金额": "10.00", "退款状态": "退款成功", "退款金额": "30.00"}

    in_each_order(export("TAOBAO_LIST_54", LIST), export("TAOBAO_ITEMS_27", FIRST, back))

    assert whole() == ("partially_refunded", Decimal(100), Decimal(30))


def test_items_of_a_part_only_do_not_complete_an_order(db: None, export: Export) -> None:
    in_each_order(export("TAOBAO_LIST_54", LIST), export("TAOBAO_ITEMS_27", FIRST))

    assert whole() == ("paid", Decimal(100), Decimal(0))


def test_list_that_is_older_than_the_payment_leaves_the_amounts_to_the_items(db: None, export: Export) -> None:
    unpaid = LIST | {"订单状态": "等待买家付款", "订单付款时间 ": ""}

    in_each_order(export("TAOBAO_LIST_54", unpaid), export("TAOBAO_ITEMS_27", FIRST, SECOND))

    assert whole() == ("completed", Decimal(100), Decimal(0))


def test_list_that_closes_an_order_takes_its_items_back(db: None, export: Export) -> None:
    closed = LIST | {"订单状态": "交易关闭", "买家实际支付金额": "0.00"}

    in_each_order(export("TAOBAO_LIST_54", closed), export("TAOBAO_ITEMS_27", FIRST, SECOND))

    assert whole() == ("refunded", Decimal(100), Decimal(100))


def test_douyin_by_main_order_and_by_sub_order_is_one_order(db: None, export: Export) -> None:
    one = DOUYIN | {"子订单编号": "6956100831671628600", "订单应付金额": "60.00", "商品数量": "1"}
    other = one | {"子订单编号": "6956100831671628601", "订单应付金额": "40.00", "售后状态": "退款成功"}

    in_each_order(export("DOUYIN_MAIN_75", DOUYIN), export("DOUYIN_SUB_74", one, other))

    assert whole() == ("partially_refunded", Decimal(100), Decimal(40))


@pytest.mark.parametrize("word", ["交易成功", "卖家已发货，等待买家确认"])
def test_paid_in_one_file_and_closed_in_another_was_given_back(db: None, export: Export, word: str) -> None:
    paid = LIST | {"订单状态": word}
    closed = LIST | {"订单状态": "交易关闭", "买家实际支付金额": "0.00", "退款金额": ""}

    in_each_order(export("TAOBAO_LIST_54", paid), export("TAOBAO_LIST_54", closed))

    assert whole() == ("refunded", Decimal(100), Decimal(100))


def test_points_of_an_order_that_closes_are_taken_back(db: None, export: Export) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    lin = Member.objects.create(name="Lin", phone="+8613800000001", joined_at="2026-01-01T00:00:00Z")
    lin.identities.create(channel="taobao", external_id="user_1975")

    given = import_file(export("TAOBAO_LIST_54", LIST))["points"]
    taken = import_file(export("TAOBAO_LIST_54", LIST | {"订单状态": "交易关闭", "买家实际支付金额": "0.00"}))["points"]

    assert (given, taken) == (100, -100)
    assert sum(Posting.objects.values_list("points", flat=True)) == 0
