"""The demo brand's draws: a lottery, a treasure draw that runs, and one that is drawn and can be checked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from loyalty.models import Balance
from mall import lottery, treasure
from mall.models import Draw, DrawPrize, Gift, TreasureDraw
from mall.redeeming import REFUSALS
from members.demo import PHONE
from members.models import Member

PRIZES: list[dict[str, Any]] = [
    {"name": "丝绒化妆镜", "kind": "GIFT", "gift": "丝绒化妆镜", "odds": "0.5", "stock": 5},
    {"name": "200 积分", "emblem": "💰", "kind": "POINTS", "points": 200, "odds": "2.5", "stock": 40},
    {"name": "20 积分", "emblem": "🪙", "kind": "POINTS", "points": 20, "odds": "30", "stock": 2000},
    {"name": "门店护肤体验一次", "emblem": "🧖", "kind": "WORDS", "odds": "7", "stock": 100},
    {"name": "谢谢参与", "emblem": "🍀", "kind": "WORDS", "consolation": True},
]


def load(*, at: datetime) -> None:
    """Make the draws, and let some members take part."""
    others = list(Balance.objects.filter(points__gte=300).order_by("-points").values_list("pk", flat=True)[:12])
    _lottery(at, others)
    cup = Gift.objects.get(name="玻璃保温杯 400ml")
    running = _treasure(at, name="玻璃保温杯夺宝", emblem="🍵", gift=cup, points=5, capacity=60, limit_per_member=10)
    drawn = _treasure(at, name="开业夺宝 500 积分", emblem="💎", prize_points=500, points=20, capacity=10)
    for number, member_id in enumerate([*others, *others]):
        _enter(member_id, running, 1 + number % 3, at, number)
        _enter(member_id, drawn, 1, at, number)
    _enter(Member.objects.get(phone=PHONE).pk, running, 2, at, 99)
    treasure.settle(treasure_id=drawn.pk, at=at)


def _lottery(at: datetime, others: list[int]) -> None:
    wheel = Draw.objects.create(
        name="会员日转盘",
        description="每天三次，人人有机会。",
        emblem="🎡",
        points=10,
        limit_per_day=3,
        opens_at=at,
        closes_at=at + timedelta(days=60),
    )
    for position, prize in enumerate(PRIZES):
        gift = Gift.objects.get(name=prize["gift"]) if "gift" in prize else None
        DrawPrize.objects.create(**prize | {"draw": wheel, "position": position, "gift": gift})
    lottery.publish(draw_id=wheel.pk, at=at, actor_id=None)
    for member_id in others:
        lottery.play(member_id=member_id, draw_id=wheel.pk, at=at, request_key="demo")


def _treasure(at: datetime, **fields: Any) -> TreasureDraw:
    window = {"opens_at": at, "closes_at": at + timedelta(days=9), "minimum": fields["capacity"]}
    draw = TreasureDraw.objects.create(description="满额即开，人人可验证。", **window, **fields)
    treasure.publish(treasure_id=draw.pk, at=at, actor_id=None)
    return draw


def _enter(member_id: int, draw: TreasureDraw, quantity: int, at: datetime, number: int) -> None:
    key = f"demo:{draw.pk}:{number}"
    try:
        treasure.enter(member_id=member_id, treasure_id=draw.pk, quantity=quantity, at=at, request_key=key)
    except REFUSALS:  # full, or the points are gone
        return
