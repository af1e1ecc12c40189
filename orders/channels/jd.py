"""JD: the order export of the seller centre, a row per SKU that repeats the amounts of its order.

What the buyer paid is 应付金额 and what he took from his balance (余额支付). A split order stays in the file as a
deleted parent, `(删除)…`, beside its children, which are ordinary orders: the parent counts nothing. There is no sign
of refunds. 下单帐号 is who bought; 联系电话 is the receiver's and masked: its end proves a
claim, no more.
"""

from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy

from orders.channels.base import Format, all_or_nothing, completion, payment, repeated, within
from orders.channels.columns import Buyer, Count, Id, Money, PhoneEnd, Status, Text, Time
from orders.channels.rows import CLOSED, COMPLETED, HOLD, PAID, UNPAID, ZERO, Row

STATUS_WORDS = {
    UNPAID: ("等待付款",),
    PAID: ("等待出库", "等待确认收货"),
    COMPLETED: ("完成",),
    CLOSED: ("已取消",),
    HOLD: ("暂停", "锁定"),
}
STATUS_PREFIXES = {CLOSED: ("(删除)",), HOLD: ("(锁定)",)}


class JdOrders(Format):
    """The order export of a JD shop, of any year."""

    code = "jd"
    name = gettext_lazy("JD order export")

    number = Id("订单号")
    product = Text("商品ID", limit=50)
    status = Status("订单状态", words=STATUS_WORDS, prefixes=STATUS_PREFIXES)
    due = Money("应付金额", required=True)
    balance = Money("余额支付")
    shipping = Money("运费金额")
    ordered_at = Time("下单时间")
    paid_at = Time("付款确认时间", required=True)
    completed_at = Time("订单完成时间")
    buyer = Buyer("下单帐号", required=True, limit=100)
    title = Text("商品名称")
    sku = Text("货号", limit=100)
    quantity = Count("订购数量")
    phone_end = PhoneEnd("联系电话")

    def understand(
        self,
        line: int,
        number: str,
        product: str,
        status: str,
        due: Decimal | None,
        balance: Decimal | None,
        shipping: Decimal | None,
        ordered_at: datetime | None,
        paid_at: datetime | None,
        completed_at: datetime | None,
        buyer: str,
        title: str,
        sku: str,
        quantity: int,
        phone_end: str,
    ) -> Row:
        paid = None if due is None else due + (balance or ZERO)
        gross, refunded = all_or_nothing(status, paid, self.due)
        return Row(
            line, number, repeated(product), status, gross, refunded, within(shipping, gross), ordered_at,
            payment(status, paid_at), completion(status, completed_at), buyer, "", title, sku or product, quantity,
            phone_end,
        )  # fmt: skip
