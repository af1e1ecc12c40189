"""eBay: an order of several items is summed up in a row above them, whose total alone counts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from members.models import Member
from orders.channels.rows import BadRow, Row, Skipped
from orders.models import Order
from tests.orders.conftest import HEADERS, Export, Understood, everything, imported

pytestmark = pytest.mark.usefixtures("english")

NUMBER = "12-09876-54321"
SINGLE = {
    "Sales Record Number": "101",
    "Order Number": "12-09876-11111",
    "Buyer Username": "lin_2026",
    "Ship To Phone": "13900000000",
    "Item Number": "254000000001",
    "Item Title": "Face cream",
    "Custom Label": "CRM-50",
    "Quantity": "1",
    "Sold For": "AU $2,990.00",
    "Shipping And Handling": "AU $10.00",
    "Total Price": "AU $3,000.00",
    "Sale Date": "Jul-21-25",
    "Paid On Date": "Jul-22-25",
    "Transaction ID": "90001",
}
SUMMARY = {
    "Sales Record Number": "102",
    "Order Number": NUMBER,
    "Buyer Username": "mei_2026",
    "Quantity": "3",
    "Shipping And Handling": "$5.00",
    "Total Price": "$95.00",
    "Sale Date": "26-May-26",
    "Paid On Date": "26-May-26",
}
ITEM = {
    "Sales Record Number": "102",
    "Order Number": NUMBER,
    "Item Number": "254000000002",
    "Item Title": "Hand cream",
    "Quantity": "2",
    "Sold For": "$30.00",
    "Transaction ID": "90002",
}
OTHER = ITEM | {"Item Number": "254000000003", "Item Title": "Serum", "Quantity": "1", "Transaction ID": "90003"}


def test_single_row_is_an_order(understood: Understood) -> None:
    [row] = understood("EBAY_ORDERS_51", SINGLE)

    assert (row.number, row.row_key, row.status) == ("12-09876-11111", "", "paid")
    assert (row.gross, row.shipping, row.buyer, row.phone) == (Decimal(3000), Decimal(10), "lin_2026", "")
    assert row.ordered_at == datetime(2025, 7, 21, tzinfo=UTC)
    assert row.paid_at == datetime(2025, 7, 22, tzinfo=UTC)
    assert row.completed_at is None


def test_summary_alone_has_the_money_of_its_items(db: None, export: Export) -> None:
    result = imported(export("EBAY_ORDERS_51", SINGLE, SUMMARY, ITEM, OTHER))

    assert result == {"12-09876-11111": ("paid", "3000.00", "0.00"), NUMBER: ("paid", "95.00", "0.00")}
    order = Order.objects.get(number=NUMBER)
    assert (order.buyer, order.shipping, order.lines.count()) == ("mei_2026", Decimal(5), 3)
    assert order.lines.get(title="Serum").quantity == 1


def test_blank_line_padding_and_footers_are_no_orders(export: Export) -> None:
    commas = "," * (len(HEADERS["EBAY_ORDERS_51"]) - 1)
    footers = '2,record(s) downloaded,\r\n"Seller ID : jifen-shop"\r\n'

    things = everything(export("EBAY_ORDERS_51", {}, SINGLE, {}, before=f"{commas}\r\n", after=footers))

    assert [(type(one), one.line) for one in things] == [(Row, 4), (Skipped, 6), (Skipped, 7)]


def test_footers_of_full_width_are_no_orders(understood: Understood) -> None:
    footer = {"Sales Record Number": "2", "Order Number": "record(s) downloaded"}
    seller = {"Sales Record Number": "Seller ID : jifen-shop"}

    assert [type(one) for one in understood("EBAY_ORDERS_51", SINGLE, footer, seller)] == [Row, Skipped, Skipped]


def test_sales_record_number_stands_in_for_a_blank_order_number(understood: Understood) -> None:
    single, summary, item = understood(
        "EBAY_ORDERS_51", SINGLE | {"Order Number": ""}, SUMMARY, ITEM | {"Order Number": ""}
    )

    assert (single.number, summary.number, item.number) == ("101", NUMBER, NUMBER)


def test_item_without_its_summary_above_is_bad(understood: Understood) -> None:
    bad, summary = understood("EBAY_ORDERS_51", ITEM, SUMMARY)

    assert (bad.column, summary.gross) == ("Total Price", Decimal(95))
    assert "without sorting" in bad.reason


def test_items_of_a_rejected_summary_make_no_order(understood: Understood) -> None:
    things = understood("EBAY_ORDERS_51", SUMMARY | {"Total Price": "see invoice"}, ITEM)

    assert [type(one) for one in things] == [BadRow, BadRow]


@pytest.mark.parametrize(
    ("price", "amount"),
    [
        ("EUR 90,00", "90.00"),
        ("EUR 1.290,50", "1290.50"),
        ("AU $3,000.00", "3000.00"),
        ("£1,299", "1299.00"),
        ("US $12.5", "12.50"),
    ],
)
def test_price_of_any_country(understood: Understood, price: str, amount: str) -> None:
    [row] = understood("EBAY_ORDERS_51", SINGLE | {"Total Price": price, "Shipping And Handling": ""})

    assert str(row.gross) == amount


def test_order_without_a_date_of_payment_is_unpaid(understood: Understood) -> None:
    [row] = understood("EBAY_ORDERS_51", SINGLE | {"Paid On Date": ""})

    assert (row.status, row.gross, row.paid_at) == ("unpaid", Decimal(0), None)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Paid On Date", "Foo-21-25"),
        ("Paid On Date", "Feb-30-26"),
        ("Total Price", "EUR 90,0"),
        ("Order Number", "see below"),
        ("Sales Record Number", "1E+20"),
    ],
)
def test_bad_cell_is_named(understood: Understood, column: str, value: str) -> None:
    [bad] = understood("EBAY_ORDERS_51", SINGLE | {column: value})

    assert (bad.column, bad.value) == (column, value)


def test_order_without_any_number_is_bad(understood: Understood) -> None:
    [bad] = understood("EBAY_ORDERS_51", SINGLE | {"Order Number": "", "Sales Record Number": ""})

    assert bad.column == "Order Number"


def test_buyer_is_matched_by_his_user_name(db: None, export: Export, lin: Member) -> None:
    lin.identities.create(channel="ebay", external_id="lin_2026")

    imported(export("EBAY_ORDERS_51", SINGLE))

    assert Order.objects.get().member == lin
