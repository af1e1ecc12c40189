"""WeChat shop: the order's amount stands on each of its products and counts once; each product has its own refund."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orders.channels import wechat
from orders.models import Order
from tests.orders.conftest import Export, Understood, imported

pytestmark = pytest.mark.usefixtures("english")

NUMBER = "3715800012345678901"
FIRST = {
    "订单号": NUMBER,
    "订单下单时间": "2026-05-01 12:00:00",
    "订单确认收货时间": "2026-05-09 12:00:00",
    "订单状态": "已完成",
    "收件人手机": "13900000000",
    "订单实际支付金额": "100.00",
    "订单运费": "10.00",
    "支付时间": "2026-05-01 12:01:00",
    "商品名称": "保湿面霜 50g",
    "SKU编码(自定义)": "CRM-50",
    "商品实际价格(总共)": "60.00",
    "商品数量": "1",
    "商品已退款金额": "0.00",
}
SECOND = FIRST | {"商品名称": "护手霜 75ml", "SKU编码(自定义)": "HND-75", "商品实际价格(总共)": "30.00"}


def test_row_is_understood(understood: Understood) -> None:
    [row] = understood("WECHAT_57", FIRST)

    assert (row.number, row.status, row.gross, row.shipping) == (NUMBER, "completed", Decimal(100), Decimal(10))
    assert (row.buyer, row.phone, row.sku) == ("", "", "CRM-50")
    assert row.paid_at.isoformat() == "2026-05-01T12:01:00+08:00"
    assert row.completed_at.isoformat() == "2026-05-09T12:00:00+08:00"


def test_amount_that_each_row_repeats_counts_once(db: None, export: Export) -> None:
    assert imported(export("WECHAT_57", FIRST, SECOND)) == {NUMBER: ("completed", "100.00", "0.00")}
    assert Order.objects.get().shipping == Decimal(10)
    assert Order.objects.get().lines.count() == 2


def test_amount_counts_once_though_the_rows_are_apart_or_in_two_files(db: None, export: Export) -> None:
    other = FIRST | {"订单号": "3715800012345678902"}

    result = imported(export("WECHAT_57", SECOND), export("WECHAT_57", FIRST, other, SECOND))

    assert result[NUMBER] == ("completed", "100.00", "0.00")


def test_refunds_of_the_products_are_taken_off_the_order(db: None, export: Export) -> None:
    back = SECOND | {"商品已退款金额": "30.00", "商品售后": "退款完成"}

    assert imported(export("WECHAT_57", FIRST, back)) == {NUMBER: ("partially_refunded", "100.00", "30.00")}


def test_order_whose_products_are_all_refunded_is_refunded(db: None, export: Export) -> None:
    rows = [FIRST | {"商品已退款金额": "70.00"}, SECOND | {"商品已退款金额": "30.00"}]

    assert imported(export("WECHAT_57", *rows)) == {NUMBER: ("refunded", "100.00", "100.00")}


@pytest.mark.parametrize(
    ("amounts", "total"),
    [
        (("60.00", "30.00"), "90.00"),  # each its own product
        (("70.00", "30.00"), "100.00"),  # and the shipping with the first
        (("55.00", "27.00"), "82.00"),  # less some discount
    ],
)
def test_amounts_that_differ_within_an_order_add_up(
    db: None, export: Export, amounts: tuple[str, str], total: str
) -> None:
    rows = [FIRST | {"订单实际支付金额": amounts[0]}, SECOND | {"订单实际支付金额": amounts[1]}]

    assert imported(export("WECHAT_57", *rows)) == {NUMBER: ("completed", total, "0.00")}
    assert Order.objects.get().shipping == Decimal(10)


def test_amounts_of_the_products_add_up_in_a_file_that_was_sorted(db: None, export: Export) -> None:
    first, second = FIRST | {"订单实际支付金额": "60.00"}, SECOND | {"订单实际支付金额": "30.00"}
    other = FIRST | {"订单号": "3715800012345678902"}

    result = imported(export("WECHAT_57", second, other, first))

    assert result == {NUMBER: ("completed", "90.00", "0.00"), other["订单号"]: ("completed", "100.00", "0.00")}


def test_amounts_of_the_products_add_up_though_one_row_had_to_be_mended(db: None, export: Export) -> None:
    own = FIRST | {"订单实际支付金额": "60.00", "订单运费": "0.00"}
    other = SECOND | {"订单实际支付金额": "30.00", "订单运费": "0.00"}
    broken = other | {"支付时间": "yesterday"}

    first = imported(export("WECHAT_57", own, broken))
    mended = imported(export("WECHAT_57", other))
    again = imported(export("WECHAT_57", own, other))

    assert first == {NUMBER: ("completed", "60.00", "0.00")}
    assert mended == again == {NUMBER: ("completed", "90.00", "0.00")}


def test_no_more_rows_are_held_than_fit_into_memory(understood: Understood, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wechat, "MOST_HELD", 2)
    orders = [FIRST | {"订单号": f"371580001234567890{place}"} for place in range(5)]

    rows = understood("WECHAT_57", *orders)

    assert [row.number for row in rows] == [one["订单号"] for one in orders]


def test_equal_amounts_that_are_each_of_their_own_product_add_up(db: None, export: Export) -> None:
    rows = [
        one | {"订单实际支付金额": "50.00", "商品实际价格(总共)": "50.00", "订单运费": "0.00"}
        for one in (FIRST, SECOND)
    ]

    assert imported(export("WECHAT_57", *rows)) == {NUMBER: ("completed", "100.00", "0.00")}


def test_equal_amounts_below_the_prices_are_the_orders(db: None, export: Export) -> None:
    rows = [one | {"订单实际支付金额": "85.00"} for one in (FIRST, SECOND)]

    assert imported(export("WECHAT_57", *rows)) == {NUMBER: ("completed", "85.00", "0.00")}


def test_refund_by_status_alone_is_the_whole_product(understood: Understood) -> None:
    first, second = understood("WECHAT_57", FIRST, SECOND | {"商品售后": "退款完成"})

    assert (first.refunded, second.refunded) == (Decimal(0), Decimal(30))


@pytest.mark.parametrize(
    ("word", "status"),
    [("待付款", "unpaid"), ("待发货", "paid"), ("已发货", "paid"), ("已取消", "closed")],
)
def test_status_words(understood: Understood, word: str, status: str) -> None:
    [row] = understood("WECHAT_57", FIRST | {"订单状态": word})

    assert row.status == status
    assert row.gross == (Decimal(100) if status == "paid" else Decimal(0))


@pytest.mark.parametrize(
    ("column", "value"),
    [("订单实际支付金额", ""), ("商品已退款金额", "100.01")],
)
def test_bad_cell_is_named(understood: Understood, column: str, value: str) -> None:
    good, bad = understood("WECHAT_57", FIRST, SECOND | {column: value})

    assert (good.line, bad.line) == (2, 3)
    assert (bad.column, bad.value) == (column, value)
