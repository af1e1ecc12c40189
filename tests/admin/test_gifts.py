"""A gift's page in the back office: what staff set there is what members meet."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from django.test import Client

from mall import stock
from mall.models import Gift, GiftTier, GiftWindow
from members.models import Tier
from tests.admin.conftest import NOW, shelve, signed_in, staff


def filled(client: Client, gift: Gift, **changes: Any) -> dict[str, Any]:
    """Return what a gift's page would send, with changes."""
    page = client.get(f"/admin/mall/gift/{gift.pk}/change/")
    form = page.context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    for inline in page.context["inline_admin_formsets"]:
        management = inline.formset.management_form
        values |= {management.add_prefix(name): management[name].value() for name in management.fields}
    return {name: value for name, value in values.items() if value is not None} | changes


def test_opening_times_are_set_without_code(boss: Client) -> None:
    gift = shelve()
    window = {
        "first_day": "20",
        "first_time": "10:00",
        "months": ["6", "12"],
        "weekdays": ["3"],
        "daily_until": "22:00",
    }
    form = filled(
        boss, gift, **{f"windows-0-{name}": value for name, value in window.items()}, **{"windows-TOTAL_FORMS": 1}
    )

    answer = boss.post(f"/admin/mall/gift/{gift.pk}/change/", form)

    assert answer.status_code == 302
    made = GiftWindow.objects.get()
    assert (made.gift, made.first_day, made.first_time, made.daily_until) == (gift, 20, time(10), time(22))
    assert (made.months, made.weekdays) == ([6, 12], [3])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"first_day": "20", "last_day": "8"}, "The end must come after the beginning."),
        ({"first_time": "10:00"}, "Say on which day."),
        ({"daily_from": "22:00", "daily_until": "02:00"}, "for hours over midnight add two times"),
        ({"first_day": "32"}, "less than or equal to 31"),
    ],
)
def test_an_opening_time_that_cannot_be_is_refused_in_a_sentence(
    boss: Client, wrong: dict[str, str], told: str
) -> None:
    gift = shelve()
    form = filled(
        boss, gift, **{f"windows-0-{name}": value for name, value in wrong.items()}, **{"windows-TOTAL_FORMS": 1}
    )

    answer = boss.post(f"/admin/mall/gift/{gift.pk}/change/", form)

    assert told in answer.content.decode()
    assert not GiftWindow.objects.exists()


def test_a_tier_gets_a_price_and_comes_earlier(boss: Client, tiers: dict[str, Tier]) -> None:
    gift = shelve()
    terms = {"tier": tiers["VIP"].pk, "points": "5", "hours_earlier": "24"}
    form = filled(
        boss,
        gift,
        **{f"tier_prices-0-{name}": value for name, value in terms.items()},
        **{"tier_prices-TOTAL_FORMS": 1},
    )

    answer = boss.post(f"/admin/mall/gift/{gift.pk}/change/", form)

    assert answer.status_code == 302
    made = GiftTier.objects.get()
    assert (made.gift, made.tier.name, made.points, made.hours_earlier) == (gift, "VIP", 5, 24)


def test_what_costs_nothing_needs_a_limit(boss: Client) -> None:
    gift = shelve()

    refused = boss.post(f"/admin/mall/gift/{gift.pk}/change/", filled(boss, gift, points=0))
    boss.post(f"/admin/mall/gift/{gift.pk}/change/", filled(boss, gift, points=0, limit_per_member=1))

    assert "needs a limit per member" in refused.content.decode()
    gift.refresh_from_db()
    assert (gift.points, gift.limit_per_member) == (0, 1)


@pytest.mark.parametrize("odd", ["1_0", "１２", "1e1", "+5", "5.0"])
def test_what_only_a_program_reads_as_a_number_is_refused(boss: Client, tiers: dict[str, Tier], odd: str) -> None:
    gift = shelve()
    terms = {"tier_prices-TOTAL_FORMS": 1, "tier_prices-0-tier": tiers["VIP"].pk, "tier_prices-0-points": odd}

    page = boss.post(f"/admin/mall/gift/{gift.pk}/change/", filled(boss, gift, points=odd, **terms))

    assert page.context["adminform"].form.errors["points"] == ["Enter a whole number."]
    assert [list(form.errors) for part in page.context["inline_admin_formsets"] for form in part.formset if form.errors]


def test_who_may_change_gifts_may_change_their_parts(db: None) -> None:
    gift = shelve()
    client = signed_in(staff("chen", "view_gift", "change_gift"))

    form = filled(client, gift, **{"windows-0-first_day": "20", "windows-TOTAL_FORMS": 1})
    client.post(f"/admin/mall/gift/{gift.pk}/change/", form)

    assert GiftWindow.objects.get().first_day == 20


@pytest.mark.parametrize(
    ("fields", "shown", "left_out"),
    [
        ({"kind": "SEAT"}, {"event_at", "event_place", "valid_days"}, {"chances", "chance_pool"}),
        ({"kind": "CHANCE", "chance_pool": "x"}, {"chances", "chance_pool", "stock_counted"}, {"event_at"}),
        ({}, {"points", "name"}, {"stock_counted", "event_at", "chances", "valid_until"}),
    ],
)
def test_a_settled_kind_shows_its_own_fields_alone(
    boss: Client, fields: dict[str, str], shown: set[str], left_out: set[str]
) -> None:
    gift = Gift.objects.create(name="Gift", points=10, event_at=NOW, **fields)
    stock.change(gift_id=gift.pk, quantity=5, note="delivered", actor_id=None, at=NOW)
    event = {"event_at_0": "2026-12-24", "event_at_1": "18:00"}

    page = boss.get(f"/admin/mall/gift/{gift.pk}/change/")
    names = set(page.context["adminform"].form.fields)
    answer = boss.post(f"/admin/mall/gift/{gift.pk}/change/", filled(boss, gift, name="Renamed", **event))

    assert "kind" not in names
    assert shown <= names
    assert not left_out & names
    assert (answer.status_code, Gift.objects.get(pk=gift.pk).name) == (302, "Renamed")
