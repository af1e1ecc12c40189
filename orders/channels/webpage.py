"""The tables of a web page, which many an .xls is, and of an XML spreadsheet of Excel 2003.

A page is read by its tags, in one pass and in pieces; html.parser takes five times as long for what shops export, and
gives up on pages that Excel opens. Of tables within tables the innermost counts. Cells that span columns or rows leave
empty cells behind, as in a sheet with merged cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import NamedTuple

from django.utils.translation import gettext as _

from orders.channels.rows import RefusedFile

LONGEST = 1 << 20
MOST_COLUMNS = 10_000
TAG = re.compile(
    r"""<!--|<[!?][^<>]*>|<(/?)(?:[a-zA-Z]+:)?([a-zA-Z][a-zA-Z0-9]*)((?:[^<>"']++|"[^"<]*"|'[^'<]*')*+|[^<>]*)>"""
)
SKIPPED = {"": "-->", "script": "</script", "style": "</style"}
UNTIL = {name: re.compile(end, re.IGNORECASE) for name, end in SKIPPED.items()}
TABLES, LINES, CELLS = ("table", "worksheet"), ("tr", "row"), ("td", "th", "cell")
SPACES = ("br", "p", "div", "li")
SHAPED = ("pan", "PAN", "Index", "Merge")
ACROSS = re.compile(r"""\bcolspan\s*=\s*["']?(\d{1,5})""", re.IGNORECASE)
MERGED = re.compile(r"""\bMergeAcross\s*=\s*["']?(\d{1,5})""", re.IGNORECASE)
DOWN = re.compile(r"""\browspan\s*=\s*["']?(\d{1,5})""", re.IGNORECASE)
PLACE = re.compile(r"""\bIndex\s*=\s*["']?(\d{1,7})""", re.IGNORECASE)


Tag = tuple[str, str, str, str]  # the text before it, "/" if it closes, its name, its attributes


class Line(NamedTuple):
    """A row of a table: which table of the page, which row of it, and its cells as text."""

    table: int
    line: int
    cells: list[str]


def lines(pieces: Iterable[str]) -> Iterator[Line]:
    """The rows of all tables of a page, in its order. Raises RefusedFile for rows that no export has."""
    page = Page()
    for tag in _tags(pieces):
        page.meet(tag)
        if page.whole:
            yield from page.taken()
    page.end_line()
    yield from page.taken()


def _tags(pieces: Iterable[str]) -> Iterator[Tag]:
    rest, until = "", None
    for piece in pieces:
        rest, at = rest + piece, 0
        while True:
            if until:
                end = until.search(rest, at)
                if not end:
                    at = max(at, len(rest) - 10)
                    break
                at, until = end.end(), None
            tag = TAG.search(rest, at)
            if not tag:
                break
            name = (tag[2] or "").lower()
            yield rest[at : tag.start()], tag[1], name, tag[3]
            at = tag.end()
            if tag[0] == "<!--" or (name in UNTIL and tag[1] == ""):
                until = UNTIL[name]
        rest = rest[at:]
        if len(rest) > LONGEST:
            raise _too_long()
    yield "" if until else rest, "", "", ""


class Page:
    """The tables of a page as far as it was read; `taken` gives the rows that are whole."""

    def __init__(self) -> None:
        self.table = self.line = 0
        self.row: list[tuple[str, str]] | None = None
        self.text: list[str] | None = None
        self.attributes = ""
        self.laid = 0  # rows of the table that were laid out
        self.below: dict[int, int] = {}  # the last row, of those, that a cell above reaches down to, by column
        self.whole: list[Line] = []

    def taken(self) -> list[Line]:
        """The rows since the last time."""
        whole, self.whole = self.whole, []
        return whole

    def meet(self, tag: Tag) -> None:
        """Go on by one tag."""
        before, closing, name, attributes = tag
        if before and self.text is not None:
            self.text.append(before)
        if name in CELLS:
            if self.text is not None:
                self.end_cell()
            if not closing:
                self.text, self.attributes = [], attributes
        elif name in LINES:
            self.end_line()
            if not closing:
                self.begin_line(attributes)
        elif name in TABLES:
            self.end_line()
            self.table, self.line, self.laid, self.below = self.table + (not closing), 0, 0, {}
        elif name in SPACES and self.text is not None:
            self.text.append(" ")

    def begin_line(self, attributes: str) -> None:
        """Begin a row, which may tell its number."""
        self.row, self.line = [], max(self.line + 1, _number(PLACE, attributes))

    def end_cell(self) -> None:
        """Keep the cell that is open, in a row that may not have begun by itself."""
        if self.text is None:
            return
        if self.row is None:
            self.begin_line("")
        if self.row is not None:
            text = "".join(self.text)
            self.row.append((" ".join((unescape(text) if "&" in text else text).split()), self.attributes))
            if len(self.row) > MOST_COLUMNS:
                raise _too_long()
        self.text = None

    def end_line(self) -> None:
        """Lay the cells of the row that is open out."""
        self.end_cell()
        if self.row is not None:
            self.whole.append(Line(self.table, self.line, self.laid_out(self.row)))
        self.row = None

    def laid_out(self, row: list[tuple[str, str]]) -> list[str]:
        """The cells of a row, each in its column. Cells of rows above that reach down take theirs."""
        cells: list[str] = []
        self.laid += 1
        for text, attributes in row:
            across = down = 1
            if attributes and any(word in attributes for word in SHAPED):
                across = max(_number(ACROSS, attributes), _number(MERGED, attributes) + 1, 1)
                down = _number(DOWN, attributes)
                cells += [""] * min(_number(PLACE, attributes) - 1 - len(cells), MOST_COLUMNS)
            while self.below.get(len(cells), 0) >= self.laid:
                cells.append("")
            if down > 1:
                self.below |= dict.fromkeys(
                    range(len(cells), len(cells) + min(across, MOST_COLUMNS)), self.laid + down - 1
                )
            cells += [text, *[""] * (across - 1)]
            if len(cells) > MOST_COLUMNS:
                raise _too_long()
        return cells


def _number(pattern: re.Pattern[str], attributes: str) -> int:
    found = pattern.search(attributes)
    return int(found[1]) if found else 0


def _too_long() -> RefusedFile:
    return RefusedFile(_("A line of this file is longer than a megabyte: this is no order export."))
