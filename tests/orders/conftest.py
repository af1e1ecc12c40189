"""Exports made up under the header lists of headers.json: records are dicts by header name, the rest is blank."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import call_command
from django.utils import translation

from orders import reading
from orders.models import Order

HEADERS: dict[str, list[str]] = json.loads((Path(__file__).parents[1] / "data" / "headers.json").read_text("utf-8"))

Record = dict[str, Any]
Export = Callable[..., Path]
Understood = Callable[..., list[Any]]


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Write records under a header list, or under a header given, and return the path."""
    numbers: Iterator[int] = iter(range(1_000_000))

    def write(
        header: str | list[str], *records: Record, delimiter: str = ",", before: str = "", after: str = ""
    ) -> Path:
        names = HEADERS[header] if isinstance(header, str) else header
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerow(names)
        writer.writerows([record.get(name, "") for name in names] for record in records)
        path = tmp_path / f"orders{next(numbers)}.csv"
        path.write_text(before + text.getvalue() + after, encoding="utf-8", newline="")
        return path

    return write


@pytest.fixture
def workbook(tmp_path: Path) -> Export:
    """Write records under a header list into a sheet of an .xlsx file and return the path."""

    def write(header: str, *records: Record, sheet: str = "订单信息") -> Path:
        book = openpyxl.Workbook()
        book.create_sheet(sheet)
        book[sheet].append(HEADERS[header])
        for record in records:
            book[sheet].append([record.get(name, "") for name in HEADERS[header]])
        path = tmp_path / "orders.xlsx"
        book.save(path)
        return path

    return write


@pytest.fixture
def understood(export: Export) -> Understood:
    """Write records under a header list and read them back."""

    def read(header: str | list[str], *records: Record, **options: str) -> list[Any]:
        return everything(export(header, *records, **options))

    return read


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def imported(*files: Path) -> dict[str, tuple[str, str, str]]:
    """Import files one after the other; return class, gross and refunded of every order by its number."""
    for file in files:
        call_command("import_orders", str(file), "--json", stdout=io.StringIO())
    orders = Order.objects.values_list("number", "status", "gross", "refunded")
    return {number: (status, str(gross), str(refunded)) for number, status, gross, refunded in orders}


def everything(path: Path) -> list[Any]:
    """What was read, by line: a format may hold rows back to look at them together."""
    return sorted(reading.read(path, reading.recognise(path)), key=lambda one: one.line)
