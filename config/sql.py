"""Run one SQL statement kept in a file, over rows that another app hands over.

A *relation* is a sub-select with agreed column names. The app that owns the rows makes it (usually from a
queryset), the app that works on them puts its SQL over it: neither knows the other's tables, and the rows never
enter Python. A file `<app>/sql/NAME.sql` names its relations as `{relation}` and its values as `%(name)s`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

PLACES = re.compile(r"%\((?P<value>\w+)\)s|\{relation\}")


class Relation(NamedTuple):
    """A sub-select: its SQL text with `%s` places, and their values."""

    sql: str
    params: tuple[Any, ...] = ()

    @classmethod
    def of(cls, queryset: QuerySet[Any, Any]) -> Relation:
        """Return the rows of a `.values(...)` queryset, unread."""
        sql, params = queryset.query.sql_with_params()
        return cls(sql, tuple(params))

    @classmethod
    def rows(cls, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> Relation:
        """Return literal rows; `columns` maps each name to its PostgreSQL type."""
        names = ", ".join(columns)
        casts = ", ".join(f"%s::{kind}" for kind in columns.values())
        if not rows:
            empty = ", ".join(f"null::{kind} as {name}" for name, kind in columns.items())
            return cls(f"select {empty} where false")
        values = ", ".join(f"({casts})" for _ in rows)
        return cls(
            f"select * from (values {values}) as literal ({names})",
            tuple(value for row in rows for value in row),
        )


@lru_cache
def text(app: str, name: str) -> str:
    """Return the SQL text of `<app>/sql/<name>.sql`."""
    return files(app).joinpath("sql", f"{name}.sql").read_text("utf-8")


def run(app: str, name: str, /, *, relation: Relation | None = None, **values: Any) -> list[tuple[Any, ...]]:
    """Run `<app>/sql/<name>.sql` and return its rows (empty for a statement that returns none)."""
    statement = over(app, name, relation=relation, **values)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.params)
        return cursor.fetchall() if cursor.description else []


def over(app: str, name: str, /, *, relation: Relation | None = None, **values: Any) -> Relation:
    """Return `<app>/sql/<name>.sql` over a relation, itself a relation: nothing is run."""
    params: list[Any] = []

    def fill(place: re.Match[str]) -> str:
        if place["value"]:
            params.append(values[place["value"]])
            return "%s"
        if relation is None:
            raise TypeError(f"{app}/sql/{name}.sql works over a relation")
        params.extend(relation.params)
        return relation.sql

    return Relation(PLACES.sub(fill, text(app, name)), tuple(params))
