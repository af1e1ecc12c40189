"""The page on which members enter order numbers: by hand, by the QR code of a parcel card."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from loyalty.models import EarningRule
from members.models import Member
from orders import claims
from orders.models import Channel, Claim, Order
from tests.pages.conftest import shop, sold
from tests.pages.outbox import last_code

Browse = Callable[[Member], Client]


@pytest.fixture
def tmall(db: None) -> Channel:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    return shop("天猫旗舰店")


def enter(client: Client, numbers: str, **more: str) -> str:
    response = client.post("/claims/", {"numbers": numbers, **more}, follow=True)
    return response.content.decode()


def test_a_member_enters_a_number_and_is_told_what_it_gave(browse: Browse, lin: Member, tmall: Channel) -> None:
    sold(tmall, "4133000000000000001")

    page = enter(browse(lin), "4133000000000000001")

    assert "128 points are yours" in page
    assert "+128" in page
    assert Order.objects.get().member == lin


def test_several_numbers_are_told_one_by_one(browse: Browse, lin: Member, mei: Member, tmall: Channel) -> None:
    sold(tmall, "4133000000000000001", member=mei)

    page = enter(browse(lin), "4133000000000000001\n4133000000000000002，4133000000000000002")

    assert "4133000000000000001: This order cannot be credited to you." in page
    assert "4133000000000000002: We have not found this order yet." in page
    assert Claim.objects.count() == 2
    assert "Mei" not in page


def test_the_qr_code_of_a_parcel_card_fills_the_form_and_claims_nothing(
    browse: Browse, visitor: Client, lin: Member, tmall: Channel
) -> None:
    address = "/claims/?n=4133000000000000001&channel=tmall"

    page = browse(lin).get(address).content.decode()
    stranger = visitor.get(address)

    assert ">\n4133000000000000001</textarea>" in page
    assert '<option value="tmall" selected>' in page
    assert Claim.objects.count() == 0
    assert stranger.headers["location"] == "/sign-in/?next=/claims/%3Fn%3D4133000000000000001%26channel%3Dtmall"


@pytest.mark.parametrize(
    "query", ["?n=%00%00&channel=%00", "?channel=nothing", "?n=%3Cscript%3E", "?before=x", "?n=" + "1" * 999]
)
def test_a_damaged_code_does_no_harm(browse: Browse, lin: Member, tmall: Channel, query: str) -> None:
    response = browse(lin).get(f"/claims/{query}")

    assert response.status_code == 200
    assert "<script>" not in response.content.decode()


def test_the_shop_and_the_proof_are_asked_where_they_are_wanted(browse: Browse, lin: Member, tmall: Channel) -> None:
    client = browse(lin)
    closed = Channel.objects.create(code="jd", name="京东自营店", format="jd", claims=False)

    without = client.get("/claims/").content.decode()
    Channel.objects.filter(pk=tmall.pk).update(claim_proof="phone")
    asked = client.get("/claims/").content.decode()
    missing = client.post("/claims/", {"numbers": "4133", "channel": "tmall"})
    wrong_shop = client.post("/claims/", {"numbers": "4133", "channel": closed.code, "proof": "0001"})

    assert tmall.name in without
    assert closed.name not in without
    assert 'name="proof"' not in without
    assert "Last four digits of the phone" in asked
    assert (missing.status_code, wrong_shop.status_code) == (422, 422)
    assert "Please fill this in" in missing.content.decode()
    assert Claim.objects.count() == 0


def test_a_number_that_may_be_of_a_shop_that_asks_needs_the_proof(browse: Browse, lin: Member, tmall: Channel) -> None:
    Channel.objects.create(code="red", name="小红书店", format="xiaohongshu", claim_proof="amount")
    client = browse(lin)

    digits = client.post("/claims/", {"numbers": "4133000000000000001"})
    missing = client.post("/claims/", {"numbers": "P123456789012345678"})

    assert (digits.status_code, missing.status_code) == (302, 422)
    assert list(Claim.objects.values_list("number", flat=True)) == ["4133000000000000001"]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ("", "Please enter an order number."),
        (" ，\n", "Please enter an order number."),
        ("1" * 65, "is not an order number"),
        ("hello", "“hello” is not an order number"),
        (" ".join(map(str, range(1000, 1021))), "at most 20 order numbers"),
    ],
)
def test_what_cannot_be_a_number_is_said_at_the_form(
    browse: Browse, lin: Member, tmall: Channel, numbers: str, words: str
) -> None:
    response = browse(lin).post("/claims/", {"numbers": numbers})

    assert response.status_code == 422
    assert words in response.content.decode()
    assert Claim.objects.count() == 0


def test_the_limit_of_a_day_is_said_at_the_form(browse: Browse, lin: Member, tmall: Channel) -> None:
    Channel.objects.update(claims_a_day=1)
    client = browse(lin)
    enter(client, "4133")

    response = client.post("/claims/", {"numbers": "4134"})

    assert response.status_code == 422
    assert "as many order numbers as you may in a day" in response.content.decode()


def test_a_member_sees_his_own_claims_twenty_at_a_time(
    browse: Browse, lin: Member, mei: Member, tmall: Channel, django_assert_max_num_queries: Any
) -> None:
    Channel.objects.update(claims_a_day=100)
    for first in (1000, 2000):
        claim(lin, [str(first + n) for n in range(15)], timezone.now())
    claim(mei, ["3000"], timezone.now())
    client = browse(lin)

    with django_assert_max_num_queries(14):
        newest = client.get("/claims/")
    older = client.get(f"/claims/?before={newest.context['before']}")

    numbers = [one.number for page in (newest, older) for one in page.context["claims"]]
    assert numbers == [str(first + n) for first in (2000, 1000) for n in reversed(range(15))]


def claim(member: Member, numbers: list[str], at: datetime) -> list[Claim]:
    return claims.claim(member_id=member.pk, numbers=numbers, channel_code=None, at=at)


def test_home_tells_for_some_days_what_became_of_a_claim_that_waited(
    browse: Browse, lin: Member, mei: Member, tmall: Channel
) -> None:
    now = timezone.now()
    claim(lin, ["4133000000000000001", "4133000000000000002"], now - timedelta(hours=1))
    sold(tmall, "4133000000000000001")
    sold(tmall, "4133000000000000003")
    client = browse(lin)
    before = client.get("/").content.decode()

    claims.settle(Claim.objects.found(), at=now)
    enter(client, "4133000000000000003")
    home = client.get("/")
    Claim.objects.update(made_at=now - timedelta(days=9), decided_at=now - timedelta(days=3, minutes=1))

    assert "4133000000000000001" not in before
    assert [item.words for item in home.context["news"]] == [words(lin)]
    assert "4133000000000000001: 128 points are yours" in home.content.decode()
    assert browse(mei).get("/").context["news"] == client.get("/").context["news"] == []


def words(member: Member) -> str:
    with override("en"):
        (one,) = claims.tell(Claim.objects.of(member).filter(number="4133000000000000001"), at=timezone.now())
        return f"{one.number}: {one.words}"


def test_home_leads_to_the_page_and_strangers_are_asked_to_sign_in(
    browse: Browse, visitor: Client, lin: Member
) -> None:
    home = browse(lin).get("/").content.decode()

    assert 'href="/claims/"' in home
    assert visitor.post("/claims/", {"numbers": "4133"}).headers["location"] == "/sign-in/?next=/claims/"
    assert "None of our shops takes order numbers" in browse(lin).get("/claims/").content.decode()


def test_the_page_runs_no_inline_code_and_is_kept_by_nobody(browse: Browse, lin: Member, tmall: Channel) -> None:
    response = browse(lin).get("/claims/")

    assert "unsafe" not in response.headers["content-security-policy"]
    assert "no-store" in response.headers["cache-control"]
    assert " style=" not in response.content.decode()


@pytest.mark.parametrize("known", [True, False])
def test_who_scans_before_signing_in_comes_back_to_the_form_with_the_number(
    visitor: Client, lin: Member, tmall: Channel, known: bool
) -> None:
    sold(tmall, "4133000000000000001")
    phone = str(lin.phone)[3:] if known else "13900001111"

    sign_in = visitor.get("/claims/?n=4133000000000000001&channel=tmall", follow=True)
    hidden = dict(re.findall(r'<input type="hidden" name="(next)" value="([^"]*)"', unescape(sign_in.content.decode())))
    asked = visitor.post(sign_in.redirect_chain[-1][0], {"phone": phone, **hidden})
    page = visitor.post(asked.headers["location"], {"code": last_code(), "action": "verify"}, follow=True)

    assert page.redirect_chain[-1][0] == "/claims/?n=4133000000000000001&channel=tmall"
    assert ">\n4133000000000000001</textarea>" in page.content.decode()
    assert '<option value="tmall" selected>' in page.content.decode()
