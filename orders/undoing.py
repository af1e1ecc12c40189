"""What an import alone caused is reversed: orders go away or stand as before, and so do their awards.

An order that another file tells too stays. It is handed over: the other import takes the place of the undone one in
the order's past (`OrderBefore`, `OrderRetelling`), so that imports can be undone in any order. Awards are taken back
whole and, where the order had one before, given again under the next number, point for point. Members that the import
enrolled and accounts that it bound stay: they may have signed in by now. A tier that a member only reached by it goes.

Some thousands of orders a transaction, those of a member together, each done or not: whoever goes on with it finds what
is left, for a dealt-with order is no longer the import's. Locks: the import's row, its channel, claims, orders, then
the ledger's (law 10).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from config import sql
from config.sql import Relation
from loyalty import ledger, reviewing
from orders import awarding, progress
from orders.models import Claim, Order, OrderBefore, OrderImport, OrderRetelling
from orders.steps import unhurried

log = logging.getLogger(__name__)

BATCH = 2_000
KEPT = timedelta(days=90)
MOST_FAILURES = 3
State = OrderImport.State


class NotUndoable(Exception):
    """An import cannot be undone; `str` says why in a sentence."""


class _Claimed(Exception):
    """Somebody claimed one of the orders in the moment before they were locked."""


@dataclass(frozen=True)
class Undoing:
    """What an undo does: orders, points and growth of members, order by order; claims that wait again.

    `spent`: points to take back that members have spent already; they become debts of `debtors` members, or are let go.
    `tiers`: members who leave a tier that they only reached by it.
    """

    gone: int = 0
    back: int = 0
    kept: int = 0
    claims: int = 0
    taken: int = 0
    growth_taken: int = 0
    given: int = 0
    growth_given: int = 0
    spent: int = 0
    debtors: int = 0
    tiers: int = 0

    def __add__(self, other: Undoing) -> Undoing:
        mine, more = asdict(self), asdict(other)
        return Undoing(**{name: mine[name] + more[name] for name in mine})


def check(order_import: OrderImport) -> None:
    """Raise NotUndoable, with a sentence why, for an import that cannot be undone."""
    if order_import.state in (State.UNDOING, State.UNDONE):
        raise NotUndoable(_("This import was undone already."))
    if order_import.state not in (State.DONE, State.FAILED):
        raise NotUndoable(_("Only an import that has ended can be undone."))
    if order_import.forgotten:
        raise NotUndoable(
            _("What an import changed is kept for %(days)d days. This one is older and cannot be undone any more.")
            % {"days": KEPT.days}
        )


def foresee(*, import_id: int, at: datetime) -> Undoing:
    """Return what undoing an import at a moment would do, by the statements that do it; nothing is kept or locked.

    Raises NotUndoable.
    """
    order_import = OrderImport.objects.get(pk=import_id)
    check(order_import)
    with transaction.atomic():
        sql.run("orders", "undo_stage", relation=_of(import_id), order_import=import_id)
        ((taken, growth_taken, given, growth_given, spent, debtors),) = sql.run("orders", "undo_foresee", at=at)
        ((claims,),) = sql.run("orders", "undo_claims")
        found = replace(
            _counted(),
            claims=claims,
            taken=taken,
            growth_taken=growth_taken,
            given=given,
            growth_given=growth_given,
            spent=spent,
            debtors=debtors,
            tiers=reviewing.would_fall(sql.over("orders", "undo_void", foreseen=True)),
        )
        transaction.set_rollback(True)
    past = OrderBefore.objects.filter(author=import_id).values("order").distinct().count()
    return replace(found, kept=found.kept + past)


def undo(*, import_id: int, actor_id: int | None, at: datetime) -> Undoing:
    """Undo an import that has ended; returns what that did. `at` is the moment of posting. Raises NotUndoable."""
    begin(import_id=import_id, actor_id=actor_id, at=at)
    return run(import_id=import_id, at=at)


def begin(*, import_id: int, actor_id: int | None, at: datetime) -> None:
    """Note that an import is to be undone; then `run` it. Of two who ask at once the second gets NotUndoable."""
    with transaction.atomic():
        order_import = OrderImport.objects.select_for_update(no_key=True).get(pk=import_id)
        check(order_import)
        _lock_channel(order_import)
        OrderRetelling.objects.filter(order_import=import_id).delete()
        OrderImport.objects.filter(pk=import_id).update(
            state=State.UNDOING,
            undone_by=actor_id,
            undone_at=at,
            undoing=order_import.undoing or asdict(Undoing()),
            failures=0,
            touched_at=Now(),
        )


def run(*, import_id: int, at: datetime) -> Undoing:
    """Take the undoing of an import to its end; returns what it did in all.

    An error is counted and raised again; after three in a row the undoing is given up, and can be asked for again.
    """
    try:
        _refresh_statistics(import_id)
        while _step(import_id, at):
            pass
    except Exception:
        log.exception("undoing of import %s stopped by an error", import_id)
        if not connection.needs_rollback:
            _count_failure(import_id)
        raise
    return Undoing(**(OrderImport.objects.get(pk=import_id).undoing or {}))


def _refresh_statistics(import_id: int) -> None:
    """Tell the planner what a large import has brought; of an hour ago it would plan for tables that were empty."""
    order_import = OrderImport.objects.get(pk=import_id)
    if order_import.new + order_import.updated > BATCH and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("analyze orders_order, orders_orderline, loyalty_posting, loyalty_lot, loyalty_move")


def forget(*, at: datetime) -> int:
    """Forget what imports changed that ended long ago; they cannot be undone any more. Returns how many imports."""
    ended = OrderImport.objects.filter(finished_at__lt=at - KEPT, forgotten=False, state__in=OrderImport.ENDED)
    return sum(_forget(ended.filter(pk=pk)) for pk in list(ended.order_by("pk").values_list("pk", flat=True)))


@transaction.atomic
def _forget(ended: QuerySet[OrderImport]) -> bool:
    """Forget what one import changed, unless somebody has just begun to undo it."""
    order_import = ended.select_for_update(no_key=True).first()
    if order_import is None:
        return False
    OrderBefore.objects.filter(order_import=order_import).delete()
    OrderRetelling.objects.filter(author=order_import).delete()
    OrderImport.objects.filter(pk=order_import.pk).update(forgotten=True)
    return True


def _step(import_id: int, at: datetime) -> bool:
    """Do the next piece of work; returns whether anything may be left."""
    try:
        with _holding(import_id) as order_import:
            if order_import is None:
                return False
            if found := [pk for (pk,) in sql.run("orders", "undo_next", order_import=import_id, batch=BATCH)]:
                return _undo(order_import, found, at)
            if found := _some(OrderBefore.objects.filter(author=import_id), "order"):
                return _pass_over(order_import, found)
    except _Claimed:
        return True
    if found := _some(OrderBefore.objects.filter(order_import=import_id, author=None), "order"):
        return _look_again(import_id, found, at)
    return not _ended(import_id)


@contextmanager
def _holding(import_id: int) -> Iterator[OrderImport | None]:
    """A transaction that holds an import that is being undone, and its channel; None if it is not."""
    with transaction.atomic():
        held = OrderImport.objects.select_for_update(no_key=True).get(pk=import_id)
        if held.state != State.UNDOING:
            yield None
            return
        _lock_channel(held)
        OrderImport.objects.filter(pk=import_id).update(touched_at=Now(), failures=0)
        yield held


def _lock_channel(order_import: OrderImport) -> None:
    if order_import.channel_id is not None:
        sql.run("orders", "lock_channel", channels=[order_import.channel_id])


def _some(rows: Any, column: str) -> list[int]:
    return list(rows.order_by(column).values_list(column, flat=True)[:BATCH])


def _of(import_id: int) -> Relation:
    return Relation("select o.id from orders_order o where o.last_import_id = %s", (import_id,))


def _these(ids: Sequence[int]) -> Relation:
    return Relation("select unnest(%s::bigint[]) as id", (list(ids),))


def _undo(order_import: OrderImport, ids: list[int], at: datetime) -> bool:
    """Deal with some of the orders that the import was the last to change."""
    unhurried()
    _lock(ids)
    sql.run("orders", "undo_stage", relation=_these(ids), order_import=order_import.pk)
    done = _counted()
    sql.run("orders", "undo_heirs", order_import=order_import.pk)
    ((claims,),) = sql.run("orders", "undo_claims")
    sql.run("orders", "undo_gone", at=at)
    sql.run("orders", "undo_back")
    _note(order_import, replace(_moved(at), gone=done.gone, back=done.back, kept=done.kept, claims=claims))
    return True


def _lock(ids: list[int]) -> None:
    """Lock orders, and their claims before them. Raises _Claimed if there is a claim more by then."""
    claims = Claim.objects.filter(order__in=ids).select_for_update(of=("self",), no_key=True).order_by("pk")
    locked = set(claims.values_list("pk", flat=True))
    list(Order.objects.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    if set(Claim.objects.filter(order__in=ids).values_list("pk", flat=True)) - locked:
        raise _Claimed


def _counted() -> Undoing:
    with connection.cursor() as cursor:
        cursor.execute("select fate, count(*) from undo_batch group by fate")
        return Undoing(**dict(cursor.fetchall()))


def _moved(at: datetime) -> Undoing:
    """Take awards back and give those again that were there before; returns what that moved."""
    owed = ledger.hold(_members())
    gone, changed = (
        _("Taken back: the shop's file with this order was wrong."),
        _("Taken back: a file had changed this order wrongly. It is credited as before."),
    )
    ledger.claw_back_many(sql.over("orders", "undo_taken", fate="gone", note=gone), at=at)
    ledger.claw_back_many(sql.over("orders", "undo_taken", fate="back", note=changed), at=at, forgiving=False)
    ledger.post_many(sql.over("orders", "undo_again"), at=at)
    ledger.claw_back_many(sql.over("orders", "undo_refunds"), at=at, forgiving=False)
    ((taken, growth_taken, given, growth_given, short),) = sql.run("orders", "undo_moved")
    more = {member: debt - owed[member] for member, debt in ledger.hold(owed).items() if debt > owed[member]}
    return Undoing(
        taken=taken,
        growth_taken=growth_taken,
        given=given,
        growth_given=growth_given,
        spent=sum(more.values()) + short,
        debtors=sum(not owed[member] for member in more),
        tiers=reviewing.take_down(sql.over("orders", "undo_void", foreseen=False), at=at),
    )


def _members() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select p.member_id from undo_batch u join loyalty_posting p on p.id in (u.posting_id, u.again_id) "
            "union select b.member_id from undo_batch u join loyalty_balance b on b.member_id = u.owner_id "
            "where u.fate = 'gone'"
        )
        return [member for (member,) in cursor.fetchall()]


def _note(order_import: OrderImport, done: Undoing) -> None:
    total = Undoing(**(order_import.undoing or {})) + done
    OrderImport.objects.filter(pk=order_import.pk).update(undoing=asdict(total))
    orders = order_import.new + order_import.updated
    progress.more(order_import.pk, progress.UNDO, done.gone + done.back + done.kept, orders)


def _pass_over(order_import: OrderImport, ids: list[int]) -> bool:
    """Take the import out of the past of orders that later ones changed; they stay as they are."""
    unhurried()
    list(Order.objects.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    sql.run("orders", "undo_past", relation=_these(ids), order_import=order_import.pk)
    sql.run("orders", "undo_heirs", order_import=order_import.pk)
    _note(order_import, Undoing(kept=len(ids)))
    return True


def _look_again(import_id: int, ids: list[int], at: datetime) -> bool:
    """Let orders that stand as before earn what they had not earned when the import changed them."""
    awarding.award(Order.objects.filter(pk__in=ids), at=at)
    OrderBefore.objects.filter(order_import=import_id, author=None, order__in=ids).delete()
    return True


def _ended(import_id: int) -> bool:
    """End the undoing if nothing came meanwhile: another import that is undone too may have given an order back."""
    with _holding(import_id) as order_import:
        if order_import is None:
            return True
        if (
            Order.objects.filter(last_import=import_id).exists()
            or OrderBefore.objects.filter(author=import_id).exists()
        ):
            return False
        OrderRetelling.objects.filter(author=import_id).delete()
        OrderImport.objects.filter(pk=import_id).update(state=State.UNDONE)
    progress.forget(import_id)
    return True


def _count_failure(import_id: int) -> None:
    with transaction.atomic():
        order_import = OrderImport.objects.select_for_update(no_key=True).get(pk=import_id)
        order_import.failures += 1
        if order_import.failures >= MOST_FAILURES and order_import.state == State.UNDOING:
            order_import.state = State.FAILED
            order_import.reason = _(
                "The undoing met an error three times and was given up. What it undid stays undone; "
                "undo it again to finish."
            )
        order_import.save(update_fields=["failures", "state", "reason"])
