"""Redeeming: what it takes, what it refuses, and that a request key is one redemption."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError
from django.utils import translation

from loyalty.models import Posting
from mall import shipping, stock
from mall.models import MOST_AT_ONCE, MOST_POINTS, Gift, Redemption
from mall.redeeming import (
    REFUSALS,
    Address,
    InsufficientPoints,
    InvalidQuantity,
    KeyReused,
    LimitReached,
    Merged,
    NotOpen,
    OutOfStock,
    TierTooLow,
    redeem,
)
from members.models import Member, Tier
from tests.mall.conftest import NOON, ask, give, pieces_of, points_of, shelve


def test_redeeming_takes_points_and_pieces(lin: Member, umbrella: Gift) -> None:
    give(lin, 1000)

    made = redeem(
        member_id=lin.pk,
        gift_id=umbrella.pk,
        quantity=2,
        at=NOON,
        request_key="click",
        address=Address("林", "13800001111", "上海市静安区"),
    )

    assert (points_of(lin), pieces_of(umbrella)) == (800, 3)
    assert (made.member, made.gift, made.gift_name, made.quantity, made.points) == (lin, umbrella, "Umbrella", 2, 200)
    assert (made.state, made.placed_at, made.ended_at) == (Redemption.State.PLACED, NOON, None)
    assert (made.recipient, made.phone, made.address) == ("林", "13800001111", "上海市静安区")
    assert (made.posting.points, made.posting.note, made.posting.key) == (-200, "Umbrella", f"{lin.pk}:click")


def test_the_same_request_key_is_one_redemption_whatever_happened_since(lin: Member, umbrella: Gift) -> None:
    give(lin, 1000)
    first = ask(lin, umbrella, 5, key="click")
    Gift.objects.filter(pk=umbrella.pk).update(points=999, active=False)

    again = ask(lin, umbrella, 5, key="click", at=NOON + timedelta(days=1))

    assert again == first
    assert (points_of(lin), pieces_of(umbrella)) == (500, 0)


def test_the_same_request_key_for_something_else_is_refused(lin: Member, umbrella: Gift) -> None:
    give(lin, 1000)
    other = shelve(pieces=5)
    ask(lin, umbrella, key="click")

    with pytest.raises(KeyReused):
        ask(lin, umbrella, 2, key="click")
    with pytest.raises(KeyReused):
        ask(lin, other, key="click")

    assert (points_of(lin), pieces_of(umbrella), pieces_of(other)) == (900, 4, 5)


def test_two_members_may_have_the_same_request_key(lin: Member, mei: Member, umbrella: Gift) -> None:
    give(lin, 100)
    give(mei, 100)

    assert ask(lin, umbrella, key="click") != ask(mei, umbrella, key="click")


def test_a_refusal_does_not_use_up_its_request_key(lin: Member) -> None:
    give(lin, 100)
    gift = shelve(pieces=0)

    with pytest.raises(OutOfStock):
        ask(lin, gift, key="click")
    stock.change(gift_id=gift.pk, quantity=1, note="delivered", actor_id=None, at=NOON)

    assert ask(lin, gift, key="click").state == Redemption.State.PLACED


def test_too_few_points_write_nothing(lin: Member, umbrella: Gift) -> None:
    give(lin, 99)

    with pytest.raises(InsufficientPoints) as refused:
        ask(lin, umbrella)

    assert refused.value.available == 99
    assert (points_of(lin), pieces_of(umbrella), Redemption.objects.count()) == (99, 5, 0)
    assert not Posting.objects.filter(source="redeem").exists()


def test_points_that_ended_or_wait_do_not_pay(lin: Member, umbrella: Gift) -> None:
    give(lin, 60, expires_at=NOON + timedelta(hours=1))
    give(lin, 60, available_at=NOON + timedelta(hours=1))

    for moment in (NOON, NOON + timedelta(hours=1)):
        with pytest.raises(InsufficientPoints):
            ask(lin, umbrella, at=moment)


@pytest.mark.parametrize(
    ("after_opening", "is_open"),
    [
        (timedelta(microseconds=-1), False),
        (timedelta(0), True),
        (timedelta(hours=1, microseconds=-1), True),
        (timedelta(hours=1), False),
    ],
)
def test_a_window_has_its_first_moment_and_not_its_last(lin: Member, after_opening: timedelta, is_open: bool) -> None:
    give(lin, 100)
    gift = shelve(pieces=1, opens_at=NOON, closes_at=NOON + timedelta(hours=1))

    try:
        redeemed = bool(ask(lin, gift, at=NOON + after_opening))
    except NotOpen:
        redeemed = False

    assert redeemed is is_open


def test_an_unknown_gift_and_one_off_the_shelf_are_not_open(lin: Member) -> None:
    give(lin, 100)
    hidden = shelve(pieces=1, active=False)

    for gift in (hidden, Gift(pk=2**62)):
        with pytest.raises(NotOpen):
            ask(lin, gift)


def test_a_merged_member_redeems_nothing(lin: Member, wei: Member, umbrella: Gift) -> None:
    give(lin, 100)
    Member.objects.filter(pk=lin.pk).update(merged_into=wei)

    with pytest.raises(Merged):
        ask(lin, umbrella)

    assert (points_of(lin), pieces_of(umbrella)) == (100, 5)


def test_a_gift_from_gold_is_for_gold(lin: Member, mei: Member, wei: Member) -> None:
    silver = Tier.objects.create(name="Test silver", rank=8, threshold=10**8)
    gold = Tier.objects.create(name="Test gold", rank=9, threshold=10**9)
    gift = shelve(pieces=5, minimum_tier=gold)
    for member, tier in ((lin, silver), (mei, gold), (wei, None)):
        Member.objects.filter(pk=member.pk).update(tier=tier)
        give(member, 100)

    made = ask(mei, gift)
    for member in (lin, wei):
        with pytest.raises(TierTooLow) as refused:
            ask(member, gift)

    assert made.member == mei
    assert "Test gold" in str(refused.value)


def test_a_limit_counts_pieces_that_the_member_still_holds(lin: Member, mei: Member) -> None:
    gift = shelve(pieces=9, limit_per_member=2)
    give(lin, 1000)
    give(mei, 1000)

    with pytest.raises(LimitReached) as refused:
        ask(lin, gift, 3)
    first = ask(lin, gift, 2)
    with pytest.raises(LimitReached):
        ask(lin, gift)
    shipping.cancel(redemption_id=first.pk, at=NOON)
    ask(lin, gift)
    ask(mei, gift)

    assert "2" in str(refused.value)
    assert (points_of(lin), pieces_of(gift)) == (900, 7)


@pytest.mark.parametrize("quantity", [0, -1, 1.5, 2**63, True, "1", None, MOST_AT_ONCE + 1])
def test_a_quantity_is_a_whole_number_from_1_to_10000(lin: Member, umbrella: Gift, quantity: Any) -> None:
    give(lin, 1000)

    with pytest.raises(InvalidQuantity):
        ask(lin, umbrella, quantity)

    assert (points_of(lin), pieces_of(umbrella)) == (1000, 5)


@pytest.mark.parametrize("key", ["x" * 65, "a\0b"])
def test_a_bad_request_key_is_an_error_of_the_caller(lin: Member, umbrella: Gift, key: str) -> None:
    with pytest.raises(ValueError, match="request key"):
        ask(lin, umbrella, key=key)


def test_the_dearest_gift_in_the_largest_quantity_does_not_overflow(lin: Member) -> None:
    gift = shelve(pieces=MOST_AT_ONCE, points=MOST_POINTS)
    give(lin, MOST_POINTS * MOST_AT_ONCE)

    made = ask(lin, gift, MOST_AT_ONCE)

    assert made.points == 10**13
    assert points_of(lin) == 0


def test_what_is_no_refusal_stays_the_database_s_error(lin: Member, umbrella: Gift) -> None:
    give(lin, 100)
    endless = Address("林", "13800001111", "上海市" * 101)

    with pytest.raises(DataError, match="too long") as error:
        redeem(member_id=lin.pk, gift_id=umbrella.pk, quantity=1, at=NOON, request_key="click", address=endless)

    assert error.value.__cause__ is not error.value
    assert (points_of(lin), pieces_of(umbrella)) == (100, 5)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_refusal_has_a_sentence(lin: Member, language: str) -> None:
    with translation.override(language):
        sentences = [str(kind("高级")) for kind in REFUSALS[0].__subclasses__()]

    assert all(sentence and "%" not in sentence for sentence in sentences)


@pytest.mark.django_db(transaction=True)
def test_redeeming_is_one_round_trip(lin: Member, umbrella: Gift, django_assert_num_queries: Any) -> None:
    give(lin, 100)

    with django_assert_num_queries(1):
        ask(lin, umbrella)
