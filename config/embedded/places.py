"""Where the embedded servers live, and as whom they run.

Everything lies under `var/` (`JIFEN_VAR` moves it). PostgreSQL refuses to run as root; as root the servers run as
`nobody`, or as the owner of the data that is already there. Where that account cannot enter `var/` or the virtual
environment (root's home), the data, or a copy of the binaries, lies under `/var/lib/jifen-<hash of var>`. Where is a
pure function of `JIFEN_VAR` and permission bits, so that every process finds the same place without asking.
"""

from __future__ import annotations

import errno
import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parent.parent.parent
LEAST_FREE = 500 * 1024**2
# A socket's path has 107 bytes on Linux, 103 on macOS; the longest of ours is `.s.PGSQL.5432.lock`.
LONGEST_RUN = 80
NOBODY = 65534


class EmbeddedError(Exception):
    """What is wrong and what to do: a sentence in Chinese, then the same in English."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese}\n{english}")


@dataclass(frozen=True)
class Place:
    """`var`: locks, logs and files of our own processes; `root`: the servers' data; `run`: their sockets.

    `uid` and `gid` are the servers' account when we are root, else None: they run as we do.
    """

    var: Path
    root: Path
    run: Path
    uid: int | None = None
    gid: int | None = None

    @property
    def logs(self) -> Path:
        """Return the folder of the servers' logs."""
        return self.root / "log"

    def prepare(self) -> None:
        """Make the folders; raise EmbeddedError when that cannot be."""
        with permitted(self.var):
            for folder in (self.var, self.root, self.logs):
                _make(folder)
            _make(self.run.parent)
            self._make_private(self.run)

    def folder(self, name: str) -> Path:
        """Return the data folder `root/name`, made for the servers' account alone."""
        with permitted(self.root):
            self._make_private(self.root / name)
        return self.root / name

    def log(self, name: str) -> Path:
        """Return the log file `name`, writable by the servers; one that has grown large is put aside."""
        path = self.logs / name
        with permitted(path):
            put_aside_when_large(path)
            path.touch(mode=0o640)
            if self.uid is not None:
                os.lchown(path, self.uid, self.gid or 0)
        return path

    def call(self, *argv: str | Path, say: str = "", timeout: float = 330) -> subprocess.CompletedProcess[str]:
        """Run a program as the servers' account, away from the terminal, and return what it said."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        account: dict[str, Any] = {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.run(
            [str(word) for word in argv],
            cwd="/",
            env=environment,
            input=say,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            umask=0o077,
            start_new_session=True,
            **account,
        )

    def write(self, file: Path, text: str, *, append: bool = False) -> None:
        """Write a file in a folder of the servers' account, as that account."""
        said = self.call("sh", "-c", f'umask 077; cat {">>" if append else ">"} "$0"', file, say=text)
        if "No space left on device" in said.stdout:
            raise disk_full(self.root)
        if said.returncode:
            raise PermissionError(errno.EACCES, said.stdout.strip(), str(file))

    def package(self, name: str) -> Path | None:
        """Return the folder of an installed wheel, or of a copy that the servers' account can enter."""
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            return None
        folder = Path(spec.origin).parent
        if self.uid is None or enterable(folder, self.uid, self.gid):
            return folder
        return self._copy(folder, f"{name}-{version(name)}")

    def _copy(self, package: Path, name: str) -> Path:
        target = self.root / name
        if not target.exists():
            fresh = self.root / f"{name}.new"
            shutil.rmtree(fresh, ignore_errors=True)
            with permitted(target):
                for folder in (package, package.with_name(f"{package.name}.libs")):
                    if folder.exists():
                        shutil.copytree(folder, fresh / folder.name, symlinks=True)
                _open_to_all(fresh)
                fresh.rename(target)
        return target / package.name

    def _make_private(self, folder: Path) -> None:
        """Make a folder that only the servers' account can enter; one of somebody else is refused."""
        owner = os.geteuid() if self.uid is None else self.uid
        if not folder.exists():
            folder.mkdir(mode=0o700)
        if self.uid is not None and folder.lstat().st_uid == 0:
            os.lchown(folder, self.uid, self.gid or 0)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise EmbeddedError(
                f"目录 {folder} 属于别的用户,或者别人也能进入。请改用它的所有者运行,或用 JIFEN_VAR 换一个位置。",
                f"The folder {folder} belongs to somebody else or is open to others. "
                "Run as its owner or set JIFEN_VAR to another folder.",
            )


def place() -> Place:
    """Return where the servers of this `JIFEN_VAR` live. Quick; makes and starts nothing."""
    var = var_folder()
    if os.geteuid() != 0:
        return Place(var, var, _run_folder(var, Path(f"/tmp/jifen-{os.geteuid()}-{_hash(var)}")))  # noqa: S108 (checked: ours alone)
    uid, gid = _account(var / "postgres")
    elsewhere = Path(f"/var/lib/jifen-{_hash(var)}")
    root = var if enterable(var, uid, gid) else elsewhere
    return Place(var, root, _run_folder(root, elsewhere), uid, gid)


def var_folder() -> Path:
    """Return `JIFEN_VAR` (relative to the checkout), or `var/` in the checkout."""
    return (BASE_DIR / Path(os.environ.get("JIFEN_VAR") or "var").expanduser()).resolve()


def enterable(folder: Path, uid: int, gid: int | None) -> bool:
    """Tell by the permission bits whether an account can enter a folder and all above it.

    What does not exist yet does not count: we make it so that it can.
    """
    for part in (folder, *folder.parents):
        try:
            found = part.stat()
        except FileNotFoundError:
            continue
        own, shared = found.st_uid == uid, found.st_gid == gid
        if not found.st_mode & (stat.S_IXUSR if own else stat.S_IXGRP if shared else stat.S_IXOTH):
            return False
    return True


def check_free(folder: Path) -> None:
    """Raise EmbeddedError unless 500 MB are free where the folder lies."""
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        raise disk_full(folder, free)


def disk_full(folder: Path, free: int | None = None) -> EmbeddedError:
    """Return the error that says so; `free` in bytes."""
    left = shutil.disk_usage(folder).free if free is None else free
    return EmbeddedError(
        f"磁盘空间不足:{folder} 所在磁盘只剩 {left // 1024**2} MB,至少需要 500 MB。"
        "请清理磁盘,或用 JIFEN_VAR 换一个位置。",
        f"The disk is full: {left // 1024**2} MB are free at {folder}, 500 MB are needed. "
        "Free some space or set JIFEN_VAR to a folder on another disk.",
    )


def put_aside_when_large(log: Path, limit: int = 10 * 1024**2) -> None:
    """Rename a log of more than `limit` bytes to NAME.1, in the place of an older one."""
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_name(f"{log.name}.1"))


def _account(data: Path) -> tuple[int, int]:
    """Return uid and gid for the servers of root: the owner of the data, else `nobody`."""
    try:
        found = data.stat()
    except OSError:
        found = None
    if found is not None and found.st_uid != 0:
        return found.st_uid, found.st_gid
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return NOBODY, NOBODY
    return nobody.pw_uid, nobody.pw_gid


def _run_folder(root: Path, elsewhere: Path) -> Path:
    """Return a folder whose path is short and plain enough for a socket and a configuration file."""
    near = root / "run"
    plain = re.fullmatch(r"[\w/. -]+", str(near))
    if plain and len(os.fsencode(near)) <= LONGEST_RUN:
        return near
    return elsewhere / "run" if elsewhere.parent == Path("/var/lib") else elsewhere


def _hash(var: Path) -> str:
    return hashlib.sha256(os.fsencode(var)).hexdigest()[:12]


def _make(folder: Path) -> None:
    """Make a folder, and those above it, that others can pass through whatever the umask is."""
    if folder.exists():
        return
    _make(folder.parent)
    folder.mkdir()
    folder.chmod(0o755)


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


@contextmanager
def permitted(path: Path) -> Iterator[None]:
    """Turn a refusal of the file system at or under `path` into a sentence."""
    try:
        yield
    except PermissionError as error:
        raise EmbeddedError(
            f"没有权限写入 {error.filename or path}。请改用它的所有者运行,或用 JIFEN_VAR 换一个位置。",
            f"No permission to write {error.filename or path}. Run as its owner or set JIFEN_VAR to another folder.",
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(next(folder for folder in (path, *path.parents) if folder.exists())) from error
        raise
