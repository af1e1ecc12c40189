"""Coupons through the API: what it answers, what it refuses and how it says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from mall import coupons
from mall.models import Coupon, CouponUse
from members.api import keys
from members.api.views import PerKey, WrongKeys
from members.models import ApiKey, Member, Tier
from tests.admin.conftest import boss, wang
from tests.conftest import rows
from tests.mall.conftest import together
from tests.mall.kinds import coupon_type

__all__ = ("boss", "wang")

API = "/api/v1/coupons/"
ORDER = {"order_reference": "T-1", "order_amount": "250.00", "shipping": "12"}
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def fresh() -> None:
    cache.clear()


@pytest.fixture
def secret(db: None) -> str:
    return keys.make(name="till 1", scopes=["coupons"], at=timezone.now(), actor_id=None)[1]


Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(secret: str) -> Ask:
    """Return `ask("check", {...}, key="…", **headers)`: the status and the body."""

    def asked(what: str, body: Any, key: str | None = None, method: str = "post", **headers: str) -> tuple[int, Any]:
        sent = {"authorization": f"Bearer {secret}", "accept-language": "en", "idempotency-key": key or uuid4().hex}
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        address = what if what.startswith("/") else API + what
        call = getattr(Client(raise_request_exception=True), method)
        response = call(address, data=data, content_type="application/json", headers=sent | headers)
        assert response.headers["content-type"] == "application/json"
        return response.status_code, response.json()

    return asked


def held(member: Member, at: datetime | None = None, **fields: Any) -> Coupon:
    kind = coupon_type(**fields)
    at = at or timezone.now()
    return coupons.issue(type_id=kind.pk, member_id=member.pk, at=at, actor_id=None, key=uuid4().hex)


def code_of(answer: tuple[int, Any]) -> tuple[int, str]:
    status, body = answer
    assert set(body["error"]) <= {"code", "message", "fields"}
    assert body["error"]["message"]
    return status, body["error"]["code"]


def test_a_check_tells_the_discount_and_uses_nothing(ask: Ask, lin: Member) -> None:
    mine = held(lin)

    status, body = ask("check", {"code": mine.shown_code.lower(), **ORDER})

    assert (status, body["amount_off"]) == (200, "20.00")
    assert body["coupon"] == {
        "code": mine.code,
        "name": "20 off 100",
        "kind": "AMOUNT",
        "minimum_spend": "100.00",
        "valid_from": None,
        "valid_until": None,
    }
    assert rows(CouponUse, "pk") == []


def test_a_check_needs_no_order_number_and_takes_numbers(ask: Ask, lin: Member) -> None:
    shipping = held(lin, kind="SHIPPING", value=0)

    assert ask("check", {"code": shipping.code, "order_amount": 100.5, "shipping": 8})[1]["amount_off"] == "8.00"


def test_a_use_is_one_use_however_often_it_is_told(ask: Ask, lin: Member) -> None:
    mine = held(lin)

    first = ask("use", {"code": mine.code, **ORDER}, key="k1")
    again = ask("use", {"code": mine.code, **ORDER}, key="k1")

    assert first == again
    status, body = first
    assert (status, body["what"], body["amount_off"], body["order_reference"]) == (200, "USED", "20.00", "T-1")
    key = ApiKey.objects.get()
    assert rows(CouponUse, "order_amount", "shipping", "amount_off", "through", "request_key") == [
        (250, 12, 20, "till 1", f"api:{key.pk}:k1")
    ]


def test_a_cancelled_order_gives_its_coupon_back(ask: Ask, lin: Member) -> None:
    mine = held(lin)
    used = {"code": mine.code, **ORDER}
    ask("use", used)

    first = ask("give-back", {"code": mine.code, "order_reference": "T-1"}, key="back")
    again = ask("give-back", {"code": mine.code, "order_reference": "T-1"})

    assert first == again
    assert (first[0], first[1]["what"], first[1]["order_reference"]) == (200, "RETURNED", "T-1")
    assert ask("use", used | {"order_reference": "T-2"})[0] == 200
    assert rows(CouponUse, "what", "order_reference") == [("USED", "T-1"), ("RETURNED", "T-1"), ("USED", "T-2")]


def as_system(name: str) -> dict[str, str]:
    """Return the header of a key of a system of this name."""
    _key, secret = keys.make(name=name, scopes=["coupons"], at=timezone.now(), actor_id=None)
    return {"authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("came_back", [False, True])
def test_another_system_does_not_give_a_coupon_back(ask: Ask, lin: Member, came_back: bool) -> None:
    mine = held(lin)
    ask("use", {"code": mine.code, **ORDER})
    back = {"code": mine.code, "order_reference": "T-1"}
    if came_back:
        ask("give-back", back)
    before = rows(CouponUse, "pk")

    refused = ask("give-back", back, **as_system("till 2"))

    assert code_of(refused) == (409, "used_elsewhere")
    assert rows(CouponUse, "pk") == before


def test_a_new_key_of_the_same_till_gives_a_coupon_back(ask: Ask, lin: Member) -> None:
    mine = held(lin)
    ask("use", {"code": mine.code, **ORDER})
    keys.revoke(key_id=ApiKey.objects.get().pk, at=timezone.now())

    status, body = ask("give-back", {"code": mine.code, "order_reference": "T-1"}, **as_system("till 1"))

    assert (status, body["what"]) == (200, "RETURNED")


def test_what_staff_used_at_a_counter_of_that_name_no_system_gives_back(ask: Ask, lin: Member) -> None:
    mine = held(lin)
    order = coupons.Order("T-1", Decimal(250))
    coupons.use(code=mine.code, order=order, request_key="counter:x", at=timezone.now(), through="till 1")

    refused = ask("give-back", {"code": mine.code, "order_reference": "T-1"})

    assert code_of(refused) == (409, "used_elsewhere")


def test_staff_give_back_what_a_system_used(ask: Ask, lin: Member) -> None:
    mine = held(lin)
    ask("use", {"code": mine.code, **ORDER})

    back = coupons.give_back(code=mine.code, order_reference="T-1", request_key="counter:y", at=timezone.now())

    assert back.what == "RETURNED"


def test_every_refusal_has_its_code(ask: Ask, lin: Member, tiers: dict[str, Tier]) -> None:
    at = timezone.now()
    used, void = held(lin), held(lin)
    ask("use", {"code": used.code, **ORDER}, key="taken")
    coupons.void(coupon_id=void.pk, at=at)
    early, late = held(lin, valid_from=at + DAY), held(lin, valid_until=at - DAY / 2, at=at - DAY)
    Member.objects.filter(pk=lin.pk).update(tier=tiers["VIP"])
    vip = held(lin, tier=tiers["VIP"], tier_at_use=True)
    Member.objects.filter(pk=lin.pk).update(tier=tiers["普通"])
    refused = {
        ("AAAA-BBBB-CCCC", "250"): (404, "unknown_code"),
        (used.code, "250"): (409, "already_used"),
        (void.code, "250"): (409, "voided"),
        (early.code, "250"): (409, "not_yet_valid"),
        (late.code, "250"): (409, "ended"),
        (vip.code, "250"): (409, "wrong_tier"),
        (held(lin).code, "99.99"): (409, "order_too_small"),
    }
    before = rows(Coupon, "use"), rows(CouponUse, "pk")

    for (code, amount), expected in refused.items():
        for what in ("check", "use"):
            assert code_of(ask(what, {"code": code, **ORDER, "order_amount": amount})) == expected

    assert code_of(ask("give-back", {"code": early.code, "order_reference": "T-1"})) == (409, "not_used")
    assert code_of(ask("give-back", {"code": "A", "order_reference": "T-1"})) == (404, "unknown_code")
    other = {"code": used.code, **ORDER, "order_reference": "T-2"}
    assert code_of(ask("use", other, key="taken")) == (422, "request_reused")
    assert (rows(Coupon, "use"), rows(CouponUse, "pk")) == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"order_amount": "0"}, "order_amount"),
        ({"order_amount": "-1"}, "order_amount"),
        ({"order_amount": "1.005"}, "order_amount"),
        ({"order_amount": "1e99"}, "order_amount"),
        ({"order_amount": "99999999999"}, "order_amount"),
        ({"order_amount": "NaN"}, "order_amount"),
        ({"order_amount": True}, "order_amount"),
        ({"order_amount": [1]}, "order_amount"),
        ({"order_amount": None}, "order_amount"),
        ({"shipping": "-1"}, "shipping"),
        ({"order_reference": "x" * 65}, "order_reference"),
        ({"order_reference": ""}, "order_reference"),
        ({"order_reference": {"a": 1}}, "order_reference"),
        ({"code": ""}, "code"),
        ({"code": "\0"}, "code"),
        ({"code": "\ud800"}, "code"),
        ({"code": "A" * 300}, "code"),
    ],
)
def test_a_field_that_cannot_be_is_named(ask: Ask, lin: Member, change: Any, field: str) -> None:
    status, body = ask("use", {"code": held(lin).code, **ORDER} | change)

    assert (status, body["error"]["code"], list(body["error"]["fields"])) == (400, "invalid", [field])
    assert body["error"]["message"].startswith(f"{field}: ")
    assert rows(CouponUse, "pk") == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", (400, "invalid")),
        ("{", (400, "parse_error")),
        ("[]", (400, "invalid")),
        ("null", (400, "invalid")),
        ('"x"', (400, "invalid")),
        ("[" * 60_000, (400, "invalid")),
        (b"\xff\xfe", (400, "parse_error")),
        ('{"code": "' + "A" * 70_000 + '"}', (413, "too_large")),
    ],
)
def test_what_is_no_json_of_ours_is_told(ask: Ask, body: Any, expected: tuple[int, str]) -> None:
    assert code_of(ask("use", body)) == expected


def test_other_doors_are_told_in_json(ask: Ask, lin: Member) -> None:
    mine = {"code": held(lin).code, **ORDER}

    assert code_of(ask("use", "", method="get")) == (405, "method_not_allowed")
    assert code_of(ask("use", mine, **{"content-type": "text/plain"})) == (415, "unsupported_media_type")
    assert code_of(ask("/api/v1/nothing", mine)) == (404, "not_found")
    assert code_of(ask("/api/v1/coupons/use/", mine)) == (404, "not_found")
    for key in (" ", "x" * 65):
        assert code_of(ask("use", mine, key=key)) == (400, "idempotency_key_missing")
    assert rows(CouponUse, "pk") == []


def test_only_a_key_that_may_is_let_in(ask: Ask, lin: Member, secret: str) -> None:
    mine = {"code": held(lin).code, **ORDER}
    for wrong in ("", "Bearer", "Bearer jf_nothing", f"Basic {secret}", f"Bearer {secret} x", "Bearer \xff"):
        assert ask("use", mine, authorization=wrong)[0] == 401
    assert code_of(ask("use", mine, authorization="")) == (401, "not_authenticated")
    assert code_of(ask("use", mine, authorization="Bearer x")) == (401, "authentication_failed")

    ApiKey.objects.update(scopes=["orders"])
    assert code_of(ask("use", mine)) == (403, "not_allowed")
    ApiKey.objects.update(scopes=["coupons"])
    keys.revoke(key_id=ApiKey.objects.get().pk, at=timezone.now())
    assert code_of(ask("use", mine)) == (401, "authentication_failed")

    assert rows(CouponUse, "pk") == []


def test_who_is_signed_in_needs_a_key_as_well(boss: Client, lin: Member) -> None:
    assert boss.post(f"{API}check", {"code": held(lin).code}, content_type="application/json").status_code == 401


def test_who_asks_too_often_waits(ask: Ask, lin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = {"code": held(lin).code, **ORDER}
    monkeypatch.setattr(PerKey, "THROTTLE_RATES", {"key": "2/min"})
    monkeypatch.setattr(WrongKeys, "THROTTLE_RATES", {"wrong_key": "2/min"})

    assert [ask("check", mine)[0] for _turn in range(3)] == [200, 200, 429]
    assert code_of(ask("check", mine)) == (429, "throttled")
    assert [ask("check", mine, authorization="Bearer x")[0] for _turn in range(3)] == [401, 401, 429]
    elsewhere = {"x-forwarded-for": "203.0.113.7"}
    assert ask("check", mine, authorization="Bearer x", **elsewhere)[0] == 429  # no proxy: the header says nothing


def test_a_fault_of_ours_tells_nothing(ask: Ask, lin: Member, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    def fails(**asked: Any) -> None:
        raise RuntimeError("the database is at db.internal:5432")

    monkeypatch.setattr(coupons, "use", fails)
    settings.DEBUG = True

    status, body = ask("use", {"code": "A", **ORDER})

    assert (status, body["error"]["code"]) == (500, "server_error")
    assert "internal" not in json.dumps(body)


def test_sentences_are_in_the_language_that_is_asked_for(ask: Ask, lin: Member) -> None:
    small = {"code": held(lin).code, **ORDER, "order_amount": "1"}

    english = ask("check", small)[1]["error"]["message"]
    chinese = ask("check", small, **{"accept-language": "zh-CN"})[1]["error"]["message"]

    assert english == "This coupon is for orders from ¥100.00."
    assert chinese == "此优惠券满 ¥100.00 可用。"


@pytest.mark.django_db(transaction=True)
def test_of_twenty_tills_one_uses_the_coupon(ask: Ask, lin: Member) -> None:
    mine = held(lin)

    answers = together(
        [partial(ask, "use", {"code": mine.code, **ORDER, "order_reference": str(n)}) for n in range(20)]
    )

    assert sorted(status for status, _body in answers) == [200] + [409] * 19
    assert rows(CouponUse, "amount_off") == [(Decimal(20),)]
