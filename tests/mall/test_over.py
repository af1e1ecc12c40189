"""Paying for what has ended meanwhile: an event that has begun, what was valid until a day."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from mall import paying
from mall.models import Refund
from mall.payment import Notice, provider
from members.models import Member
from tests.conftest import rows
from tests.mall.conftest import NOON, ask, give, pieces_of, points_of
from tests.mall.kinds import seat

TEN = timedelta(minutes=10)


@pytest.mark.usefixtures("english")
def test_what_is_over_when_it_is_paid_goes_back(lin: Member) -> None:
    """A seat that is paid when the event has begun: points, yuan and seat go back."""
    gift = seat(5, cash=Decimal("9.90"), event_at=NOON + TEN)
    give(lin, 100)
    made = ask(lin, gift)
    begun = paying.begin(redemption_id=made.pk, member_id=lin.pk, provider=provider("sandbox"), at=NOON)
    told = Notice(begun.number, "r", begun.amount, paid=True)

    settled = paying.settle(provider="sandbox", notice=told, at=NOON + TEN)

    made.refresh_from_db()
    assert (settled, made.state, made.vouchers.count()) == (paying.Settled.BACK, "CANCELLED", 0)
    assert (points_of(lin), pieces_of(gift)) == (100, 5)
    assert rows(Refund, "amount") == [(Decimal("9.90"),)]


@pytest.mark.usefixtures("english")
def test_the_counters_time_ends_with_the_event(lin: Member) -> None:
    give(lin, 100)
    made = ask(lin, seat(5, cash=Decimal("9.90"), event_at=NOON + 6 * TEN))

    paying.begin(redemption_id=made.pk, member_id=lin.pk, provider=provider("counter"), at=NOON)

    made.refresh_from_db()
    assert made.pay_before == NOON + 6 * TEN
