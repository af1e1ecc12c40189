"""Treasure draws (夺宝): many entries of few points, one winner, and a result that anybody can check."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loyalty.models import Posting
from mall.models.admission import Admission, opening
from mall.models.draws import MOST_CLAIM_DAYS, claim_days
from mall.models.gifts import MOST_POINTS, Gift
from members.models import Member

MOST_ENTRIES = 100_000


class TreasureDrawQuerySet(models.QuerySet["TreasureDraw"]):
    def with_opening(self, at: datetime) -> TreasureDrawQuerySet:
        """Add `open_now` and `next_opening`; see `mall.models.admission`."""
        return self.annotate(**opening(at)).select_related("minimum_tier", "campaign")

    def shown(self) -> TreasureDrawQuerySet:
        """Return published ones, whatever became of them; the running ones first."""
        return self.exclude(state=TreasureDraw.State.DRAFT).select_related("gift")

    def to_settle(self, at: datetime) -> TreasureDrawQuerySet:
        """Return those to be drawn or refunded, or whose prize of points is not given yet."""
        state = TreasureDraw.State
        full = Q(drawn_when=TreasureDraw.When.FULL, sold=F("capacity"))
        return self.filter(
            Q(state=state.OPEN) & (Q(closes_at__lte=at) | full)
            | Q(state=state.REFUNDING)
            | Q(state=state.DRAWN, prize_points__gt=0, prize_posting=None)
            | Q(state=state.DRAWN, won__in=_to_give(at))
        ).order_by("pk")


def _to_give(at: datetime) -> Any:
    """Return won gifts that are not sent and that nobody has yet, for an hour: after that the winner claims them."""
    won = apps.get_model("mall", "WonGift").objects.waiting()
    return won.filter(won_at__gt=at - timedelta(hours=1), treasure__isnull=False).exclude(gift__kind__in=Gift.SENT)


class TreasureDraw(Admission):
    """One prize, and entries for it. DRAFT → OPEN → DRAWN, or REFUNDING → REFUNDED; moved by `mall.treasure`.

    `commitment` is the SHA-256 of the seed, published with the draw; `seed` is the seed itself, once it is drawn.
    """

    class State(models.TextChoices):
        DRAFT = "DRAFT", _("draft")
        OPEN = "OPEN", _("running")
        DRAWN = "DRAWN", _("drawn")
        REFUNDING = "REFUNDING", _("points go back")
        REFUNDED = "REFUNDED", _("points given back")

    class When(models.TextChoices):
        FULL = "FULL", _("as soon as it is full, at its end at the latest")
        END = "END", _("at its end")

    name = models.CharField(_("name"), max_length=60)
    description = models.TextField(_("description"), blank=True, max_length=2000)
    emblem = models.CharField(_("emblem"), max_length=8, blank=True, help_text=_("An emoji."))
    gift = models.ForeignKey(
        Gift,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("prize: a gift"),
        help_text=_("One piece. Empty: the prize is points."),
    )
    prize_points = models.PositiveBigIntegerField(
        _("prize: points"), default=0, validators=[MaxValueValidator(MOST_POINTS)]
    )
    points = models.PositiveBigIntegerField(
        _("points for an entry"), validators=[MinValueValidator(1), MaxValueValidator(MOST_POINTS)]
    )
    capacity = models.PositiveIntegerField(
        _("entries"), validators=[MinValueValidator(2), MaxValueValidator(MOST_ENTRIES)], help_text=_("At most.")
    )
    minimum = models.PositiveIntegerField(
        _("entries needed"),
        validators=[MinValueValidator(1), MaxValueValidator(MOST_ENTRIES)],
        help_text=_("With fewer at its end all points go back. The same as “entries”: it must be full."),
    )
    drawn_when = models.CharField(_("drawn when"), max_length=4, choices=When, default=When.FULL)
    limit_per_member = models.PositiveIntegerField(
        _("entries for each member"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: no limit."),
    )
    opens_at = models.DateTimeField(_("opens at"))
    closes_at = models.DateTimeField(_("ends at"))
    claim_days = claim_days()
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    state = models.CharField(_("state"), max_length=9, choices=State, default=State.DRAFT, editable=False)
    commitment = models.CharField(_("SHA-256 of the seed"), max_length=64, blank=True, editable=False)
    sold = models.PositiveIntegerField(_("entries sold"), default=0, db_default=0, editable=False)
    published_at = models.DateTimeField(_("published at"), null=True, editable=False)
    drawn_at = models.DateTimeField(_("drawn at"), null=True, editable=False)
    entries_digest = models.CharField(_("SHA-256 of the entries"), max_length=64, blank=True, editable=False)
    seed = models.CharField(_("seed"), max_length=64, blank=True, editable=False)
    winner_number = models.PositiveIntegerField(_("winning number"), null=True, editable=False)
    winner = models.OneToOneField(
        "TreasureEntry",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="won_treasure",
        verbose_name=_("winner"),
    )
    prize_posting = models.OneToOneField(
        Posting,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("posting of the prize"),
    )
    called_off = models.CharField(_("called off because"), max_length=200, blank=True, editable=False)
    refunded_at = models.DateTimeField(_("points given back at"), null=True, editable=False)

    objects = TreasureDrawQuerySet.as_manager()

    class Meta:
        ordering = ["position", "-id"]
        verbose_name = _("treasure draw")
        verbose_name_plural = _("treasure draws")
        constraints = [
            models.CheckConstraint(
                condition=Q(gift__isnull=False, prize_points=0) | Q(gift=None, prize_points__range=(1, MOST_POINTS)),
                name="treasure_is_one_prize",
            ),
            models.CheckConstraint(condition=Q(points__range=(1, MOST_POINTS)), name="treasure_points_in_bounds"),
            models.CheckConstraint(
                condition=Q(capacity__range=(2, MOST_ENTRIES), minimum__gte=1) & Q(minimum__lte=F("capacity")),
                name="treasure_entries_in_bounds",
            ),
            models.CheckConstraint(condition=Q(sold__gte=0) & Q(sold__lte=F("capacity")), name="treasure_not_oversold"),
            models.CheckConstraint(
                condition=Q(limit_per_member=None) | Q(limit_per_member__gte=1), name="treasure_limit_from_1"
            ),
            models.CheckConstraint(condition=Q(opens_at__lt=F("closes_at")), name="treasure_opens_before_it_ends"),
            models.CheckConstraint(
                condition=Q(claim_days__range=(1, MOST_CLAIM_DAYS)), name="treasure_claim_days_in_bounds"
            ),
            models.CheckConstraint(
                condition=Q(state="DRAWN", winner__isnull=False, winner_number__isnull=False, drawn_at__isnull=False)
                | (~Q(state="DRAWN") & Q(winner=None, winner_number=None, drawn_at=None, seed="")),
                name="treasure_drawn_has_a_winner",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        wrong: dict[str, Any] = {}
        if bool(self.gift_id) == bool(self.prize_points):
            wrong["prize_points"] = _("The prize is a gift or points: fill in one of them.")
        if self.opens_at and self.closes_at and self.opens_at >= self.closes_at:
            wrong["closes_at"] = _("The end must come after the beginning.")
        if self.capacity and self.minimum and self.minimum > self.capacity:
            wrong["minimum"] = _("No more entries can be needed than there are.")
        if self.capacity and self.limit_per_member and self.limit_per_member > self.capacity:
            wrong["limit_per_member"] = _("No member can have more entries than there are.")
        if wrong:
            raise ValidationError(wrong)

    @property
    def symbol(self) -> str:
        """Return an emoji for it: its own, or its gift's."""
        return self.emblem or (self.gift.emblem if self.gift else "") or "💎"

    @property
    def left(self) -> int:
        """Return how many entries are left."""
        return self.capacity - self.sold

    @property
    def percent(self) -> int:
        return self.sold * 100 // self.capacity

    @property
    def claim_time(self) -> timedelta:
        return timedelta(days=self.claim_days)

    def due(self, at: datetime) -> bool:
        """Return whether a running one is to be drawn or refunded at `at`."""
        full = self.drawn_when == self.When.FULL and self.sold == self.capacity
        return self.state == self.State.OPEN and (full or self.closes_at <= at)


class TreasureSeed(models.Model):
    """What decides a treasure draw, secret until it is drawn. Read by `mall.treasure` alone, shown by no page."""

    treasure = models.OneToOneField(TreasureDraw, on_delete=models.PROTECT, primary_key=True, related_name="+")
    seed = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"#{self.pk}"


class TreasureEntryQuerySet(models.QuerySet["TreasureEntry"]):
    def of(self, member: Member) -> TreasureEntryQuerySet:
        """Return a member's entries, newest first."""
        return self.filter(member=member).select_related("treasure__gift").order_by("-id")


class TreasureEntry(models.Model):
    """Entries that a member took at once: `quantity` numbers from `first_number` on. Append-only.

    `label` and `code` stand for the member in the public list: a name that says little, and a word that he knows.
    """

    treasure = models.ForeignKey(
        TreasureDraw,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="entries",
        verbose_name=_("treasure draw"),
    )
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, verbose_name=_("member"))
    request_key = models.CharField(max_length=64, editable=False)
    quantity = models.PositiveIntegerField(_("entries"))
    first_number = models.PositiveIntegerField(_("first number"))
    points = models.PositiveBigIntegerField(_("points paid"))
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, related_name="+", verbose_name=_("posting"))
    label = models.CharField(_("in the list as"), max_length=8)
    code = models.CharField(_("code"), max_length=12)
    at = models.DateTimeField(_("at"))
    refunded_at = models.DateTimeField(_("points given back at"), null=True)

    objects = TreasureEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("treasure entry")
        verbose_name_plural = _("treasure entries")
        constraints = [
            models.UniqueConstraint(fields=["member", "request_key"], name="treasure_entry_once"),
            models.UniqueConstraint(fields=["treasure", "first_number"], name="treasure_number_once"),
            models.CheckConstraint(
                condition=Q(quantity__range=(1, MOST_ENTRIES), first_number__gte=1, points__gte=1),
                name="treasure_entry_amounts",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "treasure"], name="treasure_entry_member"),
            models.Index(
                fields=["treasure", "member", "id"], condition=Q(refunded_at=None), name="treasure_entry_to_refund"
            ),
        ]

    def __str__(self) -> str:
        return self.numbers

    @property
    def last_number(self) -> int:
        return self.first_number + self.quantity - 1

    @property
    def numbers(self) -> str:
        """Return the numbers in words: `7` or `7–9`."""
        return f"{self.first_number}–{self.last_number}" if self.quantity > 1 else str(self.first_number)
