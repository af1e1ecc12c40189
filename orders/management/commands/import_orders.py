from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import importing
from orders.models import Channel, OrderImport


class Command(BaseCommand):
    help = "Import a platform's order file: orders, members, points and tiers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--channel", metavar="CODE", help="the channel it belongs to; else it is recognised")
        parser.add_argument("--dry-run", action="store_true", help="do everything, tell the result, keep nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = self.imported(options["file"], options["channel"], options["dry_run"])
        except CommandError as error:
            if not options["json"]:
                raise
            result = {"state": OrderImport.State.REFUSED, "reason": str(error)}
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            for name, value in result.items():
                self.tell(name, value)
        if result["state"] == OrderImport.State.REFUSED:
            sys.exit(2)

    def imported(self, path: Path, channel: str | None, dry_run: bool) -> dict[str, Any]:
        at = timezone.now()
        try:
            with opened(path) as file, transaction.atomic() if dry_run else nullcontext():
                order_import = importing.accept(
                    file=file, name=path.name, channel_code=channel, actor_id=None, at=at, confirmed=not dry_run
                )
                take = importing.rehearse if dry_run else importing.run
                result = told(take(import_id=order_import.pk, at=at))
                if dry_run:
                    order_import.file.delete(save=False)
                    transaction.set_rollback(True)
        except Channel.DoesNotExist as error:
            known = ", ".join(Channel.objects.active().values_list("code", flat=True)) or "–"
            said = _("There is no channel “%(channel)s”. Known: %(known)s.") % {"channel": channel, "known": known}
            raise CommandError(said, returncode=2) from error
        return result

    def tell(self, name: str, value: Any) -> None:
        if name == "rejected":
            self.stdout.write(f"rejected: {len(value)}")
            for row in value:
                self.stdout.write(f"  {row['line']}: {row['column']} {row['value']!r}: {row['reason']}")
        else:
            self.stdout.write(f"{name}: {value}")


def opened(path: Path) -> BinaryIO:
    """Open a file to read; raises CommandError with a sentence for the one who typed its name."""
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        said = _("There is no file %(path)s.")
        cause: OSError = error
    except IsADirectoryError as error:
        said, cause = _("%(path)s is a folder. Name the file in it."), error
    except OSError as error:
        said, cause = _("%(path)s cannot be read: %(cause)s."), error
    raise CommandError(said % {"path": path, "cause": cause.strerror}, returncode=2) from cause


def told(order_import: OrderImport) -> dict[str, Any]:
    """Return what an import came to, as `--json` prints it; `paid_total` is a decimal string in yuan."""
    if order_import.state == OrderImport.State.REFUSED:
        return {"state": order_import.state, "reason": order_import.reason}
    return {
        "import_id": order_import.pk,
        "channel": order_import.channel.code if order_import.channel else None,
        "state": order_import.state,
        "rows": order_import.rows,
        "orders": order_import.orders,
        "new": order_import.new,
        "updated": order_import.updated,
        "unchanged": order_import.unchanged,
        "rejected": list(order_import.rejects.values("line", "column", "value", "reason")),
        "paid_total": str(order_import.paid_total),
        "eligible_orders": order_import.eligible_orders,
        "points": order_import.points,
        "growth": order_import.growth,
        "members_matched": order_import.members_matched,
        "seconds": round(order_import.seconds, 3),
    }
