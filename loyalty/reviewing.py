"""Tiers brought in line: all of them after a change of thresholds, some members' after an import was undone."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from config import sql
from config.sql import Relation
from loyalty import ledger
from loyalty.models import Balance
from members import tiers

BATCH = 2_000
VOID_COLUMNS = {
    "member_id": "bigint",
    "void_id": "bigint",  # a posting that never should have been, or null
    "to_come": "numeric",  # growth that the member is about to get
}


def review_tiers(*, at: datetime) -> int:
    """Bring all tiers in line; returns how many members moved. `at` (aware) is when.

    Some thousands a transaction, whose balances are held: their growth may be about to change.
    """
    behind, moved = tiers.behind(_standing(Q(growth__gt=0))), 0
    for first in range(0, len(behind), BATCH):
        members = behind[first : first + BATCH]
        with transaction.atomic():
            ledger.hold(members)
            moved += tiers.follow(_standing(Q(pk__in=members)), at=at)
    return moved


def _standing(these: Q) -> Relation:
    return Relation.of(Balance.objects.filter(these).values("member_id", "growth"))


def would_fall(void: Relation) -> int:
    """Return how many members would leave their tier if these awards (VOID_COLUMNS) had never been."""
    relation = tiers.fallen(sql.over("loyalty", "most_growth", relation=void))
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from ({relation.sql}) fallen", relation.params)
        ((members,),) = cursor.fetchall()
    return int(members)


def take_down(void: Relation, *, at: datetime) -> int:
    """Take members out of tiers that they only reached by awards that were taken back as never having been.

    `void` (VOID_COLUMNS) names members and such awards, whose balances the caller holds; `at` (aware) is when.
    Returns how many members fell.
    """
    return tiers.fall(sql.over("loyalty", "most_growth", relation=void), at=at)
