from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_initial")]

    operations = [
        migrations.RunSQL(
            (SQL / "0002_laws.sql").read_text("utf-8"), (SQL / "0002_laws_reverse.sql").read_text("utf-8")
        ),
    ]
