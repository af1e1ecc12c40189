"""Points and yuan: held until paid, let go when not, given back when it ends; forged, late and doubled money."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from loyalty.models import Kind, Posting
from mall import codes, counter, paying, refunding, shipping, tasks
from mall.models import CouponCode, Gift, GiftTier, MallPolicy, Medal, Payment, Redemption, Refund
from mall.payment import Notice, provider
from mall.redeeming import InsufficientPoints, LimitReached, OutOfStock, Price, PriceChanged, redeem
from mall.shipping import WrongState
from members.models import Member, Tier, User
from tests.conftest import rows
from tests.mall.conftest import NOON, ask, count, give, pieces_of, points_of, shelve, together
from tests.mall.kinds import medal, pool, privilege

pytestmark = pytest.mark.usefixtures("english")

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
State = Redemption.State
SANDBOX = "sandbox"


@pytest.fixture
def mug(db: None) -> Gift:
    """A mug for 100 points and 9.90 yuan, five of them."""
    return shelve(pieces=5, name="Mug", points=100, cash=Decimal("9.90"))


@pytest.fixture
def unpaid(lin: Member, mug: Gift) -> Redemption:
    give(lin, 1000)
    return ask(lin, mug, 2)


def begin(redemption: Redemption, code: str = SANDBOX, **changes: Any) -> Payment:
    asked = {"redemption_id": redemption.pk, "member_id": redemption.member_id, "at": NOON} | changes
    return paying.begin(**asked, provider=provider(code))


def notice(payment: Payment, **changes: Any) -> Notice:
    told = {"number": payment.number, "reference": f"ref-{payment.pk}", "amount": payment.amount, "paid": True}
    return Notice(**told | changes)


def settle(payment: Payment, *, at: Any = NOON, code: str = SANDBOX, **changes: Any) -> paying.Settled:
    return paying.settle(provider=code, notice=notice(payment, **changes), at=at)


def state_of(redemption: Redemption) -> str:
    return Redemption.objects.get(pk=redemption.pk).state


def test_a_price_with_yuan_holds_points_and_stock_until_it_is_paid(lin: Member, mug: Gift, unpaid: Redemption) -> None:
    assert (unpaid.state, unpaid.points, unpaid.cash, unpaid.pay_before) == (
        State.UNPAID,
        200,
        Decimal("19.80"),
        NOON + 30 * MINUTE,
    )
    assert (points_of(lin), pieces_of(mug)) == (800, 3)
    assert unpaid.posting.kind == Kind.HOLD
    assert shipping.pack(redemption_ids=[unpaid.pk], at=NOON) == 0
    with pytest.raises(WrongState):
        shipping.ship(redemption_id=unpaid.pk, carrier="SF", tracking_number="1", at=NOON)


def test_paying_lets_it_go_on_once(unpaid: Redemption) -> None:
    payment = begin(unpaid)

    told = [settle(payment, at=NOON + MINUTE), settle(payment, at=NOON + HOUR), settle(payment)]

    assert told == ["paid", "again", "again"]
    assert state_of(unpaid) == State.PLACED
    assert rows(Payment, "state", "amount", "paid_at", "reference") == [
        ("PAID", Decimal("19.80"), NOON + MINUTE, f"ref-{payment.pk}")
    ]
    assert shipping.pack(redemption_ids=[unpaid.pk], at=NOON) == 1


def test_a_payment_begun_again_is_the_same(unpaid: Redemption, mei: Member) -> None:
    assert begin(unpaid) == begin(unpaid)
    assert begin(unpaid, "counter") != begin(unpaid)
    with pytest.raises(Redemption.DoesNotExist):
        begin(unpaid, member_id=mei.pk)


@pytest.mark.parametrize("amount", ["0", "0.01", "19.79", "19.81", "-19.80", "1980", "1E+10", "NaN"])
def test_another_amount_settles_nothing_and_is_flagged(lin: Member, unpaid: Redemption, amount: str) -> None:
    payment = begin(unpaid)

    with pytest.raises(paying.WrongAmount, match=r"19\.80"):
        settle(payment, amount=Decimal(amount))

    assert state_of(unpaid) == State.UNPAID
    assert rows(Payment, "state", "problem") == [("OPEN", "AMOUNT")]
    assert settle(payment) == "paid"


def test_a_payment_that_failed_can_be_tried_again(unpaid: Redemption) -> None:
    payment = begin(unpaid)

    assert settle(payment, paid=False) == "failed"
    assert state_of(unpaid) == State.UNPAID
    assert settle(begin(unpaid)) == "paid"


@pytest.mark.parametrize(
    "forged", [{"number": "AAAABBBBCCCC"}, {"number": ""}, {"reference": ""}, {"reference": "x" * 65}]
)
def test_a_number_that_is_none_of_ours_is_refused(unpaid: Redemption, forged: dict[str, str]) -> None:
    payment = begin(unpaid)

    with pytest.raises(paying.UnknownPayment):
        settle(payment, **forged)
    with pytest.raises(paying.UnknownPayment):
        settle(payment, code="counter")

    assert state_of(unpaid) == State.UNPAID


def test_one_payment_of_the_provider_pays_one_redemption(lin: Member, mug: Gift, unpaid: Redemption) -> None:
    other = ask(lin, mug, 2)
    settle(begin(unpaid), reference="wx-1")

    with pytest.raises(paying.UnknownPayment):
        settle(begin(other), reference="wx-1")

    assert state_of(other) == State.UNPAID


def test_what_is_not_paid_in_time_is_let_go(lin: Member, mug: Gift, unpaid: Redemption) -> None:
    begin(unpaid)

    assert paying.let_go(at=NOON + 30 * MINUTE - timedelta(microseconds=1)) == 0
    assert paying.let_go(at=NOON + 30 * MINUTE) == 1
    assert paying.let_go(at=NOON + HOUR) == 0

    unpaid.refresh_from_db()
    assert (unpaid.state, unpaid.note, points_of(lin), pieces_of(mug)) == (
        State.CANCELLED,
        "Not paid in time",
        1000,
        5,
    )
    assert rows(Payment, "state") == [("CLOSED",)]
    assert not Refund.objects.exists()


def test_until_somebody_lets_it_go_a_late_payment_counts(unpaid: Redemption) -> None:
    payment = begin(unpaid)

    assert settle(payment, at=NOON + 9 * HOUR) == "paid"

    assert state_of(unpaid) == State.PLACED


def test_money_that_comes_after_it_was_let_go_goes_back(lin: Member, mug: Gift, unpaid: Redemption) -> None:
    payment = begin(unpaid)
    paying.let_go(at=NOON + HOUR)

    assert settle(payment, at=NOON + 2 * HOUR) == "back"
    assert settle(payment, at=NOON + 2 * HOUR) == "again"

    assert (state_of(unpaid), points_of(lin), pieces_of(mug)) == (State.CANCELLED, 1000, 5)
    assert rows(Payment, "state", "problem") == [("PAID", "LATE")]
    assert rows(Refund, "payment", "amount", "done_at") == [(payment.pk, Decimal("19.80"), None)]


def test_money_that_comes_twice_goes_back_once(unpaid: Redemption) -> None:
    first, second = begin(unpaid), begin(unpaid, "counter")
    settle(first)

    assert paying.take(number=second.number, at=NOON, actor_id=None) == "back"  # type: ignore[arg-type]

    assert rows(Payment, "state", "problem") == [("PAID", ""), ("PAID", "TWICE")]
    assert rows(Refund, "payment", "amount") == [(second.pk, Decimal("19.80"))]


def test_nothing_is_to_be_paid_for_what_has_ended_or_is_overdue(unpaid: Redemption) -> None:
    with pytest.raises(paying.NotPayable):
        begin(unpaid, at=NOON + HOUR)
    shipping.cancel(redemption_id=unpaid.pk, member_id=unpaid.member_id, at=NOON)
    with pytest.raises(paying.NotPayable):
        begin(unpaid)


def test_cancelling_what_is_paid_gives_points_and_yuan_back(lin: Member, mug: Gift, unpaid: Redemption) -> None:
    payment = begin(unpaid)
    settle(payment)

    first = shipping.cancel(redemption_id=unpaid.pk, member_id=lin.pk, at=NOON, note="too many")
    again = shipping.cancel(redemption_id=unpaid.pk, at=NOON)

    assert (first, again, points_of(lin), pieces_of(mug)) == (True, False, 1000, 5)
    assert rows(Refund, "payment", "amount", "note", "done_at") == [(payment.pk, Decimal("19.80"), "too many", None)]
    assert Posting.objects.filter(kind=Kind.GIVE_BACK).count() == 1


def test_a_returned_parcel_gives_the_yuan_back(unpaid: Redemption) -> None:
    settle(begin(unpaid))
    shipping.ship(redemption_id=unpaid.pk, carrier="SF", tracking_number="1", at=NOON)

    shipping.return_(redemption_id=unpaid.pk, at=NOON)

    assert Refund.objects.get().amount == Decimal("19.80")


def test_the_sandbox_gives_back_by_itself_and_the_counter_by_staff(lin: Member, mug: Gift) -> None:
    chen = User.objects.create(username="chen")
    give(lin, 1000)
    for code in (SANDBOX, "counter"):
        one = ask(lin, mug)
        settle(begin(one, code), code=code)
        shipping.cancel(redemption_id=one.pk, at=NOON)

    assert refunding.send(at=NOON) == 1
    assert refunding.send(at=NOON) == 0
    [by_hand] = Refund.objects.due(NOON)
    assert by_hand.payment.provider == "counter"
    told = [refunding.done(refund_id=by_hand.pk, at=NOON, actor_id=chen.pk, reference="till 3") for _ in range(2)]

    assert told == [True, False]
    assert Refund.objects.get(pk=by_hand.pk).done_by == chen


def test_who_pays_at_the_counter_has_more_time(unpaid: Redemption) -> None:
    MallPolicy.objects.create(pay_minutes=30, counter_hours=48)

    begin(unpaid, "counter")

    unpaid.refresh_from_db()
    assert unpaid.pay_before == NOON + 48 * HOUR


def test_the_time_to_pay_is_the_merchants(lin: Member, mug: Gift) -> None:
    MallPolicy.objects.create(pay_minutes=5)
    give(lin, 1000)

    assert ask(lin, mug).pay_before == NOON + 5 * MINUTE


def test_staff_take_the_money_once(unpaid: Redemption) -> None:
    chen = User.objects.create(username="chen")
    payment = begin(unpaid, "counter")

    assert paying.take(number=payment.number, at=NOON, actor_id=chen.pk) == "paid"
    assert paying.take(number=payment.number, at=NOON, actor_id=chen.pk) == "again"
    with pytest.raises(paying.UnknownPayment):
        paying.take(number="AAAABBBBCCCC", at=NOON, actor_id=chen.pk)

    payment.refresh_from_db()
    assert (payment.taken_by, payment.state, state_of(unpaid)) == (chen, "PAID", State.PLACED)


def test_staff_take_nothing_for_what_was_let_go(unpaid: Redemption) -> None:
    chen = User.objects.create(username="chen")
    payment = begin(unpaid, "counter")
    paying.let_go(at=NOON + 99 * HOUR)

    with pytest.raises(paying.NotPayable):
        paying.take(number=payment.number, at=NOON, actor_id=chen.pk)


def test_a_tier_pays_its_own_yuan(mei: Member, mug: Gift, tiers: dict[str, Tier]) -> None:
    GiftTier.objects.create(gift=mug, tier=tiers["高级"], points=80, cash=Decimal(0))
    give(mei, 1000)

    made = ask(mei, mug)

    assert (made.points, made.cash, made.state, made.posting.kind) == (80, 0, State.PLACED, Kind.REDEEM)


@pytest.mark.parametrize("agreed", [Price(200), Price(200, Decimal("9.90")), Price(100, Decimal("19.80"))])
def test_another_price_than_the_agreed_one_is_refused(lin: Member, mug: Gift, agreed: Price) -> None:
    give(lin, 1000)
    click = partial(redeem, member_id=lin.pk, gift_id=mug.pk, quantity=2, at=NOON, request_key="click")

    with pytest.raises(PriceChanged):
        click(agreed=agreed)

    assert click(agreed=Price(200, Decimal("19.80"))).cash == Decimal("19.80")


def test_a_code_is_kept_while_unpaid_and_seen_when_paid(lin: Member) -> None:
    gift = pool("A1", cash=Decimal(1))
    give(lin, 1000)
    made = ask(lin, gift)
    look = partial(codes.reveal, redemption_id=made.pk, member_id=lin.pk, at=NOON)

    assert pieces_of(gift) == 0
    with pytest.raises(Redemption.DoesNotExist):
        look()
    settle(begin(made))

    assert [code.code for code in look()] == ["A1"]


def test_a_code_that_was_not_paid_goes_back_into_the_pool(lin: Member) -> None:
    gift = pool("A1", cash=Decimal(1))
    give(lin, 1000)
    ask(lin, gift)

    paying.let_go(at=NOON + HOUR)

    assert (pieces_of(gift), CouponCode.objects.get().redemption) == (1, None)


def test_a_voucher_is_made_when_it_is_paid(lin: Member) -> None:
    give(lin, 1000)
    made = ask(lin, privilege(cash=Decimal(1), valid_days=1))

    assert not made.vouchers.exists()
    settle(begin(made), at=NOON + MINUTE)

    assert state_of(made) == State.ISSUED
    assert counter.use(code=made.vouchers.get().code, at=NOON + MINUTE, actor_id=None, place="").used_at


def test_a_medal_that_came_meanwhile_lets_the_money_go_back(lin: Member) -> None:
    gift = medal(cash=Decimal(1))
    give(lin, 1000)
    payment = begin(ask(lin, gift))
    Medal.objects.create(gift=gift, member=lin, given_at=NOON)

    assert settle(payment) == "back"

    assert (Redemption.objects.get().state, points_of(lin), Refund.objects.get().amount) == ("CANCELLED", 1000, 1)


def test_unpaid_ones_count_for_limits(lin: Member) -> None:
    gift = shelve(pieces=9, cash=Decimal(1), limit_per_member=1)
    give(lin, 1000)
    ask(lin, gift)

    with pytest.raises(LimitReached):
        ask(lin, gift)
    paying.let_go(at=NOON + HOUR)

    assert ask(lin, gift)


def test_the_beat_lets_go_and_gives_back(lin: Member, mug: Gift, unpaid: Redemption) -> None:
    """All in the past for the clock: one was never paid, one too late."""
    late = begin(unpaid)
    other = ask(lin, mug)

    tasks.settle_payments()
    settle(late, at=NOON + HOUR)
    tasks.settle_payments()

    assert (state_of(unpaid), state_of(other)) == (State.CANCELLED, State.CANCELLED)
    assert Refund.objects.get().done_at is not None


def test_a_provider_that_breaks_stops_nobody(monkeypatch: Any, unpaid: Redemption) -> None:
    payment = begin(unpaid)
    settle(payment)
    shipping.cancel(redemption_id=unpaid.pk, at=NOON)
    whole = provider(SANDBOX)
    monkeypatch.setattr(type(whole), "refund", lambda self, refund: 1 / 0)

    assert refunding.send(at=NOON) == 0
    monkeypatch.undo()
    assert refunding.send(at=NOON) == 1


def test_a_lost_notice_is_asked_for(monkeypatch: Any, unpaid: Redemption) -> None:
    payment = begin(unpaid)
    monkeypatch.setattr(type(provider(SANDBOX)), "status", lambda self, payment: notice(payment))

    assert paying.ask_providers(at=NOON) == 0
    assert paying.ask_providers(at=NOON + 2 * MINUTE) == 1
    assert paying.ask_providers(at=NOON + 3 * MINUTE) == 0

    payment.refresh_from_db()
    assert (payment.state, state_of(unpaid)) == ("PAID", State.PLACED)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Payment, {"amount": 1}),
        (Payment, {"state": "OPEN", "paid_at": None}),
        (Payment, {"reference": "x"}),
        (Refund, {"amount": 1}),
        (Refund, {"done_at": None}),
    ],
)
def test_what_was_paid_and_given_back_stays(unpaid: Redemption, model: Any, change: dict[str, Any]) -> None:
    settle(begin(unpaid))
    shipping.cancel(redemption_id=unpaid.pk, at=NOON)
    refunding.send(at=NOON)

    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        model.objects.update(**change)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        model.objects.all()._raw_delete("default")


def test_no_more_goes_back_than_came_in(unpaid: Redemption) -> None:
    payment = begin(unpaid)
    due = partial(Refund.objects.create, payment=payment, note="x", made_at=NOON)

    with pytest.raises(DatabaseError, match="more than was paid"), transaction.atomic():
        due(key="early", amount=1)
    settle(payment)
    with pytest.raises(DatabaseError, match="more than was paid"), transaction.atomic():
        due(key="all", amount=Decimal("19.81"))


@pytest.mark.damages_ledger
def test_the_audit_finds_money_that_is_not_accounted_for(unpaid: Redemption) -> None:
    from loyalty import auditing

    payment = begin(unpaid)
    settle(payment)
    Refund.objects.create(payment=payment, key="astray", amount=1, note="x", made_at=NOON)

    assert {drift.law for drift in auditing.drifts()} == {"cash"}


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [({"cash": -1}, "gift_cash_from_0"), ({"points": 0, "cash": 5}, "gift_for_nothing_is_limited")],
)
def test_a_price_that_makes_no_sense_is_refused(db: None, fields: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        shelve(pieces=0, **fields)


@pytest.mark.django_db(transaction=True)
def test_one_notice_told_twenty_times_at_once_pays_once(unpaid: Redemption) -> None:
    payment = begin(unpaid)

    outcomes = together([partial(settle, payment)] * 20)

    assert sorted(map(str, outcomes)) == ["again"] * 19 + ["paid"]


@pytest.mark.django_db(transaction=True)
def test_of_paying_and_cancelling_one_happens_and_the_money_follows(lin: Member, mug: Gift) -> None:
    give(lin, 500)

    for _ in range(6):
        made = ask(lin, mug)
        payment = begin(made)
        paid, gone = together([partial(settle, payment), partial(shipping.cancel, redemption_id=made.pk, at=NOON)])
        assert (str(paid), gone) in (("paid", True), ("back", True))
        assert state_of(made) == State.CANCELLED
        assert Refund.objects.get(payment=payment).amount == payment.amount

    assert (points_of(lin), pieces_of(mug)) == (500, 5)


@pytest.mark.django_db(transaction=True)
def test_of_paying_and_letting_go_one_happens(lin: Member, mug: Gift) -> None:
    give(lin, 1000)
    later = NOON + HOUR

    for _ in range(6):
        made = ask(lin, mug)
        payment = begin(made)
        calls = [partial(settle, payment, at=later), partial(paying.let_go, at=later), partial(paying.let_go, at=later)]
        paid = str(together(calls)[0])
        assert (paid, state_of(made)) in (("paid", State.PLACED), ("back", State.CANCELLED))
        if paid == "paid":
            shipping.cancel(redemption_id=made.pk, at=later)

    assert (points_of(lin), pieces_of(mug)) == (1000, 5)


@pytest.mark.django_db(transaction=True)
def test_nothing_has_to_run_for_what_was_not_paid_to_be_free(lin: Member, mei: Member) -> None:
    """Mei wants the last piece that Lin never paid, Lin the points that it held."""
    gift = shelve(pieces=1, cash=Decimal(1))
    other = shelve(pieces=1)
    give(lin, 100)
    give(mei, 100)
    held = ask(lin, gift)

    for at in (NOON, NOON + 29 * MINUTE):
        with pytest.raises(OutOfStock):
            ask(mei, gift, at=at)
        with pytest.raises(InsufficientPoints):
            ask(lin, other, at=at)
    made = ask(mei, gift, at=NOON + HOUR)
    again = ask(lin, other, at=NOON + HOUR)

    assert (made.gift, again.gift, state_of(held)) == (gift, other, State.CANCELLED)


@pytest.mark.django_db(transaction=True)
def test_one_redemption_is_let_go_once_by_ten(lin: Member, mug: Gift) -> None:
    give(lin, 1000)
    made = [ask(lin, mug).pk for _ in range(5)]

    outcomes = together([partial(paying.let_go, at=NOON + HOUR)] * 10)

    assert (sum(outcomes), count(outcomes, int)) == (5, 10)
    assert Redemption.objects.filter(pk__in=made, state=State.CANCELLED).count() == 5
    assert (points_of(lin), pieces_of(mug)) == (1000, 5)
