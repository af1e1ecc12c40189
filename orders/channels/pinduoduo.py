"""Pinduoduo: the order export of the seller centre, a row per order, of the columns that the merchant ticked.

The after-sale column wins over the order status, and both are the only sign of a refund: then the whole order counts
as refunded. 商家实收金额(元) also holds the platform's subsidy and is not what the buyer paid. Only the wide export has
a phone, the buyer's own (用户购买手机号); masked, its end proves a claim.
"""

import re
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.channels.base import (
    KEPT,
    OWED_NOTHING,
    Format,
    all_or_nothing,
    completion,
    payment,
    prevailing,
    within,
)
from orders.channels.columns import SHANGHAI, Count, Id, Money, Phone, PhoneEnd, Status, Text, Time
from orders.channels.rows import CLOSED, COMPLETED, HOLD, PAID, REFUNDED, UNPAID, Row

STATUS_WORDS = {
    UNPAID: ("待支付",),
    PAID: ("待发货", "已发货，待签收", "已发货，待收货"),
    COMPLETED: ("已签收", "已收货"),
    REFUNDED: ("未发货，退款成功", "已发货，退款成功"),
    CLOSED: ("已取消",),
}
AFTER_SALE_WORDS = {
    KEPT: ("无售后或售后取消",),
    HOLD: ("售后处理中",),
    REFUNDED: ("退款成功",),
}
NUMBER = re.compile(r"[0-9]{6}-[0-9]{1,57}")


class PinduoduoOrders(Format):
    """The order export of a Pinduoduo shop, narrow or wide."""

    code = "pinduoduo"
    name = gettext_lazy("Pinduoduo order export")

    number = Id("订单号", shape=NUMBER, example="260517-123456789012345")
    status = Status("订单状态", words=STATUS_WORDS)
    after_sale = Status("售后状态", words=AFTER_SALE_WORDS, blank=KEPT, required=False)
    paid = Money("用户实付金额(元)", required=True)
    shipping = Money("邮费(元)")
    ordered_at = Time("下单时间")
    paid_at = Time("支付时间")
    closed_at = Time("订单成交时间")
    completed_at = Time("确认收货时间")
    phone = Phone("用户购买手机号")
    title = Text("商品")
    sku = Text("商家编码-规格维度", "商家编码-商品维度", "样式ID", limit=100)
    quantity = Count("商品数量(件)")
    phone_end = PhoneEnd()

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
        closed_at: datetime | None,
        completed_at: datetime | None,
        phone: str,
        title: str,
        sku: str,
        quantity: int,
        phone_end: str,
    ) -> Row:
        status = prevailing(status, after_sale)
        gross, refunded = all_or_nothing(status, paid, self.paid)
        paid_at = paid_at or closed_at
        if paid_at is None and status not in OWED_NOTHING:
            paid_at = self.day(number)
        return Row(
            line, number, "", status, gross, refunded, within(shipping, gross), ordered_at or closed_at,
            payment(status, paid_at), completion(status, completed_at), "", phone, title, sku, quantity, phone_end,
        )  # fmt: skip

    def day(self, number: str) -> datetime:
        """The day with which an order number begins, for rows without any time; raises BadCell."""
        try:
            return datetime.strptime(number[:6], "%y%m%d").replace(tzinfo=SHANGHAI)
        except ValueError:
            reason = _("This number does not begin with a day (yymmdd). Correct it, or export the file again.")
            raise self.number.bad(reason) from None
