"""Somebody else is about to award the very order: what he commits is seen, whatever was read before he had."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from functools import partial
from threading import Event
from typing import Any

import pytest
from django.db import connection, connections, transaction

from config import sql
from config.sql import Relation
from loyalty import earning, ledger, rules
from loyalty.ledger import CREDIT_COLUMNS
from loyalty.models import EarningRule, Kind, PointsPolicy, Posting
from members.models import Identity, Member, User
from orders import awarding, claims, moving
from orders.models import Channel, Claim, ClaimPolicy, Order, OrderImport
from tests.conftest import NOW, rows, until_somebody_waits, while_it_waits
from tests.orders.test_claims import one, points, sold, told

KEY = "taobao:4100000001"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def taobao(transactional_db: None) -> Channel:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    PointsPolicy.objects.create(pending_days=0)
    return Channel.objects.create(code="taobao", name="Taobao", format="taobao")


def awards(order: Order) -> None:
    awarding.award(Order.objects.filter(pk=order.pk), at=NOW)


def posts(member: Member, amount: int) -> Posting:
    """Another import awards the order for the amount that it was told."""
    return ledger.credit(
        member_id=member.pk, points=amount, kind=Kind.EARN, source="order", key=f"{KEY}#1", at=NOW, available_at=NOW
    )


@pytest.mark.parametrize("few", [False, True])
def test_an_award_made_anew_is_seen_by_who_waited_for_its_order(taobao: Channel, lin: Member, few: bool) -> None:
    """Meanwhile it was made for 180, and then another file told 250 after all."""
    order = sold(taobao, member=lin)
    awards(order)
    change(order, gross=180, award_gross=128)

    def elsewhere() -> None:
        awards(order)
        change(order, gross=250, award_gross=180)

    def here() -> None:
        with transaction.atomic():
            awarding.award_few([order.pk], at=NOW)

    while_it_waits(elsewhere, here if few else partial(awards, order))

    assert points(lin) == 250
    assert rows(Order, "gross", "award", "award_gross") == [(Decimal(250), 3, None)]
    assert rows(Posting, "key", "points") == [
        (f"{KEY}#1", 128),
        (f"{KEY}#1@180.00!", -128),
        (f"{KEY}#2", 180),
        (f"{KEY}#2@250.00!", -180),
        (f"{KEY}#3", 250),
    ]


def change(order: Order, **values: Any) -> None:
    Order.objects.filter(pk=order.pk).update(**values)


@pytest.mark.parametrize("for_how_much", [128, 180])
def test_a_first_award_that_another_import_is_just_posting_is_exchanged(
    taobao: Channel, lin: Member, for_how_much: int
) -> None:
    """It knew the order when 128 were paid for it; or 180 already, but nobody can tell that."""
    order = sold(taobao, member=lin, gross=180, award_gross=128)

    while_it_waits(partial(posts, lin, for_how_much), partial(awards, order))

    assert points(lin) == 180
    assert rows(Order, "award", "award_gross") == [(2, None)]
    assert rows(Posting, "key", "points") == [
        (f"{KEY}#1", for_how_much),
        (f"{KEY}#1@180.00!", -for_how_much),
        (f"{KEY}#2", 180),
    ]


def test_an_award_that_was_posted_between_looking_and_earning_is_exchanged(
    taobao: Channel, lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = sold(taobao, member=lin, gross=180, award_gross=0)
    looks = awarding._award_first

    def posted_before(ids: Any, at: Any, note: Any) -> bool:
        if not Posting.objects.exists():
            posts(lin, 128)
        return looks(ids, at, note)

    monkeypatch.setattr(awarding, "_award_first", posted_before)

    awards(order)

    assert points(lin) == 180
    assert rows(Order, "award", "award_gross") == [(2, None)]


def test_an_order_that_moves_while_its_first_award_is_posted_leaves_nothing_behind(
    taobao: Channel, lin: Member, mei: Member
) -> None:
    Identity.objects.create(channel="taobao", external_id="花开", member=mei)
    sold(taobao, member=mei, buyer="花开")
    claim = one(lin)
    assert told(claim) == ("REFUSED", "TAKEN")
    actor = User.objects.create_user("wang", is_staff=True)

    moved = while_it_waits(partial(posts, mei, 128), partial(moving.give, claim_id=claim.pk, at=NOW, actor_id=actor.pk))

    assert (moved.taken, moved.points) == (128, 128)
    assert (points(mei), points(lin)) == (0, 128)
    assert rows(Order, "member", "award") == [(lin.pk, 2)]


def test_an_order_that_gives_nothing_any_more_keeps_no_award_that_was_evaluated_before(
    taobao: Channel, lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one file's orders are being posted, another one tells that 0.50 were paid, and finds no award."""
    order = sold(taobao, member=lin)
    posts_evaluated = earning.award

    def meanwhile(purchases: Relation, **how: Any) -> Any:
        evaluated = Relation.rows(CREDIT_COLUMNS, read(earning.evaluate(purchases)))
        monkeypatch.setattr(earning, "award", posts_evaluated)
        change(order, gross=0.5, award_gross=128)
        awards(order)
        assert not Posting.objects.exists()
        return ledger.post_many(evaluated, at=NOW, on_chunk=how["on_chunk"])

    monkeypatch.setattr(earning, "award", meanwhile)

    awards(order)

    assert points(lin) == 0
    assert rows(Posting, "key", "points") == [(f"{KEY}#1", 128), (f"{KEY}#1@0.50!", -128)]
    assert rows(Order, "award") == [(2,)]


def read(relation: Relation) -> list[list[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"select {', '.join(CREDIT_COLUMNS)} from ({relation.sql}) r", relation.params)
        return [list(row) for row in cursor.fetchall()]


def test_an_order_that_comes_to_wait_for_a_word_keeps_its_award(taobao: Channel, lin: Member) -> None:
    order = sold(taobao, member=lin)
    awards(order)
    change(order, gross=180, award_gross=128)

    while_it_waits(partial(change, order, status="unknown"), partial(awards, order))

    assert rows(Posting, "key", "points") == [(f"{KEY}#1", 128)]
    assert rows(Order, "award", "award_gross") == [(1, Decimal(128))]


def test_who_loses_an_order_that_was_just_matched_to_him_is_known(taobao: Channel, lin: Member, mei: Member) -> None:
    ClaimPolicy.objects.create(many=0)
    order = sold(taobao, buyer="花开")
    claim = one(lin)
    assert told(claim) == ("IN_REVIEW", "MANY")
    actor = User.objects.create_user("wang", is_staff=True)

    def matched() -> None:
        change(order, member=mei)
        awarding.award_few([order.pk], at=NOW)

    moved = while_it_waits(matched, partial(moving.give, claim_id=claim.pk, at=NOW, actor_id=actor.pk))

    assert (moved.loser, moved.taken, moved.points) == (mei, 128, 128)
    assert (points(mei), points(lin)) == (0, 128)


def test_an_order_that_is_just_undone_is_not_given(taobao: Channel, lin: Member, mei: Member) -> None:
    order = sold(taobao, member=mei)
    claim = one(lin)
    assert told(claim) == ("REFUSED", "TAKEN")
    actor = User.objects.create_user("wang", is_staff=True)

    def undone() -> None:
        Claim.objects.update(order=None)
        order.delete()

    with pytest.raises(moving.NotMovable):
        while_it_waits(undone, partial(moving.give, claim_id=claim.pk, at=NOW, actor_id=actor.pk))


def test_an_order_that_comes_while_claims_are_decided_is_not_taken_from_whom_it_was_given(
    taobao: Channel, lin: Member, mei: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not there to be locked, and is another's before the claim could have it."""
    claim = one(lin)
    looked, come, run = Event(), Event(), sql.run

    def slowly(app: str, name: str, /, **values: Any) -> Any:
        found = run(app, name, **values)
        if name == "claim_lock":
            looked.set()
            assert come.wait(60)
        return found

    monkeypatch.setattr(sql, "run", slowly)
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(elsewhere, partial(claims.look, at=NOW))
        assert looked.wait(60)
        monkeypatch.setattr(sql, "run", run)
        order = sold(taobao)
        with transaction.atomic():
            change(order, member=mei)
            awarding.award_few([order.pk], at=NOW)
            come.set()
            with suppress(AssertionError):
                until_somebody_waits(3)
        looking.result(60)

    assert rows(Order, "member") == [(mei.pk,)]
    assert (points(mei), points(lin)) == (128, 0)
    claim.refresh_from_db()
    assert told(claim) == ("WAITING", "")


def elsewhere(act: Callable[[], Any]) -> Any:
    try:
        return act()
    finally:
        connections.close_all()


def test_two_who_claim_orders_of_one_account_do_not_both_have_it(taobao: Channel, lin: Member, mei: Member) -> None:
    claimed = [one(lin, "4100000001"), one(mei, "4100000002")]
    for claim in claimed:
        sold(taobao, claim.number, buyer="花开")
    lins, meis = (partial(claims.settle, Claim.objects.filter(pk=claim.pk), at=NOW) for claim in claimed)

    while_it_waits(lins, meis)

    assert rows(Claim, "state", "reason") == [("CREDITED", ""), ("IN_REVIEW", "BOUND")]
    assert rows(Order, "member") == [(lin.pk,), (None,)]
    assert (points(lin), points(mei)) == (128, 0)


def test_a_rule_by_which_an_import_is_just_awarding_gets_its_next_version(
    taobao: Channel, lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, rule, posts = sold(taobao, member=lin), EarningRule.objects.get(), ledger._post
    OrderImport.objects.update(state=OrderImport.State.STORED)

    def meanwhile(*batch: Any, **how: Any) -> Any:
        rules.revise(rule_id=rule.pk, changes={"benefit_rate": 2}, at=NOW)
        return posts(*batch, **how)

    monkeypatch.setattr(ledger, "_post", meanwhile)

    awards(order)

    assert rows(Posting, "points", "rule_versions") == [(128, [rule.pk])]
    assert rows(EarningRule, "version", "benefit_rate") == [(1, 1), (2, 2)]
