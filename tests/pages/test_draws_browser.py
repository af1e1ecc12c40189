"""Draws in a real Chromium: a try, and a treasure draw from the entry to the check; with and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mall import treasure
from mall.models import DrawPlay, Redemption, TreasureEntry
from members.models import Member
from tests.browser import DESK, FAINT, MARKS, PHONE, SMALL, TOO_WIDE, TOUCHED
from tests.pages.conftest import available, give, shelve
from tests.pages.test_draws import a_lottery, a_treasure, enter, play, won_gift

pytestmark = MARKS


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_from_the_mall_to_the_prize(open_page: Callable[..., Any], lin: Member, scripts: bool) -> None:
    give(lin, 100)
    cup = shelve("手作陶瓷茶杯", pieces=5, emblem="☕")
    a_lottery(name="会员日转盘", prize={"name": "手作陶瓷茶杯", "kind": "GIFT", "gift": cup, "stock": 2})
    page = open_page(lin, java_script_enabled=scripts)

    page.goto("/mall/")
    page.get_by_role("link", name="会员日转盘").click()
    page.get_by_role("link", name="会员日转盘").click()
    page.get_by_role("button", name="10 积分抽一次").click()
    page.get_by_role("heading", name="恭喜抽中：手作陶瓷茶杯").wait_for()
    page.get_by_role("link", name="领取奖品").click()
    page.get_by_label("街道、门牌、房号").fill("南京西路 1 号")
    page.get_by_label("省份").select_option("上海市")
    if not scripts:
        page.get_by_role("button", name="领取奖品").click()
    page.get_by_label("区县").select_option("静安区")
    page.get_by_role("button", name="领取奖品").click()
    page.get_by_text("领取成功").wait_for()

    assert Redemption.objects.get().points == 0
    assert available(lin) == 90


def test_a_double_click_is_one_try(open_page: Callable[..., Any], lin: Member) -> None:
    give(lin, 100)
    draw = a_lottery()
    page = open_page(lin)

    page.goto(f"/mall/draws/{draw.pk}/")
    page.get_by_role("button", name="10 积分抽一次").dblclick()
    page.get_by_role("heading", name="恭喜抽中").wait_for()

    assert DrawPlay.objects.count() == 1


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_from_the_entry_to_the_check(open_page: Callable[..., Any], lin: Member, wei: Member, scripts: bool) -> None:
    draw = a_treasure(name="台灯夺宝")
    give(lin, 100)
    give(wei, 100)
    enter(wei, draw, 8)
    page = open_page(lin, java_script_enabled=scripts)

    page.goto("/mall/draws/")
    page.get_by_role("link", name="台灯夺宝").click()
    page.get_by_label("参与份数", exact=True).fill("2")
    page.get_by_role("button", name="立即参与").click()
    page.get_by_text("您的号码是 9–10").wait_for()
    treasure.settle_due(at=timezone.now())
    page.reload()
    page.get_by_role("link", name="验证结果").click()
    page.get_by_text("刚刚重新计算").wait_for()

    draw.refresh_from_db()
    strangers = open_page(java_script_enabled=scripts)
    strangers.goto(page.url)
    assert strangers.get_by_text(draw.seed).first.is_visible()
    assert strangers.locator(".verdict", has_text="✓").count() == 3
    assert TreasureEntry.objects.count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_pages_of_draws_fit_and_can_be_read_and_touched(
    open_page: Callable[..., Any], lin: Member, wei: Member, viewport: dict[str, int], scheme: Any
) -> None:
    for member in (lin, wei):
        give(member, 500)
    won = won_gift(lin)
    wheel, chest = a_lottery(limit_per_day=9), a_treasure(name="一个名字很长很长的夺宝活动（含保温壶与四只随行杯）")
    thanks = play(lin, a_lottery(prize={"odds": "0.0001"}))
    enter(lin, chest, 3)
    drawn, thin = a_treasure(capacity=2, minimum=2), a_treasure()
    later = a_treasure(opens_at=timezone.now() + timedelta(days=2))
    for member in (lin, wei):
        enter(member, drawn)
    enter(lin, thin)
    treasure.call_off(treasure_id=thin.pk, reason="奖品破损", at=timezone.now(), actor_id=None)
    treasure.settle_due(at=timezone.now())
    page = open_page(lin, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    wrong = {}

    paths = [
        "/mall/draws/",
        "/mall/draws/mine/",
        f"/mall/draws/{wheel.pk}/",
        f"/mall/draws/tries/{won.play_id}/",
        f"/mall/draws/tries/{thanks.pk}/",
        f"/mall/draws/prizes/{won.pk}/",
        *(f"/mall/treasure/{one.pk}/" for one in (chest, drawn, thin, later)),
        *(f"/mall/treasure/{one.pk}/check/" for one in (chest, drawn)),
    ]
    for path in paths:
        page.goto(path)
        found = [page.evaluate(FAINT), page.evaluate(SMALL, TOUCHED), page.evaluate(TOO_WIDE) > 0]
        if any(found):
            wrong[path] = found

    assert wrong == {}


def test_joy_moves_nothing_sideways_and_who_wants_no_motion_sees_none(
    open_page: Callable[..., Any], lin: Member
) -> None:
    give(lin, 500)
    won, chest = won_gift(lin), a_treasure(capacity=2, minimum=2)
    enter(lin, chest, 2)
    treasure.settle_due(at=timezone.now())
    turning = "() => document.getAnimations().filter((one) => one.playState === 'running').length"

    for motion in ("no-preference", "reduce"):
        page = open_page(lin, viewport=PHONE, reduced_motion=motion)
        for path in (f"/mall/draws/tries/{won.play_id}/", f"/mall/treasure/{chest.pk}/"):
            page.goto(path)
            assert (page.evaluate(turning) > 0) is (motion == "no-preference"), path
            assert page.evaluate(TOO_WIDE) <= 0, path
