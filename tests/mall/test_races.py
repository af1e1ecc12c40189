"""Races on real connections: the last piece, one click many times, a limit, and two who change one redemption."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import transaction

from loyalty.models import Posting
from mall import shipping
from mall.models import Gift, Redemption, Shipment
from mall.redeeming import InsufficientPoints, KeyReused, LimitReached, OutOfStock
from mall.shipping import WrongState
from members.models import Member
from tests.conftest import until_somebody_waits
from tests.mall.conftest import NOON, ask, count, give, pieces_of, points_of, shelve, together

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5


def test_a_hundred_members_redeem_the_last_piece_and_one_wins(transactional_db: None) -> None:
    gift = shelve(pieces=1)
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(100))
    for member in members:
        give(member, 100)

    outcomes = together([partial(ask, member, gift) for member in members])

    assert (count(outcomes, Redemption), count(outcomes, OutOfStock)) == (1, 99)
    assert (pieces_of(gift), sum(map(points_of, members))) == (0, 9900)


def test_who_saw_the_last_piece_and_waited_for_it_is_refused(lin: Member, mei: Member) -> None:
    """Mei passes the unlocked read while Lin's redemption is not committed, and waits for the gift's row."""
    gift = shelve(pieces=1)
    give(lin, 100)
    give(mei, 100)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            ask(lin, gift)
            waiting = pool.submit(together, [partial(ask, mei, gift)])
            until_somebody_waits()
        (outcome,) = waiting.result()

    assert isinstance(outcome, OutOfStock)
    assert (points_of(lin), points_of(mei), pieces_of(gift)) == (0, 100, 0)


def test_one_request_key_on_fifty_threads_is_one_redemption(lin: Member, umbrella: Gift) -> None:
    give(lin, 1000)

    outcomes = together([partial(ask, lin, umbrella, key="click")] * 50)

    assert {outcome.pk for outcome in outcomes} == {Redemption.objects.get().pk}
    assert (points_of(lin), pieces_of(umbrella)) == (900, 4)


def test_one_request_key_for_two_gifts_of_one_price_is_one_redemption(lin: Member, umbrella: Gift) -> None:
    give(lin, 1000)
    other = shelve(pieces=5)

    outcomes = together([partial(ask, lin, gift, key="click") for gift in (umbrella, other) * 10])

    assert (count(outcomes, Redemption), count(outcomes, KeyReused)) == (10, 10)
    assert (points_of(lin), pieces_of(umbrella) + pieces_of(other)) == (900, 9)


def test_a_limit_of_one_holds_against_fifty_clicks(lin: Member) -> None:
    gift = shelve(pieces=50, limit_per_member=1)
    give(lin, 5000)

    outcomes = together([partial(ask, lin, gift)] * 50)

    assert (count(outcomes, Redemption), count(outcomes, LimitReached)) == (1, 49)
    assert (points_of(lin), pieces_of(gift)) == (4900, 49)


def test_one_click_on_many_threads_under_a_limit_of_one_is_no_refusal(lin: Member) -> None:
    gift = shelve(pieces=50, limit_per_member=1)
    give(lin, 5000)

    outcomes = together([partial(ask, lin, gift, key="click")] * 20)

    assert count(outcomes, Redemption) == 20


def test_two_who_cancel_put_back_once(lin: Member, umbrella: Gift) -> None:
    give(lin, 1000)
    cancel = partial(shipping.cancel, at=NOON)

    for _ in range(ROUNDS):
        made = ask(lin, umbrella, 2)
        outcomes = together([partial(cancel, redemption_id=made.pk)] * 6)
        assert sorted(outcomes) == [False] * 5 + [True]

    assert (points_of(lin), pieces_of(umbrella)) == (1000, 5)


def test_of_shipping_and_cancelling_one_happens(lin: Member, umbrella: Gift) -> None:
    give(lin, 1000)

    for _ in range(ROUNDS):
        made = ask(lin, umbrella)
        ship = partial(shipping.ship, redemption_id=made.pk, carrier="SF", tracking_number="1", at=NOON)
        outcomes = together([ship, partial(shipping.cancel, redemption_id=made.pk, at=NOON)] * 2)
        state = Redemption.objects.get(pk=made.pk).state
        legal = {"SHIPPED": (1, 0, 3), "CANCELLED": (0, 2, 2)}[state]
        assert (count(outcomes, Shipment), count(outcomes, bool), count(outcomes, WrongState)) == legal
        assert Shipment.objects.filter(redemption=made).exists() is (state == "SHIPPED")

    shipped = Redemption.objects.filter(state="SHIPPED").count()
    assert (points_of(lin), pieces_of(umbrella)) == (1000 - 100 * shipped, 5 - shipped)


def test_of_packing_and_a_member_cancelling_one_happens(lin: Member, umbrella: Gift) -> None:
    give(lin, 1000)

    for _ in range(ROUNDS):
        made = ask(lin, umbrella)
        pack = partial(shipping.pack, redemption_ids=[made.pk], at=NOON)
        packed, cancelled = together([pack, partial(shipping.cancel, redemption_id=made.pk, member_id=lin.pk, at=NOON)])
        assert (packed, cancelled is True) in ((1, False), (0, True))

    packed_ones = Redemption.objects.filter(state="PACKED").count()
    assert pieces_of(umbrella) == 5 - packed_ones


def test_redeeming_and_cancelling_at_once_keep_everything(lin: Member, mei: Member) -> None:
    """Two members redeem and cancel the same gift on 16 connections: no deadlock, nothing lost."""
    gift = shelve(pieces=4)
    give(lin, 400)
    give(mei, 400)

    outcomes = together([partial(_redeem_and_cancel, member, gift) for member in (lin, mei) * 30], workers=16)

    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert (points_of(lin), points_of(mei), pieces_of(gift)) == (400, 400, 4)
    assert Posting.objects.filter(source="redeem").count() == Redemption.objects.count()


def _redeem_and_cancel(member: Member, gift: Gift) -> bool:
    try:
        return shipping.cancel(redemption_id=ask(member, gift).pk, at=NOON)
    except (OutOfStock, InsufficientPoints):
        return False
