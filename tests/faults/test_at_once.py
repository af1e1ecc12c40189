"""Imports at once with themselves, with each other, with redemptions and with expiry: exact sums and no deadlock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Sum

from loyalty import ledger
from loyalty.models import Balance, Kind, Posting
from mall import stock
from mall.models import Gift, Redemption
from mall.redeeming import InsufficientPoints, redeem
from members.models import Member, User
from orders import importing, matching, steps, tasks
from orders.models import Channel, Order, OrderImport, StagedRow
from tests.conftest import NOW
from tests.orders.worlds import (
    accepted,
    differences,
    finished,
    forgotten,
    numbers,
    orders_of,
    repriced,
    undisturbed,
    world,
)

AtOnce = Callable[[Callable[[Any], Any], list[Any]], list[Any]]

pytestmark = [
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("a_brand", "small_pieces"),
]


@pytest.fixture(autouse=True)
def no_deadlock(transactional_db: None) -> Iterator[None]:
    before = deadlocks()
    yield
    assert deadlocks() == before


@pytest.fixture
def staff(a_brand: None) -> list[User]:
    return [User.objects.create_user(name, password="x") for name in ("xiao-li", "xiao-wang")]


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_stat_force_next_flush()")
        cursor.execute("select deadlocks from pg_stat_database where datname = current_database()")
        return cursor.fetchone()[0]


def call(what: Callable[[], Any]) -> Any:
    return what()


def totals(*imports: OrderImport) -> dict[str, int]:
    """Return what several imports did together."""
    done = [OrderImport.objects.get(pk=one.pk) for one in imports]
    return {name: sum(getattr(one, name) for one in done) for name in ("new", "points", "growth")}


def refunded_later(lines: list[str]) -> list[str]:
    """Return a later export of the same orders, upside down: of every third that was kept, half the money went back."""
    later = []
    for number, line in enumerate(lines):
        cells = line.split(",")
        if number % 3 == 0 and cells[1] in ("已发货", "交易完成"):
            cells[3] = f"{float(cells[2]) / 2:.2f}"
        later.append(",".join(cells))
    return later[::-1]


def test_task_delivered_three_times_at_once_and_once_more_imports_once(
    at_once: AtOnce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    lines = orders_of(1_000)
    expected = undisturbed(lines)
    import_id = accepted(lines).pk

    outcomes = at_once(tasks.run_import, [import_id] * 3)
    done = OrderImport.objects.get(pk=import_id)
    tasks.run_import(import_id)

    assert outcomes == [None, None, None]
    assert (done.state, done.failures) == ("DONE", 0)
    assert numbers(OrderImport.objects.get(pk=import_id)) == numbers(done) == expected[0]
    assert differences(world(), expected[1]) == {}


def test_two_imports_of_the_same_file_at_once_do_together_what_one_does(at_once: AtOnce) -> None:
    lines = orders_of(1_000)
    expected = undisturbed(lines)
    imports = [accepted(lines), accepted(lines)]

    outcomes = at_once(finished, [one.pk for one in imports])

    assert [one.state for one in outcomes] == ["DONE", "DONE"]
    assert [one.new + one.unchanged for one in outcomes] == [1_000, 1_000]
    assert totals(*imports) == {name: expected[0][name] for name in ("new", "points", "growth")}
    assert differences(world(), expected[1]) == {}


@pytest.mark.parametrize("later_first", [False, True])
def test_two_files_with_the_same_orders_upside_down_at_once_end_as_one_after_the_other(
    at_once: AtOnce, later_first: bool
) -> None:
    lines = orders_of(1_000)
    later = refunded_later(lines)
    with forgotten():
        points = sum(finished(accepted(one).pk).points for one in (lines, later))
        expected = world()
    imports = [accepted(one) for one in ((later, lines) if later_first else (lines, later))]

    outcomes = at_once(finished, [one.pk for one in imports])

    assert [one.state for one in outcomes] == ["DONE", "DONE"]
    assert totals(*imports)["points"] == points
    assert settled(world()) == settled(expected)


def test_of_two_people_who_confirm_the_same_file_at_once_one_does(at_once: AtOnce, staff: list[User]) -> None:
    lines = orders_of(1_000)
    expected = undisturbed(lines)
    import_id = finished(accepted(lines, confirmed=False).pk).pk

    def confirms(person: User) -> list[int]:
        confirmed = importing.confirm(import_ids=[import_id], actor_id=person.pk, at=NOW)
        finished(import_id)  # whoever was second, too
        return confirmed

    outcomes = at_once(confirms, staff)
    done = OrderImport.objects.get(pk=import_id)

    assert sorted(outcomes) == [[], [import_id]]
    assert done.confirmed_by == staff[outcomes.index([import_id])]
    assert numbers(done) == expected[0]
    assert differences(world(), expected[1]) == {}


@pytest.mark.parametrize("turn", range(3))
def test_file_is_confirmed_or_discarded_but_never_both(at_once: AtOnce, staff: list[User], turn: int) -> None:
    lines = orders_of(300)
    expected = undisturbed(lines)
    import_id = finished(accepted(lines, confirmed=False).pk).pk
    confirms = partial(importing.confirm, import_ids=[import_id], actor_id=staff[0].pk, at=NOW)
    discards = partial(importing.discard, import_ids=[import_id], at=NOW)

    confirmed, discarded = at_once(call, [confirms, discards])
    done = finished(import_id)

    assert sorted([confirmed, discarded]) == [[], [import_id]]
    assert done.state == ("DONE" if confirmed else "DISCARDED")
    assert Order.objects.count() == (300 if confirmed else 0)
    assert StagedRow.objects.count() == 0
    assert not confirmed or differences(world(), expected[1]) == {}


def test_same_awards_made_anew_by_two_imports_at_once_are_made_once(at_once: AtOnce) -> None:
    """Members have spent most of their points by then: what is taken back becomes a debt, for a moment or for good."""
    lines = orders_of(1_000)
    later = repriced(lines)
    with forgotten():
        finished(accepted(lines).pk)
        spend()
        finished(accepted(later).pk)
        expected = world()
    finished(accepted(lines).pk)
    spend()
    imports = [accepted(later), accepted(later)]

    outcomes = at_once(finished, [one.pk for one in imports])

    assert [one.state for one in outcomes] == ["DONE", "DONE"]
    assert Order.objects.filter(award=2).count() > 100
    assert Order.objects.filter(award__gt=2).count() == 0
    assert Posting.objects.filter(kind=Kind.SETTLE).count() > 10
    assert settled(world()) == settled(expected)


def spend() -> None:
    """Let members take all but a point of what they have."""
    for member_id, phone in Balance.objects.filter(points__gt=1).values_list("member_id", "member__phone"):
        points = ledger.standing(member_id=member_id, at=NOW).available - 1
        ledger.debit(member_id=member_id, points=points, source="test", key=f"spent {phone}", at=NOW)


@pytest.mark.parametrize("turn", range(2))
def test_different_amounts_told_by_two_imports_at_once_leave_each_award_at_its_order(
    at_once: AtOnce, turn: int
) -> None:
    """Which of them tells last is not known of any order; its points are those of the amount that it has."""
    lines = orders_of(1_000)
    finished(accepted(lines).pk)
    once, twice = repriced(lines), repriced(repriced(lines))
    imports = [accepted(once), accepted(twice[::-1]), accepted(refunded_later(once))]

    outcomes = at_once(finished, [one.pk for one in imports])

    assert [one.state for one in outcomes] == ["DONE"] * 3
    assert Order.objects.exclude(award_gross=None).count() == 0
    assert awards_that_do_not_fit() == []


def awards_that_do_not_fit() -> list[Any]:
    """Return orders whose points, at a point a yuan, are not those of what was paid and kept."""
    with connection.cursor() as cursor:
        cursor.execute("""
            select o.number, o.gross, o.refunded, coalesce(sum(p.points), 0)
              from orders_order o
              left join loyalty_posting a on a.source = 'order' and a.key like 'youzan:' || o.number || '#%'
              left join loyalty_posting p on a.id in (p.id, p.refers_to_id)
             group by o.id
            having coalesce(sum(p.points), 0) <>
                   case when o.gross > 0 then div(floor(o.gross) * (o.gross - o.refunded), o.gross) else 0 end
        """)
        return cursor.fetchall()


def settled(all_rows: dict[str, Any]) -> dict[str, Any]:
    """A world by what its members and orders have come to: how many refunds led there depends on who was first."""
    return {name: all_rows[name] for name in ("orders", "lines", "members", "staged")}


def test_import_beside_redemptions_expiry_and_matching_is_exact(at_once: AtOnce) -> None:
    lines = orders_of(1_200, buyers=60)
    later = refunded_later(lines)
    with forgotten():
        points = sum(finished(accepted(one).pk).points for one in (lines, later))
    members = [Member.objects.create(phone=f"+86138{n:08d}", joined_at=NOW) for n in range(40)]
    for member in members:
        give(member, 50, expires_at=NOW + timedelta(days=1))
        give(member, 20, expires_at=NOW - timedelta(days=1))
    gift = Gift.objects.create(name="Umbrella", points=30)
    stock.change(gift_id=gift.pk, quantity=10_000, note="delivered", actor_id=None, at=NOW)
    imports = [accepted(lines), accepted(later)]

    def busy() -> bool:
        return OrderImport.objects.unfinished().exists()

    def redeems(seed: int) -> int:
        random, redeemed = Random(seed), 0
        while busy():
            member = random.choice(members)
            try:
                redeem(member_id=member.pk, gift_id=gift.pk, quantity=1, at=NOW, request_key=uuid4().hex)
                redeemed += 1
            except InsufficientPoints:
                pass
        return redeemed

    def again_and_again(what: Callable[..., int]) -> int:
        done = 0
        while busy():
            done += what(at=NOW)
        return done

    jobs = [
        *(partial(finished, one.pk) for one in imports),
        *(partial(redeems, seed) for seed in range(3)),
        partial(again_and_again, ledger.expire),
        partial(again_and_again, matching.match_waiting),
    ]
    outcomes = at_once(call, jobs)

    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert totals(*imports)["points"] == points
    redeemed = sum(outcomes[2:5])
    assert Redemption.objects.count() == redeemed > 0
    assert Gift.objects.get().stock == 10_000 - redeemed
    sums = dict(Posting.objects.values_list("kind").annotate(Sum("points")).order_by())
    assert sums[Kind.EARN] + sums[Kind.CLAW_BACK] == points
    assert sums[Kind.REDEEM] == -30 * redeemed


def give(member: Member, points: int, **when: Any) -> None:
    earned = NOW - timedelta(days=2)
    ledger.credit(
        member_id=member.pk, points=points, kind=Kind.ADJUST, source="test", key=uuid4().hex, at=earned, **when
    )


def test_matching_beside_an_import_of_the_same_orders_credits_each_once(at_once: AtOnce) -> None:
    """The file that brings the orders again makes their buyers members; matching finds them in the same moment."""
    lines = orders_of(1_000)
    expected = undisturbed(lines)
    Channel.objects.create(code="youzan", name="Youzan", format="youzan", enrol=False)
    first = finished(accepted(lines).pk)
    assert (first.points, Order.objects.exclude(member=None).count()) == (0, 0)
    Channel.objects.update(enrol=True)
    order_import = accepted(lines)

    def matches() -> int:
        matched = 0
        while OrderImport.objects.unfinished().exists():
            matched += matching.match_waiting(at=NOW)
        return matched

    outcomes = at_once(call, [partial(finished, order_import.pk), matches, matches])

    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert matching.match_waiting(at=NOW) == 0
    posted = Posting.objects.aggregate(Sum("points"), Sum("growth"))
    assert (posted["points__sum"], posted["growth__sum"]) == (expected[0]["points"], expected[0]["growth"])
    assert settled(world())["orders"] == expected[1]["orders"]


def test_worker_that_waited_while_another_did_its_step_does_not_do_it_again() -> None:
    """Two workers look, one works, the other gets the lock after it: with what it saw before, it must do nothing."""
    lines = orders_of(700)
    expected = undisturbed(lines)
    order_import = accepted(lines)
    by_state = {
        "UPLOADED": steps.stage,
        "STAGED": steps.check,
        "CHECKED": steps.match,
        "MATCHED": steps.store,
        "STORED": steps.earn,
    }

    while order_import.state in by_state:
        seen_by_both = OrderImport.objects.get(pk=order_import.pk)
        order_import = importing._step(order_import.pk, NOW)
        after = kept(order_import)
        by_state[seen_by_both.state](seen_by_both, NOW)
        assert kept(order_import) == after

    assert numbers(order_import) == expected[0]
    assert differences(world(), expected[1]) == {}


def kept(order_import: OrderImport) -> dict[str, Any]:
    """Return all that an import notes but for when somebody last held it."""
    (values,) = OrderImport.objects.filter(pk=order_import.pk).values()
    return {name: value for name, value in values.items() if name != "touched_at"}
