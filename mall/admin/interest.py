"""What interests members, beside each gift and in the list of gifts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.back_office import Desk
from mall.models import Gift

LATELY = timedelta(days=30)
SHOWN_DAYS = 14


class Interest(Desk):
    """Adds to the desk of gifts how often they were looked at, kept in mind and redeemed."""

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).with_interest(since=timezone.localdate() - LATELY)

    @display(description=_("looks / favourites / redeemed, 30 days"), ordering="-looks")
    def shown_interest(self, gift: Any) -> str:
        return f"{gift.looks:,} / {gift.kept:,} / {gift.pieces:,}"

    @display(description=_("what interests members"))
    def interest(self, gift: Gift) -> SafeString | str:
        """Show the last days, the newest first, and what was looked at compared with the best of them."""
        if gift.pk is None:
            return "–"
        days = list(gift.days.order_by("-day")[:SHOWN_DAYS])
        most = max((day.views for day in days), default=0)
        context = {"days": days, "most": max(most, 1), "kept_now": gift.favourites.count()}
        return SafeString(render_to_string("admin/mall/interest.html", context))
