"""`python -m bench [ROWS]`: print the table and write var/bench.json. ROWS: names joined by commas; else all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from django.conf import settings

from bench import Row, Scale, claiming, database, import_export, importing, memory, redeeming, rushing

ROWS: dict[str, Callable[[Scale], Row]] = {
    "import_vs_copy": importing.import_vs_copy,
    "import_vs_import_export": import_export.import_vs_import_export,
    "import_memory": memory.import_memory,
    "redeem_during_import": redeeming.redeem_during_import,
    "redeem_hot_4": partial(redeeming.redeem_hot, 4),
    "redeem_hot_16": partial(redeeming.redeem_hot, 16),
    "redeem_hot_100": partial(redeeming.redeem_hot, 100),
    "redeem_rush": rushing.redeem_rush,
    "claim_10m": claiming.claim_10m,
}


def main(argv: list[str]) -> int:
    """Measure what was asked for; 2 for a name that is no row."""
    asked = ",".join(argv) or os.environ.get("ROWS", "")
    wanted = [name for name in asked.split(",") if name] or list(ROWS)
    if unknown := [name for name in wanted if name not in ROWS]:
        print(f"No such row: {', '.join(unknown)}. Rows: {', '.join(ROWS)}", file=sys.stderr)
        return 2
    with database.migrated():
        table = [_told(ROWS[name](Scale.from_environment())) for name in wanted]
    path = Path(settings.VAR, "bench.json")
    path.write_text(json.dumps([row._asdict() for row in table], ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(f"Written to {path}")
    return 0


def _told(row: Row) -> Row:
    verdict = "met" if row.met else "NOT MET"
    print(f"{row.name:23} {row.ratio:6.2f}  {row.reach:22} {verdict:8} {row.measured} | {row.against}", flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
