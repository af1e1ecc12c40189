"""Fairness: random numbers hit as often as the odds say, and what does not fill leaves no trace in anybody's lots.

The bounds are exact: a fair draw leaves them less than once in a hundred million runs, so a failure is a fault.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial
from math import exp, lgamma, log
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty import ledger
from loyalty.models import Kind, Lot, Move, Posting
from mall import proof, tasks, treasure
from mall.lottery import DrawNotOpen
from mall.models import TreasureDraw, TreasureEntry, WonGift
from mall.redeeming import InsufficientPoints
from mall.treasure import Full
from members.models import Member
from tests.mall import test_treasure
from tests.mall.conftest import NOON, give, points_of, shelve, together
from tests.mall.test_lottery import a_draw
from tests.mall.test_treasure import END, enter

RARE = 1e-9


def bounds(tries: int, chance: float) -> tuple[int, int]:
    """Return the fewest and the most hits such that fewer, or more, come with a probability below RARE each."""

    def likely(hits: int) -> float:
        ways = lgamma(tries + 1) - lgamma(hits + 1) - lgamma(tries - hits + 1)
        return exp(ways + hits * log(chance) + (tries - hits) * log(1 - chance))

    def ends(numbers: range) -> int:
        tail = 0.0
        for hits in numbers:
            tail += likely(hits)
            if tail >= RARE:
                return hits
        return numbers[-1]

    return ends(range(tries + 1)), ends(range(tries, -1, -1))


def test_the_bounds_are_those_of_the_binomial() -> None:
    """30 throws of a coin: 0 or 30 heads have a chance of 2^-30 < 1e-9, one or none of 31 × 2^-30 > 1e-9."""
    assert bounds(30, 0.5) == (1, 29)


def test_random_numbers_hit_as_often_as_the_odds_say(db: None) -> None:
    tries, draw = 20_000, a_draw()

    with connection.cursor() as cursor:
        cursor.execute(
            "select z.name, count(*) "
            "from (select mall_prize_at(%s, mall_roll()) as prize from generate_series(1, %s)) r "
            "left join mall_drawprize z on z.id = r.prize group by z.name",
            [draw.pk, tries],
        )
        hits = Counter(dict(cursor.fetchall()))

    for name, chance in {"500": 0.025, "20": 0.3, None: 0.674999}.items():
        fewest, most = bounds(tries, chance)
        assert fewest <= hits[name] <= most, name
    assert hits["Vase"] <= bounds(tries, 0.000001)[1]
    assert bounds(tries, 0.025)[1] < bounds(tries, 0.05)[0]  # twice as often would be seen


def test_all_parts_of_the_million_are_equally_likely(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select mall_roll() / 50000, count(*) from generate_series(1, 20000) group by 1")
        parts = dict(cursor.fetchall())

    fewest, most = bounds(20_000, 0.05)
    assert sorted(parts) == list(range(20))
    assert all(fewest <= hits <= most for hits in parts.values())


@pytest.mark.parametrize("entries", [2, 3, 7, 20])
def test_all_numbers_of_a_treasure_draw_are_equally_likely(entries: int) -> None:
    found = Counter(proof.find(b"s" * 32, entries, str(n)).number for n in range(4_000))

    fewest, most = bounds(4_000, 1 / entries)
    assert sorted(found) == list(range(1, entries + 1))
    assert all(fewest <= hits <= most for hits in found.values())


lots = st.lists(st.tuples(st.integers(1, 40), st.sampled_from([-1, 3, 6, 8, 400])), min_size=1, max_size=5)
visits = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9)), max_size=9)


def moves_of(posting_id: int | None) -> dict[int | None, int]:
    return {move.lot_id: move.amount for move in Move.objects.filter(posting=posting_id)}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(owned=st.tuples(lots, lots, lots), visits=visits, spent=st.integers(0, 60))
def test_what_does_not_fill_goes_back_to_its_own_lots_whatever_they_are(
    db: None, owned: tuple[Any, Any, Any], visits: Any, spent: int
) -> None:
    """Three members with lots that end within and after a draw of seven days, or never, enter it again and again; the
    last of them spends in between. Who does not spend has his lots as they were; the other has back what entries took.
    """
    with transaction.atomic():
        members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(3))
        for member, given_lots in zip(members, owned, strict=True):
            for points, days in given_lots:
                ends = NOON + timedelta(days=abs(days), hours=1)
                give(member, points, **({"expires_at": ends} if days > 0 else {}))
        draw = test_treasure.a_draw(capacity=100, gift=shelve(pieces=1))
        before = {lot.pk: lot for lot in Lot.objects.all()}
        lasting = {pk: lot.remaining for pk, lot in before.items() if not lot.expires_at or lot.expires_at > END}
        for who, quantity in visits:
            _quietly(partial(enter, members[who], draw, quantity))
        debit = partial(ledger.debit, member_id=members[2].pk, source="test", key="spent", at=NOON)
        bought = spent and _quietly(partial(debit, points=spent))

        treasure.settle(treasure_id=draw.pk, at=END)
        ledger.expire(at=END)

        for entry in TreasureEntry.objects.all():
            back = Posting.objects.get(kind=Kind.GIVE_BACK, refers_to=entry.posting_id)
            assert moves_of(back.pk) == {lot: -amount for lot, amount in moves_of(entry.posting_id).items()}
        left = {lot.pk: lot.remaining for lot in Lot.objects.exclude(member=members[2])}
        assert left == {pk: lasting.get(pk, 0) for pk, lot in before.items() if lot.member_id != members[2].pk}
        if not bought:
            assert sum(points_of(member, END) for member in members) == sum(lasting.values())
        assert TreasureDraw.objects.get().state == "REFUNDED"
        transaction.set_rollback(True)


def _quietly(act: Any) -> bool:
    try:
        with transaction.atomic():
            act()
    except (InsufficientPoints, Full):
        return False
    return True


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prize", ["points", "gift", "privilege"])
def test_the_task_of_the_last_entry_and_the_beat_draw_once(
    transactional_db: None, prize: str, monkeypatch: Any
) -> None:
    """Eight workers of the last entry's task and four beats, while others still try to enter."""
    monkeypatch.setattr("mall.tasks.timezone.now", lambda: NOON)
    kinds = {"gift": {"pieces": 1}, "privilege": {"pieces": 1, "kind": "PRIVILEGE"}}
    draw = test_treasure.a_draw(capacity=4, **({"gift": shelve(**kinds[prize])} if prize in kinds else {}))
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(6))
    for member in members:
        give(member, 5)
    for member in members[:4]:
        enter(member, draw)

    calls: list[Any] = [partial(tasks.settle_draw, draw.pk)] * 8 + [tasks.settle_draws] * 4
    outcomes = together([*calls, *(partial(enter, member, draw) for member in members[4:])], workers=14)

    draw.refresh_from_db()
    failed = [one for one in outcomes if one is not None and not isinstance(one, (Full, DrawNotOpen))]
    assert failed == []
    assert draw.state == "DRAWN"
    assert WonGift.objects.count() == (prize != "points")
    assert [*Posting.objects.filter(source="treasure-prize").values_list("points", flat=True)] == (
        [40] if prize == "points" else []
    )
    assert WonGift.objects.filter(redemption__isnull=False).count() == (prize == "privilege")
