"""Cleaning of a single cell: armour off, then a value, or `BadCell` with a sentence that says how to mend it.

Nothing is guessed: a cell that is not surely a value is bad. The rules are those of the platforms' exports as found:
`="4133…"` around ids, a TAB before long values, a `'` before phones, `null` and `-` for nothing.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

from django.utils.translation import gettext as _

INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
EDGE = " \t\r\n\v\f\u00a0\u3000" + INVISIBLE
NULLS = frozenset(("", "null", "-", "--", "——", "n/a"))
ID_LIMIT = 64
MOST_PIECES = 999_999_999
WORD_LIMIT = 40

CURRENCY = r"(?:CNY|RMB|USD|EUR|GBP|HKD|TWD|JPY|AUD|CAD|SGD|(?:US|AU|CA|HK|NT)?\s?\$|[¥€£])"
MONEY = re.compile(
    rf"(-?)\s?{CURRENCY}?\s?(-?)(\d{{1,12}}|\d{{1,3}}(?:,\d{{3}}){{1,3}})(?:\.(\d+))?\s?(?:元|{CURRENCY})?", re.ASCII
)
MOMENT = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})"
    r"(?:(?:\s+|T)(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d{1,9})?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
CHINESE_MOMENT = str.maketrans({"年": "-", "月": "-", "日": " ", "时": ":", "分": ":", "秒": " "})
SERIAL = re.compile(r"\d{5}(?:\.\d{1,12})?", re.ASCII)
EXPONENT = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.ASCII | re.IGNORECASE)
ARMOUR = re.compile(r'="(.*)"', re.DOTALL)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class BadCell(ValueError):
    """A cell that cannot be used. `column` is the attribute of its column in the format, filled in by the column."""

    def __init__(self, reason: str, column: str = "") -> None:
        super().__init__(reason)
        self.reason, self.column = reason, column


class UnknownWord(BadCell):
    """A status word that is in no table: readable, but nobody has said what it means."""

    def __init__(self, word: str, column: str = "") -> None:
        super().__init__(
            _("Nobody has said yet what the status “%(word)s” means. Choose it on the page of the import.")
            % {"word": word[:WORD_LIMIT]},
            column,
        )
        self.word = word


def bare(text: str) -> str:
    """The cell without white space, `="…"`, quotes and leading `'`; "" where its word means nothing."""
    text = text.strip(EDGE).removeprefix("=").strip(EDGE + "\"'")
    return "" if text.lower() in NULLS else text


def word(text: str) -> str:
    """A status word as it is compared: NFKC and no white space, so that `，` is `,`."""
    return "".join(unicodedata.normalize("NFKC", bare(text)).split())


def identifier(text: str, shape: re.Pattern[str], example: str = "") -> str:
    """An order or row number of the given shape, always text. Ids that a spreadsheet made numbers are lost for good.

    `example`: a number of that shape, to tell what it looks like; "" for one of digits alone.
    """
    clean = bare(text)
    if not clean.isascii() and (narrow := unicodedata.normalize("NFKC", clean)).isascii():
        clean = narrow
    if not clean:
        raise BadCell(_("The number is missing. Fill it in, or export the file again."))
    if EXPONENT.fullmatch(clean):
        raise BadCell(
            _(
                "A spreadsheet turned this number into %(value)s and its last digits are lost. "
                "Export the file again and upload it without opening it in a spreadsheet."
            )
            % {"value": clean[:40]}
        )
    if len(clean) > ID_LIMIT:
        raise BadCell(too_long())
    if not shape.fullmatch(clean):
        raise BadCell(_misshapen(example))
    return clean


def _misshapen(example: str) -> str:
    if not example:
        return _("A number of this kind has digits only. Correct it, or export the file again.")
    said = _(
        "This is not a number as this channel writes it, such as %(example)s. Correct it, or export the file again."
    )
    return said % {"example": example}


def too_long() -> str:
    """What to say about an id that no order has."""
    return _("This number has more than 64 characters. Export the file again.")


def money(text: str, remark: re.Pattern[str] | None = None) -> Decimal | None:
    """An amount with two decimals, or None where the cell says that there is none.

    `remark` is the only bracketed remark that this column is known to print after its amount.
    """
    clean = bare(unicodedata.normalize("NFKC", bare(text)))
    if not clean:
        return None
    if remark:
        clean = remark.sub("", clean, count=1)
    bracketed = clean.startswith("(") and clean.endswith(")")
    match = MONEY.fullmatch(clean[1:-1] if bracketed else clean)
    if not match or len((match[4] or "").rstrip("0")) > 2 or bracketed + len(match[1]) + len(match[2]) > 1:
        raise BadCell(_("This is not an amount of money. Write it as 1234.50, with at most two decimals."))
    amount = Decimal(f"{match[3].replace(',', '')}.{(match[4] or '')[:2]:0<2}")
    return -amount if bracketed or match[1] or match[2] else amount


def moment(text: str, zone: tzinfo) -> datetime | None:
    """An aware time, or None for a null word. Wall time of `zone` unless the cell has an offset; years 2000 to 2100."""
    clean = bare(unicodedata.normalize("NFKC", bare(text)))
    if not clean:
        return None
    try:
        when = _moment(clean, zone)
    except (ValueError, OverflowError):
        when = None
    if when is None or not 2000 <= when.year <= 2100:
        raise BadCell(_("There is no such date or time. Write it as 2026-05-01 08:03:22, in a year from 2000 to 2100."))
    return when


def _moment(clean: str, zone: tzinfo) -> datetime | None:
    if SERIAL.fullmatch(clean):
        seconds = round(float(clean) * 86400)
        return datetime(1899, 12, 30, tzinfo=zone) + timedelta(seconds=seconds)
    if "年" in clean:
        clean = clean.translate(CHINESE_MOMENT).strip().rstrip(":")
        clean = re.sub(r"\s+", " ", clean)
    match = MOMENT.fullmatch(clean)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(match[n] or 0) for n in (1, 3, 4, 5, 6, 7))
    when = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    return _with_offset(when, match[8]) if match[8] else when


def _with_offset(when: datetime, offset: str) -> datetime:
    plus = "+00:00" if offset in ("Z", "UTC") else offset
    return datetime.fromisoformat(when.replace(tzinfo=None).isoformat() + plus)


def phone(text: str) -> str:
    """A phone number as E.164, or "" where there is none, where it is masked, or where its country is not known."""
    digits = re.sub(r"[\s().-]", "", unicodedata.normalize("NFKC", bare(text)))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if re.fullmatch(r"(?:86)?1[3-9]\d{9}", digits, re.ASCII):
        return "+86" + digits[-11:]
    return digits if re.fullmatch(r"\+[1-9]\d{7,14}", digits, re.ASCII) else ""


def phone_end(text: str) -> str:
    """The last four digits of a mobile phone, masked before them or whole; "" where the platform shows other digits.

    A number with an extension (`13800001111-1234`) is the platform's own, which the buyer does not know.
    """
    number = "".join(unicodedata.normalize("NFKC", bare(text)).split())
    if re.search(r"1[\d*]{10}[-#转,]\d{1,4}$", number, re.ASCII):
        return ""
    number = re.sub(r"^(?:\+|00)?86(?=1)", "", re.sub(r"[().-]", "", number))
    if re.fullmatch(r"1[\d*]{6}\d{4}", number, re.ASCII):
        return number[-4:]
    return number[-4:] if re.fullmatch(r"\+[1-9]\d{7,14}", number, re.ASCII) else ""


def plain(text: str, limit: int) -> str:
    """A text as it stands, without armour and control characters, cut at `limit`; "" for a null word."""
    clean = text.strip(EDGE)
    armoured = ARMOUR.fullmatch(clean)
    clean = (armoured[1] if armoured else clean).removeprefix("'").strip(EDGE)
    clean = CONTROL.sub(" ", clean).strip()
    return "" if clean.lower() in NULLS else clean[:limit]


def count(text: str) -> int:
    """How many pieces, 1 where the cell says nothing. `;` joins the counts of several products in one cell."""
    clean = unicodedata.normalize("NFKC", bare(text))
    total = 0
    for part in clean.split(";") if clean else ("1",):
        match = re.fullmatch(r"\s*(\d{1,6})(?:\.0+)?\s*", part, re.ASCII)
        if not match:
            raise BadCell(_("This is not a number of pieces. Write a whole number."))
        total += int(match[1])
    if total > MOST_PIECES:
        raise BadCell(_("This is not a number of pieces. Write a whole number."))
    return total
