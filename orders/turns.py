"""Chunks that several connections work on at once, and end strictly one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Condition
from time import monotonic
from typing import NamedTuple


class Part(NamedTuple):
    """The order numbers after `after`, up to `upto`."""

    after: str
    upto: str


class Stopped(Exception):
    """Another lane has failed or stopped: what comes after its chunk must not be kept."""


class Turns:
    """Hands out one chunk after the other, for so long, and lets each end when all before it have.

    A lane whose chunk does not end stops all others: nothing is kept beyond a gap.
    """

    def __init__(self, after: str, how_long: timedelta, chunk_end: Callable[[str], str | None]) -> None:
        self.taken = self.ended = self.begun = after
        self.until, self.chunk_end = monotonic() + how_long.total_seconds(), chunk_end
        self.stopped = False
        self.changed = Condition()

    def take(self) -> Part | None:
        """Return the next chunk, asking `chunk_end` on the caller's connection; None if there is nothing left to do."""
        with self.changed:
            goes_on = not self.stopped and (self.taken == self.begun or monotonic() < self.until)
            upto = self.chunk_end(self.taken) if goes_on else None
            if upto is None:
                return None
            part, self.taken = Part(self.taken, upto), upto
            return part

    def wait(self, part: Part) -> None:
        """Return when all chunks before this one have ended. Raises Stopped if one of them never will."""
        with self.changed:
            self.changed.wait_for(lambda: self.stopped or self.ended == part.after)
            if self.ended != part.after:
                raise Stopped

    @contextmanager
    def working_on(self, part: Part) -> Iterator[None]:
        """Let the next one end after this block, or nobody if it raises."""
        try:
            yield
        except BaseException:
            self._tell(stopped=True)
            raise
        self._tell(ended=part.upto)

    def stop(self) -> None:
        """Let nobody wait for a chunk that is not worked on."""
        self._tell(stopped=True)

    def _tell(self, **what: object) -> None:
        with self.changed:
            vars(self).update(what)
            self.changed.notify_all()
