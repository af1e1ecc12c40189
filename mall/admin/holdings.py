"""What members hold that was not sent: codes of pools, medals, draw chances."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from config.back_office import VIEW, Facts, address, ask, log
from mall import medals
from mall.models import Chance, CouponCode, Medal

COLOURS = {"free": "success", "held": "info", "seen": "default", "voided": "danger"}
CODE_STATES = {"free": _("free"), "held": _("handed out"), "seen": _("looked at"), "voided": _("void")}


@admin.register(CouponCode)
class CouponCodeAdmin(Facts):
    """Codes are their owners': here only their last signs are shown."""

    list_display = ["shown_code", "gift", "shown_state", "redemption", "added_at", "seen_at", "voided_at"]
    list_select_related = ["gift", "redemption"]
    list_filter = ["gift"]
    sortable_by = ()
    fields = ["shown_code", "gift", "shown_state", "redemption", "added_at", "seen_at", "voided_at"]
    readonly_fields = ["shown_code", "shown_state"]
    empty_hint = _("Make a gift of the kind “coupon codes”, save it, then choose “Bring in codes”.")

    @display(description=_("code"))
    def shown_code(self, code: CouponCode) -> str:
        return code.masked

    @display(description=_("state"), label=COLOURS)
    def shown_state(self, code: CouponCode) -> tuple[str, Any]:
        held = "seen" if code.seen_at else "held" if code.redemption_id else "free"
        state = "voided" if code.voided_at else held
        return state, CODE_STATES[state]


@admin.register(Medal)
class MedalAdmin(Facts):
    list_display = ["member", "gift", "given_at", "given_by", "note", "taken_at"]
    list_select_related = ["gift", "member", "given_by"]
    list_filter = ["gift"]
    sortable_by = ()
    fields = ["member", "gift", "given_at", "given_by", "note", "redemption", "taken_at"]
    rights = {"view": VIEW, "change": _("give and take medals")}
    actions_detail = ["take"]
    empty_hint = _("Open a gift of the kind “medal” and choose “Give medal”.")

    def has_give_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.change_medal"))

    @action(description=_("Take medal back"), icon="undo", permissions=["give"], variant=ActionVariant.DANGER)
    def take(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a medal back that was given by mistake."""
        medal = get_object_or_404(Medal.objects.select_related("gift", "member"), pk=object_id)
        back = address(Medal, "change", medal.pk)
        page = ask(
            request,
            self,
            title=_("Take medal back"),
            question=lambda: [
                gettext("Take %(medal)s back from %(member)s?") % {"medal": medal.gift, "member": medal.member}
            ],
            confirm=_("Take medal back"),
            back=back,
            danger=True,
        )
        if page is not None:
            return page
        if medals.take(medal_id=medal.pk, at=timezone.now()):
            log(request, [medal], gettext("Medal taken back."))
            messages.success(request, gettext("Medal taken back."))
        return HttpResponseRedirect(back)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Offer to take back what staff gave; what was redeemed goes back with its redemption."""
        given = Medal.objects.filter(pk=object_id, redemption=None, taken_at=None).exists()
        return super().get_actions_detail(request, object_id) if given else []


@admin.register(Chance)
class ChanceAdmin(Facts):
    list_display = ["member", "pool", "given_at", "ends_at", "used_at", "used_for", "voided_at"]
    list_select_related = ["member"]
    list_filter = ["pool"]
    sortable_by = ()
    fields = ["member", "pool", "redemption", "given_at", "ends_at", "used_at", "used_for", "voided_at"]
    empty_hint = _("Members get chances by redeeming a gift of the kind “draw chances”.")
