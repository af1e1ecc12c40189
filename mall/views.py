"""Home, the mall, redeeming a gift, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from loyalty import ledger
from loyalty.models import Posting
from loyalty.views import read
from mall import redeeming, shelf, shipping
from mall.forms import RedeemForm, first_values
from mall.models import Gift, Redemption
from members import news
from members.models import Member
from members.views import member_required

PAGE = 20
SOON = timedelta(days=60)
HOME_ENTRIES = 4
HOME_GIFTS = 4


@require_safe
@member_required
def home(request: HttpRequest, member: Member) -> HttpResponse:
    """Points, tier, what ends soon, the newest postings, some gifts."""
    at = timezone.now()
    standing = ledger.standing(member_id=member.pk, at=at)
    offers = shelf.offers(Gift.objects.on_shelf(at)[:12], member, available=standing.available, at=at)
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
    offers = shelf.offers(Gift.objects.on_shelf(at), member, available=standing.available, at=at)
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
    return render(request, "mall/gift.html", _offer(member, gift_id, at=timezone.now()))


@member_required
def redeem(request: HttpRequest, member: Member, gift_id: int) -> HttpResponse:
    """Ask where to, show what it costs, redeem: three steps of one form.

    `agreed_cost` is what the member saw, never what he pays: if it is not today's cost he is shown that one first.
    """
    at = timezone.now()
    context = _offer(member, gift_id, at=at)
    if request.method != "POST":
        if not context["offer"].open:
            return redirect("gift", gift_id)
        return render(request, "mall/redeem.html", context | {"form": RedeemForm(initial=first_values(member))})
    form = RedeemForm(request.POST)
    if not form.is_valid() or "change" in request.POST:
        return _ask_again(request, context, form)
    cost = context["gift"].points * form.cleaned_data["quantity"]
    if request.POST.get("agreed_cost") != str(cost):
        return _review(request, context, form, cost)
    try:
        redemption = redeeming.redeem(
            member_id=member.pk,
            gift_id=gift_id,
            quantity=form.cleaned_data["quantity"],
            at=at,
            request_key=form.cleaned_data["request_key"],
            address=form.to,
        )
    except redeeming.REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _ask_again(request, context, form)
    except redeeming.KeyReused:
        messages.error(request, _("This page was used before. Please look at My redemptions, then start again."))
        return redirect("gift", gift_id)
    return redirect("redeemed", redemption.pk)


@require_safe
@member_required
def redeemed(request: HttpRequest, member: Member, redemption_id: int) -> HttpResponse:
    """Say that it worked."""
    context = {
        "redemption": _own(member, redemption_id),
        "standing": ledger.standing(member_id=member.pk, at=timezone.now()),
    }
    return render(request, "mall/redeemed.html", context)


@require_safe
@member_required
def redemptions(request: HttpRequest, member: Member) -> HttpResponse:
    """The member's redemptions, twenty at a time, newest first."""
    before = request.GET.get("before", "")
    rows = Redemption.objects.of(member)
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(id__lt=int(before))
    shown = list(rows[: PAGE + 1])
    context = {
        "redemptions": shown[:PAGE],
        "before": shown[PAGE - 1].pk if len(shown) > PAGE else None,
        "older": bool(before),
    }
    part = request.htmx and before  # type: ignore[attr-defined]
    return render(request, "mall/_redemptions.html" if part else "mall/redemptions.html", context)


@require_safe
@member_required
def redemption(request: HttpRequest, member: Member, redemption_id: int) -> HttpResponse:
    """One redemption and how far it has come."""
    return render(request, "mall/redemption.html", {"redemption": _own(member, redemption_id)})


@member_required
def cancel(request: HttpRequest, member: Member, redemption_id: int) -> HttpResponse:
    """Ask, then cancel a redemption that is not packed yet."""
    own = _own(member, redemption_id)
    if request.method != "POST":
        return render(request, "mall/cancel.html", {"redemption": own})
    try:
        shipping.cancel(redemption_id=own.pk, member_id=member.pk, at=timezone.now())
    except shipping.WrongState as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Cancelled. Your points are back."))
    return redirect("redemption", own.pk)


@require_POST
@member_required
def receive(request: HttpRequest, member: Member, redemption_id: int) -> HttpResponse:
    """Note that the parcel has arrived."""
    own = _own(member, redemption_id)
    try:
        shipping.receive(redemption_id=own.pk, member_id=member.pk, at=timezone.now())
    except shipping.WrongState as refusal:
        messages.error(request, str(refusal))
    return redirect("redemption", own.pk)


def _own(member: Member, redemption_id: int) -> Redemption:
    return get_object_or_404(Redemption.objects.of(member), pk=redemption_id)


def _offer(member: Member, gift_id: int, *, at: datetime) -> dict[str, Any]:
    standing = ledger.standing(member_id=member.pk, at=at)
    found = get_object_or_404(Gift.objects.shown(), pk=gift_id)
    [offer] = shelf.offers([found], member, available=standing.available, at=at)
    return {"standing": standing, "offer": offer, "gift": found}


def _ask_again(request: HttpRequest, context: dict[str, Any], form: RedeemForm) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "mall/redeem.html", context | {"form": form}, status=status)


def _review(request: HttpRequest, context: dict[str, Any], form: RedeemForm, cost: int) -> HttpResponse:
    left = context["standing"].available - cost
    if left < 0:
        form.add_error("quantity", _("You have too few points for that many."))
        return _ask_again(request, context, form)
    if "agreed_cost" in request.POST:
        messages.warning(request, _("The price has changed. Please look at it again."))
    return render(request, "mall/review.html", context | {"form": form, "cost": cost, "left": left})
