"""Taobao and Tmall: the order list `ExportOrderList*.csv` of the seller centre, a row per order.

Its widths (41, 54, 56 columns and relatives) differ in columns at the end and in the middle, so columns are found by
name. 买家实际支付金额 is already *net*: 总金额 = 买家实际支付金额 + 退款金额 held in 24,087 of 24,087 real paid rows.
联系手机 is the receiver's phone and is not read.
"""

from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy

from orders.channels.base import Format, completion, payment, settled, within
from orders.channels.columns import Buyer, Count, Id, Money, Status, Text, Time
from orders.channels.rows import CLOSED, COMPLETED, PAID, UNPAID, ZERO, Row

STATUS_WORDS = {
    UNPAID: ("等待买家付款", "没有创建支付宝交易", "付款确认中"),
    PAID: ("买家已付款，等待卖家发货", "卖家部分发货", "卖家已发货，等待买家确认"),
    COMPLETED: ("交易成功",),
    CLOSED: ("交易关闭",),
}


class TaobaoList(Format):
    """The order list of the seller centre."""

    code = "taobao"
    name = gettext_lazy("Taobao / Tmall order list")
    lacks = ("子订单编号",)

    number = Id("订单编号")
    status = Status("订单状态", words=STATUS_WORDS)
    net = Money("买家实际支付金额", required=True)
    refund = Money("退款金额")
    shipping = Money("买家应付邮费")
    ordered_at = Time("订单创建时间")
    paid_at = Time("订单付款时间")
    completed_at = Time("确认收货时间")
    buyer = Buyer("买家会员名", limit=100)
    title = Text("宝贝标题")
    quantity = Count("宝贝总数量")

    def understand(
        self,
        line: int,
        number: str,
        status: str,
        net: Decimal | None,
        refund: Decimal | None,
        shipping: Decimal | None,
        ordered_at: datetime | None,
        paid_at: datetime | None,
        completed_at: datetime | None,
        buyer: str,
        title: str,
        quantity: int,
    ) -> Row:
        gross = None if net is None else net + (refund or ZERO)
        status, gross, refunded = settled(status, gross, refund, (TaobaoList.net, TaobaoList.refund))
        return Row(
            line, number, "", status, gross, refunded, within(shipping, gross),
            ordered_at, payment(status, paid_at), completion(status, completed_at), buyer, "", title, "", quantity,
        )  # fmt: skip
