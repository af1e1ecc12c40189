"""What an import would do, found by doing it and taking it back: no second way to count, and no balance is locked.

The orders are stored in a transaction that is rolled back; what they would earn is told by the statement that awards
them. Of a very long file the first part is tried, so that nobody waits for the locks of a preview.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from config import sql
from members.models import Member, Programme
from members.tiers import TierStep
from orders import awarding, claims, progress, steps, wording
from orders.channels import FORMATS
from orders.models import Claim, Order, OrderImport, StagedRow

MOST = 100_000  # rows that a preview tries
UNUSUAL = 10  # times the usual amount
State = OrderImport.State


@dataclass(frozen=True)
class Foreseen:
    """What an import would do. `tried` of its orders were stored and taken back; `paid` in yuan."""

    tried: int
    new: int
    updated: int
    eligible: int
    paid: Decimal
    points: int
    growth: int
    members: int
    joining: int
    waiting: int
    claims: int
    tiers: list[TierStep]

    def figures(self) -> dict[str, Any]:
        """Return the figures of an OrderImport at its end."""
        return {
            "new": self.new,
            "updated": self.updated,
            "unchanged": max(self.tried - self.new - self.updated, 0),
            "eligible_orders": self.eligible,
            "paid_total": self.paid,
            "points": self.points,
            "growth": self.growth,
            "members_matched": self.members,
        }


def preview(order_import: OrderImport, at: datetime) -> None:
    """Note what an import would do, and what looks odd; then it waits for a person."""
    with steps.holding(order_import) as mine:
        if mine:
            found = asdict(foresee(order_import, at=at, most=MOST))
            odd = oddities(order_import, at=at)
            noted = {**found, "paid": str(found["paid"]), "oddities": odd}
            OrderImport.objects.filter(pk=order_import.pk).update(state=State.PREVIEWED, foreseen=noted)


def foresee(order_import: OrderImport, *, at: datetime, most: int | None = None) -> Foreseen:
    """Return what a checked import would do; `most`: try about as many of its rows at most. Nothing is kept."""
    with transaction.atomic():
        last = Member.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        steps.match(order_import, at)
        joining = Member.objects.filter(pk__gt=last, joined_by=order_import.read_as().code).count()
        stored = _stored(order_import, at, most)
        orders = Order.objects.in_file(stored)
        if stored.state != State.STORED:
            orders = orders.filter(number__lte=stored.stored_to)
        settled = claims.settle(Claim.objects.named_by(stored), at=at, earning=False)
        points, growth, tiers = awarding.rehearse(orders)
        found = Foreseen(
            tried=orders.count(),
            new=stored.new,
            updated=stored.updated,
            eligible=stored.eligible_orders,
            paid=stored.paid_total,
            points=points,
            growth=growth,
            members=orders.members(),
            joining=joining,
            waiting=orders.filter(member=None).eligible().count(),
            claims=settled,
            tiers=tiers,
        )
        transaction.set_rollback(True)
    return found


def _stored(order_import: OrderImport, at: datetime, most: int | None) -> OrderImport:
    """Store chunk after chunk; returns the import as it stands then."""
    chunks, of = 0, min(most or order_import.staged, order_import.staged)
    while True:
        stored = OrderImport.objects.select_related("channel").get(pk=order_import.pk)
        progress.more(order_import.pk, progress.TRY, min(chunks, 1) * steps.CHUNK, of)
        if stored.state != State.MATCHED or (most and chunks * steps.CHUNK >= most):
            return stored
        steps.store_next(stored, at)
        chunks += 1


def oddities(order_import: OrderImport, *, at: datetime) -> list[dict[str, Any]]:
    """Return what can be read and looks odd all the same: what, how many rows, and the first of them.

    FUTURE: a time later than now. AHEAD: a time of payment or completion so far ahead that the order gives nothing
    before. AMOUNT: ten times the usual, which is the median of the file and of the channel's
    last orders. TWICE: rows of one order and one part that say different things.
    WORD: a status word that nobody knows. MASKED: phones, and not one is whole. BLIND: the column that alone tells what
    was refunded is missing.
    """
    masked = (order_import.layout or {}).get("masked", {}).get("phone", 0)
    if StagedRow.objects.filter(order_import=order_import).exclude(phone="").exists():
        masked = 0
    found = sql.run(
        "orders",
        "oddities",
        order_import=order_import.pk,
        channel=order_import.read_as().pk,
        at=at,
        until=at + steps.MOST_AHEAD,
        zone=Programme.current().time_zone,
        unusual=UNUSUAL,
    )
    names = ("what", "rows", "line", "number", "value")
    odd = [dict(zip(names, row, strict=True)) for row in found]
    strange = [{"what": "WORD", "rows": one.rows, "value": one.word} for one in wording.strange(order_import)]
    return [*odd, *strange, *([{"what": "MASKED", "rows": masked}] if masked else []), *_blind(order_import)]


def _blind(order_import: OrderImport) -> list[dict[str, Any]]:
    """What to say of a file whose refunds nobody can see: the column left out that would tell of an after-sale."""
    known = order_import.layout or {}
    form = FORMATS.get(known.get("format", ""))
    if form is None or order_import.mapping_id or {"after_sale", "refund"} & known["columns"].keys():
        return []
    column = form.columns.get("after_sale")
    return [{"what": "BLIND", "rows": order_import.staged, "value": column.names[0]}] if column else []


def first_rows(order_import: OrderImport, most: int = 20) -> list[StagedRow]:
    """Return the first rows of a file as they were understood."""
    return list(StagedRow.objects.filter(order_import=order_import).order_by("line")[:most])
