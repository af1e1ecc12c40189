"""Vouchers, and the counter at which staff redeem them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.back_office import VIEW, Facts, actor, ask, log
from mall import counter, paying
from mall.admin import scanned
from mall.admin.coupon_till import RIGHT, hand_over
from mall.admin.forms import CounterForm
from mall.models import Payment, Voucher
from mall.redeeming import Refused
from members.forms import e164
from members.models import Member

COLOURS = {"OPEN": "warning", "USED": "success", "ENDED": "default", "VOIDED": "danger"}
PLACE = "counter-place"


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "used"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("still to use")), ("yes", _("used"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Voucher]) -> QuerySet[Voucher]:
        if self.value() == "yes":
            return queryset.exclude(used_at=None)
        return queryset.filter(used_at=None, voided_at=None) if self.value() == "no" else queryset


@admin.register(Voucher)
class VoucherAdmin(Facts):
    """A voucher is known here by its last four signs: the whole code is its owner's."""

    list_display = ["tail", "gift", "member", "shown_state", "issued_at", "ends_at", "used_at", "used_by", "used_where"]
    list_select_related = ["gift", "member", "used_by"]
    list_filter = [StateFilter, "gift"]
    search_fields = ["pk"]
    search_help_text = _("A whole code, or a member's whole phone number")
    sortable_by = ()
    rights = {"view": VIEW, "change": _("redeem at the counter")}
    fieldsets = [
        (None, {"fields": [("tail", "shown_state"), ("gift", "member"), "redemption"]}),
        (_("What happened"), {"fields": [("issued_at", "ends_at"), ("used_at", "used_by", "used_where"), "voided_at"]}),
    ]
    readonly_fields = ["tail", "shown_state"]
    empty_hint = _("Members redeem privileges and seats in the mall; their vouchers appear here.")

    def get_urls(self) -> list[URLPattern]:
        page = path("counter/", self.admin_site.admin_view(self.counter), name="mall_voucher_counter")
        return [page, *super().get_urls()]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        if phone := e164(search_term):
            return queryset.filter(member__in=Member.objects.filter(phone=phone)), False
        return queryset.filter(code=counter.typed(search_term)), False

    def counter(self, request: HttpRequest) -> HttpResponse:
        """Take a code, show what it stands for, use it."""
        if not request.user.has_perm("mall.change_voucher"):
            return HttpResponse(status=403)
        if (led_on := scanned.taken(request)) is not None:
            return led_on
        here = reverse("admin:mall_voucher_counter")
        takes_money, place = request.user.has_perm("mall.change_payment"), request.session.get(PLACE, "")
        first = {"place": place, "code": scanned.waiting(request)}
        form = CounterForm(request.POST or None, initial=first, takes_money=takes_money)
        form.is_valid()
        if form.coupon and request.user.has_perm(RIGHT):
            return hand_over(request, form.coupon)
        page = ask(
            request,
            self,
            title=_("Counter"),
            question=lambda: TOLD[type(form.found)](form.found),
            confirm=_("Redeem now") if isinstance(getattr(form, "found", None), Voucher) else _("Money received"),
            back=here if request.method == "POST" else reverse("admin:index"),
            form=form,
        )
        if page is not None:
            return page
        self._use(request, form)
        return HttpResponseRedirect(here)

    def _use(self, request: HttpRequest, form: CounterForm) -> None:
        request.session[PLACE] = form.cleaned_data["place"]
        try:
            if isinstance(form.found, Payment):
                self._taken(request, form.found, form.cleaned_data["place"])
            else:
                self._redeemed(request, form)
        except Refused as refused:
            why = _when(form.found) if isinstance(form.found, Voucher) else ""
            messages.error(request, f"{refused} {why}".strip())

    def _redeemed(self, request: HttpRequest, form: CounterForm) -> None:
        code, place = form.cleaned_data["code"], form.cleaned_data["place"]
        used = counter.use(code=code, at=timezone.now(), actor_id=actor(request), place=place)
        log(request, [used], gettext("Redeemed at the counter. %(place)s") % {"place": place})
        done = gettext("%(gift)s: redeemed for %(member)s.")
        messages.success(request, done % {"gift": used.gift, "member": used.member})

    def _taken(self, request: HttpRequest, payment: Payment, place: str) -> None:
        settled = paying.take(number=payment.number, at=timezone.now(), actor_id=actor(request))
        if settled != paying.Settled.PAID:
            messages.warning(request, TAKEN[settled])
            return
        log(request, [payment], gettext("Money received. %(place)s") % {"place": place})
        messages.success(request, gettext("¥%(amount)s received.") % {"amount": payment.amount})

    @display(description=_("code"))
    def tail(self, voucher: Voucher) -> str:
        return voucher.tail

    @display(description=_("state"), label=COLOURS)
    def shown_state(self, voucher: Voucher) -> tuple[str, Any]:
        state = voucher.state_at(timezone.now())
        return state.value, state.label


def _asked(payment: Payment) -> list[str]:
    """Return what staff should know before they take the money."""
    redemption = payment.redemption
    return [
        gettext("Take ¥%(amount)s for %(what)s?") % {"amount": payment.amount, "what": redemption},
        f"{redemption.member} {redemption.member.masked_phone}",
        gettext("State: %(state)s") % {"state": payment.get_state_display()},
    ]


def _told(voucher: Voucher) -> list[str]:
    """Return what staff should know before they redeem it."""
    state = voucher.state_at(timezone.now())
    told = [
        gettext("%(gift)s for %(member)s") % {"gift": voucher.gift, "member": voucher.member},
        voucher.member.masked_phone,
        gettext("State: %(state)s") % {"state": state.label},
        _when(voucher),
    ]
    if voucher.gift.event_at:
        told.append(f"{_time(voucher.gift.event_at)} {voucher.gift.event_place}")
    return [line for line in told if line]


def _when(voucher: Voucher) -> str:
    if voucher.used_at:
        words = gettext("Used on %(time)s by %(who)s. %(place)s")
        return words % {"time": _time(voucher.used_at), "who": voucher.used_by or "–", "place": voucher.used_where}
    return gettext("Valid until %(time)s.") % {"time": _time(voucher.ends_at)} if voucher.ends_at else ""


def _time(moment: Any) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


TOLD: dict[type, Callable[[Any], list[str]]] = {Voucher: _told, Payment: _asked}
TAKEN = {
    paying.Settled.AGAIN: _("This was paid before."),
    paying.Settled.BACK: _("This order has ended: please give the money back."),
}
