"""What the reading of an export gives: understood rows, bad rows, skipped lines, or a refusal of the file.

Statuses are the classes of one row of a file. The class of an order of several rows is derived from them elsewhere.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from orders.channels.base import Format
    from orders.channels.mapped import Plan

UNPAID = "unpaid"
PAID = "paid"
COMPLETED = "completed"
REFUNDED = "refunded"
PARTIALLY_REFUNDED = "partially_refunded"
CLOSED = "closed"
HOLD = "hold"
UNKNOWN = "unknown"

ZERO = Decimal("0.00")
WHOLE = "="
BACK = "↩"


class Row(NamedTuple):
    """One understood data row. Money in yuan (or the file's currency), two decimals; times are aware.

    `row_key` says what its amounts are of. "": the whole order. `WHOLE` and more: the whole order too, told again on
    each of its rows, so that gross counts once; refunds are each row's own. `BACK` and more: what an after-sale gave
    back of a part or of the whole, of an order that is known. Anything else: a part, and parts add up.
    A row of refunded money alone has refunded and no gross. `phone_end`: four digits that prove a claim, see
    columns.PhoneEnd; never the whole of a phone, and nobody is known by it. Of an UNKNOWN row nobody knows what its
    status means: its amounts are as printed and do not count. `word` is the status as written where the format does not
    know it.
    """

    line: int
    number: str
    row_key: str
    status: str
    gross: Decimal
    refunded: Decimal
    shipping: Decimal
    ordered_at: datetime | None
    paid_at: datetime | None
    completed_at: datetime | None
    buyer: str
    phone: str
    title: str
    sku: str
    quantity: int
    phone_end: str = ""
    word: str = ""


class BadRow(NamedTuple):
    """A rejected row: its first physical line, the column and value at fault, and how to mend it."""

    line: int
    number: str
    column: str
    value: str
    reason: str


class Skipped(NamedTuple):
    """A line that is not an order and no error either, such as a total line."""

    line: int
    reason: str


class NoRow(Exception):
    """A record that says nothing about an order, and is no error either; `reason` says what it is."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RefusedFile(Exception):
    """The file as a whole cannot be imported; `reason` says what it looks like and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Recognised(NamedTuple):
    """What a file turned out to be.

    `columns` maps the attribute name of each column of the format to its index in `header`, the header as written.
    `encoding` is "utf-8", "utf-8-sig", "gb18030" or "xlsx"; `delimiter` is "" and `sheet` a name for a workbook.
    `plan` is the choice of columns by which it is read, if it is not read by the format's own names.
    """

    format: Format
    encoding: str
    header_line: int
    columns: dict[str, int]
    header: tuple[str, ...]
    delimiter: str
    sheet: str
    plan: Plan | None = None
