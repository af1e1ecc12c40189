"""The demo brand's own coupons: one to be had with points, one given for a birthday, and what became of some."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from PIL import Image

from mall import coupons, pictures, redeeming
from mall.coupons import Order
from mall.demo_pictures import Scene, lighter
from mall.models import Category, CouponType, Gift, GiftPicture, Redemption
from members.demo import PHONE
from members.models import Member, Tier

DAY = timedelta(days=1)
TERMS = "线下门店与品牌自有商城通用。\n每笔订单限用一张，不与其他优惠券同享。\n订单取消后自动退回，有效期不变。"


def load(*, at: datetime) -> None:
    """Make two coupons and a gift, and let the demo member use one and hold others."""
    lin = Member.objects.get(phone=PHONE)
    off = CouponType.objects.create(
        name="满 200 减 30", value=30, minimum_spend=200, valid_days=60, limit_per_member=6, terms=TERMS
    )
    percent = CouponType.objects.create(
        name="会员生日 85 折券",
        kind="PERCENT",
        value=15,
        most_off=80,
        valid_days=30,
        tier=Tier.objects.filter(name="高级").first(),
        terms=TERMS,
    )
    gift = _gift(off)
    opened = at - 30 * DAY
    used = _redeem(gift, lin, opened, "demo:coupon:1")
    coupons.use(
        code=used.coupons.get().code,
        order=Order("HB20260412007", Decimal("268.00")),
        request_key="demo:coupon",
        at=opened + 2 * DAY,
        through="杭州 · 湖滨店",
    )
    _redeem(gift, lin, at - DAY, "demo:coupon:2")
    _birthday(percent, lin, at)


def _gift(off: CouponType) -> Gift:
    gift = Gift.objects.create(
        kind=Gift.Kind.COUPON,
        name="30 元优惠券",
        description="门店和自有商城都能用，满 200 元减 30 元。\n\n兑换后 60 天内有效，订单取消自动退回。",
        category=Category.objects.filter(name="会员专享").first(),
        points=150,
        coupon_type=off,
        stock_counted=False,
        emblem="🎟️",
        position=35,
    )
    picture = GiftPicture(gift=gift, alt="一张带齿边的绿色优惠券")
    picture.show(pictures.store(ticket()))
    picture.save()
    return gift


def _redeem(gift: Gift, member: Member, at: datetime, key: str) -> Redemption:
    return redeeming.redeem(member_id=member.pk, gift_id=gift.pk, quantity=1, at=at, request_key=key)


def _birthday(percent: CouponType, member: Member, at: datetime) -> None:
    """Give it to the demo member, if she has its tier."""
    try:
        coupons.issue(
            type_id=percent.pk, member_id=member.pk, at=at - 2 * DAY, actor_id=None, key="demo", note="生日快乐"
        )
    except coupons.WrongTier:
        return


def ticket() -> Image.Image:
    """A ticket with its tear-off edge."""
    scene = Scene((224, 236, 228), (190, 214, 200))
    scene.shadow((14, 66, 86, 78))
    scene.shape([(12, 34), (88, 28), (91, 64), (15, 70)], lighter((13, 107, 91), -0.18), 0.3)
    scene.shape([(10, 32), (86, 26), (89, 62), (13, 68)], (13, 107, 91), 0.4)
    for step in range(6):
        x, y = 35 + step * 0.55, 33.5 + step * 5.7
        scene.oval((x - 1.3, y - 1.3, x + 1.3, y + 1.3), (210, 226, 216), 0)
    scene.oval((48, 34, 72, 58), lighter((222, 176, 92), -0.1), 0.4)
    scene.oval((50, 36, 70, 56), (232, 190, 108), 0.4)
    scene.shape([(54, 45.4), (66, 44.4), (66.2, 47), (54.2, 48)], lighter((222, 176, 92), -0.35), 0)
    return scene.image
