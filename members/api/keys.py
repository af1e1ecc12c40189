"""Keys of other systems: made by staff, shown once, stored as a hash, revoked for good."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db.models import Q

from members.models import ApiKey

__all__ = ("SCOPES", "known", "make", "revoke")

PREFIX = "jf_"
HEAD = 10
LONGEST = 200
NOTED_EVERY = timedelta(minutes=1)

# What a key may be allowed, in words. The apps above add theirs.
SCOPES: dict[str, Any] = {}


def make(*, name: str, scopes: Sequence[str], at: datetime, actor_id: int | None) -> tuple[ApiKey, str]:
    """Make a key; returns it and its secret, which nobody can read again. ValueError for a scope that there is not."""
    if not scopes or not set(scopes) <= set(SCOPES):
        raise ValueError("A key may do something that there is.")
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        name=name,
        head=secret[:HEAD],
        digest=_digest(secret),
        scopes=sorted(scopes),
        made_at=at,
        made_by_id=actor_id,
    )
    return key, secret


def known(secret: str, *, at: datetime) -> ApiKey | None:
    """Return the key of a secret, if it is not revoked; once a minute note that it is used."""
    if len(secret) > LONGEST:
        return None
    key = ApiKey.objects.filter(digest=_digest(secret), revoked_at=None).first()
    if key is not None and (key.last_used_at is None or key.last_used_at <= at - NOTED_EVERY):
        due = Q(last_used_at=None) | Q(last_used_at__lte=at - NOTED_EVERY)
        ApiKey.objects.filter(due, pk=key.pk).update(last_used_at=at)
    return key


def revoke(*, key_id: int, at: datetime) -> bool:
    """Revoke a key from now on; False when it was revoked before."""
    return bool(ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=at))


def _digest(secret: str) -> str:
    """Return the hash of a secret. It is 256 random bits, so it needs no salt and no slow hash."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
