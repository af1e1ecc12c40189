"""The bench runs: each row measures something and tells its ratio. How fast it is, no test asserts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROWS = ["import_vs_copy", "import_vs_import_export", "import_memory", "redeem_during_import"]
ROWS += ["redeem_hot_4", "redeem_hot_16", "redeem_hot_100", "redeem_rush", "claim_10m"]


def bench(var: Path, *rows: str) -> subprocess.CompletedProcess[str]:
    """Run it as `make bench` does, over 200 orders, on the server of this test run and with a var of its own."""
    environment = os.environ | {"ORDERS": "200", "ROUNDS": "1", "JIFEN_VAR": str(var), "DATABASE_URL": _server()}
    return subprocess.run(
        [sys.executable, "-m", "bench", *rows], env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True
    )


def _server() -> str:
    from config import embedded

    return os.environ.get("DATABASE_URL") or embedded.database_url()


def test_each_row_of_the_bench_tells_a_ratio(tmp_path: Path) -> None:
    done = bench(tmp_path)

    assert done.returncode == 0, done.stderr
    table = json.loads((tmp_path / "bench.json").read_text("utf-8"))
    assert [row["name"] for row in table] == ROWS
    assert all(row["ratio"] > 0 and row["measured"] and row["against"] for row in table)
    assert all(
        " 0 oversold" in row["measured"] for row in table if row["name"].startswith(("redeem_hot", "redeem_rush"))
    )
    assert [line.split()[0] for line in done.stdout.splitlines()[:-1]] == ROWS


def test_row_that_is_unknown_is_named(tmp_path: Path) -> None:
    done = bench(tmp_path, "import_vs_nothing")

    assert done.returncode == 2
    assert "import_vs_nothing" in done.stderr
