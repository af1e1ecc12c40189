"""Coupons got with points: redeemed, cancelled before they are used, won in a draw."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from mall import awards, counter, coupons, paying, shipping
from mall.models import Coupon, CouponUse, Gift, Redemption, WonGift
from mall.payment import Notice, provider
from mall.redeeming import LimitReached, NotOpen, OutOfStock, TierTooLow
from members.models import Member, Tier
from tests.conftest import make_member, rows
from tests.mall.conftest import NOON, ask, count, give, points_of, together
from tests.mall.kinds import coupon, coupon_type
from tests.mall.test_coupons import back, counted, use
from tests.mall.test_lottery import a_draw, play, sure

pytestmark = pytest.mark.usefixtures("english")

DAY = timedelta(days=1)


def test_points_become_coupons_that_wait_to_be_used(lin: Member) -> None:
    give(lin, 1000)

    made = ask(lin, coupon(), 2)

    assert made.state == "ISSUED"
    assert (
        rows(Coupon, "member", "redemption", "source", "value", "issued_at")
        == [(lin.pk, made.pk, "REDEEMED", 20, NOON)] * 2
    )
    assert points_of(lin) == 800


def test_cancelling_voids_them_and_gives_the_points_back(lin: Member) -> None:
    give(lin, 1000)
    kind = coupon_type(limit_total=2)
    made = ask(lin, coupon(kind), 2)

    assert shipping.cancel(redemption_id=made.pk, member_id=lin.pk, at=NOON)

    assert points_of(lin) == 1000
    with pytest.raises(counter.Voided):
        use(made.coupons.first())
    assert counted(kind) == (0, 0, 0)
    assert ask(lin, coupon(kind), 2)


def test_a_used_one_is_not_cancelled_until_its_order_is(lin: Member) -> None:
    give(lin, 1000)
    made = ask(lin, coupon())
    mine = made.coupons.get()
    use(mine)

    with pytest.raises(shipping.WrongState):
        shipping.cancel(redemption_id=made.pk, member_id=lin.pk, at=NOON)
    with pytest.raises(counter.AlreadyUsed):
        shipping.return_(redemption_id=made.pk, at=NOON)
    assert (points_of(lin), rows(Redemption, "state")) == (900, [("RECEIVED",)])

    back(mine)
    assert shipping.return_(redemption_id=made.pk, at=NOON)
    assert (points_of(lin), rows(Redemption, "state")) == (1000, [("RETURNED",)])


def test_with_one_of_two_used_nothing_is_cancelled(lin: Member) -> None:
    give(lin, 1000)
    made = ask(lin, coupon(), 2)
    use(made.coupons.first())

    with pytest.raises(counter.AlreadyUsed):
        shipping.cancel(redemption_id=made.pk, at=NOON)

    assert (points_of(lin), rows(Redemption, "state")) == (800, [("ISSUED",)])
    assert not Coupon.objects.exclude(voided_at=None).exists()


def test_what_has_ended_is_cancelled_by_staff_only(lin: Member) -> None:
    give(lin, 1000)
    made = ask(lin, coupon(coupon_type(valid_days=1)))

    with pytest.raises(counter.Ended):
        shipping.cancel(redemption_id=made.pk, member_id=lin.pk, at=NOON + 5 * DAY)

    assert shipping.cancel(redemption_id=made.pk, at=NOON + 5 * DAY)
    assert points_of(lin) == 1000


@pytest.mark.parametrize(
    ("fields", "tier", "refused"),
    [
        ({"limit_per_member": 1}, "", LimitReached),
        ({"limit_total": 1}, "", OutOfStock),
        ({"active": False}, "", NotOpen),
        ({"valid_until": NOON}, "", NotOpen),
        ({}, "VIP", TierTooLow),
    ],
)
def test_what_a_coupon_does_not_allow_is_not_redeemed(
    lin: Member, tiers: dict[str, Tier], fields: Any, tier: str, refused: type[Exception]
) -> None:
    give(lin, 1000)
    gift = coupon(coupon_type(tier=tiers.get(tier), **fields))

    with pytest.raises(refused):
        ask(lin, gift, 2)

    assert (points_of(lin), rows(Coupon, "pk"), rows(Redemption, "pk")) == (1000, [], [])


def test_one_that_waits_for_its_yuan_is_counted_and_given_when_paid(lin: Member, wei: Member) -> None:
    for member in (lin, wei):
        give(member, 1000)
    kind = coupon_type(limit_total=1)
    gift = coupon(kind, cash=Decimal("9.90"))
    made = ask(lin, gift)

    with pytest.raises(OutOfStock):
        ask(wei, gift)
    with pytest.raises(coupons.NoneLeft):
        coupons.issue(type_id=kind.pk, member_id=wei.pk, at=NOON, actor_id=None, key="k")
    begun = paying.begin(redemption_id=made.pk, member_id=lin.pk, provider=provider("sandbox"), at=NOON)
    paying.settle(provider="sandbox", notice=Notice(begun.number, "r1", begun.amount, paid=True), at=NOON)

    made.refresh_from_db()
    assert (made.state, rows(Coupon, "member")) == ("ISSUED", [(lin.pk,)])


def test_a_won_one_is_given_whatever_its_limits(lin: Member) -> None:
    give(lin, 1000)
    gift = coupon(coupon_type(limit_per_member=1, active=True))
    ask(lin, gift)
    play(lin, a_draw(sure(kind="GIFT", gift=gift)))

    claimed = awards.claim(won_id=WonGift.objects.get().pk, member_id=lin.pk, at=NOON)

    assert rows(Coupon, "source", "member") == [("REDEEMED", lin.pk), ("PRIZE", lin.pk)]
    assert claimed.coupons.count() == 1


def test_a_request_that_calls_itself_won_is_not(lin: Member, wei: Member) -> None:
    give(lin, 1000)
    give(wei, 1000)
    gift = coupon(coupon_type(limit_per_member=1))
    play(wei, a_draw(sure(kind="GIFT", gift=gift)))
    ask(lin, gift)

    with pytest.raises(LimitReached):
        ask(lin, gift, key=f"won:{WonGift.objects.get().pk}")


@pytest.mark.django_db(transaction=True)
def test_two_hundred_members_want_the_last_coupon_and_one_gets_it(transactional_db: None) -> None:
    kind = coupon_type(limit_total=1)
    gift = coupon(kind)
    members = [make_member(f"M{n}", f"+86139000{n:05d}") for n in range(200)]
    for member in members:
        give(member, 100)

    outcomes = together([partial(ask, member, gift) for member in members])

    assert (count(outcomes, Redemption), count(outcomes, OutOfStock)) == (1, 199)
    assert counted(kind) == (1, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_of_using_and_cancelling_one_happens(lin: Member) -> None:
    gift = coupon()
    give(lin, 1000)

    for _turn in range(5):
        made = ask(lin, gift)
        used, cancelled = together(
            [partial(use, made.coupons.get()), partial(shipping.cancel, redemption_id=made.pk, at=NOON)]
        )
        assert (isinstance(used, CouponUse), cancelled is True) in ((True, False), (False, True))

    assert points_of(lin) == 1000 - 100 * CouponUse.objects.count()


def test_a_gift_of_this_kind_names_its_coupon(db: None) -> None:
    with pytest.raises(ValidationError) as wrong:
        Gift(name="x", points=1, kind="COUPON", stock_counted=False).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        Gift.objects.create(name="x", points=1, coupon_type=coupon_type())

    assert "coupon_type" in wrong.value.message_dict


def test_some_of_several_go_back_unused(lin: Member) -> None:
    give(lin, 1000)
    made = ask(lin, coupon(), 3)
    use(made.coupons.order_by("pk")[0])

    assert shipping.cancel(redemption_id=made.pk, member_id=lin.pk, at=NOON, pieces=1)
    assert (points_of(lin), rows(Redemption, "state")) == (800, [("ISSUED",)])
    assert shipping.cancel(redemption_id=made.pk, member_id=lin.pk, at=NOON, pieces=1)

    assert (points_of(lin), rows(Redemption, "state")) == (900, [("RECEIVED",)])
    assert [voided is None for (voided,) in rows(Coupon, "voided_at")] == [True, False, False]
