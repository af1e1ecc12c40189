"""What staff said that status words mean, of which no format knows it. Written by `orders.wording`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.channels.base import KEPT
from orders.models.channels import Channel
from orders.models.status import Status


class StatusWord(models.Model):
    """What a word in a status column of a channel's files means. The next file of the channel is read by it."""

    class Column(models.TextChoices):
        STATUS = "status", _("status of the order")
        ITEM_STATUS = "item_status", _("status of the item")
        AFTER_SALE = "after_sale", _("after-sale")

    CLASSES = [*((one.value, one.label) for one in Status if one != Status.UNKNOWN), (KEPT, _("no money went back"))]

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="words", verbose_name=_("channel"))
    column = models.CharField(_("column"), max_length=20, choices=Column)
    word = models.CharField(_("word"), max_length=40)
    status = models.CharField(_("means"), max_length=20, choices=CLASSES)
    said_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name=_("said by"),
    )
    said_at = models.DateTimeField(_("said at"), editable=False)

    class Meta:
        ordering = ["channel", "column", "word"]
        verbose_name = _("status word")
        verbose_name_plural = _("status words")
        constraints = [models.UniqueConstraint(fields=["channel", "column", "word"], name="status_word_once")]

    def __str__(self) -> str:
        return self.word
