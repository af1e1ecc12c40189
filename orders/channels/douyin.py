"""Douyin: the order export of the shop, a row per sub-order, and the after-sales file, which adjusts those orders.

The same header also comes with a row per main order, whose 子订单编号, products and counts are joined by `;`: such a
row cannot be split and stands for its whole order. The after-sale column wins over the order status, and is the only
sign of a refund: then the whole row counts as refunded. No buyer is readable in the file. What went back in part is
only in the after-sales file.
"""

import re
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy

from orders.channels.base import (
    KEPT,
    Format,
    all_or_nothing,
    completion,
    given_back,
    nothing_back,
    payment,
    prevailing,
    within,
)
from orders.channels.columns import Count, Id, Money, PackedId, Status, Text, Time
from orders.channels.rows import CLOSED, COMPLETED, HOLD, PAID, REFUNDED, UNPAID, ZERO, Row

STATUS_WORDS = {
    UNPAID: ("待支付", "待付款"),
    PAID: ("待发货", "备货中", "已发货", "部分发货"),
    COMPLETED: ("已完成",),
    CLOSED: ("已关闭", "已取消"),
}
AFTER_SALE_WORDS = {
    KEPT: ("售后关闭", "换货成功", "换货待收货", "补寄成功"),
    REFUNDED: ("退款成功", "同意退款，退款成功"),
    HOLD: ("售后处理中",),
}
END_WORDS = {
    REFUNDED: AFTER_SALE_WORDS[REFUNDED],
    KEPT: (
        *AFTER_SALE_WORDS[KEPT],
        *AFTER_SALE_WORDS[HOLD],
        "待商家处理",
        "待买家退货",
        "待商家收货",
        "待平台处理",
        "待商家发货",
        "待买家收货",
        "退款中",
        "同意退款，退款中",
        "退款失败",
        "维修成功",
    ),
}
AFTER_SALE = re.compile(r"[0-9]{4,31}")


class DouyinOrders(Format):
    """The order export of a Douyin shop, by sub-order or by main order."""

    code = "douyin"
    name = gettext_lazy("Douyin order export")

    number = Id("主订单编号")
    row_key = PackedId("子订单编号")
    status = Status("订单状态", words=STATUS_WORDS, packed=True)
    after_sale = Status("售后状态", words=AFTER_SALE_WORDS, blank=KEPT, packed=True)
    paid = Money("订单应付金额", required=True)
    shipping = Money("运费")
    ordered_at = Time("订单提交时间")
    paid_at = Time("支付完成时间")
    completed_at = Time("订单完成时间")
    title = Text("选购商品")
    sku = Text("商家编码", limit=100)
    quantity = Count("商品数量")

    def understand(
        self,
        line: int,
        number: str,
        row_key: str,
        status: str,
        after_sale: str,
        paid: Decimal | None,
        shipping: Decimal | None,
        ordered_at: datetime | None,
        paid_at: datetime | None,
        completed_at: datetime | None,
        title: str,
        sku: str,
        quantity: int,
    ) -> Row:
        status = prevailing(status, after_sale)
        gross, refunded = all_or_nothing(status, paid, self.paid)
        return Row(
            line, number, row_key, status, gross, refunded, within(shipping, gross),
            ordered_at, payment(status, paid_at), completion(status, completed_at), "", "", title, sku, quantity,
        )  # fmt: skip


class DouyinAfterSales(Format):
    """The after-sales of a Douyin shop: what went back of the sub-orders of known orders, by the number of the
    after-sale."""

    code = "douyin_after_sales"
    platform = "douyin"
    name = gettext_lazy("Douyin after-sales")
    adjusts = True

    number = Id("订单号")
    part = Id("商品单号", shape=AFTER_SALE)
    after_sale = Id("售后单号", shape=AFTER_SALE)
    status = Status("售后状态", words=END_WORDS)
    goods = Money("退商品金额（元）", required=True)
    shipping = Money("退运费金额（元）")
    title = Text("商品名称")

    def understand(
        self,
        line: int,
        number: str,
        part: str,
        after_sale: str,
        status: str,
        goods: Decimal | None,
        shipping: Decimal | None,
        title: str,
    ) -> Row:
        if status != REFUNDED:
            raise nothing_back()
        if goods is None and shipping is None:
            raise self.goods.missing()
        back = (goods or ZERO) + (shipping or ZERO)
        return given_back(line, number, part, after_sale, back, title)
