"""Gifts that a member keeps in mind."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from loyalty import ledger
from mall import favourites, shelf
from mall.models import MOST_FAVOURITES, Gift
from mall.views.storefront import offer_to
from members.models import Member
from members.views import member_required


@require_safe
@member_required
def listed_favourites(request: HttpRequest, member: Member) -> HttpResponse:
    """The member's favourites, what has newly become ready first."""
    at = timezone.now()
    standing = ledger.standing(member_id=member.pk, at=at)
    order = {gift_id: place for place, gift_id in enumerate(favourites.of(member))}
    gifts = sorted(Gift.objects.on_shelf(at).filter(pk__in=order).defer("description"), key=lambda one: order[one.pk])
    prefetch_related_objects(gifts, "pictures")
    context = {"offers": shelf.offers(gifts, member, available=standing.available, at=at), "standing": standing}
    return render(request, "mall/favourites.html", context)


@require_POST
@member_required
def favourite(request: HttpRequest, member: Member, gift_id: int) -> HttpResponse:
    """Keep a gift in mind or forget it, as the button said; htmx gets the button back, others the gift's page."""
    at = timezone.now()
    context = offer_to(member, gift_id, at=at)
    if "remove" in request.POST:
        favourites.remove(member_id=member.pk, gift_id=gift_id)
    elif not favourites.add(member_id=member.pk, gift_id=gift_id, ready=context["offer"].open, at=at):
        words = _("You have %(most)s favourites, as many as fit. Remove one first.") % {"most": MOST_FAVOURITES}
        messages.warning(request, words)
    if request.htmx:  # type: ignore[attr-defined]
        kept = favourites.is_one(member_id=member.pk, gift_id=gift_id)
        return render(request, "mall/_favourite.html", context | {"kept": kept})
    return redirect("gift", gift_id)
