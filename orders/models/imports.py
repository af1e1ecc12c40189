"""Files on their way into orders. Written by `orders.importing`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count, Min, Q
from django.utils.translation import gettext_lazy as _

from orders.models.channels import Channel
from orders.models.status import MONEY, Status


class OrderImportQuerySet(models.QuerySet["OrderImport"]):
    def unfinished(self) -> OrderImportQuerySet:
        """Return imports that a worker has to go on with; one that waits for a person is none."""
        return self.exclude(state__in=OrderImport.RESTING)

    def left_alone(self, *, since: datetime) -> OrderImportQuerySet:
        """Return unfinished imports that nobody has worked on since then."""
        return self.unfinished().filter(Q(touched_at=None, created_at__lt=since) | Q(touched_at__lt=since))


class OrderImport(models.Model):
    """A file on its way into the ledger. `state` says what is done; a killed worker goes on from there."""

    class State(models.TextChoices):
        UPLOADED = "UPLOADED", _("waiting")
        STAGED = "STAGED", _("read")
        CHECKED = "CHECKED", _("checked")
        PREVIEWED = "PREVIEWED", _("to confirm")
        MATCHED = "MATCHED", _("buyers known")
        STORED = "STORED", _("orders stored")
        DONE = "DONE", _("done")
        REFUSED = "REFUSED", _("refused")
        FAILED = "FAILED", _("failed")
        DISCARDED = "DISCARDED", _("discarded")
        UNDOING = "UNDOING", _("being undone")
        UNDONE = "UNDONE", _("undone")

    ENDED = (State.DONE, State.REFUSED, State.FAILED, State.DISCARDED, State.UNDONE)
    RESTING = (State.PREVIEWED, *ENDED)

    file = models.FileField(_("file"), upload_to="imports/%Y/%m/", max_length=255)
    name = models.CharField(_("file name"), max_length=255)
    sha256 = models.CharField(max_length=64, editable=False, db_index=True)
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, null=True, blank=True, db_index=False, verbose_name=_("channel")
    )
    mapping = models.ForeignKey(
        "orders.ColumnMapping",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name=_("chosen columns"),
    )
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    layout = models.JSONField(null=True, editable=False, help_text="How the file was understood: see staging.layout.")
    again = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        db_index=False,
        related_name="+",
        help_text="The import whose file is read again, for the orders whose status words staff have given a meaning.",
    )
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
    language = models.CharField(max_length=10, db_default="", editable=False, help_text="Of who handed it in.")
    created_at = models.DateTimeField(_("uploaded at"))
    foreseen = models.JSONField(null=True, editable=False, help_text="What a preview found that it would do.")
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("confirmed by"),
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("undone by"),
    )
    undone_at = models.DateTimeField(_("undone at"), null=True)
    undoing = models.JSONField(null=True, editable=False, help_text="What its undoing did.")
    forgotten = models.BooleanField(
        default=False, editable=False, help_text="What it changed is not known any more: it cannot be undone."
    )
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    touched_at = models.DateTimeField(null=True, editable=False)

    objects = OrderImportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("order import")
        verbose_name_plural = _("order imports")
        permissions = [("undo_orderimport", _("Can undo order imports"))]
        indexes = [
            models.Index(
                fields=["id"],
                condition=~Q(state__in=["PREVIEWED", "DONE", "REFUSED", "FAILED", "DISCARDED", "UNDONE"]),
                name="import_unfinished",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def read_as(self) -> Channel:
        """Return the channel, which every import has once it is staged; raises Channel.DoesNotExist before."""
        if self.channel is None:
            raise Channel.DoesNotExist
        return self.channel

    def problems(self, most: int = 20) -> list[dict[str, Any]]:
        """Return the kinds of rejected rows, the most frequent first: reason, column, how many, the first line."""
        kinds = self.rejects.order_by().values("reason", "column").annotate(rows=Count("pk"), line=Min("line"))
        return [dict(kind) for kind in kinds.order_by("-rows", "line")[:most]]


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
    phone_end = models.CharField(max_length=4, db_default="")
    word = models.CharField(
        max_length=100, db_default="", help_text="The status as written, if the format does not know it."
    )

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
