"""Orders that waited find their member: by account or by the buyer's own phone, never a masked or a receiver's one."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from config import sql
from orders import awarding, claims
from orders.models import Claim, Order

BATCH = 5_000


def match_waiting(*, at: datetime) -> int:
    """Give waiting orders to the members that have joined or claimed since, and let them earn; returns how many orders.

    `at` is the moment of posting. Some thousands a transaction; a batch is matched and earns, or neither.
    """
    return _match_buyers(at) + claims.settle(Claim.objects.found(), at=at)


def _match_buyers(at: datetime) -> int:
    matched = 0
    while True:
        with transaction.atomic():
            ids = [row[0] for row in sql.run("orders", "match_waiting", most=BATCH)]
            if ids:
                awarding.award(Order.objects.filter(pk__in=ids), at=at)
        matched += len(ids)
        if len(ids) < BATCH:
            return matched
