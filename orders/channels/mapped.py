"""Files of which somebody said which column is what: platforms without a format of their own, and columns chosen
otherwise than a format would.

A `Plan` is what was said, as plain values. `as_format` makes a format of it: one built from the plan alone, or, for a
plan that only corrects the columns of a built-in format, that format.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.channels import cells
from orders.channels.base import (
    KEPT,
    OWED_NOTHING,
    Format,
    completion,
    content_key,
    normal,
    payment,
    prevailing,
    repeated,
    settled,
    within,
)
from orders.channels.cells import BadCell
from orders.channels.columns import SHANGHAI, UTC, Buyer, Column, Count, Id, Money, Phone, PhoneEnd, Status, Text, Time
from orders.channels.rows import COMPLETED, HOLD, PAID, PARTIALLY_REFUNDED, REFUNDED, UNPAID, ZERO, Row

ORDER, PART, REPEATED = "order", "part", "repeated"  # what a row is: see Plan.rows
OTHER = "other"
REJECT = "reject"  # a word whose rows are to be rejected
NUMBER = re.compile(r"(?=\D*\d)[A-Za-z0-9#][A-Za-z0-9#_/:-]{0,63}", re.ASCII)
ROW_NUMBER = re.compile(r"[^\s;；=↩][^\s;；]{0,62}")
FIXED_ZONES = {"Asia/Shanghai": SHANGHAI, "UTC": UTC}
ADDED = "\u200b"  # begins the names of the columns that our own file of rejected rows adds
REMEMBERED = 10_000


class Plan(NamedTuple):
    """Which column of a header is what, and what a row means; plain values, as staff chose them.

    `columns` maps an attribute of the format to an index in `header`. `channel` is the code of the channel, `platform`
    that of its platform, `format` that of the built-in format whose columns this corrects, or "". `net`: the paid
    amount is what was left after refunds. `rows`: a row is an ORDER, a PART of one (amounts add up), or a part with the
    order's amount REPEATED, whose refund is its own. `words` has for `status` and `after_sale` the class of each word.
    `zone` is the time zone of times without an offset. `header_line` is where the header stood. `id`: None if unsaved.
    """

    id: int | None
    name: str
    channel: str
    platform: str
    format: str
    header: tuple[str, ...]
    header_line: int
    columns: Mapping[str, int]
    net: bool = False
    rows: str = ORDER
    words: Mapping[str, Mapping[str, str]] = {}
    zone: str = "Asia/Shanghai"

    def places(self, header: Sequence[str]) -> dict[str, int] | None:
        """The columns in a header of these names, in whatever order; None if it is another header."""
        if fingerprint(header) != fingerprint(self.header):
            return None
        ours, theirs = numbered(self.header), numbered(header)
        return {attribute: theirs.index(ours[index]) for attribute, index in self.columns.items()}


def numbered(header: Sequence[str]) -> list[tuple[str, int]]:
    """Each name as it is compared, and how many columns before it are called the same."""
    names = [normal(one) for one in header]
    return [(name, names[:index].count(name)) for index, name in enumerate(names)]


def fingerprint(header: Sequence[str]) -> str:
    """What two headers have in common that have the same names in whatever order; empty names do not count."""
    return _fingerprint(tuple(header))


@lru_cache(maxsize=1024)
def _fingerprint(header: tuple[str, ...]) -> str:
    names = sorted(normal(one) for one in header if normal(one) and not one.startswith(ADDED))
    return hashlib.blake2b("\n".join(names).encode(), digest_size=16).hexdigest()


class AnyMoney(Money):
    """An amount with the sign of any currency, as shops all over the world print it (`৳2,999`)."""

    def clean(self, text: str) -> Decimal | None:
        signs = {one for one in text if unicodedata.category(one) == "Sc"} - set("$¥￥€£")
        return super().clean(text.translate({ord(one): "¥" for one in signs}))


class ZonedTime(Time):
    """A time without an offset is wall time of a zone that may have summer time."""

    def __init__(self, *names: str, place: str) -> None:
        super().__init__(*names)
        self.place = ZoneInfo(place)

    def __call__(self, text: str) -> datetime | None:
        return Column.__call__(self, text) if text else None

    def clean(self, text: str) -> datetime | None:
        return cells.moment(text, self.place)


class Words(Status):
    """A status word with the class that staff gave it, which may be to reject its rows."""

    def _class(self, text: str) -> str:
        word = cells.word(text)
        if not word and "" in self.classes:
            return self.classes[""]
        if self.classes.get(word) == REJECT:
            raise BadCell(
                _("Rows with the status “%(word)s” are to be rejected: it was chosen so for these columns.")
                % {"word": word[:40]}
            )
        return super()._class(text)


class MappedOrders(Format):
    """A format of a plan's own. Unbound it reads nothing: `of` gives the one that does."""

    name: Any = gettext_lazy("Columns chosen by hand")

    number = Id(shape=NUMBER, example="A20260501-0001")
    row_key = Id(shape=ROW_NUMBER, example="A20260501-0001-1", required=False)
    status = Words(words={}, blank="", required=False)
    after_sale = Words(words={}, blank=KEPT, required=False)
    paid = AnyMoney(required=True)
    refund = AnyMoney()
    shipping = AnyMoney()
    ordered_at = Time()
    paid_at = Time()
    completed_at = Time()
    buyer = Buyer(limit=100)
    phone = Phone()
    title = Text()
    sku = Text(limit=100)
    quantity = Count()
    phone_end = PhoneEnd()

    plan: Plan
    told: OrderedDict[str, Row]

    def of(self, plan: Plan) -> Self:
        """A format of this platform for the files of a plan."""
        mine = type(self)()
        mine.code, mine.platform, mine.name = self.code or "mapped", plan.platform, plan.name or self.name
        mine.plan = plan
        mine.columns = {attribute: _column(attribute, plan) for attribute in self.columns}
        return mine

    def bind(self, columns: Mapping[str, int]) -> Self:
        """See Format.bind. The copy remembers the amounts of the latest orders; of a column that was not chosen it
        asks once."""
        bound = super().bind(columns)
        bound.cleaners = tuple(
            clean if attribute in columns or attribute == "phone_end" else _always(clean(""))
            for attribute, clean in zip(self.columns, bound.cleaners, strict=True)
        )
        bound.told = OrderedDict()
        return bound

    def row(self, line: int, cells: list[str]) -> Row:
        """A row, whose order has no other amount in another row unless amounts add up. Raises BadCell."""
        row = super().row(line, cells)
        if self.plan.rows == PART or not row.gross:
            return row
        first = self.told.setdefault(row.number, row)
        if len(self.told) > REMEMBERED:
            self.told.popitem(last=False)
        if first.gross != row.gross:
            raise self.columns["paid"].bad(_twice(first.line))
        return row

    def understand(
        self,
        line: int,
        number: str,
        row_key: str,
        status: str,
        after_sale: str,
        paid: Decimal | None,
        refund: Decimal | None,
        shipping: Decimal | None,
        ordered_at: datetime | None,
        paid_at: datetime | None,
        completed_at: datetime | None,
        buyer: str,
        phone: str,
        title: str,
        sku: str,
        quantity: int,
        phone_end: str,
    ) -> Row:
        plan = self.plan
        gross = paid + (refund or ZERO) if plan.net and paid is not None else paid
        key = self.key(row_key, sku, title, gross)
        status = prevailing(status or by_times(paid_at, completed_at, refund), after_sale)
        if status == REFUNDED and not refund:
            refund = gross
        if status == PARTIALLY_REFUNDED and not refund and not plan.net:
            status = HOLD  # how much went back is not known
        amounts: Any = self.columns["paid"], self.columns["refund"]
        status, gross, refunded = settled(status, gross, refund, amounts)
        if status not in OWED_NOTHING:
            paid_at = paid_at or ordered_at or completed_at or self.no_time()
        return Row(
            line, number, key, status, gross, refunded, within(shipping, gross), ordered_at, payment(status, paid_at),
            completion(status, completed_at), self.account(buyer), phone, title, sku, quantity,
            phone_end,
        )  # fmt: skip

    def key(self, row_key: str, sku: str, title: str, gross: Decimal | None) -> str:
        """The `row_key` of a row of this kind."""
        if self.plan.rows == PART:
            return row_key or content_key(sku, title, "" if gross is None else gross)
        return repeated(row_key or content_key(sku, title)) if self.plan.rows == REPEATED else ""

    def account(self, buyer: str) -> str:
        """The buyer's name on the platform. Platforms that share the code `other` do not share their buyers."""
        return f"{self.plan.channel}:{buyer}" if buyer and self.platform == OTHER else buyer

    def no_time(self) -> datetime:
        """Raise BadCell for a paid row without any time: it would never earn."""
        column = self.columns["paid_at" if "paid_at" in self.plan.columns else "ordered_at"]
        raise column.bad(_("This order is paid and has no time. Fill it in, or export the file again."))


def _always(value: Any) -> Callable[[str], Any]:
    return lambda _text: value


def by_times(paid_at: datetime | None, completed_at: datetime | None, refund: Decimal | None) -> str:
    """The class of a row that has no word for it."""
    if completed_at:
        return COMPLETED
    return PAID if paid_at or refund else UNPAID


def _column(attribute: str, plan: Plan) -> Column:
    """The column of a plan's format: called as in the file, with the plan's words and zone."""
    like = MappedOrders.columns[attribute]
    column: Column
    if isinstance(like, Words):
        asked = attribute == "status" and attribute in plan.columns
        column = Words(words=_by_class(plan, attribute), blank=None if asked else like.blank)
    elif isinstance(like, Time):
        zone = FIXED_ZONES.get(plan.zone)
        column = Time(zone=zone) if zone else ZonedTime(place=plan.zone)
    elif isinstance(like, Id):
        column = Id(shape=like.shape, example=like.example, blank=attribute not in plan.columns)
    elif isinstance(like, Buyer | Text):
        column = type(like)(limit=like.limit)
    else:
        column = type(like)()
    column.names = (plan.header[plan.columns[attribute]],) if attribute in plan.columns else ()
    column.attribute = attribute
    return column


def _by_class(plan: Plan, attribute: str) -> dict[str, list[str]]:
    classes: dict[str, list[str]] = {}
    for word, status in plan.words.get(attribute, {}).items():
        classes.setdefault(status, []).append(word)
    return classes


def _twice(line: int) -> str:
    return _(
        "Line %(line)d has this order with another amount. If the amounts of an order's rows add up, "
        "choose the columns again and say so; else export the file again."
    ) % {"line": line}


class OtherOrders(MappedOrders):
    """Any platform that has no format: one of several, which have nothing in common."""

    code = OTHER
    name = gettext_lazy("Other, by its columns")
    numbers_of_one_shop = True


class WeimobOrders(MappedOrders):
    """Weimob: its export is not known, and shows orders that were refunded in full as 已完成."""

    code = "weimob"
    name = gettext_lazy("Weimob")
    own_shop = True


class WooCommerceOrders(MappedOrders):
    """WooCommerce: an analytics report, or the export of one of many plug-ins."""

    code = "woocommerce"
    name = gettext_lazy("WooCommerce")
    own_shop = True
    numbers_of_one_shop = True


BY_COLUMNS: dict[str, MappedOrders] = {one.code: one for one in (WeimobOrders(), WooCommerceOrders(), OtherOrders())}


def as_format(plan: Plan, formats: Mapping[str, Format]) -> Format:
    """The format by which a plan's files are read; `formats` are the built-in ones by code. Raises KeyError."""
    if plan.format:
        return formats[plan.format]
    return BY_COLUMNS.get(plan.platform, MAPPED).of(plan)


MAPPED = MappedOrders()
