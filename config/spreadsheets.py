"""Tables that go to a spreadsheet and small ones that come back from it: CSV and xlsx.

Laws:
- No cell that goes out is taken for a formula.
- A file that comes in is small, is looked at by its bytes and not by its name, and is refused with a sentence.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO, Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from python_calamine import CalamineError, CalamineWorkbook

from config.workbooks import Extent

__all__ = ("XLSX", "NoTable", "csv_lines", "disarmed", "table", "xlsx")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ARMOURED = re.compile(r'="[\w-]*"')  # a formula that is nothing but a text
MOST_BYTES = 2 * 1024**2
MOST_UNPACKED = 40 * 1024**2
MOST_CELLS = 2_500_000
OTHER_BOOKS = {"content.xml", "xl/workbook.bin"}  # which the library reads as well, at any size
MOST_ROWS = 5_000
MOST_COLUMNS = 100
WIDEST = 60


class NoTable(Exception):
    """The file is no table that can be read; its text says why."""


def disarmed(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula; a Chinese one takes full-width signs too."""
    if not isinstance(cell, str) or ARMOURED.fullmatch(cell):
        return cell
    return f"'{cell}" if cell.lstrip(" \"'").startswith(tuple("=+-@＝＋－＠\t\r\n\0")) else cell


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Return rows as lines of a CSV file that a spreadsheet reads as UTF-8."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield "\ufeff"
    for row in rows:
        writer.writerow([disarmed(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def xlsx(header: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str) -> bytes:
    """Return rows as a workbook of one sheet; text stays text, a long number with it. Moments lose their zone."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    kept = [header, *rows]
    for column in range(len(header)):
        longest = max(len(str(row[column])) for row in kept)
        sheet.column_dimensions[chr(ord("A") + column)].width = min(longest * 1.6 + 3, WIDEST)
    sheet.freeze_panes = "A2"
    for number, row in enumerate(kept):
        sheet.append([_cell(sheet, value, bold=not number) for value in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _cell(sheet: Any, value: Any, *, bold: bool) -> Any:
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
    if isinstance(value, str):
        value = ILLEGAL_CHARACTERS_RE.sub(" ", value)  # control characters, which no workbook can hold
    cell = WriteOnlyCell(sheet, disarmed(value))
    if isinstance(value, str):
        cell.data_type = "s"
    cell.font = Font(bold=bold)
    cell.alignment = Alignment(vertical="top", wrap_text=isinstance(value, str) and len(value) > WIDEST // 2)
    return cell


def table(file: IO[bytes]) -> list[tuple[int, list[str]]]:
    """Return the rows of a small CSV or xlsx file with their line numbers, cells as trimmed text. Raises NoTable."""
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise NoTable(_("This file is larger than 2 MB. Divide it into several."))
    if not data.strip():
        raise NoTable(_("This file is empty."))
    rows = list(_of_workbook(data) if data.startswith(b"PK") else _of_text(data))
    filled = [(line, cells) for line, cells in rows if any(cells)]
    if len(filled) > MOST_ROWS:
        raise NoTable(_("This file has more than 5,000 lines. Divide it into several."))
    if any(len(cells) > MOST_COLUMNS for _line, cells in filled):
        raise NoTable(_("This file has more than 100 columns: it is another file."))
    return filled


def _of_text(data: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(data)
    delimiter = max(",\t;", key=text[:4096].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, [_bare(cell) for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise NoTable(_("The quotation marks of line %(line)s are wrong.") % {"line": line}) from error


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise NoTable(_("This is no table. Choose a CSV or Excel (xlsx) file."))


def _of_workbook(data: bytes) -> Iterator[tuple[int, list[str]]]:
    _refuse_bomb(data)
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False, nrows=MOST_ROWS + 2)
    except (CalamineError, ValueError, IndexError) as error:
        raise _unreadable() from error
    for line, row in enumerate(rows, start=1):
        yield line, [_bare(_text(cell)) for cell in row[: MOST_COLUMNS + 1]]


def _refuse_bomb(data: bytes) -> None:
    """Unpack piece by piece and measure: what a zip says of its own sizes may be a lie."""
    left = MOST_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if OTHER_BOOKS & set(packed.namelist()):
                raise _unreadable()
            for info in packed.infolist():
                info.file_size = 2 * MOST_UNPACKED
                with packed.open(info) as part:
                    left -= _measured(part, left)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _unreadable() from error


def _measured(part: IO[bytes], most: int) -> int:
    """Return how many bytes a part of a workbook has. Raises NoTable for more, and for cells far out."""
    size, extent = 0, Extent()
    while piece := part.read(1 << 16):
        size += len(piece)
        if size > most:
            raise NoTable(_("This Excel file is too large when unpacked. Divide it into several."))
        extent.add(piece)
        if extent.area > MOST_CELLS:
            raise NoTable(_("This Excel file has cells far outside its table. Copy the table into a new file."))
    return size


def _unreadable() -> NoTable:
    return NoTable(_("This Excel file cannot be read. Save it again as xlsx or CSV."))


def _text(cell: Any) -> str:
    """A number without its `.0`: spreadsheets keep whole numbers as fractions."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _bare(cell: str) -> str:
    """Take a cell out of its armour: `="123"`, a leading apostrophe, spaces."""
    bare = cell.replace("\u200b", "").replace("\xa0", " ").strip()
    if ARMOURED.fullmatch(bare):
        return bare[2:-1]
    return bare[1:].strip() if bare.startswith("'") else bare
