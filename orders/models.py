"""Orders of all channels, and the files that brought them. Written by `orders.importing` in bulk."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from config.sql import Relation
from members.models import Member

MONEY: dict[str, Any] = {"max_digits": 14, "decimal_places": 2}


class Status(models.TextChoices):
    """Class of an order or of one of its rows, over all platforms. The order here is the order of progress."""

    UNPAID = "unpaid", _("unpaid")
    CLOSED = "closed", _("closed")
    HOLD = "hold", _("on hold")
    PAID = "paid", _("paid")
    COMPLETED = "completed", _("completed")
    PARTIALLY_REFUNDED = "partially_refunded", _("partly refunded")
    REFUNDED = "refunded", _("refunded")


ELIGIBLE = (Status.PAID, Status.COMPLETED, Status.PARTIALLY_REFUNDED)


class ChannelQuerySet(models.QuerySet["Channel"]):
    def active(self) -> ChannelQuerySet:
        return self.filter(active=True)

    def claimable(self) -> ChannelQuerySet:
        """Return channels whose orders members may claim by number."""
        return self.active().filter(claims=True)


class Channel(models.Model):
    """A shop on a platform: where its files come from, who its buyers are, when its orders earn."""

    class EarnsAt(models.TextChoices):
        PAID = "paid", _("when paid")
        COMPLETED = "completed", _("when completed")

    class Proof(models.TextChoices):
        NONE = "none", _("nothing")
        PHONE = "phone", _("the last four digits of the phone")
        AMOUNT = "amount", _("the amount paid")

    code = models.SlugField(_("code"), max_length=30, unique=True, help_text=_("Never changes: it is part of keys."))
    name = models.CharField(_("name"), max_length=60)
    format = models.CharField(_("file format"), max_length=30)
    earns_at = models.CharField(_("an order earns"), max_length=10, choices=EarnsAt, default=EarnsAt.PAID)
    pending_days = models.PositiveSmallIntegerField(
        _("days until its points are available"),
        null=True,
        blank=True,
        help_text=_("Empty: as the points policy says."),
    )
    enrol = models.BooleanField(
        _("buyers become members"),
        default=False,
        help_text=_("A buyer with a phone of his own becomes a member at import; else his orders wait until he joins."),
    )
    active = models.BooleanField(_("active"), default=True)

    claims = models.BooleanField(
        _("members may claim orders"), default=True, help_text=_("By entering the order number on the members' pages.")
    )
    claim_proof = models.CharField(
        _("a claim asks for"),
        max_length=10,
        choices=Proof,
        default=Proof.NONE,
        help_text=_("The phone only where the files have the buyer's own; else each claim is looked at by staff."),
    )
    claim_days = models.PositiveSmallIntegerField(_("oldest order, in days"), default=365)
    claims_a_day = models.PositiveSmallIntegerField(
        _("numbers a day"), default=20, help_text=_("How many order numbers a member may enter in a day.")
    )
    claim_review_from = models.DecimalField(
        _("staff look from amount"),
        default=Decimal(5000),
        null=True,
        blank=True,
        help_text=_("Claims of orders from this amount on wait for staff. Empty: none."),
        **MONEY,
    )

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        verbose_name = _("channel")
        verbose_name_plural = _("channels")

    def __str__(self) -> str:
        return self.name


class OrderImportQuerySet(models.QuerySet["OrderImport"]):
    def unfinished(self) -> OrderImportQuerySet:
        return self.exclude(state__in=OrderImport.ENDED)

    def left_alone(self, *, since: datetime) -> OrderImportQuerySet:
        """Return unfinished imports that nobody has worked on since then."""
        return self.unfinished().filter(Q(touched_at=None, created_at__lt=since) | Q(touched_at__lt=since))


class OrderImport(models.Model):
    """A file on its way into the ledger. `state` says what is done; a killed worker goes on from there."""

    class State(models.TextChoices):
        UPLOADED = "UPLOADED", _("waiting")
        STAGED = "STAGED", _("read")
        CHECKED = "CHECKED", _("checked")
        MATCHED = "MATCHED", _("buyers known")
        STORED = "STORED", _("orders stored")
        DONE = "DONE", _("done")
        REFUSED = "REFUSED", _("refused")
        FAILED = "FAILED", _("failed")

    ENDED = (State.DONE, State.REFUSED, State.FAILED)

    file = models.FileField(_("file"), upload_to="imports/%Y/%m/", max_length=255)
    name = models.CharField(_("file name"), max_length=255)
    sha256 = models.CharField(max_length=64, editable=False, db_index=True)
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, null=True, blank=True, db_index=False, verbose_name=_("channel")
    )
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.UPLOADED)
    reason = models.TextField(_("why refused"), blank=True)
    stored_to = models.CharField(max_length=64, blank=True, editable=False)

    rows = models.PositiveIntegerField(_("rows"), default=0)
    staged = models.PositiveIntegerField(_("valid rows"), default=0)
    rejected = models.PositiveIntegerField(_("rejected rows"), default=0)
    orders = models.PositiveIntegerField(_("orders"), default=0)
    new = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    eligible_orders = models.PositiveIntegerField(_("orders that count"), default=0)
    paid_total = models.DecimalField(_("paid in total"), default=Decimal(0), **MONEY)
    members_matched = models.PositiveIntegerField(_("known members"), default=0)
    points = models.BigIntegerField(_("points"), default=0)
    growth = models.BigIntegerField(_("growth value"), default=0)
    seconds = models.FloatField(_("seconds"), default=0)

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("uploaded at"))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    touched_at = models.DateTimeField(null=True, editable=False)

    objects = OrderImportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("order import")
        verbose_name_plural = _("order imports")
        indexes = [
            models.Index(fields=["id"], condition=~Q(state__in=["DONE", "REFUSED", "FAILED"]), name="import_unfinished")
        ]

    def __str__(self) -> str:
        return self.name

    def read_as(self) -> Channel:
        """Return the channel, which every import has once it is staged; raises Channel.DoesNotExist before."""
        if self.channel is None:
            raise Channel.DoesNotExist
        return self.channel


class StagedRow(models.Model):
    """A valid row of a file, before it is stored. UNLOGGED: a crash empties it, and the file is read again."""

    order_import = models.ForeignKey(OrderImport, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    line = models.PositiveIntegerField()
    number = models.CharField(max_length=64)
    row_key = models.CharField(max_length=64)
    status = models.CharField(max_length=20, choices=Status)
    gross = models.DecimalField(**MONEY)
    refunded = models.DecimalField(**MONEY)
    shipping = models.DecimalField(**MONEY)
    ordered_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    buyer = models.CharField(max_length=128)
    phone = models.CharField(max_length=16)
    title = models.CharField(max_length=500)
    sku = models.CharField(max_length=128)
    quantity = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["order_import", "number", "row_key"], name="staged_number")]

    def __str__(self) -> str:
        return f"{self.line}: {self.number}"


class RejectedRow(models.Model):
    """A row of a file that could not be understood: where, what, why."""

    order_import = models.ForeignKey(OrderImport, on_delete=models.CASCADE, related_name="rejects")
    line = models.PositiveIntegerField(_("line"))
    number = models.CharField(_("order number"), max_length=200, blank=True)
    column = models.CharField(_("column"), max_length=200, blank=True)
    value = models.CharField(_("value"), max_length=500, blank=True)
    reason = models.TextField(_("reason"))

    class Meta:
        ordering = ["line", "id"]
        verbose_name = _("rejected row")
        verbose_name_plural = _("rejected rows")

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"


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
            .filter(paid_at__isnull=False, gross__gt=0)
            .filter(Q(channel__earns_at=Channel.EarnsAt.PAID) | completed)
        )

    def in_file(self, order_import: OrderImport) -> OrderQuerySet:
        """Return the orders that a staged file names, changed by it or not."""
        staged = StagedRow.objects.filter(order_import=order_import, number=OuterRef("number"))
        return self.filter(Exists(staged), channel=order_import.channel)

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
        return Relation.of(self.exclude(member=None).annotate(key=_award_key()).values("key", "gross", "refunded"))


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
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, null=True, db_index=False, related_name="orders", verbose_name=_("member")
    )
    award = models.PositiveSmallIntegerField(
        db_default=1, editable=False, help_text="Number of the award in its key; rises when it is undone or moved."
    )
    award_gross = models.DecimalField(
        null=True, editable=False, help_text="What was paid when it was awarded, if that has changed since.", **MONEY
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
            models.Index(fields=["id"], condition=Q(award_gross__isnull=False), name="order_award_to_mend"),
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

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [models.UniqueConstraint(fields=["order", "row_key"], name="line_once")]

    def __str__(self) -> str:
        return self.title


class ClaimPolicy(models.Model):
    """What holds for claims of all channels: one row, made with these defaults when first asked for."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    waiting_days = models.PositiveSmallIntegerField(
        _("days until a waiting claim is given up"),
        default=30,
        help_text=_("A claim of an order that no file has brought yet waits so long."),
    )
    per_address = models.PositiveIntegerField(
        _("numbers a day from one address"),
        default=200,
        help_text=_("All members behind one internet address together: a shop's or a phone network's may be many."),
    )
    accounts = models.PositiveSmallIntegerField(
        _("members at one address"),
        default=5,
        help_text=_("When more members than these claim from one address in a day, staff look at the others' claims."),
    )
    many = models.PositiveSmallIntegerField(
        _("claims in 30 days"),
        default=30,
        help_text=_("Staff look at what a member claims beyond this number."),
    )

    class Meta:
        verbose_name = _("claim policy")
        verbose_name_plural = _("claim policy")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="claim_policy_is_one_row")]

    def __str__(self) -> str:
        return str(_("claim policy"))

    @classmethod
    def current(cls) -> ClaimPolicy:
        """Return the one row, saved or not."""
        return cls.objects.first() or cls()


class ClaimCount(models.Model):
    """How many order numbers somebody has entered on a day of the brand: `member:7` or `address:203.0.113.9`."""

    who = models.CharField(max_length=60)
    day = models.DateField()
    numbers = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["who", "day"], name="claim_count_once")]

    def __str__(self) -> str:
        return f"{self.who} {self.day}: {self.numbers}"


class ClaimQuerySet(models.QuerySet["Claim"]):
    def of(self, member: Member) -> ClaimQuerySet:
        """Return a member's claims, newest first."""
        return self.filter(member=member).select_related("order__channel", "channel").order_by("-id")

    def waiting(self) -> ClaimQuerySet:
        """Return claims whose order no file has brought yet."""
        return self.filter(state=Claim.State.WAITING)

    def found(self) -> ClaimQuerySet:
        """Return waiting claims whose number is an order by now, of their channel or of another."""
        channels = list(Channel.objects.values_list("pk", flat=True))  # so that the unique index is used
        return self.waiting().filter(Exists(Order.objects.filter(channel__in=channels, number=OuterRef("number"))))

    def news(self, member: Member, since: datetime) -> ClaimQuerySet:
        """Return a member's claims that were decided since, not at once when he entered them."""
        return self.of(member).filter(decided_at__gte=since, decided_at__gt=F("made_at"))

    def in_review(self) -> ClaimQuerySet:
        """Return claims that staff have to look at."""
        return self.filter(state=Claim.State.IN_REVIEW)

    def named_by(self, order_import: OrderImport) -> ClaimQuerySet:
        """Return waiting claims of numbers that a staged file has."""
        staged = StagedRow.objects.filter(order_import=order_import, number=OuterRef("number"))
        channel = Q(channel=order_import.channel) | Q(channel=None)
        return self.waiting().filter(channel).filter(Exists(staged))


class Claim(models.Model):
    """A member says that an order is his. Written by `orders.claims`."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("waiting")
        CREDITED = "CREDITED", _("credited")
        IN_REVIEW = "IN_REVIEW", _("being checked")
        REFUSED = "REFUSED", _("not accepted")
        GIVEN_UP = "GIVEN_UP", _("not found")

    LIVE = (State.WAITING, State.CREDITED, State.IN_REVIEW)

    class Reason(models.TextChoices):
        LATER = "LATER", _("earns later")
        OWN = "OWN", _("was the member's already")
        BOUND = "BOUND", _("the buyer's account or phone is another member's")
        PROOF = "PROOF", _("the file has nothing to compare the proof with")
        AMOUNT = "AMOUNT", _("high amount")
        MANY = "MANY", _("many claims")
        ADDRESS = "ADDRESS", _("several accounts at one address")
        RIVAL = "RIVAL", _("another member claims it too")
        CHANNEL = "CHANNEL", _("several shops have this number")
        OFF = "OFF", _("the channel takes no claims")
        TAKEN = "TAKEN", _("is another member's")
        UNPAID = "UNPAID", _("not paid")
        CLOSED = "CLOSED", _("closed")
        REFUNDED = "REFUNDED", _("refunded")
        OLD = "OLD", _("too old")
        STAFF = "STAFF", _("refused by staff")

    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="claims", db_index=False, verbose_name=_("member")
    )
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("channel"))
    number = models.CharField(_("order number"), max_length=64)
    proof = models.CharField(_("proof given"), max_length=20, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason, blank=True)
    order = models.ForeignKey(
        Order, on_delete=models.SET_NULL, null=True, related_name="claims", db_index=False, verbose_name=_("order")
    )
    address = models.CharField(_("internet address"), max_length=45, blank=True)
    made_at = models.DateTimeField(_("made at"))
    decided_at = models.DateTimeField(_("decided at"), null=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("by")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    # What a member is told of it, filled in by orders.claims.tell.
    words: str = ""
    points: int = 0
    growth: int = 0
    available_at: datetime | None = None

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "channel", "number"],
                condition=Q(state__in=["WAITING", "CREDITED", "IN_REVIEW"]),
                nulls_distinct=False,
                name="claim_live_once",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["CREDITED", "IN_REVIEW"]) | Q(decided_at__isnull=False),
                name="claim_decided_at",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "id"], name="claim_member"),
            models.Index(fields=["number"], name="claim_number"),
            models.Index(fields=["id"], condition=Q(state="WAITING"), name="claim_waiting"),
            models.Index(fields=["id"], condition=Q(state="IN_REVIEW"), name="claim_in_review"),
            models.Index(fields=["order"], condition=Q(order__isnull=False), name="claim_order"),
            models.Index(fields=["address", "made_at"], condition=~Q(address=""), name="claim_address"),
        ]

    def __str__(self) -> str:
        return self.number
