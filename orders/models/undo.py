"""What an undo has to know of an order's past. Written by `orders.importing` and `orders.undoing` in bulk."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from members.models import Member
from orders.models.channels import Channel
from orders.models.imports import OrderImport
from orders.models.orders import Order


class OrderBefore(models.Model):
    """How an order stood before an import changed it: its row, all its lines, the award that it had.

    `author`: the import that had told it so; the before-images of an order are a chain from its last import back to its
    first, which has none. None: the order stands as before again, and has to be looked at once more for its award.
    """

    order_import = models.ForeignKey(OrderImport, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+", db_index=False)
    author = models.ForeignKey(OrderImport, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    was = models.JSONField(help_text="The row of the order.")
    lines = models.JSONField(help_text="The rows of its lines.")
    posting = models.BigIntegerField(null=True, help_text="The award that it had.")
    given_to = models.ForeignKey(
        Member,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Whose the import made it, if it was nobody's.",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "order_import"], name="order_before_once")]
        indexes = [models.Index(fields=["author", "order"], name="order_before_author")]

    def __str__(self) -> str:
        return f"{self.order_id} before {self.order_import_id}"


class OrderRetelling(models.Model):
    """Orders that an import told as they stood already, some thousands a row: `author` is not alone with them."""

    order_import = models.ForeignKey(OrderImport, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(OrderImport, on_delete=models.PROTECT, related_name="+")
    orders = ArrayField(models.BigIntegerField())

    def __str__(self) -> str:
        return f"{self.author_id} by {self.order_import_id}"


class TakenOrder(models.Model):
    """An order that an undo took away: told again, it earns under this number (law posted_once), for who staff said.

    `given_to`: the member whose claim of it staff had accepted, or given it to.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.CharField(max_length=64)
    award = models.PositiveSmallIntegerField()
    given_to = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "number"], name="taken_order_once")]

    def __str__(self) -> str:
        return f"{self.number}#{self.award}"
