"""When gifts open. The database decides (`mall_open` in migrations/sql/0003_opening.sql); these ask it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models

from mall.models import Gift

__all__ = ("is_open", "next_opening")


def is_open(gift_id: int, *, at: datetime) -> bool:
    """Return whether a gift's from/to and its windows say open at `at` (aware); its shelf and stock are not asked.

    Raises Gift.DoesNotExist.
    """
    return bool(_asked(gift_id, 'mall_open("mall_gift", %(expressions)s)', at, models.BooleanField()))


def next_opening(gift_id: int, *, at: datetime) -> datetime | None:
    """Return the first moment after `at` (aware, UTC) at which a gift that is closed at `at` is open.

    None: not within 400 days, or never again. Raises Gift.DoesNotExist.
    """
    found: datetime | None = _asked(
        gift_id, 'mall_next_opening("mall_gift", %(expressions)s)', at, models.DateTimeField()
    )
    return found


def _asked(gift_id: int, template: str, at: datetime, kind: models.Field[Any, Any]) -> Any:
    answer = models.Func(models.Value(at), template=template, output_field=kind)
    return Gift.objects.order_by().annotate(answer=answer).values_list("answer", flat=True).get(pk=gift_id)
