"""What members look at and keep in mind."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mall.models.gifts import Gift
from members.models import Member

MOST_FAVOURITES = 200


class Favourite(models.Model):
    """A gift that a member keeps in mind. `ready_at`: since when he could redeem it; written by `mall.favourites`."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, db_index=False, related_name="+")
    gift = models.ForeignKey(Gift, on_delete=models.CASCADE, related_name="favourites", verbose_name=_("gift"))
    added_at = models.DateTimeField(_("added at"))
    ready_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("favourite")
        verbose_name_plural = _("favourites")
        constraints = [models.UniqueConstraint(fields=["member", "gift"], name="favourite_once")]

    def __str__(self) -> str:
        return str(self.gift)


class GiftDay(models.Model):
    """What members did with a gift on a day of the brand's time zone: looked at it, kept it in mind, redeemed it."""

    gift = models.ForeignKey(Gift, on_delete=models.CASCADE, db_index=False, related_name="days")
    day = models.DateField(_("day"))
    views = models.PositiveBigIntegerField(_("views"), db_default=0)
    favourites = models.PositiveBigIntegerField(_("favourites"), db_default=0)
    redemptions = models.PositiveBigIntegerField(_("pieces redeemed"), db_default=0)

    class Meta:
        verbose_name = _("day of a gift")
        verbose_name_plural = _("days of gifts")
        constraints = [
            models.UniqueConstraint(fields=["gift", "day"], name="gift_day_once"),
            models.CheckConstraint(
                condition=Q(views__gte=0, favourites__gte=0, redemptions__gte=0), name="gift_day_from_0"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gift_id} {self.day}"
