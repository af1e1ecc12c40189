"""The demo brand's gifts, and what its members have redeemed so far."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from loyalty.models import Balance
from mall import demo_draws, demo_storefront, redeeming, shipping, stock
from mall.models import Gift
from members.demo import PHONE
from members.models import Member, Tier

GIFTS = [
    ("旅行三件套", "洁面、精华、面霜小样，一只防水收纳袋。", 300, "🧴", None, 120, None),
    ("丝绒化妆镜", "随身折叠镜，绒面外壳。", 180, "🪞", None, 60, 2),
    ("白茶香薰蜡烛", "大豆蜡，约燃 30 小时。", 520, "🕯️", None, 40, None),
    ("真丝发圈两只装", "不勒发，送礼袋。", 120, "🎀", None, 0, None),
    ("会员限定帆布袋", "加厚帆布，内有拉链袋。", 260, "👜", "高级", 80, 1),
    ("玻璃保温杯 400ml", "双层高硼硅玻璃。", 680, "🍵", None, 30, None),
    ("VIP 年度礼盒", "正装精华与面霜，附手写贺卡。", 1_800, "🎁", "VIP", 12, 1),
    ("圣诞限定香氛", "十二月开放兑换。", 900, "🎄", None, 50, 1),
]
ADDRESS = redeeming.Address("林小满", "13800001111", "浙江省杭州市西湖区示例路 8 号 2 幢 301")


@transaction.atomic
def load(*, at: datetime, members: int, orders: int) -> None:
    """Put gifts on the shelf and let some members redeem, if there are no gifts yet."""
    if Gift.objects.exists():
        return
    tiers = {tier.name: tier for tier in Tier.objects.all()}
    for position, (name, description, points, emblem, tier, pieces, limit) in enumerate(GIFTS):
        gift = Gift.objects.create(
            name=name,
            description=description,
            points=points,
            emblem=emblem,
            minimum_tier=tiers.get(tier or ""),
            limit_per_member=limit,
            position=position * 10,
            opens_at=at + timedelta(days=10) if "限定香氛" in name else None,
        )
        if pieces:
            stock.change(gift_id=gift.pk, quantity=pieces, note="首次入库", actor_id=None, at=at)
    demo_storefront.dress()
    _redeem(at)
    demo_draws.load(at=at)


def _redeem(at: datetime) -> None:
    """The demo member has received one gift; some others wait for theirs to be packed."""
    first, second = Gift.objects.filter(stock__gt=0, minimum_tier=None, opens_at=None)[:2]
    lin = Member.objects.get(phone=PHONE)
    others = Balance.objects.filter(points__gte=600).exclude(pk=lin.pk).order_by("-points")
    for member_id in [lin.pk, *others.values_list("pk", flat=True)[:5]]:
        gift = second if member_id % 2 else first
        try:
            redemption = redeeming.redeem(
                member_id=member_id, gift_id=gift.pk, quantity=1, at=at, request_key="demo", address=ADDRESS
            )
        except redeeming.REFUSALS:
            continue
        if member_id == lin.pk:
            shipping.pack(redemption_ids=[redemption.pk], at=at)
            shipping.ship(redemption_id=redemption.pk, carrier="顺丰速运", tracking_number="SF1390000000001", at=at)
