"""The ten laws of loyalty/ledger.py, each told by tests of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from config.sql import Relation
from loyalty import ledger
from loyalty.models import Balance, Kind, Lot, Move, PointsPolicy, Posting
from members.models import Member
from tests.conftest import rows

DAY = timedelta(days=1)
BULK, JOBS = 400, 6  # members and callers of the tests that lock many at once


def earn(member: Member, points: int, key: str, at: datetime, **values: Any) -> Posting:
    return ledger.credit(member_id=member.pk, points=points, kind=Kind.EARN, source="order", key=key, at=at, **values)


def spend(member: Member, points: int, key: str, at: datetime) -> Posting:
    return ledger.debit(member_id=member.pk, points=points, source="till", key=key, at=at)


def refund(posting: Posting, refunded: int, paid: int, key: str, at: datetime) -> Posting | None:
    return ledger.claw_back(posting_id=posting.pk, refunded=Decimal(refunded), paid=Decimal(paid), key=key, at=at)


def lots() -> dict[str, int]:
    return dict(Lot.objects.order_by("id").values_list("posting__key", "remaining"))


def settle_constraints() -> None:
    """Let the deferred checks run now: a table with checks still due cannot be truncated at all."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")


def balance(member: Member) -> tuple[int, int, int]:
    row = Balance.objects.filter(pk=member.pk).first()
    return (row.points, row.debt, row.growth) if row else (0, 0, 0)


# 1 append_only ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "update loyalty_posting set points = 1",
        "delete from loyalty_posting",
        "truncate loyalty_posting cascade",
        "update loyalty_move set amount = -1",
        "delete from loyalty_move",
        "truncate loyalty_move",
        "update loyalty_lot set granted = 1",
        "update loyalty_lot set expires_at = now()",
        "update loyalty_lot set seal = 0",
        "update loyalty_lot set remaining = 0",
        "delete from loyalty_lot",
        "update loyalty_balance set points = 0",
        "delete from loyalty_balance",
        "insert into loyalty_balance (member_id) select id from members_member",
    ],
)
def test_append_only_refuses_whoever_edits_the_ledger(lin: Member, at: datetime, statement: str) -> None:
    earn(lin, 10, "a", at)
    spend(lin, 4, "b", at)
    settle_constraints()

    with pytest.raises(DatabaseError, match="append_only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert balance(lin) == (6, 0, 0)


def test_append_only_models_cannot_be_saved(lin: Member) -> None:
    with pytest.raises(TypeError):
        Posting(member=lin).save()


# 2 posted_once ------------------------------------------------------------------------------------------------------


def test_posted_once_returns_the_first_posting(lin: Member, at: datetime) -> None:
    first = earn(lin, 10, "a", at)

    again = earn(lin, 10, "a", at + DAY)

    assert again == first
    assert balance(lin) == (10, 0, 0)


def test_posted_once_refuses_another_payload(lin: Member, wei: Member, at: datetime) -> None:
    earn(lin, 10, "a", at)
    spend(lin, 5, "s", at)

    for call in (
        lambda: earn(lin, 11, "a", at),
        lambda: earn(wei, 10, "a", at),
        lambda: earn(lin, 10, "a", at, growth=1),
        lambda: spend(lin, 4, "s", at),
    ):
        with pytest.raises(ledger.KeyReused):
            call()

    assert balance(lin) == (5, 0, 0)
    assert balance(wei) == (0, 0, 0)


def test_posted_once_forty_equal_credits_at_once(
    transactional_db: None, lin: Member, at: datetime, at_once: Callable[..., list[Any]]
) -> None:
    results = at_once(lambda _: earn(lin, 10, "a", at), [None] * 40)

    assert {result.pk for result in results} == {Posting.objects.get().pk}
    assert balance(lin) == (10, 0, 0)


def test_posted_once_a_refused_debit_does_not_burn_its_key(lin: Member, at: datetime) -> None:
    with pytest.raises(ledger.InsufficientPoints) as refused:
        spend(lin, 5, "s", at)
    earn(lin, 5, "a", at)

    spend(lin, 5, "s", at)

    assert refused.value.available == 0
    assert balance(lin) == (0, 0, 0)


# 4 bounds -----------------------------------------------------------------------------------------------------------


def test_bounds_growth_cannot_fall_below_zero(lin: Member, at: datetime) -> None:
    with pytest.raises(ledger.InsufficientGrowth):
        ledger.credit(member_id=lin.pk, growth=-1, kind=Kind.ADJUST, source="adjust", key="g", at=at)

    assert rows(Posting) == []


def test_bounds_a_debt_of_one_point_is_repaid_too(lin: Member, at: datetime) -> None:
    award = earn(lin, 1, "a", at)
    spend(lin, 1, "s", at)
    refund(award, 1, 1, "r", at)

    earn(lin, 1, "b", at)

    assert balance(lin) == (0, 0, 0)


def test_bounds_a_credit_takes_nothing_and_a_debit_gives_nothing(lin: Member, at: datetime) -> None:
    row = [lin.pk, -5, 0, Kind.ADJUST, "adjust", "n", at, at, at + DAY, [], None, "", None]

    for wrong in (
        lambda: earn(lin, -5, "a", at),
        lambda: spend(lin, -5, "s", at),
        lambda: spend(lin, 0, "s", at),
        lambda: ledger.post_many(Relation.rows(ledger.CREDIT_COLUMNS, [row]), at=at),
        lambda: refund(Posting(pk=1), 2, 1, "r", at),
    ):
        with pytest.raises(ValueError):
            wrong()

    assert rows(Posting) == []


def test_bounds_next_points_repay_a_debt_at_once(lin: Member, at: datetime) -> None:
    award = earn(lin, 100, "a", at)
    spend(lin, 80, "s", at)
    refund(award, 100, 100, "r", at)

    earn(lin, 30, "b", at, available_at=at + DAY)
    indebted = balance(lin)
    earn(lin, 100, "c", at)

    assert indebted == (0, 50, 0)
    assert balance(lin) == (50, 0, 0)
    assert lots() == {"a": 0, "b": 0, "c": 50}


# 5 time_decides -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "spendable"),
    [
        (timedelta(0) - timedelta(microseconds=1), False),
        (timedelta(0), True),
        (DAY - timedelta(microseconds=1), True),
        (DAY, False),
    ],
)
def test_time_decides_at_the_microsecond(lin: Member, at: datetime, moment: timedelta, spendable: bool) -> None:
    earn(lin, 10, "a", at - DAY, available_at=at, expires_at=at + DAY)

    available = ledger.standing(member_id=lin.pk, at=at + moment).available
    try:
        spend(lin, 10, "s", at + moment)
        spent = True
    except ledger.InsufficientPoints:
        spent = False

    assert (available == 10, spent) == (spendable, spendable)


def test_time_decides_what_has_ended_is_expired_before_points_are_taken(lin: Member, at: datetime) -> None:
    earn(lin, 10, "ended", at - 2 * DAY, expires_at=at)
    earn(lin, 20, "stays", at - 2 * DAY)

    spend(lin, 5, "s", at)

    assert rows(Posting, "kind", "points", "occurred_at")[2:] == [(Kind.REDEEM, -5, at), (Kind.EXPIRE, -10, at)]
    assert lots() == {"ended": 0, "stays": 15}


def test_time_decides_standing_is_the_same_before_and_after_the_sweep(lin: Member, at: datetime) -> None:
    earn(lin, 10, "ends", at - 2 * DAY, expires_at=at)
    earn(lin, 20, "stays", at - 2 * DAY, expires_at=at + DAY)
    earn(lin, 40, "comes", at - 2 * DAY, available_at=at + DAY)
    before = ledger.standing(member_id=lin.pk, at=at)

    swept = [ledger.expire(at=at), ledger.expire(at=at)]

    assert swept == [10, 0]
    assert ledger.standing(member_id=lin.pk, at=at) == before
    assert before == ledger.Standing(20, 40, 0, 0, 70, [(at + DAY, 20)])


# 6 soonest_first ----------------------------------------------------------------------------------------------------


def test_soonest_first_takes_what_ends_first(lin: Member, at: datetime) -> None:
    earn(lin, 10, "never", at - 3 * DAY)
    earn(lin, 10, "late", at - 2 * DAY, expires_at=at + 9 * DAY)
    earn(lin, 10, "soon", at - DAY, expires_at=at + 2 * DAY)
    earn(lin, 10, "pending", at - DAY, available_at=at + DAY, expires_at=at + 2 * DAY)

    spend(lin, 15, "s", at)

    assert lots() == {"never": 10, "late": 5, "soon": 0, "pending": 10}


def test_soonest_first_is_all_or_nothing(lin: Member, at: datetime) -> None:
    earn(lin, 10, "a", at)

    with pytest.raises(ledger.InsufficientPoints):
        spend(lin, 11, "s", at)

    assert lots() == {"a": 10}
    assert Posting.objects.count() == 1


# 7 back_where_it_came_from ------------------------------------------------------------------------------------------


def test_back_where_it_came_from_once(lin: Member, at: datetime) -> None:
    earn(lin, 10, "a", at, expires_at=at + DAY)
    earn(lin, 10, "b", at)
    debit = spend(lin, 15, "s", at)

    first = ledger.give_back(posting_id=debit.pk, key="g", at=at)
    same_key = ledger.give_back(posting_id=debit.pk, key="g", at=at)
    other_key = ledger.give_back(posting_id=debit.pk, key="h", at=at)

    assert lots() == {"a": 10, "b": 10}
    assert (same_key, other_key) == (first, None)


def test_back_where_it_came_from_ended_points_end_again(lin: Member, at: datetime) -> None:
    earn(lin, 10, "a", at, expires_at=at + DAY)
    debit = spend(lin, 4, "s", at)

    ledger.expire(at=at + DAY)
    ledger.give_back(posting_id=debit.pk, key="g", at=at + 2 * DAY)

    assert [kind for (kind,) in rows(Posting, "kind")] == [Kind.EARN, Kind.REDEEM, Kind.EXPIRE, 10, Kind.EXPIRE]
    assert balance(lin) == (0, 0, 0)


def test_back_where_it_came_from_repays_a_debt(lin: Member, at: datetime) -> None:
    award = earn(lin, 100, "a", at)
    debit = spend(lin, 100, "s", at)
    refund(award, 60, 100, "r", at)

    ledger.give_back(posting_id=debit.pk, key="g", at=at)

    assert balance(lin) == (40, 0, 0)


def test_back_where_it_came_from_refuses_what_took_nothing(lin: Member, at: datetime) -> None:
    award = earn(lin, 100, "a", at)

    with pytest.raises(ledger.NotGivenBack):
        ledger.give_back(posting_id=award.pk, key="g", at=at)


def test_back_where_it_came_from_a_part_goes_to_the_lot_that_ends_latest(lin: Member, at: datetime) -> None:
    earn(lin, 10, "a", at, expires_at=at + DAY)
    earn(lin, 10, "b", at)
    debit = spend(lin, 15, "s", at)

    parts = [ledger.give_back(posting_id=debit.pk, key=f"g{n}", at=at, points=n) for n in (3, 4)]
    after_parts = lots()
    again = ledger.give_back(posting_id=debit.pk, key="g3", at=at, points=3)
    rest = ledger.give_back(posting_id=debit.pk, key="rest", at=at)
    more = ledger.give_back(posting_id=debit.pk, key="more", at=at, points=1)

    assert after_parts == {"a": 2, "b": 10}
    assert (again, more) == (parts[0], None)
    assert rest is not None
    assert rest.points == 8
    assert lots() == {"a": 10, "b": 10}


@pytest.mark.parametrize("points", [13, 0, -1])
def test_back_where_it_came_from_refuses_more_than_is_left_and_nothing(lin: Member, at: datetime, points: int) -> None:
    earn(lin, 20, "a", at)
    debit = spend(lin, 15, "s", at)
    ledger.give_back(posting_id=debit.pk, key="g", at=at, points=3)

    with pytest.raises(ledger.NotGivenBack):
        ledger.give_back(posting_id=debit.pk, key="h", at=at, points=points)
    with pytest.raises(ledger.KeyReused):
        ledger.give_back(posting_id=debit.pk, key="g", at=at, points=4)

    assert lots() == {"a": 8}


def test_back_where_it_came_from_no_row_of_ones_own_gives_back_more(lin: Member, at: datetime) -> None:
    earn(lin, 20, "a", at)
    debit = spend(lin, 10, "s", at)
    ledger.give_back(posting_id=debit.pk, key="g", at=at)
    spend(lin, 5, "t", at)

    with pytest.raises(DatabaseError, match="back_where_it_came_from"), transaction.atomic():
        forge_give_back(debit, 1, at)

    assert lots() == {"a": 15}


def forge_give_back(debit: Posting, points: int, at: datetime) -> None:
    """Give points back past the ledger's door."""
    with connection.cursor() as cursor:
        cursor.execute(
            "with p as (insert into loyalty_posting (kind, source, key, payload_hash, member_id, points, refers_to_id,"
            " occurred_at) select 10, 'x', 'h', loyalty_payload_hash('x', 'h', member_id, 10::smallint, %s, 0, id),"
            " member_id, %s, id, %s from loyalty_posting where id = %s returning id, refers_to_id)"
            " insert into loyalty_move (posting_id, lot_id, amount)"
            " select p.id, m.lot_id, %s from p join loyalty_move m on m.posting_id = p.refers_to_id",
            [points, points, at, debit.pk, points],
        )
        cursor.execute("set constraints all immediate")


@pytest.mark.django_db(transaction=True)
def test_back_where_it_came_from_of_many_at_once_the_parts_never_exceed_it(
    transactional_db: None, lin: Member, at: datetime, at_once: Callable[..., list[Any]]
) -> None:
    earn(lin, 100, "a", at)
    debit = spend(lin, 100, "s", at)

    def give(n: int) -> Any:
        return ledger.give_back(posting_id=debit.pk, key=f"g{n}", at=at, points=30)

    outcomes = at_once(give, list(range(8)))

    assert sorted(type(each).__name__ for each in outcomes) == ["NotGivenBack"] * 5 + ["Posting"] * 3
    assert balance(lin) == (90, 0, 0)


# 8 claw_back_order --------------------------------------------------------------------------------------------------


def test_claw_back_order_own_lot_then_available_then_pending_then_debt(lin: Member, at: datetime) -> None:
    earn(lin, 10, "other", at - DAY)
    earn(lin, 10, "soon", at - DAY, expires_at=at + DAY)
    earn(lin, 10, "pending", at, available_at=at + DAY)
    own = earn(lin, 100, "own", at, available_at=at + 9 * DAY)
    spare = earn(lin, 50, "spare", at, expires_at=at + timedelta(hours=1))
    spend(lin, 50, "s", at)
    states = []

    for refunded in (50, 100):
        refund(own, refunded, 100, f"r{refunded}", at)
        states.append(lots())
    refund(spare, 1, 1, "rs", at)

    assert states[0] == {"other": 10, "soon": 10, "pending": 10, "own": 50, "spare": 0}
    assert states[1] == {"other": 10, "soon": 10, "pending": 10, "own": 0, "spare": 0}
    assert balance(lin) == (0, 20, 0)


def test_claw_back_order_takes_soonest_of_the_others_first(lin: Member, at: datetime) -> None:
    earn(lin, 10, "other", at - DAY)
    earn(lin, 10, "pending", at, available_at=at + DAY)
    own = earn(lin, 12, "own", at, expires_at=at + timedelta(hours=1))
    spend(lin, 12, "s", at)
    earn(lin, 10, "soon", at - DAY, expires_at=at + DAY)

    refund(own, 1, 1, "r", at)

    assert lots() == {"other": 8, "pending": 10, "own": 0, "soon": 0}


def test_claw_back_order_clamp_takes_what_is_left_and_says_so(lin: Member, at: datetime) -> None:
    PointsPolicy.objects.create(shortfall=PointsPolicy.Debt.CLAMP)
    award = earn(lin, 100, "a", at)
    spend(lin, 80, "s", at)

    taken = refund(award, 100, 100, "r", at)

    assert taken is not None
    assert taken.points == -20
    assert balance(lin) == (0, 0, 0)


def test_claw_back_order_clamp_that_found_nothing_takes_nothing_later(lin: Member, at: datetime) -> None:
    PointsPolicy.objects.create(shortfall=PointsPolicy.Debt.CLAMP)
    award = earn(lin, 100, "a", at)
    spend(lin, 100, "s", at)

    first = refund(award, 60, 100, "r60", at)
    earn(lin, 70, "b", at)
    again = refund(award, 60, 100, "r60", at)

    assert first is not None
    assert (first.points, first.breakdown) == (0, {"refunded": "60", "paid": "100", "short": 60})
    assert again == first
    assert balance(lin) == (70, 0, 0)
    with pytest.raises(ledger.KeyReused):
        refund(award, 61, 100, "r60", at)


def test_claw_back_order_growth_that_was_not_there_is_not_taken_later(lin: Member, at: datetime) -> None:
    award = earn(lin, 0, "a", at, growth=100)
    ledger.credit(member_id=lin.pk, growth=-100, kind=Kind.ADJUST, source="adjust", key="g", at=at)

    first = refund(award, 60, 100, "r60", at)
    earn(lin, 0, "b", at, growth=70)
    again = refund(award, 60, 100, "r60", at)

    assert first is not None
    assert again == first
    assert balance(lin) == (0, 0, 70)


# 9 refunds_converge -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("granted", "paid", "refunds", "stands"),
    [
        (100, 100, [30], 70),
        (100, 100, [30, 60, 100], 0),
        (99, 33, [1, 2, 3], 90),
        (10, 3, [1], 6),  # floor(10 × 2 ÷ 3)
        (10, 3, [1, 2], 3),
        (3, 9999, [3333], 2),
        (1, 100, [1], 0),
    ],
)
def test_refunds_converge_to_the_floor(
    lin: Member, at: datetime, granted: int, paid: int, refunds: list[int], stands: int
) -> None:
    award = earn(lin, granted, "a", at, growth=granted)

    for refunded in refunds:
        refund(award, refunded, paid, f"r{refunded}", at)

    assert balance(lin) == (stands, 0, stands)


def test_refunds_converge_the_same_refund_takes_once(lin: Member, at: datetime) -> None:
    award = earn(lin, 100, "a", at)

    first = refund(award, 30, 100, "r", at)
    same_key = refund(award, 30, 100, "r", at)
    other_key = refund(award, 30, 100, "r2", at)

    assert (same_key, other_key) == (first, None)
    assert balance(lin) == (70, 0, 0)
    with pytest.raises(ledger.KeyReused):
        refund(award, 40, 100, "r", at)


def test_refunds_converge_does_not_take_again_what_has_expired(lin: Member, at: datetime) -> None:
    award = earn(lin, 100, "a", at, expires_at=at + DAY)
    earn(lin, 100, "b", at)
    spend(lin, 40, "s", at)
    ledger.expire(at=at + DAY)

    refund(award, 50, 100, "r", at + DAY)

    assert balance(lin) == (60, 0, 0)


def test_refunds_converge_many_refunds_of_one_member_in_one_statement(lin: Member, wei: Member, at: datetime) -> None:
    awards = [earn(lin, 10, "a", at), earn(lin, 10, "b", at), earn(wei, 10, "c", at)]
    asked = [[award.pk, 1, 2, f"r{award.key}", ""] for award in awards]

    made = ledger.claw_back_many(Relation.rows(ledger.REFUND_COLUMNS, asked), at=at)
    again = ledger.claw_back_many(Relation.rows(ledger.REFUND_COLUMNS, asked), at=at)

    assert (len(made), again) == (3, [])
    assert lots() == {"a": 5, "b": 5, "c": 5}


# 10 one_lock_order --------------------------------------------------------------------------------------------------


def test_one_lock_order_fifty_debits_of_one_member(
    transactional_db: None, lin: Member, at: datetime, at_once: Callable[..., list[Any]]
) -> None:
    for number in range(50):
        earn(lin, 7, f"a{number}", at, expires_at=at + (number % 5 + 1) * DAY)

    results = at_once(lambda n: spend(lin, 10, f"s{n}", at), list(range(50)))

    won = [result for result in results if isinstance(result, Posting)]
    lost = [result for result in results if isinstance(result, ledger.InsufficientPoints)]
    assert (len(won), len(lost)) == (35, 15)
    assert balance(lin) == (0, 0, 0)


def test_one_lock_order_bulk_credits_in_opposite_order(
    transactional_db: None, at: datetime, at_once: Callable[..., list[Any]]
) -> None:
    members = [Member.objects.create(name=str(n), joined_at=at).pk for n in range(60)]

    def post(job: int) -> ledger.Posted:
        order = members if job % 2 else members[::-1]
        credits = [
            [member, 5, 3, Kind.EARN, "order", f"{job // 2}:{member}", at, at, at + DAY, [], None, "", None]
            for member in order
        ]
        return ledger.post_many(Relation.rows(ledger.CREDIT_COLUMNS, credits), at=at)

    results = at_once(post, list(range(12)))

    assert not [result for result in results if isinstance(result, Exception)]
    assert sum(result.new for result in results) == 360
    assert sum(result.same for result in results) == 360
    assert set(rows(Balance, "points", "growth")) == {(30, 18)}


@pytest.mark.parametrize("kinds", ["credits", "refunds", "credits refunds"])
def test_one_lock_order_bulk_jobs_that_hold_each_others_members_back(
    transactional_db: None, at: datetime, at_once: Callable[..., list[Any]], kinds: str
) -> None:
    """All jobs start while somebody holds a member in the middle: each has locked what stands before him by then."""
    members = [Member.objects.create(name=str(n), joined_at=at).pk for n in range(BULK)]
    for job in range(JOBS):
        credit_all(members, f"award{job}", job, at)

    for middle in (BULK // 3, BULK // 2, BULK - 2):

        def work(job: int, middle: int = middle) -> int:
            if kinds.split()[job % len(kinds.split())] == "credits":
                return credit_all(members, f"{middle}.{job}", job // 2, at)
            return refund_all(members, job, middle, at)

        with held_back(members[middle], JOBS, lambda work=work: at_once(work, list(range(JOBS)))) as running:
            pass

        assert running.result() == [BULK] * JOBS


def credit_all(members: list[int], prefix: str, turn: int, at: datetime) -> int:
    """Credit all members in one statement, by keys that run with the members or, every other turn, against them."""
    credits = [
        [member, 30, 3, Kind.EARN, "order", bulk_key(prefix, turn, n), at, at, at + DAY, [], None, "", None]
        for n, member in enumerate(members)
    ]
    return ledger.post_many(Relation.rows(ledger.CREDIT_COLUMNS, credits), at=at).new


def refund_all(members: list[int], job: int, refunded: int, at: datetime) -> int:
    """Refund each member's award of this job, by keys that run with the members or against them."""
    awards = dict(Posting.objects.filter(key__startswith=f"award{job}:").values_list("member_id", "pk"))
    asked = [
        [awards[member], refunded, BULK, bulk_key(f"{refunded}.{job}", job // 2, n), ""]
        for n, member in enumerate(members)
    ]
    return len(ledger.claw_back_many(Relation.rows(ledger.REFUND_COLUMNS, asked), at=at))


def bulk_key(prefix: str, turn: int, n: int) -> str:
    return f"{prefix}:{n if turn % 2 else BULK - n:05d}"


@contextmanager
def held_back(member: int, jobs: int, work: Callable[[], list[Any]]) -> Iterator[Future[list[Any]]]:
    """Lock a member, start the work, and let the member go when every job waits for somebody."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select from loyalty_balance where member_id = %s for no key update", [member])
            running = pool.submit(work)
            until = monotonic() + 20
            while not running.done() and waiting(cursor) < jobs:
                assert monotonic() < until
                sleep(0.01)
        yield running


def waiting(cursor: Any) -> int:
    cursor.execute("select count(distinct pid) from pg_locks where not granted")
    return int(cursor.fetchone()[0])


def test_one_lock_order_many_chunks_within_a_transaction_are_refused(
    lin: Member, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "CHUNK", 2)
    credits = [[lin.pk, 5, 0, Kind.EARN, "order", str(n), at, at, at + DAY, [], None, "", None] for n in range(3)]

    with pytest.raises(RuntimeError, match="at most 2 rows"):
        ledger.post_many(Relation.rows(ledger.CREDIT_COLUMNS, credits), at=at)
    posted = ledger.post_many(Relation.rows(ledger.CREDIT_COLUMNS, credits[:2]), at=at)

    assert posted.new == 2
    assert [key for (key,) in rows(Posting, "key")] == ["0", "1"]


def test_one_lock_order_everything_at_once(
    transactional_db: None, at: datetime, at_once: Callable[..., list[Any]]
) -> None:
    members = [Member.objects.create(name=str(n), joined_at=at) for n in range(8)]
    awards = [earn(member, 100, f"a{member.pk}", at, expires_at=at + DAY) for member in members for _ in range(1)]

    def work(job: int) -> Any:
        done = 0
        for turn in range(6):
            member = members[(job + turn) % 8]
            try:
                match job % 4:
                    case 0:
                        earn(member, 5, f"e{job}.{turn}", at)
                    case 1:
                        debit = spend(member, 9, f"s{job}.{turn}", at)
                        ledger.give_back(posting_id=debit.pk, key=f"g{job}.{turn}", at=at)
                    case 2:
                        refund(awards[(job + turn) % 8], turn + 1, 100, f"r{job}.{turn}", at)
                    case 3:
                        ledger.expire(at=at + (turn % 2) * DAY)
                done += 1
            except ledger.InsufficientPoints:
                pass
        return done

    results = at_once(work, list(range(16)))

    assert not [result for result in results if isinstance(result, Exception)]


# 3 sums: the property test over all of them stands in test_ledger_property.py; here what moves balances -------------


def test_sums_each_kind_of_event_in_turn(lin: Member, at: datetime) -> None:
    award = earn(lin, 100, "a", at, growth=100)
    debit = spend(lin, 30, "s", at)
    ledger.give_back(posting_id=debit.pk, key="g", at=at)
    refund(award, 25, 100, "r", at)

    assert rows(Posting, "kind", "points", "growth") == [
        (Kind.EARN, 100, 100),
        (Kind.REDEEM, -30, 0),
        (Kind.GIVE_BACK, 30, 0),
        (Kind.CLAW_BACK, -25, -25),
    ]
    assert rows(Move, "amount") == [(-30,), (30,), (-25,)]
    assert balance(lin) == (75, 0, 75)
