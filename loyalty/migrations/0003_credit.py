"""Points given within a statement of an app above (`loyalty_credit`). The SQL lies beside, frozen."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0002_laws"), ("members", "0001_initial")]

    operations = [
        migrations.RunSQL(
            (SQL / "0003_credit.sql").read_text("utf-8"), (SQL / "0003_credit_reverse.sql").read_text("utf-8")
        ),
    ]
