"""Orders become points and growth: one SQL statement evaluates all rules, over one order or a million.

The preview, the dry run and the award are the same statement (`sql/evaluate.sql`). Who knows the orders hands them over
as a relation with PURCHASE_COLUMNS; amounts are yuan, instants aware.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from config import sql
from config.sql import Relation
from loyalty import history, ledger
from loyalty.ledger import Chunk, Posted
from loyalty.models import EarningRule, Kind, PointsPolicy, Posting
from members.models import Programme

PURCHASE_COLUMNS = {
    "key": "text",  # channel:number#award
    "member_id": "bigint",
    "tier_id": "bigint",  # null: the member's own
    "channel_code": "text",
    "gross": "numeric",  # paid before refunds
    "shipping": "numeric",  # the part of it that was shipping
    "paid_at": "timestamptz",
    "completed_at": "timestamptz",
    "pending_days": "integer",  # null: as the points policy says
}


class Preview(NamedTuple):
    """What an order would give, in words too."""

    key: str
    member_id: int | None
    points: int
    growth: int
    available_at: datetime
    expires_at: datetime | None
    words: list[str]


def award(
    purchases: Relation, *, at: datetime, on_chunk: Callable[[Chunk], None] | None = None, few: bool = False
) -> Posted:
    """Post what the purchases earn; an order that was awarded before stays as it is.

    `at` is the moment of posting. `on_chunk`: see ledger.post_many. `few`: they are some tens at most.
    """

    def note(chunk: Chunk) -> None:
        EarningRule.objects.filter(pk__in=chunk.rules, first_used_at=None).update(first_used_at=at)
        if on_chunk:
            on_chunk(chunk)

    post = ledger.post_few if few else ledger.post_many
    return post(evaluate(purchases), at=at, on_chunk=note)


def preview(purchases: Relation, *, at: datetime) -> list[Preview]:
    """Return what the purchases would earn, without posting. For pages: hand over tens, not thousands."""
    relation = evaluate(purchases)
    with connection.cursor() as cursor:
        cursor.execute(
            "select key, member_id, points, growth, available_at, nullif(expires_at, 'infinity'), rule_versions, "
            f"breakdown::text from ({relation.sql}) earned order by key",
            relation.params,
        )
        found = cursor.fetchall()
    postings = [
        Posting(kind=Kind.EARN, note="", rule_versions=row[6], breakdown=history.loaded(row[7])) for row in found
    ]
    told = history.tell(postings)
    return [
        Preview(key, member_id, points, growth, available, end, words)
        for (key, member_id, points, growth, available, end, *_), words in zip(found, told, strict=True)
    ]


def evaluate(purchases: Relation) -> Relation:
    """Return the credits (ledger.CREDIT_COLUMNS) that purchases earn, unread."""
    policy = PointsPolicy.current()
    return sql.over(
        "loyalty",
        "evaluate",
        relation=purchases,
        zone=Programme.current().time_zone,
        shipping_earns=policy.shipping_earns,
        pending_from=policy.pending_from,
        pending_days=policy.pending_days,
        combine=policy.multipliers,
        cap=policy.multiplier_cap,
        expiry=policy.expiry,
        months=policy.expiry_months,
        years=policy.expiry_years,
    )


def expires_at(earned: datetime) -> datetime | None:
    """Return when points earned at a moment end by the points policy; None: never."""
    policy = PointsPolicy.current()
    with connection.cursor() as cursor:
        cursor.execute(
            "select nullif(loyalty_expires_at(%s, %s, %s, %s, %s), 'infinity')",
            [earned, Programme.current().time_zone, policy.expiry, policy.expiry_months, policy.expiry_years],
        )
        ((end,),) = cursor.fetchall()
        return end
