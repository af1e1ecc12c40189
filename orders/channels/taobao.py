"""Taobao and Tmall: the order list `ExportOrderList*.csv` of the seller centre, its export by sub-order, two reports.

Widths of the list (41, 54, 56 columns and relatives) differ in columns at the end and in the middle, so columns are
found by name. 买家实际支付金额 and 买家实付金额 are already *net*: 总金额 = 买家实际支付金额 + 退款金额 held in 24,087
of 24,087 real paid rows of a report. 联系手机 is the receiver's phone: its end proves a claim, no more; only the
list has a buyer.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Self

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.channels.base import KEPT, Format, completion, payment, prevailing, settled, within
from orders.channels.columns import Buyer, Count, Id, Money, PhoneEnd, Status, Text, Time
from orders.channels.rows import CLOSED, COMPLETED, HOLD, PAID, REFUNDED, UNPAID, ZERO, Row

STATUS_WORDS = {
    UNPAID: ("等待买家付款", "没有创建支付宝交易", "付款确认中"),
    PAID: ("买家已付款，等待卖家发货", "卖家部分发货", "卖家已发货，等待买家确认"),
    COMPLETED: ("交易成功",),
    CLOSED: ("交易关闭",),
}
AFTER_SALE_WORDS = {
    KEPT: ("没有申请退款", "退款关闭"),
    REFUNDED: ("退款成功",),
    HOLD: (
        "买家已经申请退款，等待卖家同意",
        "卖家已经同意退款，等待买家退货",
        "买家已经退货，等待卖家确认收货",
        "卖家拒绝退款",
    ),
}
NO_REFUND = ("没有申请退款", "无退款申请")
REPORTED_NUMBER = re.compile(r"[0-9]{1,64}")
REMEMBERED = 10_000


class TaobaoList(Format):
    """The order list of the seller centre."""

    code = "taobao"
    name = gettext_lazy("Taobao / Tmall order list")
    lacks = ("子订单编号",)

    number = Id("订单编号")
    status = Status("订单状态", words=STATUS_WORDS)
    net = Money("买家实际支付金额", "买家实付金额", required=True)
    refund = Money("退款金额")
    shipping = Money("买家应付邮费")
    ordered_at = Time("订单创建时间")
    paid_at = Time("订单付款时间")
    completed_at = Time("确认收货时间")
    buyer = Buyer("买家会员名", limit=100)
    title = Text("宝贝标题", "商品标题")
    quantity = Count("宝贝总数量")
    phone_end = PhoneEnd("联系手机")

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
        phone_end: str,
    ) -> Row:
        gross = None if net is None else net + (refund or ZERO)
        status, gross, refunded = settled(status, gross, refund, (TaobaoList.net, TaobaoList.refund))
        return Row(
            line, number, "", status, gross, refunded, within(shipping, gross),
            ordered_at, payment(status, paid_at), completion(status, completed_at), buyer, "", title, "", quantity,
            phone_end,
        )  # fmt: skip


class TaobaoItems(Format):
    """The export by sub-order: a row per sub-order, amounts per row, no buyer. `退款金额` may be a text."""

    code = "taobao_items"
    platform = "taobao"
    name = gettext_lazy("Taobao / Tmall orders by sub-order")
    lacks = ("订单应付金额",)

    number = Id("主订单编号")
    row_key = Id("子订单编号")
    status = Status("订单状态", words=STATUS_WORDS)
    after_sale = Status("退款状态", words=AFTER_SALE_WORDS, blank=KEPT, required=True)
    net = Money("买家实付金额", "买家实际支付金额", required=True)
    refund = Money("退款金额", nothing=NO_REFUND)
    ordered_at = Time("订单创建时间")
    paid_at = Time("订单付款时间")
    completed_at = Time("确认收货时间")
    title = Text("商品标题", "标题")
    sku = Text("商家编码", "外部系统编号", limit=100)
    quantity = Count("购买数量")

    def understand(
        self,
        line: int,
        number: str,
        row_key: str,
        status: str,
        after_sale: str,
        net: Decimal | None,
        refund: Decimal | None,
        ordered_at: datetime | None,
        paid_at: datetime | None,
        completed_at: datetime | None,
        title: str,
        sku: str,
        quantity: int,
    ) -> Row:
        if after_sale == REFUNDED and not refund:
            net, refund = ZERO, net
        gross = None if net is None else net + (refund or ZERO)
        status = prevailing(status, HOLD) if after_sale == HOLD else status
        status, gross, refunded = settled(status, gross, refund, (self.net, self.refund))
        return Row(
            line, number, row_key, status, gross, refunded, ZERO,
            ordered_at, payment(status, paid_at), completion(status, completed_at), "", "", title, sku, quantity,
        )  # fmt: skip


class TmallReport(Format):
    """The order report (订单报表): a row per order, no status and no buyer.

    The time of payment tells paid from unpaid, the amounts tell refunds, nothing tells completed.
    """

    code = "tmall_report"
    platform = "taobao"
    name = gettext_lazy("Tmall order report")
    lacks = ("订单状态", "子订单编号")

    number = Id("订单编号", shape=REPORTED_NUMBER)
    net = Money("买家实际支付金额", required=True)
    refund = Money("退款金额", required=True)
    shipping = Money("买家应付邮费")
    ordered_at = Time("订单创建时间")
    paid_at = Time("订单付款时间", required=True)
    title = Text("商品标题", "宝贝标题")

    def understand(
        self,
        line: int,
        number: str,
        net: Decimal | None,
        refund: Decimal | None,
        shipping: Decimal | None,
        ordered_at: datetime | None,
        paid_at: datetime | None,
        title: str,
    ) -> Row:
        gross = None if net is None else net + (refund or ZERO)
        status = PAID if paid_at or refund else UNPAID
        status, gross, refunded = settled(status, gross, refund, (self.net, self.refund))
        return Row(
            line, number, "", status, gross, refunded, within(shipping, gross),
            ordered_at, payment(status, paid_at), None, "", "", title, "", 1,
        )  # fmt: skip


class QianniuReport(TmallReport):
    """A report that the merchant put together. What its rows are is not known: of an order in two rows that differ in
    their amounts nobody can tell whether these add up."""

    code = "qianniu_report"
    name = gettext_lazy("Qianniu custom report")

    net = Money("买家实付金额", required=True)

    def bind(self, columns: Mapping[str, int]) -> Self:
        """See Format.bind. The copy remembers the amounts of the latest orders."""
        bound = super().bind(columns)
        bound.told = {}
        return bound

    told: dict[str, Row]

    def row(self, line: int, cells: list[str]) -> Row:
        """A row that is the only one of its order, or says the same as the first."""
        row = super().row(line, cells)
        first = self.told.setdefault(row.number, row)
        if len(self.told) > REMEMBERED:
            del self.told[next(iter(self.told))]
        if (first.gross, first.refunded) != (row.gross, row.refunded):
            raise self.net.bad(_twice(first.line))
        return row


def _twice(line: int) -> str:
    return _(
        "Line %(line)d has this order with other amounts, and this report does not say whether they add up. "
        "Export the order list (ExportOrderList) instead."
    ) % {"line": line}
