"""One that is stuck does not hold up the others: what was not paid in time, money that goes back, lost notices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError

from mall import paying, refunding, shipping
from mall.models import Payment, Redemption, Refund
from mall.payment import Notice, provider
from mall.payment.sandbox import Sandbox
from members.models import Member
from tests.mall.conftest import NOON, ask, give, pieces_of, points_of, shelve
from tests.mall.test_paying import HOUR, begin, settle

pytestmark = pytest.mark.usefixtures("english")
MONEY = Decimal("9.90")


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Redemptions that cannot be cancelled, for whatever reason."""
    ids, cancel = set[int](), shipping.cancel

    def refuse(*, redemption_id: int, **more: Any) -> bool:
        if redemption_id in ids:
            raise IntegrityError("damaged")
        return cancel(redemption_id=redemption_id, **more)

    monkeypatch.setattr(shipping, "cancel", refuse)
    return ids


def test_one_that_cannot_be_let_go_holds_up_nobody(lin: Member, wei: Member, stuck: set[int]) -> None:
    mug = shelve(pieces=2, cash=MONEY)
    give(lin, 200)
    damaged, fine = ask(lin, mug), ask(lin, mug)
    stuck.add(damaged.pk)

    assert paying.let_go(at=NOON + HOUR) == 1

    fine.refresh_from_db()
    assert (fine.state, points_of(lin), pieces_of(mug)) == ("CANCELLED", 100, 1)


@pytest.mark.django_db(transaction=True)
def test_who_wants_what_cannot_be_let_go_is_told_that_none_is_left(lin: Member, wei: Member, stuck: set[int]) -> None:
    mug = shelve(pieces=2, cash=MONEY)
    give(lin, 200)
    give(wei, 100)
    stuck.add(ask(lin, mug).pk)
    ask(lin, mug)

    assert ask(wei, mug, at=NOON + HOUR).state == "UNPAID"  # of the one that was let go
    with pytest.raises(paying.redeeming.OutOfStock):
        ask(lin, mug, at=NOON + HOUR)


def test_a_refund_that_a_provider_keeps_waiting_holds_up_no_other(lin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    mug = shelve(pieces=2, cash=MONEY)
    give(lin, 200)
    for made in (ask(lin, mug), ask(lin, mug)):
        settle(begin(made))
        shipping.cancel(redemption_id=made.pk, at=NOON)
    first, second = Refund.objects.order_by("pk")
    monkeypatch.setattr(refunding, "BATCH", 1)
    monkeypatch.setattr(Sandbox, "refund", lambda self, refund: None if refund.pk == first.pk else "done")

    sent = sum(refunding.send(at=NOON) for _ in range(60))

    assert (sent, list(Refund.objects.due(NOON))) == (1, [first])
    assert Refund.objects.get(pk=second.pk).reference == "done"


def test_payments_at_the_counter_do_not_keep_us_from_asking_about_others(
    lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    mug = shelve(pieces=9, cash=MONEY)
    give(lin, 900)
    lost = begin(ask(lin, mug))
    for _ in range(3):
        begin(ask(lin, mug), "counter")
    monkeypatch.setattr(paying, "BATCH", 1)
    monkeypatch.setattr(Sandbox, "status", lambda self, one: Notice(one.number, f"r{one.pk}", one.amount, paid=True))

    assert paying.ask_providers(at=NOON + HOUR) == 1

    assert Payment.objects.paid().get() == lost
    assert Redemption.objects.get(pk=lost.redemption_id).state == "PLACED"
    assert provider("counter").status(lost) is None
