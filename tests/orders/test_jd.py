"""JD: the amount of an order stands on each of its SKUs and counts once; a split parent counts nothing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from members.models import Member
from orders.models import Order
from tests.orders.conftest import Export, Understood, imported

pytestmark = pytest.mark.usefixtures("english")

ORDER = {
    "订单号": "301234567890",
    "商品ID": "100012345678",
    "商品名称": "保湿面霜 50g",
    "订购数量": "2",
    "下单时间": "2026-05-01 10:00:00",
    "京东价": "129.00",
    "订单金额": "327.00",
    "商家应收": "299.00（系统计算中，该值仅供参考）",
    "余额支付": "0.00",
    "应付金额": "307.00",
    "订单状态": "完成",
    "下单帐号": "jd_user_77",
    "联系电话": "1******6198",
    "运费金额": "6.00",
    "付款确认时间": "2026-05-01 10:02:00",
    "订单完成时间": "2026-05-08 09:00:00",
}
SECOND = ORDER | {"商品ID": "100012345679", "商品名称": "护手霜 75ml", "订购数量": "1", "京东价": "69.00"}
NUMBER = ORDER["订单号"]


@pytest.mark.parametrize("header", ["JD_30_2016", "JD_80_2026"])
def test_row_is_understood_in_either_year(understood: Understood, header: str) -> None:
    [row] = understood(header, ORDER)

    assert (row.number, row.status, row.gross, row.shipping) == (NUMBER, "completed", Decimal(307), Decimal(6))
    assert (row.buyer, row.phone, row.title, row.quantity) == ("jd_user_77", "", "保湿面霜 50g", 2)
    assert row.paid_at.utcoffset() == timedelta(hours=8)


def test_amount_of_an_order_counts_once(db: None, export: Export) -> None:
    other = ORDER | {"订单号": "301234567891", "应付金额": "50.00"}

    result = imported(export("JD_80_2026", ORDER, other, SECOND, SECOND))

    assert result == {NUMBER: ("completed", "307.00", "0.00"), "301234567891": ("completed", "50.00", "0.00")}
    assert Order.objects.get(number=NUMBER).lines.count() == 2


def test_amount_counts_once_though_the_rows_come_in_two_files(db: None, export: Export) -> None:
    result = imported(export("JD_80_2026", SECOND), export("JD_80_2026", ORDER), export("JD_80_2026", ORDER, SECOND))

    assert result == {NUMBER: ("completed", "307.00", "0.00")}
    assert Order.objects.get().shipping == Decimal(6)


def test_what_came_from_the_balance_was_paid_too(understood: Understood) -> None:
    [row] = understood("JD_80_2026", ORDER | {"应付金额": "300.00", "余额支付": "7.00"})

    assert row.gross == Decimal(307)


def test_split_parent_counts_nothing_beside_its_children(db: None, export: Export) -> None:
    parent = ORDER | {"订单状态": "(删除)等待出库", "商家备注": "订单拆分为 301234567891 301234567892"}
    children = [
        SECOND | {"订单号": "301234567891", "应付金额": "200.00"},
        ORDER | {"订单号": "301234567892", "应付金额": "107.00"},
    ]

    result = imported(export("JD_80_2026", parent, *children))

    assert result[NUMBER] == ("closed", "0.00", "0.00")
    assert sum(Decimal(gross) - Decimal(back) for _status, gross, back in result.values()) == Decimal(307)


def test_parent_that_counted_before_it_was_split_is_taken_back(db: None, export: Export) -> None:
    paid = ORDER | {"订单状态": "等待出库", "订单完成时间": ""}
    parent = paid | {"订单状态": "（删除）等待出库"}
    child = paid | {"订单号": "301234567891"}

    result = imported(export("JD_80_2026", paid), export("JD_80_2026", parent, child))

    assert result == {NUMBER: ("refunded", "307.00", "307.00"), "301234567891": ("paid", "307.00", "0.00")}


@pytest.mark.parametrize(
    ("word", "status", "gross"),
    [
        ("等待付款", "unpaid", "0.00"),
        ("等待出库", "paid", "307.00"),
        ("等待确认收货", "paid", "307.00"),
        ("已取消", "closed", "0.00"),
        ("暂停", "hold", "307.00"),
        ("锁定", "hold", "307.00"),
        ("(锁定)等待出库", "hold", "307.00"),
        ("(删除)等待付款", "closed", "0.00"),
    ],
)
def test_status_words(understood: Understood, word: str, status: str, gross: str) -> None:
    [row] = understood("JD_80_2026", ORDER | {"订单状态": word})

    assert (row.status, row.gross) == (status, Decimal(gross))
    assert row.completed_at is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("应付金额", "499.00（系统计算中，该值仅供参考）"),
        ("应付金额", ""),
        ("订单号", "3.01E+11"),
    ],
)
def test_bad_cell_is_named(understood: Understood, column: str, value: str) -> None:
    [bad] = understood("JD_80_2026", ORDER | {column: value})

    assert (bad.column, bad.value) == (column, value)


def test_account_in_its_other_spelling_matches_a_member(db: None, export: Export, lin: Member) -> None:
    lin.identities.create(channel="jd", external_id="jd_user_77")
    header = ["订单号", "商品ID", "应付金额", "订单状态", "下单账号", "付款确认时间"]

    imported(export(header, ORDER | {"下单账号": "jd_user_77"}))

    assert Order.objects.get().member == lin
