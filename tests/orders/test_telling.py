"""Texts about claims: one to a member for all that was decided, by day, once, never at the cost of sign-in codes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import translation

from loyalty.models import EarningRule
from members import sms
from members.models import Member
from orders import claims, telling
from orders.models import Channel, Claim, ClaimPolicy
from tests.conftest import NOW
from tests.orders.test_claims import claim, sold
from tests.pages import outbox

LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def texts(settings: Any, db: None) -> list[tuple[str, str]]:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    ClaimPolicy.objects.create(text=True)
    Channel.objects.create(code="taobao", name="Taobao", format="taobao")
    settings.SMS_BACKEND, settings.LANGUAGE_CODE = "tests.pages.outbox.send", "en"
    outbox.sent.clear()
    return outbox.sent


@pytest.fixture
def waiting(lin: Member, mei: Member) -> Channel:
    """Lin waits for three orders, Mei for one, and both have proved their phones."""
    Member.objects.update(phone_verified=True)
    claim(lin, "4100000001", "4100000002", "4100000003")
    claim(mei, "4100000004")
    return Channel.objects.get()


def decide(shop: Channel, *numbers: str, at: datetime = LATER) -> None:
    for number in numbers:
        sold(shop, number)
    claims.settle(Claim.objects.found(), at=at)


def test_each_member_gets_one_text_about_all_that_was_decided_and_no_second_one(
    waiting: Channel, texts: list[tuple[str, str]]
) -> None:
    decide(waiting, "4100000001", "4100000002", "4100000004")
    sold(waiting, "4100000003", status="refunded", refunded=128)
    claims.settle(Claim.objects.found(), at=LATER)

    sent = [telling.text_members(at=LATER), telling.text_members(at=LATER)]

    assert sent == [2, 0]
    assert sorted(texts) == [
        (
            "+8613800000001",
            "Jifen: 2 orders that you entered are credited: 256 points. "
            "1 order that you entered could not be credited; your pages say why.",
        ),
        ("+8613800000002", "Jifen: 1 order that you entered is credited: 128 points."),
    ]


def test_the_text_is_in_the_language_of_the_house(
    waiting: Channel, texts: list[tuple[str, str]], settings: Any
) -> None:
    settings.LANGUAGE_CODE = "zh-hans"
    decide(waiting, "4100000004")

    with translation.override("en"):
        telling.text_members(at=LATER)

    assert "128 积分" in texts[0][1]


@pytest.mark.parametrize("hour", [20, 21, 23, 0, 8])
def test_by_night_nobody_is_woken_and_the_morning_tells_it(
    waiting: Channel, texts: list[tuple[str, str]], hour: int
) -> None:
    decide(waiting, "4100000004")
    of_shanghai = datetime(2026, 5, 20, tzinfo=UTC) + timedelta(hours=hour - 8)
    by_day = hour in telling.HOURS

    at_once = telling.text_members(at=of_shanghai)
    in_the_morning = telling.text_members(at=datetime(2026, 5, 21, 1, tzinfo=UTC))

    assert (at_once, in_the_morning) == ((1, 0) if by_day else (0, 1))


def test_a_claim_that_was_given_up_is_told_too(waiting: Channel, texts: list[tuple[str, str]]) -> None:
    end = NOW + timedelta(days=31)
    claims.give_up(at=end)

    assert telling.text_members(at=end) == 2


@pytest.mark.parametrize("reason", ["off", "unproved", "at once", "review", "old", "told lately"])
def test_who_is_not_to_be_told_gets_no_text(
    waiting: Channel, lin: Member, mei: Member, texts: list[tuple[str, str]], reason: str
) -> None:
    if reason == "off":
        ClaimPolicy.objects.update(text=False)
    elif reason == "unproved":
        Member.objects.update(phone_verified=False)
    elif reason == "at once":
        Claim.objects.all().delete()
        sold(waiting, "4100000004")
        claim(mei, "4100000004")
    elif reason == "review":
        Channel.objects.update(claim_review_from=1)
    if reason != "at once":
        decide(waiting, "4100000004", at=LATER - timedelta(days=reason == "old", hours=reason == "old"))
    if reason == "told lately":
        Claim.objects.filter(member=mei).update(told_at=LATER)
        sold(waiting, "4100000005")
        Claim.objects.create(
            member=mei, channel=waiting, number="4100000005", state="CREDITED", made_at=NOW, decided_at=LATER
        )
    Claim.objects.filter(decided_at__lt=NOW).update(made_at=NOW - timedelta(days=2))

    assert telling.text_members(at=LATER) == 0
    assert texts == []


def test_who_was_told_lately_is_told_the_rest_later(waiting: Channel, texts: list[tuple[str, str]]) -> None:
    decide(waiting, "4100000001")
    telling.text_members(at=LATER)
    decide(waiting, "4100000002", "4100000003")

    soon = telling.text_members(at=LATER + timedelta(hours=5))
    later = telling.text_members(at=LATER + timedelta(hours=6, seconds=1))

    assert (soon, later) == (0, 1)
    assert "2 orders" in texts[-1][1]


def test_texts_leave_half_of_the_day_to_codes(
    waiting: Channel, texts: list[tuple[str, str]], settings: Any, lin: Member
) -> None:
    settings.SMS_PER_DAY = 3
    decide(waiting, "4100000001", "4100000004")

    sent = telling.text_members(at=LATER)
    for number in range(2):
        sms.send(phone=f"+861390000000{number}", text="123456", at=LATER)

    assert sent == 1
    assert len(texts) == 3


def test_a_provider_that_fails_stops_nobody_else(
    waiting: Channel, texts: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(waiting, "4100000001", "4100000004")
    outcomes = iter([RuntimeError, None])

    def unreliable(**message: Any) -> None:
        if error := next(outcomes):
            raise error

    monkeypatch.setattr(sms, "notify", unreliable)

    assert [telling.text_members(at=LATER), telling.text_members(at=LATER)] == [1, 0]


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_send_each_text_once(
    waiting: Channel, texts: list[tuple[str, str]], at_once: Callable[..., list[Any]]
) -> None:
    decide(waiting, "4100000001", "4100000002", "4100000004")

    outcomes = at_once(lambda run: run(), [partial(telling.text_members, at=LATER)] * 6)

    assert sum(outcomes) == len(texts) == 2
