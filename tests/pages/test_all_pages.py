"""What holds for every page: who may see it, what a look costs, what the browser may run, which language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loyalty.models import EarningRule, Posting
from mall import addresses, codes, favourites, medals
from mall.models import Gift, GiftTier, GiftWindow, Redemption
from members.models import Member, Tier
from tests.pages.conftest import give, redeemed, shelve

Browse = Callable[[Member], Client]

PAGES = [
    "/",
    "/history/",
    "/history/?show=earned",
    "/how-it-works/",
    "/mall/",
    "/mall/?show=open",
    "/redemptions/",
    "/coupons/",
]
OF_ONE = [
    "/mall/{gift}/",
    "/mall/{gift}/redeem/",
    "/redemptions/{own}/",
    "/redemptions/{own}/done/",
    "/redemptions/{own}/cancel/",
]
MOST_QUERIES = 18  # two of them are the session's and the user's, some the news of other parts


def paths(member: Member) -> list[str]:
    gift = shelve(pieces=50)
    own = redeemed(member, gift)
    return [*PAGES, *(path.format(gift=gift.pk, own=own.pk) for path in OF_ONE)]


def test_strangers_are_asked_to_sign_in(visitor: Client, lin: Member) -> None:
    give(lin, 100)

    for path in paths(lin):
        response = visitor.get(path)
        assert response.status_code == 302, path
        assert response.headers["location"].startswith("/sign-in/?next="), path


def test_looking_changes_nothing(browse: Browse, lin: Member) -> None:
    give(lin, 1000)
    client, addresses = browse(lin), paths(lin)

    def state() -> list[Any]:
        return [list(model.objects.order_by("pk").values()) for model in (Member, Posting, Redemption)]

    before = state()

    for path in [*addresses, "/redemptions/1/received/", "/language/setlang/"]:
        client.get(path)

    assert state() == before


def test_a_look_costs_the_same_however_much_there_is(
    browse: Browse, mei: Member, django_assert_max_num_queries: Any, django_assert_num_queries: Any
) -> None:
    rule = EarningRule.objects.create(name="base", benefit_rate=1)
    give(mei, 9000, rule_versions=[rule.pk])
    client, addresses = browse(mei), paths(mei)
    client.get("/history/")  # whoever has just arrived is looked for once
    few: dict[str, int] = {}
    for path in addresses:
        with django_assert_max_num_queries(MOST_QUERIES, info=path) as asked:
            assert client.get(path).status_code == 200, path
        few[path] = len(asked)

    for number in range(25):
        give(mei, 100, rule_versions=[rule.pk], expires_at=timezone.now() + timedelta(days=30 + number))
        redeemed(mei, shelve(f"gift {number}"))

    for path in addresses:
        with django_assert_num_queries(few[path], info=path):
            assert client.get(path).status_code == 200, path


def hold(member: Member, number: int) -> None:
    """Give a member one more of what his own pages list, and his gift one more condition."""
    medal = shelve(f"medal {number}", kind="MEDAL", limit_per_member=1, stock_counted=False, pieces=0)
    medals.give(gift_id=medal.pk, member_ids=[member.pk], at=timezone.now(), actor_id=None)
    shelve(f"other medal {number}", kind="MEDAL", limit_per_member=1, stock_counted=False, pieces=0)
    liked = shelve(f"liked {number}", minimum_tier=member.tier, market_price=9)
    favourites.add(member_id=member.pk, gift_id=liked.pk, ready=False, at=timezone.now())
    given = addresses.Given("林", "13800000001", "330106", f"文三路 {number % 20} 号")  # twenty fit
    addresses.keep(member_id=member.pk, given=given)
    for gift in Gift.objects.filter(name="Cup"):
        GiftWindow.objects.create(gift=gift, daily_from=time(0))


def test_what_a_member_holds_costs_the_same_for_one_and_for_thirty(
    browse: Browse, mei: Member, tiers: dict[str, Tier], django_assert_num_queries: Any
) -> None:
    give(mei, 9000)
    gift = shelve(pieces=99)
    GiftTier.objects.create(gift=gift, tier=tiers["高级"], points=90)
    hold(mei, 0)
    codes.add(
        gift_id=(pool := shelve("codes", pieces=0, kind="CODE")).pk, codes=[(1, "A")], at=timezone.now(), actor_id=None
    )
    seat = shelve("seat", kind="SEAT", event_at=timezone.now() + timedelta(days=9))
    kinds = [redeemed(mei, one) for one in (pool, seat, shelve("mug", cash=Decimal("9.90")))]
    ways = [
        "/",
        "/medals/",
        "/favourites/",
        "/addresses/",
        "/addresses/new/",
        "/redemptions/",
        f"/mall/{gift.pk}/redeem/",
    ]
    ways += [f"/mall/{gift.pk}/", "/mall/?sort=points", f"/redemptions/{kinds[-1].pk}/pay/"]
    ways += [f"/redemptions/{one.pk}/" for one in kinds]
    client, few = browse(mei), dict[str, int]()
    client.get("/history/")  # whoever has just arrived is looked for once
    for path in ways:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200, path
        few[path] = len(asked)

    for number in range(1, 30):
        hold(mei, number)
        redeemed(mei, gift)

    for path in ways:
        with django_assert_num_queries(few[path], info=path):
            client.get(path)
    assert max(few.values()) <= MOST_QUERIES, few


def test_pages_run_no_inline_code_and_are_kept_by_nobody(browse: Browse, lin: Member) -> None:
    give(lin, 1000)
    client = browse(lin)

    for path in paths(lin):
        response = client.get(path)
        policy, page = response.headers["content-security-policy"], response.content.decode()
        assert "unsafe" not in policy, path
        assert "default-src 'self'" in policy
        assert "no-store" in response.headers["cache-control"]
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick" not in page


def test_the_back_office_may_evaluate_and_members_may_not(visitor: Client) -> None:
    assert "unsafe-eval" in visitor.get("/admin/login/").headers["content-security-policy"]
    assert "unsafe-eval" not in visitor.get("/sign-in/").headers["content-security-policy"]


def test_pages_speak_chinese_first_and_english_when_asked(lin: Member, browse: Browse) -> None:
    client = browse(lin)
    client.defaults.pop("HTTP_ACCEPT_LANGUAGE", None)
    client = Client()
    client.force_login(lin.user, backend="django.contrib.auth.backends.ModelBackend")

    chinese = client.get("/").content.decode()
    client.post("/language/setlang/", {"language": "en", "next": "/"})
    english = client.get("/").content.decode()

    assert 'lang="zh-hans"' in chinese
    assert "可用积分" in chinese
    assert 'lang="en"' in english
    assert "Available points" in english


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_is_not_there_is_said_in_plain_words(visitor: Client, language: str) -> None:
    response = visitor.get("/no/such/page/", headers={"accept-language": language})

    words = {"zh-hans": "找不到这个页面", "en": "There is no such page"}
    assert response.status_code == 404
    assert words[language] in response.content.decode()


def test_a_form_without_its_token_is_refused_in_plain_words(lin: Member, browse: Browse) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    client.force_login(browse(lin) and lin.user, backend="django.contrib.auth.backends.ModelBackend")  # type: ignore[arg-type]

    response = client.post("/sign-out/")

    assert response.status_code == 403
    assert "This page was open for too long" in response.content.decode()


def test_our_own_mistake_is_said_without_details(lin: Member, browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("select secret")

    monkeypatch.setattr("loyalty.ledger.standing", broken)
    client = browse(lin)
    client.raise_request_exception = False

    response = client.get("/")

    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()
    assert "secret" not in response.content.decode()


def test_the_tier_card_tells_what_is_missing(browse: Browse, mei: Member, tiers: dict[str, Tier]) -> None:
    give(mei, 10, growth=1000)

    page = browse(mei).get("/").content.decode()

    assert "rank-2" in page
    assert "1,000 growth to VIP" in page
    assert "5% off" in page


def test_the_rules_in_force_are_told(browse: Browse, mei: Member) -> None:
    now = timezone.now()
    EarningRule.objects.create(name="Every order", benefit_rate="1.5")
    EarningRule.objects.create(name="Ended", benefit_rate="9", condition_until=now - timedelta(days=1))
    EarningRule.objects.create(name="Off", benefit_rate="9", active=False)
    EarningRule.objects.create(name="Big order", benefit_bonus=50, condition_minimum=500)

    response = browse(mei).get("/how-it-works/")

    assert [rule.name for rule in response.context["rules"]] == ["Every order", "Big order"]
    page = response.content.decode()
    assert "1.5 per ¥1" in page
    assert "Orders from ¥500." in page
    assert all(tier.name in page for tier in Tier.objects.all())
