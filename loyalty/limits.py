"""How much a merchant may set, so that one careless rule stops no import.

Together with a tier's multiplier of at most 100, an order of 10¹² yuan gives 10¹⁸ points: a bigint holds them. Points
end within the years that a datetime knows.
"""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import CheckConstraint, Q

BONUS = (0, 1_000_000_000)
RATE = (0, 10_000)  # points per yuan
MULTIPLIER = (1, 100)
PENDING_DAYS = (0, 3650)
MONTHS = (1, 1200)
YEARS = (0, 100)


def within(bounds: tuple[int, int]) -> list[Any]:
    """Return the validators of a field: both bounds are allowed."""
    return [MinValueValidator(bounds[0]), MaxValueValidator(bounds[1])]


def kept(field: str, bounds: tuple[int, int], name: str) -> CheckConstraint:
    """Return the constraint of a field: null or within the bounds."""
    return CheckConstraint(condition=Q(**{field: None}) | Q(**{f"{field}__range": bounds}), name=name)
