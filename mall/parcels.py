"""What a member is told of his parcels when he comes home."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from mall.models import Redemption, Reversal
from mall.telling import Told, sentence
from members.models import Member
from members.news import News

__all__ = ("news",)

TOLD_FOR = timedelta(days=7)
MOST_NEWS = 3


def news(member: Member, at: datetime) -> list[News]:
    """Tell which parcels are on their way, and what staff cancelled or took back, for a week."""
    return [*_under_way(member, at), *_gone_back(member, at)]


def _under_way(member: Member, at: datetime) -> list[News]:
    """Tell of parcels until he has them."""
    own = Redemption.objects.filter(member=member, state=Redemption.State.SHIPPED)
    under_way = own.filter(shipment__shipped_at__gt=at - TOLD_FOR, shipment__shipped_at__lte=at)
    fields = ("pk", "gift_name", "shipment__carrier", "shipment__tracking_number")
    return [
        News(
            _("“%(gift)s” is on its way: %(carrier)s %(number)s")
            % {"gift": gift, "carrier": carrier, "number": number},
            reverse("redemption", args=[pk]),
        )
        for pk, gift, carrier, number in under_way.order_by("-pk").values_list(*fields)[:MOST_NEWS]
    ]


def _gone_back(member: Member, at: datetime) -> list[News]:
    """Tell of pieces that staff let go back; what he cancelled himself he knows."""
    steps = Reversal.objects.filter(redemption__member=member, at__gt=at - TOLD_FOR, at__lte=at, actor__isnull=False)
    fields = ("state", "redemption__gift_name", "pieces", "points", "note", "redemption")
    return [
        News(sentence(Told(member.pk, "", state, gift, pieces, points, "", note)), reverse("redemption", args=[pk]))
        for state, gift, pieces, points, note, pk in steps.order_by("-pk").values_list(*fields)[:MOST_NEWS]
    ]
