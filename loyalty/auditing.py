"""Does the ledger keep its laws? Every `<app>/sql/audit/NAME.sql` is a question; each row it returns is a drift."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from django.apps import apps
from django.db import connection


class Drift(NamedTuple):
    """Something that cannot be: the law that it breaks, what breaks it, and how."""

    law: str
    subject: str
    detail: str


def laws() -> dict[str, Path]:
    """Return the audits of all apps by name; an app adds one by adding a file."""
    files = [file for app in apps.get_app_configs() for file in Path(app.path, "sql", "audit").glob("*.sql")]
    return {file.stem: file for file in sorted(files)}


def drifts() -> list[Drift]:
    """Return all that is wrong, law by law, in one snapshot; empty when the ledger is whole."""
    found = []
    with connection.cursor() as cursor:
        for law, file in laws().items():
            cursor.execute(file.read_text("utf-8"))
            found += [Drift(law, subject, detail) for subject, detail in cursor.fetchall()]
    return found
