"""The rejected rows of an import as a file that can be mended in a spreadsheet and handed in again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from config.spreadsheets import csv_lines
from orders import reading, staging
from orders.channels.cells import bare
from orders.channels.records import Unreadable
from orders.channels.rows import RefusedFile
from orders.models import OrderImport

MARK = "\u200b"  # begins the names of the columns that are added, which no platform has


def as_csv(order_import: OrderImport) -> Iterator[str]:
    """Return the rejected rows as lines of a CSV file: the columns of the original, its line and what is wrong.

    All rows of an order that has a rejected one are in it, so that the order is whole when it comes again. Order
    numbers are written so that a spreadsheet leaves them alone, and what it would take for a formula is disarmed.
    Where the original cannot be read any more, the columns are what is known of a rejected row.
    """
    try:
        with staging.local(order_import) as path:
            found = staging.recognised_as(order_import, path)
            yield from csv_lines(_original(order_import, found, reading.below_header(path, found)))
    except (RefusedFile, FileNotFoundError):
        yield from csv_lines(_known(order_import))


def _original(order_import: OrderImport, found: Any, records: Iterator[Any]) -> Iterator[Sequence[Any]]:
    rejects = order_import.rejects
    reasons = dict(rejects.order_by("-line").values_list("line", "reason"))
    numbers = set(rejects.exclude(number="").values_list("number", flat=True))
    width, place = len(found.header), found.columns["number"]
    yield *found.header, MARK + _("line"), MARK + _("what is wrong")
    for record in records:
        if isinstance(record, Unreadable):
            continue
        line, cells = record
        cells = (cells + [""] * width)[:width]
        number = bare(cells[place])
        if line in reasons or number in numbers:
            cells[place] = f'="{number}"' if number.isalnum() else cells[place]
            yield *cells, line, reasons.get(line, "")


def _known(order_import: OrderImport) -> Iterator[Sequence[Any]]:
    yield _("line"), _("order number"), _("column"), _("value"), _("reason")
    yield from order_import.rejects.values_list("line", "number", "column", "value", "reason").iterator()
