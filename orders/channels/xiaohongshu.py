"""Xiaohongshu: the order export of the seller centre, a row per SKU with amounts per row.

The after-sale column wins over the order status, and is the only sign of a refund: then the whole row counts as
refunded. 用户编号 is who bought; the receiver's name, phone and address are not read.
"""

import re
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy

from orders.channels.base import KEPT, Format, all_or_nothing, completion, payment, prevailing
from orders.channels.columns import Buyer, Count, Id, Money, Status, Text, Time
from orders.channels.rows import CLOSED, COMPLETED, HOLD, PAID, REFUNDED, UNPAID, ZERO, Row

STATUS_WORDS = {
    UNPAID: ("待付款", "未支付", "待支付"),
    PAID: ("待配货", "已发货", "待收货"),
    COMPLETED: ("已签收", "已完成"),
    CLOSED: ("已取消", "已关闭"),
}
AFTER_SALE_WORDS = {
    KEPT: ("无售后", "售后关闭", "售后取消", "售后拒绝"),
    REFUNDED: ("售后完成",),
    HOLD: ("售后处理中",),
}
GIFT_WORDS = {"gift": ("是",), "": ("否",)}
NUMBER, SPECIFICATION = re.compile(r"P[0-9]{18}"), re.compile(r"[0-9A-Za-z_-]{1,58}")


class XiaohongshuOrders(Format):
    """The order export of a Xiaohongshu shop."""

    code = "xiaohongshu"
    name = gettext_lazy("Xiaohongshu order export")

    number = Id("订单号", shape=NUMBER)
    specification = Id("规格ID", shape=SPECIFICATION)
    gift = Status("是否为赠品", words=GIFT_WORDS, blank="", required=False)
    status = Status("订单状态", words=STATUS_WORDS)
    after_sale = Status("售后状态", words=AFTER_SALE_WORDS, blank=KEPT)
    paid = Money("用户应付金额(元)", required=True)
    ordered_at = Time("订单创建时间")
    paid_at = Time("支付时间")
    completed_at = Time("订单完成时间")
    buyer = Buyer("用户编号", required=True, limit=100)
    title = Text("SKU名称", "商品名称")
    sku = Text("商家编码", "小红书编码", limit=100)
    quantity = Count("SKU件数")

    def understand(
        self,
        line: int,
        number: str,
        specification: str,
        gift: str,
        status: str,
        after_sale: str,
        paid: Decimal | None,
        ordered_at: datetime | None,
        paid_at: datetime | None,
        completed_at: datetime | None,
        buyer: str,
        title: str,
        sku: str,
        quantity: int,
    ) -> Row:
        status = prevailing(status, after_sale)
        gross, refunded = all_or_nothing(status, paid, self.paid)
        key = f"{specification} {gift}".strip()
        return Row(
            line, number, key, status, gross, refunded, ZERO, ordered_at,
            payment(status, paid_at), completion(status, completed_at), buyer, "", title, sku, quantity,
        )  # fmt: skip
