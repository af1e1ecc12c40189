"""Pools of coupon codes: brought in by staff, handed out once by `mall_redeem`, looked at by their owner alone.

A pool's free codes are its gift's stock; the database keeps the two equal.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime
from io import StringIO
from typing import NamedTuple

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config import sql
from mall.models import LONGEST_CODE, CouponCode, Gift, Redemption, StockChange
from mall.redeeming import Refused

__all__ = ("BadCodes", "Problem", "add", "read", "reveal")

MOST_BYTES = 8 * 1024**2
MOST_CODES = 100_000
MOST_TOLD = 50
HEADERS = {"code", "codes", "coupon", "coupon code", "券码", "优惠券码", "兑换码", "卡密", "优惠码"}
INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060"), None)


class Problem(NamedTuple):
    """A line of a list of codes, from 1, and what is wrong with it."""

    line: int
    what: str | Promise


class BadCodes(Refused):
    """The list has lines that cannot be taken; nothing of it was. `detail` is the Problems, fifty at most."""

    code = "bad_codes"
    sentence = _("The list was not taken: some of its lines are wrong.")

    def __str__(self) -> str:
        return str(self.sentence)


def read(data: bytes) -> list[tuple[int, str]]:
    """Return the codes of a text or CSV file (UTF-8 or GB18030) with their lines: the first cell of each line.

    Empty lines and a heading are left out. Raises BadCodes for what is no text or is too large.
    """
    if len(data) > MOST_BYTES:
        raise BadCodes([Problem(0, _("The file is larger than 8 MB."))])
    rows = csv.reader(StringIO(_text(data), newline=""))
    try:
        cells = [(rows.line_num, row[0].translate(INVISIBLE).strip()) for row in rows if row]
    except csv.Error as error:
        raise BadCodes([Problem(rows.line_num, _("This is no text with a code in each line."))]) from error
    found = [(line, code) for line, code in cells if code]
    return found[1:] if found and found[0][1].casefold() in HEADERS else found


@transaction.atomic
def add(*, gift_id: int, codes: Iterable[tuple[int, str]], at: datetime, actor_id: int | None, note: str = "") -> int:
    """Put codes (with their lines) into a gift's pool, all or none; returns how many.

    Raises BadCodes with the lines that are empty, too long, twice in the list, or in the pool already; ValueError when
    the gift has no pool.
    """
    given = list(codes)
    if not Gift.objects.filter(pk=gift_id, kind=Gift.Kind.CODE).exists():
        raise ValueError("Codes belong to a gift of that kind.")
    _refuse(_problems(given))
    texts = [code for _line, code in given]
    new = {code for (code,) in sql.run("mall", "codes_add", gift=gift_id, codes=texts, at=at)}
    _refuse([Problem(line, _("is in the pool already")) for line, code in given if code not in new])
    words = note or gettext("Codes brought in")
    StockChange.objects.create(gift_id=gift_id, quantity=len(new), note=words, actor_id=actor_id, at=at)
    return len(new)


def reveal(*, redemption_id: int, member_id: int, at: datetime) -> list[CouponCode]:
    """Return a member's codes of a redemption and note that he has looked at them: nobody else will ever get them.

    Raises Redemption.DoesNotExist when it is not his, or holds no codes for him.
    """
    with transaction.atomic():
        mine = Redemption.objects.filter(member=member_id, kind=Gift.Kind.CODE, state=Redemption.State.RECEIVED)
        redemption = mine.select_for_update(no_key=True).get(pk=redemption_id)
        redemption.codes.filter(seen_at=None).update(seen_at=at)
        return list(redemption.codes.order_by("pk"))


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadCodes([Problem(1, _("This is no text with a code in each line."))])


def _problems(codes: list[tuple[int, str]]) -> list[Problem]:
    if not codes:
        return [Problem(1, _("There are no codes."))]
    if len(codes) > MOST_CODES:
        return [Problem(codes[MOST_CODES][0], _("More than 100,000 codes: please cut the list."))]
    first: dict[str, int] = {}
    found = []
    for line, code in codes:
        if not 1 <= len(code) <= LONGEST_CODE or not code.isprintable():
            found.append(Problem(line, _("is no code of 1 to 100 signs")))
        elif code in first:
            found.append(Problem(line, gettext("is the same as in line %(line)s") % {"line": first[code]}))
        else:
            first[code] = line
    return found


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise BadCodes(problems[:MOST_TOLD])
