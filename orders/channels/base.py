"""A format: the columns of one platform's export and how a row of them becomes a `Row`.

A format is a small class: it declares its columns, in the order in which `understand` takes their values, and says in
`understand` what they mean. That covers the shapes that exports have:

- a row per order: `row_key` is "" (Taobao list, Youzan orders);
- a row per sub-order: `row_key` is the sub-order's number, and amounts are per row (Douyin);
- a row per SKU with the order's amount repeated: `row_key` is `repeated(sku)`, and the amount counts once (JD);
- rows without a number of their own: `row_key` is `content_key` of what never changes about them (Amazon);
- blank continuation rows: override `row` and carry forward by the order number (Shopify, eBay);
- rows that can only be understood beside their neighbours: override `arranged` (WeChat shop).

Several formats may be exports of one platform: they share its `platform` code, and one channel takes them all.

`FORMATS` holds one object of each format. `bind` makes a copy for one file, which may keep state while it reads.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, ClassVar, Self

from django.utils.translation import gettext as _

from orders.channels.cells import ID_LIMIT, INVISIBLE, BadCell, UnknownWord
from orders.channels.cells import word as compared
from orders.channels.columns import Buyer, Column, Money, Phone, Status
from orders.channels.rows import (
    BACK,
    CLOSED,
    COMPLETED,
    HOLD,
    PAID,
    PARTIALLY_REFUNDED,
    REFUNDED,
    UNKNOWN,
    UNPAID,
    WHOLE,
    ZERO,
    BadRow,
    NoRow,
    Row,
    Skipped,
)

KEPT = "kept"  # an after-sale that took no money: not a class of rows, the order's own status stands

LEARNED = ("status", "item_status", "after_sale")  # columns whose new words staff may say the meaning of
WORDS_LIMIT = 100
MOST_STRANGE = 60  # different new words: a column of more has no words of a status
OWED_NOTHING = frozenset((UNPAID, CLOSED))
MAY_BE_COMPLETED = frozenset((COMPLETED, PARTIALLY_REFUNDED))
IGNORED = dict.fromkeys(map(ord, INVISIBLE + "=\"'“”¥"))
IGNORED[ord("帐")] = ord("账")


def normal(header: str) -> str:
    """A header name as it is compared: NFKC, no white space, BOM, zero-width, `=`, quotes or ¥; 帐 is 账."""
    return "".join(unicodedata.normalize("NFKC", header).translate(IGNORED).split())


class Format:
    """One platform's export. Subclasses declare `code`, `name`, columns (one is `number`) and `understand`.

    `platform` is the code that channels and buyers' identities go by; that of its main format, unless declared.
    """

    code: str = ""
    platform: str = ""
    name: Any
    lacks: ClassVar[Sequence[str]] = ()
    own_shop: ClassVar[bool] = False  # the brand's own shop: its buyers become members
    adjusts: ClassVar[bool] = False  # its rows say what went back of orders that are known, and never make one
    numbers_of_one_shop: ClassVar[bool] = False  # another shop of the platform may have the same order number
    columns: Mapping[str, Column] = {}
    number: ClassVar[Column]
    understand: ClassVar[Callable[..., Row]]

    def __init_subclass__(cls) -> None:
        cls.platform = cls.platform or cls.code
        own = {name: thing for name, thing in vars(cls).items() if isinstance(thing, Column)}
        cls.columns = {**cls.columns, **own}
        takes = list(inspect.signature(cls.understand).parameters)
        if takes != ["self", "line", *cls.columns]:
            raise TypeError(f"{cls.__name__}.understand takes {takes[2:]} but the columns are {list(cls.columns)}")

    def find(self, header: Sequence[str]) -> dict[str, int]:
        """Index by attribute of those columns that a header has, by normalised name. The first of two equal names."""
        places: dict[str, int] = {}
        for index, name in enumerate(header):
            places.setdefault(normal(name), index)
        found = {}
        for attribute, column in self.columns.items():
            known = [places[normal(name)] for name in column.names if normal(name) in places]
            if known:
                found[attribute] = known[0]
        return found

    def missing(self, header: Sequence[str]) -> list[str]:
        """The required columns that a header lacks, by their usual names."""
        found = self.find(header)
        return [
            column.names[0] for attribute, column in self.columns.items() if column.required and attribute not in found
        ]

    def recognises(self, header: Sequence[str]) -> bool:
        """Whether a line is the header of this format."""
        return not self.missing(header) and not {normal(one) for one in self.lacks} & {normal(one) for one in header}

    def bind(self, columns: Mapping[str, int]) -> Self:
        """A copy that reads one file, whose columns are at these indexes; the cell after the last one must be "".

        A buyer's own phone tells its end, too, where no other column does.
        """
        columns = {"phone_end": columns["phone"], **columns} if "phone" in columns else columns
        bound = copy.copy(self)
        bound.pick = itemgetter(*(columns.get(attribute, -1) for attribute in self.columns))
        own = {name: copy.copy(one) for name, one in self.columns.items() if isinstance(one, Buyer | Phone)}
        bound.columns = {**self.columns, **own}
        bound.cleaners = tuple(column.__call__ for column in bound.columns.values())
        bound.strange = Counter()
        return bound

    def taught(self, words: Mapping[str, Mapping[str, str]]) -> Self:
        """A copy that also knows the words that staff gave a class, by attribute of their column."""
        known = {
            name: one.taught(words[name])
            for name, one in self.columns.items()
            if isinstance(one, Status) and words.get(name) and name in self.learns()
        }
        if not known:
            return self
        taught = copy.copy(self)
        taught.columns = {**self.columns, **known}
        taught.lessons = {name: frozenset(words[name]) for name in known}
        return taught

    def learns(self) -> tuple[str, ...]:
        """The attributes of the columns whose new words may be given a class."""
        return () if self.adjusts else tuple(name for name in LEARNED if name in self.columns)

    lessons: Mapping[str, frozenset[str]] = {}
    strange: Counter[tuple[str, str]]  # how many rows have a word that nobody knows, by attribute and word

    def masked(self) -> dict[str, int]:
        """How many buyers and phones of a file were masked, by attribute: of a copy that has read it."""
        found = {name: one.masked for name, one in self.columns.items() if isinstance(one, Buyer | Phone)}
        return {name: count for name, count in found.items() if count}

    pick: Callable[[list[str]], tuple[str, ...]]
    cleaners: tuple[Callable[[str], Any], ...]

    def row(self, line: int, cells: list[str]) -> Row:
        """One record of the file as a row; raises BadCell, or NoRow with what it is instead."""
        try:
            row = self.understand(
                line, *[clean(text) for clean, text in zip(self.cleaners, self.pick(cells), strict=True)]
            )
        except UnknownWord as unknown:
            return self._undecided(line, cells, unknown)
        return row._replace(word=self._lesson(cells)) if self.lessons else row

    def _lesson(self, cells: list[str]) -> str:
        """The words of a record whose class is from staff."""
        texts = dict(zip(self.columns, self.pick(cells), strict=True))
        words = (compared(texts[name]) for name in self.lessons)
        return _joined([word for word, known in zip(words, self.lessons.values(), strict=True) if word in known])

    def _undecided(self, line: int, cells: list[str], unknown: UnknownWord) -> Row:
        """A record of which only the meaning of a status word is missing. Raises BadCell if more than that is."""
        values, words = [], []
        for (name, column), clean, text in zip(self.columns.items(), self.cleaners, self.pick(cells), strict=True):
            try:
                values.append(clean(text))
            except UnknownWord as one:
                words.append((name, one.word))
                values.append((isinstance(column, Status) and column.blank) or PAID)
        if not {name for name, _word in words} <= set(self.learns()):
            raise unknown
        try:
            row = self.understand(line, *values)
        except BadCell:
            raise unknown from None
        if row.status in (UNPAID, REFUNDED):
            return row  # whatever the word means
        if len(self.strange | Counter(words)) > MOST_STRANGE:
            raise unknown
        self.strange.update(words)
        told = _joined([word for _name, word in words])
        return row._replace(status=UNKNOWN, refunded=ZERO, shipping=ZERO, paid_at=None, completed_at=None, word=told)

    def aside(self, cells: list[str]) -> str:
        """What to say about a record that is neither a row nor an error, such as a footer; "" if it is none."""
        return ""

    def arranged(self, things: Iterator[Row | BadRow | Skipped]) -> Iterator[Row | BadRow | Skipped]:
        """All that was read, in its order; a format may look at neighbouring rows together here."""
        return things


def _joined(words: Sequence[str]) -> str:
    return " / ".join(words)[:WORDS_LIMIT]


def repeated(key: str) -> str:
    """The `row_key` of a row that repeats the amounts of its whole order."""
    return WHOLE + key


def given_back(line: int, number: str, part: str, after_sale: str, back: Decimal, title: str) -> Row:
    """A row that adjusts: what an after-sale gave back of a part of an order, or of all of it if `part` is "".

    Told again it is the same; several of one part add up. Both numbers together have at most 62 characters. Raises
    NoRow if nothing went back.
    """
    if not back:
        raise nothing_back()
    key = f"{BACK}{part}{BACK}{after_sale}"
    return Row(line, number, key, REFUNDED, ZERO, back, ZERO, None, None, None, "", "", title, after_sale, 0)


def nothing_back() -> NoRow:
    """What an after-sale is by which no money went back, or not yet."""
    return NoRow(_("An after-sale by which no money went back, or not yet."))


def content_key(*facts: object) -> str:
    """A `row_key` for rows without a number: what never changes about them, so that every export gives the same."""
    text = " ".join(filter(None, map(str, facts))).lstrip(f"{WHOLE}{BACK} ") or "-"
    most = ID_LIMIT - len(WHOLE)
    return (
        text
        if len(text) <= most
        else f"{text[: most - 17]}~{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"
    )


def prevailing(status: str, after_sale: str) -> str:
    """The after-sale column wins over the order status, except of an order never paid or refunded anyway."""
    return status if after_sale == KEPT or status in (UNPAID, REFUNDED) else after_sale


def all_or_nothing(status: str, paid: Decimal | None, column: Money) -> tuple[Decimal, Decimal]:
    """Gross and refunded of a row of which only a status says that money went back: then all of it.

    Amounts of unpaid and closed rows are dues and become zero. Raises BadCell where a paid row has no amount.
    """
    if status in OWED_NOTHING:
        return ZERO, ZERO
    if paid is None:
        raise column.missing()
    return paid, paid if status == REFUNDED else ZERO


def within(part: Decimal | None, whole: Decimal) -> Decimal:
    """The shipping inside an amount: never more than the amount, zero where unknown."""
    return min(part, whole) if part else ZERO


def payment(status: str, paid_at: datetime | None) -> datetime | None:
    """The time of payment, which an unpaid or closed order does not have, whatever its file prints."""
    return None if status in OWED_NOTHING else paid_at


def completion(status: str, completed_at: datetime | None) -> datetime | None:
    """The time of completion, which only an order that kept money has."""
    return completed_at if status in MAY_BE_COMPLETED else None


def settled(
    status: str, gross: Decimal | None, refunded: Decimal | None, columns: tuple[Money, Money]
) -> tuple[str, Decimal, Decimal]:
    """Class, gross and refunded of a row whose file has both amounts: where money came back, they tell the class.

    Amounts of unpaid and closed rows are dues, not payments, and become zero. `columns` (paid, refunded) are named when
    an amount is missing or more came back than was paid: raises BadCell.
    """
    if status == UNPAID or (status == CLOSED and not refunded):
        return status, ZERO, ZERO
    if gross is None:
        raise columns[0].missing()
    if not refunded:
        return status, gross, ZERO
    if refunded > gross:
        reason = _("More was refunded than was paid. Correct the amounts, or export the file again.")
        raise columns[1].bad(reason)
    if refunded == gross:
        return REFUNDED, gross, refunded
    return (HOLD if status == HOLD else PARTIALLY_REFUNDED), gross, refunded
