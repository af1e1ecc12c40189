"""Every member's tier by the growth value of his balance, as after a change of thresholds."""

from __future__ import annotations

from datetime import datetime

from config.sql import Relation
from loyalty.models import Balance
from members import tiers


def review_tiers(*, at: datetime) -> int:
    """Bring all tiers in line, in one statement; returns how many members moved. `at` (aware) is when."""
    standing = Relation.of(Balance.objects.filter(growth__gt=0).values("member_id", "growth"))
    return tiers.follow(standing, at=at)
