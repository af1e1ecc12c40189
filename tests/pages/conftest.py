"""Pages are tested as a member uses them: by the address, the form and what stands on the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from loyalty import ledger
from loyalty.models import Kind, Posting
from mall import stock
from mall.models import Gift, Redemption
from mall.redeeming import Address, redeem
from members.models import Member, User
from orders.models import Channel, Order, OrderImport
from tests.pages import outbox

HOME = Address("林", "13800000001", "上海市 静安区 南京西路 1 号")
# The same as the form asks for it.
TO_HOME = {
    "recipient": HOME.recipient,
    "phone": HOME.phone,
    "province": "31",
    "city": "310106",
    "street": "南京西路 1 号",
}


@pytest.fixture(autouse=True)
def texts(settings: Any) -> list[tuple[str, str]]:
    settings.SMS_BACKEND = "tests.pages.outbox.send"
    settings.SMS_PER_PHONE_PER_DAY = 15
    outbox.sent.clear()
    return outbox.sent


@pytest.fixture
def browse(db: None) -> Callable[[Member], Client]:
    """Return a client in which a member is signed in."""

    def signed_in(member: Member) -> Client:
        if member.user is None:
            member.user = User.objects.create(username=f"member-of-{member.pk}")
            member.save()
        client = Client(headers={"accept-language": "en"})
        client.force_login(member.user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


@pytest.fixture
def visitor(db: None) -> Client:
    return Client(headers={"accept-language": "en"})


def give(member: Member, points: int, *, at: datetime | None = None, growth: int = 0, **more: Any) -> Posting:
    """Credit an order's points; available at once and for ever unless said."""
    at = at or timezone.now()
    return ledger.credit(
        member_id=member.pk,
        points=points,
        growth=growth,
        kind=Kind.EARN,
        source="test",
        key=uuid4().hex,
        at=at,
        **more,
    )


def shelve(name: str = "Cup", *, pieces: int = 5, points: int = 100, **more: Any) -> Gift:
    gift = Gift.objects.create(name=name, points=points, **more)
    if pieces:
        stock.change(gift_id=gift.pk, quantity=pieces, note="delivered", actor_id=None, at=timezone.now())
    return gift


def redeemed(member: Member, gift: Gift, quantity: int = 1) -> Redemption:
    at = timezone.now()
    return redeem(member_id=member.pk, gift_id=gift.pk, quantity=quantity, at=at, request_key=uuid4().hex, address=HOME)


def available(member: Member) -> int:
    return ledger.standing(member_id=member.pk, at=timezone.now()).available


def shop(name: str, **values: Any) -> Channel:
    return Channel.objects.create(code="tmall", name=name, format="taobao", **values)


def sold(channel: Channel, number: str, **values: Any) -> Order:
    """An order of 128 yuan of yesterday, whose buyer nobody knows."""
    at = timezone.now() - timedelta(days=1)
    brought = OrderImport.objects.get_or_create(name="orders.csv", channel=channel, defaults={"created_at": at})[0]
    paid: dict[str, Any] = {"status": "completed", "gross": 128, "refunded": 0, "shipping": 0, "paid_at": at}
    imports = {"first_import": brought, "last_import": brought}
    return Order.objects.create(channel=channel, number=number, **imports, **{**paid, **values})
