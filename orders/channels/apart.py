"""Old workbooks of Excel (.xls) and large new ones, taken apart by a program: `python -m orders.channels.apart FILE`.

The library that reads them holds a whole sheet in memory, of an old one as much as some bytes of the file say, and ends
its process where there is not so much. So it has a process to itself, with a ceiling on memory, time and output; the
worker goes on, and reads a text of which it never holds more than a row.
"""

from __future__ import annotations

import mmap
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _
from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum

from orders.channels import tables
from orders.channels.records import as_text
from orders.channels.rows import RefusedFile

MOST_MEMORY, MOST_SECONDS = 2 << 30, 120
LOCKED = 3
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
HOME = Path(__file__).parents[2]


def take_apart(path: Path, into: IO[Any], *, kind: str) -> None:
    """Write the sheets of a workbook as tables into a file; `kind` is "xls" or "xlsx". Raises RefusedFile."""
    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder, f"workbook.{kind}")  # by this name the library looks at it as nothing else
        named.symlink_to(path.resolve())
        command = [sys.executable, "-m", __name__, str(named)]
        ended = subprocess.run(command, stdout=into, stderr=subprocess.DEVNULL, cwd=HOME, check=False)
    if ended.returncode == LOCKED or (ended.returncode and _is_encrypted(path)):
        raise RefusedFile(_("This workbook has a password. Save it without one, or as CSV, and upload that."))
    if ended.returncode and kind == "xlsx":
        raise RefusedFile(_("This workbook is damaged, or too large to be read. Export the orders as CSV."))
    if ended.returncode:
        raise RefusedFile(_("This old Excel workbook (.xls) is damaged or too large. Save it as .xlsx or as CSV."))


def _is_encrypted(path: Path) -> bool:
    """Whether this is a newer workbook with a password, which is wrapped up as an old one is."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(ENCRYPTED) >= 0


def main(path: str) -> int:
    """Write the tables of a workbook to the standard output, within the ceilings."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (tables.MOST_BYTES, tables.MOST_BYTES))
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")  # type: ignore[union-attr]
    try:
        with CalamineWorkbook.from_path(path) as book:
            tables.write(sys.stdout, Path(path).suffix[1:], _rows(book))
    except PasswordError:
        return LOCKED
    return 0


def _rows(book: CalamineWorkbook) -> Iterator[tuple[str, int, list[str]]]:
    for sheet in book.sheets_metadata:
        if sheet.typ == SheetTypeEnum.WorkSheet:
            for line, cells in enumerate(book.get_sheet_by_name(sheet.name).iter_rows(), 1):
                yield sheet.name, line, [as_text(cell) for cell in cells]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
