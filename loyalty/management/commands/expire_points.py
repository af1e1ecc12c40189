from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from loyalty import ledger
from loyalty.management.moment import moment


class Command(BaseCommand):
    help = "Expire the points that have ended. Housekeeping: nobody can spend them anyway."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at", type=moment, metavar="ISO", help=moment.__doc__)

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{ledger.expire(at=options['at'] or timezone.now())} points expired")
