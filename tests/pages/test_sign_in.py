"""Signing in: one form for phones new and known, and nobody in without the code."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from config import pace
from config import settings as base
from members import sms
from members.models import Member, MemberQuerySet, User
from members.sign_in import join, stranger
from tests.config.test_pace import Clock
from tests.conftest import NOW
from tests.pages.outbox import last_code, sent

CODE = "/sign-in/code/"


def ask(client: Client, phone: str = "13900001111", **more: str) -> Any:
    return client.post("/sign-in/", {"phone": phone, **more})


def answer(client: Client, code: str) -> Any:
    return client.post(CODE, {"code": code, "action": "verify"})


def test_a_new_phone_becomes_a_member_by_the_right_code(visitor: Client) -> None:
    ask(visitor)

    response = answer(visitor, last_code())

    assert response.headers["location"] == "/"
    member = Member.objects.get()
    assert (member.phone, member.phone_verified, member.joined_by) == ("+8613900001111", True, "mall")
    assert visitor.get("/").context["member"] == member


def test_a_member_signs_in_again_as_himself(visitor: Client) -> None:
    ask(visitor)
    answer(visitor, last_code())
    visitor.post("/sign-out/")

    ask(visitor)
    answer(visitor, last_code())

    assert (Member.objects.count(), User.objects.count()) == (1, 1)
    assert visitor.get("/").status_code == 200


def test_an_imported_buyer_becomes_a_user_only_by_the_code(visitor: Client, lin: Member) -> None:
    ask(visitor, "13800000001")
    lin.refresh_from_db()
    assert (lin.user, lin.phone_verified) == (None, False)

    answer(visitor, last_code())

    lin.refresh_from_db()
    assert lin.user is not None
    assert lin.phone_verified
    assert lin.joined_at == NOW
    assert Member.objects.count() == 1


def test_known_and_new_phones_get_the_same_answer(lin: Member) -> None:
    def seen(phone: str) -> tuple[int, str, str]:
        client = Client()
        response = ask(client, phone)
        page = re.sub(r'value="[^"]{64}"|data-wait="[0-9]+"', "", client.get(CODE).content.decode())
        return response.status_code, response.headers["location"], page.replace(phone, "")

    known, new = seen("13800000001"), seen("13999999999")

    assert known == new
    assert [phone for phone, _ in sent] == ["+8613800000001", "+8613999999999"]


@pytest.mark.parametrize(
    "typed",
    [
        "13900001111",
        " 139 0000 1111 ",
        "139-0000-1111",
        "１３９００００１１１１",
        "+86 139 0000 1111",
        "8613900001111",
        "008613900001111",
    ],
)
def test_a_phone_is_understood_however_it_is_typed(visitor: Client, typed: str) -> None:
    ask(visitor, typed)

    assert sent[0][0] == "+8613900001111"


@pytest.mark.parametrize(
    "typed", ["", "123", "12900001111", "139000011112", "+1 212 555 0100", "139****1111", "٠" * 11]
)
def test_what_is_no_mobile_number_is_refused_and_costs_nothing(visitor: Client, typed: str) -> None:
    response = ask(visitor, typed)

    assert response.context["form"].errors["phone"]
    assert (sent, User.objects.count()) == ([], 0)


def test_three_wrong_codes_end_the_attempt(visitor: Client) -> None:
    ask(visitor)
    right = last_code()
    wrong = "000000" if right != "000000" else "111111"

    answers = [answer(visitor, wrong) for _ in range(3)]

    assert [response.status_code for response in answers] == [200, 200, 302]
    assert "Too many attempts" in visitor.get("/sign-in/").content.decode()
    assert answer(visitor, right).headers["location"].startswith("/sign-in/")
    assert visitor.get("/").status_code == 302
    assert not Member.objects.exists()


def test_guesses_that_overtake_each_other_are_counted_all_the_same(visitor: Client) -> None:
    ask(visitor)
    right = last_code()
    begun = Session.objects.get()

    for number in range(3):
        answer(visitor, "000000" if right != "000000" else f"11111{number}")
        begun.save()  # a request that began before this one writes what it knew

    assert answer(visitor, right).headers["location"].startswith("/sign-in/")
    assert visitor.get("/").status_code == 302
    assert not Member.objects.exists()


def test_a_code_typed_in_full_width_digits_is_right(visitor: Client) -> None:
    ask(visitor)

    answer(visitor, last_code().translate(str.maketrans("0123456789", "０１２３４５６７８９")))

    assert visitor.get("/").status_code == 200


def test_a_code_ends_after_five_minutes(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(visitor)
    later = time.time() + 5 * 60 + 1
    monkeypatch.setattr(time, "time", lambda: later)

    answer(visitor, last_code())

    assert not Member.objects.exists()


def test_another_code_is_sent_only_after_a_minute(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(visitor)
    first = last_code()

    visitor.post(CODE, {"action": "resend"})
    assert len(sent) == 1
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    visitor.post(CODE, {"action": "resend"})

    assert len(sent) == 2
    assert first == last_code() or answer(visitor, first).status_code == 200
    answer(visitor, last_code())
    assert visitor.get("/").status_code == 200


def test_a_phone_is_sent_no_more_texts_than_a_day_allows(settings: Any, visitor: Client) -> None:
    settings.SMS_PER_PHONE_PER_DAY = 1
    ask(visitor)

    refused = ask(Client(), "13900001111")
    other = ask(Client(), "13900002222")

    assert refused.context["form"].errors["phone"]
    assert other.status_code == 302
    assert [phone for phone, _ in sent] == ["+8613900001111", "+8613900002222"]


def test_a_day_has_no_more_texts_than_the_brand_pays_for(settings: Any, visitor: Client) -> None:
    settings.SMS_PER_DAY = 2
    for number in (1, 2):
        ask(Client(), f"1390000111{number}")

    refused = ask(visitor, "13900001113")

    assert "Too many codes have been sent today" in str(refused.context["form"].errors["phone"])
    assert len(sent) == 2


def test_one_address_gets_no_more_texts_than_a_day_allows(
    settings: Any, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "sms": "2/d/ip"}
    ask(visitor)
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    visitor.post(CODE, {"action": "resend"})

    refused = ask(Client(), "13900002222")
    elsewhere = ask(Client(REMOTE_ADDR="198.51.100.1"), "13900003333")

    assert refused.context["form"].errors["phone"]
    assert elsewhere.status_code == 302
    assert [phone for phone, _ in sent] == ["+8613900001111", "+8613900001111", "+8613900003333"]


def test_one_phone_is_asked_for_three_times_a_minute(visitor: Client) -> None:
    answers = [ask(Client()).status_code for _ in range(4)]

    assert answers == [302, 302, 302, 200]
    assert len(sent) == 3


def test_whoever_asks_for_codes_for_another_does_not_take_his_away(
    settings: Any, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "sms_here": "8/d/key"}
    now = time.time()
    for minute in range(12):
        monkeypatch.setattr(time, "time", lambda minute=minute: now + 61 * minute)
        for _turn in range(3):
            ask(Client())

    refused, owner = ask(Client()), ask(Client(REMOTE_ADDR="198.51.100.1"))

    assert refused.context["form"].errors["phone"]
    assert owner.status_code == 302
    assert len(sent) == 9


def test_it_takes_more_than_five_addresses_to_use_up_the_codes_of_a_phone(settings: Any) -> None:
    here, _day, _per = settings.ACCOUNT_RATE_LIMITS["sms_here"].split("/")

    at_five = 5 * int(here)

    assert at_five < base.SMS_PER_PHONE_PER_DAY


def test_other_texts_take_no_code_away(settings: Any, visitor: Client) -> None:
    settings.SMS_PER_PHONE_PER_DAY = 2
    for _turn in range(2):
        sms.notify(phone="+8613900001111", text="Your parcel is on its way.", at=timezone.now())

    asked = ask(visitor)

    assert asked.status_code == 302
    assert len(sent) == 3


def test_a_phone_is_sent_no_more_other_texts_than_a_day_allows(settings: Any, db: None) -> None:
    settings.SMS_PER_PHONE_PER_DAY = 1
    sms.notify(phone="+8613900001111", text="Your parcel is on its way.", at=NOW)

    with pytest.raises(sms.PhoneCapReached):
        sms.notify(phone="+8613900001111", text="Your parcel is on its way.", at=NOW)

    assert len(sent) == 1


class Working(Clock):
    """A clock on which everything takes a moment."""

    def monotonic(self) -> float:
        self.now += 0.01
        return self.now


@pytest.mark.parametrize(
    "limits",
    [
        {"request_login_code_here": "0/m/key"},
        {"request_login_code": "0/m/ip"},
        {"sms": "0/d/ip"},
        {"sms_here": "0/d/key"},
    ],
)
def test_who_is_refused_by_a_limit_holds_no_thread(
    settings: Any, visitor: Client, lin: Member, limits: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SIGN_IN_BEAT = 0.3
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, **limits}
    monkeypatch.setattr(pace, "time", clock := Working())

    refused = [ask(visitor, phone) for phone in ("13800000001", "13999999999")]

    assert all(one.context["form"].errors["phone"] for one in refused)
    assert clock.slept == 0
    assert not User.objects.exists()


@pytest.mark.parametrize("cap", ["SMS_PER_PHONE_PER_DAY", "SMS_PER_DAY"])
def test_who_is_refused_by_a_cap_holds_no_thread(
    settings: Any, visitor: Client, cap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SIGN_IN_BEAT = 0.3
    setattr(settings, cap, 0)
    monkeypatch.setattr(pace, "time", clock := Working())

    refused = ask(visitor)

    assert refused.context["form"].errors["phone"]
    assert clock.slept == 0


def test_what_is_no_number_holds_no_thread(settings: Any, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SIGN_IN_BEAT = 0.3
    monkeypatch.setattr(pace, "time", clock := Working())

    ask(visitor, "abc")

    assert clock.slept == 0


def test_the_time_of_an_answer_does_not_tell_who_is_a_member(
    settings: Any, lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SIGN_IN_BEAT = 0.3
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)

    def text(*_said: Any) -> None:
        clock.now += 0.01

    def slow(phone: str) -> User | None:
        clock.now += 0.02  # what it takes to make a user
        return stranger(phone)

    monkeypatch.setattr("members.sign_in.PhoneAdapter.text", text)
    monkeypatch.setattr("members.forms.stranger", slow)
    lin.user = User.objects.create(username="lin")
    lin.save()
    began = clock.now

    for phone in ("13800000001", "13999999999"):
        ask(Client(), phone)

    assert clock.now == pytest.approx(began + 2 * 0.3)
    assert clock.slept == pytest.approx(0.29 + 0.27)


def test_one_address_makes_no_more_than_twenty_users_a_minute(db: None) -> None:
    for number in range(25):
        ask(Client(), f"139000022{number:02}")

    assert User.objects.count() == len(sent) == 20


def test_a_mistyped_number_can_be_typed_again(visitor: Client) -> None:
    ask(visitor)

    assert visitor.get("/sign-in/").status_code == 200
    ask(visitor, "13900002222")
    answer(visitor, last_code())

    assert Member.objects.get().phone == "+8613900002222"


def test_staff_are_not_let_in_by_a_code(visitor: Client, lin: Member) -> None:
    lin.user = User.objects.create_user("clerk", is_staff=True)
    lin.save()

    response = ask(visitor, "13800000001")

    assert response.headers["location"] == CODE
    assert "staff account" in sent[0][1]
    assert answer(visitor, "").status_code == 200
    assert "_auth_user_id" not in visitor.session


@pytest.mark.parametrize("name", ["+8613900001111", "phone:+8613900001111"])
def test_staff_named_like_a_phone_are_not_let_in_by_its_code(visitor: Client, name: str) -> None:
    clerk = User.objects.create_superuser(name)

    ask(visitor)
    found = re.search("[0-9]{6} is your code", sent[-1][1])
    answer(visitor, found[0][:6] if found else "")

    assert visitor.session.get("_auth_user_id") != str(clerk.pk)
    assert not Member.objects.filter(user=clerk).exists()


def test_staff_sign_in_with_a_password_and_the_mall_says_who_they_are(visitor: Client) -> None:
    User.objects.create_superuser("boss", password="jifen-boss")

    entered = visitor.post("/admin/login/?next=/admin/", {"username": "boss", "password": "jifen-boss"})
    page = visitor.get("/")

    assert entered.headers["location"] == "/admin/"
    assert page.status_code == 403
    assert "You are signed in as boss" in page.content.decode()
    assert visitor.get("/sign-in/", follow=True).status_code == 403


def test_a_phone_that_went_to_another_member_opens_nothing(visitor: Client, lin: Member, wei: Member) -> None:
    ask(visitor, "13800000001")
    code = last_code()
    other = User.objects.create(username="somebody")
    Member.objects.filter(pk=lin.pk).update(user=other)

    assert answer(visitor, code).status_code == 403
    assert "_auth_user_id" not in visitor.session


def test_a_number_given_to_somebody_else_does_not_open_the_old_account(visitor: Client) -> None:
    ask(visitor)
    answer(visitor, last_code())
    old = Member.objects.get()
    Member.objects.update(phone="+8613900003333")
    visitor.post("/sign-out/")

    ask(visitor)
    answer(visitor, last_code())

    new = Member.objects.get(phone="+8613900001111")
    assert new != old
    assert visitor.get("/").context["member"] == new


def test_a_phone_changed_while_the_code_is_checked_opens_nothing(
    db: None, lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found_then_changed(*_args: Any, **_values: Any) -> tuple[Member, bool]:
        Member.objects.update(phone="+8613900003333")
        return lin, False

    monkeypatch.setattr(MemberQuerySet, "get_or_create", found_then_changed)

    with pytest.raises(PermissionDenied):
        join(user=User.objects.create(username="old owner"), phone="+8613800000001", at=NOW)

    lin.refresh_from_db()
    assert (lin.user, lin.phone_verified) == (None, False)


def test_a_merged_member_does_not_sign_in(visitor: Client, lin: Member, wei: Member) -> None:
    Member.objects.filter(pk=wei.pk).update(merged_into=lin, phone="+8613800000001")
    Member.objects.filter(pk=wei.pk).update(user=User.objects.create(username="old"))

    ask(visitor, "13800000001")
    answer(visitor, last_code())

    assert visitor.get("/").context["member"] == lin


def test_sign_out_needs_a_post(browse: Callable[[Member], Client], lin: Member) -> None:
    client = browse(lin)

    client.get("/sign-out/")
    assert client.get("/").status_code == 200
    client.post("/sign-out/")

    assert client.get("/").status_code == 302


def test_nobody_is_sent_to_another_site(visitor: Client) -> None:
    visitor.post("/sign-in/?next=https://evil.example/", {"phone": "13900001111"})
    response = visitor.post(f"{CODE}?next=https://evil.example/", {"code": last_code(), "action": "verify"})

    assert response.headers["location"] == "/"


def test_who_wanted_a_page_gets_it_after_signing_in(visitor: Client) -> None:
    wanted = visitor.get("/redemptions/")
    assert wanted.headers["location"] == "/sign-in/?next=/redemptions/"
    asked = visitor.post(wanted.headers["location"], {"phone": "13900001111"})

    response = visitor.post(asked.headers["location"], {"code": last_code(), "action": "verify"})

    assert response.headers["location"] == "/redemptions/"


@pytest.mark.parametrize(
    ("debug", "backend", "shown"),
    [
        (True, "members.sms.console", True),
        (False, "members.sms.console", False),
        (True, "tests.pages.outbox.send", False),
    ],
)
def test_the_code_is_on_the_page_only_where_no_text_is_sent(
    settings: Any, visitor: Client, debug: bool, backend: str, shown: bool
) -> None:
    settings.DEBUG, settings.SMS_BACKEND = debug, backend

    ask(visitor)

    assert ("development" in visitor.get(CODE).content.decode().lower()) == shown
