"""What members did in draws and won there: facts, looked at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.back_office import Facts
from mall.models import DrawPlay, Redemption, TreasureEntry, WonGift

COLOURS = {"CLAIMED": "success", "GIVEN_UP": "default", "LAPSED": "default", "WAITING": "warning"}


class OfMembers(Facts):
    """Rows of members in draws, newest first."""

    sortable_by = ()
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.list_select_related)


@admin.register(DrawPlay)
class DrawPlayAdmin(OfMembers):
    list_display = ["id", "at", "draw", "member", "points", "roll", "hit", "prize"]
    list_select_related = ["draw", "member", "hit", "prize"]
    list_filter = ["draw"]
    fields = ["draw", "member", "at", "points", "roll", "hit", "prize"]
    empty_hint = _("What members try in lotteries appears here.")


@admin.register(TreasureEntry)
class TreasureEntryAdmin(OfMembers):
    list_display = ["at", "treasure", "member", "numbers", "points", "code", "refunded_at"]
    list_select_related = ["treasure", "member"]
    list_filter = ["treasure"]
    fields = ["treasure", "member", "at", "quantity", "first_number", "points", "label", "code", "refunded_at"]
    empty_hint = _("Entries of treasure draws appear here.")

    @display(description=_("numbers"))
    def numbers(self, entry: TreasureEntry) -> str:
        return entry.numbers


@admin.register(WonGift)
class WonGiftAdmin(OfMembers):
    list_display = ["won_at", "member", "name", "gift", "claim_until", "shown_state"]
    list_select_related = ["member", "gift", "redemption"]
    list_filter = ["gift"]
    fields = ["member", "name", "gift", "won_at", "claim_until", "redemption", "lapsed_at"]
    empty_hint = _("Gifts that members won in draws appear here.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).told()  # type: ignore[attr-defined]

    @display(
        description=_("state"),
        label={
            "CLAIMED": "success",
            "GIVEN_UP": "default",
            "CANCELLED": "default",
            "LAPSED": "default",
            "WAITING": "warning",
        },
    )
    def shown_state(self, won: Any) -> tuple[str, Any]:
        if won.given_up:
            return "GIVEN_UP", _("given up")
        if won.redemption and won.redemption.state == Redemption.State.CANCELLED:
            return "CANCELLED", _("cancelled")
        if won.redemption:
            return "CLAIMED", _("claimed")
        return ("LAPSED", _("not claimed")) if won.lapsed_at else ("WAITING", _("waits for the winner"))
