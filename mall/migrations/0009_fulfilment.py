"""Gifts of every kind: codes, vouchers, medals, chances, and what the database keeps of them. The SQL lies beside, frozen."""

from __future__ import annotations

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
        ("mall", "0008_interest"),
        ("members", "0004_tier_change_kept"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Chance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pool", models.SlugField(allow_unicode=True, db_index=False, max_length=30, verbose_name="draws")),
                ("given_at", models.DateTimeField(verbose_name="given at")),
                ("ends_at", models.DateTimeField(null=True, verbose_name="valid until")),
                ("used_at", models.DateTimeField(null=True, verbose_name="used at")),
                ("used_for", models.CharField(db_default="", max_length=64, verbose_name="used for")),
                ("voided_at", models.DateTimeField(null=True, verbose_name="voided at")),
            ],
            options={
                "verbose_name": "draw chance",
                "verbose_name_plural": "draw chances",
            },
        ),
        migrations.CreateModel(
            name="CouponCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=100, verbose_name="code")),
                ("added_at", models.DateTimeField(verbose_name="added at")),
                ("seen_at", models.DateTimeField(null=True, verbose_name="looked at")),
                ("voided_at", models.DateTimeField(null=True, verbose_name="voided at")),
            ],
            options={
                "verbose_name": "coupon code",
                "verbose_name_plural": "coupon codes",
            },
        ),
        migrations.CreateModel(
            name="Medal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("given_at", models.DateTimeField(verbose_name="given at")),
                ("note", models.CharField(db_default="", max_length=200, verbose_name="reason")),
                ("taken_at", models.DateTimeField(null=True, verbose_name="taken back at")),
            ],
            options={
                "verbose_name": "medal",
                "verbose_name_plural": "medals",
            },
        ),
        migrations.CreateModel(
            name="Voucher",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=16, unique=True, verbose_name="code")),
                ("issued_at", models.DateTimeField(verbose_name="issued at")),
                ("ends_at", models.DateTimeField(null=True, verbose_name="valid until")),
                ("used_at", models.DateTimeField(null=True, verbose_name="used at")),
                ("used_where", models.CharField(db_default="", max_length=60, verbose_name="where")),
                ("voided_at", models.DateTimeField(null=True, verbose_name="voided at")),
            ],
            options={
                "verbose_name": "voucher",
                "verbose_name_plural": "vouchers",
            },
        ),
        migrations.AddField(
            model_name="gift",
            name="chance_pool",
            field=models.SlugField(
                allow_unicode=True,
                blank=True,
                db_default="",
                default="",
                db_index=False,
                help_text="A word of your own; a draw with the same word takes these chances.",
                max_length=30,
                verbose_name="for draws",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="chances",
            field=models.PositiveSmallIntegerField(
                db_default=1,
                default=1,
                help_text="How many tries one piece gives.",
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)],
                verbose_name="chances",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="event_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="the event begins"),
        ),
        migrations.AddField(
            model_name="gift",
            name="event_place",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=120, verbose_name="place of the event"
            ),
        ),
        migrations.AddField(
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
                ],
                db_default="PHYSICAL",
                default="PHYSICAL",
                help_text="It stays as it is once the gift has stock or was redeemed.",
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="stock_counted",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Leave it out for what never runs out: a medal, a privilege for everybody.",
                verbose_name="stock is counted",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="valid_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="After it was redeemed, to the end of the last day. Empty: as long as “valid until” says.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(3650),
                ],
                verbose_name="valid for days",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="valid_until",
            field=models.DateTimeField(
                blank=True,
                help_text="Empty: no end, or as “valid for days” says.",
                null=True,
                verbose_name="valid until",
            ),
        ),
        migrations.AddField(
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
                ],
                db_default="PHYSICAL",
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AddField(
            model_name="redemption",
            name="takes_stock",
            field=models.BooleanField(db_default=True, editable=False),
        ),
        migrations.AlterField(
            model_name="redemption",
            name="state",
            field=models.CharField(
                choices=[
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
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ("PHYSICAL", "CODE")), _negated=True),
                    ("stock_counted", True),
                    _connector="OR",
                ),
                name="gift_goods_are_counted",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "MEDAL"), _negated=True),
                    models.Q(("limit_per_member", 1), ("limit_per_member__isnull", False)),
                    _connector="OR",
                ),
                name="gift_medal_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(("chances__range", (1, 100))), name="gift_chances_1_to_100"
            ),
        ),
        migrations.AddField(
            model_name="chance",
            name="member",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, to="members.member", verbose_name="member"
            ),
        ),
        migrations.AddField(
            model_name="chance",
            name="redemption",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="chances",
                to="mall.redemption",
                verbose_name="redemption",
            ),
        ),
        migrations.AddField(
            model_name="couponcode",
            name="gift",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="codes",
                to="mall.gift",
                verbose_name="gift",
            ),
        ),
        migrations.AddField(
            model_name="couponcode",
            name="redemption",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="codes",
                to="mall.redemption",
                verbose_name="redemption",
            ),
        ),
        migrations.AddField(
            model_name="medal",
            name="gift",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="medals",
                to="mall.gift",
                verbose_name="medal",
            ),
        ),
        migrations.AddField(
            model_name="medal",
            name="given_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="medal",
            name="member",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, to="members.member", verbose_name="member"
            ),
        ),
        migrations.AddField(
            model_name="medal",
            name="redemption",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="mall.redemption",
                verbose_name="redemption",
            ),
        ),
        migrations.AddField(
            model_name="voucher",
            name="gift",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, to="mall.gift", verbose_name="gift"
            ),
        ),
        migrations.AddField(
            model_name="voucher",
            name="member",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, to="members.member", verbose_name="member"
            ),
        ),
        migrations.AddField(
            model_name="voucher",
            name="redemption",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="vouchers",
                to="mall.redemption",
                verbose_name="redemption",
            ),
        ),
        migrations.AddField(
            model_name="voucher",
            name="used_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddIndex(
            model_name="chance",
            index=models.Index(
                condition=models.Q(("used_at", None), ("voided_at", None)),
                fields=["member", "pool", "ends_at", "id"],
                name="chance_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="chance",
            constraint=models.CheckConstraint(
                condition=models.Q(("used_at", None), ("voided_at", None), _connector="OR"),
                name="chance_used_or_voided",
            ),
        ),
        migrations.AddConstraint(
            model_name="chance",
            constraint=models.UniqueConstraint(
                condition=models.Q(("used_for", ""), _negated=True), fields=("used_for",), name="chance_used_once_for"
            ),
        ),
        migrations.AddIndex(
            model_name="couponcode",
            index=models.Index(
                condition=models.Q(("redemption", None), ("voided_at", None)), fields=["gift", "id"], name="code_free"
            ),
        ),
        migrations.AddConstraint(
            model_name="couponcode",
            constraint=models.UniqueConstraint(fields=("gift", "code"), name="code_once_in_a_pool"),
        ),
        migrations.AddConstraint(
            model_name="couponcode",
            constraint=models.CheckConstraint(
                condition=models.Q(("seen_at", None), ("redemption__isnull", False), _connector="OR"),
                name="code_seen_by_its_owner",
            ),
        ),
        migrations.AddIndex(
            model_name="medal",
            index=models.Index(fields=["gift", "id"], name="medal_gift"),
        ),
        migrations.AddConstraint(
            model_name="medal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("taken_at", None)), fields=("member", "gift"), name="medal_once"
            ),
        ),
        migrations.AddIndex(
            model_name="voucher",
            index=models.Index(fields=["gift", "id"], name="voucher_gift"),
        ),
        migrations.AddIndex(
            model_name="voucher",
            index=models.Index(fields=["member", "id"], name="voucher_member"),
        ),
        migrations.AddConstraint(
            model_name="voucher",
            constraint=models.CheckConstraint(
                condition=models.Q(("used_at", None), ("voided_at", None), _connector="OR"),
                name="voucher_used_or_voided",
            ),
        ),
        _frozen("0009_fulfilment"),
        _frozen("0009_redeem"),
    ]
