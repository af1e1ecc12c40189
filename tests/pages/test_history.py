"""The history page: what happened, in order, in words, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.test import Client
from django.utils import timezone

from loyalty import ledger
from loyalty.models import Posting
from members.models import Member
from tests.pages.conftest import available, give, redeemed, shelve

Browse = Callable[[Member], Client]


def shown(response: Any) -> list[int]:
    return [entry.posting.points for entry in response.context["page"].entries]


def test_the_filters_show_what_they_say(browse: Browse, lin: Member) -> None:
    now = timezone.now()
    give(lin, 300, at=now - timedelta(days=20))
    give(lin, 7, at=now - timedelta(days=10), expires_at=now - timedelta(days=1))
    redeemed(lin, shelve())
    ledger.expire(at=now)
    client = browse(lin)

    found = {name: shown(client.get("/history/", {"show": name})) for name in ("", "earned", "spent", "expired", "x")}

    assert found["earned"] == [7, 300]
    assert found["spent"] == [-100]
    assert found["expired"] == [-7]
    assert sorted(found[""]) == sorted(found["x"]) == [-100, -7, 7, 300]


def test_the_history_is_told_by_when_it_happened(browse: Browse, lin: Member) -> None:
    now = timezone.now()
    give(lin, 2, at=now - timedelta(days=2))
    give(lin, 9, at=now - timedelta(days=9))
    give(lin, 5, at=now - timedelta(days=5))

    assert shown(browse(lin).get("/history/")) == [2, 5, 9]


def test_every_posting_is_on_exactly_one_page(browse: Browse, lin: Member) -> None:
    now = timezone.now()
    for number in range(45):
        give(lin, number + 1, at=now - timedelta(hours=number // 3))
    client, seen, address = browse(lin), [], "/history/"

    while address:
        response = client.get(address)
        seen += shown(response)
        before = response.context["page"].before
        address = f"/history/?before={before}" if before else ""

    assert sorted(seen) == list(range(1, 46))
    assert len(shown(client.get("/history/"))) == 20


def test_htmx_gets_the_next_entries_only(browse: Browse, lin: Member) -> None:
    for number in range(21):
        give(lin, number + 1)
    client = browse(lin)
    before = client.get("/history/").context["page"].before

    part = client.get(f"/history/?before={before}", headers={"hx-request": "true"}).content.decode()
    whole = client.get(f"/history/?before={before}").content.decode()

    assert part.count('class="entry"') == whole.count('class="entry"') == 1
    assert "<html" not in part
    assert "<html" in whole


def test_pages_do_not_begin_at_another_members_posting(browse: Browse, lin: Member, wei: Member) -> None:
    give(lin, 10)
    other = give(wei, 20)

    for before in (other.pk, 0, "x", "9" * 40, "-1"):
        assert browse(lin).get("/history/", {"before": before}).status_code == 404


def test_points_that_are_pending_say_from_when(browse: Browse, lin: Member) -> None:
    later = timezone.now() + timedelta(days=5)
    give(lin, 60, growth=60, available_at=later)
    client = browse(lin)

    page, home = client.get("/history/").content.decode(), client.get("/").content.decode()

    assert "Available from" in page
    assert "60 more are pending" in home
    assert available(lin) == 0


def test_dates_are_the_brands_own(browse: Browse, lin: Member) -> None:
    give(lin, 60, at=timezone.now().replace(month=1, day=5, hour=20, minute=30) - timedelta(days=365))

    page = browse(lin).get("/history/").content.decode()

    assert re.search(r"Jan\. [56], 20\d\d, 4:30 a\.m\.", page)


def test_a_debt_and_points_that_end_soon_are_explained(browse: Browse, lin: Member) -> None:
    now = timezone.now()
    give(lin, 30, expires_at=now + timedelta(days=10))
    posting = give(lin, 200)
    redeemed(lin, shelve(points=230))
    ledger.claw_back(posting_id=posting.pk, refunded=200, paid=200, key="refund", at=now)

    owing = browse(lin).get("/").content.decode()
    give(lin, 500, expires_at=now + timedelta(days=20))
    paid = browse(lin).get("/").content.decode()

    assert "You owe 200 points" in owing
    assert "You owe" not in paid
    assert "Use 300 by" in paid
    assert Posting.objects.of(lin).exists()


def test_points_that_end_at_midnight_are_good_until_the_day_before(browse: Browse, lin: Member) -> None:
    give(lin, 30, expires_at=datetime(2099, 3, 1, tzinfo=ZoneInfo("Asia/Shanghai")))
    client = browse(lin)

    home, history = client.get("/").content.decode(), client.get("/history/").content.decode()

    assert "Use 30 by Feb. 28, 2099" in home
    assert "use them by Feb. 28, 2099" in history
