"""eBay: the orders report of the seller hub, a row per item, and for an order of several items a row that sums it up.

The row that sums up has no Item Number and the Total Price; below it stand the items, with blank totals: Sold For is
inside the total and is not added. An order of one item is one row. The Order Number may be blank: then the Sales
Record Number is the order's. There is no status: the date of payment tells paid from unpaid. Dates have no zone and are
taken as UTC. `Ship To Phone` is the receiver's and is not read.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Self

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.channels.base import OWED_NOTHING, Format, content_key, normal, payment, within
from orders.channels.cells import bare
from orders.channels.columns import UTC, Buyer, Count, Id, Money, Text, Time
from orders.channels.rows import PAID, UNPAID, ZERO, Row

RECORD = re.compile(r"[0-9]{1,20}")
NUMBER = re.compile(r"[0-9][0-9!-]{0,63}")
DECIMAL_COMMA = re.compile(r"(\D*\d{1,3}(?:\.?\d{3})*),(\d\d)(\D*)", re.ASCII)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
DAY = re.compile(r"(?:([A-Z][a-z]{2})-(\d{1,2})|(\d{1,2})-([A-Z][a-z]{2}))-(?:20)?(\d\d)", re.ASCII)
REMEMBERED = 10_000


class Price(Money):
    """An amount with a currency; `EUR 90,00` has a decimal comma."""

    def clean(self, text: str) -> Decimal | None:
        comma = DECIMAL_COMMA.fullmatch(text)
        return super().clean(f"{comma[1].replace('.', '')}.{comma[2]}{comma[3]}" if comma else text)


class Day(Time):
    """A date as eBay writes it, `Jul-21-25` or `26-May-26`, or as anybody does."""

    def clean(self, text: str) -> datetime | None:
        match = DAY.fullmatch(unicodedata.normalize("NFKC", bare(text)))
        if not match:
            return super().clean(text)
        month, day = MONTHS.find(match[1] or match[4]) // 4 + 1, int(match[2] or match[3])
        return super().clean(f"20{match[5]}-{month:02d}-{day:02d}")


class EbayOrders(Format):
    """The orders report of a seller on eBay."""

    code = "ebay"
    name = gettext_lazy("eBay orders report")

    number = Id("Order Number", shape=NUMBER, example="12-12345-12345", blank=True)
    record = Id("Sales Record Number", shape=RECORD, blank=True)
    item = Text("Item Number", required=True, limit=30)
    transaction = Text("Transaction ID", limit=30)
    total = Price("Total Price", required=True)
    shipping = Price("Shipping And Handling")
    ordered_at = Day("Sale Date", zone=UTC)
    paid_at = Day("Paid On Date", required=True, zone=UTC)
    buyer = Buyer("Buyer Username", limit=100)
    title = Text("Item Title")
    sku = Text("Custom Label", limit=100)
    quantity = Count("Quantity")

    def bind(self, columns: Mapping[str, int]) -> Self:
        """See Format.bind. The copy remembers the latest orders, for the items below them."""
        bound = super().bind(columns)
        bound.opened = {}
        return bound

    opened: dict[str, Row]

    def aside(self, cells: list[str]) -> str:
        """See Format.aside: `2,record(s) downloaded,` and `Seller ID : …` end the report."""
        words = normal("".join(cells[:2]))
        footer = words.endswith("record(s)downloaded") or words.startswith("SellerID:")
        return _("The end of the report, not an order.") if footer else ""

    def understand(
        self,
        line: int,
        number: str,
        record: str,
        item: str,
        transaction: str,
        total: Decimal | None,
        shipping: Decimal | None,
        ordered_at: datetime | None,
        paid_at: datetime | None,
        buyer: str,
        title: str,
        sku: str,
        quantity: int,
    ) -> Row:
        if not (number or record):
            raise self.number.bad(_("The number is missing. Fill it in, or export the file again."))
        if item and total is None:
            return self.further(line, number or record, content_key(item, transaction), title, sku, quantity)
        status = PAID if paid_at else UNPAID
        if total is None:
            raise self.total.missing()
        gross = ZERO if status in OWED_NOTHING else total
        row = Row(
            line, number or record, "", status, gross, ZERO, within(shipping, gross),
            ordered_at, payment(status, paid_at), None, buyer, "", title, sku, quantity,
        )  # fmt: skip
        self.remember(row, record)
        return row

    def remember(self, row: Row, record: str) -> None:
        """Keep an order for the items below it, by both of its numbers."""
        self.opened[row.number] = row
        if record:
            self.opened[record] = row
        while len(self.opened) > REMEMBERED:
            del self.opened[next(iter(self.opened))]

    def further(self, line: int, number: str, key: str, title: str, sku: str, quantity: int) -> Row:
        """An item of an order that stands above: what and how many, no money."""
        order = self.opened.get(number)
        if order is None:
            raise self.total.bad(_lost())
        carried = order._replace(gross=ZERO, refunded=ZERO, shipping=ZERO)
        return carried._replace(line=line, row_key=key, title=title, sku=sku, quantity=quantity)


def _lost() -> str:
    return _(
        "The total is missing, and the line that sums up this order is not above it. "
        "Export the file again and upload it without sorting it."
    )
