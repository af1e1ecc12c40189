"""A report of Tmall in the shape of a real one: 28,010 rows, no status, no buyer, UTF-8 without a mark, CRLF.

In the real one 总金额 was what was paid and what went back in all of its 24,087 paid rows; 5,132 of them were refunded
in full and 514 in part, and 3,923 were never paid. What this one comes to is worked out here from its text, without
anything that reads orders.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from django.db.models import Count, Sum

from orders.models import Order
from tests.orders.conftest import HEADERS
from tests.orders.test_importing import import_file

PAID, WHOLLY_BACK, PARTLY_BACK, ROWS = 24_087, 5_132, 514, 28_010
PLACES = ("上海", "广东省", "新疆维吾尔自治区", "内蒙古自治区", "")


@pytest.fixture
def report(tmp_path: Path) -> Path:
    random = Random(28_010)
    kinds = ["back"] * WHOLLY_BACK + ["partly"] * PARTLY_BACK
    kinds += ["paid"] * (PAID - len(kinds)) + ["unpaid"] * (ROWS - PAID)
    random.shuffle(kinds)
    path = tmp_path / "tmall_order_report.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(HEADERS["TMALL_REPORT_7"])
        for number, kind in enumerate(kinds, 1):
            cents = random.randrange(2 if kind == "partly" else 1, 99_999)
            back = {"back": cents, "partly": random.randrange(1, cents) if cents > 1 else 0}.get(kind, 0)
            net = 0 if kind == "unpaid" else cents - back
            day, clock = f"2020-02-{number % 29 + 1:02d}", f"{number % 24:02d}:{number % 60:02d}:{number % 59:02d}"
            paid_at = "" if kind == "unpaid" else f"{day} {clock}"
            amounts = (f"{cents / 100:g}", f"{net / 100:.2f}")
            writer.writerow((number, *amounts, PLACES[number % 5], f"{day} {clock}", paid_at, f"{back / 100:.2f}"))
    return path


def worked_out(path: Path) -> dict[str, tuple[int, Decimal, Decimal]]:
    """Return orders, paid and refunded of each class, from the text alone."""
    found: dict[str, tuple[int, Decimal, Decimal]] = {}
    for line in path.read_text("utf-8").splitlines()[1:]:
        _number, total, net, _place, _made, paid_at, back = line.split(",")
        gross, refunded = Decimal(net) + Decimal(back), Decimal(back)
        if not paid_at:
            kind, gross = "unpaid", Decimal(0)
        else:
            assert gross == Decimal(total)
            kind = "refunded" if not Decimal(net) else "partially_refunded" if refunded else "paid"
        orders, paid, returned = found.get(kind, (0, Decimal(0), Decimal(0)))
        found[kind] = orders + 1, paid + gross, returned + refunded
    return found


def test_report_of_28_010_rows_comes_to_what_its_text_says(db: None, report: Path) -> None:
    told = worked_out(report)

    result = import_file(report)

    stored = Order.objects.values_list("status").annotate(Count("id"), Sum("gross"), Sum("refunded"))
    assert {status: tuple(sums) for status, *sums in stored} == told
    assert {kind: orders for kind, (orders, _paid, _back) in told.items()} == {
        "paid": PAID - WHOLLY_BACK - PARTLY_BACK,
        "partially_refunded": PARTLY_BACK,
        "refunded": WHOLLY_BACK,
        "unpaid": ROWS - PAID,
    }
    kept = [told["paid"], told["partially_refunded"]]
    assert Decimal(result["paid_total"]) == sum(paid - back for _orders, paid, back in kept)
    assert (result["rows"], result["orders"], result["eligible_orders"]) == (ROWS, ROWS, PAID - WHOLLY_BACK)
    assert (result["new"], result["rejected"]) == (ROWS, [])


def test_report_imported_again_changes_nothing(db: None, report: Path) -> None:
    lines = report.read_text("utf-8").splitlines(True)[:500]
    report.write_text("".join(lines), "utf-8", newline="")
    import_file(report)

    again = import_file(report)

    assert (again["new"], again["updated"], again["unchanged"]) == (0, 0, 499)
