"""Amazon: a tab separated row per item; the item's own status comes first."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.orders.conftest import Export, Understood, everything, imported

pytestmark = pytest.mark.usefixtures("english")

NUMBER = "058-3718414-0463502"
ITEM = {
    "amazon-order-id": NUMBER,
    "purchase-date": "2026-05-01T18:53:56+00:00",
    "last-updated-date": "2026-05-02T18:53:56+00:00",
    "order-status": "Shipped",
    "product-name": 'Face cream 6" jar',
    "sku": "CRM-50",
    "asin": "B000WON1Z0",
    "item-status": "Shipped",
    "quantity": "2",
    "currency": "USD",
    "item-price": "40.00",
    "item-tax": "3.20",
    "shipping-price": "5.00",
    "item-promotion-discount": "4.00",
}
SECOND = ITEM | {
    "sku": "HND-75",
    "asin": "B000WON1Z1",
    "item-price": "10.00",
    "item-tax": "",
    "item-promotion-discount": "",
}


@pytest.mark.parametrize("header", ["AMAZON_ALL_ORDERS_29", "AMAZON_ALL_ORDERS_32"])
def test_item_is_understood(export: Export, header: str) -> None:
    [row] = everything(export(header, ITEM, delimiter="\t"))

    assert (row.number, row.status, row.gross, row.refunded) == (NUMBER, "paid", Decimal("39.20"), Decimal(0))
    assert (row.buyer, row.phone, row.sku, row.quantity) == ("", "", "CRM-50", 2)
    assert row.paid_at == datetime(2026, 5, 1, 18, 53, 56, tzinfo=UTC)


def test_cancelled_item_within_a_shipped_order_adds_nothing(db: None, export: Export) -> None:
    cancelled = SECOND | {"item-status": "Cancelled", "item-price": "", "quantity": "0"}

    assert imported(export("AMAZON_ALL_ORDERS_32", ITEM, cancelled, delimiter="\t")) == {
        NUMBER: ("paid", "39.20", "0.00")
    }


def test_items_of_an_order_add_up(db: None, export: Export) -> None:
    dearer = ITEM | {"item-price": "41.00"}

    result = imported(export("AMAZON_ALL_ORDERS_29", ITEM, SECOND, SECOND, dearer, delimiter="\t"))

    assert result == {NUMBER: ("paid", "89.40", "0.00")}


def test_pending_order_counts_once_it_is_shipped(db: None, export: Export) -> None:
    pending = ITEM | {"order-status": "Pending", "item-status": "", "item-price": "", "item-tax": ""}

    before = imported(export("AMAZON_ALL_ORDERS_32", pending, delimiter="\t"))
    after = imported(export("AMAZON_ALL_ORDERS_32", ITEM, delimiter="\t"))

    assert before == {NUMBER: ("unpaid", "0.00", "0.00")}
    assert after == {NUMBER: ("paid", "39.20", "0.00")}


@pytest.mark.parametrize(
    ("order", "item", "status"),
    [
        ("Pending", "", "unpaid"),
        ("Pending", "Unshipped", "unpaid"),
        ("Unshipped", "Unshipped", "paid"),
        ("Shipped", "", "paid"),
        ("Cancelled", "Cancelled", "closed"),
        ("Cancelled", "", "closed"),
        ("Shipped", "Cancelled", "closed"),
        ("Shipped - Delivered to Buyer", "Shipped", "paid"),
        ("Shipped - Returned to Seller", "Shipped", "hold"),
        ("Shipped - Rejected by Buyer", "Cancelled", "closed"),
    ],
)
def test_status_of_the_item_comes_first(understood: Understood, order: str, item: str, status: str) -> None:
    [row] = understood("AMAZON_ALL_ORDERS_32", ITEM | {"order-status": order, "item-status": item}, delimiter="\t")

    assert row.status == status
    assert row.gross == (Decimal("39.20") if status in ("paid", "hold") else Decimal(0))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("item-price", ""),
        ("item-promotion-discount", "50.00"),
        ("amazon-order-id", "0583718414"),
        ("purchase-date", "yesterday"),
    ],
)
def test_bad_cell_is_named(understood: Understood, column: str, value: str) -> None:
    [bad] = understood("AMAZON_ALL_ORDERS_32", ITEM | {column: value}, delimiter="\t")

    assert (bad.column, bad.value) == (column, value)
