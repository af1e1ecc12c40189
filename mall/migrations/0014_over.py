"""What has ended is closed (an event, what is valid until a day). The SQL lies beside, frozen."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations, models


def _frozen(name: str) -> migrations.RunSQL:
    folder = Path(__file__).with_name("sql")
    forward, back = (folder / f"{name}.sql", folder / f"{name}_reverse.sql")
    return migrations.RunSQL(forward.read_text("utf-8"), back.read_text("utf-8"))


class Migration(migrations.Migration):
    dependencies = [("mall", "0013_stock")]

    operations = [
        migrations.AlterField(
            model_name="gift",
            name="event_at",
            field=models.DateTimeField(
                blank=True, help_text="Until then members can sign up.", null=True, verbose_name="the event begins"
            ),
        ),
        _frozen("0014_over"),
    ]
