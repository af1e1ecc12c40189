"""The packing list: what waits to be packed and shipped, as rows for a spreadsheet or slips for the printer.

A list that is filled in with carrier and tracking number comes back as it is: `mall.tracking` reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from mall.models import Redemption

__all__ = ("MOST_PACKED", "header", "rows", "waiting")

MOST_PACKED = 5_000


def waiting(redemptions: QuerySet[Redemption]) -> QuerySet[Redemption]:
    """Return those that are still to be shipped, who waits longest first; at most `MOST_PACKED`."""
    State = Redemption.State
    still = redemptions.filter(state__in=[State.PLACED, State.PACKED])
    return still.select_related("gift").order_by("id")[:MOST_PACKED]


def header() -> list[str]:
    """Return the names of the columns, in the language in force."""
    return [
        _("redemption number"),
        _("placed at"),
        _("gift"),
        _("quantity"),
        _("recipient"),
        _("recipient's phone"),
        _("address"),
        _("carrier"),
        _("tracking number"),
    ]


def rows(redemptions: Iterable[Redemption], *, zone: ZoneInfo) -> Iterable[list[str | int | datetime]]:
    """Return a row for each, times by the brand's clock; carrier and tracking number are for staff to fill in."""
    for one in redemptions:
        placed = one.placed_at.astimezone(zone).replace(tzinfo=None, microsecond=0)
        yield [one.pk, placed, one.gift_name, one.kept, one.recipient, one.phone, one.address, "", ""]
