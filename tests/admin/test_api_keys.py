"""Keys of other systems, made and revoked by staff who may."""

from __future__ import annotations

import re

from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from members.api import keys
from members.models import ApiKey, User
from tests.admin.conftest import signed_in, staff
from tests.admin.test_actions import said

LIST = "/admin/members/apikey/"
FORM = {"name": "till 1", "scopes": ["coupons"]}


def test_a_key_is_shown_when_it_is_made_and_never_again(boss: Client, wang: User) -> None:
    asked = boss.post(f"{LIST}make/", FORM).content.decode()
    assert not ApiKey.objects.exists()
    made = boss.post(f"{LIST}make/", FORM | {"confirmed": "1"})

    secret = re.search(r"jf_[\w-]{43}", made.content.decode())
    key = ApiKey.objects.get()
    assert "Make a key for till 1?" in asked
    assert secret is not None
    assert keys.known(secret[0], at=timezone.now()) == key
    assert (key.name, key.scopes, key.made_by) == ("till 1", ["coupons"], wang)
    assert "no-store" in made.headers["cache-control"]
    for page in (LIST, f"{LIST}{key.pk}/change/"):
        shown = boss.get(page).content.decode()
        assert key.head in shown
        assert secret[0] not in shown
    assert secret[0] not in LogEntry.objects.get().change_message


def test_what_is_missing_is_told_beside_the_field(boss: Client) -> None:
    answers = [
        boss.post(f"{LIST}make/", FORM | change | {"confirmed": "1"}) for change in ({"name": ""}, {"scopes": ["x"]})
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked_after_a_question(boss: Client) -> None:
    key, secret = keys.make(name="till 1", scopes=["coupons"], at=timezone.now(), actor_id=None)
    page = f"{LIST}{key.pk}/revoke/"

    asked = boss.post(page).content.decode()
    assert keys.known(secret, at=timezone.now())
    done = boss.post(page, {"confirmed": "1"})

    assert "Revoke the key of till 1?" in asked
    assert said(done) == ["Key revoked."]
    assert keys.known(secret, at=timezone.now()) is None
    assert page not in boss.get(f"{LIST}{key.pk}/change/").content.decode()


def test_who_may_look_neither_makes_nor_revokes(looker: Client) -> None:
    key, secret = keys.make(name="till 1", scopes=["coupons"], at=timezone.now(), actor_id=None)
    maker = signed_in(staff("chen", "view_apikey", "add_apikey"))

    assert looker.get(LIST).status_code == 200
    for client, page in (
        (looker, f"{LIST}make/"),
        (looker, f"{LIST}{key.pk}/revoke/"),
        (maker, f"{LIST}{key.pk}/revoke/"),
    ):
        assert client.post(page, FORM | {"confirmed": "1"}).status_code == 403
    assert maker.post(f"{LIST}make/", FORM | {"confirmed": "1"}).status_code == 200

    assert keys.known(secret, at=timezone.now())
    assert ApiKey.objects.count() == 2
