"""The pages in a real Chromium: with and without JavaScript, on a phone and a desk, in the light and in the dark."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from loyalty.models import EarningRule
from members.models import Member, Tier
from orders import claims
from orders.models import Channel
from tests.pages.conftest import available, give, redeemed, shelve, shop, sold
from tests.pages.outbox import last_code

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 375, "height": 780}
DESK = {"width": 1280, "height": 900}

# Text whose colour is too close to what lies behind it (WCAG AA). Gradients hide what lies behind: their darkest and
# lightest colours stand in a token, and are looked at by eye.
FAINT = """() => {
  const parse = (c) => { const n = c.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const style = getComputedStyle(e), colour = parse(style.backgroundColor);
      if (style.backgroundImage !== "none") return null;
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!text || !e.checkVisibility() || e.closest(".skip, [aria-hidden]")) continue;
    const style = getComputedStyle(e), under = behind(e);
    if (!under) continue;
    const [a, b] = [light(parse(style.color)), light(under)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`${e.tagName} ${e.textContent.trim()} ${ratio.toFixed(2)}`);
  }
  return found;
}"""
TOUCHED = "button, .button, .tabs a, .filters a, .foot a, input:not([type=hidden]), select, textarea"
SMALL = """(touched) => [...document.querySelectorAll(touched)]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44)
  .map((e) => `${e.textContent.trim() || e.name} ${e.getBoundingClientRect().height}`)"""
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="No Chromium on this machine: apt-get install chromium"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright's loop runs in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(chromium: Any, live_server: Any) -> Iterator[Callable[..., Any]]:
    """Return `open(member, **options)`: a page with the member signed in; the console must stay silent."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_(member: Member | None = None, *, viewport: dict[str, int] = PHONE, **options: Any) -> Any:
        context = chromium.new_context(base_url=live_server.url, viewport=viewport, locale="zh-CN", **options)
        contexts.append(context)
        if member is not None:
            context.add_cookies([{"name": "sessionid", "value": session_of(member), "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def session_of(member: Member) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from members.models import User

    if member.user is None:
        member.user = User.objects.create(username=f"member-of-{member.pk}")
        member.save()
    session = SessionStore()
    session[SESSION_KEY] = str(member.user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = member.user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


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


def enter(member: Member, channel: Channel) -> None:
    """Claim an order that is free, one that is to be looked at and one that waits."""
    sold(channel, "4133000000000000001")
    sold(channel, "4133000000000000002", gross=5000)
    for proof, number in (("128", 1), ("5000", 2), ("1", 3)):
        claims.claim(
            member_id=member.pk,
            numbers=[f"413300000000000000{number}"],
            channel_code=channel.code,
            proof=proof,
            at=timezone.now(),
        )


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_everything_fits_and_can_be_read_and_touched(
    open_page: Callable[..., Any], mei: Member, tiers: dict[str, Tier], viewport: dict[str, int], scheme: Any
) -> None:
    give(mei, 900, growth=900, expires_at=timezone.now() + timedelta(days=9))
    give(mei, 50, available_at=timezone.now() + timedelta(days=9))
    cup = shelve("一个名字很长很长的礼品（含保温壶与四只随行杯）", points=180, emblem="🧺")
    shelve("dear", points=5000, minimum_tier=tiers["VIP"])
    shelve("soon", opens_at=timezone.now() + timedelta(days=9))
    own = redeemed(mei, cup)
    enter(mei, shop("天猫旗舰店", claim_proof="amount"))
    mine = [
        "/",
        "/history/",
        "/mall/",
        "/redemptions/",
        "/how-it-works/",
        "/claims/?n=4133000000000000001",
        f"/mall/{cup.pk}/",
        f"/mall/{cup.pk}/redeem/",
    ]
    mine += [f"/redemptions/{own.pk}/", f"/redemptions/{own.pk}/done/", f"/redemptions/{own.pk}/cancel/", "/sign-out/"]
    page = open_page(mei, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    strangers = open_page(viewport=viewport, color_scheme=scheme)
    wrong = {}

    for sheet, path in [(strangers, "/sign-in/"), *((page, path) for path in mine)]:
        sheet.goto(path)
        found = [sheet.evaluate(FAINT), sheet.evaluate(SMALL, TOUCHED), sheet.evaluate(TOO_WIDE) > 0]
        if any(found):
            wrong[path] = found

    assert wrong == {}
