"""Kuaishou: the order export of the shop, a row per order.

The after-sale column wins over the order status, and is the only sign of a refund: then the whole order counts as
refunded. No column has the time of completion, and no buyer is in the file. 收货人电话 is the
receiver's: its end proves a claim, no more.
"""

import re
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy

from orders.channels.base import KEPT, Format, all_or_nothing, payment, prevailing, within
from orders.channels.columns import Count, Id, Money, PhoneEnd, Status, Text, Time
from orders.channels.rows import CLOSED, COMPLETED, HOLD, PAID, REFUNDED, UNPAID, Row

STATUS_WORDS = {
    UNPAID: ("待付款",),
    PAID: ("待发货", "已发货", "已收货", "已签收"),
    COMPLETED: ("交易成功", "订单成功"),
    CLOSED: ("交易关闭", "订单失败"),
}
AFTER_SALE_WORDS = {
    KEPT: ("无售后", "售后关闭", "售后取消"),
    HOLD: ("售后中", "售后处理中"),
    REFUNDED: ("售后成功",),
}
NUMBER = re.compile(r"[0-9]{16}")


class KuaishouOrders(Format):
    """The order export of a Kuaishou shop."""

    code = "kuaishou"
    name = gettext_lazy("Kuaishou order export")

    number = Id("订单号", shape=NUMBER, example="2412300012345678")
    status = Status("订单状态", words=STATUS_WORDS)
    after_sale = Status("售后状态", words=AFTER_SALE_WORDS, blank=KEPT, required=False)
    paid = Money("实付款", "实付款(¥)", "实付款(元)", required=True)
    shipping = Money("快递费", "快递费(¥)", "快递费(元)")
    ordered_at = Time("订单创建时间")
    paid_at = Time("订单支付时间", required=True)
    title = Text("商品名称")
    sku = Text("SKU编码", limit=100)
    quantity = Count("成交数量")
    phone_end = PhoneEnd("收货人电话")

    def understand(
        self,
        line: int,
        number: str,
        status: str,
        after_sale: str,
        paid: Decimal | None,
        shipping: Decimal | None,
        ordered_at: datetime | None,
        paid_at: datetime | None,
        title: str,
        sku: str,
        quantity: int,
        phone_end: str,
    ) -> Row:
        status = prevailing(status, after_sale)
        gross, refunded = all_or_nothing(status, paid, self.paid)
        return Row(
            line, number, "", status, gross, refunded, within(shipping, gross),
            ordered_at, payment(status, paid_at), None, "", "", title, sku, quantity, phone_end,
        )  # fmt: skip
