"""Texts about parcels: one to a member for all of his, by day, once, never at the cost of sign-in codes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mall import parcels, shipping, telling, tracking
from mall.models import Gift, MallPolicy, Redemption, Reversal, Shipment
from members import sms
from members.models import Member, User
from tests.conftest import rows
from tests.mall.conftest import NOON, ask, give
from tests.pages import outbox

LATER = NOON + timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def texts(settings: Any, db: None) -> list[tuple[str, str]]:
    MallPolicy.objects.create(text=True)
    settings.SMS_BACKEND, settings.LANGUAGE_CODE = "tests.pages.outbox.send", "en"
    outbox.sent.clear()
    return outbox.sent


@pytest.fixture
def wang(db: None) -> User:
    return User.objects.create_superuser("wang", password="a long word")


@pytest.fixture
def waiting(lin: Member, mei: Member, umbrella: Gift) -> list[Redemption]:
    """Lin waits for two umbrellas and for one, Mei for one; both have proved their phones."""
    Member.objects.update(phone_verified=True)
    give(lin, 300)
    give(mei, 100)
    return [ask(lin, umbrella, 2), ask(lin, umbrella), ask(mei, umbrella)]


def ship_all(redemptions: list[Redemption]) -> None:
    """Ship them by file."""
    sent = [tracking.Parcel(one.pk, "顺丰速运", f"SF{number}") for number, one in enumerate(redemptions, 1)]
    tracking.ship_all(parcels=sent, at=NOON)


@pytest.mark.usefixtures("english")
def test_each_member_gets_one_text_about_all_of_his_parcels_and_no_second_one(
    waiting: list[Redemption], texts: list[tuple[str, str]]
) -> None:
    ship_all(waiting)

    sent = [telling.text_members(at=LATER), telling.text_members(at=LATER)]

    assert sent == [2, 0]
    assert texts == [
        (
            "+8613800000001",
            "Jifen: “Umbrella × 2” is on its way: 顺丰速运 SF1 “Umbrella” is on its way: 顺丰速运 SF2",
        ),
        ("+8613800000002", "Jifen: “Umbrella” is on its way: 顺丰速运 SF3"),
    ]
    assert rows(Shipment, "told_at") == [(LATER,)] * 3


@pytest.mark.usefixtures("english")
def test_what_staff_let_go_back_is_told_and_what_a_member_cancels_is_not(
    waiting: list[Redemption], wang: User, lin: Member, mei: Member, texts: list[tuple[str, str]]
) -> None:
    of_lin, also_of_lin, of_mei = waiting
    shipping.cancel(redemption_id=of_lin.pk, pieces=1, actor_id=wang.pk, note="broken", at=NOON)
    shipping.cancel(redemption_id=of_mei.pk, member_id=mei.pk, at=NOON)
    shipping.ship(redemption_id=also_of_lin.pk, carrier="EMS", tracking_number="E1", at=NOON)
    shipping.return_(redemption_id=also_of_lin.pk, actor_id=wang.pk, at=NOON)

    telling.text_members(at=LATER)

    said = "Jifen: We cancelled “Umbrella”: 100 points are back. broken We took back “Umbrella”: 100 points are back."
    assert texts == [("+8613800000001", said)]
    assert rows(Reversal, "told_at") == [(LATER,), (None,), (LATER,)]
    assert [one.words for one in parcels.news(lin, LATER)] == [
        "We took back “Umbrella”: 100 points are back.",
        "We cancelled “Umbrella”: 100 points are back. broken",
    ]
    assert parcels.news(mei, LATER) == []
    assert parcels.news(lin, NOON + 8 * DAY) == []


def test_many_parcels_are_told_in_few_words(english: None) -> None:
    told = [telling.Told(1, "", "SHIPPED", f"Gift {n}", 1, None, "EMS", f"E{n}") for n in range(5)]

    text = telling.words("Tea", told)

    assert text.endswith("“Gift 2” is on its way: EMS E2 And 2 more.")


def test_by_night_nobody_is_woken_and_the_morning_tells_it(
    waiting: list[Redemption], texts: list[tuple[str, str]]
) -> None:
    ship_all(waiting)

    night = telling.text_members(at=NOON + timedelta(hours=10))
    morning = telling.text_members(at=NOON + timedelta(hours=22))

    assert (night, morning) == (0, 2)


@pytest.mark.parametrize(
    "change",
    [
        lambda: MallPolicy.objects.update(text=False),
        lambda: Member.objects.update(phone_verified=False),
        lambda: Member.objects.update(phone=None),
        lambda: Shipment.objects.update(shipped_at=LATER - DAY),
        lambda: Shipment.objects.update(shipped_at=LATER + DAY),
        lambda: [
            shipping.receive(redemption_id=pk, member_id=who, at=NOON) for pk, who in rows(Redemption, "pk", "member")
        ],
    ],
    ids=["policy", "unproved", "no phone", "old", "not yet", "received"],
)
def test_who_is_not_to_be_told_gets_no_text(
    waiting: list[Redemption], texts: list[tuple[str, str]], change: Callable[[], Any]
) -> None:
    ship_all(waiting)
    change()

    assert telling.text_members(at=LATER) == 0

    assert (texts, rows(Shipment, "told_at")) == ([], [(None,)] * 3)


def test_texts_leave_half_of_the_day_to_codes(
    waiting: list[Redemption], texts: list[tuple[str, str]], settings: Any
) -> None:
    settings.SMS_PER_DAY = 2
    ship_all(waiting)

    sent = [telling.text_members(at=LATER), telling.text_members(at=LATER)]

    assert (sent, len(texts)) == ([1, 0], 1)
    sms.send(phone="+8613800000009", text="123456", at=LATER)


def test_a_provider_that_fails_stops_nobody_else_and_nobody_is_told_twice(
    waiting: list[Redemption], texts: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(phone: str, text: str) -> None:
        if phone.endswith("1"):
            raise OSError
        texts.append((phone, text))

    monkeypatch.setattr(outbox, "send", send)
    ship_all(waiting)

    sent = [telling.text_members(at=LATER), telling.text_members(at=LATER)]

    assert (sent, [phone for phone, _text in texts]) == ([1, 0], ["+8613800000002"])


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_tell_each_parcel_once(
    transactional_db: None,
    waiting: list[Redemption],
    texts: list[tuple[str, str]],
    at_once: Callable[..., list[Any]],
) -> None:
    ship_all(waiting)

    at_once(lambda _n: telling.text_members(at=LATER), [1, 2, 3, 4])

    told = " ".join(text for _phone, text in texts)
    assert [told.count(f"SF{n}") for n in (1, 2, 3)] == [1, 1, 1]
