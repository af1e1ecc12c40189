"""Members' claims of orders by their number. Written by `orders.claims`."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from members.models import Member
from orders.models.channels import Channel
from orders.models.imports import OrderImport, StagedRow
from orders.models.orders import Order


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

    text = models.BooleanField(
        _("text members"),
        default=False,
        help_text=_(
            "A text message when a claim that waited is decided: one for all of a member's, by day. Each costs money; "
            "without it he reads it on his pages."
        ),
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

    def to_look(self) -> ClaimQuerySet:
        """Return waiting claims that have not been looked at since they were made or changed."""
        return self.waiting().filter(to_look=True)

    def news(self, member: Member, since: datetime) -> ClaimQuerySet:
        """Return a member's claims that were decided since, not at once when he entered them."""
        unproved = Q(state=Claim.State.IN_REVIEW, reason=Claim.Reason.PROOF)  # he is told that it waits: Claim.told
        return self.of(member).filter(decided_at__gte=since, decided_at__gt=F("made_at")).exclude(unproved)

    def to_tell(self, *, since: datetime, quiet: datetime) -> ClaimQuerySet:
        """Return claims decided since, after a wait, of which their members were not sent a text.

        Members who were sent one after `quiet` are left in peace, and those whose phone nobody has proved to own.
        """
        lately = Claim.objects.filter(member=OuterRef("member"), told_at__gt=quiet)
        decided = self.filter(
            told_at=None, state__in=Claim.ENDS, decided_at__gt=F("made_at"), decided_at__gte=since
        ).select_related("member", "order__channel", "channel")
        known = decided.filter(member__phone__isnull=False, member__phone_verified=True, member__merged_into=None)
        return known.exclude(Exists(lately))

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
    ENDS = (State.CREDITED, State.REFUSED, State.GIVEN_UP)

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
        UNDONE = "UNDONE", _("the file with its order was undone")
        MOVED = "MOVED", _("given to another member by staff")

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
    to_look = models.BooleanField(
        db_default=True,
        editable=False,
        help_text="Made or changed, and not looked at since in a transaction that sees it: orders.claims.look.",
    )
    told_at = models.DateTimeField(_("told by text at"), null=True, editable=False)

    # What a member is told of it, filled in by orders.claims.tell.
    words: str = ""
    points: int = 0
    growth: int = 0
    available_at: datetime | None = None

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        permissions = [("give_claim", _("Can give the order of a claim to its member"))]
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
            models.Index(fields=["made_at"], condition=Q(state="WAITING"), name="claim_waiting_since"),
            models.Index(fields=["id"], condition=Q(state="WAITING", to_look=True), name="claim_to_look"),
            models.Index(fields=["id"], condition=Q(state="IN_REVIEW"), name="claim_in_review"),
            models.Index(fields=["order"], condition=Q(order__isnull=False), name="claim_order"),
            models.Index(
                fields=["decided_at"],
                condition=Q(told_at=None, state__in=["CREDITED", "REFUSED", "GIVEN_UP"], decided_at__gt=F("made_at")),
                name="claim_to_tell",
            ),
            models.Index(fields=["address", "made_at"], condition=~Q(address=""), name="claim_address"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def told(self) -> Claim.State:
        """Return the state that its member is told.

        Where no file can confirm his proof he is told what all are told of an unknown number, while staff look at it.
        """
        unproved = (self.state, self.reason) == (self.State.IN_REVIEW, self.Reason.PROOF)
        return self.State.WAITING if unproved else self.State(self.state)

    @property
    def may_be_given(self) -> bool:
        """Tell whether staff may give the order to this member although another has it (orders.moving)."""
        doubtful = (self.state, self.reason) == (self.State.REFUSED, self.Reason.TAKEN)
        return self.order_id is not None and (doubtful or self.state == self.State.IN_REVIEW)
