"""Square: the export of transactions, a row per payment or refund.

A refund is a row of its own with negative amounts, under the number of its transaction or under its own: a row of
refunded money alone. What was paid is Net Sales and Tax, without tips and sold gift cards. Times are told in three
columns, the zone by its name.
"""

import re
import unicodedata
from datetime import datetime
from datetime import time as clock_time
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.channels.base import Format, content_key
from orders.channels.columns import Buyer, Id, Money, Status, Text
from orders.channels.rows import PAID, REFUNDED, ZERO, Row

EVENT_WORDS = {PAID: ("Payment",), REFUNDED: ("Refund",)}
NUMBER = re.compile(r"[A-Za-z0-9_-]{4,64}")
UNITED_STATES = {
    "Eastern Time (US & Canada)": "America/New_York",
    "Indiana (East)": "America/Indiana/Indianapolis",
    "Central Time (US & Canada)": "America/Chicago",
    "Mountain Time (US & Canada)": "America/Denver",
    "Arizona": "America/Phoenix",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Alaska": "America/Juneau",
    "Hawaii": "Pacific/Honolulu",
}
ZONES = UNITED_STATES | {
    "Atlantic Time (Canada)": "America/Halifax",
    "Newfoundland": "America/St_Johns",
    "Saskatchewan": "America/Regina",
    "London": "Europe/London",
    "Edinburgh": "Europe/London",
    "Dublin": "Europe/Dublin",
    "Paris": "Europe/Paris",
    "Madrid": "Europe/Madrid",
    "Sydney": "Australia/Sydney",
    "Melbourne": "Australia/Melbourne",
    "Canberra": "Australia/Canberra",
    "Brisbane": "Australia/Brisbane",
    "Adelaide": "Australia/Adelaide",
    "Darwin": "Australia/Darwin",
    "Perth": "Australia/Perth",
    "Hobart": "Australia/Hobart",
    "Tokyo": "Asia/Tokyo",
    "Osaka": "Asia/Tokyo",
    "Sapporo": "Asia/Tokyo",
    "Beijing": "Asia/Shanghai",
    "Hong Kong": "Asia/Hong_Kong",
    "UTC": "UTC",
}
DASHED = re.compile(r"(20\d\d)-(\d{1,2})-(\d{1,2})", re.ASCII)
SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(20\d\d)", re.ASCII)
CLOCKS = ("%H:%M:%S", "%I:%M:%S %p", "%H:%M", "%I:%M %p")


class SquareTransactions(Format):
    """The transactions of a seller on Square."""

    code = "square"
    name = gettext_lazy("Square transactions")
    lacks = ("Itemization Type",)

    number = Id("Transaction ID", shape=NUMBER, example="aB3dE5fG7h")
    payment_id = Id("Payment ID", shape=NUMBER, example="aB3dE5fG7h", required=False, blank=True)
    event = Status("Event Type", words=EVENT_WORDS)
    net = Money("Net Sales", signed=True)
    tax = Money("Tax", signed=True)
    returned = Money("Partial Refunds", signed=True)
    collected = Money("Total Collected", required=True, signed=True)
    date = Text("Date", required=True)
    time = Text("Time", required=True)
    zone = Text("Time Zone", required=True)
    buyer = Buyer("Customer ID", limit=100)
    title = Text("Description")

    def understand(
        self,
        line: int,
        number: str,
        payment_id: str,
        event: str,
        net: Decimal | None,
        tax: Decimal | None,
        returned: Decimal | None,
        collected: Decimal | None,
        date: str,
        time: str,
        zone: str,
        buyer: str,
        title: str,
    ) -> Row:
        when = self.moment(date, time, zone)
        stamp = f"{when:%Y-%m-%dT%H:%M:%S}"
        amount = collected if net is None else net + (tax or ZERO)
        if event == REFUNDED:
            back = self.back(collected if net is None else amount or returned or collected)
            key = content_key("refund", payment_id, stamp, back)
            return Row(line, number, key, event, ZERO, back, ZERO, None, None, None, buyer, "", title, "", 1)
        if amount is None:
            raise self.collected.missing()
        if amount < 0:
            raise self.collected.bad(_("This amount must not be negative. Correct it, or export the file again."))
        key = payment_id or content_key("payment", stamp, amount)
        return Row(line, number, key, event, amount, ZERO, ZERO, when, when, None, buyer, "", title, "", 1)

    def back(self, amount: Decimal | None) -> Decimal:
        """What went back by a refund; raises BadCell."""
        if not amount or amount > 0:
            raise self.collected.bad(_("A refund must be negative. Correct it, or export the file again."))
        return -amount

    def moment(self, date: str, time: str, zone: str) -> datetime:
        """The aware time of a row; raises BadCell where a part of it is missing, wrong or could mean two days."""
        try:
            where = ZoneInfo(ZONES.get(zone, zone))
        except (KeyError, ValueError, OSError):
            raise self.zone.bad(_unknown_zone(zone)) from None
        clock = _clock(time)
        if clock is None:
            raise self.time.bad(_("There is no such time of day. Write it as 21:50:48."))
        year, month, day = self.day(date, where)
        try:
            return datetime(year, month, day, clock.hour, clock.minute, clock.second, tzinfo=where)
        except ValueError:
            raise self.date.bad(_no_such_date()) from None

    def day(self, date: str, where: ZoneInfo) -> tuple[int, int, int]:
        """Year, month and day, which may not exist; with slashes the month is first in the United States."""
        if match := DASHED.fullmatch(date):
            return int(match[1]), int(match[2]), int(match[3])
        match = SLASHED.fullmatch(date)
        if not match:
            raise self.date.bad(_no_such_date())
        first, second, year = int(match[1]), int(match[2]), int(match[3])
        if first > 12:
            return year, second, first
        if second <= 12 and first != second and where.key not in UNITED_STATES.values():
            raise self.date.bad(_("This date may mean two days. Write it as 2026-05-01."))
        return year, first, second


def _unknown_zone(zone: str) -> str:
    return _("The time zone “%(zone)s” is not known. Write its city, such as America/New_York.") % {"zone": zone[:40]}


def _no_such_date() -> str:
    return _("There is no such date. Write it as 2026-05-01.")


def _clock(text: str) -> clock_time | None:
    """A time of day, of 24 hours or of 12 with AM and PM; None if it is none."""
    clean = unicodedata.normalize("NFKC", text).strip()
    for form in CLOCKS:
        try:
            return datetime.strptime(clean, form).time()  # noqa: DTZ007 - a time of day alone
        except ValueError:
            continue
    return None
