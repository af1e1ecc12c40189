"""How numbers are told to members, in every app's templates."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def points(number: int | None) -> str:
    """12345 → `12,345`, in every language."""
    return f"{number or 0:,}"


@register.filter
def signed(number: int) -> str:
    """5 → `+5`, -5 → `−5` with a real minus."""
    return f"{number:+,}".replace("-", "−")


@register.filter
def discount(percent: Decimal) -> str:
    """95 → `5% off`, in Chinese `9.5 折`."""
    fold = (get_language() or "").startswith("zh")
    number = percent / 10 if fold else 100 - percent
    return _("{number}% off").format(number=plain(number))


@register.filter
def moment(at: datetime) -> str:
    """Return a date and time in the brand's zone, without the year if it is this one: for narrow places."""
    local = timezone.localtime(at)
    if local.year != timezone.localtime().year:
        return date_format(local, "DATETIME_FORMAT")
    return f"{date_format(local, 'MONTH_DAY_FORMAT')} {date_format(local, 'TIME_FORMAT')}"


@register.filter
def last_moment(end: datetime) -> datetime:
    """Return the last instant before a half-open end: what ends at midnight is good until the day before."""
    return end - timedelta(microseconds=1)


@register.filter
def until(end: datetime) -> str:
    """Tell a half-open end in the brand's zone: midnight as the day before it, anything else with its time."""
    local = timezone.localtime(end)
    whole_day = local.time() == time.min
    return date_format(last_moment(local), "DATE_FORMAT") if whole_day else date_format(local, "DATETIME_FORMAT")


@register.filter
def plain(number: Decimal) -> str:
    """1.50 → `1.5`, 2.00 → `2`."""
    return f"{number.normalize():f}" if isinstance(number, Decimal) else str(number)
