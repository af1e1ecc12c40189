"""Stripe: a row per charge; the amounts tell refunds, for a refunded charge may stay Paid."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.orders.conftest import HEADERS, Understood

pytestmark = pytest.mark.usefixtures("english")

CHARGE = {
    "id": "ch_3PAbCdEfGhIjKlMn0oPqRsTu",
    "Created date (UTC)": "2026-05-01 10:00:05",
    "Amount": "1,234.50",
    "Amount Refunded": "0.00",
    "Currency": "usd",
    "Captured": "true",
    "Status": "Paid",
}


def test_charge_is_understood(understood: Understood) -> None:
    [row] = understood("STRIPE_PAYMENTS_17", CHARGE)

    assert (row.number, row.row_key, row.status) == (CHARGE["id"], "", "paid")
    assert (row.gross, row.refunded, row.buyer, row.phone) == (Decimal("1234.50"), Decimal(0), "", "")
    assert row.paid_at == datetime(2026, 5, 1, 10, 0, 5, tzinfo=UTC)


def test_older_header_is_known(understood: Understood) -> None:
    header = ["Created (UTC)" if name == "Created date (UTC)" else name for name in HEADERS["STRIPE_PAYMENTS_17"]]

    [row] = understood(header, CHARGE | {"Created (UTC)": "2026-05-01 10:00"})

    assert row.ordered_at == datetime(2026, 5, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "refund", "status", "gross", "refunded"),
    [
        ("Paid", "234.50", "partially_refunded", "1234.50", "234.50"),
        ("Paid", "1234.50", "refunded", "1234.50", "1234.50"),
        ("Refunded", "1234.50", "refunded", "1234.50", "1234.50"),
        ("Refunded", "", "refunded", "1234.50", "1234.50"),
        ("Failed", "0.00", "unpaid", "0.00", "0.00"),
    ],
)
def test_amounts_tell_refunds(
    understood: Understood, word: str, refund: str, status: str, gross: str, refunded: str
) -> None:
    [row] = understood("STRIPE_PAYMENTS_17", CHARGE | {"Status": word, "Amount Refunded": refund})

    assert (row.status, row.gross, row.refunded) == (status, Decimal(gross), Decimal(refunded))
    assert (row.paid_at is None) == (status == "unpaid")


@pytest.mark.parametrize(("column", "value"), [("id", "3.1E+20"), ("Amount", ""), ("Amount Refunded", "2000.00")])
def test_bad_cell_is_named(understood: Understood, column: str, value: str) -> None:
    [bad] = understood("STRIPE_PAYMENTS_17", CHARGE | {column: value})

    assert (bad.column, bad.value) == (column, value)
