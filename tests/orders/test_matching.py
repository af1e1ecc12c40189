"""Orders whose buyer is nobody wait; when he joins they are his, once, with what was refunded meanwhile."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from loyalty import ledger
from loyalty.models import Posting
from members.models import Identity, Member
from orders import matching
from orders.models import Channel, Order
from tests.conftest import NOW, make_member, rows
from tests.orders.test_importing import import_file, rules
from tests.orders.worlds import HEADER

__all__ = ("rules",)

RECEIVER = "13900000000"
OWN = "13800007596"
LINE = "E202605010000000000{:02d},{},{},{},2026-05-01 08:00:00,{},{},面膜"
TAOBAO = "订单编号,买家会员名,买家实际支付金额,退款金额,订单状态,订单付款时间,宝贝标题"
SOLD = "41339075793834{:05d},{},{},{},交易成功,2026-05-01 15:40:57,卸妆油"


@pytest.fixture
def waits(rules: None, tmp_path: Path) -> Any:
    """Import orders of a channel that makes nobody a member."""
    Channel.objects.create(code="youzan", name="Youzan", format="youzan", enrol=False)

    def imported(*orders: tuple[str, str], phone: str = OWN, receiver: str = RECEIVER) -> None:
        lines = [
            LINE.format(n, "交易完成", gross, refunded, receiver, phone) for n, (gross, refunded) in enumerate(orders)
        ]
        path = tmp_path / "youzan.csv"
        path.write_text("\n".join([HEADER, *lines]), "utf-8")
        import_file(path)

    return imported


@pytest.fixture
def account_waits(rules: None, tmp_path: Path) -> Any:
    """Import Taobao orders of an account."""

    def imported(*orders: tuple[str, str], account: str = "花开") -> None:
        lines = [SOLD.format(n, account, net, refunded) for n, (net, refunded) in enumerate(orders)]
        path = tmp_path / "taobao.csv"
        path.write_text("\n".join([TAOBAO, *lines]), "utf-8")
        import_file(path)

    return imported


def points_of(member: Member) -> tuple[int, int]:
    standing = ledger.standing(member_id=member.pk, at=NOW)
    return standing.available + standing.pending, standing.growth


def test_order_of_an_unknown_buyer_waits(waits: Any) -> None:
    waits(("100.00", "0.00"))

    assert matching.match_waiting(at=NOW) == 0
    assert [order.member for order in Order.objects.all()] == [None]
    assert rows(Posting) == rows(Member) == []


def test_buyer_who_joins_with_his_phone_gets_his_orders_once(waits: Any) -> None:
    waits(("100.00", "0.00"), ("50.90", "0.00"))
    lin = make_member("Lin", f"+86{OWN}")

    matched = [matching.match_waiting(at=NOW) for _ in range(2)]

    assert matched == [2, 0]
    assert points_of(lin) == (150, 150)
    assert Posting.objects.count() == 2


def test_account_that_becomes_known_gets_its_orders_once(account_waits: Any) -> None:
    account_waits(("100.00", "0.00"), ("50.90", "0.00"))
    lin = make_member("Lin", "+8613800000001")
    Identity.objects.create(channel="taobao", external_id="花开", member=lin)

    matched = [matching.match_waiting(at=NOW) for _ in range(2)]

    assert matched == [2, 0]
    assert points_of(lin) == (150, 150)


@pytest.mark.parametrize(("refunded", "points"), [("30.00", 70), ("99.99", 0), ("100.00", 0)])
def test_what_was_refunded_while_an_order_waited_is_not_given(waits: Any, refunded: str, points: int) -> None:
    waits(("100.00", "0.00"))
    waits(("100.00", refunded))
    lin = make_member("Lin", f"+86{OWN}")

    matching.match_waiting(at=NOW)

    assert points_of(lin) == (points, points)


def test_refund_after_the_match_is_taken_back(waits: Any) -> None:
    waits(("100.00", "0.00"))
    lin = make_member("Lin", f"+86{OWN}")
    matching.match_waiting(at=NOW)

    waits(("100.00", "30.00"))

    assert matching.match_waiting(at=NOW) == 0
    assert points_of(lin) == (70, 70)


@pytest.mark.parametrize("own", ["", "138****7596"])
def test_phone_of_the_receiver_is_nobody(waits: Any, own: str) -> None:
    make_member("Gift getter", f"+86{RECEIVER}")
    waits(("100.00", "0.00"), phone=own)

    assert matching.match_waiting(at=NOW) == 0
    assert [order.member for order in Order.objects.all()] == [None]


def test_account_of_another_platform_is_somebody_else(account_waits: Any) -> None:
    account_waits(("100.00", "0.00"))
    lin = make_member("Lin", "+8613800000001")
    Identity.objects.create(channel="shopify", external_id="花开", member=lin)

    assert matching.match_waiting(at=NOW) == 0


def test_member_merged_into_another_gets_nothing_by_his_phone(waits: Any) -> None:
    waits(("100.00", "0.00"))
    lin = make_member("Lin", "+8613800000001")
    make_member("Lin again", f"+86{OWN}", merged_into=lin)

    assert matching.match_waiting(at=NOW) == 0


def test_account_goes_before_the_phone_as_it_does_at_import(waits: Any) -> None:
    """Both may be known and name two members; an import takes the account, so must the matching."""
    waits(("100.00", "0.00"))
    Order.objects.update(buyer="花开")
    by_phone = make_member("Phone", f"+86{OWN}")
    by_account = make_member("Account", "+8613800000001")
    Identity.objects.create(channel="youzan", external_id="花开", member=by_account)

    matching.match_waiting(at=NOW)

    assert (points_of(by_account), points_of(by_phone)) == ((100, 100), (0, 0))


def test_orders_known_by_account_and_phone_are_all_matched_in_batches(
    waits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order found twice takes one place of a batch: a batch that looks unfilled is taken for the last."""
    monkeypatch.setattr(matching, "BATCH", 2)
    waits(*[("10.00", "0.00")] * 7)
    Order.objects.update(buyer="花开")
    lin = make_member("Lin", f"+86{OWN}")
    Identity.objects.create(channel="youzan", external_id="花开", member=lin)

    assert matching.match_waiting(at=NOW) == 7
    assert points_of(lin) == (70, 70)


class Stop(Exception):
    """A test's own."""


@pytest.mark.parametrize(
    ("few", "words"),
    [
        (0, "create temporary table posting_batch"),
        (0, "insert into loyalty_lot"),
        (0, "refund_batch"),
        (50, "loyalty_posting_id_seq"),
        (50, "insert into loyalty_lot"),
        (50, "loyalty_claw_back"),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_crash_between_match_and_award_leaves_the_order_waiting(
    waits: Any, few: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching.awarding, "FEW", few)
    waits(("100.00", "30.00"))
    lin = make_member("Lin", f"+86{OWN}")

    def crash(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if words in sql:
            raise Stop
        return execute(sql, params, many, context)

    with connection.execute_wrapper(crash), pytest.raises(Stop):
        matching.match_waiting(at=NOW)

    assert [order.member for order in Order.objects.all()] == [None]
    assert rows(Posting) == []
    assert matching.match_waiting(at=NOW) == 1
    assert points_of(lin) == (70, 70)


def test_order_that_does_not_count_is_matched_and_earns_nothing(rules: None, waits: Any, at: datetime) -> None:
    waits(("100.00", "100.00"))
    lin = make_member("Lin", f"+86{OWN}")

    assert matching.match_waiting(at=at) == 1
    assert (points_of(lin), rows(Posting)) == ((0, 0), [])
