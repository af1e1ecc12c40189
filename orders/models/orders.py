"""Orders of all channels. Written by `orders.importing` in bulk."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Count, Exists, F, Func, OuterRef, Q, Sum, Value
from django.db.models.functions import Cast, Concat, Mod
from django.utils.translation import gettext_lazy as _

from config import sql
from config.sql import Relation
from members.models import Member
from orders.models.channels import Channel
from orders.models.imports import OrderImport, StagedRow
from orders.models.status import ELIGIBLE, MONEY, Status

SAMPLED = 16  # one of so many orders tells how members are spread, by its number: always the same one


class OrderQuerySet(models.QuerySet["Order"]):
    def eligible(self) -> OrderQuerySet:
        """Return orders that count: money was paid and some of it was kept."""
        return self.filter(status__in=ELIGIBLE)

    def earning(self) -> OrderQuerySet:
        """Return eligible orders of members that have come to the state at which their channel earns."""
        completed = Q(completed_at__isnull=False) | Q(status=Status.COMPLETED)
        return (
            self.eligible()
            .exclude(member=None)
            .filter(paid_at__isnull=False, gross__gt=0, earns=True, not_before=None)
            .filter(Q(channel__earns_at=Channel.EarnsAt.PAID) | completed)
        )

    def decided(self) -> OrderQuerySet:
        """Return orders whose status words have a meaning and whose times have come."""
        return self.exclude(status=Status.UNKNOWN).filter(not_before=None)

    def come(self, at: datetime) -> OrderQuerySet:
        """Return orders that wait for a time that has come."""
        return self.filter(not_before__lte=at)

    def in_file(self, order_import: OrderImport) -> OrderQuerySet:
        """Return the orders that a staged file names, changed by it or not."""
        staged = StagedRow.objects.filter(order_import=order_import, number=OuterRef("number"))
        return self.filter(Exists(staged), channel=order_import.channel)

    def touched(self, order_import: OrderImport) -> models.QuerySet[Any, dict[str, Any]]:
        """Return the members whose orders an import brought or was the last to change, with how many and how much."""
        owned = self.filter(last_import=order_import).exclude(member=None)
        return (
            owned.order_by("member").values("member").annotate(orders=Count("pk"), paid=Sum(F("gross") - F("refunded")))
        )

    def members(self) -> int:
        """Return whose orders these are, counted."""
        return self.exclude(member=None).values("member").distinct().count()

    def halves(self) -> tuple[OrderQuerySet, ...]:
        """Return these orders in two parts of about one size, none of whose members has orders in the other."""
        turn = Mod(Func(F("number"), function="hashtext"), Value(SAMPLED))
        some = self.exclude(member=None).annotate(turn=turn).filter(turn=0).values("member_id")
        ((middle,),) = sql.run("orders", "middle", relation=Relation.of(some))
        return (self,) if middle is None else (self.filter(member__lte=middle), self.filter(member__gt=middle))

    def purchases(self) -> Relation:
        """Return what these orders may earn, as loyalty.earning wants it."""
        return Relation.of(
            self.earning()
            .annotate(
                key=_award_key(),
                tier_id=Cast(Value(None), models.BigIntegerField()),
                pending_days=F("channel__pending_days"),
            )
            .values(
                "key",
                "member_id",
                "tier_id",
                "gross",
                "shipping",
                "paid_at",
                "completed_at",
                "pending_days",
                channel_code=F("channel__code"),
            )
        )

    def amounts(self) -> Relation:
        """Return what was paid and refunded of members' orders, by the key of their award."""
        owned = self.exclude(member=None).annotate(key=_award_key())
        return Relation.of(owned.values("key", "member_id", "gross", "refunded"))


def _award_key() -> Concat:
    """channel:number#award, the key of an order's posting."""
    award = Cast("award", models.TextField())
    return Concat("channel__code", Value(":"), "number", Value("#"), award, output_field=models.TextField())


class Order(models.Model):
    """What somebody bought. gross = paid before refunds; gross − refunded is what counts. Instants are UTC."""

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, db_index=False, verbose_name=_("channel"))
    number = models.CharField(_("order number"), max_length=64)
    status = models.CharField(_("status"), max_length=20, choices=Status)
    gross = models.DecimalField(_("paid"), **MONEY)
    refunded = models.DecimalField(_("refunded"), **MONEY)
    shipping = models.DecimalField(_("shipping in it"), **MONEY)
    ordered_at = models.DateTimeField(_("ordered at"), null=True)
    paid_at = models.DateTimeField(_("paid at"), null=True)
    completed_at = models.DateTimeField(_("completed at"), null=True)
    buyer = models.CharField(_("buyer's account"), max_length=128)
    phone = models.CharField(_("buyer's phone"), max_length=16)
    phone_end = models.CharField(
        _("last four digits of a phone in the file"),
        max_length=4,
        db_default="",
        editable=False,
        help_text="The buyer's or the receiver's: proves a claim. Nobody is matched by it.",
    )
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, null=True, db_index=False, related_name="orders", verbose_name=_("member")
    )
    award = models.PositiveSmallIntegerField(
        db_default=1, editable=False, help_text="Number of the award in its key; rises when it is undone or moved."
    )
    award_gross = models.DecimalField(
        null=True, editable=False, help_text="What was paid when it was awarded, if that has changed since.", **MONEY
    )
    earns = models.BooleanField(
        _("may give points"),
        db_default=True,
        editable=False,
        help_text="Decided when it became its member's: False if he bought it longer before he joined than the channel "
        "looks back (Channel.back_days).",
    )
    not_before = models.DateTimeField(
        _("gives points from"),
        null=True,
        editable=False,
        help_text=_("Its file told a time that had not come."),
    )
    first_import = models.ForeignKey(
        OrderImport, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("first import")
    )
    last_import = models.ForeignKey(
        OrderImport, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("last import")
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(fields=["channel", "number"], name="order_once"),
            models.CheckConstraint(
                condition=Q(gross__gte=0, refunded__gte=0, refunded__lte=F("gross"), shipping__gte=0),
                name="order_amounts",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "id"], condition=Q(member__isnull=False), name="order_member"),
            models.Index(fields=["phone"], condition=Q(member=None) & ~Q(phone=""), name="order_waiting_phone"),
            models.Index(
                fields=["channel", "buyer"], condition=Q(member=None) & ~Q(buyer=""), name="order_waiting_buyer"
            ),
            models.Index(fields=["last_import", "id"], name="order_last_import"),
            BrinIndex(fields=["paid_at"], name="order_paid", autosummarize=True),
            models.Index(fields=["id"], condition=Q(award_gross__isnull=False), name="order_award_to_mend"),
            models.Index(fields=["not_before"], condition=Q(not_before__isnull=False), name="order_not_before"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def net_paid(self) -> Decimal:
        """Return what was paid and not refunded, in yuan."""
        return self.gross - self.refunded

    @property
    def award_key(self) -> str:
        """Return the key of its posting: `channel:number#award`."""
        return f"{self.channel.code}:{self.number}#{self.award}"


class OrderLine(models.Model):
    """A row of an order as the platform tells it: a sub-order, a SKU, or the whole order (`row_key` empty)."""

    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, db_index=False, related_name="lines", verbose_name=_("order")
    )
    row_key = models.CharField(_("sub-order"), max_length=64)
    status = models.CharField(_("status"), max_length=20, choices=Status)
    gross = models.DecimalField(_("paid"), **MONEY)
    refunded = models.DecimalField(_("refunded"), **MONEY)
    shipping = models.DecimalField(_("shipping in it"), **MONEY)
    ordered_at = models.DateTimeField(_("ordered at"), null=True)
    paid_at = models.DateTimeField(_("paid at"), null=True)
    completed_at = models.DateTimeField(_("completed at"), null=True)
    title = models.CharField(_("goods"), max_length=500)
    sku = models.CharField(_("SKU"), max_length=128)
    quantity = models.IntegerField(_("quantity"))
    word = models.CharField(_("status as written"), max_length=100, db_default="")  # while nobody knows what it means

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [models.UniqueConstraint(fields=["order", "row_key"], name="line_once")]

    def __str__(self) -> str:
        return self.title
