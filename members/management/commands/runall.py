"""`manage.py runall`: everything that Jifen needs, in one terminal."""

from __future__ import annotations

import os
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections
from django.utils.translation import gettext as _

from config import embedded, supervisor
from config.embedded import EmbeddedError, places


class Command(BaseCommand):
    help = "Start database, broker, web, worker and beat, load the demo brand, and run until Ctrl-C."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until Ctrl-C; EmbeddedError when something stands in the way."""
        host, port, var = os.environ.get("HOST") or "127.0.0.1", _port(), embedded.var_folder()
        with embedded.ending_cleanly(), supervisor.only_one(var):
            supervisor.require_free_port(host, port)
            places.check_free(var)
            with embedded.running():
                self._prepare()
                supervisor.supervise(
                    supervisor.programs(host, port, var),
                    logs=var / "log",
                    ready=lambda: supervisor.answers(host, port),
                    greet=lambda: self._greet(host, port),
                )
                self.stdout.write(_("Stopping the servers …"))
        self.stdout.write(_("Everything has stopped. The data is kept in %(folder)s.") % {"folder": var})

    def _prepare(self) -> None:
        call_command("migrate", interactive=False, verbosity=0, stdout=self.stdout)
        call_command("seed_demo", stdout=self.stdout)
        connections.close_all()

    def _greet(self, host: str, port: int) -> None:
        from members.demo import sign_ins

        address = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}"  # noqa: S104
        self.stdout.write("")
        self.stdout.write(_("Jifen is running. Sign in:"))
        for role, path, credentials in sign_ins():
            self.stdout.write(f"  {role}  {address}{path}  {credentials}")
        self.stdout.write(_("Logs: %(folder)s. Ctrl-C stops everything.") % {"folder": embedded.var_folder() / "log"})
        self.stdout.flush()


def _port() -> int:
    """Return PORT, 8000 when unset; EmbeddedError when it is no port."""
    given = os.environ.get("PORT") or "8000"
    if given.isascii() and given.isdigit() and 0 < int(given) < 65536:
        return int(given)
    raise EmbeddedError(
        f"PORT 应为 1 到 65535 之间的数字,现在是 {given}。",
        f"PORT must be a number from 1 to 65535, it is {given}.",
    )
