"""Prizes of every kind: what is not sent the winner has at once, and a code never twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils.translation import override

from mall import awards, lottery, shipping, treasure
from mall.lottery import NotReady
from mall.models import Chance, Coupon, CouponCode, Draw, DrawPlay, DrawPrize, Gift, Medal, Redemption, Voucher, WonGift
from members.models import Member
from tests.conftest import rows
from tests.mall import test_treasure
from tests.mall.conftest import NOON, ask, give, pieces_of, points_of, together
from tests.mall.kinds import chance, coupon, medal, pool, privilege, seat
from tests.mall.test_lottery import a_draw, play, sure


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with override("en"):
        yield


def prize(gift: Gift, stock: int = 1, **fields: Any) -> Any:
    return sure(kind="GIFT", gift=gift, stock=stock, **fields)


def hidden_pool(*texts: str) -> Gift:
    return pool(*texts, active=False)


@pytest.mark.parametrize(
    ("make", "state", "held"),
    [
        (partial(hidden_pool, "A-1"), "RECEIVED", CouponCode.objects.exclude(redemption=None)),
        (privilege, "ISSUED", Voucher.objects.all()),
        (seat, "ISSUED", Voucher.objects.all()),
        (medal, "RECEIVED", Medal.objects.all()),
        (partial(chance, chances=1), "RECEIVED", Chance.objects.all()),
        (coupon, "ISSUED", Coupon.objects.all()),
    ],
    ids=["code", "privilege", "seat", "medal", "chance", "coupon"],
)
def test_what_is_not_sent_is_there_with_the_try(lin: Member, make: Callable[[], Gift], state: str, held: Any) -> None:
    give(lin, 10)
    gift = make()
    draw = a_draw(prize(gift))

    tried = play(lin, draw, key="click")
    play(lin, draw, key="click")

    redemption = Redemption.objects.get()
    assert rows(WonGift, "member", "gift", "play", "redemption") == [(lin.pk, gift.pk, tried.pk, redemption.pk)]
    assert (redemption.member, redemption.points, redemption.state) == (lin, 0, state)
    assert [one.redemption for one in held] == [redemption]
    assert points_of(lin) == 0


def test_who_wears_the_medal_gets_the_consolation_and_leaves_it_to_others(lin: Member, wei: Member) -> None:
    for member in (lin, wei):
        give(member, 20)
    draw = a_draw(prize(medal(), stock=2))

    names = [play(member, draw).prize.name for member in (lin, lin, wei)]

    assert names == ["Sure", "Thank you", "Sure"]
    assert [*Medal.objects.order_by("pk").values_list("member", flat=True)] == [lin.pk, wei.pk]
    assert draw.prizes.get(name="Sure").remaining == 0


def test_a_pool_on_the_shelf_promises_nothing(db: None) -> None:
    draw = a_draw(prize(pool("A", "B")), published=False)

    with pytest.raises(NotReady, match="off the shelf first"):
        lottery.publish(draw_id=draw.pk, at=NOON, actor_id=None)

    assert Draw.objects.get().state == "DRAFT"


def test_draws_together_promise_no_more_codes_than_there_are(db: None) -> None:
    codes = hidden_pool("A", "B", "C")
    a_draw(prize(codes, stock=1))
    test_treasure.a_draw(gift=codes)
    more = a_draw(prize(codes, stock=2), published=False)
    chest = test_treasure.a_draw(gift=codes, published=False)

    with pytest.raises(NotReady, match="4 codes of the gift Coupon of a café are promised then, and 3 are free"):
        lottery.publish(draw_id=more.pk, at=NOON, actor_id=None)
    treasure.publish(treasure_id=chest.pk, at=NOON, actor_id=None)

    assert pieces_of(codes) == 3


def test_promised_codes_stay_off_the_shelf(lin: Member) -> None:
    codes = hidden_pool("A", "B")
    draw = a_draw(prize(codes, stock=2))
    codes.active = True

    with pytest.raises(ValidationError, match="promised"):
        codes.clean()
    with pytest.raises(DatabaseError), transaction.atomic():
        Gift.objects.filter(pk=codes.pk).update(active=True)
    lottery.close(draw_id=draw.pk, at=NOON)
    codes.clean()
    codes.save()

    give(lin, 100)
    assert ask(lin, codes).codes.count() == 1


def test_a_won_code_that_comes_back_unseen_can_be_won_again(lin: Member, wei: Member) -> None:
    draw = a_draw(prize(hidden_pool("A"), stock=1))
    for member in (lin, wei):
        give(member, 10)
    play(lin, draw)

    shipping.return_(redemption_id=Redemption.objects.get().pk, at=NOON)

    assert CouponCode.objects.get().redemption is None
    assert play(wei, draw).prize.name == "Thank you"  # one was promised, and one was given


@pytest.mark.damages_ledger
def test_codes_that_are_gone_nevertheless_leave_the_consolation(lin: Member) -> None:
    """Whoever takes a promised code away by hand in the database takes nothing from a member's try."""
    draw = a_draw(prize(hidden_pool("A"), stock=1))
    CouponCode.objects.update(voided_at=NOON)
    give(lin, 10)

    tried = play(lin, draw)

    assert (tried.prize.name, tried.hit and tried.hit.name, WonGift.objects.count()) == ("Thank you", "Sure", 0)
    assert draw.prizes.get(name="Sure").remaining == 1


@pytest.mark.django_db(transaction=True)
def test_200_members_try_for_the_last_code_and_one_has_it(transactional_db: None) -> None:
    draw = a_draw(prize(hidden_pool("A-1")))
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(200))
    for member in members:
        give(member, 10)

    outcomes = together([partial(play, member, draw) for member in members])

    assert Counter(type(one) for one in outcomes) == {DrawPlay: 200}
    assert Counter(DrawPlay.objects.values_list("prize__name", flat=True)) == {"Sure": 1, "Thank you": 199}
    assert (WonGift.objects.count(), Redemption.objects.count()) == (1, 1)
    assert CouponCode.objects.get().redemption == Redemption.objects.get()


@pytest.mark.django_db(transaction=True)
def test_forty_codes_of_two_prizes_go_to_forty_tries(transactional_db: None) -> None:
    codes = hidden_pool(*(f"A-{n}" for n in range(40)))
    halves = [prize(codes, stock=20, odds="50"), prize(codes, stock=20, odds="50")]
    draws = [a_draw(*halves), a_draw(prize(hidden_pool("B-1")))]
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(80))
    for member in members:
        give(member, 20)

    outcomes = together([partial(play, member, draw) for member in members for draw in draws])

    assert Counter(type(one) for one in outcomes) == {DrawPlay: 160}
    won = DrawPrize.objects.filter(draw=draws[0], consolation=False)
    assert [one.remaining for one in won] == [0, 0]
    taken = CouponCode.objects.filter(gift=codes).values_list("redemption", flat=True)
    assert (len({*taken}), None in taken) == (40, False)


@pytest.mark.parametrize(
    ("make", "held"),
    [(partial(hidden_pool, "A-1"), CouponCode.objects.exclude(redemption=None)), (privilege, Voucher.objects.all())],
    ids=["code", "privilege"],
)
def test_a_treasure_draws_winner_has_what_is_not_sent_at_once(lin: Member, make: Callable[[], Gift], held: Any) -> None:
    draw = test_treasure.a_draw(gift=make(), capacity=2)
    give(lin, 10)
    test_treasure.enter(lin, draw, 2)

    test_treasure.settled(draw, at=NOON)

    won = WonGift.objects.get()
    assert (won.member, won.treasure) == (lin, draw)
    assert [one.redemption for one in held] == [won.redemption]
    assert treasure.settle_due(at=NOON) == 0


def test_a_worker_that_dies_before_it_gave_the_code_leaves_it_to_the_next(
    lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = test_treasure.a_draw(gift=hidden_pool("A-1"), capacity=2)
    give(lin, 10)
    test_treasure.enter(lin, draw, 2)
    with monkeypatch.context() as broken:
        broken.setattr("mall.awards.claim", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            test_treasure.settled(draw, at=NOON)
    assert WonGift.objects.get().redemption is None

    done = [treasure.settle_due(at=NOON) for _ in range(2)]

    assert done == [1, 0]
    assert CouponCode.objects.get().redemption == WonGift.objects.get().redemption


def test_a_prize_that_its_winner_cannot_have_waits_and_lapses(lin: Member) -> None:
    star = medal()
    give(lin, 110)
    ask(lin, star)
    draw = test_treasure.a_draw(gift=star, capacity=2)
    test_treasure.enter(lin, draw, 2)

    test_treasure.settled(draw, at=NOON)
    later = NOON + timedelta(hours=1)
    again = [treasure.settle_due(at=NOON), treasure.settle_due(at=later)]

    assert again == [1, 0]
    assert WonGift.objects.get().redemption is None
    assert awards.lapse_over(at=NOON + timedelta(days=30)) == 1
