"""Columns that staff chose for files of no known format. Written by `orders.mapping`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.channels.mapped import ORDER, PART, REPEATED, Plan
from orders.models.channels import Channel


class ColumnMappingQuerySet(models.QuerySet["ColumnMapping"]):
    def for_files_of(self, channel: Channel | None) -> ColumnMappingQuerySet:
        """Return what may read a file of this channel. None: of any active one."""
        if channel is None:
            return self.filter(channel__active=True)
        return self.filter(channel=channel)

    def plans(self) -> list[Plan]:
        """Return what was chosen, the earliest first."""
        return [one.plan() for one in self.select_related("channel").order_by("id")]


class ColumnMapping(models.Model):
    """Which column of a header is what, for the files of a channel. The next file with this header is read by it."""

    class Rows(models.TextChoices):
        ORDER = ORDER, _("a whole order")
        PART = PART, _("a part of an order; the amounts of its rows add up")
        REPEATED = REPEATED, _("a part of an order; each row repeats what was paid for the whole order")

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, verbose_name=_("channel"))
    name = models.CharField(_("name"), max_length=100)
    fingerprint = models.CharField(max_length=32, editable=False)
    format = models.CharField(
        _("file format"), max_length=30, blank=True, editable=False, help_text=_("Whose columns it corrects.")
    )
    header = models.JSONField(_("columns of the file"), editable=False)
    header_line = models.PositiveSmallIntegerField(_("line of the header"), editable=False)
    columns = models.JSONField(editable=False, help_text="Index in header by attribute of the format.")
    net = models.BooleanField(_("refunds are already taken off the paid amount"), default=False, editable=False)
    rows = models.CharField(_("a row is"), max_length=10, choices=Rows, default=Rows.ORDER, editable=False)
    words = models.JSONField(default=dict, editable=False, help_text="Class by word, of status and of after_sale.")
    time_zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai", editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name=_("chosen by"),
    )
    created_at = models.DateTimeField(_("chosen at"), editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name=_("last changed by"),
    )
    changed_at = models.DateTimeField(_("last changed at"), editable=False)

    objects = ColumnMappingQuerySet.as_manager()

    class Meta:
        ordering = ["channel", "name", "id"]
        verbose_name = _("chosen columns")
        verbose_name_plural = _("chosen columns")
        constraints = [models.UniqueConstraint(fields=["channel", "fingerprint"], name="mapping_once")]

    def __str__(self) -> str:
        return self.name

    def plan(self) -> Plan:
        """Return what was chosen, as the reading of files wants it."""
        return Plan(
            id=self.pk,
            name=self.name,
            channel=self.channel.code,
            platform=self.channel.format,
            format=self.format,
            header=tuple(self.header),
            header_line=self.header_line,
            columns=self.columns,
            net=self.net,
            rows=self.rows,
            words=self.words,
            zone=self.time_zone,
        )
