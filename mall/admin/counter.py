"""Vouchers, and the counter at which staff redeem them."""

from __future__ import annotations

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
from mall import counter
from mall.admin.forms import CounterForm
from mall.models import Voucher
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
        here = reverse("admin:mall_voucher_counter")
        form = CounterForm(request.POST or None, initial={"place": request.session.get(PLACE, "")})
        page = ask(
            request,
            self,
            title=_("Counter"),
            question=lambda: _told(form.voucher),
            confirm=_("Redeem now"),
            back=here if request.method == "POST" else reverse("admin:index"),
            form=form,
        )
        if page is not None:
            return page
        self._use(request, form)
        return HttpResponseRedirect(here)

    def _use(self, request: HttpRequest, form: CounterForm) -> None:
        code, place = form.cleaned_data["code"], form.cleaned_data["place"]
        request.session[PLACE] = place
        try:
            used = counter.use(code=code, at=timezone.now(), actor_id=actor(request), place=place)
        except Refused as refused:
            messages.error(request, f"{refused} {_when(form.voucher)}".strip())
            return
        log(request, [used], gettext("Redeemed at the counter. %(place)s") % {"place": place})
        messages.success(
            request, gettext("%(gift)s: redeemed for %(member)s.") % {"gift": used.gift, "member": used.member}
        )

    @display(description=_("code"))
    def tail(self, voucher: Voucher) -> str:
        return voucher.tail

    @display(description=_("state"), label=COLOURS)
    def shown_state(self, voucher: Voucher) -> tuple[str, Any]:
        state = voucher.state_at(timezone.now())
        return state.value, state.label


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
