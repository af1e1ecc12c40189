"""Who: the people who sign in, the members, their identities on the platforms, and the tiers they climb."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from members.tiers import TierProgress

MOST_TIERS = 10


class User(AbstractUser):
    """Someone who signs in: a member by phone and code, staff by name and password."""

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")  # type: ignore[assignment]
        verbose_name_plural = _("users")  # type: ignore[assignment]


class Programme(models.Model):
    """The brand's own settings: one row, made with these defaults when first asked for."""

    class TierPolicy(models.TextChoices):
        LIFETIME = "lifetime", _("Lifetime: a tier once reached is kept")

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    brand = models.CharField(_("brand name"), max_length=60, default="Jifen")
    time_zone = models.CharField(_("time zone"), max_length=60, default="Asia/Shanghai")
    tier_policy = models.CharField(_("tier policy"), max_length=10, choices=TierPolicy, default=TierPolicy.LIFETIME)

    class Meta:
        verbose_name = _("programme")
        verbose_name_plural = _("programme")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="programme_is_one_row")]

    def __str__(self) -> str:
        return self.brand

    @classmethod
    def current(cls) -> Programme:
        """Return the one row, saved or not."""
        return cls.objects.first() or cls()


class Tier(models.Model):
    """A step of membership: reached at `threshold` growth. At most ten; rank and threshold rise together.

    The database refuses tiers whose thresholds do not rise with their ranks (`tier_rising`, at commit).
    """

    name = models.CharField(_("name"), max_length=30, unique=True)
    rank = models.PositiveSmallIntegerField(
        _("rank"),
        unique=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_TIERS)],
        help_text=_("1 is the lowest."),
    )
    threshold = models.PositiveBigIntegerField(
        _("from growth"), unique=True, help_text=_("The growth value from which a member has this tier.")
    )
    discount_percent = models.DecimalField(
        _("price, percent"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(100),
        validators=[MinValueValidator(Decimal(1)), MaxValueValidator(Decimal(100))],
        help_text=_("What a member of this tier pays in the brand's own shops: 95 is 5 % off."),
    )
    points_multiplier = models.DecimalField(
        _("points multiplier"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal(1)), MaxValueValidator(Decimal(100))],
        help_text=_("1.5 gives half as many points again for an order."),
    )
    benefits = models.TextField(_("benefits"), blank=True, help_text=_("Shown to members, a line each."))

    class Meta:
        ordering = ["rank"]
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        constraints = [
            models.CheckConstraint(condition=Q(rank__gte=1, rank__lte=MOST_TIERS), name="tier_rank_1_to_10"),
            models.CheckConstraint(
                condition=Q(points_multiplier__gte=1, points_multiplier__lte=100), name="tier_multiplier_1_to_100"
            ),
            models.CheckConstraint(
                condition=Q(discount_percent__gt=0, discount_percent__lte=100), name="tier_discount_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        others = Tier.objects.exclude(pk=self.pk)
        if self.rank is None or self.threshold is None:
            return
        if others.filter(rank__lt=self.rank, threshold__gte=self.threshold).exists():
            raise ValidationError({"threshold": _("A lower tier already begins at this growth value or above it.")})
        if others.filter(rank__gt=self.rank, threshold__lte=self.threshold).exists():
            raise ValidationError({"threshold": _("A higher tier already begins at this growth value or below it.")})


class MemberQuerySet(models.QuerySet["Member"]):
    def live(self) -> MemberQuerySet:
        """Return members that are not merged into another."""
        return self.filter(merged_into=None)

    def with_tier(self) -> MemberQuerySet:
        return self.select_related("tier")

    def newly_arrived(self) -> MemberQuerySet:
        """Tell of each in `arrived` whether nobody has looked for what waits for him yet."""
        return self.annotate(arrived=Exists(Arrival.objects.filter(member=OuterRef("pk"), seen=None)))

    def search(self, words: str) -> MemberQuerySet:
        """Return members whose name or phone contains the words (trigram index)."""
        return self.filter(Q(name__contains=words) | Q(phone__contains=words))


class Member(models.Model):
    """A customer of the brand. An imported buyer is a member before he ever signs in (`user` empty)."""

    user = models.OneToOneField(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="member", verbose_name=_("user")
    )
    phone = models.CharField(_("phone"), max_length=16, null=True, blank=True, help_text=_("E.164: +8613800001111"))
    phone_verified = models.BooleanField(_("phone verified"), default=False)
    name = models.CharField(_("name"), max_length=60, blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("tier"))
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, db_index=False
    )
    joined_at = models.DateTimeField(_("joined at"))
    joined_by = models.CharField(
        _("joined by"), max_length=30, blank=True, help_text=_("Channel of the first contact.")
    )

    arrived: bool = False  # told by `newly_arrived`

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        permissions = [("view_phone", _("Can see whole phone numbers"))]
        constraints = [
            models.UniqueConstraint(fields=["phone"], condition=Q(merged_into=None), name="member_phone_unique"),
            models.CheckConstraint(
                condition=Q(phone=None) | Q(phone__regex=r"^\+[1-9][0-9]{6,14}$"), name="member_phone_e164"
            ),
        ]
        indexes = [
            GinIndex(fields=["name", "phone"], name="member_search", opclasses=["gin_trgm_ops", "gin_trgm_ops"]),
        ]

    def __str__(self) -> str:
        return self.name or self.masked_phone or f"#{self.pk}"

    @property
    def masked_phone(self) -> str:
        """Return the phone with its middle hidden: `138****1111`; empty without one."""
        local = (self.phone or "").removeprefix("+86")
        return f"{local[:-8]}****{local[-4:]}" if len(local) > 8 else local

    def progress(self, growth: int) -> TierProgress:
        from members.tiers import progress

        return progress(self, growth)


class Identity(models.Model):
    """A member's account on a channel: platform nick, openid, card number. One account belongs to one member."""

    channel = models.CharField(_("channel"), max_length=30)
    external_id = models.CharField(_("account"), max_length=128)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="identities", verbose_name=_("member"))

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [models.UniqueConstraint(fields=["channel", "external_id"], name="identity_unique")]

    def __str__(self) -> str:
        return f"{self.channel}:{self.external_id}"


class Arrival(models.Model):
    """A member who can newly be recognised: he joined, or has a new phone or account. Read by `members.arrivals`.

    Written by triggers of the database (migrations/0005), in the transaction of the change. `seen`: the first
    transaction that had not begun when somebody first looked for what waits for him.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, db_constraint=False, related_name="arrivals")
    seen = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.member_id}"


class TierChange(models.Model):
    """A member's step from one tier to another, with the growth value that caused it.

    Append-only: the database refuses to change, delete or truncate it (migrations/0004).
    """

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="tier_changes", verbose_name=_("member"))
    from_tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("from tier")
    )
    to_tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("to tier")
    )
    growth = models.BigIntegerField(_("growth value"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("tier change")
        verbose_name_plural = _("tier changes")

    def __str__(self) -> str:
        return f"{self.from_tier} → {self.to_tier}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("Tier changes are written by members.tiers.follow.")


class ApiKey(models.Model):
    """The key of another system: a till, a shop, an ERP. Kept as a hash; `members.api.keys` makes it and knows it.

    `head` is how it begins, so that people can tell keys apart; `scopes` is what it may do.
    """

    name = models.CharField(_("name"), max_length=60, help_text=_("Which system has it: “till West Lake”."))
    head = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=30), verbose_name=_("may"))
    made_at = models.DateTimeField(_("made at"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("by")
    )
    last_used_at = models.DateTimeField(_("last used"), null=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    request_key = models.CharField(max_length=64, unique=True, null=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return self.name
