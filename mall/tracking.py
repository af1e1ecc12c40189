"""Tracking numbers that come back by file: the whole file is checked, then all of it is shipped or nothing.

A line is a redemption number, a carrier and a tracking number; a line without both of these is not yet shipped and is
passed over. The file is a filled-in packing list, or any table with these three columns under names that people use.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import sql
from config.sql import Relation
from mall import carriers
from mall.models import Redemption, Shipment
from mall.redeeming import Refused

__all__ = ("BadLine", "Changed", "Checked", "Parcel", "check", "ship_all")

HEADER_WITHIN = 10
NAMES = {
    "number": ("redemption number", "redemption", "兑换编号", "兑换单号", "编号"),
    "carrier": ("carrier", "快递公司", "物流公司", "承运商", "快递"),
    "tracking": ("tracking number", "tracking", "运单号", "快递单号", "物流单号", "单号"),
}
LONGEST_CARRIER = Shipment._meta.get_field("carrier").max_length or 0
TRACKING = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{4,39}")
ROUNDED = re.compile(r"\d(\.\d+)?E\+?\d+", re.IGNORECASE)
State = Redemption.State


class Parcel(NamedTuple):
    """A line that can be shipped."""

    redemption_id: int
    carrier: str
    tracking_number: str


class BadLine(NamedTuple):
    """A line that cannot: where, what stands there, and why not."""

    line: int
    column: str
    value: str
    reason: str


class Checked(NamedTuple):
    """A whole file: what would be shipped, what is wrong, and how many lines are not filled in yet."""

    parcels: list[Parcel]
    bad: list[BadLine]
    empty: int


class Changed(Refused):
    """Meanwhile somebody shipped or cancelled one of them; nothing was done."""

    code = "changed"
    sentence = gettext_lazy(
        "Some of these were shipped or cancelled meanwhile, so nothing was done. Hand in the file again."
    )


def check(table: Sequence[tuple[int, list[str]]]) -> Checked:
    """Check every line of a file. A file without the three columns has one bad line that says so."""
    found = _columns(table)
    if found is None:
        names = ", ".join((_("redemption number"), _("carrier"), _("tracking number")))
        reason = _("No line has these columns: %(names)s.") % {"names": names}
        return Checked([], [BadLine(table[0][0] if table else 1, "", "", reason)], 0)
    start, places = found
    filled, bad, empty = _filled(table[start:], places)
    bad += _misfits(filled)
    return Checked([parcel for _line, parcel in filled], sorted(bad), empty)


@transaction.atomic
def ship_all(*, parcels: Sequence[Parcel], at: datetime) -> int:
    """Ship all of these, or none: raises Changed when one of them is not to be shipped any more. Return how many."""
    columns = {"redemption_id": "bigint", "carrier": "text", "tracking_number": "text"}
    shipped = sql.run("mall", "ship_all", relation=Relation.rows(columns, parcels), at=at)
    if len(shipped) != len(parcels):
        raise Changed
    return len(shipped)


def _columns(table: Sequence[tuple[int, list[str]]]) -> tuple[int, dict[str, int]] | None:
    """Return where the lines begin, and in which column each of the three stands."""
    for row, (_line, cells) in enumerate(table[:HEADER_WITHIN]):
        seen = [_normal(cell) for cell in cells]
        places = {key: place for key in NAMES if (place := _place(seen, key)) is not None}
        if len(places) == len(NAMES):
            return row + 1, places
    return None


def _place(seen: list[str], key: str) -> int | None:
    told = {"number": _("redemption number"), "carrier": _("carrier"), "tracking": _("tracking number")}[key]
    names = (_normal(told), *map(_normal, NAMES[key]))
    return next((seen.index(name) for name in names if name in seen), None)


def _filled(
    lines: Sequence[tuple[int, list[str]]], places: dict[str, int]
) -> tuple[list[tuple[int, Parcel]], list[BadLine], int]:
    """Read each line by itself."""
    filled: list[tuple[int, Parcel]] = []
    bad: list[BadLine] = []
    empty = 0
    for line, cells in lines:
        number, carrier, tracking = (_cell(cells, places[key]) for key in NAMES)
        if not carrier and not tracking:
            empty += 1
            continue
        wrong = _wrong(line, number, carrier, tracking)
        if wrong:
            bad.append(wrong)
        else:
            filled.append((line, Parcel(int(number.lstrip("#")), carriers.called(carrier), tracking)))
    return filled, bad, empty


def _wrong(line: int, number: str, carrier: str, tracking: str) -> BadLine | None:
    """Return the first thing that is wrong with a line."""
    if not re.fullmatch(r"#?[0-9]{1,18}", number):
        return BadLine(line, _("redemption number"), number[:60], _("This is no redemption number."))
    if not carrier:
        return BadLine(line, _("carrier"), "", _("The carrier is missing."))
    if len(carrier) > LONGEST_CARRIER:
        return BadLine(line, _("carrier"), carrier[:60], _("This is too long for a carrier."))
    if not tracking:
        return BadLine(line, _("tracking number"), "", _("The tracking number is missing."))
    if ROUNDED.fullmatch(tracking):
        reason = _("The spreadsheet has rounded this number. Format the column as text and enter it again.")
        return BadLine(line, _("tracking number"), tracking[:60], reason)
    if not TRACKING.fullmatch(tracking):
        reason = _("A tracking number has 5 to 40 letters and digits.")
        return BadLine(line, _("tracking number"), tracking[:60], reason)
    return None


def _misfits(filled: Sequence[tuple[int, Parcel]]) -> list[BadLine]:
    """Return lines whose redemption is not there, is not to be shipped, or stands in the file twice. One query."""
    ids = [parcel.redemption_id for _line, parcel in filled]
    known = {one.pk: one for one in Redemption.objects.filter(pk__in=ids).only("state")}
    seen: dict[int, int] = {}
    bad = []
    for line, parcel in filled:
        reason = _misfit(known.get(parcel.redemption_id), seen.get(parcel.redemption_id))
        seen.setdefault(parcel.redemption_id, line)
        if reason:
            bad.append(BadLine(line, _("redemption number"), str(parcel.redemption_id), reason))
    return bad


def _misfit(redemption: Redemption | None, first_line: int | None) -> str:
    if redemption is None:
        return _("There is no such redemption.")
    if first_line is not None:
        return _("This redemption stands on line %(line)s already.") % {"line": first_line}
    if redemption.state not in (State.PLACED, State.PACKED):
        return _("This redemption is %(state)s.") % {"state": redemption.get_state_display()}
    return ""


def _cell(cells: list[str], place: int) -> str:
    return " ".join(cells[place].split()) if place < len(cells) else ""


def _normal(name: str) -> str:
    return "".join(name.split()).lower()
