"""A secret made up once for an installation that names none, and kept beside its data."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def kept(path: Path) -> str:
    """Return the secret in `path`, made at the first call; the file is its owner's alone."""
    with suppress(FileNotFoundError):
        if secret := path.read_text("ascii").strip():
            return secret
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
    with suppress(FileExistsError):
        os.link(made, path)  # the first of several processes wins
    made.unlink()
    return path.read_text("ascii").strip()
