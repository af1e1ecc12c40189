"""Files that staff upload by mistake: recognised by their header, refused with a sentence that says what they are.

Most are companions of an order export (settlements, after-sales, a buyer's own bill), which can never be orders; some
are reports of orders that do not say what was paid.
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
    "This is an after-sales file of %(channel)s without all that adjusting orders takes: the numbers of order and "
    "after-sale, the state, the amount. Export it with all its columns."
)
TAOBAO_DETAIL = gettext_lazy(
    "This is Taobao's ExportOrderDetailList: it lists products, without the money paid and without the buyer. "
    "Export the order list (ExportOrderList) instead."
)
TAOBAO_CUSTOM = gettext_lazy(
    "This is a custom report of Taobao without the amount paid. Export the order list (ExportOrderList) instead."
)
TAOBAO_REPORT = gettext_lazy(
    "This is a report of Taobao with neither the status nor the time of payment and the refunds. "
    "Export the order list (ExportOrderList) instead."
)
SQUARE_ITEMS = gettext_lazy("This is Square's export of items sold, not of payments. Export the transactions instead.")

WOOCOMMERCE = gettext_lazy(
    "This is an analytics report of WooCommerce. Choose by hand which column is what; it will be remembered."
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


DOUYIN, XIAOHONGSHU = gettext_lazy("Douyin"), gettext_lazy("Xiaohongshu")

LOOKALIKES = (
    Lookalike(("交易时间", "收/支"), (), OWN_BILL),
    Lookalike(("交易号", "收/支"), (), OWN_BILL),
    Lookalike(("售后单号", "商品单号"), (), AFTER_SALES, DOUYIN),
    Lookalike(("结算时间", "结算金额"), (), SETTLEMENT, DOUYIN),
    Lookalike(("动帐流水号",), (), SETTLEMENT, DOUYIN),
    Lookalike(("申请售后金额(元)",), (), AFTER_SALES, XIAOHONGSHU),
    Lookalike(("订单编号", "标题", "价格"), ("买家实际支付金额", "订单付款时间"), TAOBAO_DETAIL),
    Lookalike(("订单编号", "买家实际支付金额"), ("订单状态",), TAOBAO_REPORT),
    Lookalike(("订单编号", "买家实付金额"), ("订单状态",), TAOBAO_REPORT),
    Lookalike(("订单编号", "总金额"), ("买家实际支付金额", "买家实付金额"), TAOBAO_CUSTOM),
    Lookalike(("Order #", "N. Revenue (formatted)"), (), WOOCOMMERCE),
    Lookalike(("Order #", "N. Revenue"), (), WOOCOMMERCE),
    Lookalike(("Transaction ID", "Event Type", "Itemization Type"), (), SQUARE_ITEMS),
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
