"""Actions ask first, make one domain call, log it and say how many."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from loyalty import ledger
from loyalty.models import EarningRule, Posting
from mall import shipping
from mall.models import Gift, Redemption, Shipment, StockChange
from members.models import Member, User
from tests.admin.conftest import give, redeemed, shelve, signed_in, staff

State = Redemption.State


def available(member: Member) -> int:
    return ledger.standing(member_id=member.pk, at=timezone.now()).available


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page) or re.search(
        rf'value="([^"]+)"[^>]* name="{name}"', page
    )
    assert found, name
    return found[1]


def said(response: object) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]  # type: ignore[attr-defined]


def test_adjusting_asks_first(boss: Client, lin: Member) -> None:
    path = f"/admin/loyalty/posting/adjust/{lin.pk}/"
    form = {"points": "500", "growth": "", "reason": "late parcel", "key": "k1"}

    asked = boss.post(path, form)

    assert "late parcel" in asked.content.decode()
    assert available(lin) == 0


def test_adjusting_twice_from_one_page_adjusts_once(boss: Client, wang: User, lin: Member) -> None:
    path = f"/admin/loyalty/posting/adjust/{lin.pk}/"
    form = {
        "points": "500",
        "growth": "20",
        "reason": "late parcel",
        "key": hidden(boss.get(path).content.decode(), "key"),
    }

    for _click in range(2):
        done = boss.post(path, {**form, "confirmed": "1"})

    assert done.status_code == 302
    assert available(lin) == 500
    posting = Posting.objects.get()
    assert (posting.points, posting.growth, posting.note, posting.actor) == (500, 20, "late parcel", wang)
    assert "late parcel" in LogEntry.objects.first().change_message  # type: ignore[union-attr]


def test_going_back_to_change_an_adjustment_does_not_adjust(boss: Client, lin: Member) -> None:
    form = {"points": "500", "growth": "", "reason": "late parcel", "key": "k1", "confirmed": "1", "edit": "1"}

    page = boss.post(f"/admin/loyalty/posting/adjust/{lin.pk}/", form).content.decode()

    assert 'value="500"' in page
    assert available(lin) == 0


def test_more_than_is_there_is_refused_in_a_sentence(boss: Client, wang: User, lin: Member) -> None:
    give(lin, 30, wang)
    form = {"points": "-31", "growth": "", "reason": "mistake", "key": "k1", "confirmed": "1"}

    refused = boss.post(f"/admin/loyalty/posting/adjust/{lin.pk}/", form)

    assert said(refused) == ["Not enough points: 30 are available."]
    assert available(lin) == 30


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"points": ""}, {"points": "1.5"}, {"points": "9" * 30}])
def test_an_adjustment_without_number_or_reason_is_not_asked(boss: Client, lin: Member, wrong: dict[str, str]) -> None:
    form = {"points": "5", "growth": "", "reason": "x", "key": "k1", "confirmed": "1", **wrong}

    answer = boss.post(f"/admin/loyalty/posting/adjust/{lin.pk}/", form)

    assert answer.status_code == 200
    assert not Posting.objects.exists()


def test_without_the_right_nothing_is_done(looker: Client, wang: User, lin: Member) -> None:
    give(lin, 100, wang)
    gift = shelve()
    redemption = redeemed(lin, gift)
    places = [
        f"/admin/loyalty/posting/adjust/{lin.pk}/",
        f"/admin/mall/gift/{gift.pk}/change_stock/",
        f"/admin/mall/redemption/{redemption.pk}/ship/",
        f"/admin/mall/redemption/{redemption.pk}/cancel/",
        f"/admin/mall/redemption/{redemption.pk}/take_back/",
        "/admin/orders/orderimport/upload/",
    ]
    form = {"points": 5, "reason": "x", "key": "k", "quantity": 5, "note": "x", "carrier": "x", "tracking_number": "1"}

    answers = [looker.post(place, {**form, "confirmed": "1"}).status_code for place in places]
    looker.post("/admin/mall/redemption/", {"action": "pack", "_selected_action": redemption.pk, "confirmed": "1"})

    assert answers == [403] * len(places)
    redemption.refresh_from_db()
    assert redemption.state == State.PLACED


def test_packing_asks_then_packs_and_says_how_many(boss: Client, wang: User, lin: Member) -> None:
    give(lin, 100, wang)
    gift = shelve()
    ids = [redeemed(lin, gift).pk for _turn in range(3)]
    shipping.pack(redemption_ids=ids[:1], at=timezone.now())
    form = {"action": "pack", "_selected_action": ids}

    asked = boss.post("/admin/mall/redemption/", form)
    before = list(Redemption.objects.values_list("state", flat=True).order_by("id"))
    done = boss.post("/admin/mall/redemption/", {**form, "confirmed": "1"})

    assert "Pack 2 redemptions?" in asked.content.decode()
    assert before == [State.PACKED, State.PLACED, State.PLACED]
    assert said(done) == ["2 redemptions packed."]
    assert set(Redemption.objects.values_list("state", flat=True)) == {State.PACKED}
    assert LogEntry.objects.count() == 2


def test_shipping_writes_down_the_parcel(boss: Client, wang: User, lin: Member) -> None:
    give(lin, 100, wang)
    path = f"/admin/mall/redemption/{redeemed(lin, shelve()).pk}/ship/"
    form = {"carrier": "SF", "tracking_number": "SF1"}

    boss.post(path, form)
    asked = Shipment.objects.count()
    boss.post(path, {**form, "confirmed": "1"})
    again = boss.post(path, {**form, "confirmed": "1"})

    assert asked == 0
    assert str(Shipment.objects.get()) == "顺丰速运 SF1"
    assert said(again)[-1].startswith("Not possible")


def test_cancelling_gives_points_and_pieces_back(boss: Client, wang: User, lin: Member) -> None:
    give(lin, 100, wang)
    gift = shelve(pieces=3)
    redemption = redeemed(lin, gift)
    path = f"/admin/mall/redemption/{redemption.pk}/cancel/"

    boss.post(path, {"note": "sold out"})
    asked = available(lin)
    boss.post(path, {"note": "sold out", "confirmed": "1"})

    gift.refresh_from_db()
    redemption.refresh_from_db()
    assert (asked, available(lin), gift.stock) == (90, 100, 3)
    assert (redemption.state, redemption.note) == (State.CANCELLED, "sold out")


def test_some_pieces_are_cancelled_then_some_taken_back_each_once(boss: Client, wang: User, lin: Member) -> None:
    give(lin, 100, wang)
    gift = shelve(pieces=9)
    redemption = redeemed(lin, gift, 3)
    at = f"/admin/mall/redemption/{redemption.pk}/"
    cancelling = {
        "note": "broken",
        "pieces": "2",
        "request_key": hidden(boss.get(f"{at}cancel/").content.decode(), "request_key"),
    }

    asked = boss.post(f"{at}cancel/", cancelling).content.decode()
    told = [said(boss.post(f"{at}cancel/", {**cancelling, "confirmed": "1"}))[-1] for _click in range(2)]
    changed = said(boss.post(f"{at}cancel/", {**cancelling, "pieces": "1", "confirmed": "1"}))
    too_many = boss.post(f"{at}cancel/", {**cancelling, "request_key": "another", "confirmed": "1"})
    shipping.ship(redemption_id=redemption.pk, carrier="SF", tracking_number="1", at=timezone.now())
    boss.post(f"{at}take_back/", {"note": "torn", "restock": "on", "pieces": "1", "confirmed": "1"})

    assert "Cancel Umbrella × 2?" in asked
    assert "20 points go back" in asked
    assert "1 piece stays with the member." in asked
    assert told == ["Cancelled; the points are back.", "This was done before; nothing changed."]
    assert changed[-1] == "This request was used before for something else."
    assert "Only 1 of its pieces have not gone back yet." in too_many.content.decode()
    gift.refresh_from_db()
    assert (available(lin), gift.stock) == (100, 9)
    page = boss.get(f"{at}change/").content.decode()
    assert all(words in page for words in ("cancelled × 2", "broken", "returned × 1", "torn", "wang"))


@pytest.mark.parametrize("pieces", ["0", "-1", "4", "1.5", "", "9" * 30])
def test_a_number_of_pieces_that_cannot_be_is_refused_beside_its_field(
    boss: Client, wang: User, lin: Member, pieces: str
) -> None:
    give(lin, 100, wang)
    redemption = redeemed(lin, shelve(), 3)

    page = boss.post(
        f"/admin/mall/redemption/{redemption.pk}/cancel/", {"note": "x", "pieces": pieces, "confirmed": "1"}
    )

    assert page.status_code == 200
    assert available(lin) == 70


def test_taking_back_writes_off_what_is_spoilt(boss: Client, wang: User, lin: Member) -> None:
    give(lin, 100, wang)
    gift = shelve(pieces=3)
    redemption = redeemed(lin, gift)
    shipping.ship(redemption_id=redemption.pk, carrier="SF", tracking_number="1", at=timezone.now())

    boss.post(f"/admin/mall/redemption/{redemption.pk}/take_back/", {"note": "broken", "confirmed": "1"})

    gift.refresh_from_db()
    assert (available(lin), gift.stock) == (100, 2)


def test_stock_changes_by_an_action_with_a_reason(boss: Client, wang: User) -> None:
    gift = shelve(pieces=5)
    path = f"/admin/mall/gift/{gift.pk}/change_stock/"

    boss.post(path, {"quantity": "-2", "note": "broken"})
    asked = Gift.objects.get().stock
    boss.post(path, {"quantity": "-2", "note": "broken", "confirmed": "1"})
    refused = boss.post(path, {"quantity": "-9", "note": "broken", "confirmed": "1"})

    assert (asked, Gift.objects.get().stock) == (5, 3)
    assert StockChange.objects.filter(actor=wang, quantity=-2, note="broken").count() == 1
    assert "Too few of this gift are left." in said(refused)


RULE = {
    "name": "Base",
    "unit": "points",
    "active": "on",
    "condition_minimum": "0",
    "benefit": "benefit_rate",
    "benefit_rate": "2",
    "benefit_multiplier": "",
    "benefit_bonus": "",
}


def test_a_used_rule_gets_a_next_version(boss: Client) -> None:
    rule = EarningRule.objects.create(name="Base", benefit_rate=1, first_used_at=timezone.now())

    answer = boss.post(f"/admin/loyalty/earningrule/{rule.pk}/change/", {**RULE, "_continue": "1"})

    newest = EarningRule.objects.in_force().get()
    assert (newest.version, newest.benefit_rate, newest.first_version) == (2, 2, rule)
    assert answer.headers["location"] == f"/admin/loyalty/earningrule/{newest.pk}/change/"
    rule.refresh_from_db()
    assert rule.benefit_rate == 1
    assert boss.post(f"/admin/loyalty/earningrule/{rule.pk}/change/", RULE).status_code == 403


def test_an_unused_rule_is_edited_in_place_and_may_change_its_kind(boss: Client) -> None:
    rule = EarningRule.objects.create(name="Base", benefit_rate=1)
    form = {**RULE, "benefit": "benefit_bonus", "benefit_bonus": "50"}

    boss.post(f"/admin/loyalty/earningrule/{rule.pk}/change/", form)

    rule.refresh_from_db()
    assert (rule.version, rule.benefit_rate, rule.benefit_bonus) == (1, None, 50)


def test_a_new_rule_takes_the_one_benefit_that_was_chosen(boss: Client) -> None:
    boss.post("/admin/loyalty/earningrule/add/", {**RULE, "benefit_multiplier": "3"})

    assert EarningRule.objects.values_list("benefit_rate", "benefit_multiplier").get() == (2, None)


def test_trying_the_rules_tells_what_an_order_gives_and_writes_nothing(boss: Client, youzan: None) -> None:
    EarningRule.objects.create(name="Base", benefit_rate=2)

    page = boss.get(
        "/admin/loyalty/earningrule/preview/?amount=100&channel=youzan&on=2026-05-20T10:00"
    ).content.decode()

    assert "<strong>200</strong>" in page
    assert not Posting.objects.exists()


def test_a_member_page_shows_what_he_has_and_did(boss: Client, wang: User, lin: Member) -> None:
    give(lin, 1234, wang)
    redeemed(lin, shelve("Green umbrella"))

    page = boss.get(f"/admin/members/member/{lin.pk}/change/").content.decode()

    assert "<strong>1,224</strong>" in page
    assert "Green umbrella" in page


def test_adjusting_needs_its_own_right(lin: Member) -> None:
    chen = signed_in(staff("chen", "view_member", "view_posting", "add_posting"))
    zhou = signed_in(staff("zhou", "view_member", "view_posting"))
    page = f"/admin/members/member/{lin.pk}/change/"
    link = f"/admin/loyalty/posting/adjust/{lin.pk}/"

    assert link in chen.get(page).content.decode()
    assert link not in zhou.get(page).content.decode()
    assert chen.get(link).status_code == 200
    assert zhou.get(link).status_code == 403


@pytest.fixture
def youzan(db: None) -> None:
    from orders.models import Channel

    Channel.objects.create(code="youzan", name="Youzan", format="youzan")
