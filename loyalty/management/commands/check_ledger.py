from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction

from loyalty import auditing


class Command(BaseCommand):
    help = "Check every law of the ledger; exit 1 if one is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read read only")
            drifts = auditing.drifts()
        broken = {drift.law for drift in drifts}
        if options["json"]:
            laws = {law: law not in broken for law in auditing.laws()}
            self.stdout.write(json.dumps({"laws": laws, "drifts": [drift._asdict() for drift in drifts]}))
        else:
            for law in auditing.laws():
                self.stdout.write(f"{'BROKEN' if law in broken else 'ok':8}{law}")
            for drift in drifts:
                self.stdout.write(f"{drift.law}: {drift.subject}: {drift.detail}")
        if drifts:
            raise SystemExit(1)
