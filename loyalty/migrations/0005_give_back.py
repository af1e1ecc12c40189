"""A part of what was taken goes back, several times. The SQL lies beside, frozen."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0004_posting_occurred")]

    operations = [
        migrations.RemoveConstraint(model_name="posting", name="posting_given_back_once"),
        migrations.RunSQL(
            (SQL / "0005_give_back.sql").read_text("utf-8"), (SQL / "0005_give_back_reverse.sql").read_text("utf-8")
        ),
    ]
