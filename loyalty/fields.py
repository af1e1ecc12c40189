"""A database instant that may be `infinity`: Python sees None for "never"."""

from __future__ import annotations

from typing import Any

from django.db import models


class InstantOrNever(models.DateTimeField):
    """`timestamptz` with `infinity` for never; comparisons in SQL need no special case."""

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        return f"nullif({sql}, 'infinity'::timestamptz)", params

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        return "infinity" if value is None else super().get_db_prep_save(value, connection)
