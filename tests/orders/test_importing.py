"""The pipeline over the sample files: each gives the numbers that its .expect.json says, once."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection

from loyalty.models import EarningRule, Posting
from members.models import Identity, Member
from orders.models import Order, OrderImport, OrderLine, RejectedRow, StagedRow
from tests.conftest import rows
from tests.orders.worlds import accepted, finished, orders_of

SAMPLES = Path(__file__).parent.parent / "data" / "samples"
FILES = ["taobao_ExportOrderList", "douyin_orders", "youzan_orders", "shopify_orders_export"]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def expected(name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / f"{name}.expect.json").read_text("utf-8"))


def import_file(path: Path, *options: str) -> dict[str, Any]:
    out = StringIO()
    call_command("import_orders", str(path), "--json", *options, stdout=out)
    return json.loads(out.getvalue())


def sample(name: str, *options: str) -> dict[str, Any]:
    return import_file(SAMPLES / f"{name}.csv", *options)


@pytest.fixture
def rules(db: None) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)


def wall(moment: datetime | None) -> str | None:
    return moment and f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize("name", FILES)
def test_sample_gives_the_numbers_of_its_expectation(rules: None, name: str) -> None:
    expect = expected(name)

    result = sample(name)

    assert result["state"] == "DONE"
    assert result["orders"] == result["new"] == expect["orders"]
    assert (result["updated"], result["unchanged"]) == (0, 0)
    assert result["eligible_orders"] == expect["eligible_orders"]
    assert result["paid_total"] == expect["paid_total"]
    assert [row["line"] for row in result["rejected"]] == expect["rejected_rows"]
    assert all(row["reason"] for row in result["rejected"])


@pytest.mark.parametrize("name", FILES)
def test_sample_stores_each_order_as_its_expectation_says(rules: None, name: str) -> None:
    sample(name)

    stored = {
        order.number: {
            "status": order.status,
            "gross": str(order.gross),
            "refunded": str(order.refunded),
            "net_paid": str(order.net_paid),
            "paid_at": wall(order.paid_at),
            "completed_at": wall(order.completed_at),
        }
        for order in Order.objects.all()
    }
    assert stored == {
        number: {key: value for key, value in order.items() if key != "buyer"}
        for number, order in expected(name)["by_order"].items()
    }


@pytest.mark.parametrize("name", FILES)
def test_same_file_twice_changes_nothing(rules: None, name: str) -> None:
    sample(name)
    before = [rows(model) for model in (Order, OrderLine, Posting, Member, Identity)]

    result = sample(name)

    assert (result["new"], result["updated"], result["unchanged"]) == (0, 0, expected(name)["orders"])
    assert (result["points"], result["growth"]) == (0, 0)
    assert [rows(model) for model in (Order, OrderLine, Posting, Member, Identity)] == before


def test_companion_file_is_refused_as_a_whole(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    out = StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("import_orders", str(SAMPLES / "taobao_ExportOrderDetailList.csv"), "--json", stdout=out)

    result = json.loads(out.getvalue())
    assert ended.value.code == 2
    assert result["state"] == "REFUSED"
    assert "ExportOrderList" in result["reason"]
    assert rows(Order) == rows(StagedRow) == rows(RejectedRow) == []


def test_dry_run_tells_the_result_and_keeps_nothing(rules: None) -> None:
    result = sample("youzan_orders", "--dry-run")

    assert result["points"] > 0
    assert rows(Order) == rows(Posting) == rows(Member) == rows(OrderImport) == []


def test_buyers_with_a_phone_of_their_own_become_members(rules: None) -> None:
    sample("youzan_orders")

    stored = dict(Order.objects.values_list("number", "member__phone"))
    assert stored["E20260501160630091827743"] == "+8613800007596"
    assert stored["E20260501144516091837897"] is None  # only the receiver's phone is in the file
    assert Posting.objects.filter(key__startswith="youzan:E20260501144516091837897").count() == 0


def test_points_and_growth_of_a_file_are_what_was_paid_floored(rules: None) -> None:
    result = sample("youzan_orders")

    paid = [
        (order.gross - order.shipping) * order.net_paid / order.gross
        for order in Order.objects.eligible().exclude(member=None)
    ]
    assert result["points"] == result["growth"] == sum(int(amount) for amount in paid)


def test_refund_in_a_later_file_takes_points_back(rules: None, tmp_path: Path) -> None:
    text = (SAMPLES / "youzan_orders.csv").read_text("utf-8-sig")
    sample("youzan_orders")
    number = "E20260501160630091827743"
    line = next(line for line in text.splitlines() if line.startswith(number))
    later = tmp_path / "later.csv"
    later.write_text("\n".join([text.splitlines()[0], line.replace(",0.00,,,,,否", ",9.95,,,,,否")]), "utf-8")

    result = import_file(later)

    assert (result["new"], result["updated"], result["points"]) == (0, 1, -10)
    assert Order.objects.get(number=number).refunded == Decimal("9.95")
    assert import_file(later)["points"] == 0


def test_older_file_after_a_newer_one_takes_nothing_back(rules: None, tmp_path: Path) -> None:
    text = (SAMPLES / "youzan_orders.csv").read_text("utf-8-sig")
    number = "E20260501160630091827743"
    line = next(line for line in text.splitlines() if line.startswith(number))
    newer = tmp_path / "newer.csv"
    newer.write_text("\n".join([text.splitlines()[0], line.replace(",0.00,,,,,否", ",9.95,,,,,否")]), "utf-8")

    import_file(newer)
    sample("youzan_orders")

    order = Order.objects.get(number=number)
    assert (order.status, order.refunded) == ("partially_refunded", Decimal("9.95"))
    assert sum(p.points for p in Posting.objects.filter(member=order.member)) == 9


def test_preview_of_a_first_file_evaluates_its_orders_once(rules: None) -> None:
    """The planner knows nothing of the orders yet: once for each of them would take minutes."""
    order_import = accepted(orders_of(3_000), confirmed=False)

    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = '20s'")
    previewed = finished(order_import.pk)

    assert previewed.state == "PREVIEWED"
    assert previewed.foreseen["points"] > 0
