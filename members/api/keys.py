"""Keys of other systems: made by staff, shown once, stored as a hash, revoked for good."""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db.models import Q

from members.models import ApiKey

__all__ = ("SCOPES", "AlreadyMade", "known", "make", "revoke")

PREFIX = "jf_"
HEAD = 10
LONGEST = 200
NOTED_EVERY = timedelta(minutes=1)
SHOWN_FOR = timedelta(minutes=1)

# What a key may be allowed, in words. The apps above add theirs.
SCOPES: dict[str, Any] = {}


class AlreadyMade(Exception):
    """The request key stands for a key whose secret was shown."""


def make(
    *, name: str, scopes: Sequence[str], at: datetime, actor_id: int | None, request_key: str = ""
) -> tuple[ApiKey, str]:
    """Make a key; returns it and its secret, which nobody can read again. ValueError for a scope that there is not.

    Two clicks are one key: the same request key (1 to 64 characters) for the same within `SHOWN_FOR` returns the same
    key and secret; otherwise it raises AlreadyMade.
    """
    if not scopes or not set(scopes) <= set(SCOPES):
        raise ValueError("A key may do something that there is.")
    secret = PREFIX + (_derived(request_key) if request_key else secrets.token_urlsafe(32))
    told = {"name": name, "scopes": sorted(scopes), "made_by_id": actor_id}
    own = {"head": secret[:HEAD], "digest": _digest(secret), "made_at": at}
    if not request_key:
        return ApiKey.objects.create(**told, **own), secret
    key, new = ApiKey.objects.get_or_create(request_key=_digest(request_key), defaults=told | own)
    same = (key.name, key.scopes, key.made_by_id, key.digest) == (name, sorted(scopes), actor_id, own["digest"])
    if not new and (not same or key.revoked_at or at - key.made_at > SHOWN_FOR):
        raise AlreadyMade
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


def _derived(request_key: str) -> str:
    """Return the secret that a request key makes: the answer to a second click is the one that the browser shows.

    The request key itself is not stored, so whoever reads the database and knows SECRET_KEY cannot make it again.
    """
    mac = hmac.digest(settings.SECRET_KEY.encode(), f"members.api.keys:{request_key}".encode(), "sha256")
    return urlsafe_b64encode(mac).decode().rstrip("=")


def _digest(secret: str) -> str:
    """Return the hash of a secret. It is 256 random bits, so it needs no salt and no slow hash."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
