"""Draws for a tier and while a campaign is on, and prizes of every kind. The SQL lies beside, frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def _frozen(name: str) -> migrations.RunSQL:
    folder = Path(__file__).with_name("sql")
    forward, back = (folder / f"{name}.sql", folder / f"{name}_reverse.sql")
    return migrations.RunSQL(forward.read_text("utf-8"), back.read_text("utf-8"))


def _points_to(model: str, **words: str) -> Any:
    return models.ForeignKey(
        blank=True,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=model,
        **words,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0004_posting_occurred"),
        ("members", "0005_arrival"),
        ("mall", "0016_reversals"),
    ]

    operations = [
        *(
            migrations.AddField(
                draw,
                "campaign",
                _points_to("loyalty.campaign", help_text="Only while this campaign is on.", verbose_name="campaign"),
            )
            for draw in ("draw", "treasuredraw")
        ),
        *(
            migrations.AddField(
                draw,
                "minimum_tier",
                _points_to("members.tier", help_text="Empty: for all members.", verbose_name="from tier"),
            )
            for draw in ("draw", "treasuredraw")
        ),
        _frozen("0017_draw_terms"),
    ]
