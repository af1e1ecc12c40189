"""How far a running import is, how fast, and how long it will take: for people to look at.

It is kept in the cache, where it is seen at once (what a step writes to the database is not seen before its commit) and
costs nothing much: it is told at most once a second. It is nobody's truth: an import goes on without it, and a cache
that is emptied or down loses nothing but the bar on a page. What is measured is time as it passes, so this module
reads the clock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.core.cache import cache

from orders.channels import tables
from orders.channels.sniffing import WORKBOOK

log = logging.getLogger(__name__)

READ, TRY, STORE, EARN, UNDO = "read", "try", "store", "earn", "undo"
COST = {READ: 2, TRY: 3, STORE: 3, EARN: 5, UNDO: 5}  # of a row in each step, beside the others
AFTER: dict[str, tuple[str, ...]] = {
    READ: (),
    TRY: (),
    STORE: (EARN,),
    EARN: (),
    UNDO: (),
}  # what follows without anybody being asked
EVERY = 1.0  # seconds between two words about an import
STALE = 30.0  # seconds without a word: its worker was gone meanwhile, and they say nothing about its pace
DEAF = 60.0  # seconds to leave a cache in peace that does not answer
KEPT = 3600
OLD, NEW = 0.6, 0.4  # how the pace so far and that of the last second count

_told: dict[int, float] = {}  # when this process last told of an import
_deaf_until = 0.0


class Progress(NamedTuple):
    """Where an import is. `step`: read, try (for a preview), store, earn, undo; `done` rows `of` so many (0: unknown).

    `seconds_left` to the end of the step, or of the import once it stores; None while nobody can say.
    """

    step: str
    done: int
    of: int
    rows_a_second: float
    seconds_left: float | None

    @property
    def percent(self) -> int:
        """Return how much of the step is done, 0 to 100."""
        return min(100 * self.done // self.of, 100) if self.of else 0


def note(import_id: int, step: str, done: int, of: int) -> None:
    """Tell how many rows of a step are done. Cheap: more than a word a second is not passed on; 0 is, it begins."""
    now = time.monotonic()
    if done and now - _told.get(import_id, 0.0) < EVERY:
        return
    _told.clear()  # a process works on one import at a time; others at once only tell more often
    _told[import_id] = now
    _change(import_id, lambda before: _next(before, step, done, of))


def more(import_id: int, step: str, rows: int, of: int) -> None:
    """Tell that so many more rows of a step are done: for chunks, of which each is told."""

    def add(before: dict[str, Any] | None) -> dict[str, Any]:
        done = before["done"] if before and before["step"] == step else 0
        return _next(before, step, min(done + rows, of), of)

    _change(import_id, add)


def look(import_id: int, at: datetime) -> Progress | None:
    """Return how far an import is at a moment (aware; now), None if nothing is known."""
    held: dict[str, Any] | None = _quietly(lambda: cache.get(_key(import_id)))
    if held is None:
        return None
    step, done, of, rate = held["step"], held["done"], held["of"], held["rate"]
    left = None
    if of and rate:
        rows = of - done + sum(of * COST[later] / COST[step] for later in AFTER[step])
        left = max(rows / rate - max(at.timestamp() - held["at"], 0.0), 0.0)
    return Progress(step, done, of, rate, left)


def forget(import_id: int) -> None:
    """Tell that an import runs no more."""
    _quietly(lambda: cache.delete(_key(import_id)))


def lines(path: Path, encoding: str) -> int:
    """Return how many lines a text has, to tell a part of it from; 0 for a workbook, which is small."""
    if encoding == WORKBOOK and not tables.holds(path):
        return 0
    with path.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))


def _next(before: dict[str, Any] | None, step: str, done: int, of: int) -> dict[str, Any]:
    return {"step": step, "done": done, "of": of, "at": time.time(), "rate": _pace(before, step, done)}


def _pace(before: dict[str, Any] | None, step: str, done: int) -> float:
    """Return rows a second: as measured, smoothed; of a new step a guess by the pace of the one before."""
    if before is None:
        return 0.0
    if before["step"] != step:
        return float(before["rate"] * COST[before["step"]] / COST[step])
    seconds, rows = time.time() - before["at"], done - before["done"]
    if rows <= 0 or not 0 < seconds < STALE:
        return float(before["rate"])
    return OLD * before["rate"] + NEW * rows / seconds if before["rate"] else rows / seconds


def _change(import_id: int, change: Callable[[dict[str, Any] | None], dict[str, Any]]) -> None:
    key = _key(import_id)
    _quietly(lambda: cache.set(key, change(cache.get(key)), KEPT))


def _key(import_id: int) -> str:
    return f"import:{import_id}"


def _quietly(what: Callable[[], Any]) -> Any:
    """Ask the cache; None where it does not answer, and it is not asked again for a while: each try may take long."""
    global _deaf_until
    if time.monotonic() < _deaf_until:
        return None
    try:
        return what()
    except Exception as error:
        _deaf_until = time.monotonic() + DEAF
        log.warning("the cache does not answer, imports tell no progress: %s", error)
        return None
