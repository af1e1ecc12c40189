"""The address book: chosen by province, city and district, with scripts or without, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from mall import addresses, regions
from mall.models import SavedAddress
from members.models import Member
from tests.conftest import rows

Browse = Callable[[Member], Client]

XIHU, DONGGUAN, HONG_KONG = "330106", "4419", "81"
FORM = {"recipient": "林", "phone": "13800000001", "street": "南京西路 1 号"}
WEST_LAKE = {"province": "33", "city": "3301", "district": XIHU}


def book(member: Member, *, usual: bool = False, street: str = "1 号") -> SavedAddress:
    given = addresses.Given("林", "13800000001", XIHU, street, usual)
    return addresses.save(member_id=member.pk, given=given)


@pytest.mark.parametrize(
    ("chosen", "place"),
    [
        (WEST_LAKE, "浙江省 杭州市 西湖区"),
        ({"province": "11", "city": "110105"}, "北京市 朝阳区"),
        ({"province": "44", "city": DONGGUAN}, "广东省 东莞市"),
        ({"province": HONG_KONG}, "香港特别行政区"),
    ],
)
def test_a_place_is_as_deep_as_the_country_is_there(
    browse: Browse, lin: Member, chosen: dict[str, str], place: str
) -> None:
    response = browse(lin).post("/addresses/new/", FORM | chosen)

    assert response.headers["location"] == "/addresses/"
    made = SavedAddress.objects.get()
    assert (made.place, made.street, made.usual) == (place, "南京西路 1 号", True)
    assert made.member == lin


def test_without_scripts_each_answer_offers_the_next_list(browse: Browse, lin: Member) -> None:
    client = browse(lin)

    first = client.get("/addresses/new/").content.decode()
    second = client.post("/addresses/new/", FORM | {"province": "33"})
    third = client.post("/addresses/new/", FORM | {"province": "33", "city": "3301"})

    assert "浙江省" in first
    assert "杭州市" not in first
    assert second.status_code == 422
    assert "Choose the city" in second.content.decode()
    assert "杭州市" in second.content.decode()
    assert "西湖区" in third.content.decode()
    assert 'value="林"' in third.content.decode()
    assert not SavedAddress.objects.exists()


def test_with_scripts_only_the_lists_come(browse: Browse, lin: Member) -> None:
    page = browse(lin).get("/addresses/regions/", {"province": "33", "city": "3101", "district": XIHU}).content.decode()

    assert "杭州市" in page
    assert "西湖区" not in page  # 3101 lies in another province
    assert "<html" not in page


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"province": "33", "city": "3301"},
        {"province": "33", "city": "4419"},
        {"province": "99"},
        {"province": "33", "city": "3301", "district": "110105"},
        WEST_LAKE | {"phone": "x"},
        WEST_LAKE | {"recipient": " "},
        WEST_LAKE | {"street": " \n "},
        WEST_LAKE | {"recipient": "x" * 61},
    ],
)
def test_an_incomplete_or_forged_address_is_refused(browse: Browse, lin: Member, wrong: dict[str, str]) -> None:
    response = browse(lin).post("/addresses/new/", FORM | wrong)

    assert response.status_code == 422
    assert response.context["form"].errors
    assert not SavedAddress.objects.exists()


def test_one_address_is_the_usual_one(lin: Member, wei: Member) -> None:
    others = book(wei)
    first, second, third = book(lin), book(lin), book(lin, usual=True)

    usual = dict(rows(SavedAddress, "pk", "usual"))
    addresses.remove(member_id=lin.pk, address_id=third.pk)
    after = dict(rows(SavedAddress, "pk", "usual"))

    assert usual == {others.pk: True, first.pk: False, second.pk: False, third.pk: True}
    assert after == {others.pk: True, first.pk: False, second.pk: True}


def test_an_address_is_changed_and_stays_the_usual_one(browse: Browse, lin: Member) -> None:
    own = book(lin)
    client = browse(lin)

    page = client.get(f"/addresses/{own.pk}/").content.decode()
    client.post(f"/addresses/{own.pk}/", FORM | {"province": "81", "street": "2 号"})

    assert "西湖区" in page
    own.refresh_from_db()
    assert (own.place, own.street, own.usual) == ("香港特别行政区", "2 号", True)


def test_a_full_book_takes_no_more(browse: Browse, lin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "MOST_ADDRESSES", 1)
    own = book(lin)
    client = browse(lin)

    refused = client.post("/addresses/new/", FORM | WEST_LAKE)
    changed = client.post(f"/addresses/{own.pk}/", FORM | WEST_LAKE)

    assert "You have 1 addresses" in refused.content.decode()
    assert changed.status_code == 302
    assert SavedAddress.objects.count() == 1


def test_anothers_address_is_not_found(browse: Browse, lin: Member, wei: Member) -> None:
    others = book(wei)
    client = browse(lin)

    looked = [client.get(f"/addresses/{others.pk}/"), client.get("/addresses/99999999999/")]
    changed = client.post(f"/addresses/{others.pk}/", FORM | WEST_LAKE)
    removed = client.post(f"/addresses/{others.pk}/remove/")

    assert [one.status_code for one in [*looked, changed, removed]] == [404] * 4
    assert list(client.get("/addresses/").context["addresses"]) == []
    assert SavedAddress.objects.get() == others


@pytest.mark.django_db(transaction=True)
def test_two_tabs_make_one_usual_address(lin: Member, at_once: Any) -> None:
    given = addresses.Given("林", "13800000001", XIHU, "1 号", True)

    done = at_once(lambda _turn: addresses.save(member_id=lin.pk, given=given), [1, 2, 3, 4])

    assert all(isinstance(one, SavedAddress) for one in done)
    assert sorted(usual for _pk, usual in rows(SavedAddress, "pk", "usual")) == [False, False, False, True]


def test_lists_show_no_whole_phone(browse: Browse, lin: Member) -> None:
    book(lin)

    page = browse(lin).get("/addresses/").content.decode()

    assert "138****0001" in page
    assert "13800000001" not in page


def test_every_division_leads_to_a_place() -> None:
    leaves = [code for code in _walk("") if regions.find(code).leaf]  # type: ignore[union-attr]

    assert len(regions.below()) == 34
    assert len(leaves) > 2_800
    assert all(regions.place(code) and len(regions.place(code)) <= 60 and len(code) <= 6 for code in leaves)


def _walk(code: str) -> list[str]:
    return [found for one in regions.below(code) for found in [one.code, *_walk(one.code)]]
