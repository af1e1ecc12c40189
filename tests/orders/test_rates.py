"""Rates per channel: what counts today stands on the channel's page; orders that wait earn by those of their day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from loyalty import rules as earning_rules
from loyalty.models import EarningRule, Posting
from members.models import Member
from orders import matching
from orders.models import Channel
from tests.conftest import NOW
from tests.orders.test_claims import sold

WEEK = timedelta(days=7)


@pytest.fixture
def base(db: None) -> EarningRule:
    return EarningRule.objects.create(name="Base", benefit_rate=1)


@pytest.fixture
def tmall(db: None) -> Channel:
    return Channel.objects.create(code="tmall", name="Tmall", format="taobao")


def awards() -> dict[str, int]:
    return dict(Posting.objects.values_list("key", "points"))


@pytest.mark.parametrize("used", [True, False])
def test_orders_that_wait_earn_by_the_rates_of_their_day(
    base: EarningRule, tmall: Channel, lin: Member, used: bool
) -> None:
    if used:
        EarningRule.objects.update(first_used_at=NOW - 2 * WEEK)
    sold(tmall, "1", phone=lin.phone, paid_at=NOW - WEEK - timedelta(seconds=1))
    earning_rules.revise(rule_id=base.pk, changes={"benefit_rate": 3}, at=NOW - WEEK)
    EarningRule.objects.create(
        name="Tmall", benefit_rate=5, condition_channels=["tmall"], condition_from=NOW - WEEK / 2
    )
    sold(tmall, "2", phone=lin.phone, paid_at=NOW - WEEK)
    sold(tmall, "3", phone=lin.phone, paid_at=NOW)

    matching.match_waiting(at=NOW)

    assert awards() == {"tmall:1#1": 128, "tmall:2#1": 3 * 128, "tmall:3#1": 5 * 128}


def test_a_rule_that_nothing_waits_for_is_mended_in_place(base: EarningRule, tmall: Channel) -> None:
    sold(tmall, "1", paid_at=NOW - WEEK)
    EarningRule.objects.update(condition_from=NOW)

    mended = earning_rules.revise(rule_id=base.pk, changes={"benefit_rate": 3}, at=NOW)

    assert (mended.pk, mended.version) == (base.pk, 1)


def test_the_rates_of_a_channel_come_in_the_order_in_which_they_count(base: EarningRule, tmall: Channel) -> None:
    dear = EarningRule.objects.create(name="Tmall", benefit_rate=2, condition_channels=["tmall"])
    growth = EarningRule.objects.create(name="Growth", unit="growth", benefit_rate=9)
    EarningRule.objects.create(name="JD", benefit_rate=7, condition_channels=["jd"])
    EarningRule.objects.create(name="Gone", benefit_rate=7, condition_until=NOW)
    EarningRule.objects.create(name="To come", benefit_rate=7, condition_from=NOW + WEEK)
    EarningRule.objects.create(name="Off", benefit_rate=7, active=False)

    assert earning_rules.rates("tmall", at=NOW) == [dear, base, growth]


def test_the_channels_page_shows_its_rates_and_leads_to_a_rule_of_its_own(
    base: EarningRule, tmall: Channel, admin_user: Any
) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(admin_user)

    page = client.get(f"/admin/orders/channel/{tmall.pk}/change/").content.decode()
    add = client.get("/admin/loyalty/earningrule/add/?condition_channels=tmall&benefit=benefit_rate&name=Tmall")
    new = client.get("/admin/orders/channel/add/")

    assert "1 points per yuan" in page
    assert "condition_channels=tmall&amp;benefit=benefit_rate" in page
    form = add.context["adminform"].form
    assert form["condition_channels"].value() == ["tmall"]
    assert timezone.now() - form.initial["condition_from"] < timedelta(minutes=2)
    assert new.status_code == 200
