"""Tables taken out of what is read only once, kept as one text: the table's name, the row's number and its cells."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from django.utils.translation import gettext as _

from orders.channels.rows import RefusedFile

MARK = b"\x1ftables of "  # no text begins like this
KINDS = ("xls", "html", "xlsx")
MOST_OF_A_CELL = 32_767  # as many characters as a cell of Excel holds
MOST_BYTES = 1 << 30


def kind(head: bytes) -> str:
    """What a file with these first bytes was made of, "" if it holds no tables."""
    made_of = head.removeprefix(MARK).split(b"\n")[0].decode("ascii", "replace")
    return made_of if head.startswith(MARK) and made_of in KINDS else ""


def holds(path: Path) -> bool:
    """Whether a file holds tables."""
    with path.open("rb") as file:
        return bool(kind(file.read(len(MARK) + 8)))


def write(file: TextIO, made_of: str, rows: Iterable[tuple[str, int, list[str]]], most: int = MOST_BYTES) -> None:
    """Keep rows; raises RefusedFile where they come to more than `most` bytes, about."""
    file.write(f"{MARK.decode()}{made_of}\n")
    writer = csv.writer(file, lineterminator="\n")
    size = 0
    for name, line, cells in rows:
        size += writer.writerow((name, line, *(_storable(cell) for cell in cells)))
        if size > most:
            raise RefusedFile(
                _("This file becomes far too large when it is unpacked: it is no order export, or it is damaged.")
            )
    file.flush()


def _storable(cell: str) -> str:
    return cell[:MOST_OF_A_CELL].replace("\0", " ") if len(cell) > MOST_OF_A_CELL or "\0" in cell else cell


def names(path: Path) -> list[str]:
    """The tables in their order."""
    found: dict[str, None] = {}
    for name, _line, _cells in _rows(path):
        found[name] = None
    return list(found)


def of_table(path: Path, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table with their numbers."""
    return ((line, cells) for table, line, cells in _rows(path) if table == name)


def _rows(path: Path) -> Iterator[tuple[str, int, list[str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        file.readline()
        try:
            for name, line, *cells in csv.reader(file):
                yield name, int(line), cells
        except (ValueError, csv.Error):
            raise RefusedFile(_("This file is damaged. Export it again.")) from None
