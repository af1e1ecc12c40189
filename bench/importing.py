"""Importing orders, against PostgreSQL's own limit.

`python -m bench.importing DATABASE FILE` is the process that imports: alone, so that its memory is its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from bench import Row, Scale, data, database, ratio
from orders import importing
from orders.models import OrderImport

TABLES = ("orders_order", "orders_orderline", "loyalty_posting", "loyalty_lot", "loyalty_move", "loyalty_balance")
MOST_MEMORY = 300  # MB
BLOCK = 1 << 18


class Imported(NamedTuple):
    """Seconds from file to tiers, MB at most in use, and what came of it."""

    seconds: float
    memory: float
    orders: int
    points: int


def import_vs_copy(scale: Scale) -> Row:
    """Import a file; against COPY of the rows that it made, into the same empty tables with all their indexes."""
    ours, theirs, memory = [], [], 0.0
    for _round in range(scale.rounds):
        with TemporaryDirectory(prefix="bench_") as folder:
            done = _imported(scale.orders, Path(folder))
            ours.append(done.seconds)
            theirs.append(_copied(scale.orders, Path(folder)))
            memory = max(memory, done.memory)
    times = ratio(ours, theirs)
    return Row(
        "import_vs_copy",
        f"{done.orders:,} orders in {min(ours):.1f}-{max(ours):.1f} s, {memory:.0f} MB",
        f"COPY of the finished rows, {min(theirs):.1f}-{max(theirs):.1f} s",
        times,
        f"<= 2.5 and <= {MOST_MEMORY} MB",
        times <= 2.5 and memory <= MOST_MEMORY,
    )


def prepare(orders: int) -> Path:
    """Set up the brand with the buyers of the file as members; returns the file."""
    data.brand()
    data.members(data.buyers_of(orders))
    database.settle("members_member")
    return data.order_file(orders)


def start(database_name: str, file: Path) -> subprocess.Popen[str]:
    """Begin to import a file in a process of its own; `finish` tells what came of it."""
    command = [sys.executable, "-m", "bench.importing", database_name, str(file)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> Imported:
    said, _nothing = process.communicate()
    if process.returncode:
        raise RuntimeError(f"The import ended with {process.returncode}.")
    return Imported(*json.loads(said.splitlines()[-1]))


def _imported(orders: int, folder: Path) -> Imported:
    """Import in a fresh database and leave the rows that it made in files."""
    with database.fresh() as name:
        done = finish(start(name, prepare(orders)))
        with connection.cursor() as cursor:
            for table in TABLES:
                with (folder / table).open("wb") as file, cursor.cursor.copy(f"copy {table} to stdout") as rows:
                    for block in rows:
                        file.write(block)
    return done


def _copied(orders: int, folder: Path) -> float:
    """Copy the finished rows into a fresh database, one transaction; returns seconds.

    Foreign keys, checks and unique keys are kept; the triggers of the ledger, which would do its work again, are not.
    """
    with database.fresh():
        prepare(orders)
        OrderImport.objects.create(pk=1, name="copy", sha256="", created_at=data.AT)
        started = time.monotonic()
        with transaction.atomic(), connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"alter table {table} disable trigger user")
                with (folder / table).open("rb") as file, cursor.cursor.copy(f"copy {table} from stdin") as rows:
                    while block := file.read(BLOCK):
                        rows.write(block)
        return time.monotonic() - started


def _peak_memory() -> float:
    """Return the most memory that this process ever held, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main(database_name: str, file: Path) -> None:
    """Import a file into a database and print what came of it."""
    database.use(database_name)
    with TemporaryDirectory(prefix="bench_") as folder, file.open("rb") as content:
        settings.MEDIA_ROOT = folder
        started = time.monotonic()
        new = importing.accept(file=content, name=file.name, channel_code=None, actor_id=None, at=data.AT)
        done = importing.run(import_id=new.pk, at=data.AT)
        seconds = time.monotonic() - started
    print(json.dumps(Imported(seconds, _peak_memory(), done.orders, done.points)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
