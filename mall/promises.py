"""Gifts that draws have promised: they last longer than the draw, and codes of a pool are there.

Pieces of a prize leave the stock when its draw is published. The stock of a pool is the number of its free codes, so
they cannot: a pool whose codes are prizes is off the shelf instead, and the draws together promise no more than it has.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from mall.models import Gift

__all__ = ("ends_too_soon", "hold", "wrong")


def hold(gift_ids: Iterable[int]) -> None:
    """Lock gifts that a draw is about to promise, before they are read: whether they are set aside must not change."""
    list(Gift.objects.filter(pk__in=gift_ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def ends_too_soon(gift: Gift | None, closes_at: datetime) -> str:
    """Return why a gift is no prize of a draw that closes then (an event has begun by then); empty if it is one."""
    if gift is None or gift.ends_at is None or gift.ends_at > closes_at:
        return ""
    return _("The gift %(gift)s ends before the draw does: choose another, or end the draw sooner.") % {"gift": gift}


def wrong(gift_ids: Iterable[int]) -> str:
    """Return what keeps a draw that is just being published from promising codes of these gifts; empty if nothing does.

    Call it in the publishing transaction, last: it locks the pools, and counts the draw's own prizes as promised.
    """
    pools = Gift.objects.filter(pk__in=gift_ids, kind__in=Gift.FROM_A_POOL).order_by("pk")
    for pool in pools.select_for_update(no_key=True):
        promised = pool.promised
        if pool.active:
            return _("Take the gift %(gift)s off the shelf first: who redeems a code of it takes a prize away.") % {
                "gift": pool
            }
        if promised > pool.codes.filter(redemption=None, voided_at=None).count():
            said = {"gift": pool, "needed": promised, "stock": pool.stock}
            return _("%(needed)s codes of the gift %(gift)s are promised then, and %(stock)s are free.") % said
    return ""
