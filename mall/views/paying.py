"""Paying the yuan of a redemption: the member's page, the providers' notify address, the sandbox of development."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from mall import paying
from mall.models import MallPolicy, Payment, Redemption
from mall.payment import Forged, Notice, offered, provider, sandbox
from mall.redeeming import Refused
from mall.views.mine import own
from mall.views.scanning import counter_qr
from members.models import Member
from members.views import member_required

log = logging.getLogger(__name__)


@member_required
def pay(request: HttpRequest, member: Member, redemption_id: int) -> HttpResponse:
    """Say what is to be paid and until when; start a payment with the way that the member chooses."""
    one = own(member, redemption_id)
    if one.state != Redemption.State.UNPAID:
        return redirect("redemption", one.pk)
    if request.method == "POST":
        return _begun(request, member, one)
    counter = one.payments.filter(provider="counter", state=Payment.State.OPEN).first()
    context = {
        "redemption": one,
        "providers": offered(),
        "counter": counter,
        "counter_qr": counter_qr(request, counter.number) if counter else "",
        "policy": MallPolicy.current() if counter else None,
        "overdue": one.pay_before <= timezone.now(),  # type: ignore[operator]
    }
    return render(request, "mall/pay.html", context)


def _begun(request: HttpRequest, member: Member, one: Redemption) -> HttpResponse:
    chosen = next((each for each in offered() if each.code == request.POST.get("provider")), None)
    if chosen is None:
        return redirect("pay_redemption", one.pk)
    try:
        payment = paying.begin(redemption_id=one.pk, member_id=member.pk, provider=chosen, at=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("redemption", one.pk)
    return redirect(chosen.start(payment))


@csrf_exempt
@require_POST
def notified(request: HttpRequest, code: str) -> HttpResponse:
    """Take what a provider tells of a payment. Whoever else writes here finds nothing."""
    try:
        teller = provider(code)
        notice = teller.notice(request)
    except (KeyError, Forged) as error:
        log.warning("a notice to %s was refused from %s", code[:20], request.META.get("REMOTE_ADDR"))
        raise Http404 from error
    return teller.answer(_settled(code, notice))


def _settled(code: str, notice: Notice) -> bool:
    """Settle a genuine notice. One that can never be settled is understood too: it is logged, staff look at it."""
    try:
        paying.settle(provider=code, notice=notice, at=timezone.now())
    except Refused as refusal:
        log.warning("notice of %s about %s: %s", code, notice.number, refusal.code)
    return True


@member_required
def sandbox_page(request: HttpRequest, member: Member, number: str) -> HttpResponse:
    """Stand in for a provider's page: pay, or fail. Only with DEBUG."""
    payments = Payment.objects.filter(provider="sandbox", redemption__member=member)
    if not provider_is_ready("sandbox"):
        raise Http404
    payment = get_object_or_404(payments.select_related("redemption"), number=number)
    if request.method != "POST":
        return render(request, "mall/sandbox.html", {"payment": payment})
    notice = sandbox.read(sandbox.message(payment, paid="pay" in request.POST))
    _settled("sandbox", notice)
    return redirect("redeemed" if notice.paid else "pay_redemption", payment.redemption_id)


def provider_is_ready(code: str) -> bool:
    return any(each.code == code for each in offered())
