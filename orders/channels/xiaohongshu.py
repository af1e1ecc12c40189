"""Xiaohongshu: the order export of the seller centre, a row per SKU with amounts per row, and the file of refunds,
which adjusts those orders.

The after-sale column wins over the order status, and is the only sign of a refund: then the whole row counts as
refunded. 用户编号 is who bought; of the receiver only the end of the phone is read, as proof of a claim.
"""

import re
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy

from orders.channels.base import KEPT, Format, all_or_nothing, completion, given_back, nothing_back, payment, prevailing
from orders.channels.columns import Buyer, Count, Id, Money, PhoneEnd, Status, Text, Time
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
END_WORDS = {
    REFUNDED: ("完成", "已完成", "成功", "售后完成", "售后成功", "退款完成", "退款成功"),
    KEPT: (
        *(AFTER_SALE_WORDS[KEPT] + AFTER_SALE_WORDS[HOLD]),
        "已取消",
        "已关闭",
        "已拒绝",
        "处理中",
        "待审核",
        "待寄回",
        "待收货",
        "待用户寄回",
        "待用户收货",
        "待商家收货",
        "待商家处理",
        "退款中",
    ),
}
IN_KIND = ("换货", "补寄", "维修")
AFTER_SALE = re.compile(r"[0-9A-Za-z_-]{4,31}")
NUMBER, SPECIFICATION = re.compile(r"P[0-9]{18}"), re.compile(r"[0-9A-Za-z_-]{1,58}")


class XiaohongshuOrders(Format):
    """The order export of a Xiaohongshu shop."""

    code = "xiaohongshu"
    name = gettext_lazy("Xiaohongshu order export")

    number = Id("订单号", shape=NUMBER, example="P123456789012345678")
    specification = Id("规格ID", shape=SPECIFICATION, example="65f1c0ffee123456")
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
    phone_end = PhoneEnd("收件人电话")

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
        phone_end: str,
    ) -> Row:
        status = prevailing(status, after_sale)
        gross, refunded = all_or_nothing(status, paid, self.paid)
        key = f"{specification} {gift}".strip()
        return Row(
            line, number, key, status, gross, refunded, ZERO, ordered_at,
            payment(status, paid_at), completion(status, completed_at), buyer, "", title, sku, quantity, phone_end,
        )  # fmt: skip


class XiaohongshuRefunds(Format):
    """The refunds of a Xiaohongshu shop: what went back of known orders, by the number of the after-sale.

    The file does not say of which SKU, or only in some shapes: then of the order.
    """

    code = "xiaohongshu_refunds"
    platform = "xiaohongshu"
    name = gettext_lazy("Xiaohongshu refunds")
    adjusts = True

    number = Id("订单号", shape=NUMBER, example="P123456789012345678")
    after_sale = Id("售后单号", "退款单号", "售后编号", shape=AFTER_SALE, example="R1234567890")
    part = Id("规格ID", shape=AFTER_SALE, example="65f1c0ffee123456", required=False, blank=True)
    status = Status("状态", "售后状态", words=END_WORDS)
    kind = Text("售后类型")
    back = Money("申请售后金额(元)", required=True)
    title = Text("商品名称", "SKU名称")

    def understand(
        self,
        line: int,
        number: str,
        after_sale: str,
        part: str,
        status: str,
        kind: str,
        back: Decimal | None,
        title: str,
    ) -> Row:
        if status != REFUNDED or any(word in kind for word in IN_KIND):
            raise nothing_back()
        if back is None:
            raise self.back.missing()
        return given_back(line, number, part, after_sale, back, title)
