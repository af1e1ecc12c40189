"""What an import alone caused is reversed: orders, awards, claims; what others told too stays."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from loyalty import ledger
from loyalty.models import Balance, EarningRule, Kind, Lot, PointsPolicy, Posting
from members.models import Identity, Member
from orders import claims, importing, matching, steps, undoing
from orders.models import (
    Channel,
    Claim,
    Order,
    OrderBefore,
    OrderImport,
    OrderLine,
    OrderRetelling,
    TakenOrder,
)
from orders.undoing import NotUndoable, Undoing
from tests.conftest import NOW, make_member, rows, while_it_waits
from tests.orders.conftest import Export
from tests.orders.test_after_sales import BACK, DOUYIN, MORE, OTHER
from tests.orders.test_importing import import_file
from tests.orders.test_merging import E1, E2, E3, accepted, line, told

LIN, MEI = "13800000001", "13800000002"


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)
    PointsPolicy.objects.create(pending_days=0)


@pytest.fixture
def shop(db: None) -> Channel:
    return Channel.objects.create(code="youzan", name="有赞", format="youzan", enrol=True)


def undone(order_import: OrderImport) -> Undoing:
    """Undo an import and return what that did, which is what was foreseen."""
    foreseen = undoing.foresee(import_id=order_import.pk, at=NOW)
    done = undoing.undo(import_id=order_import.pk, actor_id=None, at=NOW)
    order_import.refresh_from_db()
    assert (order_import.state, order_import.undone_at) == ("UNDONE", NOW)
    assert done == foreseen
    return done


def balances() -> dict[str, tuple[int, int, int]]:
    """Points, growth and debt by the phone's last digit, of those who have any."""
    found = rows(Balance, "member__phone", "points", "growth", "debt")
    return {phone[-1]: tuple(numbers) for phone, *numbers in found if any(numbers)}


def stored() -> list[tuple[Any, ...]]:
    orders = Order.objects.order_by("number").values_list(
        "number", "status", "gross", "refunded", "paid_at", "completed_at", "phone", "member__phone", "earns"
    )
    lines = OrderLine.objects.order_by("order__number", "row_key").values_list(
        "order__number", "row_key", "status", "gross", "refunded", "title"
    )
    return [*orders, *lines]


def lots() -> list[tuple[Any, ...]]:
    """What can be spent, with when it was earned, begins and ends."""
    found = Lot.objects.filter(remaining__gt=0).order_by("member", "occurred_at", "remaining")
    return list(found.values_list("member", "remaining", "occurred_at", "available_at", "expires_at"))


def test_orders_that_only_the_import_told_go_away_with_their_points() -> None:
    first = told(line("paid", 100, phone=LIN), line("paid", 50, number=E2), line("unpaid", 30, number=E3, phone=MEI))

    done = undone(first)

    assert done == Undoing(gone=3, taken=100, growth_taken=100)
    assert rows(Order) == rows(OrderLine) == []
    assert balances() == {}
    assert [key for (key,) in rows(Posting, "key")] == [f"youzan:{E1}#1", f"youzan:{E1}#1!"]
    assert rows(TakenOrder, "number", "award") == [(E1, 2)]
    assert rows(Member, "phone") == [(f"+86{LIN}",)]


def test_the_same_file_again_gives_what_it_gave_under_the_next_number() -> None:
    lines = [line("completed", 100, 30, phone=LIN), line("paid", 50, number=E2, phone=MEI)]
    first = told(*lines)
    before = balances(), stored(), lots()
    undone(first)

    again = told(*lines)

    assert (again.new, again.points, again.growth) == (2, 120, 120)
    assert (balances(), stored(), lots()) == before
    assert rows(Order, "award") == [(2,), (2,)]
    assert rows(TakenOrder) == []


def test_an_import_can_be_undone_and_done_again_and_again() -> None:
    for _turn in range(3):
        undone(told(line("paid", 100, phone=LIN)))
    told(line("paid", 100, phone=LIN))

    assert balances() == {"1": (100, 100, 0)}
    assert rows(Order, "award") == [(4,)]


@pytest.mark.parametrize(
    ("now", "done"),
    [
        (("paid", 180), Undoing(back=1, taken=80, growth_taken=80)),
        (("paid", 60), Undoing(back=1, given=40, growth_given=40)),
        (("paid", 100, 30), Undoing(back=1, given=30, growth_given=30)),
        (("closed", 0), Undoing(back=1, given=100, growth_given=100)),
        (("completed", 100), Undoing(back=1)),
        (("paid", 180, 90), Undoing(back=1, given=10, growth_given=10)),
    ],
)
def test_an_order_that_the_import_changed_stands_as_before(now: Any, done: Undoing) -> None:
    told(line("paid", 100, phone=LIN), line("paid", 70, number=E2, phone=MEI))
    before = balances(), stored(), lots()
    later = told(line(*now, phone=LIN))
    assert stored() != before[1]

    assert undone(later) == done

    assert (balances(), stored(), lots()) == before
    assert rows(OrderBefore) == []


def test_an_order_that_had_earned_nothing_before_has_nothing_after() -> None:
    make_member("Lin", f"+86{LIN}")
    told(line("unpaid", 100, phone=LIN))
    before = stored()
    later = told(line("paid", 100, phone=LIN))

    assert undone(later) == Undoing(back=1, taken=100, growth_taken=100)

    assert (balances(), stored()) == ({}, before)
    told(line("paid", 100, phone=LIN))
    assert balances() == {"1": (100, 100, 0)}


def test_refunds_known_before_stay_taken() -> None:
    told(line("paid", 100, 30, phone=LIN))
    before = balances(), stored()
    later = told(line("paid", 100, 80, phone=LIN))

    assert undone(later) == Undoing(back=1, given=50, growth_given=50)

    assert (balances(), stored()) == before
    assert balances() == {"1": (70, 70, 0)}


def test_an_award_is_given_again_as_it_was_whatever_the_rules_say_today() -> None:
    told(line("paid", 100, phone=LIN))
    before = balances(), lots()
    EarningRule.objects.update(benefit_rate=7)
    later = told(line("paid", 100, 40, phone=LIN))

    undone(later)

    assert (balances(), lots()) == before


def test_lines_that_the_import_added_go_away(shop: Channel) -> None:
    told(line("paid", 100, phone=LIN, title="面膜"))
    before = stored()
    later = told(line("paid", 100, phone=LIN, title="口红"))
    order = Order.objects.get()
    OrderLine.objects.create(
        order=order, row_key="1", status="paid", gross=1, refunded=0, shipping=0, title="x", sku="", quantity=1
    )

    assert undone(later) == Undoing(back=1)

    assert stored() == before


def test_after_sales_that_a_file_took_back_are_not_taken(export: Export) -> None:
    lin = make_member("Lin", f"+86{LIN}")
    file, back = export("DOUYIN_SUB_74", DOUYIN, OTHER), export("DOUYIN_AFTERSALE_50", BACK, MORE)
    import_file(file)
    Order.objects.update(member=lin)
    import_file(file)
    before = balances(), stored(), lots()
    assert import_file(back)["points"] == -16

    undone(OrderImport.objects.latest("pk"))

    assert (balances(), stored(), lots()) == before


def test_an_order_that_another_file_told_too_stays() -> None:
    lines = [line("paid", 100, phone=LIN), line("paid", 50, number=E2, phone=MEI)]
    first, second = told(*lines), told(lines[0])

    done = undone(first)

    assert done == Undoing(gone=1, kept=1, taken=50, growth_taken=50)
    assert rows(Order, "number", "first_import", "last_import") == [(E1, second.pk, second.pk)]
    assert undone(second) == Undoing(gone=1, taken=100, growth_taken=100)
    assert balances() == {}


def test_three_tellers_of_an_order_are_undone_in_any_order() -> None:
    tellers = [told(line("paid", 100, phone=LIN)) for _turn in range(3)]

    kept = [undone(tellers[nth]).kept for nth in (0, 2)]

    assert kept == [1, 0]
    assert balances() == {"1": (100, 100, 0)}
    assert undone(tellers[1]).gone == 1
    assert balances() == {}
    assert rows(OrderRetelling) == []


def test_an_order_that_a_later_import_changed_stays_as_it_is() -> None:
    first, second = told(line("paid", 100, phone=LIN)), told(line("paid", 100, 30, phone=LIN))
    before = balances(), stored()

    assert undone(first) == Undoing(kept=1)

    assert (balances(), stored()) == before
    assert undone(second) == Undoing(gone=1, taken=70, growth_taken=70)
    assert (rows(Order), rows(OrderBefore)) == ([], [])


def test_an_import_in_the_middle_leaves_no_trace_when_the_later_one_is_undone_too() -> None:
    told(line("paid", 100, phone=LIN))
    before = balances(), stored(), lots()
    middle, last = told(line("paid", 180, phone=LIN)), told(line("paid", 180, 90, phone=LIN))

    assert [undone(middle), undone(last)] == [Undoing(kept=1), Undoing(back=1, given=10, growth_given=10)]

    assert (balances(), stored(), lots()) == before
    assert rows(OrderBefore) == []


def test_a_change_that_was_told_again_stays() -> None:
    told(line("paid", 100, phone=LIN))
    second, third = told(line("paid", 100, 30, phone=LIN)), told(line("paid", 100, 30, phone=LIN))
    before = balances(), stored()

    assert undone(second) == Undoing(kept=1)

    assert (balances(), stored()) == before
    assert undone(third) == Undoing(back=1, given=30, growth_given=30)


@pytest.mark.parametrize(("policy", "left"), [("debt", (0, 0, 60)), ("clamp", (0, 0, 0))])
def test_points_spent_meanwhile_become_a_debt_or_are_let_go(policy: str, left: tuple[int, ...]) -> None:
    PointsPolicy.objects.update(shortfall=policy)
    first = told(line("paid", 100, phone=LIN), line("paid", 50, number=E2, phone=MEI))
    lin = Member.objects.get(phone=f"+86{LIN}")
    ledger.debit(member_id=lin.pk, points=60, source="till", key="1", at=NOW)

    foreseen = undoing.foresee(import_id=first.pk, at=NOW)
    undoing.undo(import_id=first.pk, actor_id=None, at=NOW)

    assert (foreseen.taken, foreseen.spent, foreseen.debtors) == (150, 60, 1)
    assert {"1": left} == (balances() or {"1": (0, 0, 0)})


def test_points_spent_of_a_changed_order_are_repaid_by_the_award_given_again() -> None:
    told(line("paid", 100, phone=LIN))
    later = told(line("paid", 180, phone=LIN))
    ledger.debit(member_id=Member.objects.get().pk, points=130, source="till", key="1", at=NOW)

    done = undone(later)

    assert (done.taken, done.spent, done.debtors) == (80, 30, 1)
    assert balances() == {"1": (0, 100, 30)}


def test_what_has_expired_is_not_taken_again() -> None:
    first = told(line("paid", 100, phone=LIN))
    then = NOW + timedelta(days=800)
    OrderImport.objects.update(finished_at=then)

    foreseen = undoing.foresee(import_id=first.pk, at=then)
    done = undoing.undo(import_id=first.pk, actor_id=None, at=then)

    assert done == foreseen == Undoing(gone=1, growth_taken=100)
    assert balances() == {}


def claimed(member: Member, number: str = E1) -> Claim:
    (claim,) = claims.claim(member_id=member.pk, numbers=[number], channel_code=None, at=NOW)
    return claim


def test_a_claim_of_an_order_that_goes_away_waits_again_and_says_so(shop: Channel) -> None:
    lin = make_member("Lin", f"+86{LIN}")
    first = told(line("paid", 100))
    claim = claimed(lin)
    assert claim.state == "CREDITED"

    assert undone(first) == Undoing(gone=1, claims=1, taken=100, growth_taken=100)

    claim = Claim.objects.get()
    assert (claim.state, claim.reason, claim.order, claim.decided_at) == ("WAITING", "UNDONE", None, NOW)
    assert "文件" in claims.words(claim, at=NOW) or "file" in claims.words(claim, at=NOW)
    assert claims.give_up(at=claim.made_at + timedelta(days=29)) == 0
    told(line("paid", 100))
    assert rows(Claim, "state") == [("CREDITED",)]
    assert balances() == {"1": (100, 100, 0)}


def test_a_claim_waits_its_full_time_after_an_undo(shop: Channel) -> None:
    first = told(line("paid", 100))
    claimed(make_member("Lin", f"+86{LIN}"))
    later = NOW + timedelta(days=40)

    undoing.undo(import_id=first.pk, actor_id=None, at=later)

    assert claims.give_up(at=later + timedelta(days=29)) == 0
    assert claims.give_up(at=later + timedelta(days=31)) == 1


def test_a_claim_in_review_waits_again_and_a_refused_one_stays_refused(shop: Channel) -> None:
    lin, mei = make_member("Lin", f"+86{LIN}"), make_member("Mei", f"+86{MEI}")
    first = told(line("paid", 9000), line("closed", 0, number=E2))
    assert [claimed(lin).state, claimed(mei, E2).state] == ["IN_REVIEW", "REFUSED"]

    assert undone(first) == Undoing(gone=2, claims=1)

    assert rows(Claim, "state", "order") == [("WAITING", None), ("REFUSED", None)]


def test_an_order_that_was_there_before_stays_with_the_member_who_claimed_it(shop: Channel) -> None:
    told(line("paid", 100))
    later = told(line("paid", 180))
    claimed(make_member("Lin", f"+86{LIN}"))
    assert balances() == {"1": (180, 180, 0)}

    undone(later)

    assert rows(Order, "gross", "member__phone") == [(100, f"+86{LIN}")]
    assert rows(Claim, "state") == [("CREDITED",)]
    assert balances() == {"1": (100, 100, 0)}


def test_an_order_that_the_import_made_somebodys_is_nobodys_again(shop: Channel) -> None:
    told(line("paid", 100))
    before = stored()
    later = told(line("paid", 100, phone=LIN))
    assert balances() == {"1": (100, 100, 0)}

    assert undone(later) == Undoing(back=1, taken=100, growth_taken=100)

    assert (stored(), balances()) == (before, {})
    assert Member.objects.count() == 1
    assert matching.match_all(at=NOW) == 0


def test_an_order_whose_account_the_import_bound_stays_the_members(db: None) -> None:
    lin = make_member("Lin", f"+86{LIN}")
    Channel.objects.create(code="youzan", name="有赞", format="youzan", enrol=True)
    told(line("paid", 100))
    Order.objects.update(buyer="lin's account")
    later = told(line("paid", 100, phone=LIN))
    Identity.objects.create(channel="youzan", external_id="lin's account", member=lin)

    undoing.undo(import_id=later.pk, actor_id=None, at=NOW)

    assert rows(Order, "member__phone", "phone") == [(f"+86{LIN}", "")]
    assert balances() == {"1": (100, 100, 0)}


def test_an_order_that_earned_nothing_before_its_import_could_earn_earns_after_the_undo() -> None:
    """The later import stored, and the undo came, before the first import had got to award its orders."""
    first = told(line("paid", 100, phone=LIN))
    later = told(line("paid", 180, phone=LIN))
    OrderBefore.objects.update(posting=None)

    undoing.undo(import_id=later.pk, actor_id=None, at=NOW)

    assert (first.points, balances()) == (100, {"1": (100, 100, 0)})


def test_a_failed_import_is_undone_as_far_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    told(line("paid", 100, phone=LIN))
    before = balances(), stored()

    monkeypatch.setattr(steps.awarding, "award", broken)
    for _turn in range(importing.MOST_FAILURES):
        failed = OrderImport.objects.filter(state="STORED").first() or accepted(
            line("paid", 180, phone=LIN), line("paid", 50, number=E2, phone=MEI)
        )
        with pytest.raises(RuntimeError):
            importing.run(import_id=failed.pk, at=NOW)
    monkeypatch.undo()
    failed = OrderImport.objects.latest("pk")
    assert (failed.state, Order.objects.count()) == ("FAILED", 2)

    assert undone(failed) == Undoing(gone=1, back=1)

    assert (balances(), stored()) == before


def broken(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError("no award")


def test_an_import_is_undone_once_and_only_when_it_has_ended() -> None:
    first = told(line("paid", 100, phone=LIN))
    undone(first)

    for state in ("UNDONE", "UNDOING", "PREVIEWED", "REFUSED", "STORED"):
        OrderImport.objects.filter(pk=first.pk).update(state=state)
        with pytest.raises(NotUndoable):
            undoing.undo(import_id=first.pk, actor_id=None, at=NOW)
        with pytest.raises(NotUndoable):
            undoing.foresee(import_id=first.pk, at=NOW)
    assert Posting.objects.filter(kind=Kind.CLAW_BACK).count() == 1


def test_what_an_old_import_changed_is_forgotten() -> None:
    first, second = told(line("paid", 100, phone=LIN)), told(line("paid", 100, 30, phone=LIN))
    told(line("paid", 100, 30, phone=LIN))

    assert undoing.forget(at=NOW + timedelta(days=89)) == 0
    assert (OrderBefore.objects.count(), OrderRetelling.objects.count()) == (1, 1)
    assert undoing.forget(at=NOW + timedelta(days=91)) == 3

    assert rows(OrderBefore) == rows(OrderRetelling) == []
    for old in (first, second):
        with pytest.raises(NotUndoable, match="90"):
            undoing.undo(import_id=old.pk, actor_id=None, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_what_is_just_being_undone_is_not_forgotten() -> None:
    told(line("paid", 100, phone=LIN))
    second = told(line("paid", 100, 30, phone=LIN))

    forgotten = while_it_waits(
        partial(undoing.begin, import_id=second.pk, actor_id=None, at=NOW),
        partial(undoing.forget, at=NOW + timedelta(days=91)),
    )
    undoing.run(import_id=second.pk, at=NOW)

    assert rows(Order, "refunded") == [(0,)]
    assert forgotten == 1


def test_every_column_of_an_order_is_put_back_or_known_to_stay() -> None:
    """Who adds a column that a file changes has to put it back in undo_back.sql too."""
    from config.sql import text

    stays = {"id", "channel_id", "number", "first_import_id", "order_id", "row_key"}
    columns = {f.column for model in (Order, OrderLine) for f in model._meta.concrete_fields}

    missing = {column for column in columns - stays if f"{column} = " not in text("orders", "undo_back")}

    assert missing == set()
