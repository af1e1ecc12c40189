"""A platform's file becomes orders, members, points: stage → check → match → store → earn, each step can be run again.

`OrderImport.state` says what is done. A step works under the lock of its import's row (earning: under the keys of its
postings) and notes its progress in the same transaction as its work, so a killed worker loses nothing and nothing is
done twice: whoever runs the import next goes on from there. Buyers are matched before orders are stored, so that an
order is written once.
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, BinaryIO

from django.core.files import File
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now
from django.utils.translation import gettext as _

from config import sql
from members.models import Programme
from orders import awarding, claims, reading
from orders.channels import PLATFORMS
from orders.channels.base import Format
from orders.channels.rows import BadRow, Recognised, RefusedFile, Row, Skipped
from orders.models import Channel, Claim, Order, OrderImport, OrderQuerySet, RejectedRow, StagedRow

log = logging.getLogger(__name__)

CHUNK = 5_000
MOST_FAILURES = 3
MOST_AHEAD = timedelta(days=1)  # a platform's clock may go before ours
TOGETHER = 500
TIMES = frozenset(("ordered_at", "paid_at", "completed_at"))
State = OrderImport.State
STAGING = (State.STAGED, State.CHECKED, State.MATCHED, State.STORED)


def accept(*, file: BinaryIO, name: str, channel_code: str | None, actor_id: int | None, at: datetime) -> OrderImport:
    """Keep an uploaded file and note it for import; nothing is read yet. `channel_code` None: recognise it.

    Raises Channel.DoesNotExist.
    """
    channel = Channel.objects.get(code=channel_code) if channel_code else None
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    order_import = OrderImport(
        name=_harmless(name), sha256=digest, channel=channel, created_by_id=actor_id, created_at=at
    )
    ending = Path(order_import.name).suffix
    order_import.file.save(digest[:16] + (ending if ending.isascii() else ""), File(file), save=False)
    order_import.save()
    return order_import


def _harmless(name: str) -> str:
    """Return a file's name without folders, characters that cannot be seen or stored, and what is too long of it."""
    name = name.replace("\\", "/").rpartition("/")[2].encode(errors="replace").decode()
    name = "".join(letter for letter in name if letter.isprintable())
    ending = Path(name).suffix[:8]
    return name.removesuffix(ending)[: 255 - len(ending)] + ending if name.strip(". ") else "–"


def run(*, import_id: int, at: datetime) -> OrderImport:
    """Take an import from where it stands to its end; returns it as it stands then.

    `at` is the moment of posting. Somebody else at work on it: returns at once. An error is counted and raised again;
    after three the import is given up as FAILED, and nothing that it stored is lost.
    """
    started = time.monotonic()
    try:
        while (order_import := _step(import_id, at)) is not None and order_import.state not in OrderImport.ENDED:
            pass
    except Exception:
        log.exception("import %s stopped by an error", import_id)
        if not connection.needs_rollback:  # else the transaction of the caller takes back the import itself
            _count_failure(import_id, at)
        raise
    finally:
        if not connection.needs_rollback:
            spent = time.monotonic() - started
            OrderImport.objects.filter(pk=import_id).update(seconds=F("seconds") + spent)
    return OrderImport.objects.get(pk=import_id)


def rehearse(*, import_id: int, at: datetime) -> OrderImport:
    """Take an import to where its orders are stored and return what it would give, unsaved; points are not moved.

    For a caller who rolls back: no balance is locked, however long the file. Expired points are not looked at.
    """
    while (order_import := _step(import_id, at)) and order_import.state not in (*OrderImport.ENDED, State.STORED):
        pass
    order_import = OrderImport.objects.get(pk=import_id)
    if order_import.state == State.STORED:
        orders = Order.objects.in_file(order_import)
        order_import.points, order_import.growth = awarding.rehearse(orders)
        order_import.members_matched = _members(orders)
    return order_import


def _members(orders: OrderQuerySet) -> int:
    return orders.exclude(member=None).values("member").distinct().count()


def seen_before(order_import: OrderImport) -> OrderImport | None:
    """Return an earlier import of the very same content."""
    earlier = OrderImport.objects.filter(sha256=order_import.sha256, pk__lt=order_import.pk)
    return earlier.filter(state=State.DONE).first()


def _step(import_id: int, at: datetime) -> OrderImport | None:
    """Do the next piece of work; None if somebody else has the import."""
    order_import = _claimed(import_id)
    if order_import is None or order_import.state in OrderImport.ENDED:
        return order_import
    steps: dict[str, Callable[[OrderImport, datetime], None]] = {
        State.UPLOADED: stage,
        State.STAGED: check,
        State.CHECKED: match,
        State.MATCHED: store,
        State.STORED: earn,
    }
    steps[order_import.state](order_import, at)
    order_import.refresh_from_db()
    return order_import


def _claimed(import_id: int) -> OrderImport | None:
    """Take an import that nobody else has; one whose staged rows a crash of the database has emptied begins again."""
    with transaction.atomic():
        order_import = OrderImport.objects.select_for_update(skip_locked=True).filter(pk=import_id).first()
        if order_import and _is_emptied(order_import):
            _begin_again(order_import)
        return order_import


def _is_emptied(order_import: OrderImport) -> bool:
    staged = StagedRow.objects.filter(order_import=order_import)
    return order_import.state in STAGING and order_import.staged > 0 and not staged.exists()


def _begin_again(order_import: OrderImport) -> None:
    """Back to the file. What is new, updated or awarded by now is not so again; what is counted of all orders is."""
    order_import.state, order_import.stored_to = State.UPLOADED, ""
    order_import.eligible_orders, order_import.paid_total = 0, Decimal(0)
    order_import.save(update_fields=["state", "stored_to", "eligible_orders", "paid_total"])


@contextmanager
def _holding(order_import: OrderImport) -> Iterator[bool]:
    """A transaction that holds the import's row; yields whether it still stands where the caller thinks."""
    with transaction.atomic():
        held = OrderImport.objects.select_for_update().get(pk=order_import.pk)
        OrderImport.objects.filter(pk=order_import.pk).update(touched_at=Now())
        yield (held.state, held.stored_to) == (order_import.state, order_import.stored_to)


def _unhurried() -> None:
    """Let this transaction's commit not wait for the disk: a chunk that a power cut takes back is done once more.

    Commits reach the disk in their order: the one that ends the import waits, and so does every redemption, and takes
    all before it along.
    """
    with connection.cursor() as cursor:
        cursor.execute("set local synchronous_commit to off")


def stage(order_import: OrderImport, at: datetime) -> None:
    """Read the whole file into the staging table by COPY; refuse it if it is no order export."""
    try:
        with _holding(order_import) as mine, _local(order_import) as path:
            if mine:
                _stage(order_import, path)
    except (RefusedFile, FileNotFoundError) as refused:
        gone = _("The uploaded file is not where this worker looks for it. Upload it again, or tell the administrator.")
        reason = refused.reason if isinstance(refused, RefusedFile) else gone
        OrderImport.objects.filter(pk=order_import.pk, state=State.UPLOADED).update(
            state=State.REFUSED, reason=reason, finished_at=at
        )


def _stage(order_import: OrderImport, path: Path) -> None:
    expected = order_import.channel.format if order_import.channel else None
    recognised = reading.recognise(path, expected=expected)
    channel = order_import.channel or _channel_of(recognised)
    StagedRow.objects.filter(order_import=order_import).delete()
    RejectedRow.objects.filter(order_import=order_import).delete()
    with tempfile.TemporaryFile("w+", newline="", encoding="utf-8") as rejects:
        rows, staged = _copy_rows(order_import, path, recognised, rejects)
        _copy_rejects(rejects)
    with connection.cursor() as cursor:
        cursor.execute("analyze orders_stagedrow")
    OrderImport.objects.filter(pk=order_import.pk).update(
        state=State.STAGED,
        channel=channel,
        encoding=recognised.encoding,
        rows=rows,
        staged=staged,
        rejected=RejectedRow.objects.filter(order_import=order_import).count(),
    )


def _channel_of(recognised: Recognised) -> Channel:
    """Return the one channel of this platform; the first file of a platform makes it."""
    platform = recognised.format.platform
    channels = list(Channel.objects.active().filter(format=platform)[:2])
    if len(channels) > 1:
        raise RefusedFile(_("Several channels have files of this kind. Choose the channel that it belongs to."))
    if channels:
        return channels[0]
    return Channel.objects.get_or_create(code=platform, defaults=_first_channel(PLATFORMS[platform]))[0]


def _first_channel(form: Format) -> dict[str, Any]:
    return {"name": str(form.name), "format": form.platform, "enrol": form.own_shop}


def _copy_rows(order_import: OrderImport, path: Path, recognised: Recognised, rejects: IO[str]) -> tuple[int, int]:
    """Send the valid rows to the server as they are read; returns how many rows there are and how many are valid.

    As CSV, some hundred rows at a time: the csv module writes a row in half the time that psycopg needs to adapt it.
    """
    rows = staged = 0
    rejected, lines = csv.writer(rejects), io.StringIO()
    valid = csv.writer(lines)
    with connection.cursor() as cursor, cursor.cursor.copy(_csv_copy()) as copy:
        for row in reading.read(path, recognised):
            if isinstance(row, Row):
                valid.writerow((order_import.pk, *row))
                staged += 1
                if not staged % TOGETHER:
                    _send(lines, copy)
            elif isinstance(row, BadRow):
                rejected.writerow((order_import.pk, *row))
            rows += not isinstance(row, Skipped)
        _send(lines, copy)
    return rows, staged


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


def check(order_import: OrderImport, at: datetime) -> None:
    """Look at the whole file: reject what cannot be, and count the orders that remain."""
    with _holding(order_import) as mine:
        if not mine:
            return
        channel = order_import.read_as()
        ((rejected,),) = sql.run(
            "orders",
            "reject",
            order_import=order_import.pk,
            until=at + MOST_AHEAD,
            zone=Programme.current().time_zone,
            others=_other_shops(channel),
            **_reasons(),
        )
        orders = StagedRow.objects.filter(order_import=order_import).values("number").distinct().count()
        OrderImport.objects.filter(pk=order_import.pk).update(
            state=State.CHECKED, orders=orders, staged=F("staged") - rejected, rejected=F("rejected") + rejected
        )


def _other_shops(channel: Channel) -> list[int]:
    """Return the channels that cannot have the same orders; none where each shop counts its orders by itself."""
    if PLATFORMS[channel.format].numbers_of_one_shop:
        return []
    return list(Channel.objects.filter(format=channel.format).exclude(pk=channel.pk).values_list("pk", flat=True))


def _reasons() -> dict[str, Any]:
    return {
        "ahead": _("This time has not come yet. Correct it, or export the file again."),
        "elsewhere": _("This order belongs to another channel of this platform. Choose that channel for this file."),
    }


def match(order_import: OrderImport, at: datetime) -> None:
    """Enrol buyers with a phone of their own where the channel says so, and bind their accounts to them."""
    with _holding(order_import) as mine:
        if not mine:
            return
        channel = order_import.read_as()
        if channel.enrol:
            sql.run("orders", "enrol", order_import=order_import.pk, channel=channel.code, at=at)
        sql.run("orders", "bind", order_import=order_import.pk, platform=channel.format)
        OrderImport.objects.filter(pk=order_import.pk).update(state=State.MATCHED)


def store(order_import: OrderImport, at: datetime) -> None:
    """Store one chunk of orders with their lines and members; the last one ends the step."""
    channel = order_import.read_as()
    with _holding(order_import) as mine:
        if not mine:
            return
        _unhurried()
        bound: dict[str, Any] = {"order_import": order_import.pk, "after": order_import.stored_to}
        ((upto,),) = sql.run("orders", "chunk_end", **bound, rows=CHUNK)
        if upto is None:
            OrderImport.objects.filter(pk=order_import.pk).update(
                state=State.STORED, unchanged=Greatest(F("orders") - F("new") - F("updated"), 0)
            )
            return
        sql.run("orders", "lock_channel", channel=channel.pk)
        ((new, updated, eligible, paid),) = sql.run(
            "orders", "store", **bound, upto=upto, channel=channel.pk, platform=channel.format
        )
        OrderImport.objects.filter(pk=order_import.pk).update(
            stored_to=upto,
            new=F("new") + new,
            updated=F("updated") + updated,
            eligible_orders=F("eligible_orders") + eligible,
            paid_total=F("paid_total") + paid,
        )


def earn(order_import: OrderImport, at: datetime) -> None:
    """Settle claims of the file's orders, give what they earn, take back what was refunded, and end the import."""

    def note(points: int, growth: int) -> None:
        _unhurried()
        OrderImport.objects.filter(pk=order_import.pk).update(
            points=F("points") + points, growth=F("growth") + growth, touched_at=Now()
        )

    claims.settle(Claim.objects.named_by(order_import), at=at, note=note)
    awarding.award(Order.objects.in_file(order_import), at=at, note=note)
    with _holding(order_import) as mine:
        if not mine:
            return
        members = _members(Order.objects.in_file(order_import))
        StagedRow.objects.filter(order_import=order_import).delete()
        OrderImport.objects.filter(pk=order_import.pk).update(state=State.DONE, members_matched=members, finished_at=at)


def _count_failure(import_id: int, at: datetime) -> None:
    with transaction.atomic():
        order_import = OrderImport.objects.select_for_update().get(pk=import_id)
        order_import.failures += 1
        if order_import.failures >= MOST_FAILURES and order_import.state not in OrderImport.ENDED:
            order_import.state, order_import.finished_at = State.FAILED, at
            order_import.reason = _(
                "The import met an error three times and was given up. What it stored is kept; "
                "import the file again to finish it."
            )
            StagedRow.objects.filter(order_import=order_import).delete()
        order_import.save(update_fields=["failures", "state", "reason", "finished_at"])


@contextmanager
def _local(order_import: OrderImport) -> Iterator[Path]:
    """Yield the file on this machine, fetched if the storage keeps it elsewhere."""
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
