"""How numbers are told to members, in every app's templates."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django import template
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
def last_moment(end: datetime) -> datetime:
    """Return the last instant before a half-open end: what ends at midnight is good until the day before."""
    return end - timedelta(microseconds=1)


@register.filter
def plain(number: Decimal) -> str:
    """1.50 → `1.5`, 2.00 → `2`."""
    return f"{number.normalize():f}" if isinstance(number, Decimal) else str(number)
