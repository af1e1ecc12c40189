"""Home, the mall, a gift."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.numbers import digits
from loyalty import ledger
from loyalty.models import Posting
from loyalty.views import read
from mall import browsing, drawing, favourites, hours, interest, parcels, shelf, storefront
from mall.models import Category, Coupon, Gift, Medal
from members import news
from members.models import Member
from members.views import member_required

SOON = timedelta(days=60)
HOME_ENTRIES = 4
HOME_GIFTS = 4
HOME_MEDALS = 5
PAGE = 24

news.SOURCES.extend([parcels.news, favourites.news])


@require_safe
@member_required
def home(request: HttpRequest, member: Member) -> HttpResponse:
    """Points, tier, what ends soon, the newest postings, some gifts."""
    at = timezone.now()
    standing = ledger.standing(member_id=member.pk, at=at)
    offers = shelf.offers(Gift.objects.on_shelf(at).with_pictures()[:12], member, available=standing.available, at=at)
    context = {
        "member": member,
        "standing": standing,
        "news": news.of(member, at=at),
        "expiring": standing.expiring[:3],
        "soon": at + SOON,
        "progress": member.progress(standing.growth),
        "medals": Medal.objects.of(member)[:HOME_MEDALS],
        "page": read(Posting.objects.of(member).shown(), "", at=at, most=HOME_ENTRIES),
        "coupons": Coupon.objects.usable(at).filter(member=member).count(),
        "offers": sorted(offers, key=lambda offer: not offer.open)[:HOME_GIFTS],
    }
    return render(request, "mall/home.html", context)


@require_safe
@member_required
def mall(request: HttpRequest, member: Member) -> HttpResponse:
    """The storefront as staff have dressed it, and below it all gifts; or those that fit what is looked for."""
    at = timezone.now()
    standing = ledger.standing(member_id=member.pk, at=at)
    context = listed(request.GET, member, available=standing.available, at=at)
    context["draws"] = drawing.going_on(at) if context["front"] else []
    part = request.htmx and context["page"] > 1  # type: ignore[attr-defined]
    return render(request, "mall/_more_gifts.html" if part else "mall/mall.html", context)


def listed(
    asked: Mapping[str, str], member: Member, *, available: int, at: datetime, drafts: bool = False
) -> dict[str, Any]:
    """Return what the mall's page shows: a page of the gifts looked for and, if nothing is, the storefront."""
    wish, page = browsing.Wish.of(asked), _number(asked.get("page", ""))
    offers = shelf.offers(browsing.find(wish, at=at)[: browsing.MOST_GIFTS], member, available=available, at=at)
    if wish.sort == "points":
        offers.sort(key=lambda offer: offer.points)  # what a piece costs this member
    front = None if wish != browsing.Wish() or page > 1 else storefront.dressed(offers, at=at, drafts=drafts)
    shelves = list(Category.objects.all())
    found = [offer for offer in offers if offer.open or not wish.only_open]
    shown = found[(page - 1) * PAGE : page * PAGE]
    rows = [offer for row in (front.rows if front else ()) for offer in row.offers]
    prefetch_related_objects([offer.gift for offer in {*shown, *rows}], "pictures")
    return {
        "wish": wish,
        "sorts": [(sort, words, wish.address(sort=sort)) for sort, words in browsing.SORTS.items()],
        "shelves": [(one, wish.address(category=one.pk, words="")) for one in shelves],
        "shelf": next((one for one in shelves if one.pk == wish.category), None),
        "front": front,
        "available": available,
        "offers": shown,
        "number": len(found),
        "page": page,
        "more": f"{wish.address()}&page={page + 1}" if len(found) > page * PAGE else "",
        "all_of_it": wish.address(words="", category=None, only_open=False),
        "open_of_it": wish.address(only_open=not wish.only_open),
        "empty": not offers and wish == browsing.Wish(),
    }


def _number(asked: str) -> int:
    """Return the page asked for, 1 for anything that is none."""
    return digits(asked, most=4) or 1


@require_safe
@member_required
def gift(request: HttpRequest, member: Member, gift_id: int) -> HttpResponse:
    """One gift. A look of a member counts; one of staff, or of a browser that looks ahead, does not."""
    at = timezone.now()
    context = offer_to(member, gift_id, at=at)
    if not request.user.is_staff and "prefetch" not in request.headers.get("sec-purpose", ""):
        interest.saw(gift_id=gift_id, day=timezone.localdate(at))
    context |= {
        "kept": favourites.is_one(member_id=member.pk, gift_id=gift_id),
        "hours": [hours.told(window) for window in context["gift"].windows.select_related("campaign")],
        "prices": list(context["gift"].tier_prices.select_related("tier")),
    }
    return render(request, "mall/gift.html", context)


def offer_to(member: Member, gift_id: int, *, at: datetime) -> dict[str, Any]:
    """Return a gift as the member sees it, and what he has; 404 for one off the shelf."""
    standing = ledger.standing(member_id=member.pk, at=at)
    found = get_object_or_404(Gift.objects.shown().with_pictures(), pk=gift_id)
    [offer] = shelf.offers([found], member, available=standing.available, at=at)
    return {"standing": standing, "offer": offer, "gift": found}
