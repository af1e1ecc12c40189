"""Databases of this run's own: one is migrated, each measurement gets a fresh copy, all are dropped at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection

PREFIX = f"jifen_bench_{os.getpid()}"


def use(name: str) -> None:
    """Point this process at a database of the same server."""
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


@contextmanager
def migrated() -> Iterator[None]:
    """Have a migrated database to copy from; every database of this run is dropped at the end."""
    home = connection.settings_dict["NAME"]
    _administer(f'drop database if exists "{PREFIX}"', f'create database "{PREFIX}"')
    try:
        use(PREFIX)
        call_command("migrate", verbosity=0)
        yield
    finally:
        use(home)
        _administer(f'drop database if exists "{PREFIX}" with (force)')


@contextmanager
def fresh() -> Iterator[str]:
    """Be in a fresh copy of the migrated database; yields its name, for other processes to `use`."""
    name = f"{PREFIX}_copy"
    connection.close()
    _administer(f'create database "{name}" template "{PREFIX}"')
    try:
        use(name)
        yield name
    finally:
        use(PREFIX)
        _administer(f'drop database "{name}" with (force)')


def settle(*tables: str) -> None:
    """Let the server finish what filling these tables left behind: nobody pays for another's dirty pages.

    Empty tables are left alone: who vacuums them tells the planner that they stay empty.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"vacuum analyze {', '.join(tables)}")
        with suppress(DatabaseError):  # an account of a shared server may not ask for it
            cursor.execute("checkpoint")


def _administer(*statements: str) -> None:
    with connection._nodb_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
