"""How a treasure draw finds its winner. Anybody can do it again with what is published; nothing here reads anything.

1. Before: the SHA-256 of a secret seed of 32 bytes (the commitment).
2. After: the seed, and the list of all entries as a file. Let n be the number of entries.
3. The message is `n:d:r`, d the SHA-256 of that file in hex and r the round, 0 at first.
4. HMAC-SHA256 of the message with the seed as key, read as a number x of 256 bits.
5. If x lies in the last incomplete n of all such numbers, the next round is tried, so that all entries are equally
   likely. Otherwise the winning number is x mod n + 1.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

ALL = 2**256


class Round(NamedTuple):
    """One round: its message, what HMAC made of it, and whether it counts."""

    message: str
    mac: str
    counts: bool


class Found(NamedTuple):
    """The winning number, from 1, and the rounds that led to it; all but the last do not count."""

    number: int
    rounds: list[Round]


def commitment(seed: bytes) -> str:
    return hashlib.sha256(seed).hexdigest()


def digest(file: str) -> str:
    """Return the SHA-256 of the list of entries as it is downloaded (UTF-8)."""
    return hashlib.sha256(file.encode()).hexdigest()


def find(seed: bytes, entries: int, entries_digest: str) -> Found:
    """Return the winning number of 1 to `entries` and how it came about."""
    limit, rounds = ALL - ALL % entries, list[Round]()
    while True:
        message = f"{entries}:{entries_digest}:{len(rounds)}"
        mac = hmac.new(seed, message.encode(), hashlib.sha256).hexdigest()
        rounds.append(Round(message, mac, int(mac, 16) < limit))
        if rounds[-1].counts:
            return Found(int(mac, 16) % entries + 1, rounds)
