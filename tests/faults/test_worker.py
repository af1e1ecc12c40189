"""A real worker of a real queue: its process is killed, then all of it; the broker and the beat find what is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from config.celery import app
from orders.models import OrderImport
from tests.faults.runner import until
from tests.orders.worlds import accepted, differences, numbers, orders_of, undisturbed, world

pytestmark = [
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:task_always_eager has no effect"),
]

SCRIPT = dedent("""
    import json, os, signal, sys, threading
    from django.conf import settings

    database, queue = json.loads(sys.argv[1]), sys.argv[2]
    settings.DATABASES["default"].update(database)
    from config.celery import app

    def end_with_the_test():
        while os.read(0, 1):
            pass
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=end_with_the_test, daemon=True).start()
    options = ["--pool", "prefork", "--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "ERROR"]
    app.worker_main(["worker", *options, "--queues", queue])
""")


class Worker:
    """A worker with one process, in a session of its own; it ends with us."""

    def __init__(self, queue: str) -> None:
        names = ("NAME", "HOST", "PORT", "USER", "PASSWORD")
        database = json.dumps({name: connection.settings_dict[name] for name in names})
        self.main = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, database, queue],
            stdin=subprocess.PIPE, cwd=Path(__file__).parents[2], start_new_session=True,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        )  # fmt: skip

    def process(self) -> int:
        """Return its process, 0 while it has none."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                if stat.read_text().rpartition(")")[2].split()[1] == str(self.main.pid):
                    return int(stat.parent.name)
        return 0

    def kill(self) -> None:
        """Kill -9 all of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.main.pid, signal.SIGKILL)
        self.main.communicate()


@pytest.fixture
def queue() -> Iterator[str]:
    queue = f"faults-{uuid4().hex}"
    yield queue
    with app.connection_for_write() as broker:
        broker.default_channel.queue_delete(queue)


def test_worker_killed_again_and_again_ends_what_it_began(a_brand: None, queue: str) -> None:
    """The broker gives a task again whose process was killed; the beat finds the import of a worker that is gone."""
    lines = orders_of(6_000)
    expected = undisturbed(lines)
    import_id = accepted(lines).pk

    def deliver() -> None:
        app.send_task("orders.tasks.run_import", [import_id], queue=queue)

    def now() -> OrderImport:
        return OrderImport.objects.get(pk=import_id)

    def beat() -> None:
        """As resume_imports does, but sooner."""
        if OrderImport.objects.left_alone(since=timezone.now() - timedelta(seconds=2)).exists():
            deliver()

    killed_in = []
    worker = Worker(queue)
    try:
        deliver()
        for whole in (False, True, False):
            seen = now()
            until(lambda seen=seen: now().touched_at != seen.touched_at, 60, beat)
            time.sleep(0.1)
            killed_in.append(now().state)
            if whole:
                worker.kill()
                worker = Worker(queue)
            else:
                os.kill(worker.process(), signal.SIGKILL)
        until(lambda: now().state == "DONE", 60, beat)
    finally:
        worker.kill()

    assert killed_in[0] != "DONE"
    assert numbers(now()) == expected[0]
    assert differences(world(), expected[1]) == {}
