"""Turns at a hot gift: how many at a time, in which order, and what the others are told."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event, Lock
from typing import Any

import pytest

from mall import turns
from mall.models import Redemption
from mall.redeeming import Busy, OutOfStock
from members.models import Member
from tests.mall.conftest import ask, count, give, points_of, shelve, together
from tests.mall.test_rush import crowd, mark

GIFT = 7


@pytest.fixture(autouse=True)
def as_in_the_web(settings: Any) -> None:
    settings.REDEEM_AT_ONCE, settings.REDEEM_WAITING, settings.REDEEM_PATIENCE = 4, 2, 5.0


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_no_more_than_a_few_have_a_turn_at_a_time_and_the_others_wait_while_the_line_moves() -> None:
    lock, inside, most = Lock(), [0], [0]

    def work() -> None:
        with turns.turn(GIFT):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.002)
            with lock:
                inside[0] -= 1

    together([work] * 60, workers=30)

    assert (most, inside, turns._lines) == ([4], [0], {})


def test_who_comes_first_has_his_turn_first(settings: Any) -> None:
    settings.REDEEM_AT_ONCE = 1
    order: list[int] = []

    def work(number: int) -> None:
        with turns.turn(GIFT):
            order.append(number)

    with ThreadPoolExecutor(2) as pool, turns.turn(GIFT):
        for number in (1, 2):
            pool.submit(work, number)
            until(lambda: len(turns._lines[GIFT].waiting) == number)
        assert order == []

    assert (order, turns._lines) == ([1, 2], {})


def test_a_line_that_does_not_move_says_so_at_once_and_another_gift_does_not_notice(settings: Any) -> None:
    over = Event()

    def work() -> None:
        with turns.turn(GIFT):
            over.wait(10)

    with ThreadPoolExecutor(6) as pool:
        for _ in range(6):
            pool.submit(work)
        until(lambda: GIFT in turns._lines and len(turns._lines[GIFT].waiting) == 2)
        settings.REDEEM_PATIENCE = 0
        started = time.monotonic()
        with pytest.raises(turns.Full), turns.turn(GIFT):
            pass
        with turns.turn(GIFT + 1):
            took = time.monotonic() - started
        over.set()

    assert took < 1
    assert turns._lines == {}


def test_who_has_waited_long_enough_is_told_and_the_turn_goes_to_the_next(settings: Any) -> None:
    settings.REDEEM_AT_ONCE, settings.REDEEM_PATIENCE = 1, 0.05

    with turns.turn(GIFT), pytest.raises(turns.Full), turns.turn(GIFT):
        pass

    with turns.turn(GIFT):
        assert turns._lines[GIFT].at_work == 1
    assert turns._lines == {}


def test_a_turn_ends_with_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), turns.turn(GIFT):
        raise ZeroDivisionError

    assert turns._lines == {}


@pytest.mark.django_db(transaction=True)
def test_busy_takes_nothing_and_the_same_key_may_be_asked_again(
    transactional_db: None, lin: Member, settings: Any
) -> None:
    settings.REDEEM_AT_ONCE, settings.REDEEM_PATIENCE = 1, 0.05
    gift = shelve(pieces=5)
    give(lin, 100)

    with turns.turn(gift.pk), pytest.raises(Busy) as refused:
        ask(lin, gift, key="click")

    assert (refused.value.code, points_of(lin), Redemption.objects.count()) == ("busy", 100, 0)
    assert ask(lin, gift, key="click").pk == ask(lin, gift, key="click").pk


@pytest.mark.django_db(transaction=True)
def test_in_a_rush_who_is_told_to_try_again_gets_a_piece_or_a_refusal(transactional_db: None, settings: Any) -> None:
    """Twenty at a time, four turns, and nobody has patience: 64 of 100 get a piece in the end, and nobody two."""
    settings.REDEEM_PATIENCE = 0.005
    gift = shelve(pieces=64)
    mark(gift)
    members = crowd(100)

    outcomes = together([partial(_until_it_is_said, member, gift) for member in members])

    assert (count(outcomes, Redemption), count(outcomes, OutOfStock)) == (64, 36)
    assert sum(map(points_of, members)) == 3_600


def _until_it_is_said(member: Member, gift: Any) -> Redemption:
    while True:
        try:
            return ask(member, gift, key="click")
        except Busy:
            time.sleep(0.01)
