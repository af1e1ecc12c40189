"""The one door to the ledger. Nobody else writes postings, lots, moves or balances.

Points are whole numbers that are spent and end; growth is a whole number that decides the tier. `at` is an aware
datetime, the moment at which a thing happens; nothing in here reads the clock. The laws, each kept by a constraint or
a trigger (`migrations/sql/0002_laws.sql`), watched by a query of `sql/audit/` and told by a test of its name:

 1. append_only: a posting or move is never updated or deleted; of a lot only `remaining` changes.
 2. posted_once: (source, key) is unique for ever. Same key, same payload: the first posting, and nothing moves. Another
    payload: `KeyReused`. The payload is member, kind, points, growth and the posting referred to; times are not in it.
 3. sums: lot.remaining = granted + Σ its moves; balance.points = Σ remaining; balance.debt = −Σ moves without a lot;
    balance.growth = Σ posting.growth; a posting's points = granted of its lot + Σ its moves.
 4. bounds: 0 ≤ remaining ≤ granted; debt only where no point remains, at commit.
 5. time_decides: spendable at t = Σ remaining of lots with available_at ≤ t < expires_at. Nothing has to run for that.
 6. soonest_first: a debit takes lots by (expires_at, occurred_at, id), all of it or nothing.
 7. back_where_it_came_from: giving back returns points to their own lots with their own end; parts end latest first.
 8. claw_back_order: own lot, then available lots in order, then pending ones, then debt (or nothing: CLAMP).
 9. refunds_converge: after refunds of r out of p an award stands at floor(granted × (p − r) ÷ p); growth likewise.
10. one_lock_order: posting keys, then balances by member ascending, then lots, then what the apps above lock. Keys that
    only the holder of a balance ever writes (expire, settle, refund, give_back) may come after it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from config import sql
from config.sql import Relation
from loyalty.models import Balance, Kind, PointsPolicy, Posting
from members import tiers

log = logging.getLogger(__name__)

CHUNK = 5_000
EXPIRE_MEMBERS = 2_000

# What `post_many` asks of a relation, and what a single credit is made of.
CREDIT_COLUMNS = {
    "member_id": "bigint",
    "points": "bigint",
    "growth": "bigint",
    "kind": "smallint",
    "source": "text",
    "key": "text",
    "occurred_at": "timestamptz",
    "available_at": "timestamptz",
    "expires_at": "timestamptz",
    "rule_versions": "bigint[]",
    "actor_id": "bigint",
    "note": "text",
    "breakdown": "jsonb",
}
REFUND_COLUMNS = {"posting_id": "bigint", "refunded": "numeric", "paid": "numeric", "key": "text", "note": "text"}


class LedgerError(Exception):
    """The ledger refused. Nothing was written."""


class InsufficientPoints(LedgerError):
    """A debit asks for more than is available; `available` says how much is."""

    def __init__(self, available: int) -> None:
        self.available = available
        super().__init__(_("Not enough points: %(available)s are available.") % {"available": available})


class KeyReused(LedgerError):
    """A key was used before for something else."""

    def __init__(self) -> None:
        super().__init__(_("This request was used before for something else."))


class InsufficientGrowth(LedgerError):
    """A negative adjustment asks for more growth than the member has."""

    def __init__(self) -> None:
        super().__init__(_("The growth value cannot fall below zero."))


class NotGivenBack(LedgerError):
    """The posting is none that took points which can be given back."""


class Posted(NamedTuple):
    """How many rows of a relation made a posting, were there before, or were there with another payload."""

    new: int
    same: int
    different: int

    def __add__(self, other: Posted) -> Posted:  # type: ignore[override]
        return Posted(*(a + b for a, b in zip(self, other, strict=True)))


class Chunk(NamedTuple):
    """What one transaction of `post_many` gave: counts, points, growth, and the rule versions that it used."""

    posted: Posted
    points: int
    growth: int
    rules: list[int]


class Standing(NamedTuple):
    """What a member has at a moment. `expiring`: the available points that end, soonest first."""

    available: int
    pending: int
    debt: int
    growth: int
    lifetime: int
    expiring: list[tuple[datetime, int]]


def credit(
    *,
    member_id: int,
    points: int = 0,
    growth: int = 0,
    kind: Kind,
    source: str,
    key: str,
    at: datetime,
    available_at: datetime | None = None,
    expires_at: datetime | None = None,
    rule_versions: Iterable[int] = (),
    actor_id: int | None = None,
    note: str = "",
    breakdown: list[dict[str, Any]] | None = None,
) -> Posting:
    """Give a member points (≥ 0) and growth (signed), once for (source, key); at once and for ever unless said.

    Raises KeyReused if the key stands for something else, InsufficientGrowth, ValueError for negative points.
    """
    if points < 0:
        raise ValueError("A credit gives points; use debit to take them.")
    row = [member_id, points, growth, kind, source, key, at, available_at or at, expires_at or "infinity"]
    explained = None if breakdown is None else json.dumps(breakdown, ensure_ascii=False)
    row += [list(rule_versions), actor_id, note, explained]
    with transaction.atomic(), _named_refusals():
        if post_few(Relation.rows(CREDIT_COLUMNS, [row]), at=at).different:
            raise KeyReused
        return Posting.objects.get(source=source, key=key)


def debit(
    *,
    member_id: int,
    points: int,
    source: str,
    key: str,
    at: datetime,
    kind: Kind = Kind.REDEEM,
    actor_id: int | None = None,
    note: str = "",
) -> Posting:
    """Take points (> 0) from the lots that end soonest, all or nothing, once for (source, key).

    Raises InsufficientPoints, KeyReused.
    """
    if points <= 0:
        raise ValueError("A debit takes a positive number of points.")
    statement = "select loyalty_debit(%s, %s, %s::smallint, %s, %s, %s, %s, %s)"
    return Posting.objects.get(pk=_call(statement, member_id, points, kind, source, key, at, actor_id, note))


def give_back(
    *, posting_id: int, key: str, at: datetime, actor_id: int | None = None, note: str = "", points: int | None = None
) -> Posting | None:
    """Return what a debit took to the lots that it came from; those that have ended by `at` end again at once.

    `points` (> 0) of it, or what is left; None if that is nothing. Raises NotGivenBack (also for more), KeyReused.
    """
    posting = _call("select loyalty_give_back(%s, %s, %s, %s, %s, %s)", posting_id, key, at, actor_id, note, points)
    return None if posting is None else Posting.objects.get(pk=posting)


def claw_back(
    *, posting_id: int, refunded: Decimal, paid: Decimal, key: str, at: datetime, note: str = ""
) -> Posting | None:
    """Bring an award down to its share of what was kept: `refunded` (cumulative) out of `paid`, in yuan.

    Returns the posting, of 0 points where CLAMP found none to take: its key stands all the same, so that the same
    refund told again takes nothing. None if the award already stands at its share. The same key with other amounts
    raises KeyReused.
    """
    _check_refund(refunded, paid)
    with transaction.atomic():
        posted = claw_back_many(Relation.rows(REFUND_COLUMNS, [[posting_id, refunded, paid, key, note]]), at=at)
        if posted:
            return Posting.objects.get(pk=posted[0])
        first = Posting.objects.filter(source="refund", key=key).first()
        if first and (first.refers_to_id != posting_id or not _is_refund(first, refunded, paid)):
            raise KeyReused
        return first


def claw_back_many(relation: Relation, *, at: datetime, forgiving: bool = True) -> list[int]:
    """Bring awards down after refunds; see REFUND_COLUMNS. Returns the ids of the postings made.

    One transaction: hand over some thousands of refunds at a time, an award once. `forgiving` False: what is short
    becomes a debt under the policy CLAMP too, because the award is given anew.
    """
    clamp = forgiving and PointsPolicy.current().shortfall == PointsPolicy.Debt.CLAMP
    with transaction.atomic(), _named_refusals():
        return [row[0] for row in sql.run("loyalty", "claw_back", relation=relation, at=at, clamp=clamp)]


def hold(member_ids: Iterable[int]) -> dict[int, int]:
    """Lock the balances of members, ascending, for a transaction that takes here and gives there.

    A member without a balance gets one: posted to later it would be locked out of order. Returns what each owes. The
    keys that are posted then must be nobody else's to post (law 10).
    """
    members = sorted(set(member_ids))
    with connection.cursor() as cursor:
        cursor.execute("insert into loyalty_held (members) values (%s)", [members])
    return dict(Balance.objects.filter(pk__in=members).values_list("pk", "debt"))


def post_many(relation: Relation, *, at: datetime, on_chunk: Callable[[Chunk], None] | None = None) -> Posted:
    """Credit every row of a relation with CREDIT_COLUMNS, in chunks of 5,000 keys in order, a transaction each.

    `at` is the moment of posting (ended lots and debts are settled by it); `occurred_at` is each row's own. A row
    whose key was posted before moves nothing and is counted as same or different. `on_chunk` is called within each
    transaction, so that what its caller notes of it is as true as the postings.

    Raises RuntimeError for more rows than a chunk within a transaction of the caller's: it would take the keys of one
    chunk after the balances of another (law 10).
    """
    with _staged(relation) as rows:
        if rows > CHUNK and connection.in_atomic_block:
            raise RuntimeError(f"Hand over at most {CHUNK} rows within a transaction, or call outside of one.")
        total = Posted(0, 0, 0)
        for first in range(1, rows + 1, CHUNK):
            chunk = Relation("select * from posting_batch where n >= %s and n < %s", (first, first + CHUNK))
            with transaction.atomic(), _named_refusals():
                done = _post(chunk, at=at)
                if on_chunk:
                    on_chunk(done)
            total += done.posted
        return total


def post_few(relation: Relation, *, at: datetime, on_chunk: Callable[[Chunk], None] | None = None) -> Posted:
    """Do what `post_many` does for some tens of rows, in one transaction; no table is laid out for them."""
    with transaction.atomic(), _named_refusals():
        rows = sql.run("loyalty", "post_few", relation=relation)
        if not rows:
            return Posted(0, 0, 0)
        done = _post(Relation.rows({"id": "bigint", "n": "bigint", **CREDIT_COLUMNS}, rows), at=at)
        if on_chunk:
            on_chunk(done)
        return done.posted


def expire(*, at: datetime, slices: int = 1) -> int:
    """Expire what has ended by `at`, in batches of members; returns the points. Housekeeping: nothing waits for it.

    Members that are busy are skipped at first and waited for at the end. `slices` cuts the members by hash, so that
    several of them can be swept by several callers. A member whose rows are damaged is left out and logged.
    """
    expired, damaged = 0, set[int]()
    for part in range(slices):
        for lock in ("for no key update skip locked", "for no key update"):
            while batch := _due(at, slices, part, damaged, lock):
                expired += _expire_batch(batch, at, damaged)
    return expired


def standing(*, member_id: int, at: datetime) -> Standing:
    """Return what the member has at `at`, in one statement and without writing."""
    (row,) = sql.run("loyalty", "standing", member_id=member_id, at=at)
    available, pending, debt, growth, lifetime, ends, points = row
    return Standing(available, pending, debt, growth, lifetime, list(zip(ends, points, strict=True)))


def refusal(error: DatabaseError) -> LedgerError | None:
    """Return the named exception for a refusal of the ledger's SQL functions; None for any other error."""
    cause = error.__cause__
    match getattr(cause, "sqlstate", None):
        case "JF001":
            return KeyReused()
        case "JF002":
            return InsufficientPoints(int(cause.diag.message_detail))  # type: ignore[union-attr]
        case "JF004":
            return NotGivenBack(str(cause).splitlines()[0])
        case "23514" if cause.diag.constraint_name == "balance_growth_from_0":  # type: ignore[union-attr]
            return InsufficientGrowth()
    return None


def _post(batch: Relation, *, at: datetime) -> Chunk:
    """Post one chunk: postings (which take keys and balances), lots, debts, tiers."""
    ((asked, new, points, growth, rules),) = sql.run("loyalty", "post", relation=batch)
    if new:
        sql.run("loyalty", "post_lots", relation=batch, all_new=new == asked)
        sql.run("loyalty", "post_settle", relation=batch, at=at)
        tiers.follow(Relation(_grown_sql(batch), batch.params), at=at)
    different = sql.run("loyalty", "post_different", relation=batch)[0][0] if new < asked else 0
    return Chunk(Posted(new, asked - new - different, different), points, growth, rules)


def _grown_sql(batch: Relation) -> str:
    return (
        "select b.member_id, b.growth from loyalty_balance b "
        f"where b.member_id in (select g.member_id from ({batch.sql}) g where g.growth > 0)"
    )


def growth_after(change: Relation) -> Relation:
    """Return the growth that members would have (member_id, growth) after such a change of it; nothing is written."""
    return Relation(
        "select c.member_id, coalesce(b.growth, 0) + c.growth as growth "
        f"from ({change.sql}) c left join loyalty_balance b on b.member_id = c.member_id",
        change.params,
    )


@contextmanager
def _staged(relation: Relation) -> Iterator[int]:
    """Lay a relation out as `posting_batch`, numbered in the order of its keys; yields how many rows it has."""
    sql.run("loyalty", "post_stage", relation=relation)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select count(*), coalesce(min(points), 0) from posting_batch")
            ((rows, least),) = cursor.fetchall()
        if least < 0:
            raise ValueError("A credit gives points; use debit to take them.")
        yield rows
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("drop table if exists posting_batch")


def _due(at: datetime, slices: int, part: int, damaged: set[int], lock: str) -> list[int]:
    """Return members with ended lots, not locked by anybody when asked to skip those."""
    with transaction.atomic(), connection.cursor() as cursor:
        due = sql.over(
            "loyalty", "expire_due", at=at, slices=slices, part=part, damaged=list(damaged), members=EXPIRE_MEMBERS
        )
        cursor.execute(f"{due.sql} {lock}", due.params)
        return [row[0] for row in cursor.fetchall()]


def _expire_batch(members: list[int], at: datetime, damaged: set[int]) -> int:
    """Expire these members' ended lots in a transaction; on an error halve the batch until the culprit is alone."""
    try:
        with transaction.atomic():
            ((expired,),) = sql.run("loyalty", "expire_batch", members=members, at=at)
            return int(expired)
    except DatabaseError:
        if len(members) == 1:
            log.exception("member %s could not be expired and is left out", members[0])
            damaged.add(members[0])
            return 0
        half = len(members) // 2
        return _expire_batch(members[:half], at, damaged) + _expire_batch(members[half:], at, damaged)


def _call(statement: str, *values: Any) -> Any:
    """Run one of the ledger's SQL functions; returns a posting's id."""
    with transaction.atomic(), _named_refusals(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        ((posting,),) = cursor.fetchall()
        return posting


@contextmanager
def _named_refusals() -> Iterator[None]:
    """Turn what the database refuses into the exceptions of this module."""
    try:
        yield
    except DatabaseError as error:
        named = refusal(error)
        if named is None:
            raise
        raise named from error


def _check_refund(refunded: Decimal, paid: Decimal) -> None:
    if not 0 <= refunded <= paid or paid <= 0:
        raise ValueError("A refund lies between nothing and what was paid.")


def _is_refund(posting: Posting, refunded: Decimal, paid: Decimal) -> bool:
    told = posting.breakdown or {}
    return (Decimal(told["refunded"]), Decimal(told["paid"])) == (refunded, paid)
