"""Redeeming a gift: where to, what it costs, done."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from loyalty import ledger
from mall import addresses, redeeming
from mall.forms import QuantityForm, RedeemForm, WhereForm, form_for
from mall.models import Redemption
from mall.views.mine import own
from mall.views.storefront import offer_to
from members.models import Member
from members.views import member_required

BUSY_SECONDS = 2


@member_required
def redeem(request: HttpRequest, member: Member, gift_id: int) -> HttpResponse:
    """Ask where to, show what it costs, redeem: three steps of one form.

    `agreed_cost` is what the member saw, never what he pays: if it is not today's cost he is shown that one first.
    """
    at = timezone.now()
    context = offer_to(member, gift_id, at=at)
    if request.method != "POST":
        if not context["offer"].open:
            return redirect("gift", gift_id)
        return render(request, "mall/redeem.html", context | {"form": form_for(context["gift"], member)})
    form = form_for(context["gift"], member, request.POST)
    if not form.is_valid() or "change" in request.POST:
        return _ask_again(request, context, form)
    offer, quantity = context["offer"], form.cleaned_data["quantity"]
    price = redeeming.Price(offer.points * quantity, offer.cash * quantity)
    if request.POST.get("agreed_cost") != price.word:
        return _review(request, context, form, price)
    try:
        redemption = redeeming.redeem(
            member_id=member.pk,
            gift_id=gift_id,
            quantity=quantity,
            at=at,
            request_key=form.cleaned_data["request_key"],
            address=form.to,
            agreed=price,
        )
    except redeeming.Busy as busy:
        return _once_more(request, context, form, price, busy)
    except redeeming.REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _ask_again(request, context, form)
    except redeeming.KeyReused:
        messages.error(request, _("This page was used before. Please look at My redemptions, then start again."))
        return redirect("gift", gift_id)
    if isinstance(form, RedeemForm):
        keep_address(member, form)
    unpaid = redemption.state == Redemption.State.UNPAID
    return redirect("pay_redemption" if unpaid else "redeemed", redemption.pk)


@require_safe
@member_required
def redeemed(request: HttpRequest, member: Member, redemption_id: int) -> HttpResponse:
    """Say that it worked."""
    context = {
        "redemption": own(member, redemption_id),
        "standing": ledger.standing(member_id=member.pk, at=timezone.now()),
    }
    return render(request, "mall/redeemed.html", context)


def keep_address(member: Member, form: WhereForm) -> None:
    """Put a new address into the member's book if he wants it and it fits; one that is there already stays once."""
    given = form.to_keep
    if given:
        with suppress(addresses.TooMany):
            addresses.keep(member_id=member.pk, given=given)


def _ask_again(request: HttpRequest, context: dict[str, Any], form: QuantityForm) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "mall/redeem.html", context | {"form": form}, status=status)


def _review(request: HttpRequest, context: dict[str, Any], form: QuantityForm, price: redeeming.Price) -> HttpResponse:
    left = context["standing"].available - price.points
    if left < 0:
        form.add_error("quantity", _("You have too few points for that many."))
        return _ask_again(request, context, form)
    if "agreed_cost" in request.POST:
        messages.warning(request, _("The price has changed. Please look at it again."))
    return render(request, "mall/review.html", context | _reviewed(form, price, left))


def _once_more(
    request: HttpRequest, context: dict[str, Any], form: QuantityForm, price: redeeming.Price, busy: redeeming.Busy
) -> HttpResponse:
    """Show the last page again: its form has the same request key, so one touch more is all."""
    shown = _reviewed(form, price, context["standing"].available - price.points) | {"busy": busy}
    response = render(request, "mall/review.html", context | shown, status=503)
    response["Retry-After"] = str(BUSY_SECONDS)
    return response


def _reviewed(form: QuantityForm, price: redeeming.Price, left: int) -> dict[str, Any]:
    return {"form": form, "cost": price.points, "price": price, "left": left}
