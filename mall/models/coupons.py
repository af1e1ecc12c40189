"""The brand's own coupons: what they are worth, who holds them, and what became of each.

The database fills in a coupon's code and worth when it is issued, and moves it by its uses alone (migrations/sql).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from members.models import Member, Tier

MOST_YUAN = Decimal("9999999.99")
CENT = Decimal("0.01")
LONGEST_REFERENCE = 64


class CouponKind(models.TextChoices):
    AMOUNT = "AMOUNT", _("amount off")
    PERCENT = "PERCENT", _("percent off")
    SHIPPING = "SHIPPING", _("free shipping")


def _yuan(words: Any, **more: Any) -> Any:
    return models.DecimalField(words, max_digits=9, decimal_places=2, **more)


class Worth(models.Model):
    """What a coupon takes off an order, and of which orders and members."""

    name = models.CharField(_("name"), max_length=40)
    kind = models.CharField(_("kind"), max_length=8, choices=CouponKind, default=CouponKind.AMOUNT)
    value = _yuan(
        _("value"),
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Yuan for an amount; for a percentage what is taken off, 15 for 15 %; 0 for free shipping."),
    )
    minimum_spend = _yuan(
        _("from an order of"),
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("In yuan, goods without shipping. 0: any order."),
    )
    most_off = _yuan(
        _("highest discount"),
        null=True,
        blank=True,
        validators=[MinValueValidator(CENT)],
        help_text=_("In yuan, for a percentage or shipping. Empty: no limit."),
    )
    tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, blank=True, db_index=False, verbose_name=_("for tier")
    )
    tier_exactly = models.BooleanField(
        _("this tier alone"), default=False, help_text=_("Otherwise this tier and all above it.")
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class CouponTypeQuerySet(models.QuerySet["CouponType"]):
    def with_ended(self, at: datetime) -> CouponTypeQuerySet:
        """Add `ended`: how many of each ended before `at` and nobody had used them."""
        unused = Coupon.objects.filter(type=OuterRef("pk"), use=None, voided_at=None, ends_at__lte=at).order_by()
        number = Subquery(unused.values("type").annotate(number=Count("pk")).values("number"))
        return self.annotate(ended=Coalesce(number, 0))


class CouponType(Worth):
    """A kind of coupon that the brand gives out. What is issued keeps the worth that it had then.

    `issued` counts what is not void, `used` what is used now, `discount` what that took off; the database keeps them.
    """

    tier_at_use = models.BooleanField(
        _("ask for the tier again at use"),
        default=False,
        help_text=_("Otherwise who got it may use it, whatever his tier is then."),
    )
    valid_days = models.PositiveSmallIntegerField(
        _("valid for days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_("After a member got it, to the end of the last day. Empty: as long as “valid until” says."),
    )
    valid_from = models.DateTimeField(_("valid from"), null=True, blank=True, help_text=_("Empty: at once."))
    valid_until = models.DateTimeField(
        _("valid until"), null=True, blank=True, help_text=_("Empty: no end, or as “valid for days” says.")
    )
    limit_total = models.PositiveIntegerField(
        _("how many in all"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: no limit. Cancelled ones do not count."),
    )
    limit_per_member = models.PositiveIntegerField(
        _("limit per member"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: no limit.")
    )
    terms = models.TextField(
        _("terms"), blank=True, max_length=2000, help_text=_("Shown to the member with the coupon, a line each.")
    )
    active = models.BooleanField(_("is given out"), default=True)
    issued = models.PositiveBigIntegerField(_("issued"), default=0, db_default=0, editable=False)
    used = models.PositiveBigIntegerField(_("used"), default=0, db_default=0, editable=False)
    discount = models.DecimalField(
        _("discount given"), max_digits=14, decimal_places=2, default=Decimal(0), db_default=Decimal(0), editable=False
    )

    objects = CouponTypeQuerySet.as_manager()

    COUNTED = ("issued", "used", "discount")

    class Meta:
        ordering = ["-active", "-id"]
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="AMOUNT", value__gt=0)
                | Q(kind="PERCENT", value__gt=0, value__lte=100)
                | Q(kind="SHIPPING", value=0),
                name="coupon_type_value_fits",
            ),
            models.CheckConstraint(
                condition=Q(minimum_spend__gte=0) & (Q(most_off=None) | Q(most_off__gt=0) & ~Q(kind="AMOUNT")),
                name="coupon_type_amounts",
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_from__lt=F("valid_until")),
                name="coupon_type_begins_before_it_ends",
            ),
            models.CheckConstraint(
                condition=Q(tier__isnull=False) | Q(tier_exactly=False, tier_at_use=False),
                name="coupon_type_tier_is_named",
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save all but what the database counts while a page is open."""
        if not self._state.adding and kwargs.get("update_fields") is None and not kwargs.get("force_insert"):
            fields = self._meta.concrete_fields
            kwargs["update_fields"] = [f.name for f in fields if f.name not in self.COUNTED and not f.primary_key]
        super().save(*args, **kwargs)

    def clean(self) -> None:
        wrong: dict[str, Any] = {}
        if self.value is not None and (told := self._wrong_value(self.value)):
            wrong["value"] = told
        if self.most_off is not None and self.kind == CouponKind.AMOUNT:
            wrong["most_off"] = _("An amount off is its own highest discount: leave this empty.")
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            wrong["valid_until"] = _("The end must come after the beginning.")
        if not self.tier and (self.tier_exactly or self.tier_at_use):
            wrong["tier"] = _("Choose the tier.")
        if wrong:
            raise ValidationError(wrong)

    def _wrong_value(self, value: Decimal) -> Any:
        if self.kind == CouponKind.SHIPPING:
            return _("Free shipping has the value 0; limit it by the highest discount.") if value else None
        if value <= 0:
            return _("Say how much is taken off.")
        return _("A percentage goes up to 100.") if self.kind == CouponKind.PERCENT and value > 100 else None


class CouponQuerySet(models.QuerySet["Coupon"]):
    def told(self) -> CouponQuerySet:
        """Load what a page tells of a coupon."""
        return self.select_related("type", "use", "tier")

    def usable(self, at: datetime) -> CouponQuerySet:
        """Return coupons that can be used at `at` or later."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=at), use=None, voided_at=None)

    def gone(self, at: datetime) -> CouponQuerySet:
        """Return coupons that ended unused or are void."""
        return self.filter(Q(ends_at__lte=at) | Q(voided_at__isnull=False), use=None)


class Coupon(Worth):
    """A coupon that a member holds. `mall.coupons` issues, uses and gives back.

    `type`, owner, code and worth stay; `use` is the use that stands. It was got by a redemption, or given by staff.
    """

    class Source(models.TextChoices):
        REDEEMED = "REDEEMED", _("redeemed")
        PRIZE = "PRIZE", _("prize")
        GIVEN = "GIVEN", _("given by staff")

    class State(models.TextChoices):
        OPEN = "OPEN", _("ready to use")
        LATER = "LATER", _("not yet valid")
        USED = "USED", _("used")
        ENDED = "ENDED", _("expired")
        VOIDED = "VOIDED", _("voided")

    type = models.ForeignKey(
        CouponType, on_delete=models.PROTECT, db_index=False, related_name="coupons", verbose_name=_("coupon")
    )
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, verbose_name=_("member"))
    code = models.CharField(_("code"), max_length=16, unique=True)
    issued_at = models.DateTimeField(_("issued at"))
    starts_at = models.DateTimeField(_("valid from"), null=True)
    ends_at = models.DateTimeField(_("valid until"), null=True)
    source = models.CharField(_("got by"), max_length=8, choices=Source)
    redemption = models.ForeignKey(
        "mall.Redemption", on_delete=models.PROTECT, null=True, related_name="coupons", verbose_name=_("redemption")
    )
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("by")
    )
    given_key = models.CharField(max_length=64, db_default="", editable=False)
    note = models.CharField(_("reason"), max_length=200, db_default="")
    use = models.OneToOneField(
        "mall.CouponUse", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("use")
    )
    voided_at = models.DateTimeField(_("voided at"), null=True)

    objects = CouponQuerySet.as_manager()

    class Meta:
        verbose_name = _("member's coupon")
        verbose_name_plural = _("members' coupons")
        permissions = [("use_coupon", _("Can use coupons at the counter"))]
        constraints = [
            models.CheckConstraint(condition=Q(use=None) | Q(voided_at=None), name="coupon_used_or_voided"),
            models.CheckConstraint(
                condition=Q(source="GIVEN", redemption=None) | ~Q(source="GIVEN") & Q(redemption__isnull=False),
                name="coupon_comes_from_somewhere",
            ),
            models.UniqueConstraint(
                fields=["type", "member", "given_key"], condition=~Q(given_key=""), name="coupon_given_once"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "id"], name="coupon_member"),
            models.Index(fields=["type", "member"], name="coupon_type_member"),
            models.Index(fields=["type", "ends_at"], condition=Q(use=None, voided_at=None), name="coupon_unused"),
        ]

    @property
    def tail(self) -> str:
        """Return what staff may see of the code: its last four signs."""
        return f"•••• {self.code[-4:]}"

    @property
    def shown_code(self) -> str:
        """Return the code in groups of four, easy to read out."""
        return "-".join(self.code[n : n + 4] for n in range(0, len(self.code), 4))

    def state_at(self, at: datetime) -> Coupon.State:
        """Return what the coupon is at `at`: time alone begins and ends it."""
        if self.voided_at or self.use_id:
            return self.State.VOIDED if self.voided_at else self.State.USED
        if self.ends_at and self.ends_at <= at:
            return self.State.ENDED
        return self.State.LATER if self.starts_at and self.starts_at > at else self.State.OPEN


class CouponUse(models.Model):
    """A coupon was used for an order, or came back from it. Append-only; the database moves the coupon by it."""

    class What(models.TextChoices):
        USED = "USED", _("used")
        RETURNED = "RETURNED", _("came back")

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="uses", verbose_name=_("coupon"))
    what = models.CharField(_("what"), max_length=8, choices=What)
    ends = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="returned", verbose_name=_("use")
    )
    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("by")
    )
    through = models.CharField(_("where"), max_length=60, db_default="")
    order_reference = models.CharField(_("order"), max_length=LONGEST_REFERENCE)
    order_amount = models.DecimalField(_("order amount"), max_digits=9, decimal_places=2)
    shipping = models.DecimalField(_("shipping"), max_digits=9, decimal_places=2, db_default=Decimal(0))
    amount_off = models.DecimalField(_("discount"), max_digits=9, decimal_places=2)
    request_key = models.CharField(max_length=100, unique=True, editable=False)

    class Meta:
        verbose_name = _("coupon use")
        verbose_name_plural = _("coupon uses")
        constraints = [
            models.CheckConstraint(
                condition=Q(what="USED", ends=None) | Q(what="RETURNED", ends__isnull=False),
                name="coupon_use_ends_a_use",
            ),
            models.CheckConstraint(
                condition=Q(order_amount__gt=0, shipping__gte=0, amount_off__gte=0)
                & Q(amount_off__lte=F("order_amount") + F("shipping")),
                name="coupon_use_amounts",
            ),
        ]
        indexes = [models.Index(fields=["order_reference"], name="coupon_use_order")]

    def __str__(self) -> str:
        return f"{self.get_what_display()} {self.order_reference}"
