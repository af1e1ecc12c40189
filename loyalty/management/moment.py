"""A moment on the command line."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime


def moment(words: str) -> datetime:
    """The moment as ISO date and time, in the brand's zone unless it has an offset; left out: now."""
    try:
        parsed = parse_datetime(words)
    except ValueError as error:
        raise ArgumentTypeError(f"{words!r}: {error}") from error
    if parsed is None:
        raise ArgumentTypeError(f"{words!r} is no ISO date and time, such as 2026-05-01T00:00:00")
    return parsed if timezone.is_aware(parsed) else timezone.make_aware(parsed)
