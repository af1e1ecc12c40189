"""The brand's own coupons, as gifts too. The SQL lies beside, frozen."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


def _frozen(name: str) -> migrations.RunSQL:
    folder = Path(__file__).with_name("sql")
    forward, back = (folder / f"{name}.sql", folder / f"{name}_reverse.sql")
    return migrations.RunSQL(forward.read_text("utf-8"), back.read_text("utf-8"))


class Migration(migrations.Migration):
    dependencies = [
        ("mall", "0017_draw_terms"),
        ("members", "0005_arrival"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CouponUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "what",
                    models.CharField(
                        choices=[("USED", "used"), ("RETURNED", "came back")], max_length=8, verbose_name="what"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("through", models.CharField(db_default="", max_length=60, verbose_name="where")),
                ("order_reference", models.CharField(max_length=64, verbose_name="order")),
                ("order_amount", models.DecimalField(decimal_places=2, max_digits=9, verbose_name="order amount")),
                (
                    "shipping",
                    models.DecimalField(
                        db_default=Decimal("0"), decimal_places=2, max_digits=9, verbose_name="shipping"
                    ),
                ),
                ("amount_off", models.DecimalField(decimal_places=2, max_digits=9, verbose_name="discount")),
                ("request_key", models.CharField(editable=False, max_length=100, unique=True)),
            ],
            options={
                "verbose_name": "coupon use",
                "verbose_name_plural": "coupon uses",
            },
        ),
        migrations.AlterField(
            model_name="gift",
            name="kind",
            field=models.CharField(
                choices=[
                    ("PHYSICAL", "goods, sent"),
                    ("CODE", "coupon codes of a pool"),
                    ("PRIVILEGE", "privilege, redeemed at the counter"),
                    ("SEAT", "seat at an event"),
                    ("MEDAL", "medal"),
                    ("CHANCE", "draw chances"),
                    ("COUPON", "coupon of the brand"),
                ],
                db_default="PHYSICAL",
                default="PHYSICAL",
                help_text="It stays as it is once the gift has stock or was redeemed.",
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="redemption",
            name="kind",
            field=models.CharField(
                choices=[
                    ("PHYSICAL", "goods, sent"),
                    ("CODE", "coupon codes of a pool"),
                    ("PRIVILEGE", "privilege, redeemed at the counter"),
                    ("SEAT", "seat at an event"),
                    ("MEDAL", "medal"),
                    ("CHANCE", "draw chances"),
                    ("COUPON", "coupon of the brand"),
                ],
                db_default="PHYSICAL",
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.CreateModel(
            name="CouponType",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[("AMOUNT", "amount off"), ("PERCENT", "percent off"), ("SHIPPING", "free shipping")],
                        default="AMOUNT",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "value",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0"),
                        help_text="Yuan for an amount; for a percentage what is taken off, 15 for 15 %; 0 for free shipping.",
                        max_digits=9,
                        validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                        verbose_name="value",
                    ),
                ),
                (
                    "minimum_spend",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0"),
                        help_text="In yuan, goods without shipping. 0: any order.",
                        max_digits=9,
                        validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                        verbose_name="from an order of",
                    ),
                ),
                (
                    "most_off",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="In yuan, for a percentage or shipping. Empty: no limit.",
                        max_digits=9,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(Decimal("0.01"))],
                        verbose_name="highest discount",
                    ),
                ),
                (
                    "tier_exactly",
                    models.BooleanField(
                        default=False, help_text="Otherwise this tier and all above it.", verbose_name="this tier alone"
                    ),
                ),
                (
                    "tier_at_use",
                    models.BooleanField(
                        default=False,
                        help_text="Otherwise who got it may use it, whatever his tier is then.",
                        verbose_name="ask for the tier again at use",
                    ),
                ),
                (
                    "valid_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="After a member got it, to the end of the last day. Empty: as long as “valid until” says.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(3650),
                        ],
                        verbose_name="valid for days",
                    ),
                ),
                (
                    "valid_from",
                    models.DateTimeField(blank=True, help_text="Empty: at once.", null=True, verbose_name="valid from"),
                ),
                (
                    "valid_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Empty: no end, or as “valid for days” says.",
                        null=True,
                        verbose_name="valid until",
                    ),
                ),
                (
                    "limit_total",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: no limit. Cancelled ones do not count.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="how many in all",
                    ),
                ),
                (
                    "limit_per_member",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: no limit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="limit per member",
                    ),
                ),
                (
                    "terms",
                    models.TextField(
                        blank=True,
                        help_text="Shown to the member with the coupon, a line each.",
                        max_length=2000,
                        verbose_name="terms",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="is given out")),
                (
                    "issued",
                    models.PositiveBigIntegerField(db_default=0, default=0, editable=False, verbose_name="issued"),
                ),
                ("used", models.PositiveBigIntegerField(db_default=0, default=0, editable=False, verbose_name="used")),
                (
                    "discount",
                    models.DecimalField(
                        db_default=Decimal("0"),
                        decimal_places=2,
                        default=Decimal("0"),
                        editable=False,
                        max_digits=14,
                        verbose_name="discount given",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="members.tier",
                        verbose_name="for tier",
                    ),
                ),
            ],
            options={
                "verbose_name": "coupon",
                "verbose_name_plural": "coupons",
                "ordering": ["-active", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Coupon",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[("AMOUNT", "amount off"), ("PERCENT", "percent off"), ("SHIPPING", "free shipping")],
                        default="AMOUNT",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "value",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0"),
                        help_text="Yuan for an amount; for a percentage what is taken off, 15 for 15 %; 0 for free shipping.",
                        max_digits=9,
                        validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                        verbose_name="value",
                    ),
                ),
                (
                    "minimum_spend",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0"),
                        help_text="In yuan, goods without shipping. 0: any order.",
                        max_digits=9,
                        validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                        verbose_name="from an order of",
                    ),
                ),
                (
                    "most_off",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="In yuan, for a percentage or shipping. Empty: no limit.",
                        max_digits=9,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(Decimal("0.01"))],
                        verbose_name="highest discount",
                    ),
                ),
                (
                    "tier_exactly",
                    models.BooleanField(
                        default=False, help_text="Otherwise this tier and all above it.", verbose_name="this tier alone"
                    ),
                ),
                ("code", models.CharField(max_length=16, unique=True, verbose_name="code")),
                ("issued_at", models.DateTimeField(verbose_name="issued at")),
                ("starts_at", models.DateTimeField(null=True, verbose_name="valid from")),
                ("ends_at", models.DateTimeField(null=True, verbose_name="valid until")),
                (
                    "source",
                    models.CharField(
                        choices=[("REDEEMED", "redeemed"), ("PRIZE", "prize"), ("GIVEN", "given by staff")],
                        max_length=8,
                        verbose_name="got by",
                    ),
                ),
                ("given_key", models.CharField(db_default="", editable=False, max_length=64)),
                ("note", models.CharField(db_default="", max_length=200, verbose_name="reason")),
                ("voided_at", models.DateTimeField(null=True, verbose_name="voided at")),
                (
                    "given_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="members.member",
                        verbose_name="member",
                    ),
                ),
                (
                    "redemption",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="coupons",
                        to="mall.redemption",
                        verbose_name="redemption",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="members.tier",
                        verbose_name="for tier",
                    ),
                ),
                (
                    "type",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="coupons",
                        to="mall.coupontype",
                        verbose_name="coupon",
                    ),
                ),
            ],
            options={
                "verbose_name": "member's coupon",
                "verbose_name_plural": "members' coupons",
                "permissions": [("use_coupon", "Can use coupons at the counter")],
            },
        ),
        migrations.AddField(
            model_name="gift",
            name="coupon_type",
            field=models.ForeignKey(
                blank=True,
                help_text="What the member gets: one coupon for each piece.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="gifts",
                to="mall.coupontype",
                verbose_name="coupon",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("coupon_type__isnull", False), ("kind", "COUPON")),
                    models.Q(models.Q(("kind", "COUPON"), _negated=True), ("coupon_type", None)),
                    _connector="OR",
                ),
                name="gift_coupon_names_its_type",
            ),
        ),
        migrations.AddField(
            model_name="couponuse",
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
            model_name="couponuse",
            name="coupon",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="uses",
                to="mall.coupon",
                verbose_name="coupon",
            ),
        ),
        migrations.AddField(
            model_name="couponuse",
            name="ends",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="returned",
                to="mall.couponuse",
                verbose_name="use",
            ),
        ),
        migrations.AddField(
            model_name="coupon",
            name="use",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="mall.couponuse",
                verbose_name="use",
            ),
        ),
        migrations.AddConstraint(
            model_name="coupontype",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "AMOUNT"), ("value__gt", 0)),
                    models.Q(("kind", "PERCENT"), ("value__gt", 0), ("value__lte", 100)),
                    models.Q(("kind", "SHIPPING"), ("value", 0)),
                    _connector="OR",
                ),
                name="coupon_type_value_fits",
            ),
        ),
        migrations.AddConstraint(
            model_name="coupontype",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("minimum_spend__gte", 0),
                    models.Q(
                        ("most_off", None),
                        models.Q(("most_off__gt", 0), models.Q(("kind", "AMOUNT"), _negated=True)),
                        _connector="OR",
                    ),
                ),
                name="coupon_type_amounts",
            ),
        ),
        migrations.AddConstraint(
            model_name="coupontype",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from", None),
                    ("valid_until", None),
                    ("valid_from__lt", models.F("valid_until")),
                    _connector="OR",
                ),
                name="coupon_type_begins_before_it_ends",
            ),
        ),
        migrations.AddConstraint(
            model_name="coupontype",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("tier__isnull", False), models.Q(("tier_at_use", False), ("tier_exactly", False)), _connector="OR"
                ),
                name="coupon_type_tier_is_named",
            ),
        ),
        migrations.AddIndex(
            model_name="couponuse",
            index=models.Index(fields=["order_reference"], name="coupon_use_order"),
        ),
        migrations.AddConstraint(
            model_name="couponuse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ends", None), ("what", "USED")),
                    models.Q(("ends__isnull", False), ("what", "RETURNED")),
                    _connector="OR",
                ),
                name="coupon_use_ends_a_use",
            ),
        ),
        migrations.AddConstraint(
            model_name="couponuse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_off__gte", 0),
                    ("order_amount__gt", 0),
                    ("shipping__gte", 0),
                    (
                        "amount_off__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("order_amount"), "+", models.F("shipping")
                        ),
                    ),
                ),
                name="coupon_use_amounts",
            ),
        ),
        migrations.AddIndex(
            model_name="coupon",
            index=models.Index(fields=["member", "id"], name="coupon_member"),
        ),
        migrations.AddIndex(
            model_name="coupon",
            index=models.Index(fields=["type", "member"], name="coupon_type_member"),
        ),
        migrations.AddIndex(
            model_name="coupon",
            index=models.Index(
                condition=models.Q(("use", None), ("voided_at", None)), fields=["type", "ends_at"], name="coupon_unused"
            ),
        ),
        migrations.AddConstraint(
            model_name="coupon",
            constraint=models.CheckConstraint(
                condition=models.Q(("use", None), ("voided_at", None), _connector="OR"), name="coupon_used_or_voided"
            ),
        ),
        migrations.AddConstraint(
            model_name="coupon",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("redemption", None), ("source", "GIVEN")),
                    models.Q(models.Q(("source", "GIVEN"), _negated=True), ("redemption__isnull", False)),
                    _connector="OR",
                ),
                name="coupon_comes_from_somewhere",
            ),
        ),
        migrations.AddConstraint(
            model_name="coupon",
            constraint=models.UniqueConstraint(
                condition=models.Q(("given_key", ""), _negated=True),
                fields=("type", "member", "given_key"),
                name="coupon_given_once",
            ),
        ),
        _frozen("0018_coupons"),
    ]
