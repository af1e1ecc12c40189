"""Pools of coupon codes: brought in whole or not at all, handed out once, seen by their owner alone."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from loyalty import auditing
from mall import codes, shipping, stock
from mall.models import CouponCode, Gift, Redemption, StockChange
from mall.redeeming import OutOfStock
from members.models import Member
from tests.conftest import rows
from tests.mall.conftest import NOON, ask, count, give, pieces_of, points_of, together
from tests.mall.kinds import pool

pytestmark = pytest.mark.usefixtures("english")


def bring(gift: Gift, text: str | bytes) -> int:
    data = text.encode() if isinstance(text, str) else text
    return codes.add(gift_id=gift.pk, codes=codes.read(data), at=NOON, actor_id=None, note="May")


def told(refused: Any) -> list[tuple[int, str]]:
    return [(problem.line, str(problem.what)) for problem in refused.value.detail]


def shown(redemption: Redemption) -> list[str]:
    mine = codes.reveal(redemption_id=redemption.pk, member_id=redemption.member_id, at=NOON)
    return [code.code for code in mine]


@pytest.mark.parametrize(
    "data",
    [
        "A1\nB2\nC3",
        "A1,until June\r\nB2,\r\nC3\r\n\r\n",
        "\ufeffcode\nA1\n  B2 \nC3\u200b\n",
        "券码,备注\nA1,一\nB2,二\nC3,三\n".encode("gb18030"),
        '"A1"\n"B2"\n"C3"\n',
    ],
)
def test_a_list_is_read_however_it_was_saved(db: None, data: str | bytes) -> None:
    gift = pool()

    assert bring(gift, data) == 3

    assert rows(CouponCode, "gift", "code", "redemption") == [(gift.pk, code, None) for code in ("A1", "B2", "C3")]
    assert pieces_of(gift) == 3
    assert rows(StockChange, "gift", "quantity", "note") == [(gift.pk, 3, "May")]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("A1\nB2\n\nA1\nB2\n", [(4, "is the same as in line 1"), (5, "is the same as in line 2")]),
        ("NEW\nOLD\nOLD2\n", [(2, "is in the pool already"), (3, "is in the pool already")]),
        ("A1\n" + "x" * 101, [(2, "is no code of 1 to 100 signs")]),
        ("A1\nB\x072", [(2, "is no code of 1 to 100 signs")]),
        ("code\n", [(1, "There are no codes.")]),
        ("", [(1, "There are no codes.")]),
        (b"PK\x03\x04\x00\x00", [(1, "This is no text with a code in each line.")]),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", [(1, "This is no text with a code in each line.")]),
    ],
)
def test_a_list_with_wrong_lines_is_refused_whole(db: None, text: Any, problems: list[tuple[int, str]]) -> None:
    gift = pool("OLD", "OLD2")

    with pytest.raises(codes.BadCodes) as refused:
        bring(gift, text)

    assert told(refused) == problems
    assert pieces_of(gift) == 2
    assert StockChange.objects.count() == 1


def test_too_large_a_list_is_refused(db: None) -> None:
    with pytest.raises(codes.BadCodes, match="some of its lines"):
        codes.read(b"x" * (codes.MOST_BYTES + 1))


def test_codes_are_for_gifts_with_a_pool(umbrella: Gift) -> None:
    with pytest.raises(ValueError, match="kind"):
        bring(umbrella, "A1")


def test_a_code_is_handed_out_in_one_round_trip_and_is_its_owners(
    lin: Member, mei: Member, django_assert_num_queries: Any
) -> None:
    gift = pool("A1", "B2", "C3")
    give(lin, 1000)

    with transaction.atomic(), django_assert_num_queries(3):  # the savepoint of a caller's transaction, and the one
        made = ask(lin, gift, 2)

    assert (made.kind, made.state, made.received_at, made.address) == ("CODE", "RECEIVED", NOON, "")
    assert (pieces_of(gift), points_of(lin)) == (1, 800)
    with pytest.raises(Redemption.DoesNotExist):
        codes.reveal(redemption_id=made.pk, member_id=mei.pk, at=NOON)
    assert not CouponCode.objects.exclude(seen_at=None).exists()
    assert shown(made) == ["A1", "B2"]
    assert CouponCode.objects.exclude(seen_at=None).count() == 2


def test_an_empty_pool_is_sold_out(lin: Member) -> None:
    gift = pool("A1")
    give(lin, 1000)

    with pytest.raises(OutOfStock):
        ask(lin, gift, 2)

    assert (pieces_of(gift), points_of(lin)) == (1, 1000)


def test_a_code_nobody_looked_at_goes_back_into_the_pool(lin: Member, mei: Member) -> None:
    gift = pool("A1")
    give(lin, 100)
    give(mei, 100)
    made = ask(lin, gift)

    shipping.return_(redemption_id=made.pk, at=NOON)

    assert (pieces_of(gift), points_of(lin)) == (1, 100)
    with pytest.raises(Redemption.DoesNotExist):
        shown(made)
    assert shown(ask(mei, gift)) == ["A1"]


def test_a_code_that_was_looked_at_is_void_when_it_comes_back(lin: Member) -> None:
    gift = pool("A1", "B2")
    give(lin, 100)
    made = ask(lin, gift)
    shown(made)

    shipping.return_(redemption_id=made.pk, at=NOON)

    assert (pieces_of(gift), points_of(lin)) == (1, 100)
    assert [bool(code.voided_at) for code in CouponCode.objects.order_by("pk")] == [True, False]
    assert shown(ask(lin, gift)) == ["B2"]
    assert StockChange.objects.get(quantity=-1).note == f"Codes of redemption {made.pk} had been looked at"


@pytest.mark.django_db(transaction=True)
def test_two_hundred_members_want_the_last_code_and_one_gets_it(transactional_db: None) -> None:
    gift = pool("A1")
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(200))
    for member in members:
        give(member, 100)

    outcomes = together([partial(ask, member, gift) for member in members], workers=40)

    assert (count(outcomes, Redemption), count(outcomes, OutOfStock)) == (1, 199)
    assert (pieces_of(gift), sum(map(points_of, members))) == (0, 19900)


@pytest.mark.django_db(transaction=True)
def test_as_many_members_as_codes_get_one_each(transactional_db: None) -> None:
    gift = pool(*(f"C{n}" for n in range(60)))
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(60))
    for member in members:
        give(member, 100)

    outcomes = together([partial(ask, member, gift) for member in members], workers=20)

    assert count(outcomes, Redemption) == 60
    held = CouponCode.objects.values_list("redemption", flat=True)
    assert len(set(held)) == 60
    assert pieces_of(gift) == 0


@pytest.mark.django_db(transaction=True)
def test_looking_at_a_code_while_it_goes_back_never_frees_a_seen_one(lin: Member) -> None:
    gift = pool("A1", "B2", "C3", "D4", "E5")
    give(lin, 500)

    for _ in range(5):
        made = ask(lin, gift)
        look = partial(codes.reveal, redemption_id=made.pk, member_id=lin.pk, at=NOON)
        seen, _back = together([look, partial(shipping.return_, redemption_id=made.pk, at=NOON)])
        voided = CouponCode.objects.filter(redemption=made).exclude(voided_at=None).exists()
        assert voided is isinstance(seen, list)

    assert points_of(lin) == 500


def test_the_stock_of_a_pool_is_counted_by_the_database(db: None) -> None:
    gift = pool("A1")

    with pytest.raises(stock.NotCounted):
        stock.change(gift_id=gift.pk, quantity=1, note="more", actor_id=None, at=NOON)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        Gift.objects.filter(pk=gift.pk).update(stock=5)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        Gift.objects.create(name="x", points=1, kind="CODE", stock=5)
    CouponCode.objects.filter(code="A1").update(voided_at=NOON)
    StockChange.objects.create(gift=gift, quantity=-1, note="void", at=NOON)

    assert pieces_of(gift) == 0


@pytest.mark.parametrize(
    "change",
    [{"code": "X"}, {"seen_at": None}, {"redemption": None}],
)
def test_a_code_stays_what_it_is(lin: Member, change: dict[str, Any]) -> None:
    gift = pool("A1")
    give(lin, 100)
    shown(ask(lin, gift))

    with pytest.raises(DatabaseError), transaction.atomic():
        CouponCode.objects.update(**change)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        CouponCode.objects.all().delete()


@pytest.mark.damages_ledger
def test_the_audit_finds_a_code_that_went_astray(lin: Member) -> None:
    gift = pool("A1", "B2")
    give(lin, 100)
    ask(lin, gift)

    CouponCode.objects.filter(code="A1").update(redemption=None)

    found = {drift.subject.split()[0] for drift in auditing.drifts()}
    assert found == {"gift", "redemption"}
