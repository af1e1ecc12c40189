"""Treasure draws: each number once, one winner whom anybody can find again, or all points back."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils.translation import override

from loyalty import auditing, ledger
from loyalty.models import Kind, Posting
from mall import proof, treasure
from mall.lottery import DrawNotOpen, NotReady
from mall.models import StockChange, TreasureDraw, TreasureEntry, TreasureSeed, WonGift
from mall.redeeming import InsufficientPoints, KeyReused, Merged
from mall.treasure import Full, InvalidEntries, TooManyEntries
from members.models import Member
from tests.conftest import rows
from tests.mall.conftest import NOON, count, give, pieces_of, points_of, shelve, together

END = NOON + timedelta(days=7)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with override("en"):
        yield


def a_draw(*, published: bool = True, **fields: Any) -> TreasureDraw:
    capacity = fields.get("capacity", 10)
    given = {"name": "Lamp", "points": 5, "capacity": 10, "minimum": capacity, "opens_at": NOON, "closes_at": END}
    if "gift" not in fields:
        given["prize_points"] = 40
    draw = TreasureDraw.objects.create(**given | fields)
    if published:
        treasure.publish(treasure_id=draw.pk, at=NOON, actor_id=None)
        draw.refresh_from_db()
    return draw


def enter(member: Member, draw: TreasureDraw, quantity: Any = 1, *, key: str = "", at: Any = NOON) -> TreasureEntry:
    return treasure.enter(
        member_id=member.pk, treasure_id=draw.pk, quantity=quantity, at=at, request_key=key or uuid4().hex
    )


def settled(draw: TreasureDraw, at: Any = END) -> TreasureDraw:
    treasure.settle(treasure_id=draw.pk, at=at)
    draw.refresh_from_db()
    return draw


def test_entries_take_points_and_give_numbers_in_turn(lin: Member, wei: Member) -> None:
    draw = a_draw()
    give(lin, 100)
    give(wei, 100)

    numbers = [enter(lin, draw, 3).numbers, enter(wei, draw).numbers, enter(lin, draw, 2).numbers]

    draw.refresh_from_db()
    assert numbers == ["1–3", "4", "5–6"]
    assert (points_of(lin), points_of(wei), draw.sold, draw.percent, draw.left) == (75, 95, 6, 60, 4)
    assert rows(TreasureEntry, "member", "quantity", "label") == [
        (lin.pk, 3, "L**"),
        (wei.pk, 1, "W**"),
        (lin.pk, 2, "L**"),
    ]
    assert Posting.objects.filter(source="treasure", kind=Kind.REDEEM).count() == 3


@pytest.mark.parametrize(
    ("name", "label"),
    [("林小满", "林**"), ("Ada", "A**"), ("=SUM(A1)", "***"), ("", "***"), ("<b>", "***"), (" x", "***")],
)
def test_the_list_tells_one_plain_letter_of_a_name(lin: Member, name: str, label: str) -> None:
    Member.objects.filter(pk=lin.pk).update(name=name)
    give(lin, 5)

    assert enter(lin, a_draw()).label == label


def test_a_full_draw_finds_the_winner_that_anybody_can_find_again(lin: Member, wei: Member) -> None:
    """The winner is recomputed here from what is published, by hand and not by our own code."""
    lamp = shelve(pieces=1)
    draw = a_draw(gift=lamp)
    before = draw.commitment
    for member in (lin, wei):
        give(member, 25)
        enter(member, draw, 5)

    settled(draw, at=NOON)

    file = treasure.entries_file(draw.pk)
    digest = hashlib.sha256(file.encode()).hexdigest()
    x = int(hmac.new(bytes.fromhex(draw.seed), f"10:{digest}:0".encode(), "sha256").hexdigest(), 16)
    assert hashlib.sha256(bytes.fromhex(draw.seed)).hexdigest() == before
    assert (draw.state, draw.winner_number, draw.entries_digest) == ("DRAWN", x % 10 + 1, digest)
    assert file.splitlines()[0] == "first,last,member,code,entered_at"
    assert [line.split(",")[:3] for line in file.splitlines()[1:]] == [["1", "5", "L**"], ["6", "10", "W**"]]
    winner = lin if draw.winner_number <= 5 else wei
    assert rows(WonGift, "member", "gift", "treasure", "claim_until") == [
        (winner.pk, lamp.pk, draw.pk, NOON + timedelta(days=30))
    ]
    assert (points_of(lin), points_of(wei), pieces_of(lamp)) == (0, 0, 0)


def test_settling_again_changes_nothing(lin: Member) -> None:
    draw = a_draw(capacity=2)
    give(lin, 10)
    enter(lin, draw, 2)

    first, again = settled(draw, at=NOON).winner_number, settled(draw).winner_number

    assert first == again
    assert points_of(lin) == 40
    assert treasure.settle_due(at=END) == 0
    assert [*Posting.objects.filter(kind=Kind.BONUS).values_list("points", "source", "note")] == [
        (40, "treasure-prize", "Lamp")
    ]


def test_points_that_were_not_paid_out_before_a_crash_are_paid_out_later(
    lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = a_draw(capacity=2)
    give(lin, 10)
    enter(lin, draw, 2)
    with monkeypatch.context() as broken:
        broken.setattr("loyalty.ledger.credit", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            settled(draw, at=NOON)
    assert points_of(lin) == 0

    assert treasure.settle_due(at=NOON) == 1

    assert points_of(lin) == 40


@pytest.mark.parametrize(
    ("fields", "sold", "state"),
    [
        ({"drawn_when": "FULL"}, 10, "DRAWN"),
        ({"drawn_when": "FULL"}, 9, "OPEN"),
        ({"drawn_when": "END"}, 10, "OPEN"),
    ],
)
def test_before_its_end_it_is_drawn_only_when_full(lin: Member, fields: Any, sold: int, state: str) -> None:
    draw = a_draw(**fields)
    give(lin, 100)
    enter(lin, draw, sold)

    assert settled(draw, at=END - timedelta(seconds=1)).state == state


@pytest.mark.parametrize(
    ("minimum", "sold", "state"), [(4, 4, "DRAWN"), (4, 3, "REFUNDED"), (10, 9, "REFUNDED"), (1, 0, "REFUNDED")]
)
def test_at_its_end_it_is_drawn_with_enough_entries(lin: Member, minimum: int, sold: int, state: str) -> None:
    draw = a_draw(minimum=minimum)
    give(lin, 100)
    if sold:
        enter(lin, draw, sold)

    assert settled(draw).state == state
    assert points_of(lin, END) == (100 if state == "REFUNDED" else 100 - 5 * sold + 40)


def test_what_does_not_fill_gives_all_back_to_the_lots_it_came_from(lin: Member, wei: Member) -> None:
    lamp = shelve(pieces=1)
    draw = a_draw(gift=lamp)
    give(lin, 10, expires_at=END - timedelta(days=1))
    give(lin, 10)
    give(wei, 5)
    enter(lin, draw, 3)
    enter(wei, draw)

    settled(draw)

    assert draw.state == "REFUNDED"
    assert (points_of(lin, END), points_of(wei, END)) == (10, 5)
    assert Posting.objects.get(kind=Kind.EXPIRE).points == -10
    assert pieces_of(lamp) == 1
    assert [*StockChange.objects.order_by("id").values_list("quantity", flat=True)] == [1, -1, 1]
    assert not TreasureEntry.objects.exclude(refunded_at=END).exists()


def test_a_worker_that_dies_while_refunding_loses_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treasure, "BATCH", 3)
    draw = a_draw(capacity=20)
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(8))
    for member in members:
        give(member, 5)
        enter(member, draw)
    with transaction.atomic():  # one batch, then the end of the worker
        locked = TreasureDraw.objects.get(pk=draw.pk)
        treasure._end_unfilled(locked, END, reason="", actor_id=None)
    with connection.cursor() as cursor:
        cursor.execute("select mall_refund_entries(%s, %s, 3, 'x')", [draw.pk, END])
    assert (sum(map(points_of, members)), auditing.drifts()) == (15, [])

    assert treasure.settle_due(at=END) == 1

    draw.refresh_from_db()
    assert (draw.state, sum(map(points_of, members))) == ("REFUNDED", 40)
    assert Posting.objects.filter(kind=Kind.GIVE_BACK).count() == 8


def test_staff_call_a_draw_off_and_all_points_go_back(lin: Member) -> None:
    draw = a_draw()
    give(lin, 10)
    enter(lin, draw, 2)

    done = treasure.call_off(treasure_id=draw.pk, reason="The lamp broke", at=NOON, actor_id=None)
    with pytest.raises(DrawNotOpen):
        enter(lin, draw)
    settled(draw, at=NOON)

    assert (done, draw.state, draw.called_off, points_of(lin)) == (True, "REFUNDED", "The lamp broke", 10)
    assert treasure.call_off(treasure_id=draw.pk, reason="again", at=NOON, actor_id=None) is False


@pytest.mark.parametrize(("sold", "minimum", "at"), [(10, 10, NOON), (4, 4, END)])
def test_who_could_guess_the_winner_cannot_call_it_off(lin: Member, sold: int, minimum: int, at: Any) -> None:
    """All entries are there, and the beat has not come yet: from here on it can only be drawn."""
    draw = a_draw(minimum=minimum)
    give(lin, 50)
    enter(lin, draw, sold)

    with pytest.raises(NotReady, match="complete"):
        treasure.call_off(treasure_id=draw.pk, reason="I do not like it", at=at, actor_id=None)

    assert settled(draw, at=at).state == "DRAWN"


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "1", True, 2**63])
def test_a_forged_number_of_entries_is_refused(lin: Member, quantity: Any) -> None:
    with pytest.raises(InvalidEntries):
        enter(lin, a_draw(), quantity)


def test_refusals_write_nothing(lin: Member) -> None:
    draw = a_draw(limit_per_member=3)
    give(lin, 20)
    enter(lin, draw, 2)

    with pytest.raises(TooManyEntries, match="3 entries"):
        enter(lin, draw, 2)
    with pytest.raises(Full, match="left: 8"):
        enter(lin, draw, 9)
    with pytest.raises(InsufficientPoints):
        enter(lin, a_draw(), 3)
    for at in (NOON - timedelta(seconds=1), END):
        with pytest.raises(DrawNotOpen):
            enter(lin, draw, at=at)
    Member.objects.filter(pk=lin.pk).update(merged_into=Member.objects.create(name="B", joined_at=NOON))
    with pytest.raises(Merged):
        enter(lin, draw)

    assert (points_of(lin), TreasureEntry.objects.count()) == (10, 1)


def test_the_same_request_is_one_purchase(lin: Member) -> None:
    draw, other = a_draw(), a_draw()
    give(lin, 100)

    first, again = enter(lin, draw, 2, key="click"), enter(lin, draw, 2, key="click")
    for target, quantity in ((draw, 1), (other, 2)):
        with pytest.raises(KeyReused):
            enter(lin, target, quantity, key="click")

    assert (first, points_of(lin)) == (again, 90)


def test_a_prize_that_is_not_in_stock_cannot_be_published(db: None) -> None:
    draw = a_draw(gift=shelve(pieces=0), published=False)

    with pytest.raises(NotReady, match="not in stock"):
        treasure.publish(treasure_id=draw.pk, at=NOON, actor_id=None)

    assert not TreasureSeed.objects.exists()


def test_until_it_is_drawn_the_seed_is_nowhere_but_in_its_own_table(lin: Member) -> None:
    draw = a_draw()
    seed = bytes(TreasureSeed.objects.get().seed)

    with connection.cursor() as cursor:
        cursor.execute("select to_jsonb(d)::text from mall_treasuredraw d")
        told = cursor.fetchone()[0]

    assert len(seed) == 32
    assert seed.hex() not in told
    assert proof.commitment(seed) == draw.commitment


@pytest.mark.parametrize(
    "change",
    [
        "update mall_treasuredraw set commitment = repeat('0', 64)",
        "update mall_treasuredraw set points = 1",
        "update mall_treasuredraw set capacity = 11",
        "update mall_treasuredraw set sold = sold - 1",
        "update mall_treasuredraw set winner_number = 1",
        "update mall_treasuredraw set state = 'OPEN'",
        "update mall_treasuredraw set seed = repeat('0', 64)",
        "delete from mall_treasuredraw",
        "update mall_treasureseed set seed = '\\x00'",
        "delete from mall_treasureseed",
        "update mall_treasureentry set first_number = 9",
        "update mall_treasureentry set label = 'Z**'",
        "update mall_treasureentry set refunded_at = null",
        "delete from mall_treasureentry",
    ],
)
@pytest.mark.parametrize("end", [NOON, END])
def test_what_was_published_cannot_be_changed(lin: Member, change: str, end: Any) -> None:
    won, refunded = a_draw(capacity=2), a_draw()
    give(lin, 100)
    enter(lin, won, 2)
    enter(lin, refunded, 2)
    settled(won, at=end)
    settled(refunded, at=end)
    if "refunded_at" in change and end == NOON:
        pytest.skip("nothing is refunded yet")
    if change.endswith("winner_number = 1"):
        change = change.replace("= 1", "= 3 - winner_number") + f" where id = {won.pk}"

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_all_entries_are_equally_likely() -> None:
    """Over many lists of three entries each number wins about as often: 999 draws, 333 ± 75 is five deviations."""
    found = [proof.find(b"s" * 32, 3, str(n)).number for n in range(999)]

    assert set(found) == {1, 2, 3}
    assert all(abs(found.count(number) - 333) < 75 for number in (1, 2, 3))


def test_a_number_beyond_the_last_whole_n_is_thrown_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "ALL", 2**256 // 2 + 1)  # as if n were so large that half of all numbers were too large
    found = [proof.find(b"s" * 32, 3, str(n)) for n in range(30)]

    assert {len(each.rounds) > 1 for each in found} == {True, False}
    assert all(not one.counts for each in found for one in each.rounds[:-1])
    assert all(each.rounds[-1].counts for each in found)


@pytest.mark.django_db(transaction=True)
def test_200_members_want_the_last_entry_and_one_has_it(transactional_db: None) -> None:
    draw = a_draw(capacity=2)
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(201))
    for member in members:
        give(member, 5)
    enter(members.pop(), draw)

    outcomes = together([partial(enter, member, draw) for member in members])

    draw.refresh_from_db()
    assert (count(outcomes, TreasureEntry), count(outcomes, Full)) == (1, 199)
    assert (draw.sold, sum(map(points_of, members))) == (2, 995)


@pytest.mark.django_db(transaction=True)
def test_one_click_on_thirty_threads_and_a_limit_of_two(lin: Member) -> None:
    draw = a_draw(limit_per_member=2)
    give(lin, 300)

    once = together([partial(enter, lin, draw, key="click")] * 30)
    more = together([partial(enter, lin, draw)] * 30)

    assert {one.pk for one in once} == {TreasureEntry.objects.order_by("pk")[0].pk}
    assert (count(more, TreasureEntry), count(more, TooManyEntries)) == (1, 29)
    assert points_of(lin) == 290


@pytest.mark.django_db(transaction=True)
def test_settling_and_entering_at_once_deadlock_nobody(lin: Member, wei: Member) -> None:
    """The winner enters another time while he is found, by several workers; he gets his prize once."""
    for _turn in range(3):
        draw = a_draw(capacity=6)
        calls: list[Any] = [partial(enter, member, draw, 2) for member in (lin, wei) * 3]
        for member in (lin, wei):
            give(member, 60)
        calls += [partial(treasure.settle, treasure_id=draw.pk, at=NOON)] * 4

        outcomes = together([*calls, *calls[:6]], workers=16)
        treasure.settle(treasure_id=draw.pk, at=NOON)

        allowed = (TreasureEntry, Full, DrawNotOpen, type(None))
        assert [outcome for outcome in outcomes if not isinstance(outcome, allowed)] == []
        assert TreasureDraw.objects.get(pk=draw.pk).state == "DRAWN"
    assert Posting.objects.filter(source="treasure-prize").count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_workers_refund_everybody_once_while_members_spend(transactional_db: None) -> None:
    draw = a_draw(capacity=100)
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(40))
    for member in members:
        give(member, 10)
        enter(member, draw)
    spend = [
        partial(ledger.debit, member_id=member.pk, points=5, source="test", key=f"s{member.pk}", at=END)
        for member in reversed(members)
    ]

    outcomes = together([*[partial(treasure.settle, treasure_id=draw.pk, at=END)] * 3, *spend], workers=16)
    treasure.settle(treasure_id=draw.pk, at=END)

    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert sum(points_of(member, END) for member in members) == 40 * 5
    assert TreasureDraw.objects.get().state == "REFUNDED"
