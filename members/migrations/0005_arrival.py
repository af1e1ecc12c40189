from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("members", "0004_tier_change_kept")]

    operations = [
        migrations.CreateModel(
            name="Arrival",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seen", models.BigIntegerField(null=True)),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="arrivals",
                        to="members.member",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            (SQL / "0005_arrivals.sql").read_text("utf-8"), (SQL / "0005_arrivals_reverse.sql").read_text("utf-8")
        ),
    ]
