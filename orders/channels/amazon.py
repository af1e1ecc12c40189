"""Amazon: the report of all orders, tab separated, a row per item with amounts per row.

The item's own status comes first: an item may be cancelled within an order that is shipped. Refunds are in another
report, and no buyer is in the file. Times have their offset. The time of payment is not told: that of the purchase.
"""

import re
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.channels.base import OWED_NOTHING, Format, content_key, payment
from orders.channels.columns import UTC, Count, Id, Money, Status, Text, Time
from orders.channels.rows import CLOSED, HOLD, PAID, UNPAID, ZERO, Row

STATUS_WORDS = {
    UNPAID: ("Pending",),
    PAID: (
        "Shipped",
        "Unshipped",
        "PartiallyShipped",
        "Shipping",
        "Shipped - Out for Delivery",
        "Shipped - Picked Up",
        "Shipped - Delivered to Buyer",
    ),
    CLOSED: ("Cancelled", "Canceled"),
    HOLD: (  # what went back is in another report
        "Pending - Waiting for Pick Up",
        "Shipped - Damaged",
        "Shipped - Lost in Transit",
        "Shipped - Rejected by Buyer",
        "Shipped - Returned to Seller",
        "Shipped - Returning to Seller",
    ),
}
NUMBER = re.compile(r"[0-9A-Z]{3}-[0-9]{7}-[0-9]{7}")
BY_ORDER = "by order"


class AmazonOrders(Format):
    """The report “All Orders” of a seller on Amazon."""

    code = "amazon"
    name = gettext_lazy("Amazon all orders report")

    number = Id("amazon-order-id", shape=NUMBER, example="111-1234567-1234567")
    status = Status("order-status", words=STATUS_WORDS)
    item_status = Status("item-status", words=STATUS_WORDS, blank=BY_ORDER, required=False)
    price = Money("item-price", required=True)
    tax = Money("item-tax")
    discount = Money("item-promotion-discount")
    ordered_at = Time("purchase-date", zone=UTC)
    title = Text("product-name")
    asin = Text("asin", limit=20)
    sku = Text("sku", limit=100)
    quantity = Count("quantity", "quantity-purchased")

    def understand(
        self,
        line: int,
        number: str,
        status: str,
        item_status: str,
        price: Decimal | None,
        tax: Decimal | None,
        discount: Decimal | None,
        ordered_at: datetime | None,
        title: str,
        asin: str,
        sku: str,
        quantity: int,
    ) -> Row:
        if (status == HOLD and item_status == CLOSED) or (status not in (UNPAID, HOLD) and item_status != BY_ORDER):
            status = item_status
        gross = ZERO if status in OWED_NOTHING else self.net(price, tax, discount)
        return Row(
            line, number, content_key(sku or asin, price), status, gross, ZERO, ZERO,
            ordered_at, payment(status, ordered_at), None, "", "", title, sku or asin, quantity,
        )  # fmt: skip

    def net(self, price: Decimal | None, tax: Decimal | None, discount: Decimal | None) -> Decimal:
        """What was paid for an item; raises BadCell."""
        if price is None:
            raise self.price.missing()
        paid = price + (tax or ZERO) - (discount or ZERO)
        if paid < 0:
            raise self.discount.bad(_("More was taken off than the item cost. Correct it, or export the file again."))
        return paid
