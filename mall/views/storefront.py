"""Home, the mall, a gift."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from loyalty import ledger
from loyalty.models import Posting
from loyalty.views import read
from mall import shelf
from mall.models import Gift
from members import news
from members.models import Member
from members.views import member_required

SOON = timedelta(days=60)
HOME_ENTRIES = 4
HOME_GIFTS = 4


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
        "page": read(Posting.objects.of(member).shown(), "", at=at, most=HOME_ENTRIES),
        "offers": sorted(offers, key=lambda offer: not offer.open)[:HOME_GIFTS],
    }
    return render(request, "mall/home.html", context)


@require_safe
@member_required
def mall(request: HttpRequest, member: Member) -> HttpResponse:
    """All gifts on the shelf, or those that the member can redeem now."""
    at = timezone.now()
    standing = ledger.standing(member_id=member.pk, at=at)
    offers = shelf.offers(Gift.objects.on_shelf(at).with_pictures(), member, available=standing.available, at=at)
    only = request.GET.get("show") == "open"
    context = {
        "standing": standing,
        "offers": [offer for offer in offers if offer.open or not only],
        "only": only,
        "empty": not offers,
    }
    return render(request, "mall/mall.html", context)


@require_safe
@member_required
def gift(request: HttpRequest, member: Member, gift_id: int) -> HttpResponse:
    """One gift."""
    return render(request, "mall/gift.html", offer_to(member, gift_id, at=timezone.now()))


def offer_to(member: Member, gift_id: int, *, at: datetime) -> dict[str, Any]:
    """Return a gift as the member sees it, and what he has; 404 for one off the shelf."""
    standing = ledger.standing(member_id=member.pk, at=at)
    found = get_object_or_404(Gift.objects.shown().with_pictures(), pk=gift_id)
    [offer] = shelf.offers([found], member, available=standing.available, at=at)
    return {"standing": standing, "offer": offer, "gift": found}
