"""Gifts that members keep in mind, and since when each of them could be redeemed.

The beat asks for all of them at once (`refresh`): no page asks gift by gift, and looking at a page writes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config import sql
from mall.models import MOST_FAVOURITES, Favourite
from members.models import Member
from members.news import News

__all__ = ("add", "is_one", "news", "of", "refresh", "remove")

TOLD_FOR = timedelta(days=7)


def add(*, member_id: int, gift_id: int, ready: bool, at: datetime) -> bool:
    """Keep a gift in mind; again changes nothing. `ready`: he could redeem it at once, so that is no news.

    Returns False when the member has as many as one may have.
    """
    own = Favourite.objects.filter(member=member_id)
    if own.exclude(gift=gift_id).count() >= MOST_FAVOURITES:
        return False
    values = {"added_at": at, "ready_at": at if ready else None}
    Favourite.objects.get_or_create(member_id=member_id, gift_id=gift_id, defaults=values)
    return True


def remove(*, member_id: int, gift_id: int) -> None:
    """Forget a gift; again changes nothing."""
    Favourite.objects.filter(member=member_id, gift=gift_id).delete()


def is_one(*, member_id: int | None, gift_id: int) -> bool:
    """Return whether a member keeps a gift in mind."""
    return Favourite.objects.filter(member=member_id, gift=gift_id).exists()


def of(member: Member) -> list[int]:
    """Return the ids of the gifts that a member keeps in mind, what is newly ready first, then the newest."""
    own = Favourite.objects.filter(member=member).order_by(F("ready_at").desc(nulls_last=True), "-id")
    return list(own.values_list("gift", flat=True))


def refresh(*, at: datetime) -> int:
    """Note for all favourites whether their members could redeem them at `at`; return how many changed.

    Again changes nothing.
    """
    return len(sql.run("mall", "favourites_ready", at=at))


def news(member: Member, at: datetime) -> list[News]:
    """Tell which favourites have come back, have opened or can now be afforded, for a week."""
    own = Favourite.objects.filter(member=member, gift__active=True, ready_at__gt=F("added_at"))
    ready = list(own.filter(ready_at__gt=at - TOLD_FOR).order_by("-ready_at").values_list("gift", "gift__name")[:10])
    if len(ready) == 1:
        [(gift_id, name)] = ready
        words = _("Your favourite “%(gift)s” can be redeemed now.") % {"gift": name}
        return [News(words, reverse("gift", args=[gift_id]), "success")]
    words = ngettext(
        "%(number)s of your favourites can be redeemed now.", "%(number)s of your favourites can be redeemed now.", 2
    ) % {"number": len(ready)}
    return [News(words, reverse("favourites"), "success")] if ready else []
