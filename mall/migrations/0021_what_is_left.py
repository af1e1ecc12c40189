"""What is left of coupons, and what draws were promised stays counted as it was. The SQL lies beside, frozen."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations


def _frozen(name: str) -> migrations.RunSQL:
    folder = Path(__file__).with_name("sql")
    forward, back = (folder / f"{name}.sql", folder / f"{name}_reverse.sql")
    return migrations.RunSQL(forward.read_text("utf-8"), back.read_text("utf-8"))


class Migration(migrations.Migration):
    dependencies = [("mall", "0020_prizes_beside_limits")]

    operations = [_frozen("0021_what_is_left")]
