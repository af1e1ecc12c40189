"""Real servers in folders of their own: started, shared, adopted, stopped, and refused in a sentence."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded, supervisor
from config.embedded import EmbeddedError, places, postgres, valkey
from manage import needs_servers

ADDRESSES = ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL")
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def var(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a space in its name, JIFEN_VAR of this test; whatever still runs there is stopped."""
    parent = Path(tempfile.mkdtemp(prefix="jifen "))
    parent.chmod(0o755)
    monkeypatch.setenv("JIFEN_VAR", str(parent / "积分 var"))
    monkeypatch.setenv("JIFEN_DURABLE", "0")
    for name in ADDRESSES:
        monkeypatch.delenv(name, raising=False)
    yield parent / "积分 var"
    place = places.place()
    valkey.stop(place)
    postgres.stop(place)
    for folder in {parent, place.root, place.run}:
        shutil.rmtree(folder, ignore_errors=True)


def holder() -> subprocess.Popen[bytes]:
    """Start a process that needs the servers until its input is closed; return when it has them."""
    process = subprocess.Popen(
        [sys.executable, "-m", "config.embedded", "sh", "-c", "echo ready; cat"],
        cwd=places.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def let_go(process: subprocess.Popen[bytes]) -> None:
    process.communicate(timeout=30)


def postmaster() -> str | None:
    """The number of the PostgreSQL process, None when there is none."""
    paper = places.place().root / "postgres" / "postmaster.pid"
    return paper.read_text().split()[0] if paper.exists() else None


def ask(sql: str, *values: object) -> object:
    with psycopg.connect(embedded.database_url().replace("postgres://", "postgresql://")) as connection:
        row = connection.execute(sql, values).fetchone()
    assert row is not None
    return row[0]


def test_both_servers_answer_and_search_finds_chinese(var: Path) -> None:
    with embedded.running():
        with psycopg.connect(embedded.database_url()) as connection:
            connection.execute("create extension pg_trgm")
        parts = ask("select show_trgm(%s)", "张三丰")
        pong = redis.Redis.from_url(embedded.cache_url()).ping()

    assert parts
    assert pong
    assert postmaster() is None
    assert valkey._ask(places.place(), "PING") is None


def test_data_is_kept_from_one_start_to_the_next(var: Path) -> None:
    with embedded.running(), psycopg.connect(embedded.database_url()) as connection:
        connection.execute("create table kept as select 42 as number")

    with embedded.running():
        number = ask("select number from kept")

    assert number == 42


def test_the_last_one_out_stops_the_servers(var: Path) -> None:
    first, second = holder(), holder()
    number = postmaster()

    let_go(first)
    with_one_left = postmaster()
    let_go(second)

    assert number is not None
    assert with_one_left == number
    assert postmaster() is None


def test_servers_of_a_killed_process_are_adopted_and_stopped_by_the_next(var: Path) -> None:
    killed = holder()
    number = postmaster()
    killed.kill()
    let_go(killed)

    with embedded.running():
        adopted = postmaster()

    assert number is not None
    assert adopted == number
    assert postmaster() is None


def test_a_request_to_end_stops_the_servers(var: Path) -> None:
    process = holder()

    process.send_signal(signal.SIGTERM)
    let_go(process)

    assert process.returncode != 0
    assert postmaster() is None


def test_papers_left_by_a_crash_of_the_machine_do_not_hinder(var: Path) -> None:
    with embedded.running():
        pass
    place = places.place()
    account = {} if place.uid is None else {"user": place.uid}
    other = subprocess.Popen(["sleep", "60"], cwd="/", **account)  # type: ignore[call-overload]
    for paper in (place.root / "postgres/postmaster.pid", place.run / ".s.PGSQL.5432.lock"):
        place.write(paper, f"{other.pid}\n{place.root}/postgres\n0\n5432\n")

    with embedded.running():
        answer = ask("select 1")
    other.kill()
    other.wait()

    assert answer == 1


@pytest.mark.skipif(not AS_ROOT, reason="only root has to step aside")
def test_root_puts_data_elsewhere_when_the_account_cannot_enter(var: Path, capfd: pytest.CaptureFixture[str]) -> None:
    var.parent.chmod(0o700)

    with embedded.running():
        answer = ask("select current_setting('data_directory')")

    elsewhere = f"/var/lib/jifen-{hashlib.sha256(os.fsencode(var)).hexdigest()[:12]}"
    assert answer == f"{elsewhere}/postgres"
    assert elsewhere in capfd.readouterr().err


def test_a_long_path_gets_a_short_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIFEN_VAR", "/srv/" + "long" * 40)

    place = places.place()

    assert len(os.fsencode(place.run / ".s.PGSQL.5432.lock")) <= 103
    assert places.place() == place


def test_what_the_environment_names_is_not_started(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ADDRESSES:
        monkeypatch.setenv(name, "somewhere")

    with embedded.running():
        made = var.exists()

    assert not made


def test_the_command_gives_its_exit_code(var: Path) -> None:
    code = subprocess.run(
        [sys.executable, "-m", "config.embedded", "sh", "-c", "exit 7"], cwd=places.BASE_DIR
    ).returncode

    assert code == 7


def test_a_full_disk_is_a_sentence(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**12, 10**12, 120 * 1024**2))

    with pytest.raises(EmbeddedError, match=r"120 MB.*500 MB") as caught, embedded.running():
        pass

    assert "磁盘空间不足" in str(caught.value)
    assert "The disk is full" in str(caught.value)


def test_data_of_another_postgresql_is_a_sentence_and_stays(var: Path) -> None:
    place = places.place()
    place.prepare()
    data = place.folder("postgres")
    (data / "PG_VERSION").write_text("13\n")

    with pytest.raises(EmbeddedError, match="PostgreSQL 13"), embedded.running():
        pass

    assert (data / "PG_VERSION").read_text() == "13\n"


def test_binaries_that_are_not_there_are_a_sentence(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIFEN_POSTGRES_BIN", "/nowhere/bin")

    with pytest.raises(EmbeddedError, match="/nowhere/bin"), embedded.running():
        pass


def test_a_port_that_is_taken_is_a_sentence_that_names_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(EmbeddedError, match=rf"PORT={port + 1} make run"):
            supervisor.require_free_port("127.0.0.1", port, patience=0)


def test_a_second_instance_on_the_same_data_is_refused(var: Path) -> None:
    with supervisor.only_one(var), pytest.raises(EmbeddedError, match=str(os.getpid())), supervisor.only_one(var):
        pass


def test_a_program_that_ends_by_itself_is_named_and_ends_the_others(tmp_path: Path) -> None:
    lasting = supervisor.Program("web", ["sh", "-c", f"echo $$ > '{tmp_path}/pid'; sleep 60"])
    failing = supervisor.Program("beat", ["sh", "-c", f"until [ -s '{tmp_path}/pid' ]; do :; done; echo why; exit 3"])

    with pytest.raises(EmbeddedError, match=r"(?s)beat.*exit code 3.*why"):
        supervisor.supervise([lasting, failing], logs=tmp_path, ready=lambda: False, greet=lambda: None)

    number = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_program_that_does_not_obey_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PATIENCE", 0.2)
    stubborn = supervisor.Program("worker", ["sh", "-c", "trap '' TERM; echo started; while :; do sleep 1; done"])
    log, started = tmp_path / "worker.log", time.monotonic()

    def greet() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    supervisor.supervise([stubborn], logs=tmp_path, ready=lambda: "started" in log.read_text(), greet=greet)

    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("import_orders file.csv", True),
        ("migrate", True),
        ("check", False),
        ("check --database default", True),
        ("import_orders --help", False),
        ("makemigrations --check", False),
        ("runall", False),
        ("", False),
        ("--version", False),
    ],
)
def test_a_command_gets_the_servers_that_it_needs(words: str, needed: bool) -> None:
    assert needs_servers(["manage.py", *words.split()]) is needed


def test_the_example_environment_explains_every_variable() -> None:
    example = (places.BASE_DIR / ".env.example").read_text("utf-8")
    code = "".join(path.read_text("utf-8") for path in (places.BASE_DIR / "config").rglob("*.py"))

    read = set(re.findall(r"""\benv(?:\.\w+)?\(\s*"([A-Z_]+)"|environ\.get\("([A-Z_]+)"|given\("([A-Z_]+)""", code))
    names = {name for found in read for name in found if name}

    assert names - {"PATH"} <= set(re.findall(r"^# ([A-Z_]+)=", example, re.M))
    assert "DATABASE_URL" in names
