"""Taobao's export by sub-order and its reports without a status."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from orders.channels.rows import BadRow, Row
from tests.orders.conftest import HEADERS, Export, Understood, everything, imported

pytestmark = pytest.mark.usefixtures("english")

NUMBER = "4133907579383470175"
ITEM = {
    "子订单编号": '="4133907579383470176"',
    "主订单编号": f'="{NUMBER}"',
    "商品标题": "卸妆油 150ml",
    "商品价格": "69.00",
    "购买数量": "2",
    "商家编码": "OIL-150",
    "订单状态": "交易成功",
    "买家应付货款": "138.00",
    "买家实付金额": "100.00",
    "退款状态": "没有申请退款",
    "退款金额": "无退款申请",
    "订单创建时间": "2026-05-01 15:36:57",
    "订单付款时间": "2026-05-01 15:40:57",
}
OLDER = [
    "子订单编号", "主订单编号", "标题", "价格", "购买数量", "外部系统编号", "商品属性", "套餐信息", "备注", "订单状态",
    "商家编码", "支付单号", "买家应付货款", "买家实际支付金额", "退款状态", "退款金额", "订单创建时间", "订单付款时间",
]  # fmt: skip
REPORT = {
    "订单编号": NUMBER,
    "总金额": "69.00",
    "买家实际支付金额": "69.00",
    "收货地址 ": "上海",
    "订单创建时间": "2026-05-01 15:36:57",
    "订单付款时间 ": "2026-05-01 15:40:57",
    "退款金额": "0",
}
CUSTOM = {"订单编号": NUMBER, "买家实付金额": "69.00", "退款金额": "0.00", "订单付款时间": "2026-05-01 15:40:57"}


def amounts(row: Row) -> tuple[str, str, str]:
    return row.status, str(row.gross), str(row.refunded)


def test_item_is_a_part_of_its_order_without_a_buyer(understood: Understood) -> None:
    [row] = understood("TAOBAO_ITEMS_27", ITEM)

    assert (row.number, row.row_key) == (NUMBER, "4133907579383470176")
    assert amounts(row) == ("completed", "100.00", "0.00")
    assert (row.buyer, row.phone) == ("", "")
    assert (row.title, row.sku, row.quantity) == ("卸妆油 150ml", "OIL-150", 2)
    assert row.paid_at.isoformat() == "2026-05-01T15:40:57+08:00"


def test_items_of_an_order_add_up(db: None, export: Export) -> None:
    other = ITEM | {"子订单编号": "4133907579383470177", "买家实付金额": "29.50"}

    assert imported(export("TAOBAO_ITEMS_27", ITEM, other)) == {NUMBER: ("completed", "129.50", "0.00")}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (
            {"退款状态": "退款成功", "退款金额": "30.00", "买家实付金额": "70.00"},
            ("partially_refunded", "100.00", "30.00"),
        ),
        ({"退款状态": "退款成功", "退款金额": "100.00", "买家实付金额": "0.00"}, ("refunded", "100.00", "100.00")),
        ({"订单状态": "交易关闭", "退款金额": "100.00", "买家实付金额": "0.00"}, ("refunded", "100.00", "100.00")),
        ({"退款状态": "退款成功", "退款金额": ""}, ("refunded", "100.00", "100.00")),
        ({"退款状态": "退款关闭", "退款金额": "0.00"}, ("completed", "100.00", "0.00")),
        ({"退款状态": "买家已经申请退款，等待卖家同意"}, ("hold", "100.00", "0.00")),
        ({"订单状态": "等待买家付款", "订单付款时间": ""}, ("unpaid", "0.00", "0.00")),
        ({"订单状态": "交易关闭", "买家实付金额": "0.00"}, ("closed", "0.00", "0.00")),
    ],
)
def test_item_is_of_the_class_that_status_refund_and_amounts_tell(
    understood: Understood, own: dict[str, str], expected: tuple[str, str, str]
) -> None:
    [row] = understood("TAOBAO_ITEMS_27", ITEM | own)

    assert amounts(row) == expected
    assert (row.paid_at is None) == (row.status in ("unpaid", "closed"))


def test_older_export_of_18_columns_is_read_the_same(understood: Understood) -> None:
    older = {name: ITEM.get(name, "") for name in OLDER} | {"标题": "卸妆油 150ml", "买家实际支付金额": "100.00"}

    [row] = understood(OLDER, older)

    assert row == understood("TAOBAO_ITEMS_27", ITEM)[0]


def test_longer_export_and_a_workbook_are_read_the_same(understood: Understood, workbook: Export) -> None:
    longer = [*HEADERS["TAOBAO_ITEMS_27"], "发货时间", "应发货时间", "物流单号"]

    bare = ITEM | {name: ITEM[name].strip('="') for name in ("子订单编号", "主订单编号")}

    things = understood(longer, ITEM)

    assert things == understood("TAOBAO_ITEMS_27", ITEM) == everything(workbook("TAOBAO_ITEMS_27", bare))


@pytest.mark.parametrize(("column", "word"), [("订单状态", "交易冻结"), ("退款状态", "平台介入")])
def test_item_of_a_word_that_nobody_knows_is_kept_with_it(understood: Understood, column: str, word: str) -> None:
    [row] = understood("TAOBAO_ITEMS_27", ITEM | {column: word})

    assert (row.status, row.word, row.paid_at) == ("unknown", word, None)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, ("paid", "69.00", "0.00")),
        ({"买家实际支付金额": "39.00", "退款金额": "30.0"}, ("partially_refunded", "69.00", "30.00")),
        ({"买家实际支付金额": "0.0", "退款金额": "69.0"}, ("refunded", "69.00", "69.00")),
        ({"买家实际支付金额": "0", "订单付款时间 ": ""}, ("unpaid", "0.00", "0.00")),
        ({"买家实际支付金额": "0", "订单付款时间 ": "null"}, ("unpaid", "0.00", "0.00")),
        ({"订单付款时间 ": "", "买家实际支付金额": "0", "退款金额": "69"}, ("refunded", "69.00", "69.00")),
    ],
)
def test_report_tells_the_class_by_time_of_payment_and_amounts(
    understood: Understood, own: dict[str, str], expected: tuple[str, str, str]
) -> None:
    [row] = understood("TMALL_REPORT_7", REPORT | own)

    assert amounts(row) == expected
    assert (row.row_key, row.completed_at, row.buyer) == ("", None, "")


@pytest.mark.parametrize("number", ["1", "28010", f'="{NUMBER}"'])
def test_report_has_numbers_of_any_length(understood: Understood, number: str) -> None:
    [row] = understood("TMALL_REPORT_7", REPORT | {"订单编号": number})

    assert row.number == number.strip('="')


@pytest.mark.parametrize("column", ["买家实际支付金额"])
def test_paid_row_of_a_report_without_its_amount_is_bad(understood: Understood, column: str) -> None:
    [bad] = understood("TMALL_REPORT_7", REPORT | {column: "null"})

    assert (bad.column, bad.value) == (column, "null")


def test_custom_report_is_read_like_the_report(understood: Understood) -> None:
    [row] = understood("QIANNIU_CUSTOM_19", CUSTOM | {"商品标题": "卸妆油"})

    assert amounts(row) == ("paid", "69.00", "0.00")
    assert row.title == "卸妆油"
    assert row.paid_at.utcoffset() == timedelta(hours=8)


def test_custom_report_with_an_order_twice_is_read_only_where_both_say_the_same(understood: Understood) -> None:
    same, other = CUSTOM | {"商品标题": "面膜"}, CUSTOM | {"买家实付金额": "31.00"}

    first, second, bad = understood("QIANNIU_CUSTOM_19", CUSTOM, same, other)

    assert first.gross == second.gross == Decimal(69)
    assert isinstance(bad, BadRow)
    assert "Line 2" in bad.reason
