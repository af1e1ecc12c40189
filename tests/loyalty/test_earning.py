"""One statement over all rules: table-shaped tests of what an order gives, and the whole table of what was posted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from config.sql import Relation
from loyalty import earning, rules
from loyalty.models import Campaign, EarningRule, Lot, PointsPolicy, Posting
from members.models import Member, Programme, Tier
from tests.conftest import rows

SHANGHAI = ZoneInfo("Asia/Shanghai")
PAID = datetime(2026, 5, 20, 12, 0, tzinfo=SHANGHAI)  # a Wednesday
DAY = timedelta(days=1)


def purchase(member: Member | None = None, gross: str = "100", **values: Any) -> list[Any]:
    row = {
        "key": "taobao:1#1",
        "member_id": member.pk if member else None,
        "tier_id": None,
        "channel_code": "taobao",
        "gross": Decimal(gross),
        "shipping": Decimal(0),
        "paid_at": PAID,
        "completed_at": None,
        "pending_days": None,
    }
    return list((row | values).values())


def purchases(*given: list[Any]) -> Relation:
    return Relation.rows(earning.PURCHASE_COLUMNS, given)


def gives(*given: list[Any]) -> list[tuple[int, int]]:
    return [(p.points, p.growth) for p in earning.preview(purchases(*given), at=PAID)]


@pytest.fixture
def base(db: None) -> EarningRule:
    return EarningRule.objects.create(name="base", benefit_rate=1)


# Rates, minimum, floor ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gross", "shipping", "points"),
    [("100", "0", 100), ("99.99", "0", 99), ("1", "0", 1), ("0.99", "0", None), ("100", "12", 88), ("12", "12", None)],
)
def test_base_is_floored_once_and_shipping_earns_nothing(
    base: EarningRule, gross: str, shipping: str, points: int | None
) -> None:
    given = gives(purchase(gross=gross, shipping=Decimal(shipping)))

    assert given == ([] if points is None else [(points, 0)])


def test_shipping_earns_where_the_policy_says_so(base: EarningRule) -> None:
    PointsPolicy.objects.create(shipping_earns=True)

    assert gives(purchase(gross="100", shipping=Decimal(12))) == [(100, 0)]


@pytest.mark.parametrize(
    ("channel", "tier", "points"),
    [("taobao", None, 200), ("douyin", None, 100), ("taobao", "VIP", 200), ("douyin", "VIP", 50)],
)
def test_most_specific_rate_counts_not_the_highest(
    base: EarningRule, tiers: dict[str, Tier], channel: str, tier: str | None, points: int
) -> None:
    EarningRule.objects.create(name="channel", benefit_rate=2, condition_channels=["taobao", "youzan"])
    EarningRule.objects.create(name="tier", benefit_rate=Decimal("0.5")).condition_tiers.add(tiers["VIP"])

    assert gives(purchase(channel_code=channel, tier_id=tiers[tier].pk if tier else None)) == [(points, 0)]


@pytest.mark.parametrize(("gross", "points"), [("499.99", 499), ("500", 550)])
def test_minimum_amount_includes_its_edge(base: EarningRule, gross: str, points: int) -> None:
    EarningRule.objects.create(name="bonus", benefit_bonus=50, condition_minimum=500)

    assert gives(purchase(gross=gross)) == [(points, 0)]


@pytest.mark.parametrize(
    ("paid", "points"),
    [(PAID - DAY / 86_400_000_000, 100), (PAID, 300), (PAID + DAY - DAY / 86_400_000_000, 300), (PAID + DAY, 100)],
)
def test_window_is_half_open(base: EarningRule, paid: datetime, points: int) -> None:
    EarningRule.objects.create(name="x3", benefit_multiplier=3, condition_from=PAID, condition_until=PAID + DAY)

    assert gives(purchase(paid_at=paid)) == [(points, 0)]


def test_growth_has_rules_of_its_own(base: EarningRule) -> None:
    EarningRule.objects.create(name="growth", unit="growth", benefit_rate=2)
    EarningRule.objects.create(name="x3", benefit_multiplier=3)

    assert gives(purchase()) == [(300, 200)]


def test_inactive_rules_give_nothing(db: None) -> None:
    EarningRule.objects.create(name="off", benefit_rate=1, active=False)

    assert gives(purchase()) == []


# Bounds ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "values", "most", "more"),
    [
        (EarningRule, {"name": "x"}, {"benefit_bonus": 10**9}, {"benefit_bonus": 10**9 + 1}),
        (EarningRule, {"name": "x"}, {"benefit_rate": 10_000}, {"benefit_rate": Decimal("10000.0001")}),
        (EarningRule, {"name": "x"}, {"benefit_multiplier": 100}, {"benefit_multiplier": Decimal("100.01")}),
        (Campaign, {"name": "x", "starts_at": PAID, "ends_at": PAID + DAY}, {"multiplier": 100}, {"multiplier": 101}),
        (PointsPolicy, {}, {"multiplier_cap": 100}, {"multiplier_cap": Decimal("100.01")}),
        (PointsPolicy, {}, {"expiry_months": 1200}, {"expiry_months": 1201}),
        (PointsPolicy, {}, {"expiry_years": 100}, {"expiry_years": 101}),
        (PointsPolicy, {}, {"pending_days": 3650}, {"pending_days": 3651}),
    ],
)
def test_rules_and_policy_are_bounded_by_form_and_database(
    db: None, model: Any, values: dict[str, Any], most: dict[str, Any], more: dict[str, Any]
) -> None:
    model(**values, **most).full_clean(exclude=["first_version"])

    with pytest.raises(ValidationError):
        model(**values, **more).clean_fields(exclude=["first_version"])
    with pytest.raises(IntegrityError, match="in_bounds"), transaction.atomic():
        model.objects.create(**values, **more)
    model.objects.create(**values, **most)


@pytest.mark.parametrize("combine", ["highest", "multiply"])
def test_most_that_rules_can_say_fits_for_an_order_of_a_trillion(
    lin: Member, tiers: dict[str, Tier], combine: str
) -> None:
    Tier.objects.filter(name="VIP").update(points_multiplier=100)
    PointsPolicy.objects.create(multipliers=combine, multiplier_cap=100, expiry_months=1200, pending_days=3650)
    Campaign.objects.create(name="x", multiplier=100, starts_at=PAID - DAY, ends_at=PAID + DAY)
    for unit in ("points", "growth"):
        EarningRule.objects.create(name="rate", unit=unit, benefit_rate=10_000)
        EarningRule.objects.create(name="times", unit=unit, benefit_multiplier=100)
        EarningRule.objects.create(name="bonus", unit=unit, benefit_bonus=10**9)

    posted = earning.award(purchases(purchase(lin, str(10**12), tier_id=tiers["VIP"].pk)), at=PAID)

    assert posted.new == 1
    assert rows(Posting, "points", "growth") == [(10**18 + 10**9, 10**18 + 10**9)]


# Multipliers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("combine", "cap", "points"), [("highest", 10, 300), ("multiply", 10, 900), ("multiply", 5, 500)]
)
def test_multipliers_of_tier_campaign_and_rule_combine(
    base: EarningRule, tiers: dict[str, Tier], combine: str, cap: int, points: int
) -> None:
    Tier.objects.filter(name="VIP").update(points_multiplier=Decimal("1.5"))
    Campaign.objects.create(name="festival", multiplier=2, starts_at=PAID - DAY, ends_at=PAID + DAY)
    EarningRule.objects.create(name="x3", benefit_multiplier=3)
    PointsPolicy.objects.create(multipliers=combine, multiplier_cap=cap)

    assert gives(purchase(tier_id=tiers["VIP"].pk)) == [(points, 0)]


def test_multiplied_amount_is_floored_once(base: EarningRule) -> None:
    EarningRule.objects.create(name="x1.5", benefit_multiplier=Decimal("1.5"))

    assert gives(purchase(gross="33.99")) == [(50, 0)]  # 50.985, not 33 × 1.5


@pytest.mark.parametrize(
    ("paid", "points"),
    [
        (datetime(2026, 5, 20, 0, 0, tzinfo=SHANGHAI), 200),
        (datetime(2026, 5, 19, 23, 59, 59, tzinfo=SHANGHAI), 100),
        (datetime(2026, 5, 20, 23, 59, 59, tzinfo=SHANGHAI), 200),
        (datetime(2026, 5, 21, 0, 0, tzinfo=SHANGHAI), 100),
    ],
)
def test_member_day_is_a_day_of_the_brands_zone(base: EarningRule, paid: datetime, points: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    Campaign.objects.create(name="Wed", multiplier=2, weekdays=[3], starts_at=start, ends_at=start + 365 * DAY)

    assert gives(purchase(paid_at=paid)) == [(points, 0)]


def test_eighth_of_the_month(base: EarningRule) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    Campaign.objects.create(name="8th", multiplier=2, days_of_month=[8], starts_at=start, ends_at=start + 365 * DAY)

    assert gives(purchase(paid_at=datetime(2026, 6, 8, tzinfo=SHANGHAI)), purchase(key="b")) == [(100, 0), (200, 0)]


# When they come and when they end -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "earned", "ends"),
    [
        ({"expiry": "rolling", "expiry_months": 12}, "2026-05-20T12:00", "2027-05-21T00:00"),
        ({"expiry": "rolling", "expiry_months": 1}, "2026-01-31T23:59", "2026-03-01T00:00"),
        ({"expiry": "rolling", "expiry_months": 12}, "2024-02-29T00:00", "2025-03-01T00:00"),
        ({"expiry": "rolling", "expiry_months": 12}, "2026-05-19T23:59:59", "2027-05-20T00:00"),
        ({"expiry": "year_end", "expiry_years": 0}, "2026-05-20T12:00", "2027-01-01T00:00"),
        ({"expiry": "year_end", "expiry_years": 1}, "2026-12-31T23:59:59", "2028-01-01T00:00"),
        ({"expiry": "year_end", "expiry_years": 1}, "2027-01-01T00:00", "2029-01-01T00:00"),
        ({"expiry": "never"}, "2026-05-20T12:00", None),
    ],
)
def test_points_end_by_the_policy_in_the_brands_zone(
    base: EarningRule, policy: dict[str, Any], earned: str, ends: str | None
) -> None:
    PointsPolicy.objects.create(**policy)
    paid = datetime.fromisoformat(earned).replace(tzinfo=SHANGHAI)

    (given,) = earning.preview(purchases(purchase(paid_at=paid)), at=PAID)

    assert given.expires_at == (datetime.fromisoformat(ends).replace(tzinfo=SHANGHAI) if ends else None)
    assert earning.expires_at(paid) == given.expires_at


def test_another_zone_ends_days_elsewhere(base: EarningRule) -> None:
    Programme.objects.create(time_zone="America/New_York")

    (given,) = earning.preview(purchases(purchase(paid_at=datetime(2026, 5, 20, 2, 0, tzinfo=UTC))), at=PAID)

    assert given.expires_at == datetime(2027, 5, 20, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("policy", "values", "available"),
    [
        ({"pending_days": 7}, {}, PAID + 7 * DAY),
        ({"pending_days": 0}, {}, PAID),
        ({"pending_days": 7}, {"pending_days": 15}, PAID + 15 * DAY),
        ({"pending_days": 7, "pending_from": "completed"}, {"completed_at": PAID + 3 * DAY}, PAID + 10 * DAY),
        ({"pending_days": 7, "pending_from": "completed"}, {}, None),
    ],
)
def test_points_are_pending_by_the_policy_or_the_channel(
    base: EarningRule, policy: dict[str, Any], values: dict[str, Any], available: datetime | None
) -> None:
    PointsPolicy.objects.create(**policy)

    given = earning.preview(purchases(purchase(**values)), at=PAID)

    assert [one.available_at for one in given] == ([available] if available else [])


# Award ----------------------------------------------------------------------------------------------------------------


def test_award_posts_the_rows_that_the_preview_showed_once(base: EarningRule, lin: Member, mei: Member) -> None:
    given = purchases(
        purchase(lin, "10"), purchase(mei, "20", key="taobao:2#1"), purchase(mei, "0.5", key="taobao:3#1")
    )
    shown = earning.preview(given, at=PAID)

    posted = [earning.award(given, at=PAID), earning.award(given, at=PAID)]

    assert [(one.new, one.same, one.different) for one in posted] == [(2, 0, 0), (0, 0, 0)]
    assert rows(Posting, "key", "member_id", "points", "growth", "rule_versions", "breakdown", "occurred_at") == [
        ("taobao:1#1", lin.pk, 10, 0, [base.pk], None, PAID),
        ("taobao:2#1", mei.pk, 20, 0, [base.pk], None, PAID),
    ]
    assert rows(Lot, "granted", "available_at", "expires_at") == [
        (one.points, one.available_at, one.expires_at) for one in shown
    ]


def test_award_moves_the_tier_at_once(lin: Member, tiers: dict[str, Tier]) -> None:
    EarningRule.objects.create(name="growth", unit="growth", benefit_rate=1)

    earning.award(purchases(purchase(lin, "379.99"), purchase(lin, "1", key="taobao:2#1")), at=PAID)
    lin.refresh_from_db()

    assert lin.tier == tiers["高级"]
    assert [str(change) for change in lin.tier_changes.all()] == ["None → 高级"]


def test_breakdown_says_how_it_came_about(lin: Member, tiers: dict[str, Tier], base: EarningRule) -> None:
    Tier.objects.filter(name="VIP").update(points_multiplier=2)
    EarningRule.objects.create(name="满减", benefit_bonus=50)

    (given,) = earning.preview(purchases(purchase(tier_id=tiers["VIP"].pk, gross="88.50")), at=PAID)

    assert given.points == 227
    assert len(given.words) == 3
    assert "88.5" in given.words[0]
    assert "VIP" in given.words[1]
    assert "满减" in given.words[2]
    assert "50" in given.words[2]


# Versions -------------------------------------------------------------------------------------------------------------


def test_unused_rule_is_edited_in_place(base: EarningRule) -> None:
    revised = rules.revise(rule_id=base.pk, changes={"benefit_rate": Decimal(2)}, at=PAID)

    assert revised.pk == base.pk
    assert gives(purchase()) == [(200, 0)]


def test_used_rule_gets_a_version_and_older_orders_keep_the_old_one(base: EarningRule, lin: Member) -> None:
    earning.award(purchases(purchase(lin)), at=PAID)

    revised = rules.revise(rule_id=base.pk, changes={"benefit_rate": Decimal(2)}, at=PAID + DAY)

    assert (revised.version, revised.first_version_id) == (2, base.pk)
    before = purchase(key="a", paid_at=PAID + DAY - timedelta(microseconds=1))
    after = purchase(key="b", paid_at=PAID + DAY)
    assert gives(before, after) == [(100, 0), (200, 0)]
    assert [rule.version for rule in rules.versions(revised)] == [2, 1]
