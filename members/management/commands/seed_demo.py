from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone


class Command(BaseCommand):
    help = "Load the demo brand through the real import; what is there already stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--members", type=int, default=80, metavar="N")
        parser.add_argument("--orders", type=int, default=600, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        """Let each app load its part, in the order of INSTALLED_APPS: from below."""
        at = timezone.now()
        for app in apps.get_app_configs():
            if find_spec(f"{app.name}.demo"):
                import_module(f"{app.name}.demo").load(at=at, members=options["members"], orders=options["orders"])
