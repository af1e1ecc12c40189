"""The steps of an import: stage → check → match → store → earn.

A step works under the lock of its import's row (earning: under the keys of its postings) and notes its progress in the
same transaction as its work, so a killed worker loses nothing and nothing is done twice: whoever runs the import next
goes on from there. Buyers are matched before orders are stored, so that an order is written once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now
from django.utils.translation import gettext as _

from config import sql
from orders import awarding, claims, progress, staging, wording
from orders.channels import PLATFORMS
from orders.channels.rows import RefusedFile
from orders.models import Channel, Claim, Order, OrderImport, StagedRow

CHUNK = 5_000
MANY = 20_000  # orders that are worth a second connection
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


def store(order_import: OrderImport, at: datetime) -> None:
    """Store one chunk of orders with their lines and members; the last one ends the step."""
    channel = order_import.read_as()
    with holding(order_import) as mine:
        if not mine:
            return
        unhurried()
        bound: dict[str, Any] = {"order_import": order_import.pk, "after": order_import.stored_to}
        ((upto,),) = sql.run("orders", "chunk_end", **bound, rows=CHUNK)
        if upto is None:
            OrderImport.objects.filter(pk=order_import.pk).update(
                state=State.STORED, unchanged=Greatest(F("orders") - F("new") - F("updated"), 0)
            )
            return
        _settle_whose(order_import, upto)
        sql.run("orders", "merge", **bound, upto=upto, channel=channel.pk)
        ((new, updated, eligible, paid),) = sql.run(
            "orders",
            "store",
            order_import=order_import.pk,
            channel=channel.pk,
            platform=channel.format,
            until=at + MOST_AHEAD,
        )
        OrderImport.objects.filter(pk=order_import.pk).update(
            stored_to=upto,
            new=F("new") + new,
            updated=F("updated") + updated,
            eligible_orders=F("eligible_orders") + eligible,
            paid_total=F("paid_total") + paid,
        )


def _settle_whose(order_import: OrderImport, upto: str) -> None:
    """Take the channel and those that share its order numbers; leave out what one of them has brought meanwhile."""
    channel = order_import.read_as()
    others = _other_shops(channel)
    sql.run("orders", "lock_channel", channels=[channel.pk, *others])
    if others:
        rows, numbers = _reject(order_import, after=order_import.stored_to, upto=upto)
        OrderImport.objects.filter(pk=order_import.pk).update(
            orders=F("orders") - numbers, staged=F("staged") - rows, rejected=F("rejected") + rows
        )


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
