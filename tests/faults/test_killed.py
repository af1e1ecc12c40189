"""An import whose worker is killed (-9) ends as if nothing had happened, to the last row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Count, Q, Sum

from loyalty import auditing
from loyalty.models import Posting
from members.models import Member
from orders import importing
from orders.models import ELIGIBLE, Channel, Claim, ClaimPolicy, Order, OrderImport, StagedRow
from tests.conftest import NOW, make_member, rows
from tests.faults.runner import Runner
from tests.orders.worlds import (
    accepted,
    differences,
    finished,
    forgotten,
    numbers,
    orders_of,
    repriced,
    undisturbed,
    unowned,
    world,
)

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

Places = list[tuple[str, str, int]]
PLACES: Places = [
    ("UPLOADED", "copy", 700),
    ("STAGED", "delete from orders_stagedrow", 1),
    ("STAGED", "SELECT DISTINCT", 1),
    ("CHECKED", "insert into members_member", 1),
    ("MATCHED", "insert into orders_order", 1),
    ("MATCHED", "insert into orders_order", 2),
    ("STORED", "create temporary table posting_batch", 1),
    ("STORED", "insert into loyalty_posting", 1),
    ("STORED", "insert into loyalty_lot", 2),
    ("STORED", "insert into members_tierchange", 2),
    ("STORED", "create temporary table refund_batch", 1),
    ("STORED", "loyalty_claw_back", 2),
    ("STORED", 'DELETE FROM "orders_stagedrow"', 1),
]
ANEW: Places = [
    ("MATCHED", "insert into orders_order", 2),
    ("STORED", "create temporary table unaward_batch", 1),
    ("STORED", "loyalty_claw_back", 2),
    ("STORED", 'SET "award"', 2),
    ("STORED", "create temporary table posting_batch", 1),
    ("STORED", "insert into loyalty_posting", 1),
    ("STORED", "insert into loyalty_lot", 1),
]


def numbers_tell_what_is_there(import_id: int) -> None:
    """An import's counters, at whatever moment it was cut off, are those of the rows that stand."""
    order_import = OrderImport.objects.get(pk=import_id)
    stored = Order.objects.filter(first_import=import_id, number__lte=order_import.stored_to)
    counted = stored.aggregate(
        orders=Count("pk"),
        eligible=Count("pk", filter=Q(status__in=ELIGIBLE)),
        paid=Sum("gross", filter=Q(status__in=ELIGIBLE)),
        back=Sum("refunded", filter=Q(status__in=ELIGIBLE)),
    )
    posted = Posting.objects.aggregate(points=Sum("points"), growth=Sum("growth"))
    assert Order.objects.count() == order_import.new
    assert (order_import.eligible_orders, order_import.paid_total) == (
        counted["eligible"], (counted["paid"] or 0) - (counted["back"] or 0),
    )  # fmt: skip
    assert (order_import.points, order_import.growth) == (posted["points"] or 0, posted["growth"] or 0)


def killed_at_each(
    places: Places, runner: Runner, import_id: int, look: Callable[[int], Any] = lambda _id: None
) -> None:
    """Kill one worker after the other; the ledger is clean after each."""
    for state, words, times in places:
        runner.run_to(import_id, words, times)
        runner.kill()
        assert (OrderImport.objects.get(pk=import_id).state, words) == (state, words)
        assert auditing.drifts() == []
        look(import_id)


def test_import_killed_at_each_step_ends_like_an_undisturbed_one(runner: Runner) -> None:
    lines = orders_of(1_500)
    expected = undisturbed(lines)
    import_id = accepted(lines).pk

    killed_at_each(PLACES, runner, import_id, numbers_tell_what_is_there)
    result = numbers(finished(import_id)), world()

    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}


def test_award_made_anew_killed_in_the_middle_ends_like_an_undisturbed_one(runner: Runner) -> None:
    """A later file tells other amounts: awards are taken back whole and made again, some fifty a transaction."""
    lines = orders_of(2_000)
    later = repriced(lines)
    with forgotten():
        finished(accepted(lines).pk)
        expected = numbers(finished(accepted(later).pk)), world()
    finished(accepted(lines).pk)
    import_id = accepted(later).pk

    killed_at_each(ANEW, runner, import_id)
    result = numbers(finished(import_id)), world()

    assert Order.objects.filter(award=2).count() > 100
    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}


def claimed(lines: list[str]) -> None:
    """Lin waits for orders whose buyers no file names."""
    ClaimPolicy.objects.update_or_create(id=1, defaults={"many": 10_000})
    lin = make_member("Lin", "+8613700000001")
    channel = Channel.objects.create(code="youzan", name="Youzan", format="youzan", enrol=True)
    waiting = [line.split(",")[0] for line in lines if line.split(",")[6] == ""]
    assert len(waiting) > 200
    Claim.objects.bulk_create(
        Claim(member=lin, channel=channel, number=number, state=Claim.State.WAITING, made_at=NOW) for number in waiting
    )


def test_import_killed_while_it_settles_claims_ends_like_an_undisturbed_one(runner: Runner) -> None:
    lines = unowned(orders_of(1_000))
    with forgotten():
        claimed(lines)
        expected = numbers(finished(accepted(lines).pk)), world()
    claimed(lines)
    import_id = accepted(lines).pk

    places = [
        ("STORED", "with waiting as materialized", 1),
        ("STORED", "insert into loyalty_posting", 1),
        ("STORED", "insert into loyalty_lot", 2),
    ]
    killed_at_each(places, runner, import_id)
    result = numbers(finished(import_id)), world()

    assert Claim.objects.filter(state=Claim.State.CREDITED).count() > 100
    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}


def test_preview_that_is_killed_has_stored_nothing_and_is_made_again(runner: Runner) -> None:
    lines = orders_of(1_500)
    expected = undisturbed(lines)
    import_id = accepted(lines, confirmed=False).pk

    for words, times in (("insert into members_member", 1), ("insert into orders_order", 2), ("table rehearsal", 1)):
        runner.run_to(import_id, words, times)
        runner.kill()
        assert OrderImport.objects.get(pk=import_id).state == "CHECKED"
        assert rows(Order) == rows(Member) == rows(Posting) == []
    previewed = finished(import_id)
    importing.confirm(import_ids=[import_id], actor_id=None, at=NOW)
    result = numbers(finished(import_id)), world()

    assert (previewed.state, previewed.foreseen["points"]) == ("PREVIEWED", expected[0]["points"])
    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}
    assert rows(StagedRow) == []
