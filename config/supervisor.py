"""Web, worker and beat as processes of one command: started together, watched, stopped in order, none left behind.

Each program runs in a session of its own, so that Ctrl-C in the terminal reaches us alone and we decide the order.
On Linux the system ends them when we are killed.
"""

from __future__ import annotations

import ctypes
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from config.embedded.places import BASE_DIR, EmbeddedError, permitted, put_aside_when_large

PATIENCE = 10.0  # seconds from a polite request to a kill
UNTIL_READY = 90.0  # seconds for the web to answer
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """What to run, and the name of its log."""

    name: str
    argv: Sequence[str]


@dataclass(frozen=True)
class Child:
    """A running program."""

    program: Program
    process: subprocess.Popen[bytes]
    log: Path


def programs(host: str, port: int, var: Path) -> list[Program]:
    """Return web, worker and beat, in the order in which they are started and stopped."""
    python = sys.executable
    web = [python, "-m", "gunicorn", "config.wsgi:application", "--bind", f"{_bracketed(host)}:{port}"]
    web += ["--worker-class", "gthread", "--workers", "2", "--threads", "8"]
    web += ["--timeout", "120", "--graceful-timeout", "8", "--no-control-socket"]
    celery = [python, "-m", "celery", "-A", "config"]
    worker = [*celery, "worker", "--pool", "prefork", "--concurrency", "2", "--prefetch-multiplier", "1"]
    worker += ["--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    beat = [*celery, "beat", "--schedule", str(var / "beat"), "--pidfile=", "--loglevel", "INFO"]
    return [Program("web", web), Program("worker", worker), Program("beat", beat)]


def supervise(crew: list[Program], *, logs: Path, ready: Callable[[], bool], greet: Callable[[], None]) -> None:
    """Run the programs until Ctrl-C or SIGTERM; call `greet` once when `ready`.

    A program that ends by itself ends all: EmbeddedError with the tail of its log.
    """
    with _requests_to_end() as requests:
        children: list[Child] = []
        try:
            for program in crew:
                children.append(_start(program, logs))
            _watch(children, requests, ready, greet)
        finally:
            for child in children:
                _stop(child, requests)


def answers(host: str, port: int) -> bool:
    """Tell whether a web server answers there."""
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": f"localhost:{port}"})
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def require_free_port(host: str, port: int, patience: float = 2.0) -> None:
    """Raise EmbeddedError when the port cannot be had; one just left gets a moment to become free."""
    until = time.monotonic() + patience
    while (problem := _bind(host, port)) is not None:
        if time.monotonic() > until or isinstance(problem, PermissionError):
            reason = os.strerror(problem.errno or 0)
            raise EmbeddedError(
                f"端口 {port} 无法使用({reason}),可能已被别的程序占用。请换一个:PORT={_next(port)} make run",
                f"Port {port} cannot be used ({reason}); another program may have it. "
                f"Take another one: PORT={_next(port)} make run",
            )
        time.sleep(0.2)


@contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Refuse to run twice on one `var`."""
    with permitted(var / "runall.lock"):
        var.mkdir(parents=True, exist_ok=True)
        file = (var / "runall.lock").open("a")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = (var / "runall.lock").read_text().strip()
            raise EmbeddedError(
                f"积分系统已在运行(进程 {owner},数据目录 {var})。第二个实例请设置另一个 JIFEN_VAR 和 PORT。",
                f"Jifen is running already (process {owner}, data in {var}). "
                "For a second one set another JIFEN_VAR and PORT.",
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _start(program: Program, logs: Path) -> Child:
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{program.name}.log"
    put_aside_when_large(log)
    with log.open("ab") as output:
        process = subprocess.Popen(
            program.argv,
            cwd=BASE_DIR,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent(),
        )
    return Child(program, process, log)


def _watch(
    children: list[Child],
    requests: list[int],
    ready: Callable[[], bool],
    greet: Callable[[], None],
) -> None:
    """Return when asked to end; raise when a child ended, or when all are not ready in time."""
    greeted, until = False, time.monotonic() + UNTIL_READY
    while not requests:
        for child in children:
            if child.process.poll() is not None:
                raise _ended(child)
        if not greeted and ready() and not requests:
            greet()
            greeted = True
        if not greeted and time.monotonic() > until:
            raise _silent(children[0])
        time.sleep(0.2)


def _stop(child: Child, requests: list[int]) -> None:
    """Ask a child to end; kill it with all its own after 10 seconds, or at once when the user is in a hurry."""
    if child.process.poll() is None:
        child.process.send_signal(signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while child.process.poll() is None and time.monotonic() < until and len(requests) < 2:
        time.sleep(0.05)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()


@contextmanager
def _requests_to_end() -> Iterator[list[int]]:
    """Collect Ctrl-C and SIGTERM instead of obeying at once."""
    arrived: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        arrived.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield arrived
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _die_with_parent() -> Callable[[], None] | None:
    """Return what a child calls first so that it gets SIGTERM when we die; None where the system cannot do it."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _ended(child: Child) -> EmbeddedError:
    name, code, tail = child.program.name, child.process.returncode, _tail(child.log)
    return EmbeddedError(
        f"{name} 意外停止(退出码 {code}),其余程序已一并停止。日志 {child.log} 的末尾:",
        f"{name} ended by itself (exit code {code}), the others were stopped. The end of its log {child.log}:\n{tail}",
    )


def _silent(child: Child) -> EmbeddedError:
    return EmbeddedError(
        f"网页服务在 {UNTIL_READY:.0f} 秒内没有响应。日志 {child.log} 的末尾:",
        f"The web did not answer within {UNTIL_READY:.0f} seconds. The end of its log {child.log}:\n{_tail(child.log)}",
    )


def _tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])


def _bind(host: str, port: int) -> OSError | None:
    """Return what the system has against our listening there."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return None
    except OSError as error:
        return error


def _next(port: int) -> int:
    return port + 1 if 1024 <= port < 65535 else 8001


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
