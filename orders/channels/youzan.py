"""Youzan: the order-level export, a row per order.

订单实付金额 is *gross*: refunds (订单已退款金额) are not taken off. The texts of 订单退款状态 are not known, so
refunds are told by the amounts. 买家手机号 is who bought; 收货人手机号/提货人手机号 is the receiver's and is not read.
"""

import re
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy

from orders.channels.base import Format, completion, payment, settled, within
from orders.channels.columns import Id, Money, Phone, Status, Text, Time
from orders.channels.rows import CLOSED, COMPLETED, PAID, UNPAID, Row

STATUS_WORDS = {
    UNPAID: ("待付款",),
    PAID: ("待发货", "已发货"),
    COMPLETED: ("交易完成", "已完成"),
    CLOSED: ("交易关闭", "已关闭"),
}
NUMBER = re.compile(r"E[0-9]{8,63}")
DISCOUNT_REMARK = re.compile(r"\(分销商等级折扣:[0-9.,]+\)$")


class YouzanOrders(Format):
    """The order-level export of a Youzan shop."""

    code = "youzan"
    name = gettext_lazy("Youzan order export")
    own_shop = True

    number = Id("订单号", shape=NUMBER)
    status = Status("订单状态", words=STATUS_WORDS)
    paid = Money("订单实付金额", required=True, remark=DISCOUNT_REMARK)
    refund = Money("订单已退款金额", required=True)
    shipping = Money("运费")
    ordered_at = Time("订单创建时间")
    paid_at = Time("买家付款时间")
    completed_at = Time("交易成功时间")
    phone = Phone("买家手机号")
    title = Text("全部商品名称")

    def understand(
        self,
        line: int,
        number: str,
        status: str,
        paid: Decimal | None,
        refund: Decimal | None,
        shipping: Decimal | None,
        ordered_at: datetime | None,
        paid_at: datetime | None,
        completed_at: datetime | None,
        phone: str,
        title: str,
    ) -> Row:
        columns = (YouzanOrders.paid, YouzanOrders.refund)
        status, gross, refunded = settled(status, paid, refund, columns)
        return Row(
            line, number, "", status, gross, refunded, within(shipping, gross),
            ordered_at, payment(status, paid_at), completion(status, completed_at), "", phone, title, "", 1,
        )  # fmt: skip
