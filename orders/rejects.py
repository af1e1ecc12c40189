"""The rejected rows of an import as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from orders.models import RejectedRow


def as_csv(import_id: int) -> Iterator[str]:
    """Return the rejected rows as CSV lines with a header; formulas are disarmed, for a spreadsheet will open it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    rows = RejectedRow.objects.filter(order_import_id=import_id).values_list(
        "line", "number", "column", "value", "reason"
    )
    header = (_("line"), _("order number"), _("column"), _("value"), _("reason"))
    yield "\ufeff"
    for row in (header, *rows.iterator()):
        writer.writerow([disarmed(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def disarmed(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula; a Chinese one takes full-width signs too."""
    if isinstance(cell, str) and cell.lstrip(" \"'").startswith(tuple("=+-@＝＋－＠\t\r\n\0")):
        return f"'{cell}"
    return cell
