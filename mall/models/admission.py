"""Who may take part in a draw, and when: what lotteries and treasure draws have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Case, F, Func, Value, When
from django.utils.translation import gettext_lazy as _

from loyalty.models import Campaign
from members.models import Member, Tier


def _asked(function: str, at: datetime, answer: models.Field[Any, Any]) -> Func:
    when = (F("opens_at"), F("closes_at"), F("campaign_id"), Value(at, models.DateTimeField()))
    return Func(*when, function=function, output_field=answer)


def open_at(at: datetime) -> Func:
    """Return whether a draw is open at `at`, to filter or annotate by."""
    return _asked("mall_draw_open", at, models.BooleanField())


def opening(at: datetime) -> dict[str, Any]:
    """Return annotations: `open_now`, and `next_opening` of one that is closed at `at` (null: not within 400 days).

    The database decides, by the functions that the draws themselves ask (`mall_draw_open`, `mall_draw_opens`).
    """
    moment = models.DateTimeField()
    return {
        "open_now": open_at(at),
        "next_opening": Case(
            When(open_now=False, then=_asked("mall_draw_opens", at, moment)), default=None, output_field=moment
        ),
    }


class Admission(models.Model):
    """A draw for a tier and those above it, open from one moment to another and while a campaign is on."""

    minimum_tier = models.ForeignKey(
        Tier,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("from tier"),
        help_text=_("Empty: for all members."),
    )
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("campaign"),
        help_text=_("Only while this campaign is on."),
    )

    # Of rows read `with_opening`.
    open_now: bool
    next_opening: datetime | None

    class Meta:
        abstract = True

    def admits(self, member: Member) -> bool:
        """Return whether the member's tier is high enough."""
        return self.minimum_tier is None or (member.tier is not None and member.tier.rank >= self.minimum_tier.rank)
