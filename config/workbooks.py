"""How large a workbook (.xlsx) becomes in memory.

The library that reads one holds a whole sheet, as wide and high as its outermost cells: 5 kB can ask for 500 GB
and end the process. So a workbook is measured before it is read, as that library reads it: by the place that a row or a
cell tells, in whatever way that is written, and by counting on where it tells none.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ("Extent",)

PLACE = rb"""r\s*=\s*["']([A-Za-z]*)(\d+)"""
TOKEN = re.compile(rb"<(?:[^<>\s:/]+:)?(row|c)(?=[\s/>])(?:\s+" + PLACE + rb")?|\b" + PLACE)
BEYOND = 10**9


class Extent:
    """Rows, columns and cells of one part of a workbook, given piece by piece."""

    def __init__(self) -> None:
        self.high = self.wide = self.cells = 0
        self.unfinished = b""
        self._row = self._column = 0

    @property
    def area(self) -> int:
        """Return rows times columns up to the outermost cell, or how many cells are told if that is more."""
        return max(self.high * self.wide, self.cells)

    def add(self, piece: bytes) -> None:
        """Go on with a piece of XML; its last tag waits for the next one in `unfinished`."""
        whole = self.unfinished + piece
        cut = whole.rfind(b"<")
        self.unfinished = whole[cut:]
        high, wide, cells, row, column = self.high, self.wide, self.cells, self._row, self._column
        for tag, letters, digits, later_letters, later_digits in TOKEN.findall(whole[:cut]):
            if tag == b"c":
                column, cells = column + 1, cells + 1
            elif tag:
                row, column = row + 1, 0
            elif not row and not cells:
                continue  # the part is no sheet
            if digits or later_digits:
                row = _row(digits or later_digits)
            if letters or later_letters:
                column = _column(letters or later_letters)
            if row > high:
                high = row
            if column > wide:
                wide = column
        self.high, self.wide, self.cells, self._row, self._column = high, wide, cells, row, column


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
