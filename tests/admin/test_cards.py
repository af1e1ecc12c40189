"""Parcel cards: a code of the shop as a picture, a code for each order on sheets of labels."""

from __future__ import annotations

import re
import struct
from typing import Any

import pytest
from django.test import Client

from config import qr
from members.models import Member
from orders.admin import cards
from orders.models import Channel, Order
from tests.admin.conftest import signed_in, staff
from tests.orders.test_claims import sold

ORDERS = "/admin/orders/order/"
HERE = "http://testserver/claims/?"


@pytest.fixture
def tmall(db: None) -> Channel:
    return Channel.objects.create(code="tmall", name="天猫旗舰店", format="taobao")


def page_of(channel: Channel) -> str:
    return f"/admin/orders/channel/{channel.pk}/cards/"


def printed(response: Any) -> list[str]:
    """The numbers of the cards on a sheet, in their order."""
    return re.findall(r'class="number">[^<]*<br>([^<]*)</p>', response.content.decode())


def test_the_code_of_a_shop_opens_the_page_of_claims_with_the_shop_chosen(boss: Client, tmall: Channel) -> None:
    page = boss.get(page_of(tmall)).content.decode()
    svg, png = (boss.get(f"/admin/orders/channel/{tmall.pk}/card.{kind}") for kind in ("svg", "png"))

    assert qr.svg(f"{HERE}channel=tmall") in page
    assert svg.content.decode() == qr.svg(f"{HERE}channel=tmall")
    assert png.content == qr.png(f"{HERE}channel=tmall")
    assert [one.headers["content-type"] for one in (svg, png)] == ["image/svg+xml", "image/png"]
    assert svg.headers["content-disposition"] == 'attachment; filename="parcel-card-tmall.svg"'


def test_a_picture_for_printing_is_square_and_large(tmall: Channel) -> None:
    picture = qr.png(f"{HERE}channel=tmall")

    wide, high = struct.unpack(">II", picture[16:24])
    assert wide == high
    assert 450 <= wide <= 600


def test_numbers_of_parcels_become_a_card_each_in_their_order(boss: Client, tmall: Channel) -> None:
    numbers = [str(4133_0000_0000_0000_030 - number) for number in range(30)]

    sheet = boss.post(page_of(tmall), {"numbers": "\n".join(numbers)})

    assert printed(sheet) == numbers
    assert sheet.content.decode().count("<section>") == 2
    assert qr.svg(f"{HERE}n={numbers[29]}&channel=tmall") in sheet.content.decode()


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ("", "This field is required"),
        ("P123456789012345678", "is not an order number"),
        (" ".join(str(10**18 + n) for n in range(cards.MOST + 1)), f"at most {cards.MOST}"),
    ],
)
def test_what_cannot_be_printed_is_said(boss: Client, tmall: Channel, numbers: str, words: str) -> None:
    response = boss.post(page_of(tmall), {"numbers": numbers})

    assert response.status_code == 422
    assert words in response.content.decode()


def test_chosen_orders_become_cards_unless_they_are_a_members(boss: Client, lin: Member, tmall: Channel) -> None:
    shut = Channel.objects.create(code="jd", name="JD", format="jd", claims=False)
    orders = [sold(tmall, "1002"), sold(tmall, "1001"), sold(tmall, "1003", member=lin), sold(shut, "1004")]
    chosen = {"action": "print_cards", "_selected_action": [one.pk for one in orders]}

    sheet = boss.post(ORDERS, chosen)
    none = boss.post(ORDERS, {**chosen, "_selected_action": [orders[2].pk]}, follow=True).content.decode()

    assert printed(sheet) == ["1001", "1002"]
    assert "2 orders left out" in sheet.content.decode()
    assert "None of the selected orders needs a card" in none


def test_more_orders_than_fit_are_not_half_printed(
    boss: Client, tmall: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "MOST", 2)
    for number in ("1001", "1002", "1003"):
        sold(tmall, number)
    chosen = {"action": "print_cards", "_selected_action": list(Order.objects.values_list("pk", flat=True))}

    assert "Select at most 2 orders" in boss.post(ORDERS, chosen, follow=True).content.decode()


def test_who_may_not_see_channels_gets_no_cards(tmall: Channel) -> None:
    may = signed_in(staff("chen", "view_channel"))
    may_not = signed_in(staff("zhao", "view_order"))
    paths = [page_of(tmall), f"/admin/orders/channel/{tmall.pk}/card.png"]

    assert [may.get(path).status_code for path in paths] == [200, 200]
    assert [may_not.get(path).status_code for path in paths] == [403, 403]
    assert may.get(f"/admin/orders/channel/{tmall.pk}/card.exe").status_code == 404
    assert may.get("/admin/orders/channel/99999/cards/").status_code == 404


def test_a_shop_that_takes_no_claims_says_so_beside_its_code(boss: Client, tmall: Channel) -> None:
    Channel.objects.update(claims=False)

    assert "takes no claims at the moment" in boss.get(page_of(tmall)).content.decode()
