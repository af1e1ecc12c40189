"""What a member holds after redeeming something that is not sent: codes, vouchers, medals, chances."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mall.models.gifts import Gift
from mall.models.redemptions import Redemption
from members.models import Member

LONGEST_CODE = 100


class CouponCode(models.Model):
    """A code of a pool that staff brought in, handed out once. Free ones are their gift's stock, by a trigger.

    `mall_redeem` hands out, `mall.codes` brings in and takes back. A code that its owner has looked at is never given
    to anybody else: coming back it is voided.
    """

    gift = models.ForeignKey(
        Gift, on_delete=models.PROTECT, db_index=False, related_name="codes", verbose_name=_("gift")
    )
    code = models.CharField(_("code"), max_length=LONGEST_CODE)
    redemption = models.ForeignKey(
        Redemption, on_delete=models.PROTECT, null=True, related_name="codes", verbose_name=_("redemption")
    )
    added_at = models.DateTimeField(_("added at"))
    seen_at = models.DateTimeField(_("looked at"), null=True)
    voided_at = models.DateTimeField(_("voided at"), null=True)

    class Meta:
        verbose_name = _("coupon code")
        verbose_name_plural = _("coupon codes")
        constraints = [
            models.UniqueConstraint(fields=["gift", "code"], name="code_once_in_a_pool"),
            models.CheckConstraint(
                condition=Q(seen_at=None) | Q(redemption__isnull=False), name="code_seen_by_its_owner"
            ),
        ]
        indexes = [
            models.Index(fields=["gift", "id"], condition=Q(redemption=None, voided_at=None), name="code_free"),
        ]

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """Return the code with all but its last characters hidden, a third at most."""
        shown = min(len(self.code) // 3, 4)
        return "••••" + self.code[len(self.code) - shown :]


class Voucher(models.Model):
    """A right to one privilege or seat: an unguessable code that staff redeem at the counter, once."""

    class State(models.TextChoices):
        OPEN = "OPEN", _("ready to use")
        USED = "USED", _("used")
        ENDED = "ENDED", _("expired")
        VOIDED = "VOIDED", _("voided")

    redemption = models.ForeignKey(
        Redemption, on_delete=models.PROTECT, related_name="vouchers", verbose_name=_("redemption")
    )
    gift = models.ForeignKey(Gift, on_delete=models.PROTECT, db_index=False, verbose_name=_("gift"))
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, verbose_name=_("member"))
    code = models.CharField(_("code"), max_length=16, unique=True)
    issued_at = models.DateTimeField(_("issued at"))
    ends_at = models.DateTimeField(_("valid until"), null=True)
    used_at = models.DateTimeField(_("used at"), null=True)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("by")
    )
    used_where = models.CharField(_("where"), max_length=60, db_default="")
    voided_at = models.DateTimeField(_("voided at"), null=True)

    class Meta:
        verbose_name = _("voucher")
        verbose_name_plural = _("vouchers")
        constraints = [
            models.CheckConstraint(condition=Q(used_at=None) | Q(voided_at=None), name="voucher_used_or_voided"),
        ]
        indexes = [
            models.Index(fields=["gift", "id"], name="voucher_gift"),
            models.Index(fields=["member", "id"], name="voucher_member"),
        ]

    def __str__(self) -> str:
        return self.tail

    @property
    def tail(self) -> str:
        """Return what staff may see of the code: its last four signs."""
        return f"•••• {self.code[-4:]}"

    @property
    def shown_code(self) -> str:
        """Return the code in groups of four, easy to read out."""
        return "-".join(self.code[n : n + 4] for n in range(0, len(self.code), 4))

    def state_at(self, at: datetime) -> Voucher.State:
        """Return what the voucher is at `at`: time alone ends it."""
        if self.voided_at:
            return self.State.VOIDED
        if self.used_at:
            return self.State.USED
        return self.State.ENDED if self.ends_at and self.ends_at <= at else self.State.OPEN


class MedalQuerySet(models.QuerySet["Medal"]):
    def of(self, member: Member) -> MedalQuerySet:
        """Return the medals that a member wears, newest first."""
        return (
            self.filter(member=member, taken_at=None)
            .select_related("gift")
            .prefetch_related("gift__pictures")
            .order_by("-given_at", "-id")
        )


class Medal(models.Model):
    """An honour of a member, once: redeemed, or given by staff. `mall.medals` gives and takes."""

    gift = models.ForeignKey(
        Gift, on_delete=models.PROTECT, db_index=False, related_name="medals", verbose_name=_("medal")
    )
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, verbose_name=_("member"))
    redemption = models.ForeignKey(
        Redemption, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("redemption")
    )
    given_at = models.DateTimeField(_("given at"))
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("by")
    )
    note = models.CharField(_("reason"), max_length=200, db_default="")
    taken_at = models.DateTimeField(_("taken back at"), null=True)

    objects = MedalQuerySet.as_manager()

    class Meta:
        verbose_name = _("medal")
        verbose_name_plural = _("medals")
        constraints = [
            models.UniqueConstraint(fields=["member", "gift"], condition=Q(taken_at=None), name="medal_once"),
        ]
        indexes = [models.Index(fields=["gift", "id"], name="medal_gift")]

    def __str__(self) -> str:
        return str(self.gift)


class ChanceQuerySet(models.QuerySet["Chance"]):
    def open(self, member_id: int, pool: str, at: datetime) -> ChanceQuerySet:
        """Return a member's chances for a pool that can be used at `at`, soonest ending first."""
        return self.filter(
            Q(ends_at=None) | Q(ends_at__gt=at), member=member_id, pool=pool, used_at=None, voided_at=None
        ).order_by("ends_at", "id")


class Chance(models.Model):
    """One try in the draws of a pool. `mall.chances` uses it up; who did is `used_for`, a word of the draw's own."""

    pool = models.SlugField(_("draws"), max_length=30, allow_unicode=True, db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, verbose_name=_("member"))
    redemption = models.ForeignKey(
        Redemption, on_delete=models.PROTECT, null=True, related_name="chances", verbose_name=_("redemption")
    )
    given_at = models.DateTimeField(_("given at"))
    ends_at = models.DateTimeField(_("valid until"), null=True)
    used_at = models.DateTimeField(_("used at"), null=True)
    used_for = models.CharField(_("used for"), max_length=64, db_default="")
    voided_at = models.DateTimeField(_("voided at"), null=True)

    objects = ChanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("draw chance")
        verbose_name_plural = _("draw chances")
        constraints = [
            models.CheckConstraint(condition=Q(used_at=None) | Q(voided_at=None), name="chance_used_or_voided"),
            models.UniqueConstraint(fields=["used_for"], condition=~Q(used_for=""), name="chance_used_once_for"),
        ]
        indexes = [
            models.Index(
                fields=["member", "pool", "ends_at", "id"],
                condition=Q(used_at=None, voided_at=None),
                name="chance_open",
            ),
        ]

    def __str__(self) -> str:
        return self.pool
