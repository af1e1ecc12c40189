"""An answer comes on a beat, so that the time that it takes does not tell what was found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


def rest(spent: float, beat: float) -> float:
    """Return how long to wait after `spent` for the next beat, in seconds; nothing without a beat."""
    return -spent % beat if beat > 0 else 0.0


@contextmanager
def on_the_beat(beat: float) -> Iterator[None]:
    """End the block a whole number of beats (seconds) after it began, an error in it too."""
    began = time.monotonic()
    try:
        yield
    finally:
        time.sleep(rest(time.monotonic() - began, beat))
