"""Coupons given to many at once: who was meant, how far it is, and who got none."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mall.models.coupons import CouponType
from members.models import Member, Tier


class CouponRoundQuerySet(models.QuerySet["CouponRound"]):
    def left_alone(self, *, since: datetime) -> CouponRoundQuerySet:
        """Return unfinished rounds that nobody has worked on since then."""
        return self.filter(ended_at=None).filter(Q(touched_at=None, created_at__lt=since) | Q(touched_at__lt=since))


class CouponRound(models.Model):
    """One coupon each to many members, given by a worker in the order of their ids (`mall.coupon_rounds`).

    Whoever has an id up to `after` has his answer: he got one (`given` did) or was left out (`left_out` were).
    """

    class Who(models.TextChoices):
        TIER = "tier", _("the members of a tier")
        PHONES = "phones", _("these mobile numbers")
        ALL = "all", _("all members")

    type = models.ForeignKey(CouponType, on_delete=models.PROTECT, related_name="rounds", verbose_name=_("coupon"))
    key = models.CharField(max_length=64, unique=True, editable=False)
    who = models.CharField(_("to"), max_length=8, choices=Who)
    tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, db_index=False, related_name="+", verbose_name=_("tier")
    )
    member_ids = ArrayField(models.BigIntegerField(), default=list, editable=False)
    note = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("given at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("by")
    )
    chosen = models.PositiveBigIntegerField(_("chosen"))
    after = models.BigIntegerField(default=0, editable=False)
    given = models.PositiveBigIntegerField(_("got it"), default=0)
    left_out = models.PositiveBigIntegerField(_("left out"), default=0)
    started_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)

    objects = CouponRoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("giving of coupons")
        verbose_name_plural = _("givings of coupons")
        indexes = [models.Index(fields=["id"], condition=Q(ended_at=None), name="coupon_round_open")]
        constraints = [
            models.CheckConstraint(
                condition=Q(who="tier", tier__isnull=False) | ~Q(who="tier") & Q(tier=None),
                name="coupon_round_tier_is_named",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(started_at__isnull=False), name="coupon_round_begins_before_it_ends"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} · {self.to}"

    @property
    def to(self) -> str:
        """Return to whom it goes, in words."""
        return str(self.tier) if self.tier else str(self.get_who_display())

    @property
    def members(self) -> models.QuerySet[Member]:
        """Return the members that are meant; one of a list who is merged by now is still meant, and told."""
        if self.who == self.Who.PHONES:
            return Member.objects.filter(pk__in=self.member_ids)
        live = Member.objects.live()
        return live.filter(tier=self.tier_id) if self.who == self.Who.TIER else live

    @property
    def done(self) -> int:
        """Return of how many it is decided whether they get one."""
        return self.given + self.left_out

    @property
    def percent(self) -> int:
        """Return how much is done, 0 to 100."""
        return 100 if self.ended_at else min(99 * self.done // max(self.chosen, 1), 99)


class CouponLeftOut(models.Model):
    """A member who was meant and got no coupon, and why."""

    class Why(models.TextChoices):
        TIER = "TIER", _("has not the tier that the coupon is for")
        LIMIT = "LIMIT", _("has as many as one may have")
        NONE_LEFT = "NONE_LEFT", _("all were given out")
        STOPPED = "STOPPED", _("the coupon is not given out any more")
        MERGED = "MERGED", _("is no member any more")

    round = models.ForeignKey(
        CouponRound, on_delete=models.PROTECT, db_index=False, related_name="left", verbose_name=_("giving of coupons")
    )
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, verbose_name=_("member"))
    why = models.CharField(_("why"), max_length=10, choices=Why)

    class Meta:
        verbose_name = _("member left out")
        verbose_name_plural = _("members left out")
        constraints = [models.UniqueConstraint(fields=["round", "member"], name="coupon_left_out_once")]

    def __str__(self) -> str:
        return f"{self.member}: {self.get_why_display()}"
