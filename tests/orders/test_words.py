"""A status word that no format knows keeps its order and gives nothing, until a file or staff say what it means."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from django.utils import translation

from loyalty.models import EarningRule, Posting
from members.models import Member
from orders import awarding, claims, importing, teaching, undoing, wording
from orders.models import Channel, Claim, Order, OrderBefore, OrderImport, OrderLine, StatusWord
from tests.conftest import NOW, rows, while_it_waits
from tests.orders.test_previewing import confirmed, handed_in, order
from tests.orders.worlds import accepted, finished, world

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "待核验"


@pytest.fixture(autouse=True)
def rules(transactional_db: None) -> Any:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)
    with translation.override("en"):
        yield


def given() -> int:
    return sum(points for (points,) in rows(Posting, "points"))


def said(order_import: OrderImport, status: str, word: str = NEW) -> list[OrderImport]:
    """Staff say what a word means; what is read again for it waits to be confirmed."""
    begun = teaching.teach(import_id=order_import.pk, meanings={("status", word): status}, actor_id=None, at=NOW)
    return [importing.run(import_id=one, at=NOW) for one in begun]


def test_an_order_of_an_unknown_word_is_kept_with_it_and_gives_nothing() -> None:
    done = confirmed(handed_in(order(1, "100", status=NEW), order(2, "50")))

    assert (done.state, done.rejected, done.orders, done.eligible_orders, given()) == ("DONE", 0, 2, 1, 50)
    assert rows(Order, "status", "gross", "paid_at")[0] == ("unknown", 0, None)
    assert rows(OrderLine, "status", "word", "gross")[0] == ("unknown", NEW, 100)


def test_the_preview_tells_the_word_and_how_many_rows_have_it() -> None:
    previewed = handed_in(order(1, "100", status=NEW), order(2, "50"), order(3, "50", status=NEW))

    assert previewed.foreseen is not None
    assert previewed.foreseen["oddities"] == [{"what": "WORD", "rows": 2, "value": NEW}]
    [strange] = wording.strange(previewed)
    assert (strange.column, strange.word, strange.rows) == ("status", NEW, 2)
    assert {"paid", "completed", "closed", "unpaid"} <= set(strange.choices)


def test_a_later_file_with_a_known_word_lets_the_order_earn_once() -> None:
    confirmed(handed_in(order(1, "100", status=NEW)))

    done = confirmed(handed_in(order(1, "100", status="已发货")))

    assert (done.updated, done.points, given()) == (1, 100, 100)
    assert rows(OrderLine, "status", "word") == [("paid", "")]


@pytest.mark.parametrize("turn", range(6))
def test_the_order_of_the_files_makes_no_difference(turn: int) -> None:
    files = [[order(1, "100", status=word)] for word in (NEW, "已发货", "交易完成")]

    for lines in list(permutations(files))[turn]:
        finished(accepted(lines).pk)

    assert rows(Order, "status", "gross") == [("completed", 100)]
    assert (rows(OrderLine, "status", "word"), given()) == ([("completed", "")], 100)


def test_a_word_given_a_meaning_before_the_file_is_in_is_read_at_once_and_for_good() -> None:
    previewed = handed_in(order(1, "100", status=NEW))

    [anew] = said(previewed, "paid")

    assert (anew.pk, anew.state, wording.strange(anew)) == (previewed.pk, "PREVIEWED", [])
    assert anew.foreseen is not None
    assert (anew.foreseen["points"], anew.foreseen["oddities"]) == (100, [])
    assert confirmed(anew).points == 100
    assert confirmed(handed_in(order(2, "30", status=NEW))).points == 30
    assert rows(OrderLine, "status", "word") == [("paid", ""), ("paid", "")]


def test_a_word_given_a_meaning_later_reads_the_file_again_for_its_orders_alone() -> None:
    done = confirmed(handed_in(order(1, "100", status=NEW), order(2, "50"), order(3, "9", status="别的"), "not a row"))

    [again] = said(done, "completed")

    assert (again.state, again.again, again.staged, again.rejected) == ("PREVIEWED", done, 1, 0)
    assert given() == 50
    assert confirmed(again).points == 100
    assert rows(Order, "number", "status", "gross") == [
        ("E20260501000000000001", "completed", 100),
        ("E20260501000000000002", "completed", 50),
        ("E20260501000000000003", "unknown", 0),
    ]


def test_a_word_given_a_meaning_while_another_file_with_it_is_on_its_way_reads_that_file_again_too() -> None:
    first, second = confirmed(handed_in(order(1, "100", status=NEW))), handed_in(order(2, "30", status=NEW))
    importing.confirm(import_ids=[second.pk], actor_id=None, at=NOW)  # type: ignore[arg-type]
    said(first, "paid")

    importing.run(import_id=second.pk, at=NOW)

    assert rows(OrderImport, "state", "again") == [
        ("DONE", None),
        ("DONE", None),
        ("PREVIEWED", first.pk),
        ("UPLOADED", second.pk),
    ]
    again = importing.run(import_id=OrderImport.objects.get(again=second).pk, at=NOW)
    assert (again.state, confirmed(again).points) == ("PREVIEWED", 30)


@pytest.mark.parametrize(("status", "expected"), [("unpaid", "unpaid"), ("closed", "closed")])
def test_a_word_that_means_no_money_leaves_nothing_behind(status: str, expected: str) -> None:
    done = confirmed(handed_in(order(1, "100", status=NEW)))

    [again] = said(done, status)
    confirmed(again)

    assert rows(Order, "status", "gross", "refunded", "paid_at") == [(expected, 0, 0, None)]
    assert given() == 0


def test_what_was_read_again_can_be_undone_and_stands_as_before() -> None:
    done = confirmed(handed_in(order(1, "100", status=NEW)))
    [again] = said(done, "paid")
    before = world()
    confirmed(again)

    undoing.undo(import_id=again.pk, actor_id=None, at=NOW)

    assert given() == 0
    assert [one[:4] for one in world()["orders"]] == [one[:4] for one in before["orders"]]
    assert (rows(OrderLine, "status", "word"), rows(OrderBefore)) == ([("unknown", NEW)], [])


def test_an_awarded_order_that_a_file_tells_with_an_unknown_word_keeps_its_points() -> None:
    confirmed(handed_in(order(1, "100", status="已发货")))

    confirmed(handed_in(order(1, "120", status=NEW)))

    assert (rows(Order, "status", "gross"), given()) == ([("paid", 100)], 100)


def test_amounts_decide_where_all_money_went_back_whatever_the_word_means() -> None:
    line = order(1, "100", status=NEW).replace(",0,2026", ",100,2026")

    confirmed(handed_in(line))

    assert rows(Order, "status", "gross", "refunded") == [("refunded", 100, 100)]


def test_a_claim_of_an_order_of_an_unknown_word_waits_for_its_meaning(wei: Member) -> None:
    done = confirmed(handed_in(order(1, "100", status=NEW, phone="")))
    Channel.objects.update(enrol=False)
    claims.claim(member_id=wei.pk, numbers=["E20260501000000000001"], channel_code=None, at=NOW)
    assert rows(Claim, "state") == [("WAITING",)]

    [again] = said(done, "paid")
    confirmed(again)

    assert (rows(Claim, "state"), given()) == ([("CREDITED",)], 100)


def test_a_word_cannot_be_given_a_meaning_that_its_column_does_not_know() -> None:
    previewed = handed_in(order(1, "100", status=NEW))

    with pytest.raises(teaching.BadWord):
        teaching.teach(import_id=previewed.pk, meanings={("status", NEW): "kept"}, actor_id=None, at=NOW)

    assert rows(StatusWord) == []


def test_a_column_of_ever_new_words_is_no_status_and_its_further_rows_are_rejected() -> None:
    done = confirmed(handed_in(*[order(number, "10", status=f"字{number}") for number in range(100)]))

    assert (done.orders, done.rejected, len(wording.strange(done))) == (60, 40, 60)


def test_a_time_far_ahead_keeps_the_order_and_gives_nothing_before_it_comes() -> None:
    previewed = handed_in(order(1, "100", day="07-01"), order(2, "50", day="05-21"), order(3, "7"))

    assert previewed.foreseen is not None
    assert {one["what"]: one["rows"] for one in previewed.foreseen["oddities"]} == {"AHEAD": 1, "FUTURE": 1}
    assert (previewed.rejected, previewed.foreseen["points"], confirmed(previewed).points) == (0, 57, 57)
    assert awarding.award_come(at=NOW + timedelta(days=30)) == 0
    assert awarding.award_come(at=NOW + timedelta(days=60)) == 1
    assert awarding.award_come(at=NOW + timedelta(days=60)) == 0
    assert given() == 157


def test_a_file_that_tells_another_time_lets_the_order_earn_at_once() -> None:
    confirmed(handed_in(order(1, "100").replace("2026-05-01 08", "2062-05-01 08")))
    assert (given(), Order.objects.get().not_before.year) == (0, 2062)  # type: ignore[union-attr]

    mended = confirmed(handed_in(order(1, "100")))

    assert (mended.points, Order.objects.get().not_before) == (100, None)


def test_undoing_the_file_that_mended_a_time_lets_the_order_wait_again() -> None:
    confirmed(handed_in(order(1, "100").replace("2026-05-01 08", "2062-05-01 08")))
    mended = confirmed(handed_in(order(1, "100")))

    undoing.undo(import_id=mended.pk, actor_id=None, at=NOW)

    assert (given(), Order.objects.get().not_before.year) == (0, 2062)  # type: ignore[union-attr]


def test_a_word_given_a_meaning_at_the_moment_when_its_file_ends_reads_the_file_again() -> None:
    first, second = confirmed(handed_in(order(1, "100", status=NEW))), handed_in(order(2, "30", status=NEW))
    importing.confirm(import_ids=[second.pk], actor_id=None, at=NOW)  # type: ignore[arg-type]
    meanings = {("status", NEW): "paid"}
    taught = partial(teaching.teach, import_id=first.pk, meanings=meanings, actor_id=None, at=NOW)

    while_it_waits(taught, partial(importing.run, import_id=second.pk, at=NOW))

    assert sorted(rows(OrderImport, "again"), key=str) == [(first.pk,), (second.pk,), (None,), (None,)]


def test_a_file_that_ends_at_the_moment_when_its_word_gets_a_meaning_is_read_again() -> None:
    first, second = confirmed(handed_in(order(1, "100", status=NEW))), handed_in(order(2, "30", status=NEW))
    importing.confirm(import_ids=[second.pk], actor_id=None, at=NOW)  # type: ignore[arg-type]
    meanings = {("status", NEW): "paid"}
    taught = partial(teaching.teach, import_id=first.pk, meanings=meanings, actor_id=None, at=NOW)

    while_it_waits(partial(importing.run, import_id=second.pk, at=NOW), taught)

    assert sorted(rows(OrderImport, "again"), key=str) == [(first.pk,), (second.pk,), (None,), (None,)]
