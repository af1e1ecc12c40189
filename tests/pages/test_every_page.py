"""Every page of a member in a real Chromium: it fits, can be read and touched, and axe finds nothing serious."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.urls import reverse
from django.utils import timezone

from config import urls
from mall import addresses, coupons, favourites, paying
from mall.models import Banner, Category, CouponType, Gift, Notice, Section
from mall.payment import provider
from members.models import Member, Tier
from orders import claims
from orders.models import Channel
from tests.browser import DESK, FAINT, MARKS, PHONE, SMALL, TOO_WIDE, TOUCHED
from tests.pages.conftest import give, redeemed, shelve, shop, sold
from tests.pages.test_draws import a_lottery, a_treasure, enter, play, won_gift
from tests.pages.test_pictures import hang

# Addresses that show no page of their own: parts of one, and buttons.
NO_PAGES = {"regions", "favourite", "remove_address", "receive_redemption", "reveal_codes", "storefront_preview"}
NO_PAGES |= {"pay_notified", "treasure_entries"}
AXE = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
SERIOUS = ("serious", "critical")

pytestmark = MARKS


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.DEBUG = True  # the sandbox is for development


@pytest.fixture
def pages(mei: Member, tiers: dict[str, Tier], media: None) -> list[str]:
    """Every page of a member, with something of everything on it."""
    give(mei, 900, growth=900, expires_at=timezone.now() + timedelta(days=9))
    give(mei, 50, available_at=timezone.now() + timedelta(days=9))
    channel = shop("天猫旗舰店", claim_proof="amount")
    _claim(mei, channel)
    cup, soon = _mall(tiers)
    favourites.add(member_id=mei.pk, gift_id=cup.pk, ready=False, at=timezone.now())
    home = addresses.save(member_id=mei.pk, given=addresses.Given("林", "13800000001", "330106", "文三路 1 号"))
    own, medal = redeemed(mei, cup), shelve("周年勋章", kind="MEDAL", points=1, limit_per_member=1, emblem="🏅")
    redeemed(mei, medal)
    known: dict[str, list[Any]] = {
        "gift": [{"gift_id": cup.pk}, {"gift_id": soon.pk}],
        "redeem": [{"gift_id": cup.pk}],
        "address": [{"address_id": home.pk}],
        "coupon": [{"coupon_id": one} for one in _coupons(mei)],
        **{name: [{"redemption_id": own.pk}] for name in ("redemption", "redeemed", "cancel_redemption")},
        **_draws(mei),
        **_unpaid(mei),
    }
    names = {one.name for one in (*urls.pages, *urls.public) if one.name} - NO_PAGES
    found = [reverse(name, kwargs=which) for name in sorted(names) for which in known.get(name, [{}])]
    return [
        *found,
        "/coupons/?show=used",
        "/coupons/?show=gone",
        "/mall/?q=没有",
        "/claims/?n=4133000000000000001",
        "/sign-out/",
    ]


def _claim(member: Member, channel: Channel) -> None:
    """Claim an order that is free, one that is to be looked at and one that waits."""
    sold(channel, "4133000000000000001")
    sold(channel, "4133000000000000002", gross=5000)
    for proof, number in (("128", 1), ("5000", 2), ("1", 3)):
        numbers = [f"413300000000000000{number}"]
        claims.claim(member_id=member.pk, numbers=numbers, channel_code=channel.code, proof=proof, at=timezone.now())


def _mall(tiers: dict[str, Tier]) -> tuple[Gift, Gift]:
    """A dressed mall; return a gift that can be had and one that is not yet open."""
    shelf = Category.objects.create(name="生活家居")
    text = "双层玻璃。\n\n## 规格\n\n| 容量 | 400ml |\n| --- | --- |\n| 重量 | 300g |\n\n- 不可微波\n\n> 小心烫口"
    name = "一个名字很长很长的礼品（含保温壶与四只随行杯）"
    cup = shelve(name, points=180, category=shelf, market_price=199, description=text, featured=True, pieces=9)
    for place in range(2):
        hung = hang(cup, alt="玻璃杯", position=place)
    shelve("dear", points=5000, minimum_tier=tiers["VIP"], emblem="🧺")
    shelve("gone", pieces=0, category=shelf)
    soon = shelve("soon", opens_at=timezone.now() + timedelta(days=9), featured=True)
    for title in ("秋日上新", ""):
        Banner.objects.create(title=title, alt="绿叶", category=shelf, key=hung.key, width=700, height=500)
    Notice.objects.create(words="周三是会员日", page="/how-it-works/")
    Notice.objects.create(words="本周六停止发货")
    for kind in (Section.Kind.FEATURED, Section.Kind.AFFORDABLE, Section.Kind.NEWEST):
        Section.objects.create(kind=kind)
    return cup, soon


def _draws(member: Member) -> dict[str, list[dict[str, int]]]:
    draw, lamp = a_lottery(), a_treasure(minimum=1)
    enter(member, lamp)
    return {
        "lottery": [{"draw_id": draw.pk}],
        "lottery_result": [{"play_id": play(member, draw).pk}],
        "prize": [{"won_id": won_gift(member).pk}],
        **{name: [{"treasure_id": lamp.pk}] for name in ("treasure", "treasure_check")},
    }


def _coupons(member: Member) -> list[int]:
    """Three coupons, one of them used; a gift of the kind."""
    worth: list[dict[str, Any]] = [
        {"value": 30, "minimum_spend": 200, "terms": "全店通用\n不与其他优惠同享", "valid_days": 9},
        {"kind": "PERCENT", "value": 15, "most_off": 80},
        {"kind": "SHIPPING", "minimum_spend": 99},
    ]
    kinds = [
        CouponType.objects.create(name=f"一个名字不算太短的优惠券 {number}", **one) for number, one in enumerate(worth)
    ]
    mine = redeemed(member, shelve("券", kind="COUPON", points=1, stock_counted=False, coupon_type=kinds[0], pieces=0))
    given = [
        coupons.issue(type_id=one.pk, member_id=member.pk, at=timezone.now(), actor_id=None, key="k", note="生日快乐")
        for one in kinds
    ]
    order = coupons.Order("HB2026041200000000007", Decimal(268))
    coupons.use(code=given[1].code, order=order, request_key="k", at=timezone.now(), through="杭州 · 湖滨店")
    return [given[0].pk, given[1].pk, mine.coupons.get().pk]


def _unpaid(member: Member) -> dict[str, list[Any]]:
    """Redeem something for points and yuan, and begin to pay."""
    made = redeemed(member, shelve("马克杯", cash=Decimal("9.90")))
    way, at = provider("sandbox"), timezone.now()
    payment = paying.begin(redemption_id=made.pk, member_id=member.pk, provider=way, at=at)
    return {"pay_redemption": [{"redemption_id": made.pk}], "sandbox": [{"number": payment.number}]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_fits_can_be_read_and_touched_and_axe_finds_nothing_serious(
    open_page: Callable[..., Any], mei: Member, pages: list[str], viewport: dict[str, int], scheme: Any
) -> None:
    page = open_page(mei, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    stranger = open_page(viewport=viewport, color_scheme=scheme)
    wrong = {}

    for sheet, path in [(stranger, "/sign-in/"), *((page, path) for path in pages)]:
        sheet.goto(path)
        found = [sheet.evaluate(FAINT), sheet.evaluate(SMALL, TOUCHED), sheet.evaluate(TOO_WIDE) > 0]
        found += [serious(sheet)] if viewport is PHONE else []  # a desk shows the same elements
        if any(found):
            wrong[path] = found

    assert wrong == {}


def serious(sheet: Any) -> list[str]:
    """Return what axe-core finds on a page that keeps somebody out."""
    sheet.evaluate(AXE_SCRIPT)
    result = sheet.evaluate("(options) => axe.run(document, options)", AXE)
    return [
        f"{one['id']}: {node['target']} {node['html'][:120]}"
        for one in result["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


def test_axe_sees_what_keeps_somebody_out(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.set_content("<html lang=en><title>x</title><main><img src='data:,'><p style='color:#ccc'>faint</p></main>")

    assert {found.partition(":")[0] for found in serious(page)} == {"image-alt", "color-contrast"}
