"""Draws for a tier and while a campaign is on: the page, the sentence and the try agree about when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.models import Campaign
from mall import drawing, lottery
from mall.lottery import DrawNotOpen, DrawTier
from mall.models import Draw, DrawPlay, TreasureDraw, TreasureEntry
from members.models import Member, Programme, Tier
from tests.mall import test_lottery, test_treasure
from tests.mall.conftest import NOON, give, points_of

DAY = timedelta(days=1)
ENDS = NOON + timedelta(days=400)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with override("en"):
        yield


def campaign(**fields: Any) -> Campaign:
    return Campaign.objects.create(**{"name": "Member days", "starts_at": NOON, "ends_at": ENDS} | fields)


def a_lottery(**fields: Any) -> Draw:
    return test_lottery.a_draw(test_lottery.sure(stock=99), **fields)


def a_treasure(**fields: Any) -> TreasureDraw:
    return test_treasure.a_draw(capacity=99, closes_at=ENDS, **fields)


DRAWS = pytest.mark.parametrize(
    ("make", "take_part", "of"),
    [(a_lottery, test_lottery.play, Draw), (a_treasure, test_treasure.enter, TreasureDraw)],
    ids=["lottery", "treasure draw"],
)
Make, TakePart = Callable[..., Any], Callable[..., Any]


@DRAWS
def test_a_tier_and_those_above_it_may_and_others_may_not(
    mei: Member, lin: Member, tiers: dict[str, Tier], make: Make, take_part: TakePart, of: Any
) -> None:
    high = Member.objects.create(name="Su", joined_at=NOON, tier=tiers["VIP"])
    low = Member.objects.create(name="Bo", joined_at=NOON, tier=tiers["普通"])
    draw = make(minimum_tier=tiers["高级"])
    for member in (mei, lin, high, low):
        give(member, 10)

    for member in (mei, high):
        take_part(member, draw)
    for member in (lin, low):
        with pytest.raises(DrawTier, match="from tier 高级"):
            take_part(member, draw)

    assert [points_of(member) for member in (lin, low)] == [10, 10]
    assert DrawPlay.objects.count() + TreasureEntry.objects.count() == 2
    found = of.objects.with_opening(NOON).get()
    assert [found.admits(member) for member in (mei, high, lin, low)] == [True, True, False, False]


@DRAWS
def test_a_draw_of_a_campaign_is_open_on_its_days(lin: Member, make: Make, take_part: TakePart, of: Any) -> None:
    wednesdays = campaign(weekdays=[3])
    draw = make(campaign=wednesdays)
    give(lin, 1000)
    midnight = datetime(2026, 6, 3, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)  # NOON is a Monday

    open_at = [NOON + n * DAY for n in range(9) if of.objects.with_opening(NOON + n * DAY).get().open_now]
    for at in (NOON, midnight - timedelta(microseconds=1), midnight + DAY):
        with pytest.raises(DrawNotOpen):
            take_part(lin, draw, at=at)
    take_part(lin, draw, at=midnight)

    assert open_at == [NOON + 2 * DAY]
    assert of.objects.with_opening(NOON).get().next_opening == midnight
    assert of.objects.with_opening(midnight).get().next_opening is None
    assert of.objects.with_opening(midnight + DAY).get().next_opening == midnight + 7 * DAY
    Campaign.objects.update(active=False)
    assert of.objects.with_opening(NOON).get().next_opening is None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    weekdays=st.lists(st.integers(1, 7), max_size=2, unique=True),
    days=st.lists(st.integers(1, 31), max_size=3, unique=True),
    starts=st.integers(-72, 72),
    lasts=st.integers(1, 24 * 70),
    opens=st.integers(-72, 72),
    at=st.integers(-96, 24 * 60),
    zone=st.sampled_from(["Asia/Shanghai", "America/New_York"]),
)
def test_the_next_opening_is_the_first_open_moment(
    db: None, weekdays: list[int], days: list[int], starts: int, lasts: int, opens: int, at: int, zone: str
) -> None:
    """Against a plain walk hour by hour: nothing here opens or closes between two hours."""
    hour = timedelta(hours=1)
    Programme.objects.update_or_create(id=1, defaults={"time_zone": zone})
    begins, closes = NOON + opens * hour, NOON + 24 * 40 * hour
    on = campaign(
        starts_at=NOON + starts * hour,
        ends_at=NOON + (starts + lasts) * hour,
        weekdays=weekdays,
        days_of_month=days,
    )
    draw = Draw.objects.create(name="D", points=1, opens_at=begins, closes_at=closes, campaign=on)

    def is_open(moment: datetime) -> bool:
        day = moment.astimezone(ZoneInfo(zone))
        return (
            max(begins, on.starts_at) <= moment < min(closes, on.ends_at)
            and (not weekdays or day.isoweekday() in weekdays)
            and (not days or day.day in days)
        )

    found = Draw.objects.with_opening(NOON + at * hour).get(pk=draw.pk)

    later = (NOON + n * hour for n in range(at + 1, 24 * 41))
    assert found.open_now is is_open(NOON + at * hour)
    assert found.next_opening == (None if found.open_now else next(filter(is_open, later), None))


def test_a_lottery_without_an_end_ends_with_its_campaign(db: None) -> None:
    draw = a_lottery(campaign=campaign(ends_at=NOON + DAY))
    bounded = a_lottery(campaign=draw.campaign, closes_at=NOON + 2 * DAY)

    assert [*Draw.objects.shown(NOON + DAY)] == [bounded]
    assert lottery.close_over(at=NOON + DAY - timedelta(seconds=1)) == 0
    assert lottery.close_over(at=NOON + DAY) == 1
    assert [*Draw.objects.over(NOON + 2 * DAY)] == [bounded]
    assert [*Draw.objects.filter(state="ENDED")] == [draw]


def test_pages_tell_the_same_as_the_try(lin: Member, tiers: dict[str, Tier]) -> None:
    shown = {"available": 100, "at": NOON}
    closed = a_lottery(campaign=campaign(weekdays=[3]))
    high = a_lottery(minimum_tier=tiers["高级"])
    never = a_treasure(campaign=campaign(ends_at=NOON + DAY, active=False))

    wheels = [drawing.wheel(draw.pk, lin, zone="Asia/Shanghai", **shown) for draw in (closed, high)]
    chest = drawing.chest(TreasureDraw.objects.with_opening(NOON).get(pk=never.pk), lin, **shown)

    assert [(wheel.stand, wheel.opens_at is None) for wheel in wheels] == [("not-yet", False), ("tier", True)]
    assert chest.stand == "closed"
    assert drawing.going_on(NOON) == ["Wheel"]
