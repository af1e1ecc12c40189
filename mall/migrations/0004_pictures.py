"""Shelves, pictures of gifts, their price in shops, and from how few pieces on staff are warned."""

from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mall", "0003_conditions"),
        ("members", "0004_tier_change_kept"),
    ]

    operations = [
        migrations.CreateModel(
            name="Category",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=30, unique=True, verbose_name="name")),
                ("position", models.PositiveSmallIntegerField(default=100, verbose_name="position")),
            ],
            options={
                "verbose_name": "category",
                "verbose_name_plural": "categories",
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="GiftPicture",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(editable=False, max_length=32)),
                ("width", models.PositiveIntegerField(editable=False, verbose_name="width")),
                ("height", models.PositiveIntegerField(editable=False, verbose_name="height")),
                (
                    "alt",
                    models.CharField(
                        blank=True,
                        help_text="What the picture shows, for who cannot see it. Empty: it only decorates.",
                        max_length=120,
                        verbose_name="in words",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
            ],
            options={
                "verbose_name": "picture",
                "verbose_name_plural": "pictures",
                "ordering": ["position", "id"],
            },
        ),
        migrations.AddField(
            model_name="gift",
            name="featured",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Stands in the storefront's selection.",
                verbose_name="featured",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="low_stock",
            field=models.PositiveIntegerField(
                db_default=10,
                default=10,
                help_text="Staff are told when fewer pieces are left.",
                verbose_name="warn below",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="market_price",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="What it costs in a shop, in yuan; members see it crossed out.",
                max_digits=9,
                null=True,
                validators=[django.core.validators.MinValueValidator(Decimal("0.01"))],
                verbose_name="market price",
            ),
        ),
        migrations.AlterField(
            model_name="gift",
            name="description",
            field=models.TextField(
                blank=True,
                help_text="Blank lines part paragraphs; **bold**, - list, ## heading, | table |. No HTML.",
                max_length=10000,
                verbose_name="description",
            ),
        ),
        migrations.AddField(
            model_name="gift",
            name="category",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="gifts",
                to="mall.category",
                verbose_name="category",
            ),
        ),
        migrations.AddConstraint(
            model_name="gift",
            constraint=models.CheckConstraint(
                condition=models.Q(("market_price", None), ("market_price__gt", 0), _connector="OR"),
                name="gift_market_price_above_0",
            ),
        ),
        migrations.AddField(
            model_name="giftpicture",
            name="gift",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pictures",
                to="mall.gift",
                verbose_name="gift",
            ),
        ),
    ]
