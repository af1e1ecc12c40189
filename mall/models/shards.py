"""The stock of a rush: split into shards, so that its redemptions do not wait for one row.

A gift's stock is its row's column and, while it is marked as a rush, the sum of its shards. `StockField` reads both
wherever Django reads `Gift.stock`; SQL of ours says `mall_left(gift)`. Only `mall_take_stock`, `mall_put_stock` and
`mall_change_stock` (migrations/sql/0015_rush.sql) write them.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.expressions import Col

__all__ = ("SHARDS", "GiftShard", "StockField")

SHARDS = 16


class _WithShards(Col):
    """The column and the gift's shards, in one expression; the plain column where no table is named (constraints)."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        column, params = super().as_sql(compiler, connection)
        if not self.alias:
            return column, params
        gift = compiler.quote_name_unless_alias(self.alias)
        shards = f"select coalesce(sum(s.stock), 0)::bigint from mall_giftshard s where s.gift_id = {gift}.id"
        return f"({column} + case when {gift}.rush then ({shards}) else 0 end)", params


class StockField(models.BigIntegerField):
    """Pieces left of a gift, those in its shards included: to read, filter and sort by. To the database a bigint."""

    def get_col(self, alias: str, output_field: Any = None) -> Col:
        return _WithShards(alias, self, output_field)

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.BigIntegerField", args, kwargs


class GiftShard(models.Model):
    """A part of the stock of a gift that is marked as a rush. There are none of other gifts."""

    gift = models.ForeignKey("mall.Gift", on_delete=models.CASCADE, related_name="shards", db_index=False)
    shard = models.PositiveSmallIntegerField()
    stock = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gift", "shard"], name="gift_shard_once"),
            models.CheckConstraint(condition=Q(stock__gte=0), name="gift_shard_from_0"),
            models.CheckConstraint(condition=Q(shard__lt=SHARDS), name="gift_shard_below_16"),
        ]

    def __str__(self) -> str:
        return f"{self.gift_id}/{self.shard}: {self.stock}"
