from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from config.sql import Relation
from loyalty.management.moment import moment
from loyalty.models import Balance
from members import tiers


class Command(BaseCommand):
    help = "Bring every member's tier in line with the growth value, as after a change of thresholds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at", type=moment, metavar="ISO", help=moment.__doc__)

    def handle(self, *args: Any, **options: Any) -> None:
        at = options["at"] or timezone.now()
        standing = Relation.of(Balance.objects.filter(growth__gt=0).values("member_id", "growth"))
        self.stdout.write(f"{tiers.follow(standing, at=at)} members moved to another tier")
