"""The lottery: what a number gives, what a try costs, and what is never given twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils.translation import override
from hypothesis import HealthCheck, settings
from hypothesis import given as given_that
from hypothesis import strategies as st

from loyalty import ledger
from loyalty.models import Kind, Lot, PointsPolicy, Posting
from mall import lottery
from mall.chances import NoChance
from mall.lottery import DrawLimit, DrawNotOpen, NotReady
from mall.models import Chance, Draw, DrawPlay, DrawPrize, Gift, StockChange, WonGift
from mall.redeeming import InsufficientPoints, KeyReused, Merged
from members.models import Member
from tests.conftest import rows
from tests.mall.conftest import NOON, count, give, pieces_of, points_of, shelve, together

PRIZES: list[dict[str, Any]] = [
    {"name": "Vase", "kind": "WORDS", "odds": "0.0001", "stock": 1},
    {"name": "500", "kind": "POINTS", "points": 500, "odds": "2.5", "stock": 3},
    {"name": "20", "kind": "POINTS", "points": 20, "odds": "30", "stock": 1000},
]
THANKS = {"name": "Thank you", "kind": "WORDS", "consolation": True}


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with override("en"):
        yield


def a_draw(*prizes: dict[str, Any], published: bool = True, **fields: Any) -> Draw:
    draw = Draw.objects.create(**{"name": "Wheel", "points": 10, "opens_at": NOON, "position": 1} | fields)
    for position, prize in enumerate([*(prizes or PRIZES), THANKS]):
        DrawPrize.objects.create(draw=draw, position=position, **prize)
    if published:
        lottery.publish(draw_id=draw.pk, at=NOON, actor_id=None)
        draw.refresh_from_db()
    return draw


def sure(**prize: Any) -> dict[str, Any]:
    """Return a prize that every try hits."""
    return {"name": "Sure", "kind": "WORDS", "odds": "100", "stock": 1} | prize


def play(member: Member, draw: Draw, *, key: str = "", at: Any = NOON) -> DrawPlay:
    return lottery.play(member_id=member.pk, draw_id=draw.pk, at=at, request_key=key or uuid4().hex)


def rolled(member: Member, draw: Draw, roll: int) -> DrawPlay:
    """Try with a given random number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id from mall_draw_rolled(%s, %s, %s, %s, %s)", [member.pk, draw.pk, NOON, uuid4().hex, roll]
        )
        return DrawPlay.objects.get(pk=cursor.fetchone()[0])


def hits(draw: Draw, numbers: str) -> dict[str | None, tuple[int, int, int]]:
    """Return for each prize how many of the numbers hit it, and the first and last of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select z.name, count(*), min(r), max(r) from (select r, mall_prize_at(%s, r) as prize "
            f"from {numbers} r) h left join mall_drawprize z on z.id = h.prize group by z.name",
            [draw.pk],
        )
        return {name: tuple(numbers) for name, *numbers in cursor.fetchall()}


def test_every_number_gives_the_prize_that_the_odds_say(db: None) -> None:
    draw = a_draw()

    assert hits(draw, "generate_series(0, 999999)") == {
        "Vase": (1, 0, 0),
        "500": (25_000, 1, 25_000),
        "20": (300_000, 25_001, 325_000),
        None: (674_999, 325_001, 999_999),
    }


def test_odds_of_100_percent_leave_nothing_to_the_consolation(db: None) -> None:
    draw = a_draw(sure(odds="99.9999"), sure(odds="0.0001"))

    assert hits(draw, "generate_series(999998, 999999)") == {"Sure": (2, 999_998, 999_999)}
    assert lottery.left_odds(list(draw.prizes.all())) == 0


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given_that(
    odds=st.lists(st.integers(1, 200_000), min_size=1, max_size=5),
    roll=st.integers(0, 999_999),
    edge=st.integers(-1, 1),
)
def test_a_number_hits_the_first_prize_whose_odds_reach_beyond_it(
    db: None, odds: list[int], roll: int, edge: int
) -> None:
    with transaction.atomic():
        draw = a_draw(*(sure(name=str(n), odds=Decimal(width) / 10_000) for n, width in enumerate(odds)))
        number = min(max(sum(odds[:-1]) + edge, 0), 999_999) if edge else roll
        ends = [sum(odds[: n + 1]) for n in range(len(odds))]
        expected = next((str(n) for n, end in enumerate(ends) if number < end), None)

        assert list(hits(draw, f"generate_series({number}, {number})")) == [expected]
        transaction.set_rollback(True)


def test_random_numbers_lie_in_the_million_and_differ(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select mall_roll() from generate_series(1, 500)")
        drawn = [row[0] for row in cursor.fetchall()]

    assert all(0 <= number < 1_000_000 for number in drawn)
    assert len(set(drawn)) > 400


def test_a_try_takes_its_points_and_gives_the_prize(lin: Member) -> None:
    draw = a_draw()
    give(lin, 25)

    first, second = rolled(lin, draw, 1), rolled(lin, draw, 999_999)

    assert (first.prize.name, second.prize.name, second.hit_id) == ("500", "Thank you", None)
    assert points_of(lin) == 25 - 20 + 500
    assert [*Posting.objects.exclude(source="test").order_by("id").values_list("kind", "points", "source", "note")] == [
        (Kind.REDEEM, -10, "draw", "Wheel"),
        (Kind.BONUS, 500, "draw-prize", "Wheel · 500"),
        (Kind.REDEEM, -10, "draw", "Wheel"),
    ]


def test_won_points_end_as_the_policy_says(lin: Member) -> None:
    PointsPolicy.objects.create(expiry_months=3)
    draw = a_draw(sure(kind="POINTS", points=7))
    give(lin, 10)

    play(lin, draw)

    assert f"{Lot.objects.get(granted=7).expires_at:%Y-%m-%d %H:%M}" == "2026-09-01 16:00"


def test_a_prize_of_points_repays_a_debt_at_once(lin: Member) -> None:
    draw = a_draw(sure(kind="POINTS", points=30), price="FREE", points=0, limit_ever=1)
    give(lin, 20)
    earned = Posting.objects.get()
    ledger.debit(member_id=lin.pk, points=20, source="test", key="spent", at=NOON)
    ledger.claw_back(posting_id=earned.pk, refunded=Decimal(1), paid=Decimal(1), key="refund", at=NOON)

    play(lin, draw)

    assert ledger.standing(member_id=lin.pk, at=NOON)[:3] == (10, 0, 0)


def test_a_prize_that_has_run_out_is_the_consolation(lin: Member) -> None:
    draw = a_draw(sure(stock=1))
    give(lin, 100)

    names = [(p.prize.name, p.hit.name) for p in (play(lin, draw), play(lin, draw)) if p.hit]

    assert names == [("Sure", "Sure"), ("Thank you", "Sure")]
    assert draw.prizes.get(name="Sure").remaining == 0


def test_the_same_request_is_one_try_with_one_result(lin: Member) -> None:
    draw = a_draw()
    give(lin, 100)

    first, again = play(lin, draw, key="click"), play(lin, draw, key="click")

    assert first == again
    assert (first.roll, first.prize_id) == (again.roll, again.prize_id)
    assert points_of(lin) - (first.prize.points) == 90


def test_a_request_of_one_draw_is_refused_in_another(lin: Member) -> None:
    give(lin, 100)
    play(lin, a_draw(sure()), key="click")

    with pytest.raises(KeyReused):
        play(lin, a_draw(sure()), key="click")

    assert points_of(lin) == 90


def test_without_the_points_nothing_happens(lin: Member) -> None:
    draw = a_draw(sure())
    give(lin, 9)

    with pytest.raises(InsufficientPoints):
        play(lin, draw)

    assert (points_of(lin), rows(DrawPlay), draw.prizes.get(name="Sure").remaining) == (9, [], 1)


@pytest.mark.parametrize(
    ("fields", "hours"),
    [
        ({"opens_at": NOON + timedelta(hours=1)}, 0),
        ({"closes_at": NOON + timedelta(hours=1)}, 1),
        ({"published": False}, 0),
    ],
)
def test_a_draw_that_is_not_open_is_refused(lin: Member, fields: dict[str, Any], hours: int) -> None:
    draw = a_draw(**fields)
    give(lin, 100)

    with pytest.raises(DrawNotOpen):
        play(lin, draw, at=NOON + timedelta(hours=hours))

    assert points_of(lin) == 100


def test_an_unknown_draw_is_refused(lin: Member) -> None:
    with pytest.raises(DrawNotOpen):
        lottery.play(member_id=lin.pk, draw_id=404, at=NOON, request_key="click")


def test_a_merged_member_is_refused(lin: Member, wei: Member) -> None:
    Member.objects.filter(pk=lin.pk).update(merged_into=wei)

    with pytest.raises(Merged):
        play(lin, a_draw())


def test_tries_of_a_day_begin_anew_at_midnight_of_the_brand(lin: Member) -> None:
    draw = a_draw(limit_per_day=2)
    give(lin, 1000)
    late = NOON.replace(hour=15, minute=59)

    play(lin, draw)
    play(lin, draw, at=late)
    with pytest.raises(DrawLimit, match="2 a day"):
        play(lin, draw, at=late)
    play(lin, draw, at=late + timedelta(minutes=1))

    assert DrawPlay.objects.count() == 3


def chance(member: Member, *, pool: str = "spring", **more: Any) -> Chance:
    return Chance.objects.create(member=member, pool=pool, given_at=NOON, **more)


def test_a_chance_pays_for_one_try_of_its_draws(lin: Member, wei: Member) -> None:
    draw = a_draw(sure(stock=5), price="CHANCE", points=0, chance_pool="spring")
    chance(lin, ends_at=NOON + timedelta(days=2))
    soonest = chance(lin, ends_at=NOON + timedelta(days=1))
    chance(lin, ends_at=NOON)
    chance(lin, pool="autumn")
    chance(wei)

    first = play(lin, draw, key="click")
    again = play(lin, draw, key="click")
    play(lin, draw)
    with pytest.raises(NoChance):
        play(lin, draw)

    soonest.refresh_from_db()
    assert first == again
    assert (soonest.used_for, soonest.used_at) == (f"draw:{first.pk}", NOON)
    assert Chance.objects.filter(used_at=None).count() == 3
    assert DrawPlay.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_chance_and_thirty_clicks_are_one_try(lin: Member) -> None:
    draw = a_draw(sure(stock=30), price="CHANCE", points=0, chance_pool="spring")
    chance(lin)

    outcomes = together([partial(play, lin, draw)] * 30)

    assert (count(outcomes, DrawPlay), count(outcomes, NoChance)) == (1, 29)


def test_tries_ever_are_counted_for_each_member(lin: Member, wei: Member) -> None:
    draw = a_draw(price="FREE", points=0, limit_ever=1)

    play(lin, draw)
    play(wei, draw)
    with pytest.raises(DrawLimit, match="1 for each member"):
        play(lin, draw)

    assert [*Posting.objects.filter(source="draw").values_list("points", flat=True)] == [0, 0]


def test_publishing_sets_gifts_aside_and_closing_brings_back_what_is_left(lin: Member) -> None:
    cup = shelve(pieces=5)
    draw = a_draw(sure(kind="GIFT", gift=cup, stock=3))
    give(lin, 100)
    assert pieces_of(cup) == 2

    play(lin, draw)
    done = lottery.close(draw_id=draw.pk, at=NOON), lottery.close(draw_id=draw.pk, at=NOON)

    assert done == (True, False)
    assert pieces_of(cup) == 4
    assert [*StockChange.objects.order_by("id").values_list("quantity", flat=True)] == [5, -3, 2]
    assert rows(WonGift, "member", "gift", "name", "claim_until", "redemption") == [
        (lin.pk, cup.pk, "Sure", NOON + timedelta(days=30), None)
    ]


def test_a_draw_closes_when_its_time_is_over(db: None) -> None:
    end = NOON + timedelta(days=1)
    draw = a_draw(closes_at=end)

    assert lottery.close_over(at=end - timedelta(seconds=1)) == 0
    assert lottery.close_over(at=end) == 1
    assert lottery.close_over(at=end) == 0
    draw.refresh_from_db()
    assert (draw.state, draw.ended_at) == ("ENDED", end)


@pytest.mark.parametrize(
    ("prizes", "said"),
    [
        ([sure(odds="60"), sure(odds="40.0001")], "add up to 100.0001 %"),
        ([THANKS], "at least one prize"),
    ],
)
def test_what_is_not_ready_is_not_published(db: None, prizes: list[dict[str, Any]], said: str) -> None:
    draw = Draw.objects.create(name="Wheel", points=10, opens_at=NOON)
    for prize in prizes:
        DrawPrize.objects.create(draw=draw, **prize)
    if THANKS not in prizes:
        with pytest.raises(NotReady, match="consolation"):
            lottery.publish(draw_id=draw.pk, at=NOON, actor_id=None)
        DrawPrize.objects.create(draw=draw, **THANKS)

    with pytest.raises(NotReady, match=said):
        lottery.publish(draw_id=draw.pk, at=NOON, actor_id=None)

    draw.refresh_from_db()
    assert draw.state == "DRAFT"


def test_more_gifts_than_there_are_cannot_be_promised(db: None) -> None:
    cup = shelve(pieces=2, name="Cup")
    draw = a_draw(sure(kind="GIFT", gift=cup, stock=3), published=False)

    with pytest.raises(NotReady, match="3 of the gift Cup are needed and 2 are in stock"):
        lottery.publish(draw_id=draw.pk, at=NOON, actor_id=None)

    assert pieces_of(cup) == 2
    assert Draw.objects.get().state == "DRAFT"


@pytest.mark.parametrize(
    "change",
    [
        "update mall_draw set points = 1",
        "update mall_draw set state = 'DRAFT'",
        "update mall_draw set limit_ever = 5",
        "delete from mall_draw",
        "update mall_drawprize set odds = 1 where not consolation",
        "update mall_drawprize set stock = 900000",
        "delete from mall_drawprize",
        "insert into mall_drawprize "
        "(draw_id, consolation, name, emblem, kind, points, odds, stock, remaining, position) "
        "select draw_id, false, 'x', '', 'WORDS', 0, 0.1, 1, 1, 9 from mall_drawprize where consolation",
        "update mall_drawprize set remaining = stock + 1 where not consolation",
        "update mall_drawplay set roll = 5",
        "delete from mall_drawplay",
        "truncate mall_drawplay cascade",
    ],
)
def test_what_decides_cannot_be_changed_once_it_is_published(lin: Member, change: str) -> None:
    draw = a_draw()
    give(lin, 10)
    rolled(lin, draw, 999_999)

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_the_database_publishes_no_odds_of_more_than_100_percent(db: None) -> None:
    draw = a_draw(sure(odds="60"), sure(odds="41"), published=False)
    DrawPrize.objects.filter(consolation=False).update(remaining=1)

    with pytest.raises(DatabaseError), transaction.atomic():
        Draw.objects.filter(pk=draw.pk).update(state="OPEN")


@pytest.mark.django_db(transaction=True)
def test_200_members_try_for_the_last_prize_and_one_has_it(transactional_db: None) -> None:
    cup = shelve(pieces=1)
    draw = a_draw(sure(kind="GIFT", gift=cup))
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(200))
    for member in members:
        give(member, 10)

    outcomes = together([partial(play, member, draw) for member in members])

    assert Counter(type(one) for one in outcomes) == {DrawPlay: 200}
    assert Counter(DrawPlay.objects.values_list("prize__name", flat=True)) == {"Sure": 1, "Thank you": 199}
    assert (WonGift.objects.count(), sum(map(points_of, members)), pieces_of(cup)) == (1, 0, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("price", [{}, {"price": "FREE", "points": 0, "limit_ever": 3}])
def test_one_click_on_thirty_threads_is_one_try(lin: Member, price: dict[str, Any]) -> None:
    draw = a_draw(sure(kind="POINTS", points=7, stock=30), **price)
    give(lin, 300)

    outcomes = together([partial(play, lin, draw, key="click")] * 30)

    assert {one.pk for one in outcomes} == {DrawPlay.objects.get().pk}
    assert points_of(lin) == 300 - draw.points + 7


@pytest.mark.django_db(transaction=True)
def test_a_limit_of_two_holds_against_thirty_clicks(lin: Member) -> None:
    draw = a_draw(sure(stock=30), limit_per_day=2)
    give(lin, 300)

    outcomes = together([partial(play, lin, draw)] * 30)

    assert (count(outcomes, DrawPlay), count(outcomes, DrawLimit)) == (2, 28)
    assert points_of(lin) == 280


@pytest.mark.django_db(transaction=True)
def test_closing_while_members_try_gives_no_piece_twice(lin: Member, wei: Member) -> None:
    cup = shelve(pieces=40)
    draw = a_draw(sure(kind="GIFT", gift=cup, stock=40))
    give(lin, 300)
    give(wei, 300)
    calls: list[Any] = [partial(play, member, draw) for member in (lin, wei) * 20]
    calls.insert(20, partial(lottery.close, draw_id=draw.pk, at=NOON))

    outcomes = together(calls)

    assert count(outcomes, DrawPlay) + count(outcomes, DrawNotOpen) == 40
    assert pieces_of(cup) + WonGift.objects.count() == 40
    assert Gift.objects.count() == 1
