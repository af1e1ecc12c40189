"""The memory of an import, against that of a file of a quarter of the rows: it does not grow with the file."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import openpyxl

from bench import Row, Scale, database
from bench.importing import Imported, finish, prepare, start

MOST_GROWTH = 1.10
MOST_ROWS_OF_A_WORKBOOK = 120_000  # of 60 columns: a workbook may have ten million cells


def import_memory(scale: Scale) -> Row:
    """Import a file and one of four times the rows; what the worker held at most, as CSV and as a workbook."""
    rows = int(os.environ.get("MEMORY_ROWS", "400000"))
    rows = min(rows, scale.orders * 4)
    told, ratios = [], []
    for kind in ("csv", "xlsx"):
        most = rows if kind == "csv" else min(rows, MOST_ROWS_OF_A_WORKBOOK)
        short, long = _imported(most // 4, kind), _imported(most, kind)
        ratios.append(long.memory / short.memory)
        told.append(
            f"{kind} {most:,} rows {long.memory:.0f} MB in {long.seconds:.0f} s, a quarter {short.memory:.0f} MB"
        )
    return Row("import_memory", told[0], told[1], max(ratios), f"<= {MOST_GROWTH}", max(ratios) <= MOST_GROWTH)


def _imported(rows: int, kind: str) -> Imported:
    with database.fresh() as name:
        file = prepare(rows)
        return finish(start(name, file if kind == "csv" else _workbook(file)))


def _workbook(file: Path) -> Path:
    """The same rows as a workbook, made once."""
    path = file.with_suffix(".xlsx")
    if not path.exists():
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("订单")
        with file.open(encoding="utf-8-sig", newline="") as rows:
            for cells in csv.reader(rows):
                sheet.append(cells)
        half = path.with_suffix(".half")
        book.save(half)
        half.rename(path)
    return path
