"""Square: payments and refunds are rows of their own; a time is told in three columns."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from members.models import Member
from orders.models import Order
from tests.orders.conftest import Export, Understood, imported

pytestmark = pytest.mark.usefixtures("english")

NUMBER = "TuuHpcQqkYVXgwDKWjGzpCLTYqVZY"
PAYMENT = {
    "Date": "2026-05-10",
    "Time": "21:50:48",
    "Time Zone": "Eastern Time (US & Canada)",
    "Gross Sales": "$1,250.00",
    "Discounts": "-$50.00",
    "Net Sales": "$1,200.00",
    "Tax": "$34.00",
    "Tip": "$20.00",
    "Total Collected": "$1,254.00",
    "Card": "$1,254.00",
    "Cash": "$0.00",
    "Transaction ID": NUMBER,
    "Payment ID": "pay0000000000000000000001",
    "Description": "Face cream",
    "Event Type": "Payment",
    "Customer ID": "CUST0000000000000000000001",
    "Customer Name": "Lin",
}
REFUND = PAYMENT | {
    "Date": "2026-05-12",
    "Net Sales": "-$30.00",
    "Tax": "($4.00)",
    "Tip": "$0.00",
    "Total Collected": "-$34.00",
    "Payment ID": "ref0000000000000000000001",
    "Event Type": "Refund",
}


def test_payment_is_sales_and_tax_without_the_tip(understood: Understood) -> None:
    [row] = understood("SQUARE_TRANSACTIONS_55", PAYMENT)

    assert (row.number, row.row_key) == (NUMBER, "pay0000000000000000000001")
    assert (row.status, row.gross, row.refunded) == ("paid", Decimal(1234), Decimal(0))
    assert (row.buyer, row.phone, row.title) == ("CUST0000000000000000000001", "", "Face cream")
    assert row.paid_at.astimezone(UTC) == datetime(2026, 5, 11, 1, 50, 48, tzinfo=UTC)


def test_total_collected_counts_where_there_are_no_net_sales(understood: Understood) -> None:
    header = [name for name in PAYMENT if name not in ("Net Sales", "Tax")]

    payment, refund = understood(header, PAYMENT, REFUND)

    assert (payment.gross, refund.refunded) == (Decimal(1254), Decimal(34))


@pytest.mark.parametrize("first", ["payment", "refund"])
def test_refund_takes_from_its_transaction_whichever_comes_first(db: None, export: Export, first: str) -> None:
    files = [export("SQUARE_TRANSACTIONS_55", PAYMENT), export("SQUARE_TRANSACTIONS_55", REFUND)]

    result = imported(*files if first == "payment" else files[::-1])

    assert result == {NUMBER: ("partially_refunded", "1234.00", "34.00")}
    assert Order.objects.get().paid_at == datetime(2026, 5, 11, 1, 50, 48, tzinfo=UTC)


def test_payments_of_a_transaction_add_up_and_refunds_may_take_all(db: None, export: Export) -> None:
    other = PAYMENT | {"Payment ID": "pay0000000000000000000002", "Net Sales": "$100.00", "Tax": "$0.00"}
    whole = REFUND | {"Net Sales": "-$1,270.00", "Tax": "-$30.00"}
    rest = REFUND | {"Time": "22:00:00"}

    result = imported(export("SQUARE_TRANSACTIONS_55", PAYMENT, other, whole, rest, rest, REFUND))

    assert result == {NUMBER: ("refunded", "1334.00", "1334.00")}


def test_refund_under_the_number_of_its_payment_keeps_the_payment(db: None, export: Export) -> None:
    refund = REFUND | {"Payment ID": PAYMENT["Payment ID"]}

    result = imported(export("SQUARE_TRANSACTIONS_55", PAYMENT, refund))

    assert result == {NUMBER: ("partially_refunded", "1234.00", "34.00")}


def test_refund_by_amount_stands_in_its_own_column(understood: Understood) -> None:
    [row] = understood(
        "SQUARE_TRANSACTIONS_55", REFUND | {"Net Sales": "$0.00", "Tax": "$0.00", "Partial Refunds": "-$34.00"}
    )

    assert (row.gross, row.refunded) == (Decimal(0), Decimal(34))


def test_refund_of_a_transaction_of_its_own_is_no_purchase(db: None, export: Export) -> None:
    alone = REFUND | {"Transaction ID": "OtherTransaction000000001"}

    assert imported(export("SQUARE_TRANSACTIONS_55", alone)) == {
        "OtherTransaction000000001": ("refunded", "0.00", "0.00")
    }


@pytest.mark.parametrize(
    ("date", "time", "zone", "instant"),
    [
        ("2026-11-10", "21:50:48", "Pacific Time (US & Canada)", "2026-11-11T05:50:48"),
        ("10/05/2026", "2:30:00 PM", "Eastern Time (US & Canada)", "2026-10-05T18:30:00"),
        ("10/05/2026", "2:30:00\u202fPM", "America/New_York", "2026-10-05T18:30:00"),
        ("25/05/2026", "12:00:00 AM", "London", "2026-05-24T23:00:00"),
        ("05/25/2026", "09:05", "Sydney", "2026-05-24T23:05:00"),
        ("05/05/2026", "00:00:00", "Asia/Shanghai", "2026-05-04T16:00:00"),
    ],
)
def test_time_is_told_by_date_time_and_zone(
    understood: Understood, date: str, time: str, zone: str, instant: str
) -> None:
    [row] = understood("SQUARE_TRANSACTIONS_55", PAYMENT | {"Date": date, "Time": time, "Time Zone": zone})

    assert row.paid_at.astimezone(UTC) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("column", "value", "more"),
    [
        ("Date", "10/05/2026", {"Time Zone": "London"}),
        ("Date", "31/31/2026", {}),
        ("Date", "2026-02-30", {}),
        ("Date", "yesterday", {}),
        ("Time", "25:00:00", {}),
        ("Time", "", {}),
        ("Time Zone", "Middle-earth", {}),
        ("Time Zone", "../etc/passwd", {}),
        ("Event Type", "Chargeback", {}),
        ("Total Collected", "", {"Net Sales": ""}),
        ("Net Sales", "free", {}),
        ("Transaction ID", "", {}),
    ],
)
def test_bad_cell_is_named(understood: Understood, column: str, value: str, more: dict[str, str]) -> None:
    [bad] = understood("SQUARE_TRANSACTIONS_55", PAYMENT | {column: value} | more)

    assert (bad.column, bad.value) == (column, value)
    assert bad.reason.endswith(".")


def test_refund_that_is_not_negative_is_bad(understood: Understood) -> None:
    [bad] = understood("SQUARE_TRANSACTIONS_55", REFUND | {"Net Sales": "$30.00", "Tax": "$0.00"})

    assert "negative" in bad.reason


def test_customer_is_matched_by_his_number(db: None, export: Export, lin: Member) -> None:
    lin.identities.create(channel="square", external_id=PAYMENT["Customer ID"])

    imported(export("SQUARE_TRANSACTIONS_55", PAYMENT))

    assert Order.objects.get().member == lin
