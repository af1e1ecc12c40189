"""The demo brand's gifts: of every kind, priced and opened in every way, each with its picture and its words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from PIL.Image import Image

from mall import codes, pictures, stock
from mall import demo_pictures as drawn
from mall import demo_pictures_more as more
from mall.models import Category, Gift, GiftPicture, GiftTier, GiftWindow
from members.models import Programme, Tier

__all__ = ("CHANCES", "GIFTS", "make")

CATEGORIES = ["护肤好物", "生活家居", "随身配饰", "门店与活动", "会员专享"]
CHANCES = "惊喜扭蛋"


class Made(NamedTuple):
    """A gift, its shelf, its pieces, its picture and what the picture shows. `fields` are the gift's own."""

    name: str
    points: int
    shelf: str
    pieces: int
    draw: Callable[[], Image]
    alt: str
    text: str
    fields: dict[str, Any] = {}
    tier: str = ""


GIFTS = [
    Made(
        "旅行三件套", 300, "护肤好物", 120, drawn.travel_set, "三只高低不同的护肤小样",
        "洁面、精华、面霜小样，一只防水收纳袋。\n\n## 里面有什么\n\n"
        "- 氨基酸洁面 30g\n- 玻尿酸精华 10ml\n- 保湿面霜 15g\n\n**登机箱友好**：每一支都不超过 100ml。",
        {"emblem": "🧴", "market_price": Decimal(89), "featured": True},
    ),
    Made(
        "丝绒化妆镜", 180, "随身配饰", 60, drawn.mirror, "酒红色丝绒圆镜",
        "随身折叠镜，绒面外壳。\n\n| 规格 | |\n| --- | --- |\n| 直径 | 9 cm |\n"
        "| 重量 | 85 g |\n| 镜面 | 一面平镜，一面三倍放大 |",
        {"emblem": "🪞", "market_price": Decimal(49), "limit_per_member": 2},
    ),
    Made(
        "便携补水仪", 200, "护肤好物", 25, more.mister, "白色补水仪喷出细雾",
        "积分加一点点钱，把大件带回家。\n\n- 纳米细雾，约 0.3μm\n- USB-C 充电，一次约用 60 回\n- 两年质保",
        {"emblem": "💧", "market_price": Decimal(199), "cash": Decimal(59), "featured": True, "limit_per_member": 2},
    ),
    Made(
        "焕亮面膜礼盒", 600, "护肤好物", 48, more.masks, "三片面膜，前一片画着脸",
        "三款面膜各五片。等级越高，积分越少。",
        {"emblem": "🎭", "market_price": Decimal(168), "limit_per_month": 2},
    ),
    Made(
        "白茶香薰蜡烛", 520, "生活家居", 40, drawn.candle, "点燃的米白色香薰蜡烛",
        "大豆蜡，约燃 30 小时。前调白茶，尾调雪松。\n\n> 第一次点燃请让表面全部融化，之后不会留坑。",
        {"emblem": "🕯️", "market_price": Decimal(128), "featured": True},
    ),
    Made(
        "真丝发圈两只装", 120, "随身配饰", 0, drawn.scrunchies, "粉色与米色两只真丝发圈",
        "不勒发，送礼袋。", {"emblem": "🎀", "market_price": Decimal(39)},
    ),
    Made(
        "玻璃保温杯 400ml", 680, "生活家居", 30, drawn.cup, "双层玻璃杯里的茶",
        "双层高硼硅玻璃。\n\n- 400ml\n- 不可放入微波炉", {"emblem": "🍵", "market_price": Decimal(159)},
    ),
    Made(
        "护手霜三支装", 240, "护肤好物", 60, more.hand_creams, "三支彩色护手霜",
        "橙花、绿茶、玫瑰各一支。**每月 20 日 10:00 开抢，到月底结束。**",
        {"emblem": "🧴", "market_price": Decimal(79), "limit_per_month": 1},
    ),
    Made(
        "拿铁兑换码", 150, "门店与活动", 20, more.coffee, "一杯冒着热气的拿铁",
        "合作咖啡馆任意门店可用，凭码换一杯大杯拿铁。\n\n- 每码用一次\n- 查看后不能退回",
        {"kind": Gift.Kind.CODE, "emblem": "☕", "market_price": Decimal(32), "limit_per_week": 1, "featured": True},
    ),
    Made(
        "门店手部护理 30 分钟", 200, "门店与活动", 0, more.hand_care, "叠好的毛巾与护理油",
        "到任意门店，请店员扫码即可享用。请提前一天预约。",
        {"kind": Gift.Kind.PRIVILEGE, "emblem": "💆", "stock_counted": False, "valid_days": 90, "limit_per_month": 1},
    ),
    Made(
        "秋日插花沙龙", 260, "门店与活动", 20, more.flowers, "花瓶里的一束花",
        "花艺师带你插一瓶秋天带回家，花材与茶点都已备好。\n\n1 小时 30 分钟，适合第一次插花的人。",
        {"kind": Gift.Kind.SEAT, "emblem": "💐", "limit_per_member": 2, "event_place": "上海 · 静安旗舰店 二楼"},
    ),
    Made(
        "惊喜扭蛋机会 3 次", 30, "门店与活动", 0, more.capsule, "三只彩色扭蛋",
        "换三次扭蛋机会，到“抽奖”里使用。",
        {"kind": Gift.Kind.CHANCE, "emblem": "🥚", "stock_counted": False, "chances": 3, "chance_pool": CHANCES},
    ),
    Made(
        "会员限定帆布袋", 260, "会员专享", 80, drawn.tote, "印着水滴标志的帆布袋",
        "加厚帆布，内有拉链袋。只在积分商城兑换。",
        {"emblem": "👜", "market_price": Decimal(69), "featured": True, "limit_per_member": 1}, "高级",
    ),
    Made(
        "VIP 年度礼盒", 1_800, "会员专享", 8, drawn.gift_box, "墨绿礼盒与金色缎带",
        "正装精华与面霜，附手写贺卡。",
        {"emblem": "🎁", "market_price": Decimal(599), "featured": True, "limit_per_member": 1}, "VIP",
    ),
    Made(
        "圣诞限定香氛", 900, "会员专享", 50, drawn.perfume, "红色香水瓶",
        "限量五十瓶。至尊VIP 提前 24 小时开抢。",
        {"emblem": "🎄", "market_price": Decimal(299), "limit_per_member": 1},
    ),
    Made(
        "同行一周年", 50, "会员专享", 0, more.medal, "绿绶带的金色奖章",
        "谢谢你陪我们走过一年。佩戴后出现在你的勋章墙上。",
        {"kind": Gift.Kind.MEDAL, "emblem": "🏅", "stock_counted": False, "limit_per_member": 1},
    ),
    Made(
        "空瓶回收先锋", 80, "会员专享", 0, more.recycler, "绿绶带的铜色奖章",
        "把十只空瓶带回门店的人。也可以用积分支持回收计划。",
        {"kind": Gift.Kind.MEDAL, "emblem": "♻️", "stock_counted": False, "limit_per_member": 1},
    ),
    Made(
        "新品共创官", 200, "会员专享", 0, more.first_year, "蓝绶带的银色奖章",
        "参加过新品试用并写下感受的人。",
        {"kind": Gift.Kind.MEDAL, "emblem": "🧪", "stock_counted": False, "limit_per_member": 1}, "VIP",
    ),
]  # fmt: skip


def make(*, at: datetime, opened: datetime) -> dict[str, Gift]:
    """Put all gifts on their shelves with pieces (brought in when the mall `opened`), pictures and conditions.

    Return them by name.
    """
    shelves = {
        name: Category.objects.create(name=name, position=position) for position, name in enumerate(CATEGORIES, start=1)
    }
    tiers = {tier.name: tier for tier in Tier.objects.all()}
    gifts = {made.name: _make(made, place, shelves, tiers, opened) for place, made in enumerate(GIFTS)}
    _conditions(gifts, tiers, at)
    return gifts


def _make(made: Made, place: int, shelves: dict[str, Category], tiers: dict[str, Tier], at: datetime) -> Gift:
    gift = Gift.objects.create(
        name=made.name,
        points=made.points,
        description=made.text,
        category=shelves[made.shelf],
        minimum_tier=tiers.get(made.tier),
        position=place * 10,
        **made.fields,
    )
    if gift.kind == Gift.Kind.CODE:
        pool = [(line, f"LATTE-{line * 7919 % 10_000:04d}-{line * 104_729 % 100_000:05d}") for line in range(1, 21)]
        codes.add(gift_id=gift.pk, codes=pool, actor_id=None, at=at)
    elif made.pieces:
        stock.change(gift_id=gift.pk, quantity=made.pieces, note="首次入库", actor_id=None, at=at)
    picture = GiftPicture(gift=gift, alt=made.alt)
    picture.show(pictures.store(made.draw()))
    picture.save()
    return gift


def _at_ten(day: datetime) -> datetime:
    """Return ten o'clock of a day in the brand's zone."""
    return day.astimezone(ZoneInfo(Programme.current().time_zone)).replace(hour=10, minute=0, second=0, microsecond=0)


def _conditions(gifts: dict[str, Gift], tiers: dict[str, Tier], at: datetime) -> None:
    """When some open, and what some ask of higher tiers."""
    Gift.objects.filter(pk=gifts["圣诞限定香氛"].pk).update(opens_at=_at_ten(at + timedelta(days=10)))
    afternoon = _at_ten(at + timedelta(days=21)) + timedelta(hours=4)
    Gift.objects.filter(pk=gifts["秋日插花沙龙"].pk).update(event_at=afternoon)
    GiftWindow.objects.create(gift=gifts["护手霜三支装"], first_day=20, first_time=time(10))
    prices = (
        ("焕亮面膜礼盒", "VIP", 480, 0),
        ("焕亮面膜礼盒", "至尊VIP", 420, 0),
        ("圣诞限定香氛", "至尊VIP", None, 24),
    )
    GiftTier.objects.bulk_create(
        GiftTier(gift=gifts[gift], tier=tiers[tier], points=points, hours_earlier=hours)
        for gift, tier, points, hours in prices
    )
