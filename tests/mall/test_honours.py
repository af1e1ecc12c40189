"""Medals and draw chances: honours once, tries that are used up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from mall import chances, medals, shipping, stock
from mall.counter import AlreadyUsed
from mall.models import Chance, Gift, Medal, Redemption
from mall.redeeming import LimitReached
from members.models import Member
from tests.conftest import rows
from tests.mall.conftest import NOON, ask, count, give, points_of, shelve, together
from tests.mall.kinds import chance, medal

pytestmark = pytest.mark.usefixtures("english")

DAY = timedelta(days=1)


def use(member: Member, word: str, at: datetime = NOON) -> Chance:
    return chances.use(member_id=member.pk, pool="spring", word=word, at=at)


def test_a_medal_is_worn_from_the_day_it_was_redeemed(lin: Member) -> None:
    gift = medal()
    give(lin, 200)

    made = ask(lin, gift)

    assert (made.state, str(made.state_words), points_of(lin)) == ("RECEIVED", "awarded", 100)
    assert rows(Medal, "member", "gift", "redemption", "given_at") == [(lin.pk, gift.pk, made.pk, NOON)]
    with pytest.raises(LimitReached):
        ask(lin, gift)


def test_a_medal_may_cost_nothing(lin: Member) -> None:
    made = ask(lin, medal(points=0))

    assert (made.points, Medal.objects.of(lin).count()) == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_a_medal_clicked_twenty_times_is_worn_once(lin: Member) -> None:
    gift = medal(points=0)

    outcomes = together([partial(ask, lin, gift)] * 20)

    assert (count(outcomes, Redemption), count(outcomes, LimitReached)) == (1, 19)
    assert Medal.objects.count() == 1


def test_staff_honour_members_once(lin: Member, mei: Member, wei: Member) -> None:
    gift = medal()
    Member.objects.filter(pk=wei.pk).update(merged_into=mei)
    everybody = [lin.pk, mei.pk, wei.pk, 2**62]

    first = medals.give(gift_id=gift.pk, member_ids=everybody, at=NOON, actor_id=None, note="ten years")
    again = medals.give(gift_id=gift.pk, member_ids=everybody, at=NOON + DAY, actor_id=None)

    assert (first, again) == (2, 0)
    assert rows(Medal, "member", "note", "given_at") == [
        (lin.pk, "ten years", NOON),
        (mei.pk, "ten years", NOON),
    ]


def test_who_wears_a_medal_does_not_redeem_it(lin: Member) -> None:
    gift = medal()
    give(lin, 100)
    medals.give(gift_id=gift.pk, member_ids=[lin.pk], at=NOON, actor_id=None)

    with pytest.raises(LimitReached):
        ask(lin, gift)

    assert (points_of(lin), Redemption.objects.count()) == (100, 0)


def test_a_medal_is_taken_back_and_given_anew(lin: Member) -> None:
    gift = medal()
    medals.give(gift_id=gift.pk, member_ids=[lin.pk], at=NOON, actor_id=None)
    worn = Medal.objects.get()

    assert (medals.take(medal_id=worn.pk, at=NOON), medals.take(medal_id=worn.pk, at=NOON)) == (True, False)
    assert not Medal.objects.of(lin)
    assert medals.give(gift_id=gift.pk, member_ids=[lin.pk], at=NOON, actor_id=None) == 1


def test_a_redeemed_medal_goes_back_with_its_redemption(lin: Member) -> None:
    gift = medal()
    give(lin, 100)
    made = ask(lin, gift)

    with pytest.raises(ValueError, match="redemption"):
        medals.take(medal_id=Medal.objects.get().pk, at=NOON)
    shipping.return_(redemption_id=made.pk, at=NOON)

    assert not Medal.objects.of(lin)
    assert points_of(lin) == 100
    assert ask(lin, gift)


def test_only_a_medal_is_given(lin: Member, umbrella: Gift) -> None:
    with pytest.raises(ValueError, match="no medal"):
        medals.give(gift_id=umbrella.pk, member_ids=[lin.pk], at=NOON, actor_id=None)


def test_chances_are_credited_and_used_up(lin: Member) -> None:
    give(lin, 100)
    ask(lin, chance())

    first, again, second = use(lin, "draw 1"), use(lin, "draw 1"), use(lin, "draw 2")
    use(lin, "draw 3")

    assert first == again != second
    with pytest.raises(chances.NoChance):
        use(lin, "draw 4")


def test_a_chance_is_for_its_owner_its_draws_and_its_time(lin: Member, mei: Member) -> None:
    give(lin, 1000)
    ask(lin, chance(chances=1, chance_pool="autumn"))
    ask(lin, chance(chances=1, valid_days=1))
    end = datetime(2026, 6, 2, 16, tzinfo=UTC)

    for member, at in ((mei, NOON), (lin, end)):
        with pytest.raises(chances.NoChance):
            use(member, "draw", at)
    assert use(lin, "draw", end - timedelta(microseconds=1)).pool == "spring"


def test_the_chance_that_ends_soonest_goes_first(lin: Member) -> None:
    give(lin, 1000)
    ask(lin, chance(chances=1))
    ask(lin, chance(chances=1, valid_days=9))
    ask(lin, chance(chances=1, valid_days=2))

    used = [use(lin, word).ends_at for word in "abc"]

    assert used == [datetime(2026, 6, 3, 16, tzinfo=UTC), datetime(2026, 6, 10, 16, tzinfo=UTC), None]


@pytest.mark.django_db(transaction=True)
def test_twenty_draws_at_once_use_three_chances(lin: Member) -> None:
    give(lin, 100)
    ask(lin, chance())

    outcomes = together([partial(use, lin, f"draw {n}") for n in range(20)])

    assert (count(outcomes, Chance), count(outcomes, chances.NoChance)) == (3, 17)
    assert len({one.pk for one in outcomes if isinstance(one, Chance)}) == 3


def test_unused_chances_go_back_and_used_ones_do_not(lin: Member) -> None:
    give(lin, 1000)
    unused, used = ask(lin, chance()), ask(lin, chance())
    shipping.return_(redemption_id=unused.pk, at=NOON)
    use(lin, "draw")

    with pytest.raises(AlreadyUsed):
        shipping.return_(redemption_id=used.pk, at=NOON)

    assert (points_of(lin), Chance.objects.open(lin.pk, "spring", NOON).count()) == (900, 2)


def test_what_is_not_counted_never_runs_out(lin: Member) -> None:
    gift = chance()
    give(lin, 1000)

    ask(lin, gift, 3)
    shipping.return_(redemption_id=ask(lin, gift, 2).pk, at=NOON)

    gift.refresh_from_db()
    assert (gift.stock, Redemption.objects.filter(takes_stock=True).count()) == (0, 0)
    with pytest.raises(stock.NotCounted):
        stock.change(gift_id=gift.pk, quantity=1, note="more", actor_id=None, at=NOON)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"kind": "PHYSICAL", "stock_counted": False}, "gift_goods_are_counted"),
        ({"kind": "CODE", "stock_counted": False}, "gift_goods_are_counted"),
        ({"kind": "MEDAL"}, "gift_medal_once"),
        ({"kind": "MEDAL", "limit_per_member": 2}, "gift_medal_once"),
        ({"chances": 0}, "gift_chances_1_to_100"),
    ],
)
def test_a_gift_that_makes_no_sense_is_refused(db: None, fields: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        shelve(pieces=0, **fields)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "PHYSICAL", "stock_counted": False}, "stock_counted"),
        ({"kind": "MEDAL", "limit_per_member": 2}, "limit_per_member"),
        ({"kind": "SEAT"}, "event_at"),
        ({"kind": "CHANCE"}, "chance_pool"),
    ],
)
def test_a_form_says_what_a_kind_needs(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Gift(**{"name": "x", "points": 1} | fields).clean()

    assert list(refused.value.message_dict) == [field]


def test_saving_a_gift_leaves_the_stock_that_moved_meanwhile(umbrella: Gift) -> None:
    """A page was opened, somebody redeemed, the page is saved."""
    open_page = Gift.objects.get(pk=umbrella.pk)
    stock.change(gift_id=umbrella.pk, quantity=-2, note="sold", actor_id=None, at=NOON)

    open_page.name = "Large umbrella"
    open_page.save()

    umbrella.refresh_from_db()
    assert (umbrella.name, umbrella.stock) == ("Large umbrella", 3)
