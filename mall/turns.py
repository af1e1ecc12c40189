"""Turns at a hot gift: in this process few ask for it at a time, some wait in line, the others are told at once.

Redemptions of one gift wait for each other in the database, where more connections make all of them slower; here they
wait for nothing but their turn. And however many want one gift, threads are left for those who want something else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock

from django.conf import settings

__all__ = ("Full", "turn")


class Full(Exception):
    """The line is full, or the turn did not come in time."""


@dataclass
class _Line:
    at_work: int = 0
    waiting: deque[Event] = field(default_factory=deque)


_lock = Lock()
_lines: dict[int, _Line] = {}


@contextmanager
def turn(gift_id: int) -> Iterator[None]:
    """Have a turn at a gift, first come first served; `REDEEM_AT_ONCE` have one at a time.

    Raises Full at once when `REDEEM_WAITING` wait already, or after `REDEEM_PATIENCE` seconds.
    """
    _come(gift_id)
    try:
        yield
    finally:
        _go(gift_id)


def _come(gift_id: int) -> None:
    with _lock:
        line = _lines.setdefault(gift_id, _Line())
        if line.at_work < settings.REDEEM_AT_ONCE:
            line.at_work += 1
            return
        if len(line.waiting) >= settings.REDEEM_WAITING:
            raise Full
        called = Event()
        line.waiting.append(called)
    if called.wait(settings.REDEEM_PATIENCE):
        return
    with _lock:
        if not called.is_set():  # else it came in the last moment
            line.waiting.remove(called)
            raise Full


def _go(gift_id: int) -> None:
    """Hand the turn on to who has waited longest."""
    with _lock:
        line = _lines[gift_id]
        if line.waiting:
            line.waiting.popleft().set()
            return
        line.at_work -= 1
        if not line.at_work:
            del _lines[gift_id]
