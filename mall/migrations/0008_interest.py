"""Find the redemptions of a day by the order in which they were written."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0002_laws"),
        ("mall", "0007_treasure"),
        ("members", "0005_arrival"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="redemption",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["placed_at"], name="redemption_placed_brin"
            ),
        ),
    ]
