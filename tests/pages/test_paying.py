"""Paying on the pages: the price that is seen, the ways to pay, the provider's notify address, the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from mall import paying
from mall.models import Gift, Payment, Redemption, Refund
from mall.payment import sandbox
from members.models import Member
from tests.pages.conftest import available, give, shelve
from tests.pages.test_mall import fill

Browse = Callable[[Member], Client]
NOTIFY = "/pay/sandbox/notify/"


@pytest.fixture(autouse=True)
def development(settings: Any) -> None:
    settings.DEBUG = True


@pytest.fixture
def mug(db: None) -> Gift:
    return shelve("Mug", cash=Decimal("9.90"))


def unpaid(client: Client, gift: Gift, **changes: Any) -> Redemption:
    """Redeem as the pages do; the price has a part in yuan."""
    form = fill(client, gift, agreed_cost="100+9.90") | changes
    response = client.post(f"/mall/{gift.pk}/redeem/", form)
    made = Redemption.objects.latest("pk")
    assert response.headers["location"] == f"/redemptions/{made.pk}/pay/"
    return made


def chosen(client: Client, redemption: Redemption, code: str) -> Any:
    return client.post(f"/redemptions/{redemption.pk}/pay/", {"provider": code})


def tell(body: bytes, signature: str | None = None, path: str = NOTIFY) -> Any:
    signed = sandbox.signature(body) if signature is None else signature
    headers = {sandbox.HEADER: signed}
    return Client(enforce_csrf_checks=True).post(path, body, content_type="application/json", headers=headers)


def test_a_member_redeems_and_pays(browse: Browse, lin: Member, mug: Gift) -> None:
    give(lin, 300)
    client = browse(lin)

    assert "¥9.90" in client.get(f"/mall/{mug.pk}/").content.decode()
    review = client.post(f"/mall/{mug.pk}/redeem/", fill(client, mug, agreed_cost="", quantity=2))
    assert 'value="200+19.80"' in review.content.decode()
    made = unpaid(client, mug)
    page = client.get(f"/redemptions/{made.pk}/pay/").content.decode()
    assert "¥9.90" in page
    away = chosen(client, made, "sandbox")
    done = client.post(away.headers["location"], {"pay": "1"}, follow=True)

    assert "It is yours!" in done.content.decode()
    made.refresh_from_db()
    assert (made.state, available(lin)) == ("PLACED", 200)
    assert client.get(f"/redemptions/{made.pk}/pay/").headers["location"] == f"/redemptions/{made.pk}/"


def test_a_payment_that_fails_leaves_it_unpaid(browse: Browse, lin: Member, mug: Gift) -> None:
    give(lin, 300)
    client = browse(lin)
    made = unpaid(client, mug)

    failed = client.post(chosen(client, made, "sandbox").headers["location"], {"fail": "1"})

    assert failed.headers["location"] == f"/redemptions/{made.pk}/pay/"
    made.refresh_from_db()
    assert made.state == "UNPAID"


@pytest.mark.parametrize("agreed", ["100", "100+9.80", "100+0", "0+9.90", "100+9.9", "99+9.90", "200+19.80"])
def test_a_price_that_was_not_seen_is_shown_first(browse: Browse, lin: Member, mug: Gift, agreed: str) -> None:
    give(lin, 300)
    client = browse(lin)

    response = client.post(f"/mall/{mug.pk}/redeem/", fill(client, mug, agreed_cost=agreed))

    assert "The price has changed" in response.content.decode()
    assert not Redemption.objects.exists()


def test_who_pays_at_the_counter_sees_a_number(browse: Browse, lin: Member, mug: Gift) -> None:
    give(lin, 300)
    client = browse(lin)
    made = unpaid(client, mug)

    page = client.get(chosen(client, made, "counter").headers["location"]).content.decode()

    assert Payment.objects.get().shown_number in page


@pytest.mark.parametrize("code", ["", "wechat", "sandbox'", "COUNTER"])
def test_a_way_to_pay_that_is_none_begins_nothing(browse: Browse, lin: Member, mug: Gift, code: str) -> None:
    give(lin, 300)
    client = browse(lin)
    made = unpaid(client, mug)

    assert chosen(client, made, code).status_code == 302
    assert not Payment.objects.exists()


def test_another_members_payment_is_not_found(browse: Browse, lin: Member, wei: Member, mug: Gift) -> None:
    give(wei, 300)
    made = unpaid(browse(wei), mug)
    page = chosen(browse(wei), made, "sandbox").headers["location"]
    client = browse(lin)

    for path in (f"/redemptions/{made.pk}/pay/", page):
        assert client.get(path).status_code == client.post(path, {"provider": "sandbox", "pay": "1"}).status_code == 404
    made.refresh_from_db()
    assert made.state == "UNPAID"


def test_cancelling_what_is_unpaid(browse: Browse, lin: Member, mug: Gift) -> None:
    give(lin, 300)
    client = browse(lin)
    made = unpaid(client, mug)

    assert "Cancel this redemption?" in client.get(f"/redemptions/{made.pk}/cancel/").content.decode()
    client.post(f"/redemptions/{made.pk}/cancel/")
    late = client.post(f"/redemptions/{made.pk}/pay/", {"provider": "sandbox"})

    assert available(lin) == 300
    assert late.headers["location"] == f"/redemptions/{made.pk}/"
    assert not Payment.objects.exists()


def test_what_is_overdue_says_so(browse: Browse, lin: Member, mug: Gift) -> None:
    give(lin, 300)
    client = browse(lin)
    made = unpaid(client, mug)
    Redemption.objects.update(pay_before=timezone.now() - timedelta(minutes=1))

    page = client.get(f"/redemptions/{made.pk}/pay/").content.decode()
    refused = client.post(f"/redemptions/{made.pk}/pay/", {"provider": "sandbox"}, follow=True)

    assert "The time to pay is over" in page
    assert "nothing to pay" in refused.content.decode()


def test_a_genuine_notice_settles_once(browse: Browse, lin: Member, mug: Gift) -> None:
    give(lin, 300)
    made = unpaid(browse(lin), mug)
    chosen(browse(lin), made, "sandbox")
    body = sandbox.message(Payment.objects.get(), paid=True)

    answers = [tell(body), tell(body)]

    assert [answer.content for answer in answers] == [b"OK", b"OK"]
    made.refresh_from_db()
    assert made.state == "PLACED"


@pytest.mark.parametrize("forge", ["no signature", "another's", "amount", "number", "rubbish", "provider"])
def test_a_forged_notice_is_not_found_and_settles_nothing(browse: Browse, lin: Member, mug: Gift, forge: str) -> None:
    give(lin, 300)
    made = unpaid(browse(lin), mug)
    chosen(browse(lin), made, "sandbox")
    body = sandbox.message(Payment.objects.get(), paid=True)
    genuine = sandbox.signature(body)
    answer = {
        "no signature": lambda: tell(body, ""),
        "another's": lambda: tell(body, "0" * 64),
        "amount": lambda: tell(body.replace(b"9.90", b"0.01"), genuine),
        "number": lambda: tell(body.replace(Payment.objects.get().number.encode(), b"AAAABBBBCCCC"), genuine),
        "rubbish": lambda: tell(b"<xml/>"),
        "provider": lambda: tell(body, path="/pay/counter/notify/"),
    }[forge]()

    assert answer.status_code == 404
    made.refresh_from_db()
    assert made.state == "UNPAID"


def test_a_notice_of_another_amount_is_understood_and_flagged(browse: Browse, lin: Member, mug: Gift) -> None:
    give(lin, 300)
    made = unpaid(browse(lin), mug)
    chosen(browse(lin), made, "sandbox")

    answer = tell(sandbox.message(Payment.objects.get(), paid=True).replace(b"9.90", b"0.01"))

    assert answer.status_code == 200
    made.refresh_from_db()
    assert (made.state, Payment.objects.get().problem) == ("UNPAID", "AMOUNT")


def test_money_that_comes_late_is_told_to_its_owner(browse: Browse, lin: Member, mug: Gift) -> None:
    give(lin, 300)
    client = browse(lin)
    made = unpaid(client, mug)
    chosen(client, made, "sandbox")
    paying.let_go(at=timezone.now() + timedelta(days=9))

    tell(sandbox.message(Payment.objects.get(), paid=True))

    assert Refund.objects.get().amount == Decimal("9.90")
    assert "¥9.90 is being given back" in client.get(f"/redemptions/{made.pk}/").content.decode()


def test_without_debug_there_is_no_sandbox(browse: Browse, lin: Member, mug: Gift, settings: Any) -> None:
    give(lin, 300)
    client = browse(lin)
    made = unpaid(client, mug)
    page = chosen(client, made, "sandbox").headers["location"]
    body = sandbox.message(Payment.objects.get(), paid=True)
    settings.DEBUG = False

    assert client.get(page).status_code == client.post(page, {"pay": "1"}).status_code == 404
    assert tell(body).status_code == 404
    assert "Sandbox" not in client.get(f"/redemptions/{made.pk}/pay/").content.decode()
    assert Redemption.objects.get().state == "UNPAID"


def test_no_page_without_yuan_speaks_of_them(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    client = browse(lin)
    cup = shelve()
    client.post(f"/mall/{cup.pk}/redeem/", fill(client, cup))
    made = Redemption.objects.get()

    for path in (f"/mall/{cup.pk}/", f"/redemptions/{made.pk}/", "/redemptions/"):
        assert "¥" not in client.get(path).content.decode()
    assert client.get(f"/redemptions/{made.pk}/pay/").status_code == 302


@pytest.mark.parametrize("signature", ["é", "", "0" * 64])
def test_a_signature_of_any_letters_is_refused(db: None, signature: str) -> None:
    assert tell(b"{}", signature.encode().decode("latin-1")).status_code == 404


@pytest.mark.parametrize("number", ["%00", "a%0a", "²"])
def test_a_damaged_number_of_a_payment_is_not_found(browse: Browse, lin: Member, number: str) -> None:
    assert browse(lin).get(f"/pay/sandbox/{number}/").status_code == 404
