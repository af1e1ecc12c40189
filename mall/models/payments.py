"""Money beside points: what is to be paid for a redemption, what was paid, and what goes back."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mall.models.redemptions import Redemption

PAY_MINUTES = (5, 24 * 60)
COUNTER_HOURS = (1, 24 * 30)


class MallPolicy(models.Model):
    """How the brand takes money and tells of parcels: one row, made with these defaults when first saved."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    pay_minutes = models.PositiveSmallIntegerField(
        _("minutes to pay"),
        default=30,
        validators=[MinValueValidator(PAY_MINUTES[0]), MaxValueValidator(PAY_MINUTES[1])],
        help_text=_("So long an order with a part in yuan holds points and stock; unpaid, it lets both go."),
    )
    counter_hours = models.PositiveSmallIntegerField(
        _("hours to pay at the counter"),
        default=72,
        validators=[MinValueValidator(COUNTER_HOURS[0]), MaxValueValidator(COUNTER_HOURS[1])],
        help_text=_("For who chooses to pay in your shop, counted from the order."),
    )
    counter_words = models.CharField(
        _("where to pay"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Shown to who pays at the counter: which shops, which hours."),
    )
    text = models.BooleanField(
        _("text members"),
        db_default=False,
        default=False,
        help_text=_(
            "A text message when a parcel is on its way, and when your staff cancel or take back: one for all of a "
            "member's, by day. Each costs money; it stands on the member's pages in any case."
        ),
    )

    class Meta:
        verbose_name = _("mall policy")
        verbose_name_plural = _("mall policy")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="mall_policy_is_one_row"),
            models.CheckConstraint(
                condition=Q(pay_minutes__range=PAY_MINUTES, counter_hours__range=COUNTER_HOURS),
                name="mall_policy_in_bounds",
            ),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def current(cls) -> MallPolicy:
        """Return the one row, saved or not."""
        return cls.objects.first() or cls()


class PaymentQuerySet(models.QuerySet["Payment"]):
    def open(self) -> PaymentQuerySet:
        return self.filter(state=Payment.State.OPEN)

    def paid(self) -> PaymentQuerySet:
        return self.filter(state=Payment.State.PAID)


class Payment(models.Model):
    """One way in which a redemption is being paid. OPEN → PAID, or CLOSED and perhaps PAID too late after all.

    Made and moved by `mall.paying`; the amount never changes. Yuan.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", _("to be paid")
        PAID = "PAID", _("paid")
        CLOSED = "CLOSED", _("given up")

    class Problem(models.TextChoices):
        NONE = "", _("none")
        LATE = "LATE", _("paid after the order had ended; goes back")
        TWICE = "TWICE", _("paid a second time; goes back")
        AMOUNT = "AMOUNT", _("another amount was paid; look at the provider's statement")

    redemption = models.ForeignKey(
        Redemption, on_delete=models.PROTECT, related_name="payments", verbose_name=_("redemption")
    )
    provider = models.CharField(_("provider"), max_length=20)
    number = models.CharField(_("number"), max_length=16, unique=True)
    amount = models.DecimalField(_("amount in yuan"), max_digits=10, decimal_places=2)
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.OPEN)
    made_at = models.DateTimeField(_("begun at"))
    paid_at = models.DateTimeField(_("paid at"), null=True)
    reference = models.CharField(_("provider's number"), max_length=64, db_default="")
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("taken by")
    )
    problem = models.CharField(_("problem"), max_length=6, choices=Problem, blank=True, db_default="")

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment in yuan")
        verbose_name_plural = _("payments")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_above_0"),
            models.CheckConstraint(
                condition=Q(state="PAID", paid_at__isnull=False) | (~Q(state="PAID") & Q(paid_at=None)),
                name="payment_has_its_time",
            ),
            models.UniqueConstraint(
                fields=["redemption", "provider"], condition=Q(state="OPEN"), name="payment_open_once"
            ),
            models.UniqueConstraint(
                fields=["redemption"], condition=Q(state="PAID", problem=""), name="payment_for_it_once"
            ),
            models.UniqueConstraint(
                fields=["provider", "reference"], condition=~Q(reference=""), name="payment_reference_once"
            ),
        ]

    def __str__(self) -> str:
        return f"¥{self.amount} {self.number}"

    @classmethod
    def at_counter(cls, number: str) -> Payment | None:
        """Return the payment with this number that is made at the counter."""
        rows = cls.objects.select_related("redemption__member", "taken_by")
        return rows.filter(provider="counter", number=number).first()

    @property
    def shown_number(self) -> str:
        """Return the number in groups of four, easy to read out."""
        return "-".join(self.number[n : n + 4] for n in range(0, len(self.number), 4))


class RefundQuerySet(models.QuerySet["Refund"]):
    def due(self, at: datetime) -> RefundQuerySet:
        """Return refunds that are still to be made at `at`, oldest first."""
        return self.filter(done_at=None, made_at__lte=at).select_related("payment").order_by("pk")


class Refund(models.Model):
    """Money that goes back: due when something ended, done when the provider or staff gave it. Yuan.

    Append-only but for `done_*` and `reference`; the database never lets more go back than came in.
    """

    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("payment in yuan")
    )
    key = models.CharField(max_length=40, unique=True, editable=False)
    amount = models.DecimalField(_("amount in yuan"), max_digits=10, decimal_places=2)
    note = models.CharField(_("reason"), max_length=200)
    made_at = models.DateTimeField(_("due since"))
    done_at = models.DateTimeField(_("given back at"), null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, verbose_name=_("by")
    )
    reference = models.CharField(_("provider's number"), max_length=64, db_default="")

    objects = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_above_0")]
        indexes = [models.Index(fields=["id"], condition=Q(done_at=None), name="refund_due")]

    def __str__(self) -> str:
        return f"¥{self.amount}"
