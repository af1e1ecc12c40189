"""What is not sent: codes, vouchers, medals, on the member's pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from config import qr
from mall import codes, counter, medals
from mall.models import CouponCode, Gift, Redemption
from members.models import Member
from tests.pages.conftest import available, give, redeemed, shelve

Browse = Callable[[Member], Client]


def pool(*texts: str) -> Gift:
    gift = shelve("Coupon", pieces=0, kind="CODE")
    codes.add(gift_id=gift.pk, codes=list(enumerate(texts, 1)), at=timezone.now(), actor_id=None)
    return gift


def click(client: Client, gift: Gift, **changes: Any) -> Any:
    """Redeem one piece as the pages do."""
    key = client.get(f"/mall/{gift.pk}/redeem/").context["form"]["request_key"].value()
    form = {"request_key": key, "quantity": 1, "agreed_cost": gift.points} | changes
    return client.post(f"/mall/{gift.pk}/redeem/", form, follow=True)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"kind": "PRIVILEGE"}, "Show your code at the counter"),
        ({"kind": "SEAT", "event_at": timezone.now() + timedelta(days=1)}, "Your seat is kept"),
        ({"kind": "MEDAL", "limit_per_member": 1}, "Wear it with pride"),
        ({"kind": "CHANCE", "chance_pool": "x"}, "Good luck"),
    ],
)
def test_what_is_not_sent_asks_for_no_address(browse: Browse, lin: Member, fields: dict[str, Any], word: str) -> None:
    give(lin, 300)
    gift = shelve(**fields)
    client = browse(lin)

    form = client.get(f"/mall/{gift.pk}/redeem/").content.decode()
    done = click(client, gift)

    assert 'name="street"' not in form
    assert word in done.content.decode()
    assert (Redemption.objects.get().address, available(lin)) == ("", 200)


def test_an_address_sent_for_a_code_is_not_kept(browse: Browse, lin: Member) -> None:
    give(lin, 300)

    click(browse(lin), pool("A1"), recipient="x", phone="13800001111", address="y")

    assert (Redemption.objects.get().address, Redemption.objects.get().recipient) == ("", "")


def test_a_code_is_shown_when_its_owner_asks(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    client = browse(lin)
    click(client, pool("SPRING-2026"))
    page = f"/redemptions/{Redemption.objects.get().pk}/"

    before = client.get(page).content.decode()
    client.get(f"{page}codes/")
    assert CouponCode.objects.get().seen_at is None
    after = client.post(f"{page}codes/", follow=True).content.decode()

    assert "SPRING-2026" not in before
    assert "SPRING-2026" in after
    assert "SPRING-2026" in client.get(page).content.decode()


def test_another_members_code_and_voucher_are_not_found(browse: Browse, lin: Member, wei: Member) -> None:
    give(wei, 300)
    made = [redeemed(wei, pool("A1")), redeemed(wei, shelve(kind="PRIVILEGE"))]
    client = browse(lin)

    for one in made:
        page = f"/redemptions/{one.pk}/"
        assert client.get(page).status_code == client.post(f"{page}codes/").status_code == 404
        assert client.post(f"{page}cancel/").status_code == 404
    assert CouponCode.objects.get().seen_at is None


def test_a_voucher_tells_its_code_and_what_became_of_it(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    made = redeemed(lin, shelve(kind="PRIVILEGE"))
    voucher, client = made.vouchers.get(), browse(lin)
    page = f"/redemptions/{made.pk}/"

    open_page = client.get(page).content.decode()
    counter.use(code=voucher.code, at=timezone.now(), actor_id=None, place="West Lake")
    used_page = client.get(page).content.decode()

    assert voucher.shown_code in open_page
    assert qr.svg(f"http://testserver/admin/mall/voucher/counter/#{voucher.code}") in open_page
    assert "crispEdges" not in used_page
    assert "Ready to use" in open_page
    assert "West Lake" in used_page
    assert "Cancel this redemption" not in used_page


def test_a_privilege_is_cancelled_by_its_owner_until_it_is_used(browse: Browse, lin: Member) -> None:
    give(lin, 300)
    gift = shelve(kind="PRIVILEGE")
    first, second = redeemed(lin, gift), redeemed(lin, gift)
    counter.use(code=second.vouchers.get().code, at=timezone.now(), actor_id=None, place="")
    client = browse(lin)

    client.post(f"/redemptions/{first.pk}/cancel/")
    late = client.post(f"/redemptions/{second.pk}/cancel/", follow=True)

    assert "note-error" in late.content.decode()
    assert available(lin) == 200


def test_medals_are_shown_with_their_day(browse: Browse, lin: Member, wei: Member) -> None:
    gift = shelve("Founder", kind="MEDAL", limit_per_member=1)
    medals.give(gift_id=gift.pk, member_ids=[lin.pk], at=timezone.now(), actor_id=None, note="ten years")

    mine = browse(lin).get("/medals/").content.decode()
    others = browse(wei).get("/medals/").context

    assert "Founder" in mine
    assert "ten years" in mine
    assert [medal.gift for medal in browse(lin).get("/").context["medals"]] == [gift]
    assert [others["medals"], list(others["others"])] == [[], [gift]]
