"""Youzan: the export by order, and the one by product.

订单实付金额 and 商品实际成交金额 are *gross*: refunds (订单已退款金额, 商品已退款金额) are not taken off. The texts
of 订单退款状态 are not known, so refunds are told by the amounts. 买家手机号 is who bought; 收货人手机号/提货人手机号
is the receiver's: its end proves a claim, no more.
"""

import re
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy

from orders.channels.base import Format, completion, content_key, payment, settled, within
from orders.channels.columns import SHANGHAI, Count, Id, Money, Phone, PhoneEnd, Status, Text, Time
from orders.channels.rows import CLOSED, COMPLETED, PAID, UNPAID, ZERO, Row

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

    number = Id("订单号", shape=NUMBER, example="E20260501080322012345678")
    status = Status("订单状态", words=STATUS_WORDS)
    paid = Money("订单实付金额", required=True, remark=DISCOUNT_REMARK)
    refund = Money("订单已退款金额", required=True)
    shipping = Money("运费")
    ordered_at = Time("订单创建时间")
    paid_at = Time("买家付款时间")
    completed_at = Time("交易成功时间")
    phone = Phone("买家手机号")
    title = Text("全部商品名称")
    phone_end = PhoneEnd("收货人手机号/提货人手机号")

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
        phone_end: str,
    ) -> Row:
        columns = (YouzanOrders.paid, YouzanOrders.refund)
        status, gross, refunded = settled(status, paid, refund, columns)
        return Row(
            line, number, "", status, gross, refunded, within(shipping, gross),
            ordered_at, payment(status, paid_at), completion(status, completed_at), "", phone, title, "", 1, phone_end,
        )  # fmt: skip


class YouzanItems(Format):
    """The export by product: a row per product, amounts per row, no buyer and no time of payment.

    The number of an order begins with the second at which it was placed, which stands for the time of payment until a
    file by order tells it.
    """

    code = "youzan_items"
    platform = "youzan"
    name = gettext_lazy("Youzan export by product")
    own_shop = True

    number = Id("订单号", shape=NUMBER, example="E20260501080322012345678")
    status = Status("订单商品状态", words=STATUS_WORDS)
    paid = Money("商品实际成交金额", required=True, remark=DISCOUNT_REMARK)
    refund = Money("商品已退款金额", required=True)
    completed_at = Time("交易成功时间")
    title = Text("商品名称")
    option = Text("商品规格")
    sku = Text("规格编码", "商品编码", limit=100)
    quantity = Count("商品数量")
    phone_end = PhoneEnd("收货人手机号/提货人手机号")

    def understand(
        self,
        line: int,
        number: str,
        status: str,
        paid: Decimal | None,
        refund: Decimal | None,
        completed_at: datetime | None,
        title: str,
        option: str,
        sku: str,
        quantity: int,
        phone_end: str,
    ) -> Row:
        status, gross, refunded = settled(status, paid, refund, (self.paid, self.refund))
        key, placed = content_key(sku, title, option, paid), _placed(number)
        return Row(
            line, number, key, status, gross, refunded, ZERO,
            placed, payment(status, placed), completion(status, completed_at), "", "", title, sku, quantity, phone_end,
        )  # fmt: skip


def _placed(number: str) -> datetime | None:
    """The time within an order number, None if there is none."""
    try:
        placed = datetime.strptime(number[1:15], "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        return None
    return placed if 2000 <= placed.year <= 2100 else None
