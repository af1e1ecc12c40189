"""The demo brand's draws in every state: open, for a tier, by campaign, for chances, to come, full, over, refunded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from loyalty.models import Balance, Campaign
from mall import codes, lottery, treasure
from mall.demo_gifts import CHANCES
from mall.models import Draw, DrawPrize, Gift, TreasureDraw
from mall.redeeming import REFUSALS
from members.demo import PHONE
from members.models import Member, Tier

__all__ = ("load",)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
POOL = "拿铁兑换码（抽奖专用）"
THANKS: dict[str, Any] = {"name": "谢谢参与", "emblem": "🍀", "kind": "WORDS", "consolation": True}
WHEEL: list[dict[str, Any]] = [
    {"name": "丝绒化妆镜", "gift": "丝绒化妆镜", "odds": "0.5", "stock": 5},
    {"name": "大杯拿铁一杯", "gift": POOL, "odds": "5", "stock": 30},
    {"name": "门店手部护理", "gift": "门店手部护理 30 分钟", "odds": "2", "stock": 20},
    {"name": "200 积分", "emblem": "💰", "points": 200, "odds": "2.5", "stock": 40},
    {"name": "20 积分", "emblem": "🪙", "points": 20, "odds": "30", "stock": 2000},
    THANKS,
]
CAPSULES: list[dict[str, Any]] = [
    {"name": "旅行三件套", "gift": "旅行三件套", "odds": "1", "stock": 3},
    {"name": "再来一次", "gift": "惊喜扭蛋机会 3 次", "emblem": "🥚", "odds": "9", "stock": 100},
    {"name": "30 积分", "emblem": "🪙", "points": 30, "odds": "40", "stock": 500},
    THANKS | {"name": "5 积分安慰奖", "kind": "POINTS", "points": 5},
]
BOX: list[dict[str, Any]] = [
    {"name": "白茶香薰蜡烛", "gift": "白茶香薰蜡烛", "odds": "3", "stock": 2},
    {"name": "100 积分", "emblem": "💰", "points": 100, "odds": "20", "stock": 50},
    THANKS | {"name": "10 积分", "kind": "POINTS", "points": 10, "emblem": "🪙"},
]


def load(*, at: datetime) -> None:
    """Make the draws, and let the demo member and some others take part."""
    lin = Member.objects.get(phone=PHONE).pk
    rich = Balance.objects.filter(points__gte=300).exclude(pk=lin).order_by("-points")
    others = list(rich.values_list("pk", flat=True)[:12])
    _pool(at)
    _lotteries(at, lin, others)
    _running(at, lin, others)
    _over(at, lin, others)


def _pool(at: datetime) -> None:
    """Codes for winners alone: off the shelf."""
    pool = Gift.objects.create(
        name=POOL,
        points=150,
        kind=Gift.Kind.CODE,
        emblem="☕",
        active=False,
        description="凭码到合作咖啡馆换一杯大杯拿铁。",
    )
    given = [(line, f"PRIZE-{line * 7919 % 10_000:04d}-{line * 15_485_863 % 100_000:05d}") for line in range(1, 31)]
    codes.add(gift_id=pool.pk, codes=given, actor_id=None, at=at - 30 * DAY)


def _lotteries(at: datetime, lin: int, others: list[int]) -> None:
    wheel = _lottery(
        at - 2 * DAY, "会员日转盘", WHEEL, emblem="🎡", points=10, limit_per_day=3, closes_at=at + 60 * DAY
    )
    _lottery(at - DAY, CHANCES, CAPSULES, emblem="🥚", price="CHANCE", chance_pool=CHANCES)
    free = {"price": "FREE", "limit_ever": 1}
    _lottery(at - DAY, "高级会员盲盒", BOX, emblem="🎁", minimum_tier=Tier.objects.get(name="高级"), **free)
    _lottery(at, "周三加码抽", BOX, emblem="🎯", points=5, campaign=Campaign.objects.get(name="周三会员日"))
    _lottery(at, "圣诞倒数抽奖", BOX, emblem="🎄", points=20, opens_at=at + 10 * DAY, closes_at=at + 40 * DAY)
    opening = _lottery(at - 25 * DAY, "开业抽奖", BOX, emblem="🎊", points=10)
    for member_id in [lin, *others]:
        _try(member_id, opening, at - 24 * DAY)
        _try(member_id, wheel, at - 5 * HOUR)
    lottery.close(draw_id=opening.pk, at=at - 20 * DAY)


def _lottery(at: datetime, name: str, prizes: list[dict[str, Any]], **fields: Any) -> Draw:
    draw = Draw.objects.create(**{"name": name, "opens_at": at, "description": "人人有机会，概率公开。"} | fields)
    for position, prize in enumerate(prizes):
        gift = Gift.objects.get(name=prize["gift"]) if "gift" in prize else None
        kind = "GIFT" if gift else "POINTS"
        DrawPrize.objects.create(**{"kind": kind} | prize | {"draw": draw, "position": position, "gift": gift})
    lottery.publish(draw_id=draw.pk, at=at, actor_id=None)
    return draw


def _try(member_id: int, draw: Draw, at: datetime) -> None:
    try:
        lottery.play(member_id=member_id, draw_id=draw.pk, at=at, request_key=f"demo:{draw.pk}")
    except REFUSALS:  # the points are not there yet
        return


def _running(at: datetime, lin: int, others: list[int]) -> None:
    """A treasure draw that fills, one that is full and waits for its hour, and one to come."""
    cup, candle = (Gift.objects.get(name=name) for name in ("玻璃保温杯 400ml", "白茶香薰蜡烛"))
    running = _treasure(at - DAY, at + 9 * DAY, "玻璃保温杯夺宝", 60, gift=cup, points=5, limit_per_member=10)
    full = _treasure(at - 2 * DAY, at + 2 * DAY, "白茶香薰蜡烛夺宝", 20, gift=candle, points=5, drawn_when="END")
    _treasure(at, at + 14 * DAY, "圣诞 2,000 积分夺宝", 200, prize_points=2000, points=20, opens_at=at + 3 * DAY)
    for number, member_id in enumerate(others):
        _enter(member_id, running, 1 + number % 3, at - 9 * HOUR + number * HOUR / 2)
        _enter(member_id, full, 2, at - 30 * HOUR + number * HOUR)
    _enter(lin, running, 2, at - HOUR)
    _fill(lin, full, at - HOUR)


def _over(at: datetime, lin: int, others: list[int]) -> None:
    """Treasure draws that are drawn, one of them hers, one that did not fill, and one that was called off."""
    care = Gift.objects.get(name="门店手部护理 30 分钟")
    drawn = _treasure(at - 6 * DAY, at + 3 * DAY, "开业夺宝 500 积分", 24, prize_points=500, points=10)
    hers = _treasure(at - 3 * DAY, at + 3 * DAY, "手部护理夺宝", 4, gift=care, points=5)
    thin = _treasure(at - 20 * DAY, at - 10 * DAY, "年度礼盒夺宝", 200, prize_points=5000, points=10)
    off = _treasure(at - 12 * DAY, at + 3 * DAY, "限量香水夺宝", 50, prize_points=900, points=10)
    for number, member_id in enumerate([lin, *others]):
        _enter(member_id, drawn, 2, at - 5 * DAY + number * HOUR)
        _enter(member_id, thin, 3, at - 18 * DAY + number * HOUR)
        _enter(member_id, off, 1, at - 11 * DAY + number * HOUR)
    _fill(others[0] if others else lin, drawn, at - 4 * DAY)
    _enter(lin, hers, 4, at - 2 * DAY)
    treasure.call_off(treasure_id=off.pk, reason="奖品停产", at=at - 8 * DAY, actor_id=None)
    for draw, when in ((drawn, at - 4 * DAY), (hers, at - 2 * DAY), (thin, at - 10 * DAY), (off, at - 8 * DAY)):
        treasure.settle(treasure_id=draw.pk, at=when)


def _treasure(at: datetime, closes_at: datetime, name: str, capacity: int, **fields: Any) -> TreasureDraw:
    fields = {"opens_at": at, "closes_at": closes_at, "capacity": capacity, "minimum": capacity} | fields
    draw = TreasureDraw.objects.create(name=name, description="满额即可开奖，人人可验证。", **fields)
    treasure.publish(treasure_id=draw.pk, at=at, actor_id=None)
    return draw


def _enter(member_id: int, draw: TreasureDraw, quantity: int, at: datetime) -> None:
    key = f"demo:{draw.pk}:{quantity}:{at:%d%H%M}"
    try:
        treasure.enter(member_id=member_id, treasure_id=draw.pk, quantity=quantity, at=at, request_key=key)
    except REFUSALS:  # full, or the points are gone
        return


def _fill(member_id: int, draw: TreasureDraw, at: datetime) -> None:
    """Let a member take what is left."""
    draw.refresh_from_db()
    if draw.left:
        _enter(member_id, draw, draw.left, at)
