"""Staff correct points and growth by hand, always with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from loyalty import earning, ledger
from loyalty.models import Kind, Posting

SOURCE = "adjust"


class NotAdjusted(Exception):
    """An adjustment without a reason, or of nothing."""


def adjust(
    *, member_id: int, points: int = 0, growth: int = 0, reason: str, actor_id: int, at: datetime, key: str
) -> list[Posting]:
    """Add (or take: negative) points and growth; given points end as the points policy says.

    Raises NotAdjusted, and the ledger's InsufficientPoints, InsufficientGrowth and KeyReused.
    """
    reason = reason.strip()
    if not reason:
        raise NotAdjusted(_("Give the reason for the adjustment."))
    if not points and not growth:
        raise NotAdjusted(_("Say how many points or how much growth value to adjust."))
    said: dict[str, Any] = {"member_id": member_id, "source": SOURCE, "at": at, "actor_id": actor_id, "note": reason}
    with transaction.atomic():
        made = []
        if points < 0:
            made.append(ledger.debit(points=-points, kind=Kind.ADJUST, key=key, **said))
        if points > 0 or growth:
            grown = key if points > 0 else f"{key}:growth"
            end = earning.expires_at(at)
            made.append(
                ledger.credit(points=max(points, 0), growth=growth, kind=Kind.ADJUST, key=grown, expires_at=end, **said)
            )
        return made
