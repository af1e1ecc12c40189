"""Work on several connections at once: the server is at one share while another waits for a lock or the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import connection
from django.utils.translation import get_language, override


def run(shares: Sequence[Callable[[], None]]) -> None:
    """Do the first share here and each other on a connection of its own; returns when all have ended.

    An error of one does not stop another; the first of them is raised. Not within a transaction: the others would not
    see what it has written.
    """
    if connection.in_atomic_block:
        raise RuntimeError("The other connections see nothing of this transaction.")
    with ThreadPoolExecutor(len(shares), thread_name_prefix="share") as pool:
        others = [pool.submit(_elsewhere, share, get_language()) for share in shares[1:]]
        shares[0]()
    for other in others:
        other.result()


def _elsewhere(share: Callable[[], None], language: str | None) -> None:
    try:
        with override(language):
            share()
    finally:
        connection.close()
