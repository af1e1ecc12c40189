"""Keys of other systems, made and revoked by staff who may."""

from __future__ import annotations

import re
from datetime import timedelta

from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from members.api import keys
from members.models import ApiKey, User
from tests.admin.conftest import signed_in, staff
from tests.admin.test_actions import said
from tests.conftest import rows

LIST = "/admin/members/apikey/"
FORM = {"name": "till 1", "scopes": ["coupons"], "request_key": "ab" * 16}
SECRET = re.compile(r"jf_[\w-]{43}")


def test_a_key_is_shown_when_it_is_made_and_never_again(boss: Client, wang: User) -> None:
    asked = boss.post(f"{LIST}make/", FORM).content.decode()
    assert not ApiKey.objects.exists()
    made = boss.post(f"{LIST}make/", FORM | {"confirmed": "1"})

    secret = SECRET.search(made.content.decode())
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


def test_two_clicks_are_one_key_and_the_second_answer_shows_it_too(boss: Client) -> None:
    pages = [boss.post(f"{LIST}make/", FORM | {"confirmed": "1"}).content.decode() for _click in range(2)]

    first, second = (SECRET.search(page) for page in pages)
    assert first is not None
    assert second is not None
    assert first[0] == second[0]
    assert keys.known(first[0], at=timezone.now()) == ApiKey.objects.get()
    assert LogEntry.objects.count() == 1


def test_a_form_used_again_later_makes_no_key_and_shows_none(boss: Client) -> None:
    boss.post(f"{LIST}make/", FORM | {"confirmed": "1"})
    ApiKey.objects.update(made_at=timezone.now() - timedelta(minutes=2))

    late = boss.post(f"{LIST}make/", FORM | {"confirmed": "1"})

    assert said(late) == ["This page was already used. Open it again to do more."]
    assert late.url == LIST  # type: ignore[attr-defined]
    assert ApiKey.objects.count() == 1


def test_each_opened_form_makes_a_key_of_its_own(boss: Client) -> None:
    for _turn in range(2):
        form = boss.get(f"{LIST}make/").context["form"]
        boss.post(f"{LIST}make/", FORM | {"request_key": form["request_key"].value(), "confirmed": "1"})

    assert len(set(rows(ApiKey, "digest"))) == 2
