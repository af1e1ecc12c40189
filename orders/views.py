"""Members enter the numbers of orders that they made elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.numbers import digits
from members.models import Member
from members.news import SOURCES, News
from members.views import member_required
from orders import claims
from orders.claim_forms import ClaimForm
from orders.models import Channel, Claim

PAGE = 20
NEWS_KEPT = timedelta(days=3)
MOST_NEWS = 3
LEVELS = {
    Claim.State.CREDITED: messages.SUCCESS,
    Claim.State.REFUSED: messages.ERROR,
    Claim.State.GIVEN_UP: messages.ERROR,
}


@member_required
def claim(request: HttpRequest, member: Member) -> HttpResponse:
    """Take in order numbers; show what became of the member's claims.

    A parcel card's QR code leads here with `?n=` the number and `channel=` the shop's code.
    """
    channels = list(Channel.objects.claimable())
    if request.method != "POST":
        first = {"numbers": request.GET.get("n", "")[:200], "channel": request.GET.get("channel", "")[:30]}
        return _page(request, member, ClaimForm(initial=first, channels=channels), channels)
    form = ClaimForm(request.POST, channels=channels)
    if not form.is_valid():
        return _page(request, member, form, channels, status=422)
    try:
        made = claims.claim(member_id=member.pk, **form.given(), at=timezone.now(), address=address(request))
    except claims.Refused as refused:
        form.add_error("numbers", str(refused))
        return _page(request, member, form, channels, status=422)
    for one in made:
        messages.add_message(request, LEVELS.get(Claim.State(one.state), messages.INFO), _sentence(one))
    return redirect("claims")


def _page(
    request: HttpRequest, member: Member, form: ClaimForm, channels: list[Channel], status: int = 200
) -> HttpResponse:
    before = digits(request.GET.get("before"))
    rows = Claim.objects.of(member)
    if before is not None:
        rows = rows.filter(id__lt=before)
    shown = list(rows[: PAGE + 1])
    context: dict[str, Any] = {
        "form": form,
        "channels": channels,
        "claims": claims.tell(shown[:PAGE], at=timezone.now()),
        "before": shown[PAGE - 1].pk if len(shown) > PAGE else None,
        "older": before is not None,
    }
    part = request.htmx and before  # type: ignore[attr-defined]
    return render(request, "orders/_claims.html" if part else "orders/claims.html", context, status=status)


def news(member: Member, at: datetime) -> list[News]:
    """Tell what became of claims that had to wait, for some days."""
    found = list(Claim.objects.news(member, at - NEWS_KEPT)[: claims.MOST * 2])
    page = reverse("claims")
    told = [
        News(_sentence(one), page, "success" if one.state == Claim.State.CREDITED else "warning")
        for one in claims.tell(found[:MOST_NEWS], at=at)
    ]
    if more := len(found) - len(told):
        words = ngettext(
            "%(number)s more of the orders that you entered was decided.",
            "%(number)s more of the orders that you entered were decided.",
            more,
        )
        told.append(News(words % {"number": more}, page))
    return told


def _sentence(claim: Claim) -> str:
    return _("%(number)s: %(words)s") % {"number": claim.number, "words": claim.words}


def address(request: HttpRequest) -> str:
    """Return the visitor's internet address; of IPv6 the network that one household has."""
    found = ip_address(get_adapter().get_client_ip(request))
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)


SOURCES.append(news)
