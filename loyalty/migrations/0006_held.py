"""Balances are held before the first of several postings. The SQL lies beside, frozen."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0005_give_back")]

    operations = [
        migrations.RunSQL(
            (SQL / "0006_held.sql").read_text("utf-8"), (SQL / "0006_held_reverse.sql").read_text("utf-8")
        )
    ]
