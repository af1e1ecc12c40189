"""Keys of other systems: shown once, kept as a hash, revoked for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

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


def test_one_request_is_one_key_and_its_secret_cannot_be_made_from_what_is_stored(db: None) -> None:
    told = {"name": "till", "scopes": ["coupons"], "actor_id": None, "request_key": "k" * 32}

    first, again = keys.make(**told, at=NOW), keys.make(**told, at=NOW + MINUTE)
    other, _secret = keys.make(**told | {"request_key": "l" * 32}, at=NOW)

    assert first == again
    assert first[1] != keys.make(name="till", scopes=["coupons"], at=NOW, actor_id=None)[1]
    assert "k" * 32 not in rows(ApiKey, "request_key")[0]
    assert first[0].digest != other.digest


@pytest.mark.parametrize(
    ("change", "later"),
    [({}, MINUTE * 2), ({"name": "shop"}, MINUTE / 2), ({"scopes": ["coupons", "more"]}, MINUTE / 2)],
)
def test_a_request_told_late_or_for_something_else_is_refused(
    db: None, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], later: timedelta
) -> None:
    monkeypatch.setitem(keys.SCOPES, "more", "more")
    told = {"name": "till", "scopes": ["coupons"], "actor_id": None, "request_key": "k" * 32}
    keys.make(**told, at=NOW)

    with pytest.raises(keys.AlreadyMade):
        keys.make(**told | change, at=NOW + later)

    assert rows(ApiKey, "name") == [("till",)]


def test_a_revoked_key_is_not_shown_again(db: None) -> None:
    told = {"name": "till", "scopes": ["coupons"], "actor_id": None, "request_key": "k" * 32}
    key, _secret = keys.make(**told, at=NOW)
    keys.revoke(key_id=key.pk, at=NOW)

    with pytest.raises(keys.AlreadyMade):
        keys.make(**told, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_at_once_are_one_key(at_once: Callable[..., list[Any]]) -> None:
    told = {"name": "till", "scopes": ["coupons"], "actor_id": None, "request_key": "k" * 32}

    outcomes = at_once(lambda _n: keys.make(**told, at=NOW)[1], list(range(10)))

    assert len(set(outcomes)) == 1
    assert rows(ApiKey, "name") == [("till",)]
