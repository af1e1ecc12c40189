"""A worker to be killed: a process that imports, and says so when it has come to a place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

from django.db import connection

from loyalty import ledger
from orders import awarding, claims, steps, undoing
from tests.conftest import NOW

# For each line that it is told it imports, or goes on undoing, in a process of its own, which says "here" and stops
# when it is at a place: before the n-th statement with some words in it, or when so many rows of the file are read.
SCRIPT = dedent("""
    import json, os, signal, sys
    from datetime import datetime
    import django
    from django.conf import settings

    database, sizes, at = map(json.loads, sys.argv[1:])
    settings.DATABASES["default"].update(database)
    django.setup()
    from django.db import connection
    from django.db.backends.signals import connection_created
    from loyalty import ledger
    from orders import awarding, claims, importing, staging, steps, undoing
    from orders.models import OrderImport

    steps.CHUNK, steps.MANY, ledger.CHUNK, awarding.BATCH, claims.BATCH, undoing.BATCH = sizes
    at = datetime.fromisoformat(at)

    def say(word):
        print(word, flush=True)

    def run(import_id, times, words):
        left = int(times)

        def passed():
            nonlocal left
            left -= 1
            if left == 0:
                say("here")
                os.kill(os.getpid(), signal.SIGSTOP)

        def watch(execute, sql, params, many, context):
            if words in sql:
                passed()
            return execute(sql, params, many, context)

        class Watched:
            def __init__(self, *what, **how):
                self.things = read(*what, **how)

            def __iter__(self):
                for thing in self.things:
                    yield thing
                    if words == "copy":
                        passed()

            def __getattr__(self, name):
                return getattr(self.things, name)

        read, staging.reading.read = staging.reading.read, Watched
        connection.settings_dict["OPTIONS"]["application_name"] = f"runner {os.getpid()}"
        def watched(connection, **_):
            if watch not in connection.execute_wrappers:
                connection.execute_wrappers.append(watch)

        connection_created.connect(watched)
        with connection.execute_wrapper(watch):
            undone = OrderImport.objects.filter(pk=import_id, state="UNDOING").exists()
            (undoing if undone else importing).run(import_id=int(import_id), at=at)

    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                say(os.getpid())
                run(*line.strip().split(" ", 2))
            except BaseException as error:
                print("the worker ended:", type(error).__name__, file=sys.stderr, flush=True)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        say("gone")
""")


class Runner:
    """Such a process."""

    def __init__(self) -> None:
        names = ("NAME", "HOST", "PORT", "USER", "PASSWORD")
        database = {name: connection.settings_dict[name] for name in names}
        sizes = [steps.CHUNK, steps.MANY, ledger.CHUNK, awarding.BATCH, claims.BATCH, undoing.BATCH]
        told = [json.dumps(one) for one in (database, sizes, NOW.isoformat())]
        self.mother = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *told],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip

    def run_to(self, import_id: int, words: str, times: int) -> None:
        """Let a process import up to a place."""
        self.mother.stdin.write(f"{import_id} {times} {words}\n")
        self.mother.stdin.flush()
        self.process = int(self.said())
        assert self.said() == "here", f"It never came to {words}."

    def said(self) -> str:
        return self.mother.stdout.readline().strip()

    def kill(self) -> None:
        """Kill -9, and wait until the server has noticed."""
        os.kill(self.process, signal.SIGKILL)
        assert self.said() == "gone"
        until(lambda: not backends(self.process))

    def go_on(self) -> None:
        """Let it go on, and wait until it has ended by itself."""
        until(lambda: Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        os.kill(self.process, signal.SIGCONT)
        assert self.said() == "gone"

    def end(self) -> None:
        self.mother.kill()
        self.mother.communicate()


def backends(process: int) -> int:
    """Return how many backends serve such a process."""
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_stat_activity where application_name = %s", [f"runner {process}"])
        return cursor.fetchone()[0]


def until(true: Callable[[], bool], seconds: float = 20, meanwhile: Callable[[], Any] = bool) -> None:
    """Wait for it; do something now and then."""
    begin = then = time.monotonic()
    while not true():
        assert time.monotonic() < begin + seconds, "It never came."
        if time.monotonic() > then + 1:
            meanwhile()
            then = time.monotonic()
        time.sleep(0.01)
