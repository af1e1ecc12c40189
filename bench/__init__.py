"""`make bench`: each row measures one thing and what it is held against side by side, in one run on one machine.

Laws:
- A figure is a ratio. Both sides run in turns in fresh copies of one migrated database, with durable settings.
- The baseline is the strongest that the same database and driver allow for the same work.
- A row is a function in `ROWS` (`bench/__main__.py`) from the scale to a `Row`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import django

# Its processes are programs of their own, and each module needs the models.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()


class Scale(NamedTuple):
    """How much is measured: ORDERS in a file, ROUNDS of which the median counts."""

    orders: int
    rounds: int

    @classmethod
    def from_environment(cls) -> Scale:
        return cls(int(os.environ.get("ORDERS", "500000")), int(os.environ.get("ROUNDS", "3")))


class Row(NamedTuple):
    """A line of the table. `reach` says what the ratio must be, `met` whether it is."""

    name: str
    measured: str
    against: str
    ratio: float
    reach: str
    met: bool


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the ratio of the medians."""
    return median(ours) / median(theirs)
