"""Draws in the back office: drafts are edited, published ones are looked at, and steps ask first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from mall import tasks
from mall.models import Draw, DrawPrize, TreasureDraw, TreasureSeed
from members.models import Member, User
from tests.admin.conftest import drawn, grow, shelve, signed_in, staff
from tests.admin.test_language import english

WINDOW = {"opens_at_0": "2026-06-01", "opens_at_1": "10:00", "closes_at_0": "2099-07-01", "closes_at_1": "10:00"}
LOTTERY = WINDOW | {"name": "Wheel", "price": "POINTS", "points": "10", "claim_days": "30", "position": "1"}
TREASURE = WINDOW | {
    "name": "Lamp",
    "prize_points": "40",
    "points": "5",
    "capacity": "10",
    "minimum": "10",
    "drawn_when": "FULL",
    "claim_days": "30",
    "position": "1",
}
MIRROR = {"name": "Mirror", "kind": "WORDS", "points": "0", "odds": "2.5", "stock": "3", "position": "1"}
THANKS = {"name": "Thanks", "kind": "WORDS", "points": "0", "odds": "0", "stock": "0", "position": "9"}


def prizes(*rows: dict[str, str]) -> dict[str, str]:
    form = {"prizes-TOTAL_FORMS": str(len(rows)), "prizes-INITIAL_FORMS": "0"}
    return form | {f"prizes-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}


def add(client: Client, *rows: dict[str, str], **fields: str) -> Any:
    return client.post("/admin/mall/draw/add/", LOTTERY | fields | prizes(*rows))


def said(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_lottery_from_the_draft_to_its_end(boss: Client) -> None:
    added = add(boss, MIRROR, THANKS | {"consolation": "on"})
    draw = Draw.objects.get()
    page = f"/admin/mall/draw/{draw.pk}"

    asked = boss.get(f"{page}/publish/")
    boss.post(f"{page}/publish/", {"confirmed": "yes"})
    looked = boss.get(f"{page}/change/")
    edited = boss.post(f"{page}/change/", LOTTERY | {"points": "1"} | prizes())
    boss.post(f"{page}/close/", {"confirmed": "yes"})

    draw.refresh_from_db()
    assert added.status_code == 302
    assert "Mirror: 2.5 %, 3 of them." in said(asked)
    assert "Everybody else gets the consolation: 97.5 %." in said(asked)
    assert 'name="points"' not in said(looked)
    assert "97.5 % (consolation)" in said(looked)
    assert "0 given, 3 left" in said(looked)
    assert edited.status_code == 403
    assert (draw.state, draw.points) == ("ENDED", 10)
    assert LogEntry.objects.filter(change_message__in=["Published.", "Ended."]).count() == 2


@pytest.mark.parametrize(
    ("rows", "fields", "sentence"),
    [
        ([MIRROR | {"odds": "60"}, MIRROR | {"odds": "41"}], {}, "The odds add up to 101 %"),
        ([THANKS | {"consolation": "on"}] * 2, {}, "There is one consolation"),
        ([MIRROR | {"odds": "0"}], {}, "Say the odds of this prize in percent."),
        ([MIRROR | {"stock": "0"}], {}, "Say how many of this prize there are."),
        ([MIRROR | {"kind": "POINTS"}], {}, "A prize of points has points"),
        ([MIRROR | {"kind": "GIFT"}], {}, "A prize that is a gift names the gift"),
        ([], {"points": "0"}, "Say how many points a try costs."),
        ([], {"price": "FREE", "points": "0"}, "need a limit, per day or ever"),
        ([], {"price": "CHANCE", "points": "0"}, "says for which draws the chances are"),
        ([], {"closes_at_0": "2026-05-01"}, "The end must come after the beginning."),
    ],
)
def test_a_wrong_lottery_is_refused_in_a_sentence(
    boss: Client, rows: list[dict[str, str]], fields: dict[str, str], sentence: str
) -> None:
    answer = add(boss, *rows, **fields)

    assert sentence in said(answer)
    assert not Draw.objects.exists()


def test_what_is_not_ready_is_not_published(boss: Client) -> None:
    add(boss, MIRROR)
    draw = Draw.objects.get()

    answer = boss.post(f"/admin/mall/draw/{draw.pk}/publish/", {"confirmed": "yes"}, follow=True)

    assert "Add the consolation" in said(answer)
    draw.refresh_from_db()
    assert draw.state == "DRAFT"


def test_a_treasure_draw_from_the_draft_to_being_called_off(boss: Client) -> None:
    boss.post("/admin/mall/treasuredraw/add/", TREASURE)
    draw = TreasureDraw.objects.get()
    page = f"/admin/mall/treasuredraw/{draw.pk}"

    asked = boss.get(f"{page}/publish/")
    boss.post(f"{page}/publish/", {"confirmed": "yes"})
    looked = boss.get(f"{page}/change/")
    edited = boss.post(f"{page}/change/", TREASURE | {"points": "1"})
    boss.post(f"{page}/call_off/", {"reason": "The lamp broke", "confirmed": "yes"})
    tasks.settle_draws()

    draw.refresh_from_db()
    assert "10 entries of 5 points" in said(asked)
    assert draw.commitment in said(looked)
    assert bytes(TreasureSeed.objects.get().seed).hex() not in said(looked)
    assert edited.status_code == 403
    assert (draw.state, draw.points, draw.called_off) == ("REFUNDED", 5, "The lamp broke")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"prize_points": "0"}, "The prize is a gift or points"),
        ({"minimum": "11"}, "No more entries can be needed than there are."),
        ({"limit_per_member": "11"}, "No member can have more entries than there are."),
        ({"closes_at_0": "2026-05-01"}, "The end must come after the beginning."),
        ({"capacity": "100001"}, "100000"),
    ],
)
def test_a_wrong_treasure_draw_is_refused_in_a_sentence(boss: Client, fields: dict[str, str], sentence: str) -> None:
    answer = boss.post("/admin/mall/treasuredraw/add/", TREASURE | fields)

    assert sentence in said(answer)
    assert not TreasureDraw.objects.exists()


def test_who_may_only_look_moves_nothing(looker: Client, boss: Client) -> None:
    add(boss, MIRROR, THANKS | {"consolation": "on"})
    draw = Draw.objects.get()

    answers = [
        looker.get(f"/admin/mall/draw/{draw.pk}/change/"),
        looker.post(f"/admin/mall/draw/{draw.pk}/publish/", {"confirmed": "yes"}),
        looker.post("/admin/mall/draw/add/", LOTTERY),
        looker.post(f"/admin/mall/draw/{draw.pk}/delete/", {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 403, 403, 403]
    assert Draw.objects.get().state == "DRAFT"


def test_who_may_change_lotteries_may_change_their_prizes(db: None) -> None:
    client = signed_in(staff("li", "add_draw", "change_draw", "view_draw"))

    add(client, MIRROR)

    assert DrawPrize.objects.get().name == "Mirror"


def test_a_published_draw_is_not_deleted(boss: Client, lin: Member, wang: User) -> None:
    grow(1, wang)

    pages = [f"/admin/mall/draw/{Draw.objects.get().pk}", f"/admin/mall/treasuredraw/{TreasureDraw.objects.get().pk}"]

    assert [boss.post(f"{page}/delete/", {"post": "yes"}).status_code for page in pages] == [403, 403]


def test_pages_of_a_draw_show_no_english_to_a_chinese_reader(wang: User) -> None:
    grow(1, wang)
    Member.objects.update(name="林")
    chinese = Client(headers={"accept-language": "zh-CN"})
    chinese.force_login(wang)
    at = timezone.now() - timedelta(days=1)
    draft = Draw.objects.create(name="草稿", points=1, opens_at=at)
    DrawPrize.objects.create(draw=draft, name="奖品", kind="WORDS", odds=1, stock=1)
    lot, chest = Draw.objects.exclude(pk=draft.pk).get(), TreasureDraw.objects.get()
    drawn(Member.objects.all()[0], shelve("伞"))

    paths = [
        f"draw/{draft.pk}/change/",
        f"draw/{draft.pk}/publish/",
        f"draw/{lot.pk}/change/",
        f"draw/{lot.pk}/close/",
        f"treasuredraw/{chest.pk}/change/",
        f"treasuredraw/{chest.pk}/call_off/",
    ]
    found = {path: english(chinese.get(f"/admin/mall/{path}").content.decode()) for path in paths}

    assert {path: words for path, words in found.items() if words} == {}
