"""The cast and the promise: Lin is a plain member, Mei is gold, Wei has never bought; and the ledger is clean after
every test that touched the database, unless the test is marked as damaging it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection, connections, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.models import Model
from django.utils import translation

from loyalty import auditing
from members.models import Member, Tier
from tests.browser import chromium, open_page

__all__ = ("chromium", "open_page")

NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)  # noon in Shanghai


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "damages_ledger: breaks the ledger on purpose")
    hypothesis.settings.register_profile("house", deadline=None)  # how long an example takes says how busy a machine is
    hypothesis.settings.load_profile("house")
    flush = DatabaseOperations.execute_sql_flush

    def flush_as_owner(self: DatabaseOperations, sql_list: list[str]) -> None:
        """The ledger refuses to be truncated; between two tests its owner may."""
        flush(self, ["set session_replication_role = replica", *sql_list, "set session_replication_role = origin"])

    DatabaseOperations.execute_sql_flush = flush_as_owner  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def ledger_is_clean(request: pytest.FixtureRequest) -> Iterator[None]:
    touched = {"db", "transactional_db", "live_server"} & set(request.fixturenames)
    for name in touched:
        request.getfixturevalue(name)
    yield
    if touched and not request.node.get_closest_marker("damages_ledger"):
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
        assert auditing.drifts() == []


@pytest.fixture(autouse=True)
def language_of_the_house() -> None:
    """A request leaves its language to the thread; the next test begins in Chinese, as a worker does."""
    translation.activate(django_settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def quiet_settings(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.CELERY_TASK_ALWAYS_EAGER = True
    settings.CLAIM_BEAT = settings.SIGN_IN_BEAT = 0
    settings.REDEEM_WAITING, settings.REDEEM_PATIENCE = 1_000, 60.0  # a race is for all who run in it
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one is slow on purpose
    cache.clear()


@pytest.fixture
def at() -> datetime:
    return NOW


@pytest.fixture
def tiers(db: None) -> dict[str, Tier]:
    """普通, 高级, VIP, 至尊VIP of the demo brand, by name."""
    rows = [("普通", 1, 1, 98), ("高级", 2, 380, 95), ("VIP", 3, 2_000, 90), ("至尊VIP", 4, 5_000, 86)]
    return {
        name: Tier.objects.create(name=name, rank=rank, threshold=threshold, discount_percent=price)
        for name, rank, threshold, price in rows
    }


def make_member(name: str, phone: str, **values: Any) -> Member:
    return Member.objects.create(name=name, phone=phone, joined_at=NOW, **values)


@pytest.fixture
def lin(db: None) -> Member:
    return make_member("Lin", "+8613800000001")


@pytest.fixture
def mei(tiers: dict[str, Tier]) -> Member:
    return make_member("Mei", "+8613800000002", tier=tiers["高级"])


@pytest.fixture
def wei(db: None) -> Member:
    return make_member("Wei", "+8613800000003")


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Return `run(function, arguments)`: a thread and a connection for each argument, all let go at one moment.

    Each result is what the function returned or the exception that it raised.
    """

    def run(function: Callable[[Any], Any], arguments: list[Any]) -> list[Any]:
        barrier = Barrier(len(arguments))

        def one(argument: Any) -> Any:
            try:
                connection.ensure_connection()
                barrier.wait()
                return function(argument)
            except Exception as error:
                return error
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(arguments)) as pool:
            return list(pool.map(one, arguments))

    return run


def until_somebody_waits(seconds: float = 60) -> None:
    """Return when a connection to this database waits for a lock; also within a transaction."""
    deadline = time.monotonic() + seconds
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("""
                select count(*) from pg_locks
                 where not granted
                   and pid in (select pid from pg_locks
                                where database = (select oid from pg_database where datname = current_database()))
            """)
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("Nobody waits for a lock.")


def while_it_waits(first: Callable[[], Any], then: Callable[[], Any]) -> Any:
    """Do the first in a transaction that ends when another connection, at the second, waits for it."""

    def elsewhere() -> Any:
        try:
            return then()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            waiting = pool.submit(elsewhere)
            until_somebody_waits()
        return waiting.result(60)


def rows(model: type[Model], *fields: str) -> list[tuple[Any, ...]]:
    """Return the whole table, in the order of its ids."""
    return list(model._default_manager.order_by("pk").values_list(*fields))
