"""A phone reads a member's picture at the counter, in a real Chromium: the code reaches the field and no log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from mall import coupons
from members.models import Member, User
from tests.browser import MARKS, PHONE
from tests.mall.kinds import coupon_type

TILL = "/admin/mall/coupon/counter/"

pytestmark = MARKS


def test_a_scanned_coupon_is_in_the_field_after_signing_in_and_in_no_request(
    open_page: Callable[..., Any], lin: Member
) -> None:
    User.objects.create_superuser("merchant", password="a word of his")
    kind = coupon_type()
    mine = coupons.issue(type_id=kind.pk, member_id=lin.pk, at=timezone.now(), actor_id=None, key="k")
    page = open_page(viewport=PHONE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer', '')}"))

    page.goto(f"{TILL}#{mine.shown_code}")
    page.fill("[name=username]", "merchant")
    page.fill("[name=password]", "a word of his")
    page.click("button[type=submit]")
    page.locator(f"[name=code][value='{mine.shown_code}']").wait_for()

    assert page.url.endswith(TILL)
    sent = [one for one in asked if "#" not in one]
    assert len(sent) > 2
    assert not any(mine.shown_code in one for one in sent)
    assert "20 off 100" in page.content()
