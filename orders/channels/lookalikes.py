"""Files that staff upload by mistake: recognised by their header, refused with a sentence that says what they are.

Two kinds: companions of an order export (settlements, after-sales, a buyer's own bill), which can never be orders, and
order exports of kinds that cannot be read yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.channels.base import normal

OWN_BILL = gettext_lazy(
    "This is a buyer's own bill (JD, Alipay or WeChat), not the orders of the shop. "
    "Export the orders in the seller centre."
)
SETTLEMENT = gettext_lazy(
    "This is a settlement file of %(channel)s: it lists payouts, not orders. Export the orders in the seller centre."
)
AFTER_SALES = gettext_lazy(
    "This is an after-sales file of %(channel)s: it lists refunds, not orders. Export the orders in the seller centre."
)
NOT_YET = gettext_lazy("This is an order export of %(channel)s, a kind that cannot be imported yet.")
TAOBAO_DETAIL = gettext_lazy(
    "This is Taobao's ExportOrderDetailList: it lists products, without the money paid and without the buyer. "
    "Export the order list (ExportOrderList) instead."
)
TAOBAO_CUSTOM = gettext_lazy(
    "This is a custom report of Taobao without the amount paid. Export the order list (ExportOrderList) instead."
)
TAOBAO_REPORT = gettext_lazy(
    "This is a report of Taobao without the status of the orders. Export the order list (ExportOrderList) instead."
)
TAOBAO_ITEMS = gettext_lazy(
    "This is Taobao's export by sub-order, without the buyer. Export the order list (ExportOrderList) instead."
)
YOUZAN_ITEMS = gettext_lazy(
    "This is Youzan's export by product, without the buyer and the time of payment. Export by order instead."
)


class Lookalike(NamedTuple):
    """A header that has and lacks certain names, and what to say about such a file."""

    has: Sequence[str]
    lacks: Sequence[str]
    sentence: Any
    channel: Any = ""

    def matches(self, header: Sequence[str]) -> bool:
        """Whether a line is this header."""
        names = {normal(one) for one in header}
        return names >= {normal(one) for one in self.has} and not names & {normal(one) for one in self.lacks}

    def reason(self) -> str:
        """The sentence, in the language that is active."""
        return str(self.sentence) % {"channel": self.channel} if self.channel else str(self.sentence)


JD, PINDUODUO = gettext_lazy("JD"), gettext_lazy("Pinduoduo")
DOUYIN, XIAOHONGSHU = gettext_lazy("Douyin"), gettext_lazy("Xiaohongshu")
KUAISHOU, WECHAT = gettext_lazy("Kuaishou"), gettext_lazy("WeChat shop")

LOOKALIKES = (
    Lookalike(("交易时间", "收/支"), (), OWN_BILL),
    Lookalike(("售后单号", "商品单号"), (), AFTER_SALES, DOUYIN),
    Lookalike(("结算时间", "结算金额"), (), SETTLEMENT, DOUYIN),
    Lookalike(("动帐流水号",), (), SETTLEMENT, DOUYIN),
    Lookalike(("申请售后金额(元)",), (), AFTER_SALES, XIAOHONGSHU),
    Lookalike(("子订单编号", "主订单编号", "买家实付金额"), ("订单应付金额",), TAOBAO_ITEMS),
    Lookalike(("子订单编号", "主订单编号", "买家实际支付金额"), ("订单应付金额",), TAOBAO_ITEMS),
    Lookalike(("订单编号", "标题", "价格"), ("买家实际支付金额", "订单付款时间"), TAOBAO_DETAIL),
    Lookalike(("订单编号", "买家实际支付金额"), ("订单状态",), TAOBAO_REPORT),
    Lookalike(("订单编号", "买家实付金额"), ("订单状态",), TAOBAO_REPORT),
    Lookalike(("订单编号", "总金额"), ("买家实际支付金额", "买家实付金额"), TAOBAO_CUSTOM),
    Lookalike(("订单号", "商品实际成交金额", "商品已退款金额"), (), YOUZAN_ITEMS),
    Lookalike(("订单号", "订单状态", "用户实付金额(元)"), (), NOT_YET, PINDUODUO),
    Lookalike(("订单号", "下单帐号", "应付金额", "付款确认时间"), (), NOT_YET, JD),
    Lookalike(("订单号", "规格ID", "用户应付金额(元)", "用户编号"), (), NOT_YET, XIAOHONGSHU),
    Lookalike(("订单号", "实付款", "订单支付时间"), (), NOT_YET, KUAISHOU),
    Lookalike(("订单号", "订单实际支付金额", "商品已退款金额"), (), NOT_YET, WECHAT),
    Lookalike(("Order #", "N. Revenue (formatted)"), (), NOT_YET, "WooCommerce"),
    Lookalike(("Transaction ID", "Event Type"), (), NOT_YET, "Square"),
    Lookalike(("id", "Amount", "Amount Refunded", "Created date (UTC)"), (), NOT_YET, "Stripe"),
    Lookalike(("amazon-order-id", "item-price"), (), NOT_YET, "Amazon"),
    Lookalike(("Sales Record Number", "Order Number", "Total Price"), (), NOT_YET, "eBay"),
)
SETTLEMENT_PREAMBLE = "名称:"


def lookalike(lines: Sequence[Sequence[str]]) -> str:
    """What to say about a file with these first lines if it is a known other file, else ""."""
    for one in LOOKALIKES:
        if any(one.matches(line) for line in lines):
            return one.reason()
    if any(line and normal(line[0]).startswith(SETTLEMENT_PREAMBLE) for line in lines):
        return _("This looks like a settlement file of JD. Export the orders in the seller centre.")
    return ""
