"""Stripe: the export of payments, a row per charge.

Amounts are *gross* and not in cents. A charge refunded in part stays Paid, and one refunded in full may too, so the
amounts tell refunds. No buyer is in the file.
"""

import re
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy

from orders.channels.base import Format, payment, settled
from orders.channels.columns import UTC, Id, Money, Status, Text, Time
from orders.channels.rows import PAID, REFUNDED, UNPAID, ZERO, Row

STATUS_WORDS = {
    PAID: ("Paid",),
    REFUNDED: ("Refunded",),
    UNPAID: ("Failed",),
}
CHARGE = re.compile(r"[a-z]{2,5}_[A-Za-z0-9_]{1,58}")


class StripePayments(Format):
    """The payments of a Stripe account."""

    code = "stripe"
    name = gettext_lazy("Stripe payments")

    number = Id("id", shape=CHARGE, example="ch_3PabcDEF")
    status = Status("Status", words=STATUS_WORDS)
    paid = Money("Amount", required=True)
    refund = Money("Amount Refunded", required=True)
    ordered_at = Time("Created date (UTC)", "Created (UTC)", required=True, zone=UTC)
    title = Text("Description")

    def understand(
        self,
        line: int,
        number: str,
        status: str,
        paid: Decimal | None,
        refund: Decimal | None,
        ordered_at: datetime | None,
        title: str,
    ) -> Row:
        if status == REFUNDED and not refund:
            refund = paid
        status, gross, refunded = settled(status, paid, refund, (self.paid, self.refund))
        return Row(
            line, number, "", status, gross, refunded, ZERO,
            ordered_at, payment(status, ordered_at), None, "", "", title, "", 1,
        )  # fmt: skip
