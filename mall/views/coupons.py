"""The coupons that a member holds, and one of them large, to be shown at the counter."""

from __future__ import annotations

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config.numbers import digits
from mall.models import Coupon, CouponQuerySet
from mall.views.scanning import counter_qr
from members.models import Member
from members.views import member_required

PAGE = 30
SHELVES = {"": _("To use"), "used": _("Used"), "gone": _("Expired")}


class HeldCoupon(NamedTuple):
    """A coupon and what it is now."""

    coupon: Coupon
    state: Coupon.State


@require_safe
@member_required
def coupons(request: HttpRequest, member: Member) -> HttpResponse:
    """The member's coupons: those to use, soonest ending first; used ones; those that ended. Thirty at a time."""
    at, asked = timezone.now(), request.GET.get("show", "")
    show = asked if asked in SHELVES else ""
    page = _number(request.GET.get("page", ""))
    rows = _shelf(Coupon.objects.told().filter(member=member), show)
    found = list(rows[(page - 1) * PAGE : page * PAGE + 1])
    context = {
        "held": [HeldCoupon(one, one.state_at(at)) for one in found[:PAGE]],
        "show": show,
        "shelves": list(SHELVES.items()),
        "page": page,
        "more": len(found) > PAGE,
    }
    return render(request, "mall/coupons.html", context)


@require_safe
@member_required
def coupon(request: HttpRequest, member: Member, coupon_id: int) -> HttpResponse:
    """One coupon of the member's with its code; 404 for another's."""
    one = get_object_or_404(Coupon.objects.told().filter(member=member), pk=coupon_id)
    state = one.state_at(timezone.now())
    open_ = state in (Coupon.State.OPEN, Coupon.State.LATER)
    context = {"coupon": one, "state": state, "open": open_, "qr": ""}
    if open_:
        context["qr"] = counter_qr(request, one.shown_code, page="admin:mall_coupon_till")
    return render(request, "mall/coupon.html", context)


def _shelf(rows: CouponQuerySet, show: str) -> CouponQuerySet:
    at = timezone.now()
    if show == "used":
        return rows.exclude(use=None).order_by("-use")
    if show == "gone":
        return rows.gone(at).order_by("-id")
    return rows.usable(at).order_by("ends_at", "id")


def _number(asked: str) -> int:
    """Return the page asked for, 1 for anything that is none."""
    return digits(asked, most=4) or 1
