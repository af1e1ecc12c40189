"""What a gift asks of a member: prices by tier, the price agreed to, limits by period."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.models import Posting
from mall import shelf, shipping
from mall.models import Gift, GiftTier, Redemption
from mall.redeeming import InsufficientPoints, LimitReached, Price, PriceChanged, redeem
from members.models import Member, Programme, Tier
from tests.mall.conftest import NOON, ask, count, give, pieces_of, points_of, shelve, together

pytestmark = pytest.mark.usefixtures("english")

DAY = timedelta(days=1)


def agree(member: Member, gift: Gift, price: Price, quantity: int = 1) -> Redemption:
    return redeem(member_id=member.pk, gift_id=gift.pk, quantity=quantity, at=NOON, request_key="click", agreed=price)


def offer(member: Member, gift: Gift, at: datetime = NOON) -> shelf.Offer:
    member = Member.objects.select_related("tier").get(pk=member.pk)
    [seen] = shelf.offers(Gift.objects.filter(pk=gift.pk), member, available=points_of(member, at), at=at)
    return seen


def test_a_tier_pays_its_own_price(lin: Member, mei: Member, tiers: dict[str, Tier]) -> None:
    gift = shelve(pieces=9)
    GiftTier.objects.create(gift=gift, tier=tiers["高级"], points=80)
    GiftTier.objects.create(gift=gift, tier=tiers["VIP"], points=50)
    give(lin, 200)
    give(mei, 200)

    assert (ask(lin, gift, 2).points, ask(mei, gift, 2).points) == (200, 160)
    assert (offer(lin, gift).points, offer(mei, gift).points) == (100, 80)


def test_a_tier_may_pay_nothing(mei: Member, tiers: dict[str, Tier]) -> None:
    gift = shelve(pieces=9, limit_per_member=1)
    GiftTier.objects.create(gift=gift, tier=tiers["高级"], points=0)

    made = ask(mei, gift)
    with pytest.raises(LimitReached):
        ask(mei, gift)

    assert (made.points, made.posting.points, pieces_of(gift)) == (0, 0, 8)
    assert shipping.cancel(redemption_id=made.pk, at=NOON)
    assert (points_of(mei), pieces_of(gift)) == (0, 9)
    assert Posting.objects.count() == 1


def test_what_costs_nothing_is_limited(db: None) -> None:
    with pytest.raises(IntegrityError, match="gift_for_nothing_is_limited"), transaction.atomic():
        shelve(pieces=0, points=0)


@pytest.mark.parametrize("seen", [Price(99), Price(101), Price(0), Price(-1), Price(100, Decimal("0.01"))])
def test_another_price_than_the_agreed_one_is_refused(lin: Member, umbrella: Gift, seen: Price) -> None:
    give(lin, 1000)

    with pytest.raises(PriceChanged):
        agree(lin, umbrella, seen)

    assert (points_of(lin), pieces_of(umbrella)) == (1000, 5)
    assert agree(lin, umbrella, Price(100)).points == 100


def test_the_agreed_price_is_for_all_pieces(lin: Member, umbrella: Gift) -> None:
    give(lin, 1000)

    assert agree(lin, umbrella, Price(300), quantity=3).points == 300


def test_an_order_has_its_limit(lin: Member) -> None:
    gift = shelve(pieces=9, limit_per_order=2)
    give(lin, 1000)

    with pytest.raises(LimitReached) as refused:
        ask(lin, gift, 3)
    ask(lin, gift, 2)
    ask(lin, gift, 2)

    assert (refused.value.period, refused.value.detail) == ("order", "2")
    assert offer(lin, gift).most == 2


def shanghai(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC) - timedelta(hours=8)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("limit", "period", "last", "first"),
    [
        ("limit_per_day", "day", shanghai(2026, 6, 10, 23, 59, 59), shanghai(2026, 6, 11)),
        ("limit_per_week", "week", shanghai(2026, 6, 14, 23, 59, 59), shanghai(2026, 6, 15)),
        ("limit_per_month", "month", shanghai(2026, 6, 30, 23, 59, 59), shanghai(2026, 7, 1)),
        ("limit_per_member", "ever", shanghai(2029, 6, 30), None),
    ],
)
def test_a_period_ends_by_the_brands_own_clock(
    lin: Member, limit: str, period: str, last: datetime, first: datetime | None
) -> None:
    gift = shelve(pieces=9, **{limit: 2})
    give(lin, 1000)
    ask(lin, gift, 2, at=shanghai(2026, 6, 10))

    with pytest.raises(LimitReached) as refused:
        ask(lin, gift, at=last)

    assert refused.value.period == period
    assert (offer(lin, gift, last).state, offer(lin, gift, last).limit) == ("limit", period)
    if first:
        assert offer(lin, gift, first).state == "open"
        assert ask(lin, gift, 2, at=first).quantity == 2


def test_the_zone_is_the_brands(lin: Member) -> None:
    Programme.objects.create(time_zone="America/New_York")
    gift = shelve(pieces=9, limit_per_day=1)
    give(lin, 1000)
    ask(lin, gift, at=datetime(2026, 6, 10, 4, tzinfo=UTC))  # midnight in New York

    with pytest.raises(LimitReached):
        ask(lin, gift, at=datetime(2026, 6, 11, 3, 59, tzinfo=UTC))
    assert ask(lin, gift, at=datetime(2026, 6, 11, 4, tzinfo=UTC))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", ["limit_per_day", "limit_per_week", "limit_per_month", "limit_per_member"])
def test_a_limit_holds_against_fifty_clicks(lin: Member, limit: str) -> None:
    gift = shelve(pieces=50, **{limit: 3})
    give(lin, 5000)

    outcomes = together([partial(ask, lin, gift)] * 50)

    assert (count(outcomes, Redemption), count(outcomes, LimitReached)) == (3, 47)
    assert (points_of(lin), pieces_of(gift)) == (4700, 47)


def test_a_cancelled_one_leaves_the_limit(lin: Member) -> None:
    gift = shelve(pieces=9, limit_per_day=1)
    give(lin, 1000)
    shipping.cancel(redemption_id=ask(lin, gift).pk, at=NOON)

    assert ask(lin, gift)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limits=st.fixed_dictionaries(
        {f"limit_per_{name}": st.none() | st.integers(1, 4) for name in ("order", "day", "week", "month", "member")}
    ),
    asked=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 200)), max_size=12),
)
def test_limits_count_as_a_plain_model_does(db: None, limits: dict[str, Any], asked: list[tuple[int, int]]) -> None:
    member = Member.objects.create(name="L", joined_at=NOON)
    gift = shelve(pieces=100, **limits)
    give(member, 10**6)
    had: list[tuple[datetime, int]] = []
    for quantity, hours in sorted(asked, key=lambda one: one[1]):
        at = NOON + timedelta(hours=hours * 5)
        allowed = _allowed(limits, had, quantity, at)
        most = offer(member, gift, at).most
        try:
            ask(member, gift, quantity, at=at)
        except LimitReached:
            assert not allowed
        else:
            assert allowed
            had.append((at, quantity))

        assert (quantity <= most) is allowed


def _allowed(limits: dict[str, Any], had: list[tuple[datetime, int]], quantity: int, at: datetime) -> bool:
    def key(moment: datetime, period: str) -> Any:
        day = (moment + timedelta(hours=8)).date()
        return {
            "day": day,
            "week": day.isocalendar()[:2],
            "month": (day.year, day.month),
            "member": 0,
        }[period]

    def taken(period: str) -> int:
        return sum(n for moment, n in had if key(moment, period) == key(at, period))

    order = limits["limit_per_order"]
    return (order is None or quantity <= order) and all(
        limits[f"limit_per_{period}"] is None or taken(period) + quantity <= limits[f"limit_per_{period}"]
        for period in ("day", "week", "month", "member")
    )


def test_points_short_of_a_tier_price_are_short(mei: Member, tiers: dict[str, Tier]) -> None:
    gift = shelve(pieces=9)
    GiftTier.objects.create(gift=gift, tier=tiers["高级"], points=150)
    give(mei, 120)

    with pytest.raises(InsufficientPoints):
        ask(mei, gift)

    assert (offer(mei, gift).state, offer(mei, gift).missing) == ("short", 30)
