"""Points (积分) are spent and end; growth (成长值) decides the tier. Both are whole numbers.

Postings, lots, moves and balances are written by `loyalty.ledger` alone; the database refuses everyone else
(`migrations/0002_laws.py`). Rules, campaigns and the points policy are the merchant's.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyalty import limits
from loyalty.fields import InstantOrNever
from members.models import Member, Tier, User


class Kind(models.IntegerChoices):
    """What a posting is. The numbers are stored; they never change."""

    EARN = 1, _("order")
    TASK = 2, _("task")
    BONUS = 3, _("bonus")
    ADJUST = 4, _("adjustment")
    OPENING = 5, _("opening balance")
    REDEEM = 6, _("redemption")
    HOLD = 7, _("hold")
    CAPTURE = 8, _("capture")
    VOID = 9, _("hold released")
    GIVE_BACK = 10, _("points returned")
    CLAW_BACK = 11, _("refund")
    EXPIRE = 12, _("expired")
    SETTLE = 13, _("debt settled")
    MERGE = 14, _("merge")


GIVING = [Kind.EARN, Kind.TASK, Kind.BONUS, Kind.OPENING, Kind.GIVE_BACK]
TAKING = [Kind.REDEEM, Kind.HOLD, Kind.CLAW_BACK, Kind.EXPIRE]


class Fact(models.Model):
    """A row that only the ledger writes."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("The ledger's tables are written by loyalty.ledger alone.")

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The ledger's tables are written by loyalty.ledger alone.")


class Balance(Fact):
    """A member's totals, moved by triggers only, and the one lock for all that he owns. Missing: all zero."""

    member = models.OneToOneField(Member, on_delete=models.PROTECT, primary_key=True, verbose_name=_("member"))
    points = models.BigIntegerField(_("points"), db_default=0)
    debt = models.BigIntegerField(_("debt"), db_default=0)
    growth = models.BigIntegerField(_("growth value"), db_default=0)

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        constraints = [
            models.CheckConstraint(condition=Q(points__gte=0), name="balance_points_from_0"),
            models.CheckConstraint(condition=Q(debt__gte=0), name="balance_debt_from_0"),
            models.CheckConstraint(condition=Q(growth__gte=0), name="balance_growth_from_0"),
        ]

    def __str__(self) -> str:
        return f"{self.points} / {self.growth}"


class PostingQuerySet(models.QuerySet["Posting"]):
    def of(self, member: Member) -> PostingQuerySet:
        """Return a member's postings, newest first."""
        return self.filter(member=member).order_by("-id")

    def earning(self) -> PostingQuerySet:
        return self.filter(points__gt=0)

    def spending(self) -> PostingQuerySet:
        return self.filter(points__lt=0).exclude(kind=Kind.EXPIRE)

    def expired(self) -> PostingQuerySet:
        return self.filter(kind=Kind.EXPIRE)

    def shown(self) -> PostingQuerySet:
        """Return those that moved something a member sees."""
        return self.exclude(points=0, growth=0)


class Posting(Fact):
    """One business event, append-only. Points and growth are signed; (source, key) is unique for ever."""

    kind = models.SmallIntegerField(_("kind"), choices=Kind)
    source = models.CharField(_("source"), max_length=30)
    key = models.CharField(_("key"), max_length=160)
    payload_hash = models.BigIntegerField(editable=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, verbose_name=_("member"))
    points = models.BigIntegerField(_("points"))
    growth = models.BigIntegerField(_("growth value"), db_default=0)
    refers_to = models.ForeignKey("self", on_delete=models.PROTECT, null=True, db_index=False)
    rule_versions = ArrayField(models.BigIntegerField(), verbose_name=_("rules"), db_default=[])
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("by"))
    note = models.TextField(_("note"), db_default="")
    breakdown = models.JSONField(_("how it came about"), null=True)
    occurred_at = models.DateTimeField(_("occurred at"))
    posted_at = models.DateTimeField(_("posted at"), db_default=models.functions.Now())

    objects = PostingQuerySet.as_manager()

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="posting_once"),
            models.CheckConstraint(
                condition=~Q(kind__in=GIVING, points__lt=0) & ~Q(kind__in=TAKING, points__gt=0), name="posting_sign"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "id"], name="posting_member"),
            models.Index(fields=["refers_to"], condition=Q(refers_to__isnull=False), name="posting_refers_to"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"


class Lot(Fact):
    """What one posting gave. Spendable at t when available_at ≤ t < expires_at; only `remaining` ever changes.

    Lots and moves draw ids from one sequence under the member's lock: they tell in which order his points moved.
    """

    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, verbose_name=_("posting"))
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, verbose_name=_("member"))
    granted = models.BigIntegerField(_("granted"))
    remaining = models.BigIntegerField(_("remaining"))
    occurred_at = models.DateTimeField(_("occurred at"))
    available_at = models.DateTimeField(_("available from"))
    expires_at = InstantOrNever(_("expires at"))
    seal = models.BigIntegerField(editable=False, db_default=0)

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints = [
            models.CheckConstraint(condition=Q(granted__gt=0), name="lot_granted_from_1"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=F("granted")), name="lot_remaining_in_bounds"
            ),
            models.CheckConstraint(condition=Q(available_at__lt=F("expires_at")), name="lot_available_before_end"),
        ]
        indexes = [
            models.Index(fields=["member", "expires_at", "id"], condition=Q(remaining__gt=0), name="lot_soonest"),
            models.Index(fields=["expires_at"], condition=Q(remaining__gt=0), name="lot_due"),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} / {self.granted}"


class Move(Fact):
    """What a posting took from a lot (negative) or gave back to it (positive). No lot: debt (negative: it grows)."""

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="moves", verbose_name=_("posting"))
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, verbose_name=_("lot"))
    amount = models.BigIntegerField(_("amount"))

    class Meta:
        verbose_name = _("move")
        verbose_name_plural = _("moves")
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="move_not_zero")]

    def __str__(self) -> str:
        return f"{self.amount:+d}"


class PointsPolicy(models.Model):
    """How points of this programme behave: one row, made with these defaults when first asked for."""

    class Anchor(models.TextChoices):
        PAID = "paid", _("payment")
        COMPLETED = "completed", _("completion")

    class Expiry(models.TextChoices):
        ROLLING = "rolling", _("a number of months after they were earned")
        YEAR_END = "year_end", _("at the end of a calendar year")
        NEVER = "never", _("never")

    class Combine(models.TextChoices):
        HIGHEST = "highest", _("the highest counts")
        MULTIPLY = "multiply", _("they multiply, up to the cap")

    class Debt(models.TextChoices):
        DEBT = "debt", _("remember the rest as debt; the next points repay it")
        CLAMP = "clamp", _("take what is left and forget the rest")

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    pending_days = models.PositiveSmallIntegerField(
        _("days until points of an order are available"),
        default=7,
        validators=limits.within(limits.PENDING_DAYS),
        help_text=_("Leave time for refunds: 7 to 15."),
    )
    pending_from = models.CharField(_("counted from"), max_length=10, choices=Anchor, default=Anchor.PAID)
    expiry = models.CharField(_("points expire"), max_length=10, choices=Expiry, default=Expiry.ROLLING)
    expiry_months = models.PositiveSmallIntegerField(
        _("months"),
        default=12,
        validators=limits.within(limits.MONTHS),
        help_text=_("For rolling expiry, to the end of the day."),
    )
    expiry_years = models.PositiveSmallIntegerField(
        _("calendar years later"),
        default=1,
        validators=limits.within(limits.YEARS),
        help_text=_("0: at the end of the year in which they were earned."),
    )
    multipliers = models.CharField(_("several multipliers"), max_length=10, choices=Combine, default=Combine.HIGHEST)
    multiplier_cap = models.DecimalField(
        _("multiplier cap"),
        max_digits=6,
        decimal_places=2,
        default=Decimal(10),
        validators=limits.within(limits.MULTIPLIER),
    )
    shipping_earns = models.BooleanField(_("shipping earns"), default=False)
    shortfall = models.CharField(_("refund of points already spent"), max_length=10, choices=Debt, default=Debt.DEBT)

    class Meta:
        verbose_name = _("points policy")
        verbose_name_plural = _("points policy")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="points_policy_is_one_row"),
            limits.kept("pending_days", limits.PENDING_DAYS, "points_policy_days_in_bounds"),
            limits.kept("expiry_months", limits.MONTHS, "points_policy_months_in_bounds"),
            limits.kept("expiry_years", limits.YEARS, "points_policy_years_in_bounds"),
            limits.kept("multiplier_cap", limits.MULTIPLIER, "points_policy_cap_in_bounds"),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def current(cls) -> PointsPolicy:
        """Return the one row, saved or not."""
        return cls.objects.first() or cls()


class Campaign(models.Model):
    """A time in which orders earn more: a festival, every Wednesday, the 8th of each month."""

    name = models.CharField(_("name"), max_length=60)
    multiplier = models.DecimalField(
        _("points multiplier"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(2),
        validators=limits.within(limits.MULTIPLIER),
    )
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"), help_text=_("The first moment that no longer counts."))
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(),
        verbose_name=_("weekdays"),
        default=list,
        blank=True,
        help_text=_("1 is Monday; empty: every day."),
    )
    days_of_month = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name=_("days of the month"), default=list, blank=True
    )
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="campaign_starts_before_end"),
            limits.kept("multiplier", limits.MULTIPLIER, "campaign_multiplier_in_bounds"),
        ]

    def __str__(self) -> str:
        return self.name


class EarningRuleQuerySet(models.QuerySet["EarningRule"]):
    def in_force(self) -> EarningRuleQuerySet:
        """Return the newest version of each rule."""
        return self.filter(superseded_at=None)


class EarningRule(models.Model):
    """A row that gives: `condition_*` must all hold (empty: no condition), `benefit_*` is what it gives.

    The most specific rate counts (a channel's before the general one); multipliers combine as the points policy
    says; fixed bonuses add up. A rule that was used is never edited: `loyalty.rules.revise` makes its next version.
    """

    class Unit(models.TextChoices):
        POINTS = "points", _("points")
        GROWTH = "growth", _("growth value")

    name = models.CharField(_("name"), max_length=60, help_text=_("Members see it in their history."))
    unit = models.CharField(_("gives"), max_length=6, choices=Unit, default=Unit.POINTS)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    first_version = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="later_versions"
    )
    in_force_from = models.DateTimeField(_("in force from"), null=True, editable=False)
    superseded_at = models.DateTimeField(_("superseded at"), null=True, editable=False)
    first_used_at = models.DateTimeField(_("first used at"), null=True, editable=False)
    active = models.BooleanField(_("active"), default=True)

    condition_channels = ArrayField(
        models.CharField(max_length=30),
        verbose_name=_("channels"),
        default=list,
        blank=True,
        help_text=_("Channel codes, separated by commas; empty: all channels."),
    )
    condition_tiers = models.ManyToManyField(Tier, blank=True, verbose_name=_("tiers"))
    condition_minimum = models.DecimalField(
        _("minimum amount"),
        max_digits=12,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Orders below it get nothing from this rule; yuan."),
    )
    condition_from = models.DateTimeField(_("from"), null=True, blank=True)
    condition_until = models.DateTimeField(_("until"), null=True, blank=True)

    benefit_rate = models.DecimalField(
        _("rate per yuan"),
        max_digits=10,
        decimal_places=4,
        null=True,
        blank=True,
        validators=limits.within(limits.RATE),
    )
    benefit_multiplier = models.DecimalField(
        _("multiplier"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=limits.within(limits.MULTIPLIER),
    )
    benefit_bonus = models.PositiveBigIntegerField(
        _("fixed bonus"), null=True, blank=True, validators=limits.within(limits.BONUS)
    )

    objects = EarningRuleQuerySet.as_manager()

    class Meta:
        ordering = ["unit", "id"]
        verbose_name = _("earning rule")
        verbose_name_plural = _("earning rules")
        constraints = [
            models.CheckConstraint(
                condition=Q(benefit_rate__isnull=False, benefit_multiplier=None, benefit_bonus=None)
                | Q(benefit_rate=None, benefit_multiplier__isnull=False, benefit_bonus=None)
                | Q(benefit_rate=None, benefit_multiplier=None, benefit_bonus__isnull=False),
                name="rule_has_one_benefit",
            ),
            models.CheckConstraint(
                condition=Q(condition_from=None) | Q(condition_until=None) | Q(condition_from__lt=F("condition_until")),
                name="rule_from_before_until",
            ),
            models.CheckConstraint(condition=Q(condition_minimum__gte=0), name="rule_minimum_from_0"),
            limits.kept("benefit_rate", limits.RATE, "rule_rate_in_bounds"),
            limits.kept("benefit_multiplier", limits.MULTIPLIER, "rule_multiplier_in_bounds"),
            limits.kept("benefit_bonus", limits.BONUS, "rule_bonus_in_bounds"),
            models.UniqueConstraint(fields=["first_version", "version"], name="rule_version_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        given = [b for b in (self.benefit_rate, self.benefit_multiplier, self.benefit_bonus) if b is not None]
        if len(given) != 1:
            raise ValidationError(_("Give exactly one benefit: a rate, a multiplier or a fixed bonus."))
        if self.condition_from and self.condition_until and self.condition_from >= self.condition_until:
            raise ValidationError({"condition_until": _("The end must come after the beginning.")})
