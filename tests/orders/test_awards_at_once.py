"""Somebody else is about to award the very order: what he commits is seen, whatever was read before he had."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from loyalty import ledger
from loyalty.models import EarningRule, Kind, PointsPolicy, Posting
from members.models import Identity, Member, User
from orders import awarding, moving
from orders.models import Channel, Order
from tests.conftest import NOW, rows, while_it_waits
from tests.orders.test_claims import one, points, sold, told

KEY = "taobao:4100000001"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def taobao(transactional_db: None) -> Channel:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    PointsPolicy.objects.create(pending_days=0)
    return Channel.objects.create(code="taobao", name="Taobao", format="taobao")


def awards(order: Order) -> None:
    awarding.award(Order.objects.filter(pk=order.pk), at=NOW)


def posts(member: Member, amount: int) -> Posting:
    """Another import awards the order for the amount that it was told."""
    return ledger.credit(
        member_id=member.pk, points=amount, kind=Kind.EARN, source="order", key=f"{KEY}#1", at=NOW, available_at=NOW
    )


@pytest.mark.parametrize("few", [False, True])
def test_an_award_made_anew_is_seen_by_who_waited_for_its_order(taobao: Channel, lin: Member, few: bool) -> None:
    """Meanwhile it was made for 180, and then another file told 250 after all."""
    order = sold(taobao, member=lin)
    awards(order)
    change(order, gross=180, award_gross=128)

    def elsewhere() -> None:
        awards(order)
        change(order, gross=250, award_gross=180)

    def here() -> None:
        with transaction.atomic():
            awarding.award_few([order.pk], at=NOW)

    while_it_waits(elsewhere, here if few else partial(awards, order))

    assert points(lin) == 250
    assert rows(Order, "gross", "award", "award_gross") == [(Decimal(250), 3, None)]
    assert rows(Posting, "key", "points") == [
        (f"{KEY}#1", 128),
        (f"{KEY}#1@180.00!", -128),
        (f"{KEY}#2", 180),
        (f"{KEY}#2@250.00!", -180),
        (f"{KEY}#3", 250),
    ]


def change(order: Order, **values: int) -> None:
    Order.objects.filter(pk=order.pk).update(**values)


@pytest.mark.parametrize("for_how_much", [128, 180])
def test_a_first_award_that_another_import_is_just_posting_is_exchanged(
    taobao: Channel, lin: Member, for_how_much: int
) -> None:
    """It knew the order when 128 were paid for it; or 180 already, but nobody can tell that."""
    order = sold(taobao, member=lin, gross=180, award_gross=128)

    while_it_waits(partial(posts, lin, for_how_much), partial(awards, order))

    assert points(lin) == 180
    assert rows(Order, "award", "award_gross") == [(2, None)]
    assert rows(Posting, "key", "points") == [
        (f"{KEY}#1", for_how_much),
        (f"{KEY}#1@180.00!", -for_how_much),
        (f"{KEY}#2", 180),
    ]


def test_an_award_that_was_posted_between_looking_and_earning_is_exchanged(
    taobao: Channel, lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = sold(taobao, member=lin, gross=180, award_gross=0)
    looks = awarding._award_first

    def posted_before(ids: Any, at: Any, note: Any) -> bool:
        if not Posting.objects.exists():
            posts(lin, 128)
        return looks(ids, at, note)

    monkeypatch.setattr(awarding, "_award_first", posted_before)

    awards(order)

    assert points(lin) == 180
    assert rows(Order, "award", "award_gross") == [(2, None)]


def test_an_order_that_moves_while_its_first_award_is_posted_leaves_nothing_behind(
    taobao: Channel, lin: Member, mei: Member
) -> None:
    Identity.objects.create(channel="taobao", external_id="花开", member=mei)
    sold(taobao, member=mei, buyer="花开")
    claim = one(lin)
    assert told(claim) == ("REFUSED", "TAKEN")
    actor = User.objects.create_user("wang", is_staff=True)

    moved = while_it_waits(partial(posts, mei, 128), partial(moving.give, claim_id=claim.pk, at=NOW, actor_id=actor.pk))

    assert (moved.taken, moved.points) == (128, 128)
    assert (points(mei), points(lin)) == (0, 128)
    assert rows(Order, "member", "award") == [(lin.pk, 2)]
