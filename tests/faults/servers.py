"""A PostgreSQL of a test's own, to be stopped in every way: nobody else's work stops with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from config.embedded import places, postgres
from config.embedded.places import Place

WITHOUT_VALKEY = {"CELERY_BROKER_URL": "memory://", "CACHE_URL": "locmem://"}


class Server:
    """An embedded PostgreSQL. A process holds it that lets go, and stops it, when we are gone, however we go."""

    def __init__(self, var: Path) -> None:
        self.var = var
        environment = {**os.environ, **WITHOUT_VALKEY, "JIFEN_VAR": str(var), "JIFEN_DURABLE": "0"}
        environment.pop("DATABASE_URL", None)
        self.holder = subprocess.Popen(
            [sys.executable, "-m", "config.embedded", "sh", "-c", "echo ready; cat"],
            cwd=places.BASE_DIR, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.holder.stdout.readline() == b"ready\n"

    @property
    def place(self) -> Place:
        before = os.environ.get("JIFEN_VAR")
        os.environ["JIFEN_VAR"] = str(self.var)
        try:
            return places.place()
        finally:
            if before is None:
                del os.environ["JIFEN_VAR"]
            else:
                os.environ["JIFEN_VAR"] = before

    def restart(self, how: str) -> None:
        """Stop it, `fast` (whoever is in the middle is cut off) or `immediate` (as by a crash); start it again."""
        connection.close()
        pg_ctl = postgres.find_binaries(self.place) / "pg_ctl"
        said = self.place.call(pg_ctl, "-D", self.place.root / "postgres", "-m", how, "-w", "stop")
        assert said.returncode == 0, said.stdout
        assert postgres.start(self.place)

    def end(self) -> None:
        self.holder.communicate(timeout=60)
        for folder in (self.place.root, self.place.run, self.var.parent):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def moved_to(server: Server) -> Iterator[None]:
    """Let Django's connection lead there, to a database with all tables."""
    before = dict(connection.settings_dict)
    connection.close()
    there = {"NAME": postgres.DATABASE, "USER": postgres.USER, "PASSWORD": "", "PORT": str(postgres.PORT)}
    connection.settings_dict.update(there, HOST=str(server.place.run))
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def new_server() -> Server:
    folder = Path(tempfile.mkdtemp(prefix="jifen-faults-"))
    folder.chmod(0o755)
    return Server(folder / "var")
