"""The storefront: what staff put there, what members look for, and the brand's colours."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from mall import colours
from mall.models import Banner, Category, Gift, GiftDay, Look, Notice, Section, SectionPick
from members.models import Member, Tier, User
from tests.pages.conftest import give, shelve
from tests.pages.test_all_pages import MOST_QUERIES
from tests.pages.test_pictures import file, hang

Browse = Callable[[Member], Client]


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def names(response: Any) -> list[str]:
    return [offer.gift.name for offer in response.context["offers"]]


def rows(response: Any) -> dict[str, list[str]]:
    front = response.context["front"]
    return {str(row.section): [offer.gift.name for offer in row.offers] for row in front.rows}


def test_sections_show_what_their_kind_says(browse: Browse, lin: Member) -> None:
    give(lin, 100)
    tea = Category.objects.create(name="Tea")
    dear = shelve("dear", points=900, featured=True)
    cup = shelve("cup", points=50, category=tea)
    shelve("hidden", active=False, featured=True, category=tea)
    shelve("gone", points=10, pieces=0, category=tea)
    kinds = [Section.Kind.FEATURED, Section.Kind.AFFORDABLE, Section.Kind.NEWEST]
    for place, kind in enumerate(kinds):
        Section.objects.create(kind=kind, position=place, most=2)
    Section.objects.create(kind=Section.Kind.CATEGORY, category=tea, position=5)
    picked = Section.objects.create(kind=Section.Kind.PICKED, title="Ours", position=6)
    for place, gift in enumerate([cup, dear]):
        SectionPick.objects.create(section=picked, gift=gift, position=place)
    Section.objects.create(kind=Section.Kind.PICKED, title="Empty", position=7)

    shown = rows(browse(lin).get("/mall/"))

    assert shown == {
        "Selection": ["dear"],
        "What I can redeem": ["cup"],
        "New gifts": ["gone", "cup"],
        "Tea": ["cup", "gone"],
        "Ours": ["cup", "dear"],
    }


def test_what_is_off_or_not_yet_or_over_is_not_shown(browse: Browse, lin: Member) -> None:
    now = timezone.now()
    shelve(featured=True)
    hours = timedelta(hours=1)
    Notice.objects.create(words="now", opens_at=now - hours, closes_at=now + hours)
    Notice.objects.create(words="off", active=False)
    Notice.objects.create(words="not yet", opens_at=now + hours)
    Notice.objects.create(words="over", closes_at=now)

    front = browse(lin).get("/mall/").context["front"]

    assert [notice.words for notice in front.notices] == ["now"]


def test_a_banner_leads_where_staff_said(browse: Browse, lin: Member) -> None:
    cup, tea = shelve(), Category.objects.create(name="Tea")
    hung = hang(cup)
    same = {"key": hung.key, "width": hung.width, "height": hung.height}
    Banner.objects.create(title="A", gift=cup, **same)
    Banner.objects.create(title="B", category=tea, **same)
    Banner.objects.create(title="C", page="/how-it-works/", **same)
    Banner.objects.create(title="D", **same)

    response = browse(lin).get("/mall/")

    assert [banner.leads_to for banner in response.context["front"].banners] == [
        f"/mall/{cup.pk}/",
        f"/mall/?category={tea.pk}",
        "/how-it-works/",
        "",
    ]
    assert f'href="/mall/?category={tea.pk}"' in response.content.decode()


@pytest.mark.parametrize(
    "page", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "x"]
)
def test_a_banner_leads_to_no_other_site(boss: Client, page: str) -> None:
    form = {"title": "A", "page": page, "active": "on", "position": "1", "upload": file()}

    response = boss.post("/admin/mall/banner/add/", form)

    assert "Begin with a single slash" in response.content.decode()
    assert not Banner.objects.exists()


def test_staff_add_a_banner_and_it_leads_to_one_place(boss: Client) -> None:
    cup = shelve()
    form = {"title": "A", "page": "/history/", "active": "on", "position": "1", "upload": file()}

    twice = boss.post("/admin/mall/banner/add/", form | {"gift": cup.pk, "upload": file()})
    once = boss.post("/admin/mall/banner/add/", form)

    assert "leads to one place" in twice.content.decode()
    assert once.status_code == 302
    assert Banner.objects.get().leads_to == "/history/"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["陶瓷茶杯", "玻璃茶壶", "旅行袋"]),
        ({"q": "茶"}, ["陶瓷茶杯", "玻璃茶壶"]),
        ({"q": " 茶  玻璃 "}, ["玻璃茶壶"]),
        ({"q": "拉链"}, ["旅行袋"]),
        ({"q": "%"}, []),
        ({"q": "\0茶杯"}, ["陶瓷茶杯"]),
        ({"q": "没有"}, []),
        ({"sort": "points"}, ["旅行袋", "陶瓷茶杯", "玻璃茶壶"]),
        ({"sort": "new"}, ["旅行袋", "玻璃茶壶", "陶瓷茶杯"]),
        ({"sort": "popular"}, ["玻璃茶壶", "陶瓷茶杯", "旅行袋"]),
        ({"sort": "id; drop table"}, ["陶瓷茶杯", "玻璃茶壶", "旅行袋"]),
        ({"show": "open"}, ["陶瓷茶杯", "旅行袋"]),
        ({"category": "9" * 30}, ["陶瓷茶杯", "玻璃茶壶", "旅行袋"]),
        ({"category": "²"}, ["陶瓷茶杯", "玻璃茶壶", "旅行袋"]),
        ({"category": "0"}, []),
        ({"page": "-1"}, ["陶瓷茶杯", "玻璃茶壶", "旅行袋"]),
        ({"page": "9999"}, []),
    ],
)
def test_gifts_are_found_by_words_shelf_and_order(
    browse: Browse, lin: Member, asked: dict[str, str], found: list[str]
) -> None:
    give(lin, 100)
    shelve("陶瓷茶杯", points=80)
    pot = shelve("玻璃茶壶", points=200)
    shelve("旅行袋", points=10, description="内有**拉链**袋")
    GiftDay.objects.create(gift=pot, day=timezone.now().date(), redemptions=3)

    assert names(browse(lin).get("/mall/", asked)) == found


def test_a_category_shows_its_gifts_alone(browse: Browse, lin: Member) -> None:
    tea = Category.objects.create(name="Tea")
    shelve("cup", category=tea)
    shelve("bag")

    response = browse(lin).get("/mall/", {"category": tea.pk})

    assert names(response) == ["cup"]
    assert response.context["front"] is None


def test_many_gifts_come_a_page_at_a_time_and_in_place(browse: Browse, lin: Member) -> None:
    for number in range(30):
        shelve(f"gift {number:02}", pieces=0)
    client = browse(lin)

    first = client.get("/mall/")
    part = client.get("/mall/", {"page": 2}, headers={"hx-request": "true"})

    assert len(names(first)) == 24
    assert names(part) == [f"gift {number}" for number in range(24, 30)]
    assert first.context["more"].endswith("&page=2")
    assert "<html" not in part.content.decode()
    assert part.context["more"] == ""


def test_the_mall_costs_the_same_for_one_gift_and_for_fifty(
    browse: Browse, mei: Member, tiers: dict[str, Tier], django_assert_num_queries: Any
) -> None:
    give(mei, 1000)
    client, tea = browse(mei), Category.objects.create(name="Tea")
    cup = shelve(
        "gift", category=tea, featured=True, minimum_tier=tiers["高级"], closes_at=timezone.now() + timedelta(days=3)
    )
    hung = hang(cup)
    picked = Section.objects.create(kind=Section.Kind.PICKED, title="Ours")
    SectionPick.objects.create(section=picked, gift=cup)
    Section.objects.create(kind=Section.Kind.CATEGORY, category=tea)
    Section.objects.create(kind=Section.Kind.FEATURED)
    Banner.objects.create(title="A", gift=cup, key=hung.key, width=640, height=400)
    client.get("/")  # who has just arrived is looked for in waiting orders once
    paths = ["/mall/", "/mall/?sort=popular", "/mall/?q=gift", "/mall/?show=open", f"/mall/?category={tea.pk}", "/"]
    few = {}
    for path in paths:
        with CaptureQueriesContext(connection) as asked:
            client.get(path)
        few[path] = len(asked)

    for number in range(49):
        more = shelve(f"gift {number}", category=tea, featured=True, minimum_tier=tiers["高级"])
        hang(more)
        SectionPick.objects.create(section=picked, gift=more)
        Banner.objects.create(title="A", gift=more, key=hung.key, width=640, height=400)
        Section.objects.create(kind=Section.Kind.CATEGORY, category=tea)

    for path in paths:
        with django_assert_num_queries(few[path], info=path):
            assert client.get(path).status_code == 200
    assert max(few.values()) <= MOST_QUERIES, few


@pytest.fixture
def boss(django_user_model: Any) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(django_user_model.objects.create_superuser("wang", password="a long word"))
    return client


def test_staff_look_at_the_storefront_of_another_day(boss: Client, tiers: dict[str, Tier]) -> None:
    later = timezone.now() + timedelta(days=30)
    shelve("now", points=90, featured=True)
    shelve("soon", points=200, opens_at=later)
    Notice.objects.create(words="draft", active=False)
    Section.objects.create(kind=Section.Kind.AFFORDABLE)

    today = boss.get("/mall/preview/", {"points": 100})
    then = boss.get(
        "/mall/preview/", {"points": 500, "at": f"{later + timedelta(days=1):%Y-%m-%dT%H:%M}", "drafts": "on"}
    )

    assert rows(today) == {"What I can redeem": ["now"]}
    assert today.context["front"].notices == []
    assert rows(then) == {"What I can redeem": ["now", "soon"]}
    assert [notice.words for notice in then.context["front"].notices] == ["draft"]
    assert "unsafe" not in then.headers["content-security-policy"]


def test_the_preview_is_for_staff(browse: Browse, lin: Member, visitor: Client) -> None:
    clerk = User.objects.create_user("clerk", password="a long word", is_staff=True)
    without = Client()
    without.force_login(clerk)

    assert browse(lin).get("/mall/preview/").status_code == 403
    assert without.get("/mall/preview/").status_code == 403
    assert visitor.get("/mall/preview/").status_code == 302


def tokens(sheet: str) -> list[str]:
    return re.findall(r"--[\w-]+: (#[0-9a-f]{6});", sheet)


@settings(max_examples=300)
@given(st.integers(0, 0xFFFFFF))
def test_every_colour_of_a_brand_can_be_read_in_the_light_and_in_the_dark(number: int) -> None:
    palette = colours.Palette.of(f"#{number:06x}")

    assert colours.least_contrast(palette.light, colours.LIGHT_GROUNDS) >= 4.5
    assert colours.least_contrast(palette.dark, colours.DARK_GROUNDS) >= 4.5


def test_our_own_colour_is_the_one_of_the_sheet() -> None:
    sheet = (Path(__file__).parents[2] / "static" / "css" / "jifen.css").read_text("utf-8")
    found = {
        name: re.findall(rf"--{name}: (#[0-9a-f]{{6}});", sheet) for name in ("accent", "accent-ink", "accent-soft")
    }

    assert list(zip(*found.values(), strict=True)) == [tuple(colours.OURS.light), tuple(colours.OURS.dark)]
    assert colours.least_contrast(colours.OURS.light, colours.LIGHT_GROUNDS) >= 4.5
    assert colours.least_contrast(colours.OURS.dark, colours.DARK_GROUNDS) >= 4.5


def test_contrast_is_what_wcag_says() -> None:
    assert round(colours.contrast("#000000", "#ffffff"), 2) == 21
    assert round(colours.contrast("#777777", "#ffffff"), 2) == 4.48
    assert colours.contrast("#123456", "#123456") == 1


def test_the_brands_colour_reaches_every_page_by_a_sheet(boss: Client, visitor: Client) -> None:
    before = visitor.get("/brand.css")

    boss.post("/admin/mall/look/1/change/", {"accent": "#FF2442"})
    after = visitor.get("/brand.css")
    again = visitor.get("/brand.css", headers={"if-none-match": after.headers["etag"]})

    assert "--accent: #0d6b5b" in before.content.decode()
    assert after.headers["content-type"] == "text/css; charset=utf-8"
    assert len(tokens(after.content.decode())) == 6
    assert before.headers["etag"] != after.headers["etag"]
    assert again.status_code == 304
    assert "/brand.css" in visitor.get("/sign-in/").content.decode()


@pytest.mark.parametrize("accent", ["red", "#ff", "#gg0000", "#ff0000;}body{display:none", ""])
def test_what_is_no_colour_is_refused(boss: Client, accent: str) -> None:
    response = boss.post("/admin/mall/look/1/change/", {"accent": accent})

    assert response.status_code == 200
    assert not Look.objects.exists()


def test_the_logo_is_the_brands_or_ours(boss: Client, visitor: Client) -> None:
    ours = visitor.get("/brand-logo").headers["location"]

    boss.post("/admin/mall/look/1/change/", {"accent": "#0d6b5b", "upload": file((300, 150))})
    theirs = visitor.get("/brand-logo").headers["location"]
    boss.post("/admin/mall/look/1/change/", {"accent": "#0d6b5b", "remove": "on"})

    assert ours.endswith("jifen.svg")
    assert visitor.get(theirs).headers["content-type"] == "image/webp"
    assert visitor.get("/brand-logo").headers["location"] == ours


def test_gifts_lose_their_category_and_stay(boss: Client) -> None:
    tea = Category.objects.create(name="Tea")
    cup = shelve(category=tea)

    tea.delete()

    assert Gift.objects.get(pk=cup.pk).category is None
