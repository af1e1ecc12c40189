"""Prices in points and yuan: payments, refunds, and `mall_redeem` that holds until it is paid. The SQL lies beside, frozen."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _frozen(name: str) -> migrations.RunSQL:
    folder = Path(__file__).with_name("sql")
    forward, back = (folder / f"{name}.sql", folder / f"{name}_reverse.sql")
    return migrations.RunSQL(forward.read_text("utf-8"), back.read_text("utf-8"))


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0003_credit"),
        ("mall", "0010_awards"),
        ("members", "0005_arrival"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MallPolicy",
            fields=[
                ("id", models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                (
                    "pay_minutes",
                    models.PositiveSmallIntegerField(
                        default=30,
                        help_text="So long an order with a part in yuan holds points and stock; unpaid, it lets both go.",
                        validators=[
                            django.core.validators.MinValueValidator(5),
                            django.core.validators.MaxValueValidator(1440),
                        ],
                        verbose_name="minutes to pay",
                    ),
                ),
                (
                    "counter_hours",
                    models.PositiveSmallIntegerField(
                        default=72,
                        help_text="For who chooses to pay in your shop, counted from the order.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(720),
                        ],
                        verbose_name="hours to pay at the counter",
                    ),
                ),
                (
                    "counter_words",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Shown to who pays at the counter: which shops, which hours.",
                        max_length=200,
                        verbose_name="where to pay",
                    ),
                ),
            ],
            options={
                "verbose_name": "mall policy",
                "verbose_name_plural": "mall policy",
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=20, verbose_name="provider")),
                ("number", models.CharField(max_length=16, unique=True, verbose_name="number")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=10, verbose_name="amount in yuan")),
                (
                    "state",
                    models.CharField(
                        choices=[("OPEN", "to be paid"), ("PAID", "paid"), ("CLOSED", "given up")],
                        default="OPEN",
                        max_length=6,
                        verbose_name="state",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="begun at")),
                ("paid_at", models.DateTimeField(null=True, verbose_name="paid at")),
                ("reference", models.CharField(db_default="", max_length=64, verbose_name="provider's number")),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "none"),
                            ("LATE", "paid after the order had ended; goes back"),
                            ("TWICE", "paid a second time; goes back"),
                            ("AMOUNT", "another amount was paid; look at the provider's statement"),
                        ],
                        db_default="",
                        max_length=6,
                        verbose_name="problem",
                    ),
                ),
            ],
            options={
                "verbose_name": "payment in yuan",
                "verbose_name_plural": "payments",
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(editable=False, max_length=40, unique=True)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=10, verbose_name="amount in yuan")),
                ("note", models.CharField(max_length=200, verbose_name="reason")),
                ("made_at", models.DateTimeField(verbose_name="due since")),
                ("done_at", models.DateTimeField(null=True, verbose_name="given back at")),
                ("reference", models.CharField(db_default="", max_length=64, verbose_name="provider's number")),
            ],
            options={
                "verbose_name": "refund",
                "verbose_name_plural": "refunds",
            },
        ),
        migrations.AddField(
            model_name="gift",
            name="cash",
            field=models.DecimalField(
                db_default=Decimal("0"),
                decimal_places=2,
                default=Decimal("0"),
                help_text="To be paid beside the points, for one piece. 0: points only.",
                max_digits=8,
                validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                verbose_name="and yuan",
            ),
        ),
        migrations.AddField(
            model_name="gifttier",
            name="cash",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Empty: as for everybody.",
                max_digits=8,
                null=True,
                validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                verbose_name="and yuan",
            ),
        ),
        migrations.AddField(
            model_name="redemption",
            name="cash",
            field=models.DecimalField(db_default=Decimal("0"), decimal_places=2, max_digits=10, verbose_name="yuan"),
        ),
        migrations.AddField(
            model_name="redemption",
            name="pay_before",
            field=models.DateTimeField(null=True, verbose_name="to be paid before"),
        ),
        migrations.AlterField(
            model_name="redemption",
            name="state",
            field=models.CharField(
                choices=[
                    ("UNPAID", "to be paid"),
                    ("ISSUED", "ready to use"),
                    ("PLACED", "placed"),
                    ("PACKED", "packed"),
                    ("SHIPPED", "shipped"),
                    ("RECEIVED", "received"),
                    ("CANCELLED", "cancelled"),
                    ("RETURNED", "returned"),
                ],
                db_default="PLACED",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddIndex(
            model_name="redemption",
            index=models.Index(
                condition=models.Q(("state", "UNPAID")), fields=["pay_before"], name="redemption_unpaid"
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(condition=models.Q(("cash__gte", 0)), name="gift_cash_from_0"),
        ),
        migrations.AddConstraint(
            model_name="gifttier",
            constraint=models.CheckConstraint(
                condition=models.Q(("cash", None), ("cash__gte", 0), _connector="OR"), name="gift_tier_cash_from_0"
            ),
        ),
        migrations.AddConstraint(
            model_name="redemption",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cash", 0), ("pay_before", None)),
                    models.Q(("cash__gt", 0), ("pay_before__isnull", False)),
                    _connector="OR",
                ),
                name="redemption_cash_has_its_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="redemption",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("state", "UNPAID"), _negated=True), ("cash__gt", 0), _connector="OR"),
                name="redemption_unpaid_has_cash",
            ),
        ),
        migrations.AddConstraint(
            model_name="mallpolicy",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="mall_policy_is_one_row"),
        ),
        migrations.AddConstraint(
            model_name="mallpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("counter_hours__range", (1, 720)), ("pay_minutes__range", (5, 1440))),
                name="mall_policy_in_bounds",
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="redemption",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payments",
                to="mall.redemption",
                verbose_name="redemption",
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="taken_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to=settings.AUTH_USER_MODEL,
                verbose_name="taken by",
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="done_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="payment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="refunds",
                to="mall.payment",
                verbose_name="payment in yuan",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="payment_amount_above_0"),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paid_at__isnull", False), ("state", "PAID")),
                    models.Q(models.Q(("state", "PAID"), _negated=True), ("paid_at", None)),
                    _connector="OR",
                ),
                name="payment_has_its_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "OPEN")), fields=("redemption", "provider"), name="payment_open_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("problem", ""), ("state", "PAID")),
                fields=("redemption",),
                name="payment_for_it_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reference", ""), _negated=True),
                fields=("provider", "reference"),
                name="payment_reference_once",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(condition=models.Q(("done_at", None)), fields=["id"], name="refund_due"),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refund_amount_above_0"),
        ),
        _frozen("0011_redeem"),
        _frozen("0011_payment"),
    ]
