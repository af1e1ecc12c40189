from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from loyalty import ledger
from loyalty.models import Kind
from members.models import Member, Tier


@pytest.mark.django_db(transaction=True)
def test_members_follow_when_the_merchant_moves_a_threshold(
    boss: Client, lin: Member, tiers: dict[str, Tier], at: datetime
) -> None:
    ledger.credit(member_id=lin.pk, growth=300, kind=Kind.ADJUST, source="test", key="g", at=at)
    higher = tiers["高级"]
    form = {"name": higher.name, "rank": 2, "threshold": 250, "discount_percent": 95, "points_multiplier": 1}

    answer = boss.post(f"/admin/members/tier/{higher.pk}/change/", form | {"benefits": ""})

    lin.refresh_from_db()
    assert (answer.status_code, lin.tier) == (302, higher)
