"""Law 7 through cancel and return, for gifts of every kind, with and without yuan: everything goes back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty import auditing
from loyalty.models import Lot
from mall import codes, coupons, paying, shipping
from mall.counter import AlreadyUsed, Voided
from mall.models import Coupon, CouponCode, Gift, Payment, Redemption, Refund
from mall.payment import Notice, provider
from mall.redeeming import InsufficientPoints, LimitReached, OutOfStock
from mall.reversing import TooMany, WholeOnly, WrongState
from members.models import Member
from tests.mall.conftest import NOON, ask, give, points_of, shelve
from tests.mall.kinds import chance, coupon, medal, pool, privilege, seat

HOUR = timedelta(hours=1)
REFUSED = (InsufficientPoints, LimitReached, OutOfStock, WrongState, AlreadyUsed, WholeOnly, TooMany, paying.NotPayable)
REFUSED = (*REFUSED, coupons.NotUsed, Voided)
STEPS = ["redeem", "redeem", "pay", "look", "ship", "cancel", "return", "cancel some", "return some", "let go"]
STEPS += ["spend", "undo"]


def world() -> tuple[Member, list[Gift]]:
    """A member with three lots of points, and five gifts of each kind, half of them for yuan as well."""
    member = Member.objects.create(name="L", joined_at=NOON)
    for hours in (30, 300, 3000):
        give(member, 400, expires_at=NOON + hours * HOUR)
    gifts: list[Gift] = []
    for cash in (Decimal(0), Decimal("9.90")):
        gifts += [shelve(pieces=5, cash=cash), privilege(5, cash=cash), seat(5, cash=cash)]
        gifts += [pool(*"ABCDE", cash=cash), medal(cash=cash), chance(cash=cash), coupon(cash=cash)]
    return member, gifts


def step(name: str, member: Member, gift: Gift, quantity: int, at: Any) -> None:
    """Take one step; what is refused changes nothing, which the audits see."""
    last = Redemption.objects.filter(member=member, gift=gift).order_by("-pk").first()
    if name == "redeem":
        ask(member, gift, quantity, at=at)
    elif name == "let go":
        paying.let_go(at=at)
    elif last is not None:
        on_last(name, last, quantity, at)


def on_last(name: str, last: Redemption, pieces: int, at: Any) -> None:
    if name == "pay":
        begun = paying.begin(
            redemption_id=last.pk, member_id=last.member_id, provider=provider("sandbox"), at=last.placed_at
        )
        paying.settle(provider="sandbox", notice=Notice(begun.number, f"r{begun.pk}", begun.amount, paid=True), at=at)
    elif name == "look" and last.kind == "CODE" and last.state == "RECEIVED":
        codes.reveal(redemption_id=last.pk, member_id=last.member_id, at=at)
    elif name == "ship":
        shipping.ship(redemption_id=last.pk, carrier="SF", tracking_number="1", at=at)
    elif name == "cancel":
        shipping.cancel(redemption_id=last.pk, at=at)
    elif name == "return":
        shipping.return_(redemption_id=last.pk, at=at)
    elif name == "cancel some":
        shipping.cancel(redemption_id=last.pk, at=at, pieces=pieces)
    elif name == "return some":
        shipping.return_(redemption_id=last.pk, at=at, pieces=pieces)
    elif name in ("spend", "undo"):
        for one in last.coupons.order_by("pk"):
            (spend if name == "spend" else undo)(one, at)


def spend(one: Coupon, at: Any) -> None:
    order = coupons.Order(f"T-{one.pk}", Decimal(100))
    coupons.use(code=one.code, order=order, request_key=uuid4().hex, at=at)


def undo(one: Coupon, at: Any) -> None:
    coupons.give_back(code=one.code, order_reference=f"T-{one.pk}", request_key=uuid4().hex, at=at)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(STEPS), st.integers(0, 13), st.integers(1, 3), st.integers(0, 3)), max_size=40
    )
)
@pytest.mark.usefixtures("english")
def test_when_everything_has_ended_everything_is_back(db: None, steps: list[tuple[str, int, int, int]]) -> None:
    member, gifts = world()
    at = NOON
    for name, which, quantity, hours in steps:
        at += hours * HOUR / 4
        try:
            step(name, member, gifts[which], quantity, at)
        except REFUSED:
            continue

    for used in Coupon.objects.exclude(use=None):
        undo(used, at)
    for one in Redemption.objects.filter(member=member).live():
        end = shipping.return_ if one.state in ("SHIPPED", "RECEIVED") else shipping.cancel
        end(redemption_id=one.pk, at=at)

    lots = Lot.objects.filter(member=member)
    assert points_of(member, at) == sum(lot.granted for lot in lots if lot.expires_at and lot.expires_at > at)
    for gift in Gift.objects.filter(pk__in=[gift.pk for gift in gifts], stock_counted=True):
        seen = CouponCode.objects.filter(gift=gift).exclude(voided_at=None).count()
        assert gift.stock == 5 - seen
    ours = {"redemption__member": member}
    paid = Payment.objects.paid().filter(**ours).aggregate(all=Sum("amount"))["all"]
    back = Refund.objects.filter(payment__redemption__member=member).aggregate(all=Sum("amount"))["all"]
    assert paid == back
    assert not Coupon.objects.filter(voided_at=None).exists()
    assert auditing.drifts() == []
