"""What becomes of a gift that a member redeemed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyalty.models import Posting
from mall import carriers
from mall.models.gifts import Gift
from members.models import Member

MOST_AT_ONCE = 10_000


class RedemptionQuerySet(models.QuerySet["Redemption"]):
    def of(self, member: Member) -> RedemptionQuerySet:
        of_his = self.filter(member=member).select_related("gift", "shipment", "won")
        return of_his.prefetch_related("gift__pictures").order_by("-id")

    def overdue(self, at: datetime) -> RedemptionQuerySet:
        """Return those that were not paid in time, and hold points and stock still."""
        return self.filter(state=Redemption.State.UNPAID, pay_before__lte=at)

    def live(self) -> RedemptionQuerySet:
        """Return redemptions that hold points and stock."""
        return self.exclude(state__in=Redemption.ENDED_BACK)


class Redemption(models.Model):
    """A gift that a member redeemed. PLACED → PACKED → SHIPPED → RECEIVED, or CANCELLED / RETURNED.

    One with a part in yuan is UNPAID first, and holds points and stock until it is paid or let go.
    What is not sent is RECEIVED at once, or ISSUED → RECEIVED when it is used at the counter.
    Made by `mall.redeeming`, moved on by `mall.shipping`; the database refuses other steps and never forgets one.
    """

    class State(models.TextChoices):
        UNPAID = "UNPAID", _("to be paid")
        ISSUED = "ISSUED", _("ready to use")
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
    kind = models.CharField(_("kind"), max_length=10, choices=Gift.Kind, db_default=Gift.Kind.PHYSICAL)
    takes_stock = models.BooleanField(db_default=True, editable=False)
    gift_name = models.CharField(_("gift's name"), max_length=80)
    quantity = models.PositiveIntegerField(_("quantity"))
    points = models.PositiveBigIntegerField(_("points"))
    cash = models.DecimalField(_("yuan"), max_digits=10, decimal_places=2, db_default=Decimal(0))
    pay_before = models.DateTimeField(_("to be paid before"), null=True)
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
    returned = models.PositiveIntegerField(_("pieces that went back"), db_default=0)

    objects = RedemptionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        constraints = [
            models.UniqueConstraint(fields=["member", "request_key"], name="redemption_once"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MOST_AT_ONCE, points__gte=0), name="redemption_amounts"
            ),
            models.CheckConstraint(
                condition=Q(cash=0, pay_before=None) | Q(cash__gt=0, pay_before__isnull=False),
                name="redemption_cash_has_its_time",
            ),
            models.CheckConstraint(condition=~Q(state="UNPAID") | Q(cash__gt=0), name="redemption_unpaid_has_cash"),
            models.CheckConstraint(
                condition=Q(state__in=("CANCELLED", "RETURNED"), ended_at__isnull=False)
                | (~Q(state__in=("CANCELLED", "RETURNED")) & Q(ended_at=None)),
                name="redemption_end_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("CANCELLED", "RETURNED"), returned=F("quantity"))
                | (~Q(state__in=("CANCELLED", "RETURNED")) & Q(returned__lt=F("quantity"))),
                name="redemption_ends_when_all_went_back",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "gift"], name="redemption_member_gift"),
            models.Index(fields=["gift", "state"], name="redemption_gift_state"),
            models.Index(fields=["state", "id"], name="redemption_state"),
            models.Index(fields=["pay_before"], condition=Q(state="UNPAID"), name="redemption_unpaid"),
            # Small, and free to write: rows lie in the order of their time. `sql/interest_facts.sql` asks by day.
            BrinIndex(fields=["placed_at"], name="redemption_placed_brin", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.gift_name} × {self.quantity}"

    @property
    def kept(self) -> int:
        """Return how many pieces did not go back."""
        return self.quantity - self.returned

    @property
    def state_words(self) -> str | Promise:
        """Return the state in words that fit the kind: who receives a seat has checked in."""
        return (
            RECEIVED.get(self.kind, self.State.RECEIVED.label)
            if self.state == "RECEIVED"
            else self.State(self.state).label
        )


RECEIVED: dict[str, Promise] = {
    Gift.Kind.CODE: _("handed out"),
    Gift.Kind.PRIVILEGE: _("used"),
    Gift.Kind.SEAT: _("checked in"),
    Gift.Kind.MEDAL: _("awarded"),
    Gift.Kind.CHANCE: _("credited"),
    Gift.Kind.COUPON: _("handed out"),
}


class Shipment(models.Model):
    """The parcel of a redemption."""

    redemption = models.OneToOneField(Redemption, on_delete=models.PROTECT, verbose_name=_("redemption"))
    carrier = models.CharField(_("carrier"), max_length=40)
    tracking_number = models.CharField(_("tracking number"), max_length=60)
    shipped_at = models.DateTimeField(_("shipped at"))
    told_at = models.DateTimeField(_("member told at"), null=True)

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        indexes = [models.Index(fields=["shipped_at"], condition=Q(told_at=None), name="shipment_to_tell")]

    def __str__(self) -> str:
        return f"{self.carrier} {self.tracking_number}"

    @property
    def url(self) -> str:
        """Return where it can be followed; empty where nobody knows."""
        return carriers.tracking_url(self.carrier, self.tracking_number)


class Reversal(models.Model):
    """Pieces of a redemption that went back in one step, and what was given back for them. `mall.reversing` makes it.

    Append-only but for `told_at`. Points and yuan of all steps add up to the redemption's when all pieces went back.
    """

    redemption = models.ForeignKey(
        Redemption, on_delete=models.PROTECT, related_name="reversals", verbose_name=_("redemption")
    )
    request_key = models.CharField(max_length=64, editable=False)
    state = models.CharField(
        _("what happened"), max_length=10, choices=[(one, one.label) for one in Redemption.ENDED_BACK]
    )
    pieces = models.PositiveIntegerField(_("pieces"))
    points = models.PositiveBigIntegerField(_("points"))
    cash = models.DecimalField(_("yuan"), max_digits=10, decimal_places=2, db_default=Decimal(0))
    restocked = models.BooleanField(_("back into stock"), db_default=True)
    note = models.CharField(_("reason"), max_length=200, db_default="")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))
    told_at = models.DateTimeField(_("member told at"), null=True)

    class Meta:
        verbose_name = _("pieces taken back")
        verbose_name_plural = _("pieces taken back")
        constraints = [
            models.UniqueConstraint(fields=["redemption", "request_key"], name="reversal_once"),
            models.CheckConstraint(condition=Q(pieces__gte=1), name="reversal_of_a_piece_at_least"),
        ]
        indexes = [models.Index(fields=["at"], condition=Q(told_at=None), name="reversal_to_tell")]

    def __str__(self) -> str:
        return f"{self.redemption.gift_name} × {self.pieces}"
