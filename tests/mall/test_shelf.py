"""What pages say of a gift is what redeeming does: for any gift, any member, any moment."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mall import codes, favourites, redeeming, shelf
from mall.models import Favourite, Gift, GiftTier, GiftWindow
from members.models import Member, Tier
from tests.mall.conftest import NOON, give, points_of, shelve

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EXPECTED: dict[str, tuple[type, ...]] = {
    shelf.State.ENDED: (redeeming.NotOpen,),
    shelf.State.NOT_YET: (redeeming.NotOpen,),
    shelf.State.SOLD_OUT: (redeeming.OutOfStock, redeeming.TierTooLow),
    shelf.State.TIER: (redeeming.TierTooLow,),
    shelf.State.LIMIT: (redeeming.LimitReached, redeeming.InsufficientPoints),
    shelf.State.SHORT: (redeeming.InsufficientPoints,),
}
few = st.none() | st.integers(1, 2)
moments = st.none() | st.sampled_from([-2 * DAY, -HOUR, timedelta(0), HOUR, 2 * DAY])


@st.composite
def worlds(draw: Any) -> dict[str, Any]:
    """A gift with anything that opens, limits or prices it."""
    kind = draw(st.sampled_from(["PHYSICAL", "CODE", "PRIVILEGE", "MEDAL", "CHANCE", "SEAT"]))
    opens, closes = draw(moments), draw(moments)
    if opens is not None and closes is not None and opens >= closes:
        closes = None
    fields = {
        "kind": kind,
        "points": draw(st.integers(1, 3)) * 50,
        "active": draw(st.sampled_from([True] * 7 + [False])),
        "opens_at": None if opens is None else NOON + opens,
        "closes_at": None if closes is None else NOON + closes,
        "limit_per_member": 1 if kind == "MEDAL" else draw(few),
        **{f"limit_per_{period}": draw(few) for period in ("order", "day", "week", "month")},
        "stock_counted": kind in ("PHYSICAL", "CODE") or draw(st.booleans()),
        "chance_pool": "x",
        "event_at": NOON + draw(st.sampled_from([DAY, 30 * DAY])),
    }
    return {
        "fields": fields,
        "tier": draw(st.sampled_from([None, None, "高级", "VIP"])),
        "pieces": draw(st.integers(0, 2)),
        "price": draw(st.none() | st.sampled_from([0, 40, 200])),
        "earlier": draw(st.sampled_from([0, 0, 72])),
        "weekday": draw(st.none() | st.integers(1, 7)),
        "hours": draw(st.sampled_from([None, (time(9), time(18)), (time(13), time(14))])),
        "before": draw(st.lists(st.sampled_from([-40 * DAY, -8 * DAY, -HOUR]), max_size=2)),
        "points": draw(st.sampled_from([0, 40, 50, 100, 150, 400])),
    }


def made(world: dict[str, Any], member: Member, tiers: dict[str, Tier]) -> Gift:
    gift = shelve(pieces=0, **world["fields"])
    spent = Gift.objects.filter(pk=gift.pk)
    spent.update(active=True, opens_at=None, closes_at=None)
    if gift.kind == "CODE":
        codes.add(gift_id=gift.pk, codes=[(n, f"C{n}") for n in range(1, world["pieces"] + 3)], at=NOON, actor_id=None)
    else:
        spent.update(stock=world["pieces"] + 2 if gift.stock_counted else 0)
    for ago in world["before"]:
        give(member, gift.points, available_at=NOON - 50 * DAY)
        _redeemed(member, gift, NOON + ago)
    spent.update(**{name: world["fields"][name] for name in ("active", "opens_at", "closes_at")})
    spent.update(minimum_tier=tiers.get(world["tier"] or ""))
    if gift.kind != "CODE" and gift.stock_counted:
        spent.update(stock=world["pieces"])
    if world["price"] is not None or world["earlier"]:
        GiftTier.objects.create(gift=gift, tier=member.tier, points=world["price"], hours_earlier=world["earlier"])  # type: ignore[misc]
    if world["weekday"] or world["hours"]:
        first, last = world["hours"] or (None, None)
        days = [world["weekday"]] if world["weekday"] else []
        GiftWindow.objects.create(gift=gift, weekdays=days, daily_from=first, daily_until=last)
    give(member, world["points"]) if world["points"] else None
    return gift


def _redeemed(member: Member, gift: Gift, at: Any) -> str:
    """Redeem one piece; return what refused it."""
    try:
        with transaction.atomic():
            redeeming.redeem(member_id=member.pk, gift_id=gift.pk, quantity=1, at=at, request_key=uuid4().hex)
    except redeeming.REFUSALS as refusal:
        return type(refusal).__name__
    return ""


@pytest.mark.django_db
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=worlds())
def test_what_a_page_offers_is_what_redeeming_gives(world: dict[str, Any], mei: Member, tiers: dict[str, Tier]) -> None:
    point = transaction.savepoint()
    gift = made(world, mei, tiers)
    favourites.add(member_id=mei.pk, gift_id=gift.pk, ready=False, at=NOON - DAY)

    shown = Gift.objects.get(pk=gift.pk)
    [offer] = shelf.offers([shown], mei, available=points_of(mei), at=NOON)
    favourites.refresh(at=NOON)
    ready = Favourite.objects.get().ready_at is not None
    refused = _redeemed(mei, gift, NOON)

    transaction.savepoint_rollback(point)
    expected = {kind.__name__ for kind in EXPECTED.get(offer.state, ())} or {""}
    assert (offer.open, ready) == (refused == "", refused == "")
    assert refused in expected
    assert (offer.most >= 1) == (refused == "") or offer.state in (
        shelf.State.ENDED,
        shelf.State.NOT_YET,
        shelf.State.TIER,
    )
