"""How staff dress the mall, what members keep in mind, and where their parcels go."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mall", "0004_pictures"),
        ("members", "0004_tier_change_kept"),
    ]

    operations = [
        migrations.AlterField(
            model_name="giftpicture",
            name="height",
            field=models.PositiveIntegerField(default=0, editable=False, verbose_name="height"),
        ),
        migrations.AlterField(
            model_name="giftpicture",
            name="key",
            field=models.CharField(default="", editable=False, max_length=32),
        ),
        migrations.AlterField(
            model_name="giftpicture",
            name="width",
            field=models.PositiveIntegerField(default=0, editable=False, verbose_name="width"),
        ),
        migrations.CreateModel(
            name="Look",
            fields=[
                ("key", models.CharField(default="", editable=False, max_length=32)),
                ("width", models.PositiveIntegerField(default=0, editable=False, verbose_name="width")),
                ("height", models.PositiveIntegerField(default=0, editable=False, verbose_name="height")),
                (
                    "alt",
                    models.CharField(
                        blank=True,
                        help_text="What the picture shows, for who cannot see it. Empty: it only decorates.",
                        max_length=120,
                        verbose_name="in words",
                    ),
                ),
                ("id", models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                (
                    "accent",
                    models.CharField(
                        default="#0d6b5b",
                        help_text="Buttons and links have it. Where it could not be read, it is made darker or lighter by itself.",
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^#[0-9a-fA-F]{6}$", "Write a colour as # and six digits, like #0d6b5b."
                            )
                        ],
                        verbose_name="brand colour",
                    ),
                ),
            ],
            options={
                "verbose_name": "look of the mall",
                "verbose_name_plural": "look of the mall",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="look_is_one_row"),
                    models.CheckConstraint(
                        condition=models.Q(("accent__regex", "^#[0-9a-fA-F]{6}$")), name="look_accent_is_a_colour"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("active", models.BooleanField(default=True, verbose_name="shown")),
                ("position", models.PositiveSmallIntegerField(default=100, verbose_name="position")),
                ("opens_at", models.DateTimeField(blank=True, null=True, verbose_name="from")),
                ("closes_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                ("words", models.CharField(max_length=120, verbose_name="sentence")),
                (
                    "page",
                    models.CharField(
                        blank=True,
                        max_length=200,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^/(?![/\\\\])[^\\s<>\\\"']*$",
                                "Begin with a single slash, like /how-it-works/: only pages of this site.",
                            )
                        ],
                        verbose_name="leads to the page",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice",
                "verbose_name_plural": "notices",
                "ordering": ["position", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("opens_at", None),
                            ("closes_at", None),
                            ("opens_at__lt", models.F("closes_at")),
                            _connector="OR",
                        ),
                        name="notice_window",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Section",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("active", models.BooleanField(default=True, verbose_name="shown")),
                ("position", models.PositiveSmallIntegerField(default=100, verbose_name="position")),
                ("opens_at", models.DateTimeField(blank=True, null=True, verbose_name="from")),
                ("closes_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("featured", "Selection"),
                            ("affordable", "What I can redeem"),
                            ("newest", "New gifts"),
                            ("category", "A category"),
                            ("picked", "Gifts picked by hand"),
                        ],
                        default="featured",
                        max_length=10,
                        verbose_name="shows",
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        blank=True, help_text="Empty: named after what it shows.", max_length=30, verbose_name="title"
                    ),
                ),
                (
                    "most",
                    models.PositiveSmallIntegerField(
                        default=4,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(24),
                        ],
                        verbose_name="gifts at most",
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="mall.category",
                        verbose_name="category",
                    ),
                ),
            ],
            options={
                "verbose_name": "section",
                "verbose_name_plural": "sections",
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="SectionPick",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                (
                    "gift",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="mall.gift", verbose_name="gift"
                    ),
                ),
                (
                    "section",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="picked",
                        to="mall.section",
                        verbose_name="section",
                    ),
                ),
            ],
            options={
                "verbose_name": "picked gift",
                "verbose_name_plural": "picked gifts",
                "ordering": ["position", "id"],
            },
        ),
        migrations.AddField(
            model_name="section",
            name="picks",
            field=models.ManyToManyField(
                related_name="+", through="mall.SectionPick", to="mall.gift", verbose_name="gifts"
            ),
        ),
        migrations.CreateModel(
            name="Banner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(default="", editable=False, max_length=32)),
                ("width", models.PositiveIntegerField(default=0, editable=False, verbose_name="width")),
                ("height", models.PositiveIntegerField(default=0, editable=False, verbose_name="height")),
                (
                    "alt",
                    models.CharField(
                        blank=True,
                        help_text="What the picture shows, for who cannot see it. Empty: it only decorates.",
                        max_length=120,
                        verbose_name="in words",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="shown")),
                ("position", models.PositiveSmallIntegerField(default=100, verbose_name="position")),
                ("opens_at", models.DateTimeField(blank=True, null=True, verbose_name="from")),
                ("closes_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                (
                    "title",
                    models.CharField(
                        blank=True, help_text="Stands below the picture.", max_length=40, verbose_name="title"
                    ),
                ),
                (
                    "page",
                    models.CharField(
                        blank=True,
                        max_length=200,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^/(?![/\\\\])[^\\s<>\\\"']*$",
                                "Begin with a single slash, like /how-it-works/: only pages of this site.",
                            )
                        ],
                        verbose_name="or to the page",
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="mall.category",
                        verbose_name="or to the category",
                    ),
                ),
                (
                    "gift",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="mall.gift",
                        verbose_name="leads to the gift",
                    ),
                ),
            ],
            options={
                "verbose_name": "banner",
                "verbose_name_plural": "banners",
                "ordering": ["position", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("opens_at", None),
                            ("closes_at", None),
                            ("opens_at__lt", models.F("closes_at")),
                            _connector="OR",
                        ),
                        name="banner_window",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Favourite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("added_at", models.DateTimeField(verbose_name="added at")),
                ("ready_at", models.DateTimeField(editable=False, null=True)),
                (
                    "gift",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="favourites",
                        to="mall.gift",
                        verbose_name="gift",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="members.member",
                    ),
                ),
            ],
            options={
                "verbose_name": "favourite",
                "verbose_name_plural": "favourites",
                "constraints": [models.UniqueConstraint(fields=("member", "gift"), name="favourite_once")],
            },
        ),
        migrations.CreateModel(
            name="GiftDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                ("views", models.PositiveBigIntegerField(db_default=0, verbose_name="views")),
                ("favourites", models.PositiveBigIntegerField(db_default=0, verbose_name="favourites")),
                ("redemptions", models.PositiveBigIntegerField(db_default=0, verbose_name="pieces redeemed")),
                (
                    "gift",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="days", to="mall.gift"
                    ),
                ),
            ],
            options={
                "verbose_name": "day of a gift",
                "verbose_name_plural": "days of gifts",
                "constraints": [
                    models.UniqueConstraint(fields=("gift", "day"), name="gift_day_once"),
                    models.CheckConstraint(
                        condition=models.Q(("favourites__gte", 0), ("redemptions__gte", 0), ("views__gte", 0)),
                        name="gift_day_from_0",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("recipient", models.CharField(max_length=60, verbose_name="recipient")),
                ("phone", models.CharField(max_length=30, verbose_name="recipient's phone")),
                ("region", models.CharField(help_text="Code of the division.", max_length=6, verbose_name="region")),
                ("place", models.CharField(max_length=60, verbose_name="province, city, district")),
                ("street", models.CharField(max_length=200, verbose_name="street and house")),
                ("usual", models.BooleanField(default=False, verbose_name="usual address")),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addresses",
                        to="members.member",
                        verbose_name="member",
                    ),
                ),
            ],
            options={
                "verbose_name": "address",
                "verbose_name_plural": "addresses",
                "ordering": ["-usual", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("usual", True)), fields=("member",), name="address_one_usual"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="sectionpick",
            constraint=models.UniqueConstraint(fields=("section", "gift"), name="section_pick_once"),
        ),
        migrations.AddConstraint(
            model_name="section",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "category"), _negated=True), ("category__isnull", False), _connector="OR"
                ),
                name="section_of_a_category_has_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="section",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("opens_at", None), ("closes_at", None), ("opens_at__lt", models.F("closes_at")), _connector="OR"
                ),
                name="section_window",
            ),
        ),
        migrations.AddConstraint(
            model_name="section",
            constraint=models.CheckConstraint(
                condition=models.Q(("most__range", (1, 24))), name="section_most_1_to_24"
            ),
        ),
    ]
