"""Carriers: however they are spelt, they are one; and a link is made only where a parcel can be followed."""

from __future__ import annotations

import pytest

from mall.carriers import CARRIERS, called, known, tracking_url


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("顺丰", "顺丰速运"), ("ＳＦ express", "顺丰速运"), (" 顺丰 速运 ", "顺丰速运"), ("sf", "顺丰速运"),
        ("中通快递（上海）", "中通快递"), ("ZTO", "中通快递"), ("圆通快递", "圆通速递"), ("yto-express", "圆通速递"),
        ("申通", "申通快递"), ("韵达速递", "韵达快递"), ("J&T", "极兔速递"), ("极兔", "极兔速递"),
        ("京东物流", "京东快递"), ("JD", "京东快递"), ("ems", "EMS"), ("邮政EMS", "EMS"), ("Deppon", "德邦快递"),
        ("德邦物流", "德邦快递"), ("菜鸟裹裹", "菜鸟速递"), ("顺丰速运有限公司", "顺丰速运"),
    ],
)  # fmt: skip
def test_a_carrier_is_known_by_its_usual_spellings(text: str, name: str) -> None:
    assert called(text) == name


@pytest.mark.parametrize("text", ["", "()", "同城跑腿", "DHL", "顺", "公司"])
def test_another_name_stays_as_it_is(text: str) -> None:
    assert known(text) is None
    assert called(text) == text


def test_no_word_stands_for_two_carriers() -> None:
    for carrier in CARRIERS:
        assert all(known(word) is carrier for word in (carrier.name, *carrier.words))


@pytest.mark.parametrize("carrier", [one.name for one in CARRIERS if one.url])
def test_a_number_leads_to_its_carriers_page(carrier: str) -> None:
    url = tracking_url(carrier, "AB-12345")

    assert url.startswith("https://")
    assert url.endswith("AB-12345")


@pytest.mark.parametrize(
    ("carrier", "number"),
    [
        ("圆通", "YT12345"),
        ("DHL", "12345"),
        ("顺丰", "1"),
        ("顺丰", "../12345"),
        ("顺丰", "12 345"),
        ("顺丰", "１２３４５"),
    ],
)
def test_nothing_leads_anywhere_else(carrier: str, number: str) -> None:
    assert tracking_url(carrier, number) == ""
