"""Opening times of a gift in words, for members. Whether it is open, the database decides (`mall_open`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time

from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from mall.models import GiftWindow

__all__ = ("told",)


def told(window: GiftWindow) -> str:
    """Return all conditions of an opening time as one phrase, in the language in force; empty if it has none."""
    return _(", ").join(_parts(window))


def _parts(window: GiftWindow) -> Iterator[str]:
    if window.campaign:
        yield _("during “%(campaign)s”") % {"campaign": window.campaign}
    if window.months:
        yield _(" and ").join(str(MONTHS[month]) for month in window.months)
    if window.first_day or window.last_day:
        yield _days(window)
    if window.weekdays:
        yield _(" and ").join(str(WEEKDAYS[day - 1]) for day in window.weekdays)
    if window.daily_from or window.daily_until:
        hours = {"from": _clock(window.daily_from or time()), "until": _clock(window.daily_until)}
        yield _("%(from)s to %(until)s") % hours


def _days(window: GiftWindow) -> str:
    first = _moment(window.first_day or 1, window.first_time)
    if window.last_day is None:
        return _("from %(first)s to the end of the month") % {"first": first}
    return _("from %(first)s to %(last)s") % {"first": first, "last": _moment(window.last_day, window.last_time)}


def _moment(day: int, at: time | None) -> str:
    words = _("day %(day)s") % {"day": day}
    return f"{words} {_clock(at)}" if at else words


def _clock(at: time | None) -> str:
    """Return a time of day; none is the day's end."""
    return time_format(at, "H:i") if at else "24:00"
