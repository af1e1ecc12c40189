"""The same races as in tests/mall, through the real HTTP stack: what counts is what a browser could do."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client

from mall.models import Redemption
from members.models import Member
from tests.conftest import NOW
from tests.pages.conftest import available, give, shelve
from tests.pages.test_mall import fill

Browse = Callable[[Member], Client]
pytestmark = pytest.mark.django_db(transaction=True)


def post(url: str, path: str, client: Client, form: dict[str, Any]) -> int:
    """Send a form over a connection of its own, as the browser of this client would; returns the status.

    The test server takes ten callers at a time in its queue and turns others away: they try again, with the same form.
    """
    token = client.cookies["csrftoken"].value
    headers = {
        "Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items()),
        "Content-Type": "application/x-www-form-urlencoded",
        "Referer": url + path,
    }
    body = urlencode(form | {"csrfmiddlewaretoken": token})
    while True:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        with closing(connection), suppress(ConnectionResetError, BrokenPipeError):
            connection.request("POST", path, body, headers)
            return connection.getresponse().status


def test_a_form_sent_thirty_times_at_once_is_one_redemption(
    live_server: Any, browse: Browse, lin: Member, at_once: Callable[..., list[Any]]
) -> None:
    give(lin, 5_000)
    cup = shelve(pieces=50)
    client = browse(lin)
    form = fill(client, cup)

    results = at_once(lambda _: post(live_server.url, f"/mall/{cup.pk}/redeem/", client, form), [None] * 30)

    assert set(results) == {302}
    assert Redemption.objects.count() == 1
    assert available(lin) == 4_900


def test_twenty_members_want_the_last_piece(
    live_server: Any, browse: Browse, db: None, at_once: Callable[..., list[Any]]
) -> None:
    cup = shelve(pieces=1)
    members = [Member.objects.create(name=str(n), joined_at=NOW) for n in range(20)]
    asked = []
    for member in members:
        give(member, 100)
        client = browse(member)
        asked.append((client, fill(client, cup)))

    results = at_once(lambda one: post(live_server.url, f"/mall/{cup.pk}/redeem/", *one), asked)

    cup.refresh_from_db()
    assert sorted(results) == [302] + [422] * 19
    assert (cup.stock, Redemption.objects.count()) == (0, 1)
    assert sum(available(member) for member in members) == 1_900
