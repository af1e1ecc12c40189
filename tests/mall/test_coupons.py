"""The brand's own coupons: issued with the worth of that day, used once at a time, back when the order is cancelled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from loyalty import auditing
from mall import counter, coupons
from mall.coupons import Order
from mall.models import Coupon, CouponKind, CouponType, CouponUse
from members.models import Member, Tier, User
from tests.conftest import rows
from tests.mall.conftest import NOON, count, together
from tests.mall.kinds import coupon_type

pytestmark = pytest.mark.usefixtures("english")

DAY = timedelta(days=1)
ORDER = Order("T-1", Decimal(250), Decimal(12))


def held(member: Member, of: CouponType | None = None, at: datetime = NOON, **fields: Any) -> Coupon:
    """A coupon that staff gave."""
    kind = of or coupon_type(**fields)
    return coupons.issue(type_id=kind.pk, member_id=member.pk, at=at, actor_id=None, key=uuid4().hex)


def use(coupon: Coupon, order: Order = ORDER, *, key: str = "", at: datetime = NOON, **who: Any) -> CouponUse:
    return coupons.use(code=coupon.code, order=order, request_key=key or uuid4().hex, at=at, **who)


def back(coupon: Coupon, reference: str = "T-1", *, key: str = "", at: datetime = NOON) -> CouponUse:
    key = key or uuid4().hex
    return coupons.give_back(code=coupon.code, order_reference=reference, request_key=key, at=at)


def counted(kind: CouponType) -> tuple[int, int, Decimal]:
    kind.refresh_from_db()
    return kind.issued, kind.used, kind.discount


def test_an_issued_coupon_keeps_what_it_was_worth(lin: Member) -> None:
    kind = coupon_type(terms="not for gift cards")
    first = held(lin, kind)
    CouponType.objects.update(name="5 off", value=5, minimum_spend=0)

    second = held(lin, kind)

    assert rows(Coupon, "name", "value", "minimum_spend", "member", "source") == [
        ("20 off 100", 20, 100, lin.pk, "GIVEN"),
        ("5 off", 5, 0, lin.pk, "GIVEN"),
    ]
    assert first.code != second.code
    assert all(len(one.code) == 12 for one in (first, second))


@pytest.mark.parametrize(
    ("fields", "starts_at", "ends_at"),
    [
        ({}, None, None),
        ({"valid_days": 7}, None, datetime(2026, 6, 8, 16, tzinfo=UTC)),
        ({"valid_days": 7, "valid_until": NOON + DAY}, None, NOON + DAY),
        ({"valid_days": 1, "valid_from": NOON + 9 * DAY}, NOON + 9 * DAY, datetime(2026, 6, 11, 16, tzinfo=UTC)),
    ],
)
def test_a_coupon_is_valid_from_and_until(lin: Member, fields: Any, starts_at: Any, ends_at: Any) -> None:
    got = held(lin, **fields)

    assert (got.starts_at, got.ends_at) == (starts_at, ends_at)


@pytest.mark.parametrize(
    ("worth", "order", "off"),
    [
        ({"value": 20}, Order("1", Decimal(100)), "20"),
        ({"value": 20, "minimum_spend": 0}, Order("1", Decimal("19.99")), "19.99"),
        ({"kind": "PERCENT", "value": 15}, Order("1", Decimal("101.10")), "15.17"),  # 15.165
        ({"kind": "PERCENT", "value": 15, "most_off": 10}, Order("1", Decimal(250)), "10"),
        ({"kind": "PERCENT", "value": 100, "minimum_spend": 0}, Order("1", Decimal("0.01")), "0.01"),
        ({"kind": "SHIPPING", "value": 0}, Order("1", Decimal(100), Decimal(12)), "12"),
        ({"kind": "SHIPPING", "value": 0, "most_off": 8}, Order("1", Decimal(100), Decimal(12)), "8"),
        ({"kind": "SHIPPING", "value": 0}, Order("1", Decimal(100)), "0"),
    ],
)
def test_a_check_tells_the_discount_and_writes_nothing(lin: Member, worth: Any, order: Order, off: str) -> None:
    mine = held(lin, **worth)

    told = coupons.check(code=mine.shown_code.lower(), order=order, at=NOON)

    assert (told.coupon, told.amount_off) == (mine, Decimal(off))
    assert rows(CouponUse, "pk") == []


CENTS = st.integers(1, 10**9 - 1).map(lambda cents: Decimal(cents) / 100)


@given(
    kind=st.sampled_from(CouponKind),
    value=CENTS,
    most=st.none() | CENTS,
    order=CENTS,
    shipping=st.just(Decimal(0)) | CENTS,
)
def test_a_discount_is_what_plain_arithmetic_says(
    kind: str, value: Decimal, most: Decimal | None, order: Decimal, shipping: Decimal
) -> None:
    value = min(value, Decimal(100)) if kind == "PERCENT" else value
    worth = CouponType(kind=kind, value=value, most_off=most)

    off = coupons.amount_off(worth, order, shipping)

    cents, base = int(order * 100), shipping if kind == "SHIPPING" else order
    parts = int(value * 100) * cents  # of a cent: ten thousandths
    exact = {"AMOUNT": value, "PERCENT": Decimal((parts + 5000) // 10000) / 100, "SHIPPING": shipping}[kind]
    assert off == min(exact, base, base if most is None else most)
    assert 0 <= off <= base
    assert off == off.quantize(Decimal("0.01"), ROUND_HALF_UP)


def spoiled(mine: Coupon, how: str) -> None:
    if how == "used":
        use(mine, Order("T-0", Decimal(100)))
    elif how == "void":
        coupons.void(coupon_id=mine.pk, at=NOON)


@pytest.mark.parametrize(
    ("fields", "how", "order", "refused"),
    [
        ({}, "used", ORDER, counter.AlreadyUsed),
        ({}, "void", ORDER, counter.Voided),
        ({"valid_until": NOON + DAY}, "", ORDER, counter.Ended),
        ({"valid_from": NOON + 3 * DAY}, "", ORDER, coupons.NotYetValid),
        ({}, "", Order("T-1", Decimal("99.99")), coupons.OrderTooSmall),
        ({}, "", Order("", Decimal(200)), coupons.InvalidOrder),
        ({}, "", Order("x" * 65, Decimal(200)), coupons.InvalidOrder),
        ({}, "", Order("T\n1", Decimal(200)), coupons.InvalidOrder),
        ({}, "", Order("T-1", Decimal(0)), coupons.InvalidOrder),
        ({}, "", Order("T-1", Decimal("-200")), coupons.InvalidOrder),
        ({}, "", Order("T-1", Decimal("200.001")), coupons.InvalidOrder),
        ({}, "", Order("T-1", Decimal("NaN")), coupons.InvalidOrder),
        ({}, "", Order("T-1", Decimal("1e40")), coupons.InvalidOrder),
        ({}, "", Order("T-1", Decimal(200), Decimal(-1)), coupons.InvalidOrder),
    ],
)
def test_what_cannot_be_used_says_why_and_stays_as_it_is(
    lin: Member, fields: Any, how: str, order: Order, refused: type[Exception]
) -> None:
    mine, at = held(lin, **fields), NOON + DAY
    spoiled(mine, how)
    before = rows(Coupon, "use", "voided_at"), rows(CouponUse, "pk")

    for ask in (partial(coupons.check, code=mine.code), partial(coupons.use, code=mine.code, request_key="k")):
        with pytest.raises(refused):
            ask(order=order, at=at)

    assert (rows(Coupon, "use", "voided_at"), rows(CouponUse, "pk")) == before


@pytest.mark.parametrize("code", ["", "AAAA-BBBB-CCCC", "'; drop table", "\0"])
def test_an_unknown_code_is_told(db: None, code: str) -> None:
    for ask in (partial(coupons.check, order=ORDER), partial(coupons.use, order=ORDER, request_key="k")):
        with pytest.raises(counter.UnknownCode):
            ask(code=code, at=NOON)
    with pytest.raises(counter.UnknownCode):
        coupons.give_back(code=code, order_reference="T-1", request_key="k", at=NOON)


@pytest.mark.parametrize(
    ("exactly", "tier_then", "fits"),
    [(False, "高级", True), (False, "VIP", True), (False, "普通", False), (True, "VIP", False), (False, None, False)],
)
def test_a_tier_is_asked_again_at_use_if_the_coupon_says_so(
    mei: Member, tiers: dict[str, Tier], exactly: bool, tier_then: str | None, fits: bool
) -> None:
    asks = {"tier": tiers["高级"], "tier_exactly": exactly}
    strict, kind = held(mei, tier_at_use=True, **asks), held(mei, **asks)
    Member.objects.filter(pk=mei.pk).update(tier=tiers[tier_then] if tier_then else None)

    outcome: Any = None
    try:
        outcome = use(strict)
    except coupons.WrongTier as refused:
        outcome = refused

    assert isinstance(outcome, CouponUse) is fits
    assert use(kind).amount_off == 20


def test_a_use_says_who_where_when_and_for_what(lin: Member) -> None:
    staff, mine = User.objects.create(username="chen"), held(lin)

    used = use(mine, key="k1", actor_id=staff.pk, through="West Lake")

    mine.refresh_from_db()
    assert mine.use == used
    assert rows(CouponUse, "what", "coupon", "at", "actor", "through", "order_reference", "order_amount", "shipping",
                "amount_off", "request_key") == [
        ("USED", mine.pk, NOON, staff.pk, "West Lake", "T-1", 250, 12, 20, "k1")
    ]  # fmt: skip
    assert counted(mine.type) == (1, 1, 20)


def test_a_use_comes_back_and_the_coupon_is_as_it_was(lin: Member) -> None:
    mine = held(lin, valid_days=7)
    use(mine)

    returned = back(mine, at=NOON + DAY)
    again = use(mine, Order("T-2", Decimal(300)), at=NOON + 2 * DAY)

    mine.refresh_from_db()
    assert (mine.use, mine.ends_at) == (again, datetime(2026, 6, 8, 16, tzinfo=UTC))
    assert rows(CouponUse, "what", "order_reference", "ends") == [
        ("USED", "T-1", None),
        ("RETURNED", "T-1", returned.ends_id),
        ("USED", "T-2", None),
    ]
    assert counted(mine.type) == (1, 1, 20)


def test_a_coupon_that_ended_meanwhile_comes_back_ended(lin: Member) -> None:
    mine = held(lin, valid_days=1)
    use(mine)

    back(mine, at=NOON + 9 * DAY)

    with pytest.raises(counter.Ended):
        use(mine, Order("T-2", Decimal(300)), at=NOON + 9 * DAY)
    assert counted(mine.type) == (1, 0, 0)


def test_the_same_request_again_is_the_first_one(lin: Member) -> None:
    mine = held(lin)

    first = use(mine, key="a", at=NOON)
    assert use(mine, key="a", at=NOON + DAY) == first
    returned = back(mine, key="b")
    assert back(mine, key="b") == back(mine, key="c") == returned
    assert use(mine, key="a") == first  # told late: the use of then, and nothing is used now

    assert len(rows(CouponUse, "pk")) == 2
    assert Coupon.objects.get().use is None


def test_a_late_return_of_a_first_order_leaves_the_second_its_coupon(lin: Member) -> None:
    mine = held(lin)
    use(mine)
    first = back(mine, key="first")
    use(mine, Order("T-2", Decimal(300)))

    assert back(mine, key="late") == first

    assert Coupon.objects.get().use.order_reference == "T-2"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("order", "which"),
    [
        (Order("T-2", Decimal(250), Decimal(12)), 0),
        (Order("T-1", Decimal(251), Decimal(12)), 0),
        (Order("T-1", Decimal(250)), 0),
        (ORDER, 1),
    ],
)
def test_a_request_key_stands_for_one_request(lin: Member, order: Order, which: int) -> None:
    both = [held(lin), held(lin)]
    use(both[0], key="k")

    with pytest.raises(coupons.RequestReused):
        use(both[which], order, key="k")
    with pytest.raises(coupons.RequestReused):
        back(both[0], key="k")
    for key in ("", "x" * 101, "\0"):
        with pytest.raises(ValueError, match="request key"):
            coupons.use(code=both[1].code, order=ORDER, request_key=key, at=NOON)

    assert len(rows(CouponUse, "pk")) == 1


def test_what_was_not_used_for_an_order_does_not_come_back_from_it(lin: Member) -> None:
    mine = held(lin)
    with pytest.raises(coupons.NotUsed):
        back(mine)
    use(mine)

    with pytest.raises(coupons.NotUsed):
        back(mine, "T-2")

    assert counted(mine.type) == (1, 1, 20)


@pytest.mark.django_db(transaction=True)
def test_two_hundred_tills_use_one_code_and_one_does(lin: Member) -> None:
    mine = held(lin)
    tills = [partial(use, mine, Order(f"T-{n}", Decimal(100))) for n in range(200)]

    outcomes = together(tills)

    assert (count(outcomes, CouponUse), count(outcomes, counter.AlreadyUsed)) == (1, 199)
    assert counted(mine.type) == (1, 1, 20)


@pytest.mark.django_db(transaction=True)
def test_one_request_told_twenty_times_at_once_is_one_use(lin: Member) -> None:
    mine, other = held(lin), held(lin)

    outcomes = together([partial(use, mine, key="k")] * 20)
    returns = together([partial(back, mine, key=f"r{n}") for n in range(20)])
    crossed = together([partial(use, which, key="x") for which in (mine, other)])

    assert {one.pk for one in outcomes} == {CouponUse.objects.get(request_key="k").pk}
    assert len({one.pk for one in returns}) == 1
    assert (count(crossed, CouponUse), count(crossed, coupons.RequestReused)) == (1, 1)


@pytest.mark.parametrize("fields", [{"active": False}, {"valid_until": NOON}])
def test_what_is_not_given_out_nobody_gets(lin: Member, fields: Any) -> None:
    kind = coupon_type(**fields)

    with pytest.raises(coupons.NotGivenOut):
        held(lin, kind)

    assert counted(kind) == (0, 0, 0)


def test_one_is_refused_by_name(lin: Member, mei: Member, tiers: dict[str, Tier]) -> None:
    once, last = coupon_type(limit_per_member=1), coupon_type(limit_total=1)
    held(lin, once)
    held(mei, last)

    for kind, refused in (
        (once, coupons.MemberHasEnough),
        (last, coupons.NoneLeft),
        (coupon_type(tier=tiers["VIP"]), coupons.WrongTier),
    ):
        with pytest.raises(refused):
            held(lin, kind)
    assert coupons.issue(type_id=once.pk, member_id=mei.pk, at=NOON, actor_id=None, key="k") == coupons.issue(
        type_id=once.pk, member_id=mei.pk, at=NOON, actor_id=None, key="k"
    )


def test_a_void_coupon_makes_room_for_another(lin: Member) -> None:
    kind = coupon_type(limit_total=1, limit_per_member=1)
    first = held(lin, kind)

    assert (coupons.void(coupon_id=first.pk, at=NOON), coupons.void(coupon_id=first.pk, at=NOON)) == (True, False)
    second = held(lin, kind)
    use(second)
    with pytest.raises(counter.AlreadyUsed):
        coupons.void(coupon_id=second.pk, at=NOON)

    assert counted(kind) == (1, 1, 20)


@pytest.mark.parametrize(
    "change",
    [
        "delete from mall_coupon",
        "truncate mall_coupon cascade",
        "update mall_coupon set code = 'X'",
        "update mall_coupon set value = 100",
        "update mall_coupon set ends_at = now()",
        "update mall_coupon set member_id = (select max(id) from members_member)",
        "update mall_coupon set use_id = null",
        "delete from mall_couponuse",
        "truncate mall_couponuse cascade",
        "update mall_couponuse set amount_off = 0",
        "insert into mall_couponuse (coupon_id, what, at, order_reference, order_amount, amount_off, request_key)"
        " select id, 'USED', now(), 'T-9', 100, 20, 'again' from mall_coupon",
    ],
)
def test_the_database_keeps_coupons_and_their_trail(lin: Member, wei: Member, change: str) -> None:
    use(held(lin))
    before = rows(Coupon, "code", "member", "value", "use", "ends_at"), rows(CouponUse, "coupon", "amount_off")

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)

    assert (
        rows(Coupon, "code", "member", "value", "use", "ends_at"),
        rows(CouponUse, "coupon", "amount_off"),
    ) == before


@pytest.mark.damages_ledger
@pytest.mark.parametrize(
    "damage",
    [
        "update mall_coupon set use_id = null",
        "update mall_couponuse set amount_off = 19",
        "update mall_coupontype set issued = 2",
        "update mall_coupontype set discount = 0",
        "delete from mall_couponuse where what = 'RETURNED'",
    ],
)
def test_the_audit_sees_damage(lin: Member, damage: str) -> None:
    mine = held(lin)
    use(mine)
    back(mine)
    use(mine)
    assert auditing.drifts() == []

    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("set session_replication_role = replica")
        cursor.execute(damage)
        cursor.execute("set session_replication_role = origin")

    assert {drift.law for drift in auditing.drifts()} == {"coupons"}


def test_codes_are_not_guessed_from_each_other(db: None) -> None:
    kind = coupon_type()
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(600))
    Coupon.objects.bulk_create(Coupon(type=kind, member=one, issued_at=NOON, source="GIVEN") for one in members)

    codes = [code for (code,) in rows(Coupon, "code")]

    assert len(set(codes)) == 600
    assert all(len({code[place] for code in codes}) > 28 for place in range(12))
