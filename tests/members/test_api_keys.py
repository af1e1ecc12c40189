"""Keys of other systems: shown once, kept as a hash, revoked for good."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mall.views import api  # noqa: F401 - what keys may be allowed comes from the apps above
from members.api import keys
from members.models import ApiKey
from tests.conftest import NOW, rows

MINUTE = timedelta(minutes=1)


def test_a_key_is_known_by_its_secret_which_is_not_stored(db: None) -> None:
    key, secret = keys.make(name="till", scopes=["coupons"], at=NOW, actor_id=None)

    assert keys.known(secret, at=NOW) == key
    assert secret.startswith(key.head)
    assert not any(secret[12:] in str(value) for row in rows(ApiKey) for value in row)


@pytest.mark.parametrize("wrong", ["", "jf_", "x" * 300, "jf_\udc80", "jf_ü"])
def test_another_secret_is_not(db: None, wrong: str) -> None:
    _key, secret = keys.make(name="till", scopes=["coupons"], at=NOW, actor_id=None)

    assert keys.known(wrong, at=NOW) is None
    assert keys.known(secret[:-1], at=NOW) is None
    assert keys.known(secret + "x", at=NOW) is None


def test_a_revoked_key_is_not_known_any_more(db: None) -> None:
    key, secret = keys.make(name="till", scopes=["coupons"], at=NOW, actor_id=None)
    other, second = keys.make(name="shop", scopes=["coupons"], at=NOW, actor_id=None)

    assert (keys.revoke(key_id=key.pk, at=NOW), keys.revoke(key_id=key.pk, at=NOW + MINUTE)) == (True, False)

    assert keys.known(secret, at=NOW) is None
    assert keys.known(second, at=NOW) == other
    assert rows(ApiKey, "revoked_at") == [(NOW,), (None,)]


def test_its_last_use_is_noted_once_a_minute(db: None) -> None:
    _key, secret = keys.make(name="till", scopes=["coupons"], at=NOW, actor_id=None)

    for seconds in (0, 30, 59):
        keys.known(secret, at=NOW + timedelta(seconds=seconds))
    assert rows(ApiKey, "last_used_at") == [(NOW,)]
    keys.known(secret, at=NOW + MINUTE)

    assert rows(ApiKey, "last_used_at") == [(NOW + MINUTE,)]


@pytest.mark.parametrize("scopes", [[], ["everything"], ["coupons", "everything"]])
def test_a_key_may_do_what_there_is(db: None, scopes: list[str]) -> None:
    with pytest.raises(ValueError):
        keys.make(name="till", scopes=scopes, at=NOW, actor_id=None)
