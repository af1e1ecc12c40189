"""The mall: what a member sees of a gift, redeeming it, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mall import addresses, shipping
from mall.models import Gift, Redemption, SavedAddress
from mall.shelf import offers
from members.models import Member, Tier
from tests.conftest import rows
from tests.mall.kinds import coupon, coupon_type
from tests.pages.conftest import HOME, TO_HOME, available, give, redeemed, shelve

Browse = Callable[[Member], Client]


def fill(client: Client, gift: Gift, **changes: Any) -> dict[str, Any]:
    """Return the form of a gift as its page gives it, filled in and confirmed."""
    key = client.get(f"/mall/{gift.pk}/redeem/").context["form"]["request_key"].value()
    return {"request_key": key, "quantity": 1, **TO_HOME, "agreed_cost": gift.points} | changes


def test_a_member_redeems_in_three_steps(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    cup = shelve()
    client = browse(lin)
    form = fill(client, cup, quantity=2)
    form.pop("agreed_cost")

    review = client.post(f"/mall/{cup.pk}/redeem/", form)
    assert (review.context["cost"], review.context["left"]) == (200, 100)
    assert not Redemption.objects.exists()
    done = client.post(f"/mall/{cup.pk}/redeem/", form | {"agreed_cost": 200}, follow=True)

    made = Redemption.objects.get()
    assert (made.member, made.gift, made.quantity, made.points) == (lin, cup, 2, 200)
    assert (made.recipient, made.phone, made.address) == (HOME.recipient, HOME.phone, HOME.address)
    assert "It is yours!" in done.content.decode()
    assert available(lin) == 100


def test_a_form_sent_twice_is_one_redemption(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    cup = shelve()
    client = browse(lin)
    form = fill(client, cup)

    first = client.post(f"/mall/{cup.pk}/redeem/", form)
    second = client.post(f"/mall/{cup.pk}/redeem/", form)

    assert first.headers["location"] == second.headers["location"]
    assert Redemption.objects.count() == 1
    assert available(lin) == 200


def test_two_page_views_are_two_redemptions(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    cup = shelve()
    client = browse(lin)

    for form in (fill(client, cup), fill(client, cup)):
        client.post(f"/mall/{cup.pk}/redeem/", form)

    assert Redemption.objects.count() == 2


def test_a_used_page_for_another_quantity_is_refused(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    cup = shelve()
    client = browse(lin)
    form = fill(client, cup)
    client.post(f"/mall/{cup.pk}/redeem/", form)

    again = client.post(f"/mall/{cup.pk}/redeem/", form | {"quantity": 2, "agreed_cost": 200})

    assert again.headers["location"] == f"/mall/{cup.pk}/"
    assert Redemption.objects.get().quantity == 1


def test_forged_fields_change_nothing(browse: Browse, lin: Member, wei: Member) -> None:
    give(lin, 300)
    give(wei, 300)
    cup = shelve()
    client = browse(lin)
    forged = {
        "points": 1,
        "price": 1,
        "cost": 0,
        "member_id": wei.pk,
        "member": wei.pk,
        "state": "RECEIVED",
        "gift_id": 0,
    }

    client.post(f"/mall/{cup.pk}/redeem/", fill(client, cup) | forged)

    made = Redemption.objects.get()
    assert (made.member, made.points, made.state) == (lin, 100, "PLACED")
    assert (available(lin), available(wei)) == (200, 300)


@pytest.mark.parametrize("agreed", ["1", "0", "-100", "", "x"])
def test_a_price_that_the_member_did_not_see_is_shown_first(browse: Browse, lin: Member, agreed: str) -> None:
    give(lin, 300)
    cup = shelve()
    client = browse(lin)

    response = client.post(f"/mall/{cup.pk}/redeem/", fill(client, cup, agreed_cost=agreed))

    assert "The price has changed" in response.content.decode()
    assert not Redemption.objects.exists()


@pytest.mark.parametrize(
    "quantity", ["0", "-1", "1.5", "1.0", "10001", str(2**63), "true", "", "x", "1e3", "１", "1_0", "+1"]
)
def test_a_quantity_that_is_none_is_refused(browse: Browse, lin: Member, quantity: str) -> None:
    give(lin, 300)
    cup = shelve()
    client = browse(lin)

    response = client.post(f"/mall/{cup.pk}/redeem/", fill(client, cup, quantity=quantity))

    assert response.status_code == 422
    assert response.context["form"].errors["quantity"]
    assert not Redemption.objects.exists()


@pytest.mark.parametrize("field", ["recipient", "phone", "street"])
def test_a_parcel_needs_to_know_where_to_go(browse: Browse, lin: Member, field: str) -> None:
    give(lin, 300)
    cup = shelve()
    client = browse(lin)

    response = client.post(f"/mall/{cup.pk}/redeem/", fill(client, cup, **{field: " "}))

    assert response.context["form"].errors[field]
    assert not Redemption.objects.exists()


def test_a_refusal_is_told_in_a_sentence(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    cup = shelve(pieces=1)
    client = browse(lin)
    form = fill(client, cup)
    Gift.objects.filter(pk=cup.pk).update(active=True, closes_at=timezone.now())

    response = client.post(f"/mall/{cup.pk}/redeem/", form)

    assert response.status_code == 422
    assert "cannot be redeemed at this time" in response.content.decode()
    assert available(lin) == 300


def test_what_he_types_is_shown_as_text(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    cup = shelve(name="<b>Cup</b>{{7*7}}", description="<script>alert(1)</script>")
    client = browse(lin)
    form = fill(client, cup, recipient="<svg onload=alert(1)>")

    pages = [client.get(f"/mall/{cup.pk}/"), client.post(f"/mall/{cup.pk}/redeem/", form | {"agreed_cost": ""})]
    client.post(f"/mall/{cup.pk}/redeem/", form)
    pages.append(client.get(f"/redemptions/{Redemption.objects.get().pk}/"))

    for page in pages:
        assert "<script>alert" not in page.content.decode()
        assert "<svg onload" not in page.content.decode()
        assert "<b>Cup" not in page.content.decode()


def test_another_members_redemption_is_not_found(browse: Browse, lin: Member, wei: Member) -> None:
    give(wei, 300)
    other = redeemed(wei, shelve())
    client = browse(lin)

    for path in ("", "done/", "cancel/"):
        assert client.get(f"/redemptions/{other.pk}/{path}").status_code == 404
    for path in ("cancel/", "received/"):
        assert client.post(f"/redemptions/{other.pk}/{path}").status_code == 404

    other.refresh_from_db()
    assert other.state == "PLACED"
    assert client.get("/redemptions/").context["redemptions"] == []


def test_cancelling_asks_first_and_gives_the_points_back(browse: Browse, lin: Member) -> None:
    give(lin, 100)
    made = redeemed(lin, shelve())
    client = browse(lin)

    asked = client.get(f"/redemptions/{made.pk}/cancel/")
    assert "Cancel this redemption?" in asked.content.decode()
    assert available(lin) == 0
    told = client.post(f"/redemptions/{made.pk}/cancel/", follow=True)

    assert "Your points are back" in told.content.decode()
    assert available(lin) == 100
    client.post(f"/redemptions/{made.pk}/cancel/")
    assert available(lin) == 100


def test_some_of_several_pieces_are_cancelled_and_two_clicks_are_one(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    made = redeemed(lin, shelve(), 3)
    client, page = browse(lin), f"/redemptions/{made.pk}/"
    form = {"pieces": "2", "request_key": client.get(f"{page}cancel/").context["form"]["request_key"].value()}

    too_many = client.post(f"{page}cancel/", form | {"pieces": "4"})
    for _click in range(2):
        client.post(f"{page}cancel/", form)
    told = client.get(page).content.decode()

    assert too_many.status_code == 200
    assert available(lin) == 200
    assert "Cancelled × 2" in told
    assert "200 points went back." in told
    assert "2 pieces went back" in client.get("/redemptions/").content.decode()
    assert f"{made.gift_name} × 2" in client.get(reverse("history")).content.decode()


@pytest.mark.parametrize("pieces", ["", None])
def test_no_number_of_pieces_cancels_none(browse: Browse, lin: Member, pieces: str | None) -> None:
    give(lin, 300)
    made = redeemed(lin, shelve(), 3)
    client, page = browse(lin), f"/redemptions/{made.pk}/cancel/"
    form = {"request_key": client.get(page).context["form"]["request_key"].value()}

    asked = client.post(page, form if pieces is None else form | {"pieces": pieces})

    assert "Say how many pieces." in asked.content.decode()
    assert available(lin) == 0
    assert rows(Redemption, "state", "returned") == [("PLACED", 0)]


def test_its_way_tells_each_step_in_its_order(browse: Browse, lin: Member) -> None:
    give(lin, 500)
    made, at = redeemed(lin, shelve(), 5), timezone.now()
    shipping.cancel(redemption_id=made.pk, pieces=1, note="first", at=at)
    shipping.pack(redemption_ids=[made.pk], at=at + timedelta(minutes=1))
    shipping.cancel(redemption_id=made.pk, pieces=1, note="second", at=at + timedelta(minutes=2))
    shipping.ship(redemption_id=made.pk, carrier="EMS", tracking_number="E12345", at=at + timedelta(minutes=3))
    shipping.return_(redemption_id=made.pk, pieces=1, note="third", at=at + timedelta(minutes=4))

    page = browse(lin).get(f"/redemptions/{made.pk}/").content.decode()

    told = [page.index(words) for words in ("first", ">Packed<", "second", "E12345", ">Received<", "third")]
    assert told == sorted(told)


def test_the_number_of_a_parcel_leads_to_its_carrier(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    linked, plain, evil = (redeemed(lin, shelve()) for _each in range(3))
    for one, carrier, number in ((linked, "顺丰", "SF139"), (plain, "圆通速递", "YT139"), (evil, "顺丰", "<b>1/../x")):
        shipping.ship(redemption_id=one.pk, carrier=carrier, tracking_number=number, at=timezone.now())
    client = browse(lin)

    pages = [client.get(f"/redemptions/{one.pk}/").content.decode() for one in (linked, plain, evil)]

    assert 'waybill-detail/SF139" target="_blank" rel="noopener noreferrer"' in pages[0]
    assert "new tab" in pages[0]
    assert [page.count("_blank") for page in pages] == [1, 0, 0]
    assert "YT139" in pages[1]


def test_a_parcel_on_its_way_is_received_and_not_cancelled(browse: Browse, lin: Member) -> None:
    give(lin, 100)
    made = redeemed(lin, shelve())
    client = browse(lin)
    early = client.post(f"/redemptions/{made.pk}/received/", follow=True)
    shipping.ship(redemption_id=made.pk, carrier="SF", tracking_number="SF139", at=timezone.now())

    late = client.post(f"/redemptions/{made.pk}/cancel/", follow=True)
    page = client.get(f"/redemptions/{made.pk}/").content.decode()
    client.post(f"/redemptions/{made.pk}/received/")

    assert "note-error" in early.content.decode()
    assert "note-error" in late.content.decode()
    assert "SF139" in page
    made.refresh_from_db()
    assert made.state == "RECEIVED"
    assert available(lin) == 0


def test_the_usual_address_is_offered_and_one_touch_is_enough(browse: Browse, lin: Member, wei: Member) -> None:
    give(lin, 300)
    give(wei, 300)
    cup = shelve()
    client = browse(lin)
    client.post(f"/mall/{cup.pk}/redeem/", fill(client, cup, keep="on"))
    kept = SavedAddress.objects.get()

    mine = client.get(f"/mall/{cup.pk}/redeem/").context["form"]
    others = browse(wei).get(f"/mall/{cup.pk}/redeem/").context["form"]
    key = mine["request_key"].value()
    client.post(f"/mall/{cup.pk}/redeem/", {"request_key": key, "quantity": 1, "saved": kept.pk, "agreed_cost": 100})

    assert (kept.member, str(kept), kept.usual) == (lin, HOME.address, True)
    assert mine["saved"].value() == str(kept.pk)
    assert (others["recipient"].value(), others["saved"].value(), others.book) == ("Wei", "new", [])
    assert [(one.recipient, one.phone, one.address) for one in Redemption.objects.all()] == [
        (HOME.recipient, HOME.phone, HOME.address)
    ] * 2


def test_an_address_is_kept_once_and_only_when_asked(browse: Browse, lin: Member) -> None:
    give(lin, 900)
    cup = shelve()
    client = browse(lin)

    client.post(f"/mall/{cup.pk}/redeem/", fill(client, cup))
    before = SavedAddress.objects.count()
    for _turn in range(2):
        client.post(f"/mall/{cup.pk}/redeem/", fill(client, cup, keep="on", saved="new"))

    assert (before, SavedAddress.objects.count()) == (0, 1)
    assert Redemption.objects.count() == 3


@pytest.mark.parametrize("saved", ["other", "0", "x", "-1", "9" * 30])
def test_anothers_address_is_not_there_for_a_parcel(browse: Browse, lin: Member, wei: Member, saved: str) -> None:
    give(lin, 300)
    cup = shelve()
    others = addresses.save(member_id=wei.pk, given=addresses.Given("Wei", "13800000003", "81", "1"))
    client = browse(lin)
    form = fill(client, cup, saved=others.pk if saved == "other" else saved)

    response = client.post(f"/mall/{cup.pk}/redeem/", form)

    assert response.status_code == 404
    assert not Redemption.objects.exists()


def test_each_gift_says_what_stands_in_the_way(mei: Member, tiers: dict[str, Tier]) -> None:
    at = timezone.now()
    give(mei, 100)
    had = shelve("had", limit_per_member=1, points=1)
    redeemed(mei, had)
    later, earlier = at + timedelta(days=1), at - timedelta(days=1)
    expected = {
        shelve("open", points=99): "open",
        shelve("dear", points=150): "short",
        shelve("gone", pieces=0): "sold-out",
        shelve("later", opens_at=later): "not-yet",
        shelve("ended", closes_at=earlier): "ended",
        shelve("high", minimum_tier=tiers["VIP"]): "tier",
        shelve("own tier", minimum_tier=tiers["高级"], points=9): "open",
        had: "limit",
        coupon(coupon_type(tier=tiers["VIP"]), name="his no coupon"): "tier",
        coupon(coupon_type(tier=tiers["普通"]), name="his coupon", points=9): "open",
        coupon(coupon_type(tier=tiers["普通"], tier_exactly=True), name="below"): "tier",
    }
    gifts = Gift.objects.shown().order_by("id")

    seen = {offer.gift: offer for offer in offers(gifts, mei, available=99, at=at)}

    assert {gift: offer.state.value for gift, offer in seen.items()} == expected
    assert {offer.gift.name: offer.missing for offer in seen.values() if offer.missing} == {
        "dear": 51,
        "gone": 1,
        "later": 1,
        "ended": 1,
        "high": 1,
        "his no coupon": 1,
        "below": 1,
    }


@pytest.mark.parametrize(
    ("own", "of_coupon", "exactly", "chip", "told"),
    [
        (None, "VIP", False, "For VIP and above", "VIP and above"),
        (None, "普通", True, "For 普通 only", "普通 only"),
        ("普通", "VIP", False, "For VIP and above", "VIP and above"),
        ("VIP", "普通", False, "For VIP and above", "普通 and above"),
        ("VIP", None, False, "For VIP and above", None),
        (None, "高级", False, "Ready to redeem", "高级 and above"),
    ],
)
def test_the_page_of_a_coupon_says_for_which_tier_it_is(
    browse: Browse, mei: Member, tiers: dict[str, Tier], own: Any, of_coupon: Any, exactly: bool, chip: str, told: Any
) -> None:
    give(mei, 100)
    kind = coupon_type(tier=tiers.get(of_coupon), tier_exactly=exactly)
    gift = coupon(kind, minimum_tier=tiers.get(own))

    page = browse(mei).get(f"/mall/{gift.pk}/").content.decode()

    assert f'">{chip}' in page
    assert (f"<dt>The coupon is for</dt><dd>{told}</dd>" in page) == (told is not None)
    assert (f'href="/mall/{gift.pk}/redeem/"' in page) == (chip == "Ready to redeem")


def test_the_mall_can_show_only_what_he_can_redeem(browse: Browse, lin: Member) -> None:
    give(lin, 100)
    shelve("cheap", points=100)
    shelve("dear", points=101)
    shelve("hidden", points=1, active=False)
    client = browse(lin)

    found = {show: client.get("/mall/", {"show": show}).context["offers"] for show in ("", "open")}

    assert {show: [offer.gift.name for offer in listed] for show, listed in found.items()} == {
        "": ["cheap", "dear"],
        "open": ["cheap"],
    }


def test_a_gift_off_the_shelf_is_not_found(browse: Browse, lin: Member) -> None:
    give(lin, 100)
    hidden = shelve(active=False)
    client = browse(lin)

    assert client.get(f"/mall/{hidden.pk}/").status_code == 404
    assert client.get(f"/mall/{hidden.pk}/redeem/").status_code == 404
    assert client.get("/mall/99999999999999999999999/").status_code == 404


def test_the_form_of_a_gift_that_he_cannot_have_is_not_offered(browse: Browse, lin: Member) -> None:
    dear = shelve(points=100)

    assert browse(lin).get(f"/mall/{dear.pk}/redeem/").headers["location"] == f"/mall/{dear.pk}/"


def test_redemptions_come_twenty_at_a_time(browse: Browse, lin: Member) -> None:
    give(lin, 2300)
    cup = shelve(pieces=30)
    made = [redeemed(lin, cup).pk for _ in range(23)]
    client = browse(lin)

    first = client.get("/redemptions/")
    second = client.get("/redemptions/", {"before": first.context["before"]})

    listed = [row.pk for page in (first, second) for row in page.context["redemptions"]]
    assert listed == made[::-1]
    assert second.context["before"] is None


@pytest.mark.parametrize("odd", ["１", "1_0", "٣", "-1", "9" * 30, "x"])
def test_an_odd_number_in_an_address_is_as_if_it_were_not_there(browse: Browse, lin: Member, odd: str) -> None:
    give(lin, 300)
    redeemed(lin, shelve())
    client = browse(lin)

    mall = client.get("/mall/", {"page": odd, "category": odd, "sort": odd})
    mine = client.get("/redemptions/", {"before": odd})

    assert (mall.status_code, mall.context["page"]) == (200, 1)
    assert len(mine.context["redemptions"]) == 1
    assert client.get("/history/", {"before": odd}).status_code == 404
    assert client.get("/claims/", {"before": odd}).status_code == 200
