"""When a gift is open, and what it asks of each tier."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyalty.models import Campaign
from mall.models.gifts import MOST_POINTS, Gift
from members.models import Tier

MOST_HOURS_EARLIER = 24 * 30


def _day(words: Any, **more: Any) -> Any:
    within = [MinValueValidator(1), MaxValueValidator(31)]
    return models.PositiveSmallIntegerField(words, null=True, blank=True, validators=within, **more)


class GiftWindow(models.Model):
    """A time in which a gift is open, again and again; a gift without windows is open all the time.

    All that is filled in must hold, in the brand's time zone. Each time has its first moment and not its last. A day
    that a month does not have is the month's last one. The database decides, by `mall_window_open`.
    """

    gift = models.ForeignKey(Gift, on_delete=models.CASCADE, related_name="windows", verbose_name=_("gift"))
    months = ArrayField(
        models.PositiveSmallIntegerField(),
        verbose_name=_("months"),
        default=list,
        blank=True,
        help_text=_("None chosen: every month."),
    )
    first_day = _day(
        _("from day"),
        help_text=_("Each month from this day on, for example 20. Empty: from the 1st."),
    )
    first_time = models.TimeField(
        _("at"), null=True, blank=True, help_text=_("On the first day from this time on, for example 10:00.")
    )
    last_day = _day(_("to day"), help_text=_("Empty: to the end of the month."))
    last_time = models.TimeField(
        _("until"), null=True, blank=True, help_text=_("On the last day until this time. Empty: to midnight.")
    )
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(),
        verbose_name=_("weekdays"),
        default=list,
        blank=True,
        help_text=_("None chosen: every day."),
    )
    daily_from = models.TimeField(
        _("every day from"), null=True, blank=True, help_text=_("Hours of each of these days, for example 10:00.")
    )
    daily_until = models.TimeField(_("every day until"), null=True, blank=True, help_text=_("Empty: to midnight."))
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("campaign"),
        help_text=_("Only while this campaign is on."),
    )

    class Meta:
        ordering = ["id"]
        verbose_name = _("opening time")
        verbose_name_plural = _("opening times")
        constraints = [
            models.CheckConstraint(
                condition=(Q(first_day=None) | Q(first_day__range=(1, 31)))
                & (Q(last_day=None) | Q(last_day__range=(1, 31))),
                name="window_days_1_to_31",
            ),
            models.CheckConstraint(
                condition=Q(first_day=None) | Q(last_day=None) | Q(first_day__lte=F("last_day")),
                name="window_days_in_order",
            ),
            models.CheckConstraint(
                condition=(Q(first_time=None) | Q(first_day__isnull=False))
                & (Q(last_time=None) | Q(last_day__isnull=False)),
                name="window_times_have_days",
            ),
            models.CheckConstraint(
                condition=Q(daily_from=None) | Q(daily_until=None) | Q(daily_from__lt=F("daily_until")),
                name="window_hours_in_order",
            ),
            models.CheckConstraint(
                condition=Q(months__contained_by=list(range(1, 13))) & Q(weekdays__contained_by=list(range(1, 8))),
                name="window_months_and_weekdays",
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk or ''}".strip()

    def clean(self) -> None:
        wrong: dict[str, Any] = {}
        if self.first_time and not self.first_day:
            wrong["first_day"] = _("Say on which day.")
        if self.last_time and not self.last_day:
            wrong["last_day"] = _("Say on which day.")
        if self.first_day and self.last_day and self._ends_first():
            wrong["last_day"] = _("The end must come after the beginning.")
        if self.daily_from and self.daily_until and self.daily_from >= self.daily_until:
            wrong["daily_until"] = _("The end must come after the beginning; for hours over midnight add two times.")
        if wrong:
            raise ValidationError(wrong)

    def _ends_first(self) -> bool:
        first, last = self.first_day or 1, self.last_day or 31
        times = self.first_time and self.last_time and self.first_time >= self.last_time
        return first > last or bool(first == last and times)


class GiftTier(models.Model):
    """What a gift costs a member of one tier, and how much earlier it opens for him."""

    gift = models.ForeignKey(Gift, on_delete=models.CASCADE, related_name="tier_prices", verbose_name=_("gift"))
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, db_index=False, verbose_name=_("tier"))
    points = models.PositiveBigIntegerField(
        _("points"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_POINTS)],
        help_text=_("Price for this tier. Empty: as for everybody."),
    )
    cash = models.DecimalField(
        _("and yuan"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Empty: as for everybody."),
    )
    hours_earlier = models.PositiveSmallIntegerField(
        _("hours earlier"),
        default=0,
        db_default=0,
        validators=[MaxValueValidator(MOST_HOURS_EARLIER)],
        help_text=_("Opens this many hours earlier for this tier."),
    )

    class Meta:
        ordering = ["tier__rank"]
        verbose_name = _("condition of a tier")
        verbose_name_plural = _("conditions by tier")
        constraints = [
            models.UniqueConstraint(fields=["gift", "tier"], name="gift_tier_once"),
            models.CheckConstraint(
                condition=Q(points=None) | Q(points__range=(0, MOST_POINTS)), name="gift_tier_points_in_bounds"
            ),
            models.CheckConstraint(condition=Q(cash=None) | Q(cash__gte=0), name="gift_tier_cash_from_0"),
            models.CheckConstraint(
                condition=Q(hours_earlier__lte=MOST_HOURS_EARLIER), name="gift_tier_hours_in_bounds"
            ),
        ]

    def __str__(self) -> str:
        return str(self.tier)
