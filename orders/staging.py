"""The first step of an import: the file, read whole and checked row by row, goes into the staging table by COPY."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.db import connection
from django.utils.translation import gettext as _

from orders import progress, reading, wording
from orders.channels import PLATFORMS, containers
from orders.channels.mapped import OTHER
from orders.channels.rows import BadRow, Recognised, RefusedFile, Row, Skipped
from orders.models import Channel, ColumnMapping, OrderImport, RejectedRow, StagedRow, Status

TOGETHER = 500
State = OrderImport.State
COUNTED = ("order_import_id", "number", "row_key", "status", "buyer", "phone", "word")  # what rows are looked up by
TIMES = frozenset(("ordered_at", "paid_at", "completed_at"))


def recognised_as(order_import: OrderImport, path: Path) -> Recognised:
    """Return what the file of an import is, by the columns chosen for it if there are any. Raises RefusedFile."""
    channel = order_import.channel
    return reading.recognise(
        path,
        expected=channel.format if channel else None,
        plans=ColumnMapping.objects.for_files_of(channel).plans(),
        chosen=order_import.mapping.plan() if order_import.mapping else None,
    )


def layout(recognised: Recognised) -> dict[str, Any]:
    """Return how a file was understood, for its report: format, place of the header, and which column is what."""
    return {
        "format": recognised.format.code,
        "header_line": recognised.header_line,
        "sheet": recognised.sheet,
        "columns": {name: recognised.header[index].strip() for name, index in recognised.columns.items()},
        "unused": len(recognised.header) - len(set(recognised.columns.values())),
    }


def read_into_staging(order_import: OrderImport, path: Path) -> None:
    """Replace an import's staged and rejected rows by those of its file, and note what it is. Raises RefusedFile."""
    recognised = recognised_as(order_import, path)
    channel = order_import.channel or _channel_of(recognised)
    StagedRow.objects.filter(order_import=order_import).delete()
    RejectedRow.objects.filter(order_import=order_import).delete()
    with tempfile.TemporaryFile("w+", newline="", encoding="utf-8") as rejects:
        rows, staged, things = _copy_rows(order_import, path, recognised, rejects, wording.known(channel))
        _copy_rejects(rejects)
    if order_import.again_id:
        staged = _keep_the_taught(order_import)
    with connection.cursor() as cursor:
        cursor.execute(
            "analyze orders_stagedrow (order_import_id, number, row_key, status, buyer, phone, refunded, word)"
        )
    OrderImport.objects.filter(pk=order_import.pk).update(
        state=State.STAGED,
        channel=channel,
        mapping=recognised.plan and recognised.plan.id,
        encoding=recognised.encoding,
        layout={
            **layout(recognised),
            "masked": things.masked,
            "strange": [] if order_import.again_id else things.strange,
        },
        rows=rows,
        staged=staged,
        rejected=RejectedRow.objects.filter(order_import=order_import).count(),
    )


def _channel_of(recognised: Recognised) -> Channel:
    """Return the one channel of this platform; the first file of a platform makes it."""
    platform = recognised.format.platform
    if recognised.plan and platform == OTHER:
        return Channel.objects.get(code=recognised.plan.channel)
    channels = list(Channel.objects.active().filter(format=platform)[:2])
    if len(channels) > 1:
        raise RefusedFile(_("Several channels have files of this kind. Choose the channel that it belongs to."))
    if channels:
        return channels[0]
    if recognised.format.adjusts:
        raise RefusedFile(
            _("This file only adjusts orders, and there are none of this platform yet. Import the orders first.")
        )
    return first_channel(platform)


def first_channel(platform: str) -> Channel:
    """Return the channel that the first file of a platform makes."""
    form = PLATFORMS[platform]
    values = {"name": str(form.name), "format": platform, "enrol": form.own_shop}
    return Channel.objects.get_or_create(code=platform, defaults=values)[0]


def _copy_rows(
    order_import: OrderImport, path: Path, recognised: Recognised, rejects: IO[str], words: wording.Words
) -> tuple[int, int, reading.Rows]:
    """Send the valid rows to the server as they are read; returns how many rows there are, how many are valid, and what
    was seen while they were read.

    As CSV, some hundred rows at a time: the csv module writes a row in half the time that psycopg needs to adapt it.
    """
    rows = staged = 0
    of = progress.lines(path, recognised.encoding)
    progress.note(order_import.pk, progress.READ, 0, of)
    rejected, lines = csv.writer(rejects), io.StringIO()
    valid = csv.writer(lines)
    with connection.cursor() as cursor, cursor.cursor.copy(_csv_copy()) as copy:
        things = reading.read(path, recognised, words=words)
        for row in things:
            if isinstance(row, Row):
                valid.writerow((order_import.pk, *row))
                staged += 1
                if not staged % TOGETHER:
                    _send(lines, copy)
                    progress.note(order_import.pk, progress.READ, row.line, of)
            elif isinstance(row, BadRow):
                rejected.writerow((order_import.pk, *row))
            rows += not isinstance(row, Skipped)
        _send(lines, copy)
    return rows, staged, things


def _keep_the_taught(order_import: OrderImport) -> int:
    """Of a file read again, keep the orders with a word that has a meaning now; returns how many rows are left."""
    staged = StagedRow.objects.filter(order_import=order_import)
    clear = staged.exclude(word="").exclude(status=Status.UNKNOWN)
    staged.exclude(number__in=clear.values("number")).delete()
    RejectedRow.objects.filter(order_import=order_import).delete()
    return staged.count()


def _send(lines: io.StringIO, copy: Any) -> None:
    copy.write(lines.getvalue())
    lines.seek(0)
    lines.truncate()


def _csv_copy() -> str:
    """Return the COPY of CSV lines of an import's number and a `Row`; an empty cell is null only where null may be."""
    columns = ", ".join(f'"{name}"' for name in Row._fields)
    filled = ", ".join(f'"{name}"' for name in Row._fields if name not in TIMES)
    return f"copy orders_stagedrow (order_import_id, {columns}) from stdin (format csv, force_not_null ({filled}))"


def _copy_rejects(rejects: IO[str]) -> None:
    """Send the rejected rows one by one: before PostgreSQL 18 a line `\\.` within a value ends a COPY of CSV."""
    rejects.seek(0)
    columns = ", ".join(f'"{name}"' for name in BadRow._fields)
    statement = f"copy orders_rejectedrow (order_import_id, {columns}) from stdin"
    with connection.cursor() as cursor, cursor.cursor.copy(statement) as copy:
        for row in csv.reader(rejects):
            copy.write_row(row)


@contextmanager
def local(order_import: OrderImport) -> Iterator[Path]:
    """Yield the file on this machine, taken out of what it came in. Raises RefusedFile."""
    with _kept(order_import) as path, containers.opened(path) as plain:
        yield plain


@contextmanager
def _kept(order_import: OrderImport) -> Iterator[Path]:
    """Yield the file as it was uploaded, fetched if the storage keeps it elsewhere."""
    try:
        yield Path(order_import.file.path)
    except NotImplementedError:
        with (
            tempfile.NamedTemporaryFile(suffix=Path(order_import.name).suffix) as copy,
            order_import.file.open() as file,
        ):
            for block in file.chunks():
                copy.write(block)
            copy.flush()
            yield Path(copy.name)
