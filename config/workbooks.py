"""How large a workbook (.xlsx) becomes in memory.

The library that reads one holds a whole sheet, as wide and high as its outermost cells with something in them: 5 kB can
ask for 500 GB and end the process. So a workbook is measured before it is read, as that library reads it: by the place
that a row or a cell tells, in whatever way that is written, and by counting on where it tells none. Rows without cells
and cells that have a format only are left out: spreadsheets write them to the far end of a sheet whose table is small.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ("Extent",)

PLACE = rb"""r\s*=\s*["']([A-Za-z]*)(\d+)"""
# What follows the place of a cell without content: nothing but other attributes and its end.
BARE = rb"""["'](?:\s+(?!r\b)[a-z]+="\w*")*\s*(?:/>|></\1c>)"""
TOKEN = re.compile(rb"<((?:[^<>\s:/]+:)?)(row|c)(?=[\s/>])(?:\s+" + PLACE + rb"(" + BARE + rb")?)?|\b" + PLACE)
BEYOND = 10**9
LONGEST = 2 << 20  # bytes without a new tag


class Extent:
    """Rows, columns and cells of one part of a workbook, given piece by piece."""

    def __init__(self) -> None:
        self.high = self.wide = self.cells = 0
        self.unfinished = b""
        # Where the reading stands, and the outermost row and column that were named so far, for whatever.
        self._row = self._column = self._lowest = self._last = 0

    @property
    def area(self) -> int:
        """Return rows times columns up to the outermost cell, or how many cells are told if that is more."""
        return max(self.high * self.wide, self.cells)

    def add(self, piece: bytes) -> None:
        """Go on with a piece of XML; its last tags wait for the next one in `unfinished`, but not without end."""
        whole = self.unfinished + piece
        cut = _before_an_end(whole)
        self.unfinished = whole[cut:]
        self._measure(whole[:cut])
        if len(self.unfinished) > LONGEST:
            self.cells, self.unfinished = BEYOND, b""

    def _measure(self, tags: bytes) -> None:
        """Count the place that a cell with content tells first; one that tells none, as the outermost named so far."""
        high, wide, cells, row, column = self.high, self.wide, self.cells, self._row, self._column
        lowest, last = self._lowest, self._last
        for _prefix, tag, letters, digits, bare, later_letters, later_digits in TOKEN.findall(tags):
            if tag == b"c":
                cells += 1
                here, column = _row(digits) if digits else row, _column(letters) if letters else column + 1
            elif tag:
                here = row = _row(digits) if digits else lowest + 1
                column = 0
            elif not row and not cells:
                continue  # the part is no sheet
            else:
                here = row = _row(later_digits)
                column = _column(later_letters) if later_letters else column
            if here > lowest:
                lowest = here
            if column > last:
                last = column
            if bare or not (tag == b"c" or later_letters):
                continue
            if not letters or not digits:
                here, wide = lowest, last
            if here > high:
                high = here
            if column > wide:
                wide = column
        self.high, self.wide, self.cells, self._row, self._column = high, wide, cells, row, column
        self._lowest, self._last = lowest, last


def _before_an_end(tags: bytes) -> int:
    """Return where to cut so that no tag is cut, nor one from its end that follows it."""
    cut = tags.rfind(b"<")
    if cut < 0:
        return len(tags)
    for _step in range(5):
        cut = max(tags.rfind(b"<", 0, cut), 0)
        if not tags.startswith(b"</", cut):
            break
    return cut


@lru_cache(64)
def _row(digits: bytes) -> int:
    return int(digits) if len(digits) < 9 else BEYOND


@lru_cache(20_000)
def _column(letters: bytes) -> int:
    """Return the number of a column from its letters: B is 2."""
    if len(letters) > 3:
        return BEYOND
    index = 0
    for letter in letters.upper():
        index = index * 26 + letter - 64
    return index
