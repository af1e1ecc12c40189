"""Looking for gifts: by words, by shelf, what one can redeem, in an order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.numbers import digits
from mall.models import Gift, GiftQuerySet

__all__ = ("MOST_GIFTS", "SORTS", "Wish", "find")

MOST_GIFTS = 1_000
LONGEST_WORDS = 40
MOST_WORDS = 5
POPULAR_WITHIN = timedelta(days=90)
SORTS = {
    "": _("As the shop shows them"),
    "points": _("Fewest points first"),
    "new": _("Newest first"),
    "popular": _("Most redeemed first"),
}
ORDERS = {
    "": ("position", "id"),
    "points": ("points", "id"),
    "new": ("-id",),
    "popular": ("-pieces", "position", "id"),
}


class Wish(NamedTuple):
    """What a member looks for. Anything senseless in the address is as if it were not there."""

    words: str = ""
    category: int | None = None
    only_open: bool = False
    sort: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Wish:
        """Read the address's parameters."""
        number, sort = asked.get("category", ""), asked.get("sort", "")
        return cls(
            words=" ".join(asked.get("q", "").replace("\0", "").split())[:LONGEST_WORDS],
            category=digits(number),
            only_open=asked.get("show") == "open",
            sort=sort if sort in SORTS else "",
        )

    def address(self, **changes: object) -> str:
        """Return the parameters of this wish with something changed, as `?…`."""
        wish = self._replace(**changes)  # type: ignore[arg-type]
        asked = {
            "q": wish.words,
            "category": wish.category,
            "show": "open" if wish.only_open else "",
            "sort": wish.sort,
        }
        return "?" + urlencode({name: value for name, value in asked.items() if value})


def find(wish: Wish, *, at: datetime) -> GiftQuerySet:
    """Return the gifts on the shelf that fit a wish, in its order; whether they are open, `mall.shelf` tells."""
    gifts = Gift.objects.on_shelf(at).defer("description")
    if wish.category is not None:
        gifts = gifts.filter(category=wish.category)
    for word in wish.words.split()[:MOST_WORDS]:
        gifts = gifts.filter(Q(name__icontains=word) | Q(description__icontains=word))
    if wish.sort == "popular":
        gifts = gifts.with_interest(since=(at - POPULAR_WITHIN).date())
    return gifts.order_by(*ORDERS[wish.sort])
