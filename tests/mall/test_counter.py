"""The counter: an unguessable code, used once, by whom, when and where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from mall import counter, shipping
from mall.models import Gift, Redemption, Voucher
from mall.redeeming import OutOfStock
from mall.shipping import WrongState
from members.models import Member, User
from tests.mall.conftest import NOON, ask, count, give, pieces_of, points_of, together
from tests.mall.kinds import privilege, seat

pytestmark = pytest.mark.usefixtures("english")

DAY = timedelta(days=1)


def use(code: str, at: datetime = NOON, **who: Any) -> Voucher:
    return counter.use(code=code, at=at, **{"actor_id": None, "place": "Shop 1"} | who)


def codes_of(redemption: Redemption) -> list[str]:
    return [voucher.code for voucher in redemption.vouchers.order_by("pk")]


def state_of(redemption: Redemption) -> str:
    return Redemption.objects.get(pk=redemption.pk).state


def test_a_privilege_waits_for_the_counter(lin: Member) -> None:
    give(lin, 1000)

    made = ask(lin, privilege(), 2)

    first, second = codes_of(made)
    assert (made.state, made.kind, made.received_at) == ("ISSUED", "PRIVILEGE", None)
    assert len({first, second}) == 2
    assert all(len(code) == 12 and set(code) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for code in (first, second))


def test_codes_are_not_guessed_from_each_other(lin: Member) -> None:
    """600 codes of 60 bits: all differ, and at each place most of the 32 signs appear."""
    give(lin, 10**6)
    drawn = codes_of(ask(lin, privilege(600), 600))

    assert len(set(drawn)) == 600
    assert all(len({code[place] for code in drawn}) > 28 for place in range(12))


def test_a_code_is_used_once_by_whom_when_and_where(lin: Member) -> None:
    staff = User.objects.create(username="chen")
    give(lin, 1000)
    made = ask(lin, privilege(), 2)
    first, second = codes_of(made)

    used = use(first, actor_id=staff.pk)
    assert (used.used_by, used.used_at, used.used_where, state_of(made)) == (staff, NOON, "Shop 1", "ISSUED")
    with pytest.raises(counter.AlreadyUsed):
        use(first, at=NOON + DAY)
    use(second, at=NOON + DAY)

    made.refresh_from_db()
    assert (made.state, made.received_at) == ("RECEIVED", NOON + DAY)
    assert Voucher.objects.get(code=first).used_at == NOON


@pytest.mark.parametrize("spoil", [str.lower, lambda code: f"  {code[:4]}-{code[4:8]} {code[8:]}\n"])
def test_a_code_is_read_however_it_is_typed(lin: Member, spoil: Any) -> None:
    give(lin, 100)
    [code] = codes_of(ask(lin, privilege()))

    assert use(spoil(code)).code == code


def test_letters_that_look_like_numbers_are_those() -> None:
    assert counter.typed("oil0-ABcd") == "0110ABCD"
    assert counter.typed("ＡＢ１２") == "AB12"


@pytest.mark.parametrize("code", ["", "AAAA-BBBB-CCCC", "'; drop table", "x" * 10_000, "\0"])
def test_an_unknown_code_is_told(db: None, code: str) -> None:
    with pytest.raises(counter.UnknownCode):
        use(code)


def test_a_code_ends_at_the_end_of_its_last_day(lin: Member) -> None:
    give(lin, 1000)
    [code] = codes_of(ask(lin, privilege(valid_days=7)))  # redeemed at noon of June 1st in Shanghai
    end = datetime(2026, 6, 8, 16, tzinfo=UTC)

    with pytest.raises(counter.Ended):
        use(code, at=end)
    assert use(code, at=end - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("fields", "ends_at"),
    [
        ({}, None),
        ({"valid_until": NOON + DAY}, NOON + DAY),
        ({"valid_days": 1}, datetime(2026, 6, 2, 16, tzinfo=UTC)),
        ({"valid_days": 30, "valid_until": NOON + DAY}, NOON + DAY),
    ],
)
def test_the_sooner_end_counts(lin: Member, fields: dict[str, Any], ends_at: datetime | None) -> None:
    give(lin, 1000)

    assert ask(lin, privilege(**fields)).vouchers.get().ends_at == ends_at


def test_cancelling_voids_the_codes_and_gives_everything_back(lin: Member) -> None:
    gift = privilege(5)
    give(lin, 1000)
    made = ask(lin, gift, 2)
    first, _second = codes_of(made)

    assert shipping.cancel(redemption_id=made.pk, member_id=lin.pk, at=NOON)

    with pytest.raises(counter.Voided):
        use(first)
    assert (points_of(lin), pieces_of(gift)) == (1000, 5)


def test_what_was_used_is_not_cancelled(lin: Member) -> None:
    give(lin, 1000)
    made = ask(lin, privilege(), 2)
    use(codes_of(made)[0])

    with pytest.raises(counter.AlreadyUsed):
        shipping.cancel(redemption_id=made.pk, at=NOON)
    use(codes_of(made)[1])
    with pytest.raises(WrongState):
        shipping.cancel(redemption_id=made.pk, member_id=lin.pk, at=NOON)

    assert (state_of(made), points_of(lin)) == ("RECEIVED", 800)


def test_what_has_ended_is_cancelled_by_staff_only(lin: Member) -> None:
    give(lin, 1000)
    made = ask(lin, privilege(valid_days=1))

    with pytest.raises(counter.Ended):
        shipping.cancel(redemption_id=made.pk, member_id=lin.pk, at=NOON + 5 * DAY)
    assert state_of(made) == "ISSUED"
    assert shipping.cancel(redemption_id=made.pk, at=NOON + 5 * DAY)
    assert points_of(lin) == 1000


def test_what_is_not_sent_is_neither_packed_nor_shipped(lin: Member) -> None:
    give(lin, 1000)
    made = ask(lin, privilege())

    assert shipping.pack(redemption_ids=[made.pk], at=NOON) == 0
    with pytest.raises(WrongState):
        shipping.ship(redemption_id=made.pk, carrier="SF", tracking_number="1", at=NOON)


@pytest.mark.django_db(transaction=True)
def test_a_code_scanned_at_twenty_tills_is_used_once(lin: Member) -> None:
    give(lin, 1000)
    made = ask(lin, privilege())

    outcomes = together([partial(use, code) for code in codes_of(made) * 20])

    assert (count(outcomes, Voucher), count(outcomes, counter.AlreadyUsed)) == (1, 19)
    assert state_of(made) == "RECEIVED"


@pytest.mark.django_db(transaction=True)
def test_of_using_and_cancelling_one_happens(lin: Member) -> None:
    gift = privilege(5)
    give(lin, 1000)

    for _ in range(5):
        made = ask(lin, gift)
        [code] = codes_of(made)
        used, cancelled = together([partial(use, code), partial(shipping.cancel, redemption_id=made.pk, at=NOON)])
        assert (isinstance(used, Voucher), cancelled is True) in ((True, False), (False, True))
        assert (state_of(made) == "RECEIVED") is isinstance(used, Voucher)

    used_ones = Redemption.objects.filter(state="RECEIVED").count()
    assert (points_of(lin), pieces_of(gift)) == (1000 - 100 * used_ones, 5 - used_ones)


@pytest.mark.django_db(transaction=True)
def test_two_hundred_members_want_the_last_seat_and_one_gets_it(transactional_db: None) -> None:
    gift = seat(1)
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOON) for n in range(200))
    for member in members:
        give(member, 100)

    outcomes = together([partial(ask, member, gift) for member in members], workers=40)

    assert (count(outcomes, Redemption), count(outcomes, OutOfStock)) == (1, 199)
    assert Voucher.objects.count() == 1
    assert (pieces_of(gift), sum(map(points_of, members))) == (0, 19900)


def test_who_checks_in_is_on_the_list_once(lin: Member) -> None:
    gift = seat()
    give(lin, 1000)
    made = ask(lin, gift)

    used = use(codes_of(made)[0])

    assert [*Voucher.objects.filter(gift=gift).exclude(used_at=None)] == [used]
    assert str(Redemption.objects.get().state_words) == "checked in"


@pytest.mark.parametrize("change", [{"used_at": None}, {"used_at": NOON + DAY}, {"code": "X"}])
def test_a_used_voucher_stays_used(lin: Member, change: dict[str, Any]) -> None:
    give(lin, 100)
    use(codes_of(ask(lin, privilege()))[0])

    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        Voucher.objects.update(**change)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        Voucher.objects.all().delete()


def test_the_kind_of_what_somebody_has_stays(lin: Member) -> None:
    gift = privilege()
    fresh = privilege(0)

    Gift.objects.filter(pk=fresh.pk).update(kind="PHYSICAL")
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        Gift.objects.filter(pk=gift.pk).update(kind="PHYSICAL")
