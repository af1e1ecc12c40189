"""The member's coupons on his pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from mall import coupons
from mall.coupons import Order
from mall.models import Coupon, CouponType
from members.models import Member
from tests.mall.kinds import coupon_type
from tests.pages.conftest import available, give, shelve
from tests.pages.test_kinds import click

Browse = Callable[[Member], Client]
DAY = timedelta(days=1)


def held(member: Member, days_ago: int = 0, of: CouponType | None = None, **fields: Any) -> Coupon:
    kind = of or coupon_type(**fields)
    at = timezone.now() - days_ago * DAY
    return coupons.issue(type_id=kind.pk, member_id=member.pk, at=at, actor_id=None, key=uuid4().hex)


def use(coupon: Coupon, reference: str = "T-1") -> None:
    order = Order(reference, Decimal(250))
    coupons.use(code=coupon.code, order=order, request_key=uuid4().hex, at=timezone.now(), through="West Lake")


def test_each_coupon_stands_where_it_belongs(browse: Browse, lin: Member) -> None:
    held(lin, name="open one")
    held(lin, name="early one", valid_from=timezone.now() + DAY)
    use(held(lin, name="used one"))
    held(lin, name="late one", days_ago=9, valid_days=2)
    coupons.void(coupon_id=held(lin, name="void one").pk, at=timezone.now())
    client = browse(lin)

    pages = {show: client.get("/coupons/", {"show": show}).content.decode() for show in ("", "used", "gone", "x")}

    shown = {
        show: {w for w in ("open", "early", "used", "late", "void") if f"{w} one" in page}
        for show, page in pages.items()
    }
    assert shown == {"": {"open", "early"}, "used": {"used"}, "gone": {"late", "void"}, "x": {"open", "early"}}


def test_a_coupon_shows_its_code_large_and_its_terms(browse: Browse, lin: Member) -> None:
    mine = held(lin, terms="not for gift cards")
    client = browse(lin)

    page = client.get(f"/coupons/{mine.pk}/").content.decode()
    use(mine)
    after = client.get(f"/coupons/{mine.pk}/").content.decode()

    assert mine.shown_code in page
    assert 'class="qr"' in page
    assert "not for gift cards" in page
    assert "¥20 off" in page
    assert mine.shown_code not in after
    assert "West Lake" in after
    assert "T-1" in after


def test_anothers_coupons_are_not_found(browse: Browse, lin: Member, wei: Member) -> None:
    his = held(wei, name="of Wei")
    client = browse(lin)

    assert client.get(f"/coupons/{his.pk}/").status_code == 404
    assert client.get(f"/coupons/{his.pk + 99}/").status_code == 404
    assert "of Wei" not in client.get("/coupons/").content.decode()
    assert Client().get(f"/coupons/{his.pk}/").status_code == 302


def test_without_coupons_the_page_says_what_to_do(browse: Browse, lin: Member) -> None:
    client = browse(lin)

    texts = [client.get("/coupons/", {"show": show}).content.decode() for show in ("", "used", "gone")]

    assert "No coupons at the moment" in texts[0]
    assert "You have not used a coupon yet" in texts[1]
    assert "None of your coupons has expired" in texts[2]
    assert 'href="/coupons/"' not in client.get("/").content.decode()


def test_the_first_page_leads_to_them(browse: Browse, lin: Member) -> None:
    kind = coupon_type()
    for _turn in range(2):
        held(lin, of=kind)
    use(held(lin, of=kind))

    page = browse(lin).get("/").content.decode()

    assert "2 coupons are waiting for your next order." in page


def test_points_become_a_coupon_by_the_pages_and_go_back(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    gift = shelve("Coupon", pieces=0, kind="COUPON", coupon_type=coupon_type(), stock_counted=False)
    client = browse(lin)

    done = click(client, gift)
    mine = Coupon.objects.get()
    own = f"/redemptions/{mine.redemption_id}/"
    seen = client.get(own).content.decode()
    client.post(f"{own}cancel/")

    assert "It is in My coupons" in done.content.decode()
    assert f'href="/coupons/{mine.pk}/"' in seen
    assert available(lin) == 300
    assert "20 off 100" in client.get("/coupons/?show=gone").content.decode()


def test_many_coupons_come_a_page_at_a_time(
    browse: Browse, lin: Member, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    kind, client = coupon_type(), browse(lin)
    first = held(lin, of=kind)
    client.get("/history/")
    with django_assert_max_num_queries(10) as few:
        client.get("/coupons/")
    for _turn in range(30):
        held(lin, of=kind)

    with django_assert_num_queries(len(few)):
        page = client.get("/coupons/").content.decode()
    second = client.get("/coupons/?page=2").content.decode()

    assert (page.count('class="coupon card'), second.count('class="coupon card')) == (30, 1)
    assert f"/coupons/{first.pk}/" in page
    for odd in ("0", "-1", "x", "99999", "１"):
        assert client.get("/coupons/", {"page": odd}).status_code == 200


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "减 ¥20|满 ¥100 可用"),
        ({"kind": "PERCENT", "value": 15, "minimum_spend": 0, "most_off": 50}, "8.5 折|无门槛 · 最高减 ¥50"),
        ({"kind": "SHIPPING", "value": 0, "minimum_spend": Decimal("9.90")}, "包邮|满 ¥9.9 可用"),
    ],
)
def test_coupons_speak_chinese(browse: Browse, lin: Member, fields: dict[str, Any], words: str) -> None:
    held(lin, **fields)
    browse(lin)
    client = Client(headers={"accept-language": "zh-CN"})
    client.force_login(lin.user, backend="django.contrib.auth.backends.ModelBackend")

    page = client.get("/coupons/").content.decode()

    assert all(word in page for word in words.split("|"))
    assert "我的优惠券" in page
