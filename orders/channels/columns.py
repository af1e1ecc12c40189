"""A column of an export is a thing: what its header may be called, how a cell of it becomes a value, what is wrong.

A column object is called with the text of a cell and gives the value or raises `BadCell` with its own name in it.
The common clean shapes take a short way, for half a million rows; everything else goes through `cells`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Self

from django.utils.translation import gettext as _

from orders.channels import cells
from orders.channels.cells import WORD_LIMIT, BadCell, UnknownWord
from orders.channels.rows import WHOLE

# China has had no summer time since 1991, and times before 2000 are refused: a fixed offset is Asia/Shanghai.
SHANGHAI = timezone(timedelta(hours=8))
UTC = timezone.utc  # noqa: UP017 - of the type that columns take
DIGITS = re.compile(r"[0-9]{4,64}")
PLAIN_MONEY = re.compile(r"[0-9]{1,8}\.[0-9]{2}")
PLAIN_PHONE = re.compile(r"\t?1[3-9][0-9]{9}")
PHONE_END = re.compile(r"[\t']?1[0-9*]{6}[0-9]{4}")
CACHED, CACHED_LENGTH = 4096, 60
MOST_MONEY = 100_000_000  # a number in the wrong column is no amount, and sums of amounts have to fit into theirs


class Column:
    """Header names (the first is the usual one), and whether a file without it is another kind of file."""

    attribute = ""

    def __init__(self, *names: str, required: bool = False) -> None:
        self.names, self.required = names, required

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name

    def __call__(self, text: str) -> Any:
        try:
            return self.clean(text)
        except UnknownWord as unknown:
            raise UnknownWord(unknown.word, self.attribute) from None
        except BadCell as bad:
            raise self.bad(bad.reason) from None

    def clean(self, text: str) -> Any:
        """The value of a cell; raises BadCell."""
        raise NotImplementedError

    def bad(self, reason: str) -> BadCell:
        """The error to raise about a cell of this column."""
        return BadCell(reason, self.attribute)


class Remembering(Column):
    """A column whose cells repeat: values are kept by the text of their cell, in a bounded memory."""

    def __init__(self, *names: str, required: bool = False) -> None:
        super().__init__(*names, required=required)
        self.seen: dict[str, Any] = {}

    def __call__(self, text: str) -> Any:
        try:
            return self.seen[text]
        except KeyError:
            value = super().__call__(text)
            if len(self.seen) >= CACHED:
                self.seen.clear()
            if len(text) <= CACHED_LENGTH:
                self.seen[text] = value
            return value


class Id(Column):
    """An order number or row number of one shape: text, never a number, at most 64 characters.

    `blank`: an empty cell is "", not bad. `example`: a number to show to whoever has a bad one; "" if all are digits.
    """

    def __init__(
        self,
        *names: str,
        shape: re.Pattern[str] = DIGITS,
        example: str = "",
        required: bool = True,
        blank: bool = False,
    ) -> None:
        super().__init__(*names, required=required)
        self.shape, self.example, self.blank = shape, example, blank

    def __call__(self, text: str) -> str:
        bare = text[2:-1] if text[:2] == '="' else text
        if bare.isascii() and len(bare) <= cells.ID_LIMIT:
            if self.shape is DIGITS and bare.isdigit() and len(bare) >= 4:
                return bare
            if bare[:1].isalpha() and bare[1:].isdigit() and self.shape.fullmatch(bare):
                return bare
        return super().__call__(text)

    def clean(self, text: str) -> str:
        return "" if self.blank and not cells.bare(text) else self.identifier(text)

    def identifier(self, text: str) -> str:
        """See cells.identifier."""
        return cells.identifier(text, self.shape, self.example)


class PackedId(Id):
    """A row number, or several joined by `;` where one row stands for its whole order.

    Several become `WHOLE`, the lowest and how many more, which stays the same in every later export and is short.
    """

    def clean(self, text: str) -> str:
        parts = sorted({self.identifier(part) for part in re.split("[;；]", text) if cells.bare(part)})
        if not parts:
            return self.identifier(text)
        packed = parts[0] if len(parts) == 1 else f"{WHOLE}{parts[0]}+{len(parts) - 1}"
        if len(packed) > cells.ID_LIMIT:
            raise BadCell(cells.too_long())
        return packed


class Money(Remembering):
    """An amount, not negative unless `signed`; None where the cell is empty or has one of the words of `nothing`.

    `remark`: see `cells.money`.
    """

    def __init__(
        self,
        *names: str,
        required: bool = False,
        remark: re.Pattern[str] | None = None,
        nothing: Sequence[str] = (),
        signed: bool = False,
    ) -> None:
        super().__init__(*names, required=required)
        self.remark, self.signed = remark, signed
        self.nothing = frozenset(map(cells.word, nothing))

    def clean(self, text: str) -> Decimal | None:
        if PLAIN_MONEY.fullmatch(text):
            return Decimal(text)
        if cells.word(text) in self.nothing:
            return None
        amount = cells.money(text, self.remark)
        if amount is not None and amount.is_signed() and not self.signed:
            raise BadCell(_("This amount must not be negative. Correct it, or export the file again."))
        if amount is not None and abs(amount) >= MOST_MONEY:
            raise BadCell(_("No order is as large as this amount. Correct it, or export the file again."))
        return amount

    def missing(self) -> BadCell:
        """The error for a paid row without its amount."""
        return self.bad(_("The amount is missing, and this order is paid. Fill it in, or export the file again."))


class Time(Column):
    """An aware time, None where the cell is empty. Wall time of `zone` unless the cell has an offset."""

    def __init__(self, *names: str, required: bool = False, zone: timezone = SHANGHAI) -> None:
        super().__init__(*names, required=required)
        self.zone = zone
        self.offset = str(zone).removeprefix("UTC") or "+00:00"

    def __call__(self, text: str) -> datetime | None:
        if len(text) == 19 and text[4:14:3] == "-- :":
            try:
                when = datetime.fromisoformat(text + self.offset)
            except ValueError:
                return super().__call__(text)
            if 2000 <= when.year <= 2100:
                return when
        return super().__call__(text) if text else None

    def clean(self, text: str) -> datetime | None:
        return cells.moment(text, self.zone)


class Status(Remembering):
    """A status word, looked up in a table `{class: words}`. A word in no table is never guessed: raises UnknownWord.

    `prefixes` is such a table of beginnings of words. `blank` is the class of an empty cell (None: an empty cell is
    bad). `packed`: the words of several products may be joined by `;`, and count only if they are of one class.
    """

    def __init__(
        self,
        *names: str,
        words: Mapping[str, Sequence[str]],
        required: bool = True,
        blank: str | None = None,
        packed: bool = False,
        prefixes: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(*names, required=required)
        self.beginnings = {cells.word(one): status for status, many in (prefixes or {}).items() for one in many}
        self.classes = {cells.word(one): status for status, many in words.items() for one in many}
        self.blank, self.packed = blank, packed

    def clean(self, text: str) -> str:
        found = {self._class(part) for part in (re.split("[;；]", text) if self.packed else [text])}
        if len(found) > 1:
            raise BadCell(
                _("This line stands for several products of different status. Export the orders by sub-order instead.")
            )
        return found.pop()

    def _class(self, text: str) -> str:
        word = cells.word(text)
        if not word and self.blank is not None:
            return self.blank
        if not word:
            raise BadCell(_("The status is missing. Export the file again."))
        for beginning, status in self.beginnings.items():
            if word.startswith(beginning):
                return status
        if word not in self.classes:
            raise UnknownWord(word) if len(word) <= WORD_LIMIT else BadCell(_too_long_for_a_status())
        return self.classes[word]

    def taught(self, words: Mapping[str, str]) -> Self:
        """A copy that knows more words, by the class that staff gave them; its own words keep theirs."""
        more = copy.copy(self)
        more.classes, more.seen = {**words, **self.classes}, {}
        return more

    @property
    def choices(self) -> list[str]:
        """The classes that a word of this column may have."""
        return sorted({*self.classes.values(), *self.beginnings.values()})


def _too_long_for_a_status() -> str:
    return _("This is no word of a status: it is too long. Look whether the columns of this line have moved.")


class Text(Column):
    """A text as it stands, formulas and all, without control characters and cut at `limit`."""

    def __init__(self, *names: str, required: bool = False, limit: int = 500) -> None:
        super().__init__(*names, required=required)
        self.limit = limit

    def __call__(self, text: str) -> str:
        if text and text.isprintable() and len(text) <= self.limit and text[0] not in "=' -—nN" and text[-1] != " ":
            return text
        return self.clean(text) if text else ""

    def clean(self, text: str) -> str:
        return cells.plain(text, self.limit)


class Buyer(Text):
    """A buyer's stable name on the platform. A masked one names many people and is therefore nobody.

    `masked` counts those, in the copy of a column that reads one file.
    """

    masked = 0

    def clean(self, text: str) -> str:
        name = cells.plain(text, self.limit + 1)
        return "" if len(name) > self.limit else name

    def __call__(self, text: str) -> str:
        if "*" in text:
            self.masked += 1
            return ""
        return super().__call__(text)


class Email(Buyer):
    """A buyer's e-mail address in lower case, "" if it is none."""

    def __call__(self, text: str) -> str:
        name = super().__call__(text).lower()
        return name if len(name) <= self.limit and re.fullmatch(r"[^@\s]+@[^@\s]+", name) else ""


class Phone(Column):
    """The buyer's own phone as E.164, "" if masked or empty. Never declare a receiver's phone.

    `masked` counts those that are, in the copy of a column that reads one file.
    """

    masked = 0

    def __call__(self, text: str) -> str:
        if PLAIN_PHONE.fullmatch(text):
            return "+86" + text[-11:]
        if "*" in text:
            self.masked += 1
            return ""
        return cells.phone(text) if text else ""


class PhoneEnd(Column):
    """The last four digits of a phone in the file, masked or whole, the buyer's or the receiver's; "" if not shown.

    They prove a claim, for who bought knows either phone, and nothing else: never look for a buyer by them. Without a
    name it is read from the column of the buyer's own phone.
    """

    def __call__(self, text: str) -> str:
        if PHONE_END.fullmatch(text):
            return text[-4:]
        return cells.phone_end(text) if text else ""


class Count(Remembering):
    """How many pieces; 1 where nothing is said."""

    def clean(self, text: str) -> int:
        return cells.count(text)
