"""Gifts marked as a rush: their stock is split into shards. The SQL lies beside, frozen."""

from __future__ import annotations

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models


def _frozen(name: str) -> migrations.RunSQL:
    folder = Path(__file__).with_name("sql")
    forward, back = (folder / f"{name}.sql", folder / f"{name}_reverse.sql")
    return migrations.RunSQL(forward.read_text("utf-8"), back.read_text("utf-8"))


class Migration(migrations.Migration):
    dependencies = [("mall", "0014_over")]

    operations = [
        migrations.AddField(
            model_name="gift",
            name="rush",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="For an opening that thousands wait for: the stock is split into 16 parts, so that members redeem side by side instead of one after another. Take the mark off when the rush is over.",
                verbose_name="rush",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(("rush", False), ("stock_counted", True), _connector="OR"),
                name="gift_rush_is_counted",
            ),
        ),
        migrations.CreateModel(
            name="GiftShard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "gift",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shards",
                        to="mall.gift",
                    ),
                ),
                ("shard", models.PositiveSmallIntegerField()),
                ("stock", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("gift", "shard"), name="gift_shard_once"),
                    models.CheckConstraint(condition=models.Q(("stock__gte", 0)), name="gift_shard_from_0"),
                    models.CheckConstraint(condition=models.Q(("shard__lt", 16)), name="gift_shard_below_16"),
                ],
            },
        ),
        _frozen("0015_rush"),
    ]
