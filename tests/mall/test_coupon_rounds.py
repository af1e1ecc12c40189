"""Coupons for many members: step by step, by a worker that may die or be two."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from loyalty.ledger import KeyReused
from mall import coupon_rounds, coupons, tasks
from mall.models import Coupon, CouponLeftOut, CouponRound, CouponType
from members.models import Member, Tier
from tests.conftest import make_member, rows
from tests.mall.conftest import NOON, ask, together
from tests.mall.conftest import give as earn
from tests.mall.kinds import coupon, coupon_type

pytestmark = pytest.mark.usefixtures("english")


def plan(kind: CouponType, key: str = "", members: Sequence[Member] = (), **who: Any) -> CouponRound:
    whom = {"who": "phones", "member_ids": [one.pk for one in members]} if members else {"who": "all"}
    return coupon_rounds.planned(type_id=kind.pk, at=NOON, key=key or uuid4().hex, **(whom | who))


def begun(kind: CouponType, key: str = "", members: Sequence[Member] = (), **who: Any) -> CouponRound:
    return coupon_rounds.begin(plan(kind, key, members, **who))[0]


def give(kind: CouponType, key: str = "", members: Sequence[Member] = (), **who: Any) -> int:
    """Give to the end and return how many got it."""
    one = begun(kind, key, members, **who)
    while coupon_rounds.step(round_id=one.pk, at=NOON):
        pass
    one.refresh_from_db()
    assert one.ended_at == NOON
    assert one.done == one.chosen
    return one.given


def held(member: Member, kind: CouponType) -> Coupon:
    return coupons.issue(type_id=kind.pk, member_id=member.pk, at=NOON, actor_id=None, key=uuid4().hex)


def crowd(number: int) -> None:
    Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(number))


def holders(kind: CouponType) -> list[int]:
    return list(Coupon.objects.filter(type=kind).order_by("member").values_list("member", flat=True))


def test_many_get_one_each_and_a_form_told_again_gives_nothing(lin: Member, wei: Member, mei: Member) -> None:
    kind = coupon_type()
    assert coupon_rounds.foresee(plan(kind), at=NOON) == (3, {})

    give(kind, "k")
    again = begun(kind, "k")
    more = coupon_rounds.step(round_id=again.pk, at=NOON)
    give(kind, "l")

    assert more is False
    assert sorted(rows(Coupon, "member", "given_key")) == sorted((m.pk, k) for m in (lin, wei, mei) for k in "kl")
    assert rows(CouponRound, "key", "given", "left_out") == [("k", 3, 0), ("l", 3, 0)]
    assert CouponType.objects.get().issued == 6


def test_who_is_left_out_is_told_with_the_reason(lin: Member, wei: Member, mei: Member, tiers: dict[str, Tier]) -> None:
    kind = coupon_type(limit_total=3, limit_per_member=1, tier=tiers["高级"])
    Member.objects.filter(pk__in=[lin.pk, wei.pk]).update(tier=mei.tier)
    low = make_member("Low", "+8613900000009")
    held(wei, kind)
    more = [make_member(f"M{n}", f"+861390000000{n}", tier=mei.tier) for n in range(3)]
    everybody = [lin, wei, mei, low, *more]
    Member.objects.filter(pk=lin.pk).update(merged_into=wei)
    expected = {lin.pk: "MERGED", wei.pk: "LIMIT", low.pk: "TIER", more[1].pk: "NONE_LEFT", more[2].pk: "NONE_LEFT"}

    foreseen = coupon_rounds.foresee(plan(kind, members=everybody), at=NOON)
    given = give(kind, members=everybody)

    assert holders(kind) == sorted([wei.pk, mei.pk, more[0].pk])
    assert dict(rows(CouponLeftOut, "member", "why")) == expected  # type: ignore[arg-type]
    assert (given, foreseen) == (2, (2, {"MERGED": 1, "LIMIT": 1, "TIER": 1, "NONE_LEFT": 2}))
    assert coupon_rounds.reasons(CouponRound.objects.get())[0] == ("NONE_LEFT", 2)


def test_a_tier_gets_it_and_nobody_else(lin: Member, mei: Member, tiers: dict[str, Tier]) -> None:
    kind = coupon_type()

    assert give(kind, who="tier", tier_id=tiers["高级"].pk) == 1

    assert holders(kind) == [mei.pk]
    assert rows(CouponLeftOut, "member") == []


def test_a_coupon_for_a_tier_asks_for_it(lin: Member, mei: Member, tiers: dict[str, Tier]) -> None:
    vip = make_member("V", "+8613900000001", tier=tiers["VIP"])
    above, exactly = coupon_type(tier=tiers["高级"]), coupon_type(tier=tiers["高级"], tier_exactly=True)

    assert (give(above), give(exactly)) == (2, 1)

    assert (holders(above), holders(exactly)) == ([mei.pk, vip.pk], [mei.pk])


@pytest.mark.parametrize("fields", [{"active": False}, {"valid_until": NOON}])
def test_what_is_not_given_out_nobody_gets(lin: Member, fields: Any) -> None:
    assert give(coupon_type(**fields)) == 0

    assert rows(CouponLeftOut, "member", "why") == [(lin.pk, "STOPPED")]


def test_nobody_chosen_is_done_at_once(db: None) -> None:
    assert give(coupon_type()) == 0


def test_all_coupons_of_a_round_end_together(lin: Member, wei: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coupon_rounds, "STEP", 1)
    one = begun(coupon_type(valid_days=1))

    for day in range(3):
        coupon_rounds.step(round_id=one.pk, at=NOON + timedelta(days=day))

    assert len(set(rows(Coupon, "issued_at", "ends_at"))) == 1
    assert len(rows(Coupon, "pk")) == 2


def test_a_worker_that_dies_loses_its_step_and_the_next_goes_on(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(7)
    monkeypatch.setattr(coupon_rounds, "STEP", 3)
    kind = coupon_type(limit_total=6)
    one = begun(kind)
    coupon_rounds.step(round_id=one.pk, at=NOON)
    with monkeypatch.context() as dying:
        dying.setattr(CouponRound, "save", _die)
        with pytest.raises(SystemExit):
            coupon_rounds.step(round_id=one.pk, at=NOON)
    assert len(rows(Coupon, "pk")) == 3

    CouponRound.objects.update(touched_at=timezone.now() - timedelta(minutes=1))
    tasks.resume_coupon_rounds()

    first_six = sorted(Member.objects.values_list("pk", flat=True))[:6]
    assert holders(kind) == first_six
    assert rows(CouponRound, "given", "left_out") == [(6, 1)]


def _die(*args: Any, **kwargs: Any) -> None:
    raise SystemExit


@pytest.mark.parametrize(("minutes", "started"), [(0, False), (1, True)])
def test_a_round_whose_start_was_lost_is_started_by_the_beat(lin: Member, minutes: int, started: bool) -> None:
    one = begun(coupon_type())
    CouponRound.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))

    tasks.resume_coupon_rounds()

    one.refresh_from_db()
    assert (one.ended_at is not None, len(rows(Coupon, "pk"))) == (started, int(started))


@pytest.mark.django_db(transaction=True)
def test_delivered_six_times_at_once_each_member_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(300)
    monkeypatch.setattr(coupon_rounds, "STEP", 40)
    kind = coupon_type()
    one = begun(kind)

    outcomes = together([partial(tasks.give_coupons, one.pk)] * 6)

    assert outcomes == [None] * 6
    assert holders(kind) == sorted(Member.objects.values_list("pk", flat=True))
    assert rows(CouponRound, "given", "left_out") == [(300, 0)]


@pytest.mark.django_db(transaction=True)
def test_six_rounds_at_once_give_no_more_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(300)
    monkeypatch.setattr(coupon_rounds, "STEP", 40)
    kind = coupon_type(limit_total=100, limit_per_member=1)
    begun_six = [begun(kind) for _turn in range(6)]

    together([partial(tasks.give_coupons, one.pk) for one in begun_six])

    assert len(holders(kind)) == len(set(holders(kind))) == CouponType.objects.get().issued == 100
    assert all(given + left_out == 300 for given, left_out in rows(CouponRound, "given", "left_out"))


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_twice_at_once_is_one_round(lin: Member) -> None:
    kind = coupon_type()

    outcomes = together([partial(begun, kind, "k") for _turn in range(10)])

    assert {one.pk for one in outcomes} == {CouponRound.objects.get().pk}


def test_one_that_waits_to_be_paid_counts_for_its_member_and_for_all(lin: Member, wei: Member, mei: Member) -> None:
    kind = coupon_type(limit_per_member=1, limit_total=2)
    earn(lin, 1000)
    ask(lin, coupon(kind, cash=Decimal("9.90")))

    given = give(kind)

    left_out = {lin.pk: "LIMIT", max(wei.pk, mei.pk): "NONE_LEFT"}
    assert (given, holders(kind)) == (1, [min(wei.pk, mei.pk)])
    assert dict(rows(CouponLeftOut, "member", "why")) == left_out  # type: ignore[arg-type]


def test_a_key_that_was_told_for_something_else_is_refused(lin: Member, wei: Member, tiers: dict[str, Tier]) -> None:
    kind, other = coupon_type(), coupon_type()
    one = begun(kind, "k", [lin])
    changed = [plan(kind, "k", [wei]), plan(other, "k", [lin]), plan(kind, "k"), plan(kind, "k", [lin], note="x")]
    changed += [plan(kind, "k", who="tier", tier_id=tiers["VIP"].pk)]

    again = coupon_rounds.begin(plan(kind, "k", [lin]))
    for else_ in changed:
        with pytest.raises(KeyReused):
            coupon_rounds.begin(else_)

    assert again == (one, False)
    assert rows(CouponRound, "type", "member_ids") == [(kind.pk, [lin.pk])]


def test_who_leaves_the_tier_or_is_merged_meanwhile_is_counted(
    db: None, tiers: dict[str, Tier], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coupon_rounds, "STEP", 1)
    first, leaves, merged = (make_member(f"V{n}", f"+861380000001{n}", tier=tiers["VIP"]) for n in range(3))
    one = begun(coupon_type(), who="tier", tier_id=tiers["VIP"].pk)
    coupon_rounds.step(round_id=one.pk, at=NOON)
    one.refresh_from_db()
    assert coupon_rounds.no_longer_meant(one) == 0
    Member.objects.filter(pk=leaves.pk).update(tier=tiers["高级"])
    Member.objects.filter(pk=merged.pk).update(merged_into=first)

    coupon_rounds.step(round_id=one.pk, at=NOON)

    one.refresh_from_db()
    assert (one.chosen, one.given, one.left_out, coupon_rounds.no_longer_meant(one)) == (3, 1, 0, 2)


def test_the_message_of_the_beat_lapses_before_its_next(lin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(tasks.give_coupons, "apply_async", lambda args, **told: sent.append((args, told)))
    one = begun(coupon_type())
    CouponRound.objects.update(created_at=timezone.now() - timedelta(minutes=1))

    tasks.resume_coupon_rounds()

    every = settings.CELERY_BEAT_SCHEDULE["resume-coupon-rounds"]["schedule"]
    assert sent == [((one.pk,), {"expires": every.total_seconds()})]
