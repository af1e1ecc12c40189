"""What each channel brought in a time: its orders, whose they are, what they gave, and what refunds took back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from config import sql
from members.models import Programme

MOST_DAYS = 366


class Line(NamedTuple):
    """A channel's orders that were paid in a time; amounts are yuan.

    `paid` is what was kept of it, `refunded` what was given back. `points` and `growth` were given for these orders,
    `points_back` and `growth_back` taken back for refunds of them, whenever that was.
    """

    name: str
    orders: int = 0
    paid: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    bound: int = 0
    waiting: int = 0
    claimed: int = 0
    in_review: int = 0
    points: int = 0
    growth: int = 0
    points_back: int = 0
    growth_back: int = 0

    @property
    def share(self) -> int | None:
        """Return how many percent of the orders are known members'; None without orders."""
        return self.bound * 100 // self.orders if self.orders else None


def by_channel(*, first: date, last: date) -> list[Line]:
    """Return a line for each channel that is active or has orders paid on these days of the brand, both included.

    By the greatest amount. Raises ValueError for more than MOST_DAYS.
    """
    if not 0 <= (last - first).days < MOST_DAYS:
        raise ValueError(f"A report is of 1 to {MOST_DAYS} days.")
    rows = sql.run("orders", "channel_report", first=first, last=last, zone=Programme.current().time_zone)
    return [Line(*row) for row in rows]


def total(lines: list[Line], name: str) -> Line:
    """Return the sum of some lines under a name."""
    return Line(name, *(sum(column) for column in zip(*(line[1:] for line in lines), strict=True)))  # type: ignore[arg-type]
