"""Gifts and their stock."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from mall.models.categories import Category
from mall.models.shards import StockField
from members.models import Tier

if TYPE_CHECKING:
    from mall.models.pictures import GiftPicture

# So that points × quantity stays far from the end of a bigint.
MOST_POINTS = 1_000_000_000
BIG = models.BigIntegerField()


def _limit(words: Any, **more: Any) -> Any:
    """Return a field for a number of pieces from 1; null for no limit."""
    return models.PositiveIntegerField(words, null=True, blank=True, validators=[MinValueValidator(1)], **more)


def _sum_of_days(since: date, field: str) -> Any:
    days = apps.get_model("mall", "GiftDay").objects.filter(gift=OuterRef("pk"), day__gt=since).order_by()
    return Coalesce(Subquery(days.values("gift").annotate(sum=Sum(field)).values("sum")), 0, output_field=BIG)


class GiftQuerySet(models.QuerySet["Gift"]):
    def shown(self) -> GiftQuerySet:
        """Return gifts that the mall shows, open or not yet open or sold out."""
        return self.filter(active=True).select_related("minimum_tier", "category")

    def with_pictures(self) -> GiftQuerySet:
        return self.prefetch_related("pictures")

    def with_interest(self, since: date) -> GiftQuerySet:
        """Add `looks`, `kept` and `pieces`: what members did since a day of the brand's time zone."""
        sums = {"looks": "views", "kept": "favourites", "pieces": "redemptions"}
        return self.annotate(**{name: _sum_of_days(since, field) for name, field in sums.items()})

    def on_shelf(self, at: datetime) -> GiftQuerySet:
        """Return shown gifts that are not over at `at`: see `mall_over_at`."""
        begun = Q(kind=Gift.Kind.SEAT, event_at__lte=at)
        ended = Q(valid_until__lte=at) & ~Q(kind__in=Gift.NEVER_ENDS)
        coupons = Q(kind=Gift.Kind.COUPON, coupon_type__valid_until__lte=at)
        return self.shown().exclude(closes_at__lte=at).exclude(begun).exclude(ended).exclude(coupons)


class Gift(models.Model):
    """Something that members redeem. Stock moves only by redemptions, by `mall.stock` and by a pool of codes.

    The stock of a rush lies in shards; whether it is one or not, `stock` is all that is left.
    A gift whose stock is not counted (a medal, a privilege for everybody) never runs out.
    """

    class Kind(models.TextChoices):
        PHYSICAL = "PHYSICAL", _("goods, sent")
        CODE = "CODE", _("coupon codes of a pool")
        PRIVILEGE = "PRIVILEGE", _("privilege, redeemed at the counter")
        SEAT = "SEAT", _("seat at an event")
        MEDAL = "MEDAL", _("medal")
        CHANCE = "CHANCE", _("draw chances")
        COUPON = "COUPON", _("coupon of the brand")

    SENT, FROM_A_POOL = (Kind.PHYSICAL,), (Kind.CODE,)
    AT_THE_COUNTER = (Kind.PRIVILEGE, Kind.SEAT)
    NEVER_ENDS = (Kind.PHYSICAL, Kind.CODE, Kind.MEDAL)  # `valid_until` says nothing of these
    IN_PARTS = (
        *SENT,
        *FROM_A_POOL,
        *AT_THE_COUNTER,
        Kind.COUPON,
    )  # some pieces of a redemption may go back without the others

    kind = models.CharField(
        _("kind"),
        max_length=10,
        choices=Kind,
        default=Kind.PHYSICAL,
        db_default=Kind.PHYSICAL,
        help_text=_("It stays as it is once the gift has stock or was redeemed."),
    )
    name = models.CharField(_("name"), max_length=80)
    description = models.TextField(
        _("description"),
        blank=True,
        max_length=10_000,
        help_text=_("Blank lines part paragraphs; **bold**, - list, ## heading, | table |. No HTML."),
    )
    category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="gifts", verbose_name=_("category")
    )
    market_price = models.DecimalField(
        _("market price"),
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
        help_text=_("What it costs in a shop, in yuan; members see it crossed out."),
    )
    featured = models.BooleanField(
        _("featured"), default=False, db_default=False, help_text=_("Stands in the storefront's selection.")
    )
    points = models.PositiveBigIntegerField(
        _("points"), validators=[MaxValueValidator(MOST_POINTS)], help_text=_("For one piece.")
    )
    cash = models.DecimalField(
        _("and yuan"),
        max_digits=8,
        decimal_places=2,
        default=Decimal(0),
        db_default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("To be paid beside the points, for one piece. 0: points only."),
    )
    minimum_tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, blank=True, db_index=False, verbose_name=_("from tier")
    )
    stock = StockField(_("stock"), default=0, editable=False)
    limit_per_member = _limit(_("limit per member"), help_text=_("Ever, in pieces. Empty: no limit."))
    limit_per_order = _limit(_("limit per order"))
    limit_per_day = _limit(_("limit per day"), help_text=_("For a member, in pieces; days of the brand's time zone."))
    limit_per_week = _limit(_("limit per week"), help_text=_("From Monday."))
    limit_per_month = _limit(_("limit per month"), help_text=_("From the 1st."))
    opens_at = models.DateTimeField(_("opens at"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes at"), null=True, blank=True)
    active = models.BooleanField(_("on the shelf"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    low_stock = models.PositiveIntegerField(
        _("warn below"), default=10, db_default=10, help_text=_("Staff are told when fewer pieces are left.")
    )
    emblem = models.CharField(
        _("emblem"), max_length=8, blank=True, help_text=_("An emoji shown in place of a picture.")
    )

    stock_counted = models.BooleanField(
        _("stock is counted"),
        default=True,
        db_default=True,
        help_text=_("Leave it out for what never runs out: a medal, a privilege for everybody."),
    )
    rush = models.BooleanField(
        _("rush"),
        default=False,
        db_default=False,
        help_text=_(
            "For an opening that thousands wait for: the stock is split into 16 parts, so that members redeem side by "
            "side instead of one after another. Take the mark off when the rush is over."
        ),
    )
    valid_days = models.PositiveSmallIntegerField(
        _("valid for days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_("After it was redeemed, to the end of the last day. Empty: as long as “valid until” says."),
    )
    valid_until = models.DateTimeField(
        _("valid until"), null=True, blank=True, help_text=_("Empty: no end, or as “valid for days” says.")
    )
    event_at = models.DateTimeField(
        _("the event begins"), null=True, blank=True, help_text=_("Until then members can sign up.")
    )
    event_place = models.CharField(_("place of the event"), max_length=120, blank=True, default="", db_default="")
    chances = models.PositiveSmallIntegerField(
        _("chances"),
        default=1,
        db_default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("How many tries one piece gives."),
    )
    chance_pool = models.SlugField(
        _("for draws"),
        max_length=30,
        allow_unicode=True,
        blank=True,
        default="",
        db_default="",
        db_index=False,
        help_text=_("A word of your own; a draw with the same word takes these chances."),
    )

    coupon_type = models.ForeignKey(
        "mall.CouponType",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="gifts",
        verbose_name=_("coupon"),
        help_text=_("What the member gets: one coupon for each piece."),
    )

    objects = GiftQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("gift")
        verbose_name_plural = _("gifts")
        constraints = [
            models.CheckConstraint(condition=Q(stock__gte=0), name="gift_stock_from_0"),
            models.CheckConstraint(condition=Q(points__gte=0, points__lte=MOST_POINTS), name="gift_points_in_bounds"),
            models.CheckConstraint(
                condition=Q(points__gte=1) | Q(limit_per_member__isnull=False), name="gift_for_nothing_is_limited"
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{field: None}) | Q(**{f"{field}__gte": 1}), name=f"gift_{field}_from_1"
                )
                for field in ("limit_per_order", "limit_per_day", "limit_per_week", "limit_per_month")
            ),
            models.CheckConstraint(
                condition=Q(market_price=None) | Q(market_price__gt=0), name="gift_market_price_above_0"
            ),
            models.CheckConstraint(
                condition=Q(limit_per_member=None) | Q(limit_per_member__gte=1), name="gift_limit_from_1"
            ),
            models.CheckConstraint(
                condition=Q(opens_at=None) | Q(closes_at=None) | Q(opens_at__lt=F("closes_at")),
                name="gift_opens_before_it_closes",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=("PHYSICAL", "CODE")) | Q(stock_counted=True), name="gift_goods_are_counted"
            ),
            models.CheckConstraint(condition=Q(rush=False) | Q(stock_counted=True), name="gift_rush_is_counted"),
            models.CheckConstraint(
                condition=~Q(kind="MEDAL") | Q(limit_per_member=1, limit_per_member__isnull=False),
                name="gift_medal_once",
            ),
            models.CheckConstraint(condition=Q(cash__gte=0), name="gift_cash_from_0"),
            models.CheckConstraint(condition=Q(chances__range=(1, 100)), name="gift_chances_1_to_100"),
            models.CheckConstraint(
                condition=Q(kind="COUPON", coupon_type__isnull=False) | ~Q(kind="COUPON") & Q(coupon_type=None),
                name="gift_coupon_names_its_type",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def set_aside(self) -> bool:
        """Return whether pieces that a draw promises leave the stock: a pool's codes and what never runs out do not."""
        return self.stock_counted and self.kind not in self.FROM_A_POOL

    @property
    def promised(self) -> int:
        """Return how many codes of its pool draws have promised: prizes left, treasure draws, won ones that wait."""
        asked = Func(F("pk"), function="mall_codes_promised", output_field=BIG)
        return int(
            Gift.objects.order_by()
            .annotate(promised_codes=asked)
            .values_list("promised_codes", flat=True)
            .get(pk=self.pk)
        )

    @property
    def picture(self) -> GiftPicture | None:
        """Return the first picture; of prefetched ones without a query."""
        return next(iter(self.pictures.all()), None)

    @property
    def ends_at(self) -> datetime | None:
        """Return when what it gives is worth nothing any more, as `mall_over_at` knows it: an event has begun."""
        ends = [
            self.valid_until if self.kind not in self.NEVER_ENDS else None,
            self.event_at if self.kind == self.Kind.SEAT else None,
            self.coupon_type.valid_until if self.kind == self.Kind.COUPON and self.coupon_type else None,
        ]
        return min((end for end in ends if end), default=None)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save all but the stock, which moves in the database while a page is open."""
        if not self._state.adding and kwargs.get("update_fields") is None and not kwargs.get("force_insert"):
            fields = self._meta.concrete_fields
            kwargs["update_fields"] = [f.name for f in fields if f.name != "stock" and not f.primary_key]
        super().save(*args, **kwargs)

    def clean(self) -> None:
        wrong: dict[str, Any] = {}
        if self.opens_at and self.closes_at and self.opens_at >= self.closes_at:
            wrong["closes_at"] = _("The end must come after the beginning.")
        if self.points == 0 and not self.limit_per_member:
            wrong["limit_per_member"] = _("What costs no points needs a limit per member.")
        wrong |= self._wrong_for_kind()
        if self.pk and self.active and self.kind in self.FROM_A_POOL and self.promised:
            wrong["active"] = _(
                "Its codes are promised to draws that are under way: leave it off the shelf until they end."
            )
        if self.pk and self._counted_otherwise() and self.promised:
            wrong["stock_counted"] = _("Pieces are promised to draws that are under way: leave this until they end.")
        if wrong:
            raise ValidationError(wrong)

    def _counted_otherwise(self) -> bool:
        return Gift.objects.filter(pk=self.pk).exclude(stock_counted=self.stock_counted).exists()

    def _wrong_for_kind(self) -> dict[str, Any]:
        kind, wrong = self.Kind, dict[str, Any]()
        if self.kind in (kind.PHYSICAL, kind.CODE) and not self.stock_counted:
            wrong["stock_counted"] = _("Goods and codes run out: their stock is counted.")
        if self.rush and not self.stock_counted:
            wrong["rush"] = _("What never runs out needs no rush.")
        if self.kind == kind.MEDAL and self.limit_per_member != 1:
            wrong["limit_per_member"] = _("A medal is given once: set 1.")
        if self.kind == kind.SEAT and not self.event_at:
            wrong["event_at"] = _("Say when the event begins.")
        if self.kind == kind.CHANCE and not self.chance_pool:
            wrong["chance_pool"] = _("Say for which draws.")
        if (self.kind == kind.COUPON) != bool(self.coupon_type_id):
            wrong["coupon_type"] = _("A coupon of the brand says which one, another gift none.")
        return wrong


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
