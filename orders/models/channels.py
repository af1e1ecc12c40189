"""The shops on the platforms."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.models.status import MONEY


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
    back_days = models.PositiveSmallIntegerField(
        _("orders before joining, in days"),
        null=True,
        blank=True,
        help_text=_(
            "An order that was bought longer before its buyer joined becomes his, but gives nothing. Empty: all give; "
            "0: none. Buyers whom this channel makes members, and orders claimed by their number, are not touched."
        ),
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
        help_text=_(
            "The phone: of the buyer or the receiver, as far as the file shows it. Where it shows none, staff look."
        ),
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
        permissions = [("report_channel", _("Can see the report by channel"))]

    def __str__(self) -> str:
        return self.name
