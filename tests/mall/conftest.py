"""The mall's tests: an umbrella for 100 points, five of them, and what is asked of them again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import translation

from loyalty import ledger
from loyalty.models import Kind
from mall import stock
from mall.models import Gift, Redemption
from mall.redeeming import redeem
from members.models import Member

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)


@pytest.fixture
def english() -> Iterator[None]:
    """Sentences are read in English, whatever the brand speaks."""
    with translation.override("en"):
        yield


@pytest.fixture
def umbrella(db: None) -> Gift:
    return shelve(pieces=5, name="Umbrella", points=100)


def shelve(*, pieces: int, **fields: Any) -> Gift:
    gift = Gift.objects.create(**{"name": "Gift", "points": 100} | fields)
    if pieces:
        stock.change(gift_id=gift.pk, quantity=pieces, note="delivered", actor_id=None, at=NOON)
    return gift


def give(member: Member, points: int, **when: datetime) -> None:
    ledger.credit(member_id=member.pk, points=points, kind=Kind.ADJUST, source="test", key=uuid4().hex, at=NOON, **when)


def ask(member: Member, gift: Gift, quantity: Any = 1, *, key: str = "", at: datetime = NOON) -> Redemption:
    return redeem(member_id=member.pk, gift_id=gift.pk, quantity=quantity, at=at, request_key=key or uuid4().hex)


def points_of(member: Member, at: datetime = NOON) -> int:
    return ledger.standing(member_id=member.pk, at=at).available


def pieces_of(gift: Gift) -> int:
    return Gift.objects.get(pk=gift.pk).stock


def together(calls: Sequence[Callable[[], Any]], workers: int = 20) -> list[Any]:
    """Run the calls on real connections, the first of them at one moment; return each one's result or exception."""
    start = Barrier(min(workers, len(calls)))

    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(start.parties, initializer=start.wait) as pool:
        return list(pool.map(run, calls))


def count(outcomes: Sequence[Any], kind: type) -> int:
    return sum(type(outcome) is kind for outcome in outcomes)
