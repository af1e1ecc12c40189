"""The demo brand's rules: what an order gives, and the member day."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from loyalty.models import Campaign, EarningRule, PointsPolicy

RULES = [
    {"name": "消费得积分", "benefit_rate": Decimal(1)},
    {"name": "官方商城加赠", "benefit_rate": Decimal("1.2"), "condition_channels": ["youzan"]},
    {"name": "满 500 元加赠", "benefit_bonus": 50, "condition_minimum": Decimal(500)},
    {"name": "消费得成长值", "unit": "growth", "benefit_rate": Decimal(1)},
]


def load(*, at: datetime, members: int, orders: int) -> None:
    """Make the points policy, the rules and the member day, if there are none yet."""
    PointsPolicy.objects.get_or_create(id=1)
    if not EarningRule.objects.exists():
        for rule in RULES:
            EarningRule.objects.create(**rule)
    Campaign.objects.get_or_create(
        name="周三会员日",
        defaults={
            "multiplier": Decimal(2),
            "weekdays": [3],
            "starts_at": at - timedelta(days=400),
            "ends_at": at + timedelta(days=400),
        },
    )
