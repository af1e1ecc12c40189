"""Draws by lot: a lottery decides each try at once; what it decided never changes (`migrations/sql/*_draws.sql`)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from loyalty.models import Posting
from mall.models.admission import Admission, opening
from mall.models.gifts import MOST_POINTS, Gift
from mall.models.redemptions import Redemption, Reversal
from members.models import Member

MOST_ODDS = Decimal(100)
MOST_PRIZES = 1_000_000
MOST_CLAIM_DAYS = 365


def claim_days() -> Any:
    """Return the field for how long a won gift waits for its winner."""
    return models.PositiveSmallIntegerField(
        _("days to claim"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CLAIM_DAYS)],
        help_text=_("So long a winner may tell where a gift goes; after that it goes back into stock."),
    )


class DrawQuerySet(models.QuerySet["Draw"]):
    def with_opening(self, at: datetime) -> DrawQuerySet:
        """Add `open_now` and `next_opening`; see `mall.models.admission`."""
        return self.annotate(**opening(at)).select_related("minimum_tier", "campaign")

    def shown(self, at: datetime) -> DrawQuerySet:
        """Return published draws whose time is not over, open or not yet open."""
        return self.filter(state=Draw.State.OPEN).exclude(_over(at))

    def over(self, at: datetime) -> DrawQuerySet:
        """Return published draws whose time is over, and nobody has closed them yet."""
        return self.filter(_over(at), state=Draw.State.OPEN)


def _over(at: datetime) -> Q:
    """Return what is over: at its own end, or without one with its campaign."""
    return Q(closes_at__isnull=False, closes_at__lte=at) | Q(
        closes_at=None, campaign__isnull=False, campaign__ends_at__lte=at
    )


class Draw(Admission):
    """A lottery: each try costs points, a chance or nothing, and gives a prize or the consolation.

    DRAFT → OPEN → ENDED by `mall.lottery`. From OPEN on the database refuses changes of what decides.
    """

    class State(models.TextChoices):
        DRAFT = "DRAFT", _("draft")
        OPEN = "OPEN", _("published")
        ENDED = "ENDED", _("ended")

    class Price(models.TextChoices):
        POINTS = "POINTS", _("points")
        CHANCE = "CHANCE", _("a draw chance")
        FREE = "FREE", pgettext_lazy("price of a try", "nothing")

    name = models.CharField(_("name"), max_length=60)
    description = models.TextField(_("description"), blank=True, max_length=2000)
    emblem = models.CharField(_("emblem"), max_length=8, blank=True, help_text=_("An emoji."))
    price = models.CharField(_("a try costs"), max_length=6, choices=Price, default=Price.POINTS)
    points = models.PositiveBigIntegerField(
        _("points for a try"), default=0, validators=[MaxValueValidator(MOST_POINTS)]
    )
    chance_pool = models.SlugField(
        _("takes chances for"),
        max_length=30,
        allow_unicode=True,
        blank=True,
        db_default="",
        db_index=False,
        help_text=_("The word of the gifts that give the chances."),
    )
    limit_per_day = models.PositiveIntegerField(
        _("tries a day"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("For a member; days of the brand's time zone. Empty: no limit."),
    )
    limit_ever = models.PositiveIntegerField(
        _("tries ever"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("For a member. Empty: no limit."),
    )
    opens_at = models.DateTimeField(_("opens at"))
    closes_at = models.DateTimeField(_("closes at"), null=True, blank=True)
    claim_days = claim_days()
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    state = models.CharField(_("state"), max_length=5, choices=State, default=State.DRAFT, editable=False)
    published_at = models.DateTimeField(_("published at"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)

    objects = DrawQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("lottery")
        verbose_name_plural = _("lotteries")
        constraints = [
            models.CheckConstraint(
                condition=Q(price="POINTS", points__range=(1, MOST_POINTS)) | (~Q(price="POINTS") & Q(points=0)),
                name="draw_price_fits",
            ),
            models.CheckConstraint(
                condition=Q(price="CHANCE") & ~Q(chance_pool="") | ~Q(price="CHANCE") & Q(chance_pool=""),
                name="draw_chances_have_a_pool",
            ),
            models.CheckConstraint(
                condition=~Q(price="FREE") | Q(limit_per_day__isnull=False) | Q(limit_ever__isnull=False),
                name="draw_for_nothing_is_limited",
            ),
            models.CheckConstraint(
                condition=(Q(limit_per_day=None) | Q(limit_per_day__gte=1))
                & (Q(limit_ever=None) | Q(limit_ever__gte=1)),
                name="draw_limits_from_1",
            ),
            models.CheckConstraint(
                condition=Q(closes_at=None) | Q(opens_at__lt=F("closes_at")), name="draw_opens_before_it_closes"
            ),
            models.CheckConstraint(condition=Q(claim_days__range=(1, MOST_CLAIM_DAYS)), name="draw_claim_days"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        wrong: dict[str, Any] = {}
        if self.closes_at and self.opens_at and self.opens_at >= self.closes_at:
            wrong["closes_at"] = _("The end must come after the beginning.")
        if self.price == self.Price.POINTS and not self.points:
            wrong["points"] = _("Say how many points a try costs.")
        if self.price != self.Price.POINTS and self.points:
            wrong["points"] = _("Only a try for points costs points: set 0.")
        if (self.price == self.Price.CHANCE) != bool(self.chance_pool):
            wrong["chance_pool"] = _("A try for a chance says for which draws the chances are, another one nothing.")
        if self.price == self.Price.FREE and not (self.limit_per_day or self.limit_ever):
            wrong["limit_per_day"] = _("Tries that cost nothing need a limit, per day or ever.")
        if wrong:
            raise ValidationError(wrong)


class DrawPrize(models.Model):
    """What a try can give. The odds are exact: percent with four places. What they leave is the consolation's."""

    class Kind(models.TextChoices):
        POINTS = "POINTS", _("points")
        GIFT = "GIFT", _("a gift")
        WORDS = "WORDS", _("words only")

    draw = models.ForeignKey(
        Draw, on_delete=models.CASCADE, db_index=False, related_name="prizes", verbose_name=_("lottery")
    )
    consolation = models.BooleanField(
        _("consolation"),
        default=False,
        help_text=_("What everybody gets who wins nothing else, or whose prize has run out: exactly one."),
    )
    name = models.CharField(_("name"), max_length=60)
    emblem = models.CharField(_("emblem"), max_length=8, blank=True)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind, default=Kind.POINTS)
    points = models.PositiveBigIntegerField(_("points"), default=0, validators=[MaxValueValidator(MOST_POINTS)])
    gift = models.ForeignKey(
        Gift, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("gift")
    )
    odds = models.DecimalField(
        _("odds in percent"),
        max_digits=7,
        decimal_places=4,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(MOST_ODDS)],
        help_text=_("Of each try, for example 0.5. Members see it."),
    )
    stock = models.PositiveIntegerField(_("how many"), default=0, validators=[MaxValueValidator(MOST_PRIZES)])
    remaining = models.PositiveIntegerField(_("remaining"), default=0, editable=False)
    returned = models.PositiveIntegerField(_("not given"), default=0, db_default=0, editable=False)
    position = models.PositiveSmallIntegerField(_("position"), default=10)

    class Meta:
        ordering = ["consolation", "position", "id"]
        verbose_name = _("prize")
        verbose_name_plural = _("prizes")
        constraints = [
            models.UniqueConstraint(fields=["draw"], condition=Q(consolation=True), name="draw_has_one_consolation"),
            models.CheckConstraint(condition=Q(odds__range=(0, 100)), name="prize_odds_in_bounds"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0) & Q(returned__gte=0) & Q(stock__gte=F("remaining") + F("returned")),
                name="prize_not_oversold",
            ),
            models.CheckConstraint(
                condition=Q(kind="POINTS", points__range=(1, MOST_POINTS), gift=None)
                | Q(kind="GIFT", points=0, gift__isnull=False)
                | Q(kind="WORDS", points=0, gift=None),
                name="prize_is_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(consolation=False) | (~Q(kind="GIFT") & Q(odds=0, stock=0)),
                name="consolation_never_runs_out",
            ),
        ]
        indexes = [models.Index(fields=["draw", "position", "id"], name="prize_of_draw")]

    def __str__(self) -> str:
        return self.name

    @property
    def symbol(self) -> str:
        """Return an emoji for it: its own, or its gift's."""
        return self.emblem or (self.gift.emblem if self.gift else "") or "🎁"

    def clean(self) -> None:
        kind, wrong = self.Kind, dict[str, Any]()
        if (self.kind == kind.POINTS) != bool(self.points):
            wrong["points"] = _("A prize of points has points, another one has 0.")
        if (self.kind == kind.GIFT) != bool(self.gift_id):
            wrong["gift"] = _("A prize that is a gift names the gift, another one none.")
        if self.consolation and self.kind == kind.GIFT:
            wrong["kind"] = _("The consolation never runs out: choose points or words.")
        if self.consolation and (self.odds or self.stock):
            wrong["odds"] = _("The consolation takes what the odds of the prizes leave: set odds and number to 0.")
        if not self.consolation and not self.odds:
            wrong["odds"] = _("Say the odds of this prize in percent.")
        if not self.consolation and not self.stock:
            wrong["stock"] = _("Say how many of this prize there are.")
        if wrong:
            raise ValidationError(wrong)


class DrawPlayQuerySet(models.QuerySet["DrawPlay"]):
    def of(self, member: Member) -> DrawPlayQuerySet:
        """Return a member's tries, newest first."""
        return self.filter(member=member).select_related("draw", "prize", "won").order_by("-id")


class DrawPlay(models.Model):
    """One try and what it gave, decided in `mall_draw`. `roll`: the random number, 0 to 999,999; append-only."""

    draw = models.ForeignKey(
        Draw, on_delete=models.PROTECT, db_index=False, related_name="plays", verbose_name=_("lottery")
    )
    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, verbose_name=_("member"))
    request_key = models.CharField(max_length=64, editable=False)
    points = models.PositiveBigIntegerField(_("points paid"))
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, related_name="+", verbose_name=_("posting"))
    roll = models.PositiveIntegerField(_("random number"))
    hit = models.ForeignKey(
        DrawPrize,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("prize by the random number"),
    )
    prize = models.ForeignKey(DrawPrize, on_delete=models.PROTECT, related_name="plays", verbose_name=_("prize"))
    prize_posting = models.OneToOneField(
        Posting, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("posting of the prize")
    )
    at = models.DateTimeField(_("at"))

    objects = DrawPlayQuerySet.as_manager()

    class Meta:
        verbose_name = _("try")
        verbose_name_plural = _("tries")
        constraints = [
            models.UniqueConstraint(fields=["member", "request_key"], name="play_once"),
            models.CheckConstraint(condition=Q(roll__range=(0, 999_999)), name="play_roll_in_bounds"),
        ]
        indexes = [
            models.Index(fields=["member", "draw", "at"], name="play_member_draw"),
            models.Index(fields=["draw", "id"], name="play_draw"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class WonGiftQuerySet(models.QuerySet["WonGift"]):
    def of(self, member: Member) -> WonGiftQuerySet:
        """Return what a member won, newest first."""
        return self.filter(member=member).select_related("gift", "redemption").order_by("-id")

    def told(self) -> WonGiftQuerySet:
        """Return them with `given_up`: who won it has cancelled it, and not staff."""
        reversals = Reversal.objects.filter(redemption=models.OuterRef("redemption"), actor=None)
        cancelled = reversals.filter(redemption__state=Redemption.State.CANCELLED)
        return self.select_related("gift", "redemption").annotate(given_up=models.Exists(cancelled))

    def waiting(self) -> WonGiftQuerySet:
        return self.filter(redemption=None, lapsed_at=None)


class WonGift(models.Model):
    """A gift that a draw gave: claimed it becomes a redemption for no points, unclaimed it goes back into stock."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False, verbose_name=_("member"))
    gift = models.ForeignKey(Gift, on_delete=models.PROTECT, verbose_name=_("gift"))
    name = models.CharField(_("prize"), max_length=80)
    play = models.OneToOneField(
        DrawPlay, on_delete=models.PROTECT, null=True, related_name="won", verbose_name=_("try")
    )
    treasure = models.OneToOneField(
        "mall.TreasureDraw", on_delete=models.PROTECT, null=True, related_name="won", verbose_name=_("treasure draw")
    )
    won_at = models.DateTimeField(_("won at"))
    claim_until = models.DateTimeField(_("claim until"))
    redemption = models.OneToOneField(
        "mall.Redemption", on_delete=models.PROTECT, null=True, related_name="won", verbose_name=_("redemption")
    )
    lapsed_at = models.DateTimeField(_("lapsed at"), null=True)

    objects = WonGiftQuerySet.as_manager()

    class Meta:
        verbose_name = _("won gift")
        verbose_name_plural = _("won gifts")
        constraints = [
            models.CheckConstraint(condition=Q(redemption=None) | Q(lapsed_at=None), name="won_claimed_or_lapsed"),
            models.CheckConstraint(
                condition=Q(play__isnull=False, treasure=None) | Q(play=None, treasure__isnull=False),
                name="won_in_one_draw",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "id"], name="won_member"),
            models.Index(fields=["claim_until"], condition=Q(redemption=None, lapsed_at=None), name="won_waiting"),
        ]

    def __str__(self) -> str:
        return self.name
