"""What orders earn, and what goes back: the one way from orders into the ledger, for an import, a match or a claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from config import sql
from config.sql import Relation
from loyalty import earning, ledger
from loyalty.ledger import Chunk
from loyalty.models import Posting
from members import tiers
from members.tiers import TierStep
from orders import side_by_side
from orders.models import Order, OrderQuerySet

BATCH = 2_000
FEW = 50
Note = Callable[[int, int, int], None]  # postings, points, growth


def unheard(postings: int, points: int, growth: int) -> None:
    """Tell nobody."""


def award(orders: OrderQuerySet, *, at: datetime, note: Note = unheard) -> None:
    """Let orders earn and take back the share of what was refunded; `note` is told what was posted.

    Orders of any number; what was done before is not done again. An order whose paid amount has changed since its
    award loses that one and gets another under the next number. `at` is the moment of posting.
    """
    _award_anew(orders, at, note)
    earning.award(orders.purchases(), at=at, on_chunk=_telling(note))
    _award_anew(orders, at, note)  # what changed since it was evaluated; who changed it may have found no award yet
    columns = ", ".join(ledger.REFUND_COLUMNS)
    with _laid_out(orders.filter(refunded__gt=0).amounts()) as firsts:
        for first in firsts:
            batch = Relation(f"select {columns} from refund_batch where n >= %s and n < %s", (first, first + BATCH))
            with transaction.atomic():
                _tell(ledger.claw_back_many(batch, at=at), note)


def award_side_by_side(orders: OrderQuerySet, *, at: datetime, note: Note = unheard) -> None:
    """Do the same for very many orders, half of the members on a connection of its own; not within a transaction.

    No member is in both halves, and each half evaluates all its orders before its first posting: all orders earn at the
    tier that the member had, as in `award`. They meet where `note` writes: it is the last thing of each transaction,
    and the checks that are deferred to the commit are done before it, or the other half would wait for them.
    """

    def checked(postings: int, points: int, growth: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
        note(postings, points, growth)

    side_by_side.run([partial(award, half, at=at, note=checked) for half in orders.halves()])


def award_few(order_ids: Sequence[int], *, at: datetime, note: Note = unheard) -> None:
    """Do the same for some orders, in one transaction of the caller's: up to FEW of them without laying out tables."""
    orders = Order.objects.filter(pk__in=order_ids)
    if len(order_ids) > FEW:
        award(orders, at=at, note=note)
        return
    moved = orders.filter(Q(refunded__gt=0) | Q(award_gross__isnull=False)).exists()
    if moved:
        _award_anew(orders, at, note)
    earning.award(orders.purchases(), at=at, on_chunk=_telling(note), few=True)
    if not moved:
        return
    refunds = sql.over("orders", "refunds_few", relation=orders.filter(refunded__gt=0).amounts())
    _tell(ledger.claw_back_many(refunds, at=at), note)


def award_come(*, at: datetime) -> int:
    """Let orders earn that a file told with a time that had not come, now that it has; returns how many."""
    found = 0
    while ids := _come(at):
        found += len(ids)
    return found


def _come(at: datetime) -> list[int]:
    with transaction.atomic():
        come = Order.objects.come(at).select_for_update(of=("self",), skip_locked=True).order_by("pk")
        ids = list(come.values_list("pk", flat=True)[:BATCH])
        if ids:
            Order.objects.filter(pk__in=ids).update(not_before=None)
            award_few(ids, at=at)
    return ids


def rehearse(orders: OrderQuerySet) -> tuple[int, int, list[TierStep]]:
    """Return the points and growth that `award` would move, by the same statement, and the tiers that would change.

    Nothing is posted. For a caller who rolls back.
    """
    owned, earned = orders.amounts(), earning.evaluate(orders.purchases())
    # Put together by their keys without a join: of a channel's first file the planner expects one row, and would
    # evaluate the rules of the whole file again for each order.
    both = Relation(
        "select key, member_id, gross, refunded, null::bigint as points, null::bigint as growth "
        f"from ({owned.sql}) o union all select key, null, null, null, points, growth from ({earned.sql}) e",
        owned.params + earned.params,
    )
    sql.run("orders", "rehearse", relation=both)
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(sum(points), 0)::bigint, coalesce(sum(growth), 0)::bigint from rehearsal")
        points, growth = cursor.fetchone()
    return points, growth, tiers.foresee(ledger.growth_after(Relation("select member_id, growth from rehearsal")))


def _award_anew(orders: OrderQuerySet, at: datetime, note: Note) -> None:
    """Bring the awards of orders whose paid amount has changed in line, a batch at a time.

    An order that waits for a word's meaning or for its time keeps the award that it has until then. By their numbers:
    ids of orders that came together tell nothing.
    """
    changed = list(orders.decided().exclude(award_gross=None).order_by("number", "pk").values_list("pk", flat=True))
    for first in range(0, len(changed), BATCH):
        ids = changed[first : first + BATCH]
        done = False
        while not done:
            _exchange(ids, at, note)
            done = _award_first(ids, at, note)


def _exchange(ids: Sequence[int], at: datetime, note: Note) -> None:
    """Take back whole what orders got for another amount, and give what they earn now under the next number.

    Orders are locked before anything of them is read: what was waited for is only seen by the next statement. The key
    of a next award is only written by who holds its order, so the balances may be held before it.
    """
    columns = ", ".join(f"{name}::{kind}" for name, kind in ledger.REFUND_COLUMNS.items())
    with transaction.atomic(), _told_at_the_end(note) as note_here:
        changed = _changed(ids)
        sql.run(
            "orders", "unaward_stage", ids=changed, note=_("What was paid has changed: the points are counted anew.")
        )
        with connection.cursor() as cursor:
            cursor.execute("select order_id, members from unaward_batch")
            awarded = dict(cursor.fetchall())
        if not awarded:
            return
        ledger.hold(member for members in awarded.values() for member in members)
        undone = Relation(f"select {columns} from unaward_batch")
        _tell(ledger.claw_back_many(undone, at=at, forgiving=False), note_here)
        orders = Order.objects.filter(pk__in=awarded)
        orders.update(award=F("award") + 1, award_gross=None)
        earning.award(orders.purchases(), at=at, on_chunk=_telling(note_here))


def _award_first(ids: Sequence[int], at: datetime, note: Note) -> bool:
    """Let those of the orders earn that have no award yet; False if somebody else gave one of them his meanwhile.

    Another import may be about to post one for the amount that it knew: who comes first takes the key, and the balance
    after it. If that was the other, nothing is done here, and its award is to be exchanged. A member's order that gives
    nothing takes no key, so it stays marked as changed: the other sees it when it has posted (`award`).
    """
    told: list[tuple[int, int, int]] = []
    with transaction.atomic():
        changed = _changed(ids)
        if not changed:
            return True
        left = Order.objects.filter(pk__in=changed)
        posted = earning.award(left.purchases(), at=at, on_chunk=_telling(lambda *one: told.append(one)))
        ((awards,),) = sql.run("orders", "awards_of", relation=left.amounts())
        if awards > posted.new:
            transaction.set_rollback(True)
            return False
        sql.run("orders", "award_first_done", ids=changed)
        _tell_all(told, note)
    return True


def _changed(ids: Sequence[int]) -> list[int]:
    """Lock orders; returns those that are still decided, and paid otherwise than they were awarded."""
    orders = Order.objects.filter(pk__in=ids)
    list(orders.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk"))
    return list(orders.decided().exclude(award_gross=None).order_by("pk").values_list("pk", flat=True))


@contextmanager
def _told_at_the_end(note: Note) -> Iterator[Note]:
    """Collect what is told within, and tell it as one: nothing is locked after what `note` locks."""
    told: list[tuple[int, int, int]] = []
    yield lambda *one: told.append(one)
    _tell_all(told, note)


def _tell_all(told: list[tuple[int, int, int]], note: Note) -> None:
    if told:
        note(*map(sum, zip(*told, strict=True)))


def _telling(note: Note) -> Callable[[Chunk], None]:
    return lambda chunk: note(chunk.posted.new, chunk.points, chunk.growth)


def _tell(postings: list[int], note: Note) -> None:
    moved = Posting.objects.filter(pk__in=postings).values_list("points", "growth")
    if moved:
        note(len(moved), sum(points for points, _growth in moved), sum(growth for _points, growth in moved))


@contextmanager
def _laid_out(refunds: Relation) -> Iterator[range]:
    """Lay refunds out as `refund_batch`; yields the number of the first of each batch."""
    sql.run("orders", "refunds", relation=refunds)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from refund_batch")
            yield range(1, cursor.fetchone()[0] + 1, BATCH)
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("drop table if exists refund_batch")
