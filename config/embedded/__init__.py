"""PostgreSQL and Valkey with nothing set up.

Laws:
- What DATABASE_URL, CELERY_BROKER_URL and CACHE_URL name is used; only what they leave open is started.
- The servers belong to nobody: each process that needs them takes part (`running`), the first starts them, the last
  one out stops them. Who was killed has left; servers that nobody stopped are adopted by the next process.
- Half-made data is never taken for whole, and data is never removed.
- What goes wrong is an EmbeddedError: a sentence in Chinese and in English, never a trace.

`python -m config.embedded COMMAND...` runs a command with the servers up.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, ModuleType
from typing import IO

from config.embedded import places, postgres, valkey
from config.embedded.places import EmbeddedError, Place, var_folder

__all__ = (
    "EmbeddedError",
    "broker_url",
    "cache_url",
    "database_url",
    "ending_cleanly",
    "running",
    "var_folder",
)

_CALMED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def database_url() -> str:
    """Return the embedded database's address, for DATABASE_URL. Quick; starts nothing."""
    return postgres.url(places.place())


def broker_url() -> str:
    """Return the embedded broker's address, for CELERY_BROKER_URL. Quick; starts nothing."""
    return valkey.broker_url(places.place())


def cache_url() -> str:
    """Return the embedded cache's address, for CACHE_URL. Quick; starts nothing."""
    return valkey.cache_url(places.place())


@contextmanager
def running() -> Iterator[None]:
    """Keep the servers up that the environment leaves to us; raise EmbeddedError when they cannot be.

    Every process that needs the servers is inside one of these. It holds a shared lock, which the system takes back
    even from a process that was killed; who can make it an exclusive one on leaving is the last.
    """
    servers = _wanted()
    if not servers:
        yield
        return
    place = places.place()
    place.prepare()
    me = os.getpid()
    with _lock_file(place, "servers.lock") as hold:
        try:
            with _undisturbed(), _alone(place):
                fcntl.flock(hold, fcntl.LOCK_SH)
                _start(place, servers)
            yield
        finally:
            if os.getpid() == me:  # a forked child leaves the servers to its parent
                with _undisturbed(), _alone(place):
                    _stop_when_last(place, hold)


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Make a request to end, or a closed terminal, leave `running` in good order."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wanted() -> list[ModuleType]:
    """Return the servers that no address in the environment replaces."""
    given = os.environ.get
    servers: list[ModuleType] = []
    if not given("DATABASE_URL"):
        servers.append(postgres)
    if not (given("CELERY_BROKER_URL") and given("CACHE_URL")):
        servers.append(valkey)
    return servers


def _start(place: Place, servers: list[ModuleType]) -> None:
    started = [server.start(place) for server in servers]
    if any(started) and place.root != place.var:
        sys.stderr.write(
            f"数据库用户无法进入 {place.var},数据放在 {place.root}。\n"
            f"The database's account cannot enter {place.var}; its data is in {place.root}.\n"
        )


def _stop_when_last(place: Place, hold: IO[str]) -> None:
    with suppress(BlockingIOError):
        fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for server in (valkey, postgres):
            server.stop(place)


def _lock_file(place: Place, name: str) -> IO[str]:
    with places.permitted(place.var / name):
        return (place.var / name).open("a")


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Let one process at a time join or leave."""
    with _lock_file(place, "starting.lock") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put off Ctrl-C and requests to end until a start or a stop is through."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        arrived.append(number)

    before = {number: signal.signal(number, note) for number in _CALMED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if arrived:
            signal.raise_signal(arrived[0])
