"""What a member won does not use up what he may redeem, and an order beyond all bounds is refused with a sentence."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from mall import awards, favourites, lottery, telling
from mall.models import Favourite, Gift, Redemption
from mall.redeeming import LimitReached, TooMuch
from members.models import Member
from tests.conftest import rows
from tests.mall.conftest import NOON, ask, give, pieces_of, points_of, shelve
from tests.mall.kinds import coupon, coupon_type, medal, privilege
from tests.mall.test_lottery import a_draw, play, sure
from tests.mall.test_terms import offer

pytestmark = pytest.mark.usefixtures("english")


def win(member: Member, gift: Gift) -> None:
    """Let a member win one of a gift, and claim it."""
    give(member, 10)
    won = getattr(play(member, a_draw(sure(kind="GIFT", gift=gift))), "won", None)
    if won is not None and won.redemption_id is None:
        awards.claim(won_id=won.pk, member_id=member.pk, at=NOON)


@pytest.mark.parametrize("limit", ["limit_per_member", "limit_per_day", "limit_per_week", "limit_per_month"])
def test_a_prize_leaves_the_limits_for_redeeming(lin: Member, limit: str) -> None:
    cup = shelve(pieces=9, name="Cup", **{limit: 1})
    give(lin, 200)

    win(lin, cup)
    before = offer(lin, cup)
    ask(lin, cup)
    after = offer(lin, cup)

    assert (before.state, after.state) == ("open", "limit")
    with pytest.raises(LimitReached):
        ask(lin, cup)
    assert rows(Redemption, "points") == [(0,), (100,)]


def test_a_medal_that_was_won_is_worn(lin: Member) -> None:
    founder = medal()
    give(lin, 100)

    win(lin, founder)

    assert offer(lin, founder).state == "limit"
    with pytest.raises(LimitReached):
        ask(lin, founder)


def test_a_favourite_of_which_a_piece_was_won_is_ready_and_a_won_medal_is_not(lin: Member) -> None:
    cup, founder = shelve(pieces=9, name="Cup", limit_per_member=1), medal()
    for gift in (cup, founder):
        win(lin, gift)
        favourites.add(member_id=lin.pk, gift_id=gift.pk, ready=False, at=NOON)
    give(lin, 100)

    favourites.refresh(at=NOON)

    assert rows(Favourite, "gift", "ready_at") == [(cup.pk, NOON), (founder.pk, None)]


def test_more_yuan_than_an_order_can_hold_are_refused_with_a_sentence(lin: Member) -> None:
    car = shelve(pieces=1000, points=1, cash=Decimal("999999.99"))
    give(lin, 1000)

    with pytest.raises(TooMuch, match="choose fewer"):
        ask(lin, car, 1000)

    assert (rows(Redemption, "pk"), points_of(lin)) == ([], 1000)
    assert ask(lin, car, 100).cash == Decimal("99999999.00")


@pytest.mark.parametrize(
    ("what", "said"), [("CANCELLED", "We cancelled “Cup”. torn"), ("RETURNED", "We took back “Cup”. torn")]
)
def test_of_what_cost_no_points_none_are_said_to_be_back(what: str, said: str) -> None:
    told: Any = telling.Told(1, "+8613800000001", what, "Cup", 1, 0, "", "torn")

    assert telling.sentence(told) == said


def test_a_coupon_that_nobody_or_this_member_cannot_get_any_more_says_so(lin: Member, wei: Member) -> None:
    gone, own = coupon(coupon_type(limit_total=2)), coupon(coupon_type(limit_per_member=1))
    stopped, ended = coupon(coupon_type(active=False)), coupon(coupon_type(valid_until=NOON))
    gifts = (gone, own, stopped, ended)
    for member in (lin, wei):
        give(member, 500)
        for gift in gifts:
            favourites.add(member_id=member.pk, gift_id=gift.pk, ready=False, at=NOON)

    one_is_left = (offer(lin, gone).state, offer(lin, gone).most)
    ask(lin, gone, 2)
    ask(lin, own)
    favourites.refresh(at=NOON)

    assert [offer(lin, gift).state for gift in gifts] == ["sold-out", "limit", "sold-out", "ended"]
    assert [offer(wei, gift).state for gift in gifts] == ["sold-out", "open", "sold-out", "ended"]
    assert one_is_left == ("open", 2)
    assert [*Favourite.objects.exclude(ready_at=None).values_list("member", "gift")] == [(wei.pk, own.pk)]


def test_counting_stays_as_it_was_while_pieces_are_promised(lin: Member) -> None:
    massage = privilege(5)
    draw = a_draw(sure(kind="GIFT", gift=massage, stock=3))
    massage.stock_counted = False

    with pytest.raises(ValidationError, match="promised"):
        massage.full_clean()
    with pytest.raises(DatabaseError), transaction.atomic():
        massage.save()
    lottery.close(draw_id=draw.pk, at=NOON)
    assert pieces_of(massage) == 5
    massage.full_clean()
    massage.save()
