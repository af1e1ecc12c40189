"""The back office speaks Chinese, and English to who asks for it."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from django.utils.translation import override

from config import unfold_strings
from loyalty.models import Campaign, EarningRule, Posting
from mall.models import Coupon, CouponType, Gift, Medal, Payment, Redemption, Refund, Voucher
from members.models import ApiKey, Member, Tier, User
from orders.models import Channel, Claim, Order, OrderImport
from tests.admin.conftest import grow
from tests.admin.test_lists import LISTS

NOT_SHOWN = re.compile(
    r"<(script|style|svg|template)\b.*?</\1>|<!--.*?-->|<span class=\"material-symbols.*?</span>", re.S
)
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,}[a-z ]*")
FORMS = [
    "members/member/add/",
    "members/tier/add/",
    "members/identity/add/",
    "members/user/add/",
    "members/programme/1/change/",
    "auth/group/add/",
    "loyalty/earningrule/add/",
    "loyalty/earningrule/preview/",
    "loyalty/campaign/add/",
    "loyalty/pointspolicy/1/change/",
    "orders/orderimport/upload/",
    "orders/channel/add/",
    "orders/claimpolicy/1/change/",
    "mall/gift/add/",
    "mall/coupontype/add/",
    "mall/coupon/counter/",
    "members/apikey/make/",
    "mall/draw/add/",
    "mall/treasuredraw/add/",
    "mall/mallpolicy/1/change/",
    "password_change/",
]
OF_ONE: list[tuple[type, list[str]]] = [
    (Member, ["change/", "history/"]),
    (Tier, ["change/"]),
    (User, ["change/", "password/"]),
    (Posting, ["change/"]),
    (EarningRule, ["change/"]),
    (Campaign, ["change/"]),
    (OrderImport, ["change/"]),
    (Order, ["change/"]),
    (Claim, ["change/", "accept_one/", "refuse_one/"]),
    (Channel, ["change/"]),
    (Gift, ["change/", "change_stock/"]),
    (Redemption, ["change/", "ship/", "cancel/", "take_back/"]),
    (Voucher, ["change/", "../counter/"]),
    (Medal, ["change/"]),
    (Coupon, ["change/", "void/"]),
    (CouponType, ["change/", "give/"]),
    (ApiKey, ["change/", "revoke/"]),
    (Payment, ["change/"]),
    (Refund, ["change/", "given_back/"]),
]


def english(page: str) -> list[str]:
    """Return the English phrases that a page shows: two words or more in a row."""
    attributes = re.findall(r'(?:title|placeholder|aria-label|data-label)="([^"]+)"', page)
    text = re.sub(r"<[a-z/!](?:\"[^\"]*\"|'[^']*'|[^>\"'])*>", "\n", NOT_SHOWN.sub(" ", page))
    shown = "\n".join([text, *attributes])
    return ENGLISH.findall(unescape(shown))


@pytest.mark.parametrize("path", [*LISTS, *(f"/admin/{form}" for form in FORMS)])
def test_no_page_shows_english_to_a_chinese_reader(wang: User, path: str) -> None:
    chinese = Client(headers={"accept-language": "zh-CN"})
    chinese.force_login(wang)

    page = chinese.get(path).content.decode()

    assert english(page) == []


def test_no_page_of_a_thing_shows_english_to_a_chinese_reader(wang: User) -> None:
    grow(1, wang)
    Member.objects.update(name="林")
    Gift.objects.update(name="伞")
    Redemption.objects.update(gift_name="伞")
    EarningRule.objects.create(name="基础", benefit_rate=1)
    Campaign.objects.create(name="会员日", starts_at="2026-01-01T00:00Z", ends_at="2026-02-01T00:00Z")
    chinese = Client(headers={"accept-language": "zh-CN"})
    chinese.force_login(wang)

    found = {}
    for model, pages in OF_ONE:
        row = model.objects.first()  # type: ignore[attr-defined]
        for page in pages:
            path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/{row.pk}/{page}"  # type: ignore[attr-defined]
            if words := english(chinese.get(path).content.decode()):
                found[path] = words
    assert found == {}


def test_every_string_of_unfold_has_its_chinese() -> None:
    from django.utils.translation import gettext

    with override("zh-hans"):
        same = [text for text in unfold_strings.STRINGS if gettext(text) == text]

    assert same == []


def test_english_is_complete_for_who_asks_for_it(wang: User) -> None:
    english_reader = Client(headers={"accept-language": "en"})
    english_reader.force_login(wang)

    page = english_reader.get("/admin/").content.decode()

    chinese = re.findall(r"[\u4e00-\u9fff]+", NOT_SHOWN.sub("", page))
    assert set(chinese) <= {"简体中文"}
