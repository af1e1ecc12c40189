"""Turns at a hot gift: in this process few ask for it at a time, the others wait in line.

Redemptions of one gift wait for each other in the database, where more connections make all of them slower; here they
wait for nothing but their turn, a few milliseconds as long as the line moves. When it does not, only few may wait, so
that threads are left for those who want something else.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock

from django.conf import settings

__all__ = ("Full", "turn")


class Full(Exception):
    """The turn did not come in time, or will not."""


@dataclass
class _Line:
    at_work: int = 0
    moved: float = field(default_factory=time.monotonic)
    waiting: deque[Event] = field(default_factory=deque)


_lock = Lock()
_lines: dict[int, _Line] = {}


@contextmanager
def turn(gift_id: int) -> Iterator[None]:
    """Have a turn at a gift, first come first served; `REDEEM_AT_ONCE` have one at a time.

    Raises Full after `REDEEM_PATIENCE` seconds; at once when `REDEEM_WAITING` wait already and nobody's turn has come
    for as long.
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
        if len(line.waiting) >= settings.REDEEM_WAITING and time.monotonic() - line.moved > settings.REDEEM_PATIENCE:
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
        line.moved = time.monotonic()
        if line.waiting:
            line.waiting.popleft().set()
            return
        line.at_work -= 1
        if not line.at_work:
            del _lines[gift_id]
