"""Claims are answered on a beat: what was found cannot be told from the time that it took."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from config import pace
from members.models import Member
from orders import claims
from orders.models import Channel
from tests.conftest import NOW
from tests.orders.test_claims import sold


class Clock:
    """A clock that only moves when somebody sleeps or works."""

    def __init__(self) -> None:
        self.now, self.slept = 100.0, 0.0
        self.locked: list[bool] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds
        self.locked.append(connection.in_atomic_block)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(pace, "time", made)
    return made


@pytest.mark.parametrize(
    ("spent", "beat", "waits"),
    [(0.0, 0.06, 0.0), (0.011, 0.06, 0.049), (0.059, 0.06, 0.001), (0.061, 0.06, 0.059), (0.013, 0, 0.0)],
)
def test_the_rest_of_a_beat_is_waited_for(spent: float, beat: float, waits: float) -> None:
    assert pace.rest(spent, beat) == pytest.approx(waits)


@pytest.mark.parametrize("work", [0.001, 0.03, 0.0599])
def test_whatever_takes_less_than_a_beat_takes_a_beat(clock: Clock, work: float) -> None:
    began = clock.now

    with pace.on_the_beat(0.06):
        clock.now += work

    assert clock.now - began == pytest.approx(0.06)


def test_an_error_comes_on_the_beat_too(clock: Clock) -> None:
    def fails() -> None:
        with pace.on_the_beat(0.06):
            clock.now += 0.01
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()

    assert clock.slept == pytest.approx(0.05)


@pytest.mark.django_db(transaction=True)
def test_known_taken_unknown_and_too_many_are_all_answered_on_the_beat_and_lock_nothing_meanwhile(
    lin: Member, mei: Member, clock: Clock, settings: Any
) -> None:
    settings.CLAIM_BEAT = 0.06
    taobao = Channel.objects.create(code="taobao", name="Taobao", format="taobao", claims_a_day=3)
    sold(taobao, "4100000001")
    sold(taobao, "4100000002", member=mei)

    def answer(number: str) -> str:
        try:
            (made,) = claims.claim(member_id=lin.pk, numbers=[number], channel_code="taobao", at=NOW)
        except claims.LimitReached:
            return "LIMIT"
        return made.state

    answers = [answer(f"410000000{n}") for n in (1, 2, 3, 4)]

    assert answers == ["CREDITED", "REFUSED", "WAITING", "LIMIT"]
    assert clock.locked == [False] * 4
