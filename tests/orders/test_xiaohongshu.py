"""Xiaohongshu: a workbook with a row per SKU; amounts add up, the after-sale is the only sign of a refund."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from members.models import Member
from orders import reading
from orders.channels.rows import RefusedFile
from orders.models import Order
from tests.orders.conftest import HEADERS, Export, Understood, everything, imported

pytestmark = pytest.mark.usefixtures("english")

NUMBER = "P712345678901234567"
ORDER = {
    "订单号": NUMBER,
    "订单状态": "已完成",
    "售后状态": "无售后",
    "收件人电话": "13900000000",
    "规格ID": "65f0a1b2c3d4e5f6a7b8c9d0",
    "SKU名称": "防晒乳 SPF50+",
    "SKU件数": "2",
    "是否为赠品": "否",
    "商品总价(元)": "198.00",
    "用户应付金额(元)": "178.20",
    "商家应收金额(元)（支付金额）": "188.20",
    "支付时间": "2026-05-01 12:00:00",
    "订单创建时间": "2026-05-01 11:59:00",
    "订单完成时间": "2026-05-10 12:00:00",
    "用户编号": "5f3c0000000000000100aaaa",
    "商家编码": "SUN-50",
}
SECOND = ORDER | {"规格ID": "65f0a1b2c3d4e5f6a7b8c9d1", "SKU名称": "护手霜", "用户应付金额(元)": "29.00"}


def test_row_of_a_workbook_is_understood(workbook: Export) -> None:
    times = {"支付时间": datetime(2026, 5, 1, 12), "用户应付金额(元)": 178.2, "SKU件数": 2}

    [row] = everything(workbook("XHS_72", ORDER | times))

    assert (row.line, row.number, row.row_key) == (2, NUMBER, "65f0a1b2c3d4e5f6a7b8c9d0")
    assert (row.status, row.gross, row.quantity, row.sku) == ("completed", Decimal("178.20"), 2, "SUN-50")
    assert (row.buyer, row.phone) == ("5f3c0000000000000100aaaa", "")
    assert row.paid_at.isoformat() == "2026-05-01T12:00:00+08:00"


def test_rows_add_up_and_a_refunded_row_counts_nothing(db: None, export: Export) -> None:
    back = SECOND | {"售后状态": "售后完成"}

    assert imported(export("XHS_72", ORDER, ORDER, back)) == {NUMBER: ("partially_refunded", "207.20", "29.00")}


def test_gift_beside_the_same_goods_is_a_row_of_its_own(db: None, export: Export) -> None:
    gift = ORDER | {"是否为赠品": "是", "用户应付金额(元)": "0.00"}

    result = imported(export("XHS_72", ORDER, gift))

    assert result == {NUMBER: ("completed", "178.20", "0.00")}
    assert Order.objects.get().lines.count() == 2


@pytest.mark.parametrize(
    ("word", "after_sale", "status"),
    [
        ("待付款", "无售后", "unpaid"),
        ("未支付", "", "unpaid"),
        ("待支付", "", "unpaid"),
        ("待配货", "无售后", "paid"),
        ("已发货", "售后关闭", "paid"),
        ("待收货", "售后取消", "paid"),
        ("已签收", "售后拒绝", "completed"),
        ("已完成", "售后处理中", "hold"),
        ("已完成", "售后完成", "refunded"),
        ("已取消", "无售后", "closed"),
        ("已关闭", "无售后", "closed"),
        ("已取消", "售后完成", "refunded"),
    ],
)
def test_after_sale_wins_over_status(understood: Understood, word: str, after_sale: str, status: str) -> None:
    [row] = understood("XHS_72", ORDER | {"订单状态": word, "售后状态": after_sale})

    assert row.status == status
    assert row.gross == (Decimal(0) if status in ("unpaid", "closed") else Decimal("178.20"))
    assert row.refunded == (row.gross if status == "refunded" else Decimal(0))


def test_other_brackets_in_the_header_are_the_same(understood: Understood) -> None:
    header = [name.replace("(", "（").replace(")", "）") for name in HEADERS["XHS_72"]]

    [row] = understood(header, {name.replace("(", "（").replace(")", "）"): value for name, value in ORDER.items()})

    assert row.gross == Decimal("178.20")


@pytest.mark.parametrize(
    ("column", "value"),
    [("订单号", "712345678901234567"), ("规格ID", ""), ("用户应付金额(元)", "金额异常")],
)
def test_bad_cell_is_named(understood: Understood, column: str, value: str) -> None:
    [bad] = understood("XHS_72", ORDER | {column: value})

    assert (bad.column, bad.value) == (column, value)


def test_buyer_is_matched_by_his_number_on_the_platform(db: None, export: Export, lin: Member) -> None:
    lin.identities.create(channel="xiaohongshu", external_id=ORDER["用户编号"])

    imported(export("XHS_72", ORDER))

    assert Order.objects.get().member == lin


def test_refunds_file_is_refused_by_name(export: Export) -> None:
    with pytest.raises(RefusedFile, match="after-sales file of Xiaohongshu"):
        reading.recognise(export(["订单号", "规格ID", "状态", "申请售后金额(元)"], {"订单号": NUMBER}))
