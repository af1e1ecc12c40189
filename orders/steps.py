"""The steps of an import: stage → check → match → store → earn.

A step works under the lock of its import's row (earning: under the keys of its postings) and notes its progress in the
same transaction as its work, so a killed worker loses nothing and nothing is done twice: whoever runs the import next
goes on from there. Buyers are matched before orders are stored, so that an order is written once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from django.db import Error, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now
from django.utils.translation import gettext as _

from config import sql
from orders import awarding, claims, progress, side_by_side, staging, wording
from orders.channels import PLATFORMS
from orders.channels.rows import RefusedFile
from orders.models import Channel, Claim, Order, OrderImport, StagedRow
from orders.turns import Part, Stopped, Turns

log = logging.getLogger(__name__)

CHUNK = 5_000
MANY = 20_000  # orders that are worth a second connection
TURN = timedelta(seconds=2)  # how long chunks are stored before others who want the channel are let in
PATIENCE, LOCK_TIMEOUT = "3s", "55P03"
MOST_AHEAD = timedelta(days=1)  # a platform's clock may go before ours
State = OrderImport.State


@contextmanager
def holding(order_import: OrderImport) -> Iterator[bool]:
    """A transaction that holds the import's row; yields whether it still stands where the caller thinks.

    NO KEY: a commit of another import may have to see that the row is there, and must not wait for it.
    """
    with transaction.atomic():
        held = OrderImport.objects.select_for_update(no_key=True).get(pk=order_import.pk)
        OrderImport.objects.filter(pk=order_import.pk).update(touched_at=Now())
        yield (held.state, held.stored_to) == (order_import.state, order_import.stored_to)


def unhurried() -> None:
    """Let this transaction's commit not wait for the disk: a chunk that a power cut takes back is done once more.

    Commits reach the disk in their order: the one that ends the import waits, and so does every redemption, and takes
    all before it along.
    """
    with connection.cursor() as cursor:
        cursor.execute("set local synchronous_commit to off")


def stage(order_import: OrderImport, at: datetime) -> None:
    """Read the whole file into the staging table by COPY; refuse it if it is no order export."""
    try:
        with holding(order_import) as mine, staging.local(order_import) as path:
            if mine:
                staging.read_into_staging(order_import, path)
    except (RefusedFile, FileNotFoundError) as refused:
        gone = _("The uploaded file is not where this worker looks for it. Upload it again, or tell the administrator.")
        reason = refused.reason if isinstance(refused, RefusedFile) else gone
        OrderImport.objects.filter(pk=order_import.pk, state=State.UPLOADED).update(
            state=State.REFUSED, reason=reason, finished_at=at
        )


def check(order_import: OrderImport, at: datetime) -> None:
    """Look at the whole file: reject what cannot be, and count the orders that remain."""
    with holding(order_import) as mine:
        if not mine:
            return
        rejected, _numbers = _reject(order_import)
        orders = StagedRow.objects.filter(order_import=order_import).values("number").distinct().count()
        OrderImport.objects.filter(pk=order_import.pk).update(
            state=State.CHECKED, orders=orders, staged=F("staged") - rejected, rejected=F("rejected") + rejected
        )


def _reject(order_import: OrderImport, *, after: str = "", upto: str | None = None) -> tuple[int, int]:
    """Reject staged rows that cannot be; returns how many, and of how many orders."""
    channel = order_import.read_as()
    ((rows, numbers),) = sql.run(
        "orders",
        "reject",
        order_import=order_import.pk,
        after=after,
        upto=upto,
        channel=channel.pk,
        others=_other_shops(channel),
        **_reasons(),
    )
    return rows, numbers


def _other_shops(channel: Channel) -> list[int]:
    """Return the channels that cannot have the same orders; none where each shop counts its orders by itself."""
    if PLATFORMS[channel.format].numbers_of_one_shop:
        return []
    return list(Channel.objects.filter(format=channel.format).exclude(pk=channel.pk).values_list("pk", flat=True))


def _reasons() -> dict[str, Any]:
    return {
        "elsewhere": _("This order belongs to another channel of this platform. Choose that channel for this file."),
        "no_order": _("This order is not known yet. Import the orders first, then this file again."),
        "no_part": _(
            "The order is known, this part of it is not. Import the orders by sub-order first, then this file again."
        ),
    }


def match(order_import: OrderImport, at: datetime) -> None:
    """Enrol buyers with a phone of their own where the channel says so, and bind their accounts to them."""
    with holding(order_import) as mine:
        if not mine:
            return
        channel = order_import.read_as()
        if channel.enrol:
            sql.run("orders", "enrol", order_import=order_import.pk, channel=channel.code, at=at)
        sql.run("orders", "bind", order_import=order_import.pk, platform=channel.format)
        OrderImport.objects.filter(pk=order_import.pk).update(state=State.MATCHED)


def store(order_import: OrderImport, at: datetime) -> bool:
    """Store the next orders with their lines and members: one chunk, or several at once of a large file.

    The last one ends the step. Within a transaction of the caller's it is always one chunk. Returns False where
    somebody else has done it while the channel was waited for.
    """
    if order_import.staged < MANY or connection.in_atomic_block:
        _store_one(order_import, at)
        return True
    with _channels_held(_shops(order_import.read_as())):
        if not OrderImport.objects.filter(
            pk=order_import.pk, state=State.MATCHED, stored_to=order_import.stored_to
        ).exists():
            return False
        left = _chunk_end(order_import, order_import.stored_to) is not None
        if not (left and _store_in_turns(order_import, at)):
            _store_one(order_import, at)
    return True


def _store_one(order_import: OrderImport, at: datetime) -> None:
    if store_next(order_import, at):
        _tell_stored(order_import)


class _Stored(NamedTuple):
    """What became of a chunk: orders new and changed, of all of them those that count and what was paid, in yuan; rows
    and orders that were rejected after all."""

    new: int
    updated: int
    eligible: int
    paid: Decimal
    rejected_rows: int
    rejected_orders: int


def store_next(order_import: OrderImport, at: datetime) -> bool:
    """Store one chunk under the import's lock; where nothing is left, note that and return False."""
    with holding(order_import) as mine:
        if not mine:
            return False
        upto = _chunk_end(order_import, order_import.stored_to)
        if upto is None:
            OrderImport.objects.filter(pk=order_import.pk).update(
                state=State.STORED, unchanged=Greatest(F("orders") - F("new") - F("updated"), 0)
            )
            return False
        part = Part(order_import.stored_to, upto)
        sql.run("orders", "lock_channel", channels=_shops(order_import.read_as()))
        return _note_stored(order_import, part, _store_part(order_import, part, at))


def _store_in_turns(order_import: OrderImport, at: datetime) -> bool:
    """Store several chunks on two connections, which end in their order; False where nothing could be done.

    Each chunk is a transaction that notes how far the import is as its last word, so whenever they are cut off, what
    stands is what the import says. The caller holds the channels.
    """
    turns = Turns(order_import.stored_to, TURN, partial(_chunk_end, order_import))
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        ((holder,),) = cursor.fetchall()
    lane = partial(_store_lane, order_import, turns, at, holder)
    side_by_side.run([lane, partial(_help, lane)])
    return turns.ended != order_import.stored_to


def _help(lane: Callable[[], None]) -> None:
    """Store on a second connection, if there is one to be had: the first does it alone else."""
    try:
        connection.ensure_connection()
    except OperationalError:
        log.warning("no second connection to store on", exc_info=True)
        return
    lane()


def _store_lane(order_import: OrderImport, turns: Turns, at: datetime, holder: int) -> None:
    """Store chunks while there are any. Stops without a word where another lane or another worker has stopped it, or a
    lock was waited for so long that the lane behind it may be the reason: a single connection goes on from there.

    `holder`: the backend that holds the channel; without it nothing is kept.
    """
    try:
        while (part := turns.take()) is not None:
            with turns.working_on(part), transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("select set_config('lock_timeout', %s, true)", [PATIENCE])
                stored = _store_part(order_import, part, at)
                with connection.cursor() as cursor:
                    cursor.execute("set constraints all immediate")  # not while others wait for this one's turn
                turns.wait(part)
                if not (_still_held(order_import, holder) and _note_stored(order_import, part, stored)):
                    raise Stopped
                _tell_stored(order_import)
    except Stopped:
        pass
    except BaseException as error:
        turns.stop()
        if getattr(error.__cause__, "sqlstate", None) != LOCK_TIMEOUT:
            raise


def _still_held(order_import: OrderImport, holder: int) -> bool:
    ((held,),) = sql.run("orders", "channel_held", channel=order_import.read_as().pk, holder=holder)
    return bool(held)


def _chunk_end(order_import: OrderImport, after: str) -> str | None:
    """Return the last number of the next chunk; None: nothing is left."""
    ((upto,),) = sql.run("orders", "chunk_end", order_import=order_import.pk, after=after, rows=CHUNK)
    return str(upto) if upto is not None else None


def _store_part(order_import: OrderImport, part: Part, at: datetime) -> _Stored:
    """Store one chunk. The caller has the channel and those that share its order numbers, and what one of them has
    brought meanwhile is left out."""
    unhurried()
    channel = order_import.read_as()
    rows = numbers = 0
    if _other_shops(channel):
        rows, numbers = _reject(order_import, after=part.after, upto=part.upto)
    sql.run("orders", "merge", order_import=order_import.pk, after=part.after, upto=part.upto, channel=channel.pk)
    ((new, updated, eligible, paid),) = sql.run(
        "orders",
        "store",
        order_import=order_import.pk,
        channel=channel.pk,
        platform=channel.format,
        until=at + MOST_AHEAD,
    )
    return _Stored(new, updated, eligible, paid, rows, numbers)


def _note_stored(order_import: OrderImport, part: Part, stored: _Stored) -> bool:
    """Note what was stored in the import; False if it does not stand at this chunk any more."""
    here = OrderImport.objects.filter(pk=order_import.pk, state=State.MATCHED, stored_to=part.after)
    return bool(
        here.update(
            stored_to=part.upto,
            touched_at=Now(),
            failures=0,
            new=F("new") + stored.new,
            updated=F("updated") + stored.updated,
            eligible_orders=F("eligible_orders") + stored.eligible,
            paid_total=F("paid_total") + stored.paid,
            orders=F("orders") - stored.rejected_orders,
            staged=F("staged") - stored.rejected_rows,
            rejected=F("rejected") + stored.rejected_rows,
        )
    )


def _tell_stored(order_import: OrderImport) -> None:
    progress.more(order_import.pk, progress.STORE, CHUNK, order_import.staged)


def _shops(channel: Channel) -> list[int]:
    """Return a channel and those that share its order numbers."""
    return [channel.pk, *_other_shops(channel)]


@contextmanager
def _channels_held(channels: list[int]) -> Iterator[None]:
    """Hold channels on this connection through several transactions, here and elsewhere."""
    try:
        sql.run("orders", "hold_channels", channels=channels)
        yield
    finally:
        try:
            sql.run("orders", "let_channels_go", channels=channels)
        except Error:  # whatever it still holds ends with it
            connection.close()


class _Overtaken(Exception):
    """Another worker has ended the import meanwhile, and it may be undone by now: this one must give nothing more."""


def earn(order_import: OrderImport, at: datetime) -> None:
    """Settle claims of the file's orders, give what they earn, take back what was refunded, and end the import."""

    def note(postings: int, points: int, growth: int) -> None:
        unhurried()
        progress.more(order_import.pk, progress.EARN, postings, order_import.eligible_orders)
        if not OrderImport.objects.filter(pk=order_import.pk, state=State.STORED).update(
            points=F("points") + points, growth=F("growth") + growth, touched_at=Now(), failures=0
        ):
            raise _Overtaken

    progress.more(order_import.pk, progress.EARN, 0, order_import.eligible_orders)
    try:
        claims.settle(Claim.objects.named_by(order_import), at=at, note=note)
        many = order_import.eligible_orders >= MANY and not connection.in_atomic_block
        award = awarding.award_side_by_side if many else awarding.award
        award(Order.objects.in_file(order_import), at=at, note=note)
    except _Overtaken:
        return
    with holding(order_import) as mine:
        if not mine:
            return
        members = Order.objects.in_file(order_import).members()
        StagedRow.objects.filter(order_import=order_import).delete()
        OrderImport.objects.filter(pk=order_import.pk).update(state=State.DONE, members_matched=members, finished_at=at)
        if wording.learnt(order_import):  # said while it was on its way: the beat begins it
            wording.read_again(order_import, actor_id=order_import.created_by_id, at=at)
    progress.forget(order_import.pk)
