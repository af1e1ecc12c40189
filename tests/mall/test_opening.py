"""When a gift is open: the database's answer against a plain model, around the ends of days, months and years."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from loyalty.models import Campaign
from mall.models import Gift, GiftTier, GiftWindow
from mall.opening import is_open, next_opening
from mall.redeeming import NotOpen
from members.models import Member, Programme, Tier
from tests.mall.conftest import ask, give, shelve

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)


def local(*when: int, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime(*when, tzinfo=zone).astimezone(UTC)  # type: ignore[misc]


def windowed(**fields: Any) -> Gift:
    gift = shelve(pieces=9)
    GiftWindow.objects.create(gift=gift, **fields)
    return gift


def model(window: dict[str, Any], at: datetime, zone: ZoneInfo) -> bool:
    """Say plainly whether a window is open."""
    now = at.astimezone(zone)
    last_of_month = calendar.monthrange(now.year, now.month)[1]
    first = (min(window["first_day"] or 1, last_of_month), window["first_time"] or time(0))
    last_time = window["last_time"]
    last = (min(window["last_day"] or 31, last_of_month), last_time or time.max)
    moment = (now.day, now.time())
    return (
        (not window["months"] or now.month in window["months"])
        and (not window["weekdays"] or now.isoweekday() in window["weekdays"])
        and (window["daily_from"] is None or now.time() >= window["daily_from"])
        and (window["daily_until"] is None or now.time() < window["daily_until"])
        and moment >= first
        and (moment < last if last_time else moment[0] <= last[0])
    )


half_hours = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
days = st.one_of(st.none(), st.sampled_from([1, 2, 15, 20, 28, 29, 30, 31]))


@st.composite
def windows(draw: Any) -> dict[str, Any]:
    first_day, last_day = draw(days), draw(days)
    window = {
        "months": draw(st.lists(st.integers(1, 12), max_size=3, unique=True)),
        "weekdays": draw(st.lists(st.integers(1, 7), max_size=3, unique=True)),
        "first_day": first_day,
        "first_time": draw(st.none() | half_hours) if first_day else None,
        "last_day": last_day,
        "last_time": draw(st.none() | half_hours) if last_day else None,
        "daily_from": draw(st.none() | half_hours),
        "daily_until": draw(st.none() | half_hours),
    }
    assume(first_day is None or last_day is None or first_day <= last_day)
    assume(
        window["daily_from"] is None or window["daily_until"] is None or window["daily_from"] < window["daily_until"]
    )
    return window


@st.composite
def moments(draw: Any) -> datetime:
    """A moment near the end of a day, and often of a month or year."""
    day = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=draw(st.integers(0, 1500)))
    if draw(st.booleans()):
        day = day.replace(day=1)
    offset = draw(st.sampled_from([-1, 0, 1])) * draw(st.sampled_from([1, 1_000_000, 1_800_000_000]))
    hour = draw(st.sampled_from([0, 2, 10, 12, 16, 23]))
    return day + hour * HOUR + timedelta(microseconds=offset)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(window=windows(), at=moments())
def test_the_database_says_what_the_plain_model_says(db: None, zone: str, window: dict[str, Any], at: datetime) -> None:
    Programme.objects.update_or_create(id=1, defaults={"time_zone": zone})
    gift = Gift.objects.create(name="Gift", points=1)
    GiftWindow.objects.create(gift=gift, **window)

    assert is_open(gift.pk, at=at) is model(window, at, ZoneInfo(zone))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(both=st.tuples(windows(), windows()), at=moments())
@example(  # from the 20th 10:00 to the end of each month, asked in the last moment of a month
    both=(
        dict.fromkeys(("last_day", "last_time", "daily_from", "daily_until"))
        | {"months": [], "weekdays": [], "first_day": 20, "first_time": time(10)},
    )
    * 2,
    at=local(2026, 12, 31, 23),
)
def test_the_next_opening_is_the_first_open_moment(
    db: None, both: tuple[dict[str, Any], dict[str, Any]], at: datetime
) -> None:
    gift = Gift.objects.create(name="Gift", points=1)
    GiftWindow.objects.bulk_create(GiftWindow(gift=gift, **window) for window in both)

    def opens(moment: datetime) -> bool:
        return any(model(window, moment, SHANGHAI) for window in both)

    assume(not opens(at))

    found = next_opening(gift.pk, at=at)

    half_hour = timedelta(minutes=30)
    step = datetime.fromtimestamp(at.timestamp() // 1800 * 1800, UTC) + half_hour  # nothing opens between
    steps = (step + n * half_hour for n in range(45 * 48))
    assert next((moment for moment in steps if opens(moment)), None) == (
        found if found and found < step + 45 * 24 * HOUR else None
    )


def test_each_month_from_the_20th_at_ten_to_its_end(lin: Member) -> None:
    give(lin, 1000)
    gift = windowed(first_day=20, first_time=time(10))
    edges = {
        local(2027, 2, 20, 9, 59, 59): False,
        local(2027, 2, 20, 10): True,
        local(2027, 2, 28, 23, 59, 59): True,
        local(2027, 3, 1): False,
    }

    assert {at: is_open(gift.pk, at=at) for at in edges} == edges
    assert next_opening(gift.pk, at=local(2027, 3, 1)) == local(2027, 3, 20, 10)
    assert ask(lin, gift, at=local(2027, 2, 28, 23, 59)).gift == gift
    with pytest.raises(NotOpen):
        ask(lin, gift, at=local(2027, 3, 1))


def test_december_and_its_hours(db: None) -> None:
    gift = windowed(months=[12], daily_from=time(10), daily_until=time(22))

    assert next_opening(gift.pk, at=local(2027, 1, 1)) == local(2027, 12, 1, 10)
    assert not is_open(gift.pk, at=local(2027, 12, 31, 22))
    assert is_open(gift.pk, at=local(2027, 12, 31, 21, 59))


def test_one_of_several_windows_is_enough(db: None) -> None:
    gift = windowed(weekdays=[3])
    GiftWindow.objects.create(gift=gift, first_day=8, last_day=8)

    opened = [day for day in range(1, 15) if is_open(gift.pk, at=local(2027, 3, day, 12))]

    assert opened == [3, 8, 10]  # Wednesdays and the 8th


def test_a_campaign_opens_a_gift_while_it_is_on(db: None) -> None:
    campaign = Campaign.objects.create(
        name="Member days",
        starts_at=local(2027, 3, 1, 10),
        ends_at=local(2027, 4, 1),
        weekdays=[3],
        days_of_month=[3, 17],
    )
    gift = windowed(campaign=campaign)

    opened = [day for day in range(1, 32) if is_open(gift.pk, at=local(2027, 3, day, 12))]
    assert opened == [3, 17]
    assert next_opening(gift.pk, at=local(2027, 2, 1)) == local(2027, 3, 3)
    campaign.active = False
    campaign.save()
    assert next_opening(gift.pk, at=local(2027, 2, 1)) is None


def test_a_campaign_that_begins_within_a_day_opens_then(db: None) -> None:
    campaign = Campaign.objects.create(name="Rush", starts_at=local(2027, 3, 1, 10, 17), ends_at=local(2027, 3, 2))
    gift = windowed(campaign=campaign)

    assert next_opening(gift.pk, at=local(2027, 3, 1)) == local(2027, 3, 1, 10, 17)
    assert next_opening(gift.pk, at=local(2027, 3, 2)) is None


def test_from_and_to_bound_the_windows(db: None) -> None:
    gift = windowed(first_day=20)
    Gift.objects.filter(pk=gift.pk).update(opens_at=local(2027, 5, 25, 9), closes_at=local(2027, 6, 21))

    assert next_opening(gift.pk, at=local(2027, 1, 1)) == local(2027, 5, 25, 9)
    assert is_open(gift.pk, at=local(2027, 6, 20, 23))
    assert next_opening(gift.pk, at=local(2027, 6, 21)) is None


def test_a_gift_without_windows_opens_once(db: None) -> None:
    gift = shelve(pieces=1, opens_at=local(2027, 5, 1))

    assert next_opening(gift.pk, at=local(2027, 4, 1)) == local(2027, 5, 1)
    assert next_opening(shelve(pieces=1).pk, at=local(2027, 4, 1)) is None


def test_a_higher_tier_comes_earlier_by_its_hours(lin: Member, mei: Member, tiers: dict[str, Tier]) -> None:
    gift = windowed(first_day=20, first_time=time(10))
    GiftTier.objects.create(gift=gift, tier=tiers["高级"], hours_earlier=24)
    give(mei, 1000)
    give(lin, 1000)

    assert ask(mei, gift, at=local(2027, 3, 19, 10)).member == mei
    for member, at in ((mei, local(2027, 3, 19, 9, 59)), (lin, local(2027, 3, 20, 9, 59))):
        with pytest.raises(NotOpen):
            ask(member, gift, at=at)


def test_coming_earlier_does_not_outlive_the_end(mei: Member, tiers: dict[str, Tier]) -> None:
    gift = windowed(first_day=20)
    Gift.objects.filter(pk=gift.pk).update(closes_at=local(2027, 3, 15))
    GiftTier.objects.create(gift=gift, tier=tiers["高级"], hours_earlier=24)
    give(mei, 1000)

    with pytest.raises(NotOpen):
        ask(mei, gift, at=local(2027, 3, 19, 12))


@pytest.mark.parametrize(
    ("fields", "over"),
    [
        ({"kind": "PRIVILEGE", "valid_until": local(2027, 5, 1)}, True),
        ({"kind": "CHANCE", "chance_pool": "x", "valid_until": local(2027, 5, 1)}, True),
        ({"kind": "SEAT", "event_at": local(2027, 5, 1)}, True),
        ({"kind": "SEAT", "event_at": local(2027, 6, 1), "valid_until": local(2027, 5, 1)}, True),
        ({"kind": "PHYSICAL", "valid_until": local(2027, 5, 1)}, False),
        ({"kind": "PRIVILEGE", "event_at": local(2027, 5, 1)}, False),
    ],
)
def test_what_has_ended_is_not_redeemed_any_more(lin: Member, fields: dict[str, Any], over: bool) -> None:
    """A voucher that ends when it is issued, a seat at an event that has begun: the points would be lost."""
    gift, end = shelve(pieces=9, **fields), local(2027, 5, 1)
    give(lin, 1000)

    ask(lin, gift, at=end - timedelta(microseconds=1))
    assert is_open(gift.pk, at=end) is not over
    assert Gift.objects.on_shelf(end).filter(pk=gift.pk).exists() is not over
    if over:
        with pytest.raises(NotOpen):
            ask(lin, gift, at=end)


def test_what_ends_before_it_opens_never_opens(db: None) -> None:
    whole = {"kind": "SEAT", "event_at": local(2027, 5, 1), "opens_at": local(2027, 5, 2)}
    gift, other = shelve(pieces=1, **whole), shelve(pieces=1, **whole)
    GiftWindow.objects.create(gift=other, first_day=20)

    assert next_opening(gift.pk, at=local(2027, 4, 1)) is None
    assert next_opening(other.pk, at=local(2027, 4, 1)) is None


def test_whose_campaigns_are_over_is_known_at_once(db: None) -> None:
    at = local(2027, 5, 1)
    gift = windowed(campaign=Campaign.objects.create(name="May", starts_at=at - 9 * HOUR, ends_at=at))
    GiftWindow.objects.create(
        gift=gift,
        campaign=Campaign.objects.create(name="Off", starts_at=at, ends_at=at + 9 * HOUR, active=False),
    )

    before = looks_at_windows()
    assert next_opening(gift.pk, at=at) is None
    assert looks_at_windows() - before < 10  # and not one for each of 400 days


def looks_at_windows() -> int:
    """Return how often this transaction has read the windows' table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select seq_scan + coalesce(idx_scan, 0) from pg_stat_xact_user_tables where relname = 'mall_giftwindow'"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_day": 0},
        {"first_day": 32},
        {"first_day": 21, "last_day": 20},
        {"first_time": time(10)},
        {"last_time": time(10)},
        {"daily_from": time(22), "daily_until": time(2)},
        {"months": [13]},
        {"weekdays": [0]},
    ],
)
def test_a_window_that_never_opens_is_refused(db: None, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="window_"), transaction.atomic():
        windowed(**wrong)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"first_day": 21, "last_day": 20}, "last_day"),
        ({"first_day": 20, "first_time": time(10), "last_day": 20, "last_time": time(9)}, "last_day"),
        ({"first_time": time(10)}, "first_day"),
        ({"last_time": time(10)}, "last_day"),
        ({"daily_from": time(22), "daily_until": time(2)}, "daily_until"),
    ],
)
def test_a_form_says_what_is_wrong_with_a_window(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        GiftWindow(**wrong).clean()

    assert list(refused.value.message_dict) == [field]
