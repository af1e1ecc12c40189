"""What members redeem their points for, and what becomes of a redemption."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyalty.models import Posting
from members.models import Member, Tier

# So that points × quantity stays far from the end of a bigint.
MOST_POINTS = 1_000_000_000
MOST_AT_ONCE = 10_000


class GiftQuerySet(models.QuerySet["Gift"]):
    def shown(self) -> GiftQuerySet:
        """Return gifts that the mall shows, open or not yet open or sold out."""
        return self.filter(active=True).select_related("minimum_tier")

    def on_shelf(self, at: datetime) -> GiftQuerySet:
        """Return shown gifts whose window has not ended."""
        return self.shown().filter(Q(closes_at=None) | Q(closes_at__gt=at))


class Gift(models.Model):
    """Something physical that members redeem. Stock moves only by redemptions and by `mall.stock`."""

    name = models.CharField(_("name"), max_length=80)
    description = models.TextField(_("description"), blank=True)
    points = models.PositiveBigIntegerField(
        _("points"), validators=[MinValueValidator(1), MaxValueValidator(MOST_POINTS)]
    )
    minimum_tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, blank=True, db_index=False, verbose_name=_("from tier")
    )
    stock = models.BigIntegerField(_("stock"), default=0, editable=False)
    limit_per_member = models.PositiveIntegerField(
        _("limit per member"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: no limit.")
    )
    opens_at = models.DateTimeField(_("opens at"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes at"), null=True, blank=True)
    active = models.BooleanField(_("on the shelf"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    emblem = models.CharField(
        _("emblem"), max_length=8, blank=True, help_text=_("An emoji shown in place of a picture.")
    )

    objects = GiftQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("gift")
        verbose_name_plural = _("gifts")
        constraints = [
            models.CheckConstraint(condition=Q(stock__gte=0), name="gift_stock_from_0"),
            models.CheckConstraint(condition=Q(points__gte=1, points__lte=MOST_POINTS), name="gift_points_in_bounds"),
            models.CheckConstraint(
                condition=Q(limit_per_member=None) | Q(limit_per_member__gte=1), name="gift_limit_from_1"
            ),
            models.CheckConstraint(
                condition=Q(opens_at=None) | Q(closes_at=None) | Q(opens_at__lt=F("closes_at")),
                name="gift_opens_before_it_closes",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.opens_at and self.closes_at and self.opens_at >= self.closes_at:
            raise ValidationError({"closes_at": _("The end must come after the beginning.")})


class StockChange(models.Model):
    """Stock that staff added or took away, with the reason. Append-only; written by `mall.stock.change`."""

    gift = models.ForeignKey(Gift, on_delete=models.PROTECT, related_name="stock_changes", verbose_name=_("gift"))
    quantity = models.BigIntegerField(_("quantity"))
    note = models.CharField(_("reason"), max_length=200)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("stock change")
        verbose_name_plural = _("stock changes")
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="stock_change_not_zero")]

    def __str__(self) -> str:
        return f"{self.quantity:+d}"


class RedemptionQuerySet(models.QuerySet["Redemption"]):
    def of(self, member: Member) -> RedemptionQuerySet:
        return self.filter(member=member).select_related("gift", "shipment").order_by("-id")

    def live(self) -> RedemptionQuerySet:
        """Return redemptions that hold points and stock."""
        return self.exclude(state__in=Redemption.ENDED_BACK)


class Redemption(models.Model):
    """A gift that a member redeemed. PLACED → PACKED → SHIPPED → RECEIVED, or CANCELLED / RETURNED.

    Made by `mall.redeeming`, moved on by `mall.shipping`; the database refuses other steps and never forgets one.
    """

    class State(models.TextChoices):
        PLACED = "PLACED", _("placed")
        PACKED = "PACKED", _("packed")
        SHIPPED = "SHIPPED", _("shipped")
        RECEIVED = "RECEIVED", _("received")
        CANCELLED = "CANCELLED", _("cancelled")
        RETURNED = "RETURNED", _("returned")

    ENDED_BACK = (State.CANCELLED, State.RETURNED)

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, db_index=False, related_name="redemptions", verbose_name=_("member")
    )
    gift = models.ForeignKey(Gift, on_delete=models.PROTECT, db_index=False, verbose_name=_("gift"))
    gift_name = models.CharField(_("gift's name"), max_length=80)
    quantity = models.PositiveIntegerField(_("quantity"))
    points = models.PositiveBigIntegerField(_("points"))
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, related_name="+", verbose_name=_("posting"))
    request_key = models.CharField(max_length=64, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, db_default=State.PLACED)
    recipient = models.CharField(_("recipient"), max_length=60, blank=True)
    phone = models.CharField(_("recipient's phone"), max_length=30, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    placed_at = models.DateTimeField(_("placed at"))
    packed_at = models.DateTimeField(_("packed at"), null=True)
    received_at = models.DateTimeField(_("received at"), null=True)
    ended_at = models.DateTimeField(_("cancelled or returned at"), null=True)
    note = models.CharField(_("note"), max_length=200, db_default="")

    objects = RedemptionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        constraints = [
            models.UniqueConstraint(fields=["member", "request_key"], name="redemption_once"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MOST_AT_ONCE, points__gte=1), name="redemption_amounts"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("CANCELLED", "RETURNED"), ended_at__isnull=False)
                | (~Q(state__in=("CANCELLED", "RETURNED")) & Q(ended_at=None)),
                name="redemption_end_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "gift"], name="redemption_member_gift"),
            models.Index(fields=["gift", "state"], name="redemption_gift_state"),
            models.Index(fields=["state", "id"], name="redemption_state"),
        ]

    def __str__(self) -> str:
        return f"{self.gift_name} × {self.quantity}"


class Shipment(models.Model):
    """The parcel of a redemption."""

    redemption = models.OneToOneField(Redemption, on_delete=models.PROTECT, verbose_name=_("redemption"))
    carrier = models.CharField(_("carrier"), max_length=40)
    tracking_number = models.CharField(_("tracking number"), max_length=60)
    shipped_at = models.DateTimeField(_("shipped at"))

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")

    def __str__(self) -> str:
        return f"{self.carrier} {self.tracking_number}"
