from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from loyalty import reviewing
from loyalty.management.moment import moment


class Command(BaseCommand):
    help = "Bring every member's tier in line with the growth value, as after a change of thresholds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at", type=moment, metavar="ISO", help=moment.__doc__)

    def handle(self, *args: Any, **options: Any) -> None:
        moved = reviewing.review_tiers(at=options["at"] or timezone.now())
        self.stdout.write(f"{moved} members moved to another tier")
