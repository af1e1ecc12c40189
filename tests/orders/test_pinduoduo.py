"""Pinduoduo: narrow below its preamble line and wide with the buyer's own phone; a refund is only a status."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.orders.conftest import HEADERS, Export, Understood, everything, imported

pytestmark = pytest.mark.usefixtures("english")

ORDER = {
    "订单成交时间": "2026-05-17 08:05:00\t",
    "商品": "玻尿酸面膜 5片装",
    "订单号": "260517-123456789012345\t",
    "订单状态": "已收货",
    "商品总价(元)": "1,299.00",
    "邮费(元)": "0.00",
    "平台优惠折扣(元)": "100.00",
    "用户实付金额(元)": "1,199.00",
    "商家实收金额(元)": "1,299.00",
    "商品数量(件)": "3",
    "确认收货时间": "2026-05-20 10:00:00",
    "样式ID": "556677",
    "商家编码-规格维度": "MSK-5",
    "售后状态": "无售后或售后取消",
}
WIDE = ORDER | {"支付时间": "2026-05-17 08:06:00", "下单时间": "2026-05-17 08:04:00", " 用户购买手机号": "13800007596"}
NUMBER = "260517-123456789012345"


def test_row_below_the_preamble_is_understood(export: Export) -> None:
    [row] = everything(export("PDD_23", ORDER, before="名称：订单明细\r\n"))

    assert (row.line, row.number, row.row_key) == (3, NUMBER, "")
    assert (row.status, row.gross, row.refunded) == ("completed", Decimal(1199), Decimal(0))
    assert (row.buyer, row.phone, row.sku, row.quantity) == ("", "", "MSK-5", 3)
    assert row.paid_at.isoformat() == "2026-05-17T08:05:00+08:00"
    assert row.completed_at.isoformat() == "2026-05-20T10:00:00+08:00"


def test_wide_export_has_the_phone_of_the_buyer_and_the_time_of_payment(understood: Understood) -> None:
    [row] = understood("PDD_WIDE_62", WIDE)

    assert row.phone == "+8613800007596"
    assert row.paid_at.isoformat() == "2026-05-17T08:06:00+08:00"
    assert row.ordered_at.isoformat() == "2026-05-17T08:04:00+08:00"


def test_masked_phone_is_nobodys(understood: Understood) -> None:
    [row] = understood("PDD_WIDE_62", WIDE | {" 用户购买手机号": "138****7596"})

    assert row.phone == ""


def test_columns_may_be_any_that_the_merchant_ticked(understood: Understood) -> None:
    ticked = [
        name for name in HEADERS["PDD_WIDE_62"] if name not in ("售后状态", "邮费(元)", "订单成交时间", "商品数量(件)")
    ]

    [row] = understood(ticked[::-1], WIDE)

    assert (row.status, row.gross, row.quantity) == ("completed", Decimal(1199), 1)


def test_paid_order_without_a_time_is_of_the_day_in_its_number(understood: Understood) -> None:
    [row] = understood("PDD_23", ORDER | {"订单成交时间": ""})

    assert row.paid_at.isoformat() == "2026-05-17T00:00:00+08:00"


def test_paid_order_without_a_time_and_with_no_day_in_its_number_is_bad(understood: Understood) -> None:
    [bad] = understood("PDD_23", ORDER | {"订单成交时间": "", "订单号": "260532-123456789012345"})

    assert (bad.column, bad.value) == ("订单号", "260532-123456789012345")


@pytest.mark.parametrize(
    ("word", "after_sale", "status", "gross", "refunded"),
    [
        ("待支付", "", "unpaid", "0.00", "0.00"),
        ("待发货", "无售后或售后取消", "paid", "1199.00", "0.00"),
        ("已发货，待签收", "-", "paid", "1199.00", "0.00"),
        ("已发货,待收货", "", "paid", "1199.00", "0.00"),
        ("已签收", "", "completed", "1199.00", "0.00"),
        ("未发货，退款成功", "无售后或售后取消", "refunded", "1199.00", "1199.00"),
        ("已发货，退款成功", "退款成功", "refunded", "1199.00", "1199.00"),
        ("已收货", "退款成功", "refunded", "1199.00", "1199.00"),
        ("已收货", "售后处理中", "hold", "1199.00", "0.00"),
        ("已取消", "无售后或售后取消", "closed", "0.00", "0.00"),
    ],
)
def test_after_sale_wins_over_status(
    understood: Understood, word: str, after_sale: str, status: str, gross: str, refunded: str
) -> None:
    [row] = understood("PDD_23", ORDER | {"订单状态": word, "售后状态": after_sale})

    assert (row.status, row.gross, row.refunded) == (status, Decimal(gross), Decimal(refunded))
    assert (row.completed_at is None) == (status != "completed")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("用户实付金额(元)", "-"),
        ("订单号", "260517123456789012345"),
        ("确认收货时间", "2026-05-32 10:00:00"),
    ],
)
def test_bad_cell_is_named(understood: Understood, column: str, value: str) -> None:
    [bad] = understood("PDD_23", ORDER | {column: value})

    assert (bad.column, bad.value) == (column, value)


def test_after_sale_in_a_later_file_takes_the_order_back(db: None, export: Export) -> None:
    later = ORDER | {"售后状态": "退款成功"}

    assert imported(export("PDD_23", ORDER), export("PDD_23", later)) == {NUMBER: ("refunded", "1199.00", "1199.00")}
