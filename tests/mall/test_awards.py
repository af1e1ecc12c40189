"""Won gifts: claimed once by their winner, or back in stock."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from mall import awards, shipping, tasks
from mall.models import Gift, Redemption, WonGift
from mall.redeeming import Address
from members.models import Member
from tests.conftest import rows
from tests.mall.conftest import NOON, count, give, pieces_of, points_of, shelve, together
from tests.mall.test_lottery import a_draw, play, sure

HOME = Address("Lin", "13800000001", "Shanghai")
LAST = NOON + timedelta(days=30)


@pytest.fixture
def cup(db: None) -> Gift:
    return shelve(pieces=5, name="Cup")


@pytest.fixture
def won(lin: Member, cup: Gift) -> WonGift:
    give(lin, 10)
    play(lin, a_draw(sure(kind="GIFT", gift=cup)))
    return WonGift.objects.get()


def claim(won: WonGift, at: Any = NOON) -> Redemption:
    return awards.claim(won_id=won.pk, member_id=won.member_id, at=at, address=HOME)


def test_a_claimed_gift_is_a_redemption_for_no_points(lin: Member, cup: Gift, won: WonGift) -> None:
    first, again = claim(won), claim(won)

    won.refresh_from_db()
    assert first == again == won.redemption
    assert rows(Redemption, "member", "gift", "gift_name", "quantity", "points", "state", "recipient", "address") == [
        (lin.pk, cup.pk, "Cup", 1, 0, "PLACED", "Lin", "Shanghai")
    ]
    assert (pieces_of(cup), points_of(lin)) == (4, 0)


def test_a_claimed_gift_is_shipped_or_cancelled_like_any_other(cup: Gift, won: WonGift) -> None:
    made = claim(won)

    shipping.pack(redemption_ids=[made.pk], at=NOON)
    shipping.cancel(redemption_id=made.pk, at=NOON)

    assert pieces_of(cup) == 5


def test_another_members_prize_is_not_there(wei: Member, won: WonGift) -> None:
    with pytest.raises(WonGift.DoesNotExist):
        awards.claim(won_id=won.pk, member_id=wei.pk, at=NOON)


def test_an_unclaimed_gift_goes_back_into_stock(cup: Gift, won: WonGift) -> None:
    assert awards.lapse_over(at=LAST - timedelta(seconds=1)) == 0
    assert (awards.lapse_over(at=LAST), awards.lapse_over(at=LAST)) == (1, 0)

    won.refresh_from_db()
    assert (pieces_of(cup), won.lapsed_at) == (5, LAST)
    with pytest.raises(awards.Lapsed):
        claim(won)


def test_after_the_last_day_it_is_refused_even_before_it_is_swept(won: WonGift) -> None:
    with pytest.raises(awards.Lapsed):
        claim(won, at=LAST)

    assert claim(won, at=LAST - timedelta(seconds=1)).pk


def test_the_beat_does_all_that_is_due(won: WonGift, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mall.tasks.timezone.now", lambda: LAST)

    tasks.settle_draws()

    assert not WonGift.objects.waiting().exists()


@pytest.mark.django_db(transaction=True)
def test_of_claiming_and_lapsing_one_happens(cup: Gift, won: WonGift) -> None:
    calls: list[Any] = [partial(claim, won, LAST - timedelta(seconds=1))] * 8
    calls += [partial(awards.lapse_over, at=LAST)] * 2

    outcomes = together(calls)

    won.refresh_from_db()
    assert count(outcomes, Redemption) + count(outcomes, awards.Lapsed) == 8
    assert (won.redemption is None) is (won.lapsed_at is not None)
    assert pieces_of(cup) == (5 if won.lapsed_at else 4)
