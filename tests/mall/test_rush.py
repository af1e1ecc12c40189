"""A rush: split stock that nobody oversells and nobody loses, however it is marked, taken, changed and put back."""

from __future__ import annotations

from functools import partial
from itertools import cycle
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from loyalty import auditing
from mall import codes, shipping, stock
from mall.models import SHARDS, Favourite, Gift, GiftShard, Redemption
from mall.redeeming import OutOfStock
from members.models import Member
from tests.conftest import rows
from tests.mall.conftest import NOON, ask, count, give, pieces_of, points_of, shelve, together


def crowd(number: int, points: int = 100) -> list[Member]:
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(number))
    for member in members:
        give(member, points)
    return members


def mark(gift: Gift, rush: bool = True) -> None:
    """Mark it as the form of the gift does."""
    fresh = Gift.objects.get(pk=gift.pk)
    fresh.rush = rush
    fresh.save()


def shards_of(gift: Gift) -> list[int]:
    return list(gift.shards.order_by("shard").values_list("stock", flat=True))


def on_its_row(gift: Gift) -> int:
    with connection.cursor() as cursor:
        cursor.execute("select stock from mall_gift where id = %s", [gift.pk])
        return int(cursor.fetchone()[0])


def test_marking_splits_the_stock_evenly_and_everybody_still_reads_all_of_it(lin: Member) -> None:
    gift = shelve(pieces=100)

    mark(gift)

    assert shards_of(gift) == [7] * 4 + [6] * 12
    assert (on_its_row(gift), pieces_of(gift)) == (0, 100)
    gift.refresh_from_db()
    favourite = Favourite.objects.create(member=lin, gift=gift, added_at=NOON)
    assert gift.stock == Favourite.objects.select_related("gift").get(pk=favourite.pk).gift.stock == 100
    assert Gift.objects.filter(stock__gte=100).order_by("-stock").get() == gift
    assert not Gift.objects.filter(stock__lt=100).exists()


def test_unmarking_brings_all_of_it_back(db: None) -> None:
    gift = shelve(pieces=100)
    mark(gift)

    mark(gift, False)

    assert (on_its_row(gift), pieces_of(gift), rows(GiftShard, "stock")) == (100, 100, [])


def test_few_pieces_are_not_split(lin: Member) -> None:
    gift = shelve(pieces=63)
    give(lin, 6_300)

    mark(gift)
    ask(lin, gift, 63)

    assert (on_its_row(gift), pieces_of(gift)) == (0, 0)
    with pytest.raises(OutOfStock):
        ask(lin, gift)


def test_a_delivery_is_spread_over_the_shards(db: None) -> None:
    gift = shelve(pieces=10)
    mark(gift)

    stock.change(gift_id=gift.pk, quantity=150, note="delivered", actor_id=None, at=NOON)
    stock.change(gift_id=gift.pk, quantity=-32, note="broken", actor_id=None, at=NOON)

    assert (shards_of(gift), on_its_row(gift)) == ([8] * SHARDS, 0)
    with pytest.raises(OutOfStock) as refused:
        stock.change(gift_id=gift.pk, quantity=-129, note="too many", actor_id=None, at=NOON)
    assert refused.value.detail == 128


def test_an_order_larger_than_every_shard_takes_from_several(lin: Member) -> None:
    gift = shelve(pieces=160)
    mark(gift)
    give(lin, 16_000)

    ask(lin, gift, 25)

    assert pieces_of(gift) == 135
    assert sorted(shards_of(gift)) == [0, 0, 5, *[10] * 13]


def test_what_is_put_back_goes_into_a_shard_and_out_again(lin: Member) -> None:
    gift = shelve(pieces=64)
    mark(gift)
    give(lin, 6_400)
    made = [ask(lin, gift) for _ in range(64)]

    shipping.cancel(redemption_id=made[0].pk, at=NOON)

    assert (on_its_row(gift), sum(shards_of(gift)), pieces_of(gift)) == (0, 1, 1)
    ask(lin, gift)
    assert pieces_of(gift) == 0


def test_what_is_put_back_after_the_mark_was_taken_off_is_there(lin: Member) -> None:
    gift = shelve(pieces=64)
    mark(gift)
    give(lin, 6_400)
    made = ask(lin, gift, 2)

    mark(gift, False)
    shipping.cancel(redemption_id=made.pk, at=NOON)

    assert (on_its_row(gift), pieces_of(gift)) == (64, 64)


def test_a_pool_of_codes_can_be_a_rush(lin: Member) -> None:
    gift = Gift.objects.create(name="Coupon", points=100, kind="CODE")
    add = partial(codes.add, gift_id=gift.pk, actor_id=None, at=NOON)
    add(codes=[(n, f"A{n}") for n in range(1, 65)])
    mark(gift)
    give(lin, 1_000)

    made = ask(lin, gift, 5)
    add(codes=[(n, f"B{n}") for n in range(1, 17)])
    shipping.return_(redemption_id=made.pk, at=NOON)

    assert (pieces_of(gift), sum(shards_of(gift)), gift.codes.filter(redemption=None).count()) == (80, 80, 80)
    mark(gift, False)
    assert (pieces_of(gift), on_its_row(gift)) == (80, 80)


def test_what_never_runs_out_is_no_rush(db: None) -> None:
    gift = Gift(name="Privilege", points=1, kind="PRIVILEGE", stock_counted=False, rush=True)

    with pytest.raises(ValidationError) as wrong:
        gift.full_clean()
    with pytest.raises(IntegrityError, match="gift_rush_is_counted"), transaction.atomic():
        gift.save()

    assert next(iter(wrong.value.message_dict)) == "rush"


def test_a_rush_with_stock_stays_of_its_kind(db: None) -> None:
    gift = shelve(pieces=64)
    mark(gift)

    with pytest.raises(DatabaseError, match="the kind of gift"), transaction.atomic():
        Gift.objects.filter(pk=gift.pk).update(kind="CODE")


def test_the_audit_finds_shards_of_a_gift_that_is_not_marked(umbrella: Gift) -> None:
    with transaction.atomic():
        GiftShard.objects.create(gift=umbrella, shard=0, stock=1)
        found = [drift.subject for drift in auditing.drifts()]
        transaction.set_rollback(True)

    assert found == [f"gift {umbrella.pk}"]


@pytest.mark.django_db(transaction=True)
def test_an_opening_rush_hands_out_exactly_what_is_there(transactional_db: None) -> None:
    """400 members on 24 connections want 64 pieces: 64 get one, all others a refusal and keep their points."""
    gift = shelve(pieces=64)
    mark(gift)
    members = crowd(400)

    outcomes = together([partial(ask, member, gift) for member in members], workers=24)

    assert (count(outcomes, Redemption), count(outcomes, OutOfStock)) == (64, 336)
    assert (pieces_of(gift), sum(map(points_of, members))) == (0, 100 * 336)


@pytest.mark.django_db(transaction=True)
def test_the_last_pieces_in_few_shards_are_all_found(transactional_db: None) -> None:
    """Sixteen shards with a piece or none each; who finds his shards taken waits for those who take."""
    gift = shelve(pieces=64)
    mark(gift)
    [first, *members] = crowd(41, points=6_400)
    for _ in range(54):
        ask(first, gift)

    outcomes = together([partial(ask, member, gift) for member in members], workers=20)

    assert (count(outcomes, Redemption), count(outcomes, OutOfStock), pieces_of(gift)) == (10, 30, 0)


@pytest.mark.django_db(transaction=True)
def test_marking_and_unmarking_while_members_redeem_and_cancel_loses_nothing(transactional_db: None) -> None:
    gift = shelve(pieces=70)
    members = crowd(60, points=600)
    flags = cycle((True, False))
    calls: list[Any] = []
    for n, member in enumerate(members):
        calls += [partial(ask, member, gift, 1 + n % 3), partial(_redeem_and_cancel, member, gift)]
        calls += [partial(mark, gift, next(flags))] if n % 3 == 0 else []
        calls += [partial(_restock, gift)] if n % 20 == 0 else []

    outcomes = together(calls, workers=16)

    assert [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, OutOfStock)] == []
    taken = sum(one.quantity for one in Redemption.objects.exclude(state="CANCELLED"))
    assert pieces_of(gift) == 70 + 15 - taken
    assert taken == 85 or count(outcomes, OutOfStock) == 0 or pieces_of(gift) > 0


def _redeem_and_cancel(member: Member, gift: Gift) -> bool:
    return shipping.cancel(redemption_id=ask(member, gift, 2).pk, at=NOON)


def _restock(gift: Gift) -> None:
    stock.change(gift_id=gift.pk, quantity=5, note="delivered", actor_id=None, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_a_hot_pool_marked_as_a_rush_hands_out_each_code_once(transactional_db: None) -> None:
    gift = Gift.objects.create(name="Coupon", points=100, kind="CODE")
    codes.add(gift_id=gift.pk, codes=[(n, f"A{n}") for n in range(1, 65)], actor_id=None, at=NOON)
    mark(gift)
    members = crowd(60)

    outcomes = together([partial(ask, member, gift) for member in members], workers=16)

    assert (count(outcomes, Redemption), pieces_of(gift)) == (60, 4)
