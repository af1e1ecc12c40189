"""What interests members: looks, favourites and redemptions, for each gift and day.

Looks are counted in the cache, so that a look at a page writes no row; the beat puts them into the table in one
statement. Favourites and pieces redeemed are counted from the facts. A look may be lost with the cache, never a fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db.models import Max

from config import sql
from config.sql import Relation
from mall.models import Gift, GiftDay
from members.models import Programme

__all__ = ("count", "saw")

KEPT = 3 * 24 * 3600
FIRST = timedelta(days=90)


def saw(*, gift_id: int, day: date, times: int = 1) -> None:
    """Count a look, or several, at a gift on a day of the brand's time zone."""
    key = _key(gift_id, day)
    cache.add(key, 0, KEPT)
    cache.incr(key, times)


def count(*, at: datetime) -> int:
    """Bring the table up to `at`: looks from the cache, favourites and redemptions. Return rows changed.

    Facts are counted again from the day before on, or from the last day that was counted if that is longer ago; the
    first time those of `FIRST` days.
    """
    zone = ZoneInfo(Programme.current().time_zone)
    days = [_day(at - timedelta(days=1), zone), _day(at, zone)]
    last = GiftDay.objects.aggregate(last=Max("day"))["last"] or days[0] - FIRST
    looks = list(_taken(days))
    columns = {"gift_id": "bigint", "day": "date", "views": "bigint"}
    added = sql.run("mall", "interest_views", relation=Relation.rows(columns, looks)) if looks else []
    return len(added) + len(sql.run("mall", "interest_facts", since=min(last, days[0])))


def _taken(days: Iterable[date]) -> Iterable[tuple[int, date, int]]:
    """Take the looks out of the cache; a look that comes meanwhile stays there."""
    keys = {_key(gift_id, day): (gift_id, day) for gift_id in Gift.objects.values_list("pk", flat=True) for day in days}
    for key, number in cache.get_many(keys).items():
        if number > 0:
            cache.decr(key, number)
            yield (*keys[key], number)


def _key(gift_id: int, day: date) -> str:
    return f"mall:looks:{day.isoformat()}:{gift_id}"


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
