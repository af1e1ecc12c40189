"""Youzan's export by product: gross amounts add up, refunds are taken off, an export by order tells the rest."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orders.models import Order
from tests.orders.conftest import Export, Understood, imported
from tests.orders.test_two_tellings import in_each_order

pytestmark = pytest.mark.usefixtures("english")

NUMBER = "E20260501144516091837897"
ITEM = {
    "订单号": NUMBER,
    "订单商品状态": "交易完成",
    "交易成功时间": "2026-05-08 05:44:47",
    "商品名称": "保湿面霜 50g",
    "商品规格": "标准装",
    "规格编码": "CRM-50",
    "商品数量": "1",
    "商品金额小计": "129.00",
    "商品实际成交金额": "80.00",
    "收货人手机号/提货人手机号": "13800007390",
    "商品退款状态": "",
    "商品已退款金额": "0.00",
}
SECOND = ITEM | {"商品名称": "护手霜", "规格编码": "HND-75", "商品实际成交金额": "20.00"}
ORDER = {
    "订单号": NUMBER,
    "订单状态": "交易完成",
    "订单实付金额": "106.00",
    "运费": "6.00",
    "订单已退款金额": "0.00",
    "订单创建时间": "2026-05-01 14:45:16",
    "买家付款时间": "2026-05-01 14:48:18",
    "交易成功时间": "2026-05-08 05:44:47",
    "全部商品名称": "保湿面霜 50g,护手霜",
    "买家手机号": "13800007596",
}


def test_item_has_the_time_of_its_number_and_no_buyer(understood: Understood) -> None:
    [row] = understood("YOUZAN_ITEM_37", ITEM)

    assert (row.number, row.status, row.gross, row.sku) == (NUMBER, "completed", Decimal(80), "CRM-50")
    assert (row.buyer, row.phone) == ("", "")
    assert row.paid_at.isoformat() == row.ordered_at.isoformat() == "2026-05-01T14:45:16+08:00"


def test_items_add_up_less_what_was_refunded(db: None, export: Export) -> None:
    back = ITEM | {"商品已退款金额": "30.00"}

    assert imported(export("YOUZAN_ITEM_37", back, SECOND, SECOND)) == {
        NUMBER: ("partially_refunded", "100.00", "30.00")
    }


def test_same_goods_at_two_prices_are_two_items_in_any_order(db: None, export: Export) -> None:
    cheaper = ITEM | {"商品实际成交金额": "50.00", "商品已退款金额": "50.00", "订单商品状态": "交易关闭"}

    in_each_order(export("YOUZAN_ITEM_37", ITEM, cheaper), export("YOUZAN_ITEM_37", cheaper, ITEM))

    assert Order.objects.values_list("status", "gross", "refunded").get() == ("partially_refunded", 130, 50)


def test_items_and_the_order_itself_are_one_order(db: None, export: Export) -> None:
    in_each_order(export("YOUZAN_ORDER_60", ORDER), export("YOUZAN_ITEM_37", ITEM, SECOND | {"商品已退款金额": "5.00"}))

    order = Order.objects.get()
    assert (order.gross, order.refunded, order.shipping) == (Decimal(106), Decimal(5), Decimal(6))
    assert order.paid_at.isoformat() == "2026-05-01T06:48:18+00:00"


@pytest.mark.parametrize(("column", "value"), [("商品实际成交金额", "金额异常"), ("商品已退款金额", "80.01")])
def test_bad_cell_is_named(understood: Understood, column: str, value: str) -> None:
    [bad] = understood("YOUZAN_ITEM_37", ITEM | {column: value})

    assert (bad.column, bad.value) == (column, value)
