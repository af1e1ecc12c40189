"""Money in the back office: taken at the counter, given back, and how long members have."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from mall import paying, shipping
from mall.models import Gift, MallPolicy, Payment, Redemption, Refund
from mall.payment import provider
from members.models import Member, User
from tests.admin.conftest import give, redeemed, signed_in, staff
from tests.admin.test_actions import said

COUNTER = "/admin/mall/voucher/counter/"


@pytest.fixture
def payment(wang: User, lin: Member) -> Payment:
    """Lin wants to pay 9.90 yuan for a mug at the counter."""
    give(lin, 100, wang)
    mug = Gift.objects.create(name="Mug", points=10, cash=Decimal("9.90"), kind="PRIVILEGE", stock_counted=False)
    made = redeemed(lin, mug)
    return paying.begin(redemption_id=made.pk, member_id=lin.pk, provider=provider("counter"), at=timezone.now())


def test_money_is_taken_at_the_counter_once(boss: Client, wang: User, payment: Payment) -> None:
    form = {"code": payment.shown_number, "place": "West Lake"}

    asked = boss.post(COUNTER, form).content.decode()
    assert "Take ¥9.90 for Mug × 1?" in asked
    assert "Money received" in asked
    boss.post(COUNTER, form | {"confirmed": "1"})
    again = boss.post(COUNTER, form | {"confirmed": "1"})

    payment.refresh_from_db()
    assert (payment.state, payment.taken_by) == ("PAID", wang)
    assert Redemption.objects.get().state == "ISSUED"
    assert said(again) == ["¥9.90 received.", "This was paid before."]


def test_money_goes_back_by_hand_and_is_noted_once(boss: Client, wang: User, payment: Payment) -> None:
    paying.take(number=payment.number, at=timezone.now(), actor_id=wang.pk)
    shipping.cancel(redemption_id=payment.redemption_id, at=timezone.now())
    refund = Refund.objects.get()

    assert "Money to give back" in boss.get("/admin/").content.decode()
    for _click in range(2):
        done = boss.post(f"/admin/mall/refund/{refund.pk}/given_back/", {"reference": "t 1", "confirmed": "1"})

    refund.refresh_from_db()
    assert (refund.done_by, refund.reference) == (wang, "t 1")
    assert said(done) == ["¥9.90 given back to Lin."]
    assert "Money to give back" not in boss.get("/admin/").content.decode()


def test_money_is_for_who_has_the_right(looker: Client, payment: Payment, wang: User) -> None:
    paying.take(number=payment.number, at=timezone.now(), actor_id=wang.pk)
    shipping.cancel(redemption_id=payment.redemption_id, at=timezone.now())
    path = f"/admin/mall/refund/{Refund.objects.get().pk}/given_back/"
    chen = signed_in(staff("chen", "change_payment", "view_refund"))

    assert looker.post(path, {"reference": "", "confirmed": "1"}).status_code == 403
    assert Refund.objects.get().done_at is None
    assert chen.post(path, {"reference": "", "confirmed": "1"}).status_code == 302
    assert Refund.objects.get().done_at is not None


def test_the_merchant_sets_how_long_members_have(boss: Client) -> None:
    path = "/admin/mall/mallpolicy/1/change/"

    refused = boss.post(path, {"pay_minutes": "1", "counter_hours": "72", "counter_words": ""})
    boss.post(path, {"pay_minutes": "15", "counter_hours": "24", "counter_words": "West Lake, 10 to 8"})

    assert refused.status_code == 200
    policy = MallPolicy.current()
    assert (policy.pay_minutes, policy.counter_hours, policy.counter_words) == (15, 24, "West Lake, 10 to 8")


def test_who_redeems_codes_takes_no_money_without_the_right(payment: Payment) -> None:
    client = signed_in(staff("li", "view_voucher", "change_voucher"))

    page = client.post(COUNTER, {"code": payment.number, "place": "West Lake", "confirmed": "yes"})

    assert "You have no right to take money" in page.content.decode()
    assert Payment.objects.get().state == "OPEN"
