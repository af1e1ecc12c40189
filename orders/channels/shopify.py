"""Shopify: `orders_export.csv`, a row per line item, the order's own cells on its first row only.

Which row belongs to which order is told by Name, never by which row has a Total. `Total` is *gross*, refunds are in
`Refunded Amount`. Nothing is ever completed: fulfilled is not received. `Shipping Phone` is the receiver's and is not
read. Name may repeat across shops; one file comes from one shop.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Self

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.channels.base import Format, payment, settled, within
from orders.channels.columns import Count, Email, Id, Money, Phone, PhoneEnd, Status, Text, Time
from orders.channels.rows import CLOSED, HOLD, PAID, PARTIALLY_REFUNDED, REFUNDED, UNPAID, ZERO, Row

STATUS_WORDS = {
    PAID: ("paid",),
    PARTIALLY_REFUNDED: ("partially_refunded",),
    REFUNDED: ("refunded",),
    CLOSED: ("voided",),
    UNPAID: ("pending", "authorized", "expired"),
    HOLD: ("partially_paid",),
}
NAME = re.compile(r"#?[^\W_][\w.\-/ ]{0,62}")
REMEMBERED = 10_000


class Opened:
    """An order whose first row was read: `first` is None if that row was rejected."""

    def __init__(self, line: int, own: tuple[str, ...], row: int) -> None:
        self.line, self.own = line, own
        self.first: Row | None = None
        self.keys = {row: "1"}

    def key(self, row: int) -> str:
        """The running number of a row within its order; a row repeated exactly keeps its number."""
        return self.keys.setdefault(row, str(len(self.keys) + 1))


class ShopifyOrders(Format):
    """The order export of a Shopify shop."""

    code = "shopify"
    name = gettext_lazy("Shopify order export")
    own_shop = True
    numbers_of_one_shop = True

    number = Id("Name", shape=NAME, example="#1001")
    status = Status("Financial Status", words=STATUS_WORDS)
    total = Money("Total", required=True)
    refund = Money("Refunded Amount", required=True)
    shipping = Money("Shipping")
    ordered_at = Time("Created at")
    paid_at = Time("Paid at")
    cancelled_at = Time("Cancelled at")
    buyer = Email("Email", limit=128)
    phone = Phone("Phone")
    phone_end = PhoneEnd("Billing Phone", "Shipping Phone")
    title = Text("Lineitem name", required=True)
    sku = Text("Lineitem sku", limit=100)
    quantity = Count("Lineitem quantity")

    def bind(self, columns: Mapping[str, int]) -> Self:
        """See Format.bind. The copy remembers the latest orders, to carry forward what stands on their first rows."""
        bound = super().bind(columns)
        bound.opened = {}
        return bound

    opened: dict[str, Opened]

    def row(self, line: int, cells: list[str]) -> Row:
        """A first row by its own cells; a further row as a line without money of the order that its Name tells."""
        picked = self.pick(cells)
        number, own, row = self.number(picked[0]), picked[1:4], hash(tuple(cells))
        order = self.opened.get(number)
        if order and order.keys.get(row) == "1":
            return super().row(line, cells)
        blank = not any(map(str.strip, own))
        if order and (blank or own == order.own):
            return self.further(line, number, picked, order, order.key(row))
        if blank:
            raise ShopifyOrders.number.bad(_lost())
        return self.first(line, number, own, row, cells)

    def first(self, line: int, number: str, own: tuple[str, ...], row: int, cells: list[str]) -> Row:
        """The row that opens an order, or a later state of it; remembered even if it turns out to be bad."""
        order = self.opened[number] = Opened(line, own, row)
        if len(self.opened) > REMEMBERED:
            del self.opened[next(iter(self.opened))]
        order.first = super().row(line, cells)
        return order.first

    def further(self, line: int, number: str, picked: tuple[str, ...], order: Opened, key: str) -> Row:
        """A further line item: what, how many, and the order's own facts carried forward."""
        if order.first is None:
            raise ShopifyOrders.number.bad(_rejected(order.line))
        title, sku, quantity = (clean(text) for clean, text in zip(self.cleaners[-3:], picked[-3:], strict=True))
        carried = order.first._replace(gross=ZERO, refunded=ZERO, shipping=ZERO)
        return carried._replace(line=line, row_key=key, title=title, sku=sku, quantity=quantity)

    def understand(
        self,
        line: int,
        number: str,
        status: str,
        total: Decimal | None,
        refund: Decimal | None,
        shipping: Decimal | None,
        ordered_at: datetime | None,
        paid_at: datetime | None,
        cancelled_at: datetime | None,
        buyer: str,
        phone: str,
        phone_end: str,
        title: str,
        sku: str,
        quantity: int,
    ) -> Row:
        """The first row of an order."""
        if status == REFUNDED and not refund:
            refund = total
        columns = (ShopifyOrders.total, ShopifyOrders.refund)
        status, gross, refunded = settled(status, total, refund, columns)
        if cancelled_at and status == PAID:
            status = HOLD
        return Row(
            line, number, "1", status, gross, refunded, within(shipping, gross),
            ordered_at, payment(status, paid_at), None, buyer, phone, title, sku, quantity, phone_end,
        )  # fmt: skip


def _lost() -> str:
    return _(
        "This line continues an order whose first line is not above it. "
        "Export the file again and upload it without sorting it."
    )


def _rejected(line: int) -> str:
    return _("The first line of this order, line %(line)d, was rejected. Mend that line first.") % {"line": line}
