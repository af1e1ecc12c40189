"""The pages in a real Chromium: with and without JavaScript, on a phone and a desk, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from loyalty.models import EarningRule
from members.models import Member
from tests.browser import MARKS
from tests.pages.conftest import available, give, shelve, shop, sold
from tests.pages.outbox import last_code

pytestmark = MARKS


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_from_the_phone_number_to_the_gift(open_page: Callable[..., Any], lin: Member, scripts: bool) -> None:
    give(lin, 500, expires_at=timezone.now() + timedelta(days=300))
    shelve("手作陶瓷茶杯", points=180, emblem="☕")
    page = open_page(java_script_enabled=scripts)

    page.goto("/")
    page.get_by_label("手机号").fill("138 0000 0001")
    page.get_by_role("button", name="获取验证码").click()
    page.get_by_label("验证码").fill(last_code())
    page.get_by_role("button", name="登录").click()
    page.get_by_text("可用积分").wait_for()
    page.get_by_role("link", name="去兑换").click()
    page.get_by_role("link", name="手作陶瓷茶杯").click()
    page.get_by_role("link", name="兑换", exact=True).click()
    page.get_by_label("数量").fill("2")
    page.get_by_label("街道、门牌、房号").fill("南京西路 1 号")
    page.get_by_label("省份").select_option("上海市")
    if not scripts:
        page.get_by_role("button", name="下一步").click()
    page.get_by_label("区县").select_option("静安区")
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("button", name="360 积分兑换").click()
    page.get_by_text("兑换成功").wait_for()
    page.get_by_role("link", name="查看进度").click()
    page.get_by_role("link", name="取消兑换").click()
    page.get_by_role("button", name="确认取消").click()
    page.get_by_text("积分已退回").first.wait_for()

    assert available(lin) == 500


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_from_the_parcel_card_to_the_points(open_page: Callable[..., Any], lin: Member, scripts: bool) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    sold(shop("天猫旗舰店"), "4133000000000000001")
    page = open_page(lin, java_script_enabled=scripts)

    page.goto("/claims/?n=4133000000000000001&channel=tmall")
    page.get_by_role("button", name="领取积分").click()
    page.get_by_text("获得 128 积分").first.wait_for()
    page.get_by_label("订单号").fill("4133000000000000002")
    page.get_by_label("店铺").select_option("天猫旗舰店")
    page.get_by_role("button", name="领取积分").click()
    page.get_by_text("暂时没有查到这个订单").first.wait_for()

    assert page.locator(".entry").count() == 2


def test_older_entries_come_in_place(open_page: Callable[..., Any], lin: Member) -> None:
    for number in range(25):
        give(lin, number + 1)
    page = open_page(lin)
    page.goto("/history/")

    page.get_by_role("link", name="查看更早的").click()
    page.locator(".entry").nth(24).wait_for()

    assert page.url.endswith("/history/")
    assert page.locator(".entry").count() == 25
    assert page.get_by_role("link", name="查看更早的").count() == 0


def test_the_language_changes_with_one_touch(open_page: Callable[..., Any], lin: Member) -> None:
    page = open_page(lin, java_script_enabled=False)
    page.goto("/mall/?show=open")

    page.get_by_role("button", name="English").click()

    assert page.get_by_role("heading", name="Mall").is_visible()
    assert page.url.endswith("/mall/?show=open")
