"""Medals: an honour that a member wears once, redeemed by himself or given by staff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from config import sql
from mall.models import Gift, Medal

__all__ = ("give", "take")


def give(*, gift_id: int, member_ids: Sequence[int], at: datetime, actor_id: int | None, note: str = "") -> int:
    """Give a medal to members; returns how many got it. Who wears it already, or was merged away, is left out.

    Raises ValueError when the gift is no medal.
    """
    if not Gift.objects.filter(pk=gift_id, kind=Gift.Kind.MEDAL).exists():
        raise ValueError("This gift is no medal.")
    return len(sql.run("mall", "medals_give", gift=gift_id, members=list(member_ids), at=at, actor=actor_id, note=note))


def take(*, medal_id: int, at: datetime) -> bool:
    """Take a medal back that staff gave; False when it was taken before.

    One that a member redeemed goes back with its redemption (`mall.shipping.return_`): ValueError.
    """
    medal = Medal.objects.get(pk=medal_id)
    if medal.redemption_id:
        raise ValueError("A redeemed medal goes back with its redemption.")
    return bool(Medal.objects.filter(pk=medal_id, taken_at=None).update(taken_at=at))
