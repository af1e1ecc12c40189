"""The storefront as staff have dressed it, for one member at one moment. It only reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from mall.models import Banner, Notice, Section
from mall.shelf import Offer

__all__ = ("Front", "Row", "dressed")

MOST_BANNERS = 6
MOST_NOTICES = 3
MOST_SECTIONS = 12
Kind = Section.Kind


class Row(NamedTuple):
    """A section with the gifts in it; none is empty."""

    section: Section
    offers: list[Offer]


class Front(NamedTuple):
    """What stands above all gifts."""

    banners: list[Banner]
    notices: list[Notice]
    rows: list[Row]


def dressed(offers: Sequence[Offer], *, at: datetime, drafts: bool = False) -> Front:
    """Return banners, notices and sections over the member's offers; with `drafts` also what is switched off.

    Four queries, however much there is.
    """
    banners = Banner.objects.on_show(at, drafts=drafts)[:MOST_BANNERS]
    notices = Notice.objects.on_show(at, drafts=drafts)[:MOST_NOTICES]
    sections = Section.objects.on_show(at, drafts=drafts).select_related("category").prefetch_related("picked")
    rows = [Row(section, _of(section, offers)) for section in sections[:MOST_SECTIONS]]
    return Front(list(banners), list(notices), [row for row in rows if row.offers])


def _of(section: Section, offers: Sequence[Offer]) -> list[Offer]:
    if section.kind == Kind.PICKED:
        by_gift = {offer.gift.pk: offer for offer in offers}
        chosen = [by_gift[pick.gift_id] for pick in section.picked.all() if pick.gift_id in by_gift]
    elif section.kind == Kind.NEWEST:
        chosen = sorted(offers, key=lambda offer: -offer.gift.pk)
    elif section.kind == Kind.AFFORDABLE:
        chosen = [offer for offer in offers if offer.open]
    elif section.kind == Kind.CATEGORY:
        chosen = [offer for offer in offers if offer.gift.category_id == section.category_id]
    else:
        chosen = [offer for offer in offers if offer.gift.featured]
    return chosen[: section.most]
