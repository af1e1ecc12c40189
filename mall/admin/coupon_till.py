"""Coupons at the counter: what one takes off an order, its use, and its return."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.back_office import Facts, actor, ask, log
from mall import counter, coupons
from mall.admin import scanned
from mall.admin.coupon_forms import TillForm
from mall.coupon_words import condition, validity, worth, yuan
from mall.models import Coupon, CouponUse
from mall.redeeming import Refused

RIGHT = "mall.use_coupon"
PLACE = "counter-place"


def hand_over(request: HttpRequest, coupon: Coupon) -> HttpResponse:
    """Go on from the counter with a coupon that was scanned there."""
    return scanned.go_on(request, "admin:mall_coupon_till", coupon.code)


class Till(Facts):
    """Adds the counter's page to the desk of members' coupons."""

    def get_urls(self) -> list[URLPattern]:
        page = path("counter/", self.admin_site.admin_view(self.till), name="mall_coupon_till")
        return [page, *super().get_urls()]

    def till(self, request: HttpRequest) -> HttpResponse:
        """Take a code and an order, say what comes off, use it; or give it back."""
        if not request.user.has_perm(RIGHT):
            raise PermissionDenied
        if (led_on := scanned.taken(request)) is not None:
            return led_on
        here, read = reverse("admin:mall_coupon_till"), _read(request)
        start = {"place": request.session.get(PLACE, ""), "code": read.shown_code if read else ""}
        form = TillForm(request.POST or None, initial=start)
        back = form.is_valid() and form.cleaned_data["back"]
        page = ask(
            request,
            self,
            title=_("Use a coupon"),
            introduction=" · ".join(_told(read)) if read else "",
            question=lambda: _of_return(form) if back else _of_use(form),
            confirm=_("Give it back") if back else _("Use it now"),
            back=here if request.method == "POST" else reverse("admin:index"),
            form=form,
        )
        if page is not None:
            return page
        request.session[PLACE] = form.cleaned_data["place"]
        try:
            self._come_back(request, form) if back else self._use(request, form)
        except Refused as refused:
            messages.error(request, str(refused))
        return HttpResponseRedirect(here)

    def _use(self, request: HttpRequest, form: TillForm) -> None:
        used = coupons.use(code=form.cleaned_data["code"], order=form.order, **_said(request, form))
        words = gettext("¥%(off)s off order %(order)s: %(coupon)s was used.")
        self._tell(request, used, words)

    def _come_back(self, request: HttpRequest, form: TillForm) -> None:
        given = form.cleaned_data
        said = _said(request, form)
        used = coupons.give_back(code=given["code"], order_reference=given["order_reference"], **said)
        self._tell(request, used, gettext("%(coupon)s is back from order %(order)s."))

    def _tell(self, request: HttpRequest, use: CouponUse, words: str) -> None:
        told = words % {"off": yuan(use.amount_off), "order": use.order_reference, "coupon": use.coupon}
        log(request, [use.coupon], told)
        messages.success(request, told)


def _read(request: HttpRequest) -> Coupon | None:
    """Return the coupon that was scanned at the counter, or whose QR code a phone has read."""
    code = scanned.waiting(request)
    return Coupon.objects.told().filter(code=counter.typed(code)).first() if code else None


def _said(request: HttpRequest, form: TillForm) -> dict[str, Any]:
    given = form.cleaned_data
    key, place = f"counter:{given['request_key']}", given["place"]
    return {"request_key": key, "through": place, "actor_id": actor(request), "at": timezone.now()}


def _told(coupon: Coupon) -> list[str]:
    """Return what staff should know of a coupon."""
    state = coupon.state_at(timezone.now())
    told = [f"{coupon} ({worth(coupon)}, {condition(coupon)})", validity(coupon)]
    return [*told, gettext("State: %(state)s") % {"state": state.label}]


def _of_use(form: TillForm) -> list[str]:
    order, coupon = form.order, form.coupon
    what = {"off": yuan(form.off), "order": order.reference, "amount": yuan(order.amount)}
    return [
        gettext("Take ¥%(off)s off order %(order)s of ¥%(amount)s?") % what,
        f"{coupon.member} {coupon.member.masked_phone}",
        *_told(coupon),
    ]


def _of_return(form: TillForm) -> list[str]:
    coupon, used = form.coupon, form.coupon.use
    what = {"coupon": coupon, "order": form.cleaned_data["order_reference"]}
    told = [gettext("Give %(coupon)s back from order %(order)s?") % what]
    if used:
        told.append(gettext("It had taken ¥%(amount)s off.") % {"amount": yuan(used.amount_off)})
    told.append(f"{coupon.member} {coupon.member.masked_phone}")
    if coupon.ends_at and coupon.ends_at <= timezone.now():
        told.append(gettext("It has expired meanwhile: the member cannot use it again."))
    return told
