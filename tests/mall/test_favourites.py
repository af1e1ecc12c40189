"""Favourites, when they become ready, and what interests members."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from mall import favourites, interest, shipping
from mall.models import Favourite, Gift, GiftDay, GiftTier
from members.models import Member, Tier
from tests.conftest import rows
from tests.mall.conftest import NOON, ask, give, shelve
from tests.mall.kinds import coupon, coupon_type

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def keep(member: Member, gift: Gift, *, ready: bool = False) -> None:
    favourites.add(member_id=member.pk, gift_id=gift.pk, ready=ready, at=NOON)


def told(member: Member, at: Any = NOON + HOUR) -> list[str]:
    return [item.words for item in favourites.news(member, at)]


def test_a_favourite_is_kept_once_and_forgotten_at_once(lin: Member, umbrella: Gift) -> None:
    keep(lin, umbrella)
    keep(lin, umbrella)
    assert rows(Favourite, "member", "gift", "added_at") == [(lin.pk, umbrella.pk, NOON)]

    favourites.remove(member_id=lin.pk, gift_id=umbrella.pk)
    favourites.remove(member_id=lin.pk, gift_id=umbrella.pk)

    assert rows(Favourite, "pk") == []


def test_there_are_so_many_favourites_and_no_more(lin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(favourites, "MOST_FAVOURITES", 2)
    gifts = [shelve(pieces=1) for _turn in range(3)]

    kept = [favourites.add(member_id=lin.pk, gift_id=gift.pk, ready=False, at=NOON) for gift in [*gifts, gifts[0]]]

    assert kept == [True, True, False, True]
    assert Favourite.objects.count() == 2


def test_each_reason_to_be_ready_is_news_once_it_holds(mei: Member, tiers: dict[str, Tier]) -> None:
    give(mei, 100)
    give(mei, 900, available_at=NOON + DAY)
    own_price = shelve(pieces=1, points=500, name="own price")
    GiftTier.objects.create(gift=own_price, tier=tiers["高级"], points=90)
    GiftTier.objects.create(gift=shelve(pieces=1, points=500), tier=tiers["VIP"], points=90)
    expected = {
        shelve(pieces=1, points=100, name="affordable"): True,
        own_price: True,
        shelve(pieces=1, points=101, name="dear"): False,
        shelve(pieces=0, points=10, name="gone"): False,
        shelve(pieces=1, points=10, name="off", active=False): False,
        shelve(pieces=1, points=10, name="later", opens_at=NOON + DAY): False,
        shelve(pieces=1, points=10, name="over", closes_at=NOON): False,
        shelve(pieces=1, points=10, name="high", minimum_tier=tiers["VIP"]): False,
        shelve(pieces=1, points=10, name="his tier", minimum_tier=tiers["高级"]): True,
        coupon(coupon_type(tier=tiers["VIP"]), points=10, name="coupon of a high tier"): False,
        coupon(coupon_type(tier=tiers["普通"], tier_exactly=True), points=10, name="coupon of a lower tier"): False,
        coupon(coupon_type(tier=tiers["普通"]), points=10, name="coupon that is his"): True,
    }
    for gift in expected:
        keep(mei, gift)

    changed = favourites.refresh(at=NOON + HOUR)

    assert changed == 4
    assert {one.gift: one.ready_at == NOON + HOUR for one in Favourite.objects.all()} == expected
    assert favourites.refresh(at=NOON + 2 * HOUR) == 0


def test_what_comes_back_is_told_and_what_goes_again_is_not(lin: Member, wei: Member) -> None:
    give(lin, 100)
    give(wei, 100)
    gift = shelve(pieces=1, points=100, name="Cup")
    taken = ask(wei, gift)
    keep(lin, gift)
    favourites.refresh(at=NOON + HOUR)
    assert told(lin) == []

    shipping.cancel(redemption_id=taken.pk, at=NOON)
    favourites.refresh(at=NOON + 2 * HOUR)
    back = told(lin, NOON + 3 * HOUR)
    ask(lin, gift)
    favourites.refresh(at=NOON + 4 * HOUR)

    assert back == ["您收藏的“Cup”现在可以兑换了。"]
    assert told(lin, NOON + 5 * HOUR) == []
    assert told(wei) == []


def test_what_was_ready_when_it_was_kept_is_no_news_and_news_ends(lin: Member) -> None:
    give(lin, 500)
    keep(lin, shelve(pieces=1, points=100), ready=True)
    for _turn in range(2):
        keep(lin, shelve(pieces=1, points=100))

    favourites.refresh(at=NOON + HOUR)

    assert told(lin) == ["您收藏的 2 件礼品现在可以兑换了。"]
    assert told(lin, NOON + HOUR + favourites.TOLD_FOR) == []


def test_looks_favourites_and_redemptions_are_counted_by_day(lin: Member, wei: Member) -> None:
    give(lin, 500)
    cup, bag = shelve(pieces=9, points=10), shelve(pieces=9, points=10)
    today = date(2026, 6, 1)
    late = NOON.replace(hour=16)  # midnight in Shanghai: tomorrow
    for _turn in range(3):
        interest.saw(gift_id=cup.pk, day=today)
    interest.saw(gift_id=bag.pk, day=today)
    keep(lin, cup)
    keep(wei, cup)
    ask(lin, cup, 2)
    ask(lin, cup, 1, at=late)
    shipping.cancel(redemption_id=ask(lin, bag, 5).pk, at=NOON)

    interest.count(at=late)

    expected = [
        (cup.pk, today, 3, 2, 2),
        (cup.pk, today + DAY, 0, 0, 1),
        (bag.pk, today, 1, 0, 0),
    ]
    fields = ("gift", "day", "views", "favourites", "redemptions")
    assert sorted(rows(GiftDay, *fields)) == sorted(expected)
    assert interest.count(at=late) == 0
    assert sorted(rows(GiftDay, *fields)) == sorted(expected)


def test_looks_of_two_rounds_add_up(umbrella: Gift) -> None:
    for number in (2, 3):
        for _turn in range(number):
            interest.saw(gift_id=umbrella.pk, day=date(2026, 6, 1))
        interest.count(at=NOON)

    assert rows(GiftDay, "views") == [(5,)]


def test_the_first_count_looks_back_a_season_and_a_later_one_to_the_last_day_counted(lin: Member) -> None:
    give(lin, 500)
    cup = shelve(pieces=9, points=10)
    ask(lin, cup, 2, at=NOON + 20 * DAY)

    interest.count(at=NOON + 60 * DAY)
    ask(lin, cup, 3, at=NOON + 61 * DAY)
    interest.count(at=NOON + 70 * DAY)

    assert sorted(rows(GiftDay, "gift", "day", "redemptions")) == [
        (cup.pk, date(2026, 6, 21), 2),
        (cup.pk, date(2026, 8, 1), 3),
    ]
    [found] = Gift.objects.with_interest(since=date(2026, 5, 31)).filter(pk=cup.pk)
    assert found.pieces == 5
