"""Claiming an order by its number among very many: known, taken and unknown numbers, in turns.

The orders are made by SQL, 20 for each of the scale's, or CLAIM_ORDERS of them; half have a member.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from statistics import median, quantiles
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from bench import Row, Scale, data, database
from orders import claims
from orders.models import Channel, ClaimPolicy, OrderImport

KINDS = ("known", "taken", "unknown")
MEMBERS = 1_000
TRIES = 200
MOST = 0.1  # seconds
MOST_APART = 1.1
FIRST = 4133_0000_0000_0000_000
ORDERS = """
insert into orders_order (channel_id, number, status, gross, refunded, shipping, ordered_at, paid_at, completed_at,
                          buyer, phone, member_id, first_import_id, last_import_id)
select %(channel)s, (%(first)s + n)::text, 'completed', 100 + n %% 300, 0, 0, %(at)s, %(at)s, %(at)s,
       'buyer' || n, '', case when n %% 2 = 1 then 1 + n %% %(members)s end, %(file)s, %(file)s
  from generate_series(1, %(orders)s) n
"""


def claim_10m(scale: Scale) -> Row:
    """Claim numbers among 10,000,000 orders; the slowest kind against the quickest, as a member sees them."""
    orders = int(os.environ.get("CLAIM_ORDERS", "0")) or 20 * scale.orders
    with database.fresh():
        _sold(orders)
        worked = _timed(orders, beat=0.0, seed=1)
        answered = _timed(orders, beat=settings.CLAIM_BEAT, seed=2)
    p50 = {kind: median(times) for kind, times in answered.items()}
    p95 = max(quantiles(times, n=20)[-1] for times in answered.values())
    apart = max(p50.values()) / min(p50.values())
    return Row(
        "claim_10m",
        f"known, taken, unknown among {orders:,}: p50 {_ms(answered)} ms, p95 {1000 * p95:.0f} ms",
        f"the quickest of them; without the beat p50 {_ms(worked)} ms",
        apart,
        f"<= {MOST_APART}, p95 < {1000 * MOST:.0f} ms",
        apart <= MOST_APART and p95 < MOST,
    )


def _ms(times: dict[str, list[float]]) -> str:
    return " / ".join(f"{1000 * median(times[kind]):.0f}" for kind in KINDS)


def _sold(orders: int) -> None:
    """Make the orders. Their foreign keys hold by how they are made: where it is allowed nobody checks them."""
    data.brand()
    data.members(MEMBERS)
    channel = Channel.objects.create(code="tmall", name="天猫", format="taobao", claims_a_day=10**4)
    ClaimPolicy.objects.create(per_address=10**6, accounts=10**4, many=10**4)
    file = OrderImport.objects.create(name="orders.csv", channel=channel, created_at=data.AT, state="DONE")
    values: dict[str, Any] = {"channel": channel.pk, "file": file.pk, "members": MEMBERS, "first": FIRST}
    with suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ORDERS, {**values, "orders": orders, "at": data.AT})
    connection.close()
    database.settle("orders_order", "members_member")


def _timed(orders: int, *, beat: float, seed: int) -> dict[str, list[float]]:
    """Claim numbers of each kind in turns, all over the table; returns the seconds of each."""
    dice = Random(seed)
    numbers: dict[str, Callable[[], int]] = {
        "known": lambda: 2 * dice.randrange(1, orders // 2),
        "taken": lambda: 2 * dice.randrange(1, orders // 2) + 1,
        "unknown": lambda: orders + dice.randrange(1, orders),
    }
    before, settings.CLAIM_BEAT = settings.CLAIM_BEAT, beat
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}
    try:
        for turn in range(min(TRIES, orders // 20)):
            for kind in KINDS:
                took[kind].append(_claimed(1 + turn % MEMBERS, str(FIRST + numbers[kind]())))
    finally:
        settings.CLAIM_BEAT = before
    return {kind: times[len(times) // 10 :] for kind, times in took.items()}


def _claimed(member: int, number: str) -> float:
    began = time.monotonic()
    claims.claim(member_id=member, numbers=[number], channel_code=None, at=data.AT, address="203.0.113.9")
    return time.monotonic() - began
