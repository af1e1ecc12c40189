"""WeChat shop (微信小店, 视频号): the order export, a row per product.

订单实际支付金额 is *gross*; 商品已退款金额 is the refund of each product. Nobody has told whether the first repeats the
order's amount on each product row. By its name it does, and so it counts once — unless the rows of an order show that
each has its own: amounts that differ, or each what its own product cost (商品实际价格(总共)). The rows of an order are
looked at together even where a sheet was sorted by something else, as far as they fit into memory. 收件人手机 is the
receiver's: its end proves a claim, no more.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Self

from django.utils.translation import gettext_lazy

from orders.channels.base import KEPT, Format, completion, content_key, payment, repeated, settled, within
from orders.channels.columns import Count, Id, Money, PhoneEnd, Status, Text, Time
from orders.channels.rows import CLOSED, COMPLETED, HOLD, PAID, REFUNDED, UNPAID, WHOLE, ZERO, BadRow, Row, Skipped

STATUS_WORDS = {
    UNPAID: ("待付款",),
    PAID: ("待发货", "已发货"),
    COMPLETED: ("已完成",),
    CLOSED: ("已取消",),
}
AFTER_SALE_WORDS = {
    KEPT: ("无售后", "售后关闭", "售后取消"),
    HOLD: ("售后中", "售后处理中"),
    REFUNDED: ("退款完成",),
}
MOST_HELD = 20_000


class Printed(NamedTuple):
    """What a row prints: the amount paid, what its own product cost, the order's shipping."""

    paid: Decimal
    own: Decimal
    shipping: Decimal


class WechatOrders(Format):
    """The order export of a WeChat shop."""

    code = "wechat"
    name = gettext_lazy("WeChat shop order export")

    number = Id("订单号")
    status = Status("订单状态", words=STATUS_WORDS)
    after_sale = Status("商品售后", words=AFTER_SALE_WORDS, blank=KEPT, required=False)
    paid = Money("订单实际支付金额", required=True)
    refund = Money("商品已退款金额", required=True)
    own = Money("商品实际价格(总共)")
    shipping = Money("订单运费")
    ordered_at = Time("订单下单时间")
    paid_at = Time("支付时间")
    completed_at = Time("订单确认收货时间")
    title = Text("商品名称")
    option = Text("商品属性")
    sku = Text("SKU编码(自定义)", "商品编码(自定义)", "商品编码(平台)", limit=100)
    quantity = Count("商品数量")
    phone_end = PhoneEnd("收件人手机")

    def bind(self, columns: Mapping[str, int]) -> Self:
        """See Format.bind. The copy remembers what the rows of the order being read print."""
        bound = super().bind(columns)
        bound.printed = {}
        return bound

    printed: dict[int, Printed]

    def understand(
        self,
        line: int,
        number: str,
        status: str,
        after_sale: str,
        paid: Decimal | None,
        refund: Decimal | None,
        own: Decimal | None,
        shipping: Decimal | None,
        ordered_at: datetime | None,
        paid_at: datetime | None,
        completed_at: datetime | None,
        title: str,
        option: str,
        sku: str,
        quantity: int,
        phone_end: str,
    ) -> Row:
        """A row as if it repeated the amount of its order."""
        if after_sale == REFUNDED and not refund and paid is not None:
            refund = within(own, paid) or paid
        status = HOLD if after_sale == HOLD and status in (PAID, COMPLETED) else status
        status, gross, refunded = settled(status, paid, refund, (self.paid, self.refund))
        self.printed[line] = Printed(paid or ZERO, own or ZERO, shipping or ZERO)
        key = repeated(content_key(sku, title, option, own))
        return Row(
            line, number, key, status, gross, refunded, within(shipping, gross), ordered_at,
            payment(status, paid_at), completion(status, completed_at), "", "", title, sku, quantity, phone_end,
        )  # fmt: skip

    def arranged(self, things: Iterator[Row | BadRow | Skipped]) -> Iterator[Row | BadRow | Skipped]:
        """See Format.arranged. The rows of one order, of the latest that were read, are looked at together."""
        held: dict[str, list[Row]] = {}
        rows = 0
        for one in things:
            if not isinstance(one, Row):
                yield one
                continue
            held.setdefault(one.number, []).append(one)
            rows += 1
            if rows > MOST_HELD:
                oldest = held.pop(next(iter(held)))
                rows -= len(oldest)
                yield from self.decided(oldest)
        for order in held.values():
            yield from self.decided(order)

    def decided(self, order: list[Row]) -> Iterable[Row]:
        """The rows of an order, each with the amount of the order or with its own."""
        printed = {row.row_key: self.printed.pop(row.line) for row in order}
        return _parts(order) if _each_its_own(list(printed.values())) else order


def _each_its_own(rows: list[Printed]) -> bool:
    """Whether the rows of an order print the amounts of their own products.

    A row alone may be of an order whose other rows were refused, or are in another file: it is a part where it prints
    what its product cost. Of an order of one product that makes no difference.
    """
    if len(rows) == 1:
        return rows[0].own > 0 and rows[0].paid in (rows[0].own, rows[0].own + rows[0].shipping)
    if len({row.paid for row in rows}) > 1:
        return True
    total = sum(row.own for row in rows) + rows[0].shipping
    return rows[0].paid != total and all(row.paid in (row.own, row.own + row.shipping) for row in rows)


def _parts(rows: list[Row]) -> Iterator[Row]:
    """Rows that add up; the order's shipping, which each repeats, stays with the first."""
    for place, row in enumerate(rows):
        yield row._replace(row_key=row.row_key.removeprefix(WHOLE), shipping=ZERO if place else row.shipping)
