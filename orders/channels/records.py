"""The records of a file with their physical line numbers: of a delimited text, or of a sheet of a workbook.

Cells are text in both cases. A record of a text that spans several lines is known by its first.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from config.workbooks import Extent
from orders.channels import packed, tables
from orders.channels.packed import damaged
from orders.channels.rows import RefusedFile

MOST_LINES_OF_A_RECORD = 500
MOST_CELLS = 2_500_000
MOST_BYTES_UNPACKED = 160 << 20
EXACT_DIGITS = 10**15


class Unreadable(NamedTuple):
    """A record whose quotation marks are wrong: from `line` on to `last`."""

    line: int
    last: int
    unclosed: bool


def of_text(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]] | Unreadable]:
    """Records of a delimited text with their first lines, one in memory at a time; a blank line is an empty record."""
    with path.open(encoding=encoding, newline="") as text:
        yield from _of_lines(text, delimiter)


def _of_lines(text: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]] | Unreadable]:
    line = 1

    def lines() -> Iterator[str]:
        for here, one in enumerate(text, 1):
            if here - line > MOST_LINES_OF_A_RECORD:
                raise RefusedFile(
                    _("A quotation mark that opens on line %(line)d or later is never closed. Export the file again.")
                    % {"line": line}
                )
            yield one

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    while True:
        try:
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1
            return
        except csv.Error as error:
            yield Unreadable(line, reader.line_num, "delimiter" not in str(error))
            line = reader.line_num + 1


def sheets(path: Path, encoding: str) -> list[str]:
    """Names of the sheets of a workbook, or of tables; raises RefusedFile where it is damaged or would not fit into
    memory."""
    if tables.holds(path):
        return tables.names(path)
    refuse_huge(path)
    with _workbook(path) as book:
        return list(book.sheet_names)


def of_sheet(path: Path, encoding: str, sheet: str) -> Iterator[tuple[int, list[str]]]:
    """Records of a sheet, or of a table, with its row numbers."""
    if tables.holds(path):
        yield from tables.of_table(path, sheet)
        return
    with _workbook(path) as book:
        for line, cells in enumerate(book.get_sheet_by_name(sheet).iter_rows(), 1):
            yield line, [as_text(cell) for cell in cells]


@contextmanager
def _workbook(path: Path) -> Iterator[CalamineWorkbook]:
    """An open workbook, whatever its name: by a path the library would believe the name."""
    try:
        with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as book:
            yield book
    except CalamineError:
        raise damaged() from None


def as_text(cell: Any) -> str:
    """A cell of a workbook as text. A number of more than 15 digits has lost some: it is shown with its exponent."""
    if isinstance(cell, str):
        return cell.replace("\0", " ") if "\0" in cell else cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, int | float):
        return f"{cell:.5E}" if abs(cell) >= EXACT_DIGITS else f"{cell:.15g}"
    if isinstance(cell, datetime):
        return (cell + timedelta(milliseconds=500)).isoformat(" ", "seconds")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return ""


def refuse_huge(path: Path, *, most: int | None = None, cells: int | None = None) -> None:
    """A workbook is held in memory, as wide and high as its outermost cells: few bytes can ask for a lot of it.

    `most`: bytes when unpacked, `cells`: rows times columns. Raises RefusedFile.
    """
    left, cells = most or MOST_BYTES_UNPACKED, cells or MOST_CELLS
    for member in packed.directory(path):
        size, area = _measured(packed.unpacked(path, member), left, cells)
        left -= size
        if left < 0 or area > cells:
            raise RefusedFile(
                _("This workbook is too large or has cells far outside its table. Export the orders as CSV.")
            )


def _measured(pieces: Iterator[bytes], most: int, most_cells: int) -> tuple[int, int]:
    """Bytes of a part of a workbook, and rows times columns of its outermost cells, or their number if that is more.

    Reads a part to its end, whatever its name, so that its check sum is checked too; of a huge one not all.
    """
    size, extent = 0, Extent()
    for piece in pieces:
        size += len(piece)
        extent.add(piece)
        if extent.area > most_cells or size > most:
            return size, most_cells + 1
    return size, extent.area
