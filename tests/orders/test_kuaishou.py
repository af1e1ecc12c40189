"""Kuaishou: a row per order; headers may have spaces, line breaks and ¥ in them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.orders.conftest import Understood

pytestmark = pytest.mark.usefixtures("english")

ORDER = {
    "订单号": "2612100012345678",
    "订单创建时间": "2026/05/01 08:00:00",
    "订单支付时间": "2026/05/01 08:03:22",
    "订单状态": "交易成功",
    "实付款": "¥1,059.90",
    "快递费": "0.00",
    "成交数量": "1",
    "商品名称": "抗皱眼霜 20g",
    "SKU编码": "EYE-20",
    "收货人电话": "138****0000",
}


def test_row_is_understood(understood: Understood) -> None:
    [row] = understood("KUAISHOU_61", ORDER)

    assert (row.number, row.row_key, row.status) == ("2612100012345678", "", "completed")
    assert (row.gross, row.refunded, row.sku) == (Decimal("1059.90"), Decimal(0), "EYE-20")
    assert (row.buyer, row.phone) == ("", "")
    assert row.paid_at.isoformat() == "2026-05-01T08:03:22+08:00"
    assert row.completed_at is None


@pytest.mark.parametrize("spelling", ["实付款(¥)", "实付款（￥）", " 实付款\n", "¥实付款", "实 付 款"])
def test_header_is_known_in_other_spellings(understood: Understood, spelling: str) -> None:
    header = [spelling if name == "实付款" else f" {name}\n" for name in ORDER]

    [row] = understood(header, {f" {name}\n": value for name, value in ORDER.items()} | {spelling: ORDER["实付款"]})

    assert row.gross == Decimal("1059.90")


@pytest.mark.parametrize(
    ("word", "after_sale", "status"),
    [
        ("待付款", "", "unpaid"),
        ("待发货", "", "paid"),
        ("已发货", "-", "paid"),
        ("已收货", "", "paid"),
        ("已签收", "", "paid"),
        ("订单成功", "", "completed"),
        ("交易成功", "售后成功", "refunded"),
        ("交易关闭", "售后成功", "refunded"),
        ("交易成功", "售后关闭", "completed"),
        ("已发货", "售后处理中", "hold"),
        ("交易关闭", "", "closed"),
        ("订单失败", "", "closed"),
    ],
)
def test_after_sale_wins_over_status(understood: Understood, word: str, after_sale: str, status: str) -> None:
    [row] = understood("KUAISHOU_61", ORDER | {"订单状态": word, "售后状态": after_sale})

    assert row.status == status
    assert row.gross == (Decimal(0) if status in ("unpaid", "closed") else Decimal("1059.90"))
    assert row.refunded == (row.gross if status == "refunded" else Decimal(0))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("订单号", "261210001234567"),
        ("实付款", "null"),
        ("实付款", "价格面议"),
        ("订单状态", ""),
    ],
)
def test_bad_cell_is_named(understood: Understood, column: str, value: str) -> None:
    [bad] = understood("KUAISHOU_61", ORDER | {column: value})

    assert (bad.column, bad.value) == (column, value)
