"""`python -m bench [ROWS]`: print the table and write var/bench.json. ROWS: names joined by commas; else all of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import django

from bench import Row, Scale

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def rows() -> dict[str, Callable[[Scale], Row]]:
    """Return each row by its name."""
    from bench import importing

    return {
        "import_vs_copy": importing.import_vs_copy,
    }


def main(argv: list[str]) -> int:
    """Measure what was asked for; 2 for a name that is no row."""
    django.setup()
    known = rows()
    wanted = [name for name in ",".join(argv or [os.environ.get("ROWS", "")]).split(",") if name] or list(known)
    if unknown := [name for name in wanted if name not in known]:
        print(f"No such row: {', '.join(unknown)}. Rows: {', '.join(known)}", file=sys.stderr)
        return 2
    _write(_measure([known[name] for name in wanted]))
    return 0


def _measure(measurements: list[Callable[[Scale], Row]]) -> list[Row]:
    from bench import database

    scale, done = Scale.from_environment(), []
    with database.migrated():
        for measure in measurements:
            row = measure(scale)
            done.append(row)
            print(
                f"{row.name:21} {row.ratio:6.2f}  {row.reach:22} {'met' if row.met else 'NOT MET':8} "
                f"{row.measured} | {row.against}",
                flush=True,
            )
    return done


def _write(table: list[Row]) -> None:
    from django.conf import settings

    path = Path(settings.VAR, "bench.json")
    path.write_text(json.dumps([row._asdict() for row in table], ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(f"Written to {path}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
