"""Later files that change what was paid, the same orders under another channel, dates to come, and the rehearsal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from loyalty import ledger
from loyalty.models import EarningRule, Kind, PointsPolicy, Posting
from members.models import Identity, Member
from orders.models import Channel, Order
from tests.conftest import rows
from tests.orders.test_importing import import_file, sample

YOUZAN = "订单号,订单状态,订单创建时间,买家付款时间,运费,订单实付金额,买家手机号,订单已退款金额"
TAOBAO = "订单编号,买家会员名,买家实际支付金额,订单状态,订单付款时间,退款金额,确认收货时间"
DOUYIN = "主订单编号,子订单编号,订单应付金额,订单状态,售后状态,支付完成时间,订单完成时间"


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)


def youzan(folder: Path, paid: str, refunded: str = "0") -> Path:
    file = folder / f"{paid}-{refunded}.csv"
    row = f"E20260501160630000000001,已发货,2026-05-01 16:06:30,2026-05-01 16:06:31,0,{paid},13800007596,{refunded}"
    file.write_text(f"{YOUZAN}\n{row}\n", "utf-8")
    return file


def stands() -> tuple[int, int, int]:
    """The one member's points, debt and growth, whenever they become available."""
    standing = ledger.standing(member_id=Member.objects.get().pk, at=timezone.now() - timedelta(days=30))
    return standing.available + standing.pending, standing.debt, standing.growth


def test_an_order_whose_paid_amount_rises_earns_the_difference(tmp_path: Path) -> None:
    import_file(youzan(tmp_path, "100"))

    raised = import_file(youzan(tmp_path, "180"))
    again = import_file(youzan(tmp_path, "180"))

    assert (raised["updated"], raised["points"], raised["growth"]) == (1, 80, 80)
    assert (again["unchanged"], again["points"]) == (1, 0)
    assert stands() == (180, 0, 180)
    assert [key for (key,) in rows(Posting, "key")][-1].endswith("#2")


@pytest.mark.parametrize("policy", [PointsPolicy.Debt.DEBT, PointsPolicy.Debt.CLAMP])
def test_points_spent_meanwhile_are_not_given_twice(tmp_path: Path, policy: str) -> None:
    PointsPolicy.objects.create(shortfall=policy, pending_days=0)
    import_file(youzan(tmp_path, "100"))
    member = Member.objects.get()
    ledger.debit(member_id=member.pk, points=90, source="till", key="1", at=timezone.now())

    import_file(youzan(tmp_path, "180"))

    assert stands() == (90, 0, 180)


def test_a_refund_after_the_amount_has_changed_converges_on_what_was_paid(tmp_path: Path) -> None:
    import_file(youzan(tmp_path, "100"))
    import_file(youzan(tmp_path, "180"))

    import_file(youzan(tmp_path, "180", "90"))

    assert stands() == (90, 0, 90)


def test_a_row_that_is_mended_earns_with_the_rest_of_its_order(tmp_path: Path) -> None:
    member = Member.objects.create(name="Lin", joined_at=timezone.now())
    one = "6900000000000000001,6900000000000000011,100.00,已完成,-,2026-05-01 10:00:00,2026-05-03 10:00:00"
    broken, mended = (
        f"6900000000000000001,6900000000000000012,{paid},已完成,-,2026-05-01 10:00:00,2026-05-03 10:00:00"
        for paid in ("金额异常", "50.00")
    )
    for name, rows_ in (("a", [one, broken]), ("b", [mended])):
        (tmp_path / name).write_text("\n".join([DOUYIN, *rows_]), "utf-8")
    import_file(tmp_path / "a")
    Order.objects.update(member=member)
    import_file(tmp_path / "a")

    import_file(tmp_path / "b")

    assert stands() == (150, 0, 150)


def test_an_order_earns_on_completion_when_all_that_is_kept_is_completed(tmp_path: Path) -> None:
    Channel.objects.create(code="douyin", name="抖音", format="douyin", earns_at=Channel.EarnsAt.COMPLETED)
    member = Member.objects.create(name="Lin", joined_at=timezone.now())
    done = "6900000000000000001,6900000000000000011,100.00,已完成,-,2026-05-01 10:00:00,2026-05-03 10:00:00"
    sent = "6900000000000000001,6900000000000000012,900.00,{},-,2026-05-01 10:00:00,{}"
    for name, last in (("a", sent.format("已发货", "-")), ("b", sent.format("已完成", "2026-05-04 10:00:00"))):
        (tmp_path / name).write_text("\n".join([DOUYIN, done, last]), "utf-8")
    import_file(tmp_path / "a")
    Order.objects.update(member=member)

    points = [import_file(tmp_path / name)["points"] for name in ("a", "b")]

    assert points == [0, 1000]


def test_an_order_of_one_channel_is_not_taken_in_by_another_of_its_platform(tmp_path: Path) -> None:
    lin = Member.objects.create(name="Lin", joined_at=timezone.now())
    Identity.objects.create(channel="taobao", external_id="nick", member=lin)
    for code in ("taobao", "tmall"):
        Channel.objects.create(code=code, name=code, format="taobao")
    file = tmp_path / "orders.csv"
    row = "4133907579383470175,nick,100.00,买家已付款，等待卖家发货,2026-05-01 15:40:57,0.00,"
    file.write_text(f"{TAOBAO}\n{row}\n", "utf-8")

    first, second = import_file(file, "--channel", "taobao"), import_file(file, "--channel", "tmall")

    assert (first["points"], second["points"], second["orders"]) == (100, 0, 0)
    assert [(one["line"], one["value"]) for one in second["rejected"]] == [(2, "4133907579383470175")]
    assert rows(Order, "channel__code") == [("taobao",)]


def test_a_time_that_has_not_come_keeps_its_order_and_gives_nothing(tmp_path: Path) -> None:
    file = youzan(tmp_path, "100")
    file.write_text(file.read_text("utf-8").replace("2026-05-01 16:06:31", "2099-05-01 16:06:31"), "utf-8")

    result = import_file(file)

    assert (result["orders"], result["points"], result["rejected"]) == (1, 0, [])
    assert [(status, when.year) for status, when in rows(Order, "status", "not_before")] == [("paid", 2099)]


@pytest.mark.parametrize("name", ["youzan_orders", "shopify_orders_export"])
def test_rehearsal_tells_what_the_import_then_gives(name: str) -> None:
    rehearsed = sample(name, "--dry-run")

    done = sample(name)

    told = ("orders", "new", "eligible_orders", "paid_total", "points", "growth", "members_matched", "rejected")
    assert {key: rehearsed[key] for key in told} == {key: done[key] for key in told}
    assert done["points"] > 0


def test_rehearsal_tells_a_refund_of_an_awarded_order(tmp_path: Path) -> None:
    import_file(youzan(tmp_path, "100"))
    later = youzan(tmp_path, "100", "30")

    assert import_file(later, "--dry-run")["points"] == import_file(later)["points"] == -30
    assert Posting.objects.filter(kind=Kind.CLAW_BACK).count() == 1
