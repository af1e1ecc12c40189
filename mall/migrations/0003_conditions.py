"""Opening times, prices by tier, limits by period, and `mall_redeem` that knows them. The SQL lies beside, frozen."""

from __future__ import annotations

from pathlib import Path

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


def _frozen(name: str) -> migrations.RunSQL:
    folder = Path(__file__).with_name("sql")
    forward, back = (folder / f"{name}.sql", folder / f"{name}_reverse.sql")
    return migrations.RunSQL(forward.read_text("utf-8"), back.read_text("utf-8"))


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0002_laws"),
        ("mall", "0002_redeem"),
        ("members", "0004_tier_change_kept"),
    ]

    operations = [
        migrations.CreateModel(
            name="GiftTier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "points",
                    models.PositiveBigIntegerField(
                        blank=True,
                        help_text="Price for this tier. Empty: as for everybody.",
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(1000000000)],
                        verbose_name="points",
                    ),
                ),
                (
                    "hours_earlier",
                    models.PositiveSmallIntegerField(
                        db_default=0,
                        default=0,
                        help_text="Opens this many hours earlier for this tier.",
                        validators=[django.core.validators.MaxValueValidator(720)],
                        verbose_name="hours earlier",
                    ),
                ),
            ],
            options={
                "verbose_name": "condition of a tier",
                "verbose_name_plural": "conditions by tier",
                "ordering": ["tier__rank"],
            },
        ),
        migrations.CreateModel(
            name="GiftWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "months",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(),
                        blank=True,
                        default=list,
                        help_text="None chosen: every month.",
                        size=None,
                        verbose_name="months",
                    ),
                ),
                (
                    "first_day",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Each month from this day on, for example 20. Empty: from the 1st.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(31),
                        ],
                        verbose_name="from day",
                    ),
                ),
                (
                    "first_time",
                    models.TimeField(
                        blank=True,
                        help_text="On the first day from this time on, for example 10:00.",
                        null=True,
                        verbose_name="at",
                    ),
                ),
                (
                    "last_day",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Empty: to the end of the month.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(31),
                        ],
                        verbose_name="to day",
                    ),
                ),
                (
                    "last_time",
                    models.TimeField(
                        blank=True,
                        help_text="On the last day until this time. Empty: to midnight.",
                        null=True,
                        verbose_name="until",
                    ),
                ),
                (
                    "weekdays",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(),
                        blank=True,
                        default=list,
                        help_text="None chosen: every day.",
                        size=None,
                        verbose_name="weekdays",
                    ),
                ),
                (
                    "daily_from",
                    models.TimeField(
                        blank=True,
                        help_text="Hours of each of these days, for example 10:00.",
                        null=True,
                        verbose_name="every day from",
                    ),
                ),
                (
                    "daily_until",
                    models.TimeField(
                        blank=True, help_text="Empty: to midnight.", null=True, verbose_name="every day until"
                    ),
                ),
            ],
            options={
                "verbose_name": "opening time",
                "verbose_name_plural": "opening times",
                "ordering": ["id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="gift",
            name="gift_points_in_bounds",
        ),
        migrations.RemoveConstraint(
            model_name="redemption",
            name="redemption_amounts",
        ),
        migrations.AddField(
            model_name="gift",
            name="limit_per_day",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="For a member, in pieces; days of the brand's time zone.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="limit per day",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="limit_per_month",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="From the 1st.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="limit per month",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="limit_per_order",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="limit per order",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="limit_per_week",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="From Monday.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="limit per week",
            ),
        ),
        migrations.AlterField(
            model_name="gift",
            name="limit_per_member",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Ever, in pieces. Empty: no limit.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="limit per member",
            ),
        ),
        migrations.AlterField(
            model_name="gift",
            name="points",
            field=models.PositiveBigIntegerField(
                help_text="For one piece.",
                validators=[django.core.validators.MaxValueValidator(1000000000)],
                verbose_name="points",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(("points__gte", 0), ("points__lte", 1000000000)), name="gift_points_in_bounds"
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(("points__gte", 1), ("limit_per_member__isnull", False), _connector="OR"),
                name="gift_for_nothing_is_limited",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit_per_order", None), ("limit_per_order__gte", 1), _connector="OR"),
                name="gift_limit_per_order_from_1",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit_per_day", None), ("limit_per_day__gte", 1), _connector="OR"),
                name="gift_limit_per_day_from_1",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit_per_week", None), ("limit_per_week__gte", 1), _connector="OR"),
                name="gift_limit_per_week_from_1",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit_per_month", None), ("limit_per_month__gte", 1), _connector="OR"),
                name="gift_limit_per_month_from_1",
            ),
        ),
        migrations.AddConstraint(
            model_name="redemption",
            constraint=models.CheckConstraint(
                condition=models.Q(("points__gte", 0), ("quantity__gte", 1), ("quantity__lte", 10000)),
                name="redemption_amounts",
            ),
        ),
        migrations.AddField(
            model_name="gifttier",
            name="gift",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tier_prices",
                to="mall.gift",
                verbose_name="gift",
            ),
        ),
        migrations.AddField(
            model_name="gifttier",
            name="tier",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, to="members.tier", verbose_name="tier"
            ),
        ),
        migrations.AddField(
            model_name="giftwindow",
            name="campaign",
            field=models.ForeignKey(
                blank=True,
                help_text="Only while this campaign is on.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="loyalty.campaign",
                verbose_name="campaign",
            ),
        ),
        migrations.AddField(
            model_name="giftwindow",
            name="gift",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="windows", to="mall.gift", verbose_name="gift"
            ),
        ),
        migrations.AddConstraint(
            model_name="gifttier",
            constraint=models.UniqueConstraint(fields=("gift", "tier"), name="gift_tier_once"),
        ),
        migrations.AddConstraint(
            model_name="gifttier",
            constraint=models.CheckConstraint(
                condition=models.Q(("points", None), ("points__range", (0, 1000000000)), _connector="OR"),
                name="gift_tier_points_in_bounds",
            ),
        ),
        migrations.AddConstraint(
            model_name="gifttier",
            constraint=models.CheckConstraint(
                condition=models.Q(("hours_earlier__lte", 720)), name="gift_tier_hours_in_bounds"
            ),
        ),
        migrations.AddConstraint(
            model_name="giftwindow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("first_day", None), ("first_day__range", (1, 31)), _connector="OR"),
                    models.Q(("last_day", None), ("last_day__range", (1, 31)), _connector="OR"),
                ),
                name="window_days_1_to_31",
            ),
        ),
        migrations.AddConstraint(
            model_name="giftwindow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_day", None), ("last_day", None), ("first_day__lte", models.F("last_day")), _connector="OR"
                ),
                name="window_days_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="giftwindow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("first_time", None), ("first_day__isnull", False), _connector="OR"),
                    models.Q(("last_time", None), ("last_day__isnull", False), _connector="OR"),
                ),
                name="window_times_have_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="giftwindow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("daily_from", None),
                    ("daily_until", None),
                    ("daily_from__lt", models.F("daily_until")),
                    _connector="OR",
                ),
                name="window_hours_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="giftwindow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("months__contained_by", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
                    ("weekdays__contained_by", [1, 2, 3, 4, 5, 6, 7]),
                ),
                name="window_months_and_weekdays",
            ),
        ),
        _frozen("0003_opening"),
        _frozen("0003_redeem"),
    ]
