"""A preview tells what the import then does, and leaves nothing behind until somebody confirms it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, StringIO
from time import monotonic
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import translation

from loyalty.models import EarningRule, Posting
from members.models import Identity, Member, Tier, TierChange
from orders import claims, importing, previewing, rejects, tasks
from orders.models import Channel, Claim, Order, OrderImport, OrderLine, StagedRow
from tests.conftest import NOW, rows, until_somebody_waits
from tests.orders.worlds import HEADER, orders_of

AtOnce = Callable[..., list[Any]]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def rules(transactional_db: None) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)


@pytest.fixture(autouse=True)
def english() -> Any:
    with translation.override("en"):
        yield


def handed_in(*lines: str, header: str = HEADER) -> OrderImport:
    content = BytesIO("\n".join([header, *lines]).encode())
    made = importing.accept(file=content, name="orders.csv", channel_code=None, actor_id=None, at=NOW, confirmed=False)
    return importing.run(import_id=made.pk, at=NOW)


def confirmed(order_import: OrderImport) -> OrderImport:
    importing.confirm(import_ids=[order_import.pk], actor_id=None, at=NOW)  # type: ignore[arg-type]
    return importing.run(import_id=order_import.pk, at=NOW)


def order(number: int, paid: str, *, phone: str = "13800000001", status: str = "交易完成", day: str = "05-01") -> str:
    return f"E20260501{number:012d},{status},{paid},0,2026-{day} 08:00:00,13900000000,{phone},面膜"


def test_a_preview_writes_nothing_and_tells_what_the_import_then_does(tiers: dict[str, Tier]) -> None:
    previewed = handed_in(*orders_of(300))

    assert previewed.state == "PREVIEWED"
    assert [rows(model) for model in (Order, OrderLine, Posting, Member, Identity, TierChange)] == [[]] * 6

    foreseen, done = previewed.foreseen, confirmed(previewed)
    assert foreseen is not None
    told = (done.new, done.updated, done.eligible_orders, str(done.paid_total), done.points, done.growth)
    assert tuple(foreseen[name] for name in ("new", "updated", "eligible", "paid", "points", "growth")) == told
    assert foreseen["members"] == foreseen["joining"] == done.members_matched > 50
    steps = TierChange.objects.values_list("from_tier__name", "to_tier__name")
    assert sum(count for _before, _after, count in foreseen["tiers"]) == Member.objects.exclude(tier=None).count()
    assert {after for _before, after, _count in foreseen["tiers"]} <= {after for _before, after in steps}


def test_a_preview_of_a_later_file_tells_updates_and_points_taken_back() -> None:
    confirmed(handed_in(order(1, "100"), order(2, "50")))

    later = handed_in(order(1, "100", status="交易完成").replace(",0,2026", ",30,2026"), order(2, "50"), order(3, "7"))

    assert later.foreseen is not None
    assert [later.foreseen[name] for name in ("tried", "new", "updated", "points")] == [3, 1, 1, -23]


def test_a_preview_tells_the_claims_that_the_file_settles(wei: Member) -> None:
    Channel.objects.create(code="youzan", name="Youzan", format="youzan")
    number = order(1, "100", phone="").split(",")[0]
    claims.claim(member_id=wei.pk, numbers=[number], channel_code=None, at=NOW)

    previewed = handed_in(order(1, "100", phone=""), order(2, "10", phone=""))

    assert previewed.foreseen is not None
    assert [previewed.foreseen[name] for name in ("claims", "points", "waiting")] == [1, 100, 1]
    assert rows(Claim, "state") == [("WAITING",)]
    assert confirmed(previewed).points == 100


def test_of_a_long_file_the_first_part_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previewing, "MOST", 100)
    monkeypatch.setattr("orders.steps.CHUNK", 50)

    previewed = handed_in(*orders_of(300))

    assert previewed.foreseen is not None
    assert (previewed.orders, previewed.foreseen["tried"], previewed.foreseen["new"]) == (300, 100, 100)
    assert confirmed(previewed).new == 300


def test_two_who_confirm_the_same_import_start_it_once(at_once: AtOnce) -> None:
    previewed = handed_in(*orders_of(50))

    def confirm(_who: int) -> list[int]:
        return importing.confirm(import_ids=[previewed.pk], actor_id=None, at=NOW)  # type: ignore[arg-type]

    assert sorted(at_once(confirm, [1, 2, 3])) == [[], [], [previewed.pk]]


def test_two_who_confirm_the_same_file_handed_in_twice_get_the_points_once(at_once: AtOnce) -> None:
    lines = orders_of(200)
    both = [handed_in(*lines), handed_in(*lines)]

    done = at_once(confirmed, both)

    assert [one.state for one in done] == ["DONE", "DONE"]
    assert sum(one.new for one in done) == Order.objects.count() == 200
    assert sum(one.points for one in done) == sum(points for (points,) in rows(Posting, "points"))


def test_confirmed_and_discarded_at_once_is_one_of_the_two(at_once: AtOnce) -> None:
    previewed = handed_in(*orders_of(50))

    def decide(word: str) -> list[int]:
        if word == "discard":
            return importing.discard(import_ids=[previewed.pk], at=NOW)
        return importing.confirm(import_ids=[previewed.pk], actor_id=None, at=NOW)  # type: ignore[arg-type]

    decided = at_once(decide, ["confirm", "discard"])

    state = importing.run(import_id=previewed.pk, at=NOW).state
    assert sorted(decided) == [[], [previewed.pk]]
    assert (state, Order.objects.count(), StagedRow.objects.count()) in [("DONE", 50, 0), ("DISCARDED", 0, 0)]


def test_a_worker_leaves_an_import_alone_that_waits_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    previewed = handed_in(*orders_of(20))
    started: list[int] = []
    monkeypatch.setattr(tasks.run_import, "delay", started.append)

    tasks.resume_imports()
    importing.run(import_id=previewed.pk, at=NOW)

    assert started == []
    assert OrderImport.objects.get().state == "PREVIEWED"


def test_staged_rows_that_a_crash_took_are_read_again_before_the_confirmed_import_goes_on() -> None:
    previewed = handed_in(*orders_of(20))
    StagedRow.objects.all().delete()

    done = confirmed(previewed)

    assert (done.state, done.new) == ("DONE", 20)


def test_what_looks_odd_is_told() -> None:
    lines = [order(number, "20") for number in range(1, 31)]
    lines += [order(31, "201"), order(32, "20", day="05-21"), order(1, "20", status="已发货")]

    previewed = handed_in(*lines)

    assert previewed.foreseen is not None
    odd = {one["what"]: (one["rows"], one["line"]) for one in previewed.foreseen["oddities"]}
    assert odd == {"AMOUNT": (1, 32), "FUTURE": (1, 33), "TWICE": (1, 34)}


def test_nothing_is_odd_about_an_ordinary_file() -> None:
    previewed = handed_in(*[order(number, f"{number + 20}") for number in range(1, 40)])

    assert previewed.foreseen is not None
    assert previewed.foreseen["oddities"] == []


def test_the_rejected_rows_can_be_mended_and_handed_in_again() -> None:
    good = [order(number, "20") for number in range(1, 4)]
    first = confirmed(handed_in(good[0], good[1].replace(",20,", ",N/A,"), good[2].replace("05-01", "05-41")))
    assert (first.new, first.rejected) == (1, 2)

    text = "".join(rejects.as_csv(first)).removeprefix("\ufeff")
    _header, *bad = csv.reader(StringIO(text))
    mended = text.replace("N/A", "20").replace("05-41", "05-01")
    again = confirmed(handed_in(*mended.splitlines()[1:], header=mended.splitlines()[0]))

    assert [line[-2] for line in bad] == ["3", "4"]
    assert all(line[-1] for line in bad)
    assert (again.new, again.rejected) == (2, 0)
    assert sorted(rows(Order, "number", "gross")) == sorted((one.split(",")[0], 20) for one in good)


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "有效金额"), ("en", "not an amount of money")])
def test_what_is_wrong_is_said_in_the_language_of_who_handed_the_file_in(language: str, words: str) -> None:
    with translation.override(language):
        content = BytesIO("\n".join([HEADER, order(1, "viel")]).encode())
        made = importing.accept(file=content, name="a.csv", channel_code=None, actor_id=None, at=NOW)

    with translation.override("en" if language == "zh-hans" else "zh-hans"):  # the worker's
        importing.run(import_id=made.pk, at=NOW)

    assert words in made.rejects.get().reason


def test_an_import_that_gets_on_is_not_given_up_for_old_errors() -> None:
    made = handed_in(order(1, "20"))
    OrderImport.objects.update(failures=2)

    done = confirmed(made)

    assert (done.state, done.failures) == ("DONE", 0)


TAOBAO = "订单编号,买家会员名,买家实际支付金额,退款金额,订单状态,订单创建时间,订单付款时间"
DOUYIN = "主订单编号,子订单编号,选购商品,订单应付金额,订单状态,售后状态,支付完成时间,商品数量"
AFTER_SALES = "售后单号,订单号,商品单号,退商品金额（元）,退运费金额（元）,售后状态"


def test_one_order_handed_in_for_two_shops_counts_once_whoever_confirms_first() -> None:
    shops = [Channel.objects.create(code=code, name=code, format="taobao") for code in ("first", "second")]
    line = "4133907579383470175,nick,100,0,交易成功,2026-05-01 08:00:00,2026-05-01 08:00:00"

    def of(shop: Channel) -> OrderImport:
        content = BytesIO(f"{TAOBAO}\n{line}".encode())
        made = importing.accept(
            file=content, name="a.csv", channel_code=shop.code, actor_id=None, at=NOW, confirmed=False
        )
        return importing.run(import_id=made.pk, at=NOW)

    previewed = [of(shop) for shop in shops]
    assert [one.state for one in previewed] == ["PREVIEWED", "PREVIEWED"]
    second, first = [confirmed(one) for one in reversed(previewed)]

    assert rows(Order, "channel__code") == [("second",)]
    assert (second.new, second.orders, second.rejected) == (1, 1, 0)
    assert (first.new, first.orders, first.rejected, first.unchanged) == (0, 0, 1, 0)
    assert "another channel" in first.rejects.get().reason


def test_after_sales_previewed_beside_their_orders_count_when_both_are_confirmed() -> None:
    number = "6900000000000000001"
    Channel.objects.create(code="douyin", name="Douyin", format="douyin")
    orders = handed_in(f"{number},{number},面膜,100,已完成,-,2026-05-01 08:00:00,1", header=DOUYIN)
    after = handed_in(f"140001,{number},{number},40,0,退款成功", header=AFTER_SALES)
    assert (after.state, after.rejected) == ("PREVIEWED", 1)

    confirmed(orders)
    done = confirmed(after)

    assert (done.state, done.rejected, done.updated) == ("DONE", 0, 1)
    assert rows(Order, "status", "gross", "refunded") == [("partially_refunded", 100, 40)]


def test_column_that_alone_tells_of_refunds_is_missed_in_the_preview() -> None:
    header, line = "订单号,订单状态,实付款,订单支付时间", "2412300012345678,交易成功,80.00,2026-05-01 08:00:00"

    without = handed_in(line, header=header)
    with_it = handed_in(f"{line},", header=f"{header},售后状态")

    assert (without.foreseen or {})["oddities"] == [{"what": "BLIND", "rows": 1, "value": "售后状态"}]
    assert (with_it.foreseen or {})["oddities"] == []


def test_phones_that_are_all_masked_are_odd_and_one_whole_one_is_enough() -> None:
    masked = [order(number, "20", phone="138****0001") for number in range(1, 4)]

    def odd(*lines: str) -> list[str]:
        return [one["what"] for one in (handed_in(*lines).foreseen or {})["oddities"]]

    assert odd(*masked) == ["MASKED"]
    assert odd(*masked, order(9, "20")) == []


def test_a_claim_does_not_wait_for_who_holds_the_order_and_is_settled_by_the_beat(wei: Member) -> None:
    confirmed(handed_in(order(1, "100", phone="")))
    number = order(1, "100").split(",")[0]

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        list(Order.objects.select_for_update().values_list("pk"))
        began = monotonic()
        (made,) = pool.submit(_claimed, wei.pk, number).result()
        took = monotonic() - began
    assert made.state == "WAITING"
    assert took < 5  # it would have waited for ever

    claims.settle(Claim.objects.found(), at=NOW)
    assert rows(Claim, "state") == [("CREDITED",)]


def _claimed(member_id: int, number: str) -> list[Claim]:
    try:
        return claims.claim(member_id=member_id, numbers=[number], channel_code=None, at=NOW)
    finally:
        connections.close_all()


def test_a_preview_and_who_decides_a_claim_of_its_order_do_not_deadlock(
    wei: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He holds the claim and waits for the order, which the preview has stored before it looks at the claim."""
    confirmed(handed_in(order(1, "100", phone="", status="待付款")))
    [claim] = claims.claim(member_id=wei.pk, numbers=[Order.objects.get().number], channel_code="youzan", at=NOW)
    stores, waiting = previewing._stored, []

    def elsewhere() -> int:
        try:
            return claims.settle(Claim.objects.all(), at=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:

        def stored(*asked: Any) -> OrderImport:
            found = stores(*asked)
            waiting.append(pool.submit(elsewhere))
            until_somebody_waits()
            return found

        monkeypatch.setattr(previewing, "_stored", stored)
        previewed = handed_in(order(1, "100", phone=""))

    assert (previewed.state, waiting[0].result(60)) == ("PREVIEWED", 0)
    assert rows(Claim, "pk", "state") == [(claim.pk, "WAITING")]
