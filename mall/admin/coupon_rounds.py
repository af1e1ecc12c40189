"""Coupons that a worker gives to many members: how far it is, who got one, who did not and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.back_office import BoundedPaginator, Facts
from mall import coupon_rounds
from mall.coupon_words import condition, worth
from mall.models import CouponRound

QUIET = timedelta(minutes=1)  # the beat starts again what stands still before that


def sees_rounds(request: HttpRequest) -> bool:
    """Tell whether somebody may look at rounds: so may who gives coupons, without a right of its own."""
    return bool(request.user.has_perm("mall.view_couponround") or request.user.has_perm("mall.add_coupon"))


@admin.register(CouponRound)
class CouponRoundAdmin(Facts):
    list_display = ["type", "shown_to", "created_at", "created_by", "chosen", "given", "left_out", "shown_state"]
    list_select_related = ["type", "tier", "created_by"]
    list_filter = ["type"]
    ordering = ["-pk"]
    sortable_by = ()
    empty_hint = _("Open a coupon and choose “Give to members”: what becomes of it is told here.")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return sees_rounds(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return sees_rounds(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:round_id>/progress/", view(self.progress), name="mall_couponround_progress"),
            path("<int:round_id>/left-out/", view(self.left_out), name="mall_couponround_left_out"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Show what became of a round, or how far it is."""
        if request.method != "GET":
            raise PermissionDenied
        one = self._seen(request, int(object_id))
        return TemplateResponse(request, "admin/mall/coupon_round.html", self._page(request, one) | _report(one))

    def progress(self, request: HttpRequest, round_id: int) -> HttpResponse:
        """Show the changing part of the page; it asks for itself until the round has ended."""
        return render(request, "admin/mall/_coupon_round.html", _report(self._seen(request, round_id)))

    def left_out(self, request: HttpRequest, round_id: int) -> HttpResponse:
        """List the members who got none, each with the reason."""
        one = self._seen(request, round_id)
        rows = one.left.select_related("member").order_by("pk")
        context = self._page(request, one) | {
            "title": gettext("Members left out"),
            "page": BoundedPaginator(rows, 50).get_page(request.GET.get("page")),
        }
        return TemplateResponse(request, "admin/mall/left_out.html", context)

    def _seen(self, request: HttpRequest, round_id: int) -> CouponRound:
        one = self.get_queryset(request).select_related("type", "tier", "created_by").filter(pk=round_id).first()
        if one is None:
            raise Http404
        if not self.has_view_permission(request, one):
            raise PermissionDenied
        return one

    def _page(self, request: HttpRequest, one: CouponRound) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": str(one), "opts": self.opts, "original": one}

    @display(description=_("to"))
    def shown_to(self, one: CouponRound) -> str:
        return one.to

    @display(description=_("state"), label={"DONE": "success", "RUNS": "info"})
    def shown_state(self, one: CouponRound) -> tuple[str, Any]:
        return ("DONE", _("done")) if one.ended_at else ("RUNS", f"{one.percent} %")


def _report(one: CouponRound) -> dict[str, Any]:
    told = {"round": one, "worth": worth(one.type), "condition": condition(one.type)}
    told |= {"no_longer_meant": coupon_rounds.no_longer_meant(one), "quiet_since": _quiet_since(one, timezone.now())}
    return told | {"reasons": [(why.label, number) for why, number in coupon_rounds.reasons(one)]}


def _quiet_since(one: CouponRound, at: datetime) -> datetime | None:
    """Return since when nobody has worked on a round that is not at its end, if that is long."""
    since = one.touched_at or one.created_at
    return since if one.ended_at is None and at - since > QUIET else None
