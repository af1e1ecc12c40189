"""Pieces of a redemption that went back, step by step; when members were told. The SQL lies beside, frozen."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _frozen(name: str) -> migrations.RunSQL:
    folder = Path(__file__).with_name("sql")
    forward, back = (folder / f"{name}.sql", folder / f"{name}_reverse.sql")
    return migrations.RunSQL(forward.read_text("utf-8"), back.read_text("utf-8"))


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0005_give_back"),
        ("mall", "0015_rush"),
        ("members", "0005_arrival"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Reversal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("request_key", models.CharField(editable=False, max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[("CANCELLED", "cancelled"), ("RETURNED", "returned")],
                        max_length=10,
                        verbose_name="what happened",
                    ),
                ),
                ("pieces", models.PositiveIntegerField(verbose_name="pieces")),
                ("points", models.PositiveBigIntegerField(verbose_name="points")),
                (
                    "cash",
                    models.DecimalField(db_default=Decimal("0"), decimal_places=2, max_digits=10, verbose_name="yuan"),
                ),
                ("restocked", models.BooleanField(db_default=True, verbose_name="back into stock")),
                ("note", models.CharField(db_default="", max_length=200, verbose_name="reason")),
                ("at", models.DateTimeField(verbose_name="at")),
                ("told_at", models.DateTimeField(null=True, verbose_name="member told at")),
            ],
            options={
                "verbose_name": "pieces taken back",
                "verbose_name_plural": "pieces taken back",
            },
        ),
        migrations.AddField(
            model_name="mallpolicy",
            name="text",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="A text message when a parcel is on its way, and when your staff cancel or take back: one for all of a member's, by day. Each costs money; it stands on the member's pages in any case.",
                verbose_name="text members",
            ),
        ),
        migrations.AddField(
            model_name="redemption",
            name="returned",
            field=models.PositiveIntegerField(db_default=0, verbose_name="pieces that went back"),
        ),
        migrations.AddField(
            model_name="shipment",
            name="told_at",
            field=models.DateTimeField(null=True, verbose_name="member told at"),
        ),
        migrations.AddIndex(
            model_name="shipment",
            index=models.Index(condition=models.Q(("told_at", None)), fields=["shipped_at"], name="shipment_to_tell"),
        ),
        migrations.RunSQL(
            "update mall_redemption set returned = quantity where state in ('CANCELLED', 'RETURNED')",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="redemption",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("returned", models.F("quantity")), ("state__in", ("CANCELLED", "RETURNED"))),
                    models.Q(
                        models.Q(("state__in", ("CANCELLED", "RETURNED")), _negated=True),
                        ("returned__lt", models.F("quantity")),
                    ),
                    _connector="OR",
                ),
                name="redemption_ends_when_all_went_back",
            ),
        ),
        migrations.AddField(
            model_name="reversal",
            name="actor",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="reversal",
            name="redemption",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reversals",
                to="mall.redemption",
                verbose_name="redemption",
            ),
        ),
        migrations.AddIndex(
            model_name="reversal",
            index=models.Index(condition=models.Q(("told_at", None)), fields=["at"], name="reversal_to_tell"),
        ),
        migrations.AddConstraint(
            model_name="reversal",
            constraint=models.UniqueConstraint(fields=("redemption", "request_key"), name="reversal_once"),
        ),
        migrations.AddConstraint(
            model_name="reversal",
            constraint=models.CheckConstraint(
                condition=models.Q(("pieces__gte", 1)), name="reversal_of_a_piece_at_least"
            ),
        ),
        _frozen("0016_reversals"),
    ]
