"""Gifts that a draw gave: claimed they become redemptions for no points, unclaimed they go back into stock.

The pieces were taken out of stock when the draw was published, so claiming waits for nobody else's gift.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mall import stock
from mall.models import Redemption, WonGift
from mall.redeeming import Address, LimitReached, OutOfStock, Refused

__all__ = ("Lapsed", "claim", "lapse_over")

BATCH = 500


class Lapsed(Refused):
    """The time to claim is over."""

    code = "lapsed"
    sentence = gettext_lazy("The time to claim this prize is over.")


@transaction.atomic
def claim(*, won_id: int, member_id: int, at: datetime, address: Address | None = None) -> Redemption:
    """Turn a member's won gift into a redemption; again returns the first one.

    Raises Lapsed, LimitReached for a medal that he has, OutOfStock for a code when none is there, WonGift.DoesNotExist
    when it is not his.
    """
    won = WonGift.objects.select_for_update(no_key=True, of=("self",)).get(pk=won_id, member=member_id)
    if won.redemption_id:
        return Redemption.objects.get(pk=won.redemption_id)
    if won.lapsed_at or won.claim_until <= at:
        raise Lapsed
    to = address or Address("", "", "")
    note = _("Prize %(number)s was claimed") % {"number": won.pk}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "select mall_award(%s, %s, %s, %s, %s, %s)", [won.pk, at, to.recipient, to.phone, to.address, note]
            )
            return Redemption.objects.get(pk=cursor.fetchone()[0])
    except DatabaseError as error:
        match getattr(error.__cause__, "sqlstate", None):
            case "MR003":
                raise OutOfStock from error
            case "MR004":
                raise LimitReached(1) from error
        raise


def lapse_over(*, at: datetime) -> int:
    """Put gifts back into stock that nobody claimed in time; return how many. Again takes what is left."""
    lapsed = 0
    while batch := _lapse_batch(at):
        lapsed += batch
    return lapsed


@transaction.atomic
def _lapse_batch(at: datetime) -> int:
    due = WonGift.objects.waiting().filter(claim_until__lte=at).order_by("pk")
    won = list(due.select_related("gift").select_for_update(skip_locked=True, no_key=True, of=("self",))[:BATCH])
    WonGift.objects.filter(pk__in=[one.pk for one in won]).update(lapsed_at=at)
    for gift_id, quantity in sorted(Counter(one.gift_id for one in won if one.gift.set_aside).items()):
        stock.change(gift_id=gift_id, quantity=quantity, note=_("Prizes not claimed in time"), actor_id=None, at=at)
    return len(won)
