from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from loyalty import adjusting, ledger
from loyalty.models import Kind, PointsPolicy, Posting
from members.models import Member, User
from tests.conftest import rows


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("staff", is_staff=True)


def adjust(member: Member, staff: User, at: datetime, **values: Any) -> list[Posting]:
    given = {"points": 0, "growth": 0, "reason": "补发", "key": "k"} | values
    return adjusting.adjust(member_id=member.pk, actor_id=staff.pk, at=at, **given)


def test_given_points_end_by_the_policy_and_say_who_and_why(lin: Member, staff: User, at: datetime) -> None:
    PointsPolicy.objects.create(expiry="never")

    adjust(lin, staff, at, points=50, growth=5)

    assert rows(Posting, "kind", "points", "growth", "note", "actor_id") == [(Kind.ADJUST, 50, 5, "补发", staff.pk)]
    assert ledger.standing(member_id=lin.pk, at=at)[:4] == (50, 0, 0, 5)


def test_taken_points_and_growth_are_two_postings_or_none(lin: Member, staff: User, at: datetime) -> None:
    adjust(lin, staff, at, points=50, growth=5)

    adjust(lin, staff, at, points=-20, growth=-5, key="l")
    with pytest.raises(ledger.InsufficientGrowth):
        adjust(lin, staff, at, points=-20, growth=-1, key="m")

    assert rows(Posting, "points", "growth") == [(50, 5), (-20, 0), (0, -5)]


def test_a_page_sent_twice_adjusts_once(lin: Member, staff: User, at: datetime) -> None:
    first = adjust(lin, staff, at, points=50)

    again = adjust(lin, staff, at, points=50)

    assert again == first
    assert ledger.standing(member_id=lin.pk, at=at).available == 50


@pytest.mark.parametrize("values", [{"points": 5, "reason": "  "}, {"points": 0}])
def test_no_reason_or_nothing_to_adjust_is_refused(
    lin: Member, staff: User, at: datetime, values: dict[str, Any]
) -> None:
    with pytest.raises(adjusting.NotAdjusted):
        adjust(lin, staff, at, **values)

    assert rows(Posting) == []


def test_more_than_there_is_cannot_be_taken(lin: Member, staff: User, at: datetime) -> None:
    with pytest.raises(ledger.InsufficientPoints):
        adjust(lin, staff, at, points=-1)
