"""What became of what a member redeemed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.numbers import digits
from mall import codes, reversing, shipping
from mall.forms import CancelForm
from mall.models import Gift, Medal, Redemption, Refund, Reversal, Voucher
from mall.redeeming import KeyReused, Refused
from mall.views.coupons import HeldCoupon
from mall.views.scanning import counter_qr
from members.models import Member
from members.views import member_required

PAGE = 20
MOST_MEDALS = 24
COUNTER = Gift.AT_THE_COUNTER
MOST_DRAWN = 10


class Held(NamedTuple):
    """A voucher, what it is now, and its QR code while it can be used."""

    voucher: Voucher
    state: Voucher.State
    qr: str


class GoneBack(NamedTuple):
    """Pieces that went back in a step, and the money for them."""

    step: Reversal
    refunds: list[Refund]


@require_safe
@member_required
def redemptions(request: HttpRequest, member: Member) -> HttpResponse:
    """The member's redemptions, twenty at a time, newest first."""
    before = digits(request.GET.get("before"))
    rows = Redemption.objects.of(member)
    if before is not None:
        rows = rows.filter(id__lt=before)
    shown = list(rows[: PAGE + 1])
    context = {
        "redemptions": shown[:PAGE],
        "before": shown[PAGE - 1].pk if len(shown) > PAGE else None,
        "older": before is not None,
    }
    part = request.htmx and before  # type: ignore[attr-defined]
    return render(request, "mall/_redemptions.html" if part else "mall/redemptions.html", context)


@require_safe
@member_required
def redemption(request: HttpRequest, member: Member, redemption_id: int) -> HttpResponse:
    """One redemption and how far it has come."""
    one, at = own(member, redemption_id), timezone.now()
    vouchers = list(_held(request, one, at)) if one.kind in COUNTER else []
    context: dict[str, Any] = {
        "redemption": one,
        "codes": list(one.codes.order_by("pk")) if one.kind in Gift.FROM_A_POOL else [],
        "vouchers": vouchers,
        "open": any(held.qr for held in vouchers),
        "back": _gone_back(one) if one.returned else {},
    }
    if one.kind == Gift.Kind.COUPON:
        context["coupons"] = [HeldCoupon(c, c.state_at(at)) for c in one.coupons.told().order_by("pk")]
    return render(request, "mall/redemption.html", context)


def _gone_back(one: Redemption) -> dict[str, list[GoneBack]]:
    """Return the steps in which pieces went back by where they stand on the way: unpacked, packed or later."""
    refunds = list(Refund.objects.filter(payment__redemption=one).order_by("pk")) if one.cash else []
    on_way: dict[str, list[GoneBack]] = {"unpacked": [], "packed": [], "later": []}
    steps, returned = list(one.reversals.order_by("pk")), 0
    for step in steps:
        returned += step.pieces
        own_key = reversing.key_of(one, step.pieces, returned)
        others = [] if step is not steps[-1] else [each for each in refunds if each.key.startswith("payment:")]
        told = GoneBack(step, [each for each in refunds if each.key == own_key] + others)
        if step.state == Redemption.State.RETURNED:
            on_way["later"].append(told)
        else:
            on_way["packed" if one.packed_at and step.at >= one.packed_at else "unpacked"].append(told)
    return on_way


def _held(request: HttpRequest, redemption: Redemption, at: datetime) -> Iterator[Held]:
    """Tell of each voucher; the first few that can be used have a picture, and each has its code in letters."""
    drawn = 0
    for voucher in redemption.vouchers.order_by("pk"):
        state = voucher.state_at(at)
        draws = state == Voucher.State.OPEN and drawn < MOST_DRAWN
        drawn += draws
        yield Held(voucher, state, counter_qr(request, voucher.code) if draws else "")


@require_POST
@member_required
def reveal_codes(request: HttpRequest, member: Member, redemption_id: int) -> HttpResponse:
    """Show the codes of a redemption to their owner: from now on they are his for good."""
    one = own(member, redemption_id)
    with suppress(Redemption.DoesNotExist):  # it went back meanwhile; its page says so
        codes.reveal(redemption_id=one.pk, member_id=member.pk, at=timezone.now())
    return redirect("redemption", one.pk)


@require_safe
@member_required
def medals(request: HttpRequest, member: Member) -> HttpResponse:
    """The member's medals with their dates, and those that there are to get."""
    own = list(Medal.objects.of(member))
    shown = Gift.objects.on_shelf(timezone.now()).filter(kind=Gift.Kind.MEDAL).defer("description").with_pictures()
    others = shown.exclude(pk__in=[medal.gift_id for medal in own])[:MOST_MEDALS]
    return render(request, "mall/medals.html", {"medals": own, "others": others})


@member_required
def cancel(request: HttpRequest, member: Member, redemption_id: int) -> HttpResponse:
    """Ask, then cancel a redemption that is not packed yet, or some of its pieces."""
    one = own(member, redemption_id)
    form = CancelForm(request.POST if request.method == "POST" else None, redemption=one)
    if not form.is_valid():
        return render(request, "mall/cancel.html", {"redemption": one, "form": form})
    try:
        shipping.cancel(redemption_id=one.pk, member_id=member.pk, at=timezone.now(), **form.cleaned_data)
    except (Refused, KeyReused) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _cancelled(one))
    return redirect("redemption", one.pk)


def _cancelled(one: Redemption) -> str:
    if getattr(one, "won", None):
        return _("You gave the prize up.")
    return _("Cancelled. Your points are back.") if one.points else _("Cancelled.")


@require_POST
@member_required
def receive(request: HttpRequest, member: Member, redemption_id: int) -> HttpResponse:
    """Note that the parcel has arrived."""
    one = own(member, redemption_id)
    try:
        shipping.receive(redemption_id=one.pk, member_id=member.pk, at=timezone.now())
    except shipping.WrongState as refusal:
        messages.error(request, str(refusal))
    return redirect("redemption", one.pk)


def own(member: Member, redemption_id: int) -> Redemption:
    """Return the member's redemption; 404 for another's."""
    return get_object_or_404(Redemption.objects.of(member), pk=redemption_id)
