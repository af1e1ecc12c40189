"""Tries for draw chances, and won gifts of every kind become redemptions. The SQL lies beside, frozen."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations, models


def _frozen(name: str) -> migrations.RunSQL:
    folder = Path(__file__).with_name("sql")
    forward, back = (folder / f"{name}.sql", folder / f"{name}_reverse.sql")
    return migrations.RunSQL(forward.read_text("utf-8"), back.read_text("utf-8"))


class Migration(migrations.Migration):
    dependencies = [("mall", "0009_fulfilment")]

    operations = [
        migrations.AddField(
            model_name="draw",
            name="chance_pool",
            field=models.SlugField(
                allow_unicode=True,
                blank=True,
                db_default="",
                db_index=False,
                help_text="The word of the gifts that give the chances.",
                max_length=30,
                verbose_name="takes chances for",
            ),
        ),
        migrations.AlterField(
            model_name="draw",
            name="price",
            field=models.CharField(
                choices=[("POINTS", "points"), ("CHANCE", "a draw chance"), ("FREE", "nothing")],
                default="POINTS",
                max_length=6,
                verbose_name="a try costs",
            ),
        ),
        migrations.AddConstraint(
            model_name="draw",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("price", "CHANCE"), models.Q(("chance_pool", ""), _negated=True)),
                    models.Q(models.Q(("price", "CHANCE"), _negated=True), ("chance_pool", "")),
                    _connector="OR",
                ),
                name="draw_chances_have_a_pool",
            ),
        ),
        _frozen("0010_awards"),
    ]
