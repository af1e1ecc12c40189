"""What the demo's members did in the mall: redemptions in every state, favourites, addresses, medals, looks."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from loyalty.models import Balance
from mall import addresses, codes, counter, favourites, interest, medals, paying, redeeming, shipping
from mall.models import Gift, Redemption, Voucher
from mall.payment import provider
from members.demo import PHONE
from members.models import Member, Programme, User

__all__ = ("live",)

HOME = addresses.Given("林小满", "13800001111", "330106", "示例路 8 号 2 幢 301 室", usual=True)
OFFICE = addresses.Given("林小满", "13800001111", "310106", "示例西路 100 号 云上大厦 A 座 12 层 前台")
PARENTS = addresses.Given("林妈妈", "13900002222", "440305", "示例街道 幸福里 6 栋 502")
LIKED = ("VIP 年度礼盒", "真丝发圈两只装", "圣诞限定香氛", "秋日插花沙龙", "焕亮面膜礼盒")
WANTED = (
    "旅行三件套",
    "拿铁兑换码",
    "丝绒化妆镜",
    "护手霜三支装",
    "门店手部护理 30 分钟",
    "白茶香薰蜡烛",
    "便携补水仪",
)
PLACES = (
    "江苏省 南京市 玄武区 示例巷",
    "四川省 成都市 锦江区 示例大道",
    "湖北省 武汉市 江汉区 示例里",
    "北京市 东城区 示例胡同",
)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Shopper:
    """A member who redeems; each of his redemptions has a key of its own."""

    def __init__(self, member_id: int, gifts: dict[str, Gift], to: redeeming.Address) -> None:
        self.member_id, self.gifts, self.to, self.done = member_id, gifts, to, 0

    def redeem(self, name: str, at: datetime, quantity: int = 1) -> Redemption:
        """Redeem a gift by its name. Raises as `redeeming.redeem` does."""
        gift, self.done = self.gifts[name], self.done + 1
        to = self.to if gift.kind in Gift.SENT else None
        return redeeming.redeem(
            member_id=self.member_id,
            gift_id=gift.pk,
            quantity=quantity,
            at=at,
            request_key=f"demo:{self.done}",
            address=to,
        )


def live(gifts: dict[str, Gift], *, at: datetime) -> None:
    """Let the demo member and some others use the mall up to `at`."""
    lin = Member.objects.get(phone=PHONE)
    book = [addresses.save(member_id=lin.pk, given=given) for given in (HOME, OFFICE, PARENTS)]
    shopper = Shopper(lin.pk, gifts, addresses.delivery(book[0]))
    _past(shopper, at)
    _present(shopper, at)
    medals.give(
        gift_id=gifts["空瓶回收先锋"].pk, member_ids=[lin.pk], at=at - 12 * DAY, actor_id=None, note="第一期空瓶回收"
    )
    for name in LIKED:
        favourites.add(member_id=lin.pk, gift_id=gifts[name].pk, ready=False, at=at - 8 * DAY)
    others = Balance.objects.filter(points__gte=600).exclude(pk=lin.pk).order_by("-points")
    _crowd([Shopper(pk, gifts, _home(Member.objects.get(pk=pk))) for pk in others.values_list("pk", flat=True)[:8]], at)
    _looks(gifts, at)


def _home(member: Member) -> redeeming.Address:
    """Return where another member lives: made up, and always the same."""
    place = PLACES[member.pk % len(PLACES)]
    return redeeming.Address(member.name, (member.phone or "").removeprefix("+86"), f"{place} {member.pk} 号")


def _past(lin: Shopper, at: datetime) -> None:
    """What has ended: a care that was used, parcels that came and went back, a code that she has seen."""
    care = lin.redeem("门店手部护理 30 分钟", at - 45 * DAY)
    counter.use(code=Voucher.objects.get(redemption=care).code, at=at - 43 * DAY, actor_id=None, place="杭州 · 湖滨店")
    candle = lin.redeem("白茶香薰蜡烛", at - 40 * DAY)
    _send(candle, at - 39 * DAY, "圆通速递", "YT1390000000001")
    shipping.receive(redemption_id=candle.pk, member_id=lin.member_id, at=at - 36 * DAY)
    broken = lin.redeem("旅行三件套", at - 30 * DAY)
    _send(broken, at - 29 * DAY, "中通快递", "ZT1390000000002")
    shipping.return_(redemption_id=broken.pk, at=at - 24 * DAY, note="收到时破损")
    coffee = lin.redeem("拿铁兑换码", at - 20 * DAY)
    codes.reveal(redemption_id=coffee.pk, member_id=lin.member_id, at=at - 20 * DAY)
    cup = lin.redeem("玻璃保温杯 400ml", at - 15 * DAY)
    shipping.cancel(redemption_id=cup.pk, member_id=lin.member_id, at=at - 15 * DAY + 2 * HOUR)


def _present(lin: Shopper, at: datetime) -> None:
    """What is under way: a medal, parcels sent, packed and waiting, a seat, chances, and something to be paid."""
    lin.redeem("同行一周年", at - 5 * DAY)
    _send(lin.redeem("丝绒化妆镜", at - 3 * DAY), at - 2 * DAY, "顺丰速运", "SF1390000000003")
    lin.redeem("秋日插花沙龙", at - 2 * DAY)
    packed = lin.redeem("会员限定帆布袋", at - DAY)
    lin.redeem("惊喜扭蛋机会 3 次", at - 20 * HOUR)
    shipping.pack(redemption_ids=[packed.pk], at=at - 6 * HOUR)
    lin.redeem("旅行三件套", at - 3 * HOUR)
    unpaid = lin.redeem("便携补水仪", at)
    paying.begin(redemption_id=unpaid.pk, member_id=lin.member_id, provider=provider("counter"), at=at)


def _send(redemption: Redemption, at: datetime, carrier: str, number: str) -> None:
    shipping.pack(redemption_ids=[redemption.pk], at=at)
    shipping.ship(redemption_id=redemption.pk, carrier=carrier, tracking_number=number, at=at + 5 * HOUR)


def _crowd(others: list[Shopper], at: datetime) -> None:
    """Others redeem this and that within the last month; the newest parcels wait to be packed."""
    for number, shopper in enumerate(others):
        for turn, name in enumerate((*WANTED, *WANTED)[number : number + 3]):
            when = at - (26 - 11 * turn - number) * DAY
            try:
                redemption = shopper.redeem(name, when if turn < 2 else at - (number + 1) * HOUR)
            except redeeming.REFUSALS:
                continue
            if redemption.state == Redemption.State.UNPAID:
                _pay(redemption, redemption.placed_at + HOUR / 4)
            if redemption.kind in Gift.SENT and turn < 2:
                _send(redemption, when + DAY, "顺丰速运", f"SF13900001{number}{turn}")
        for name in (*LIKED, *LIKED)[number : number + 3]:
            gift = shopper.gifts[name]
            favourites.add(member_id=shopper.member_id, gift_id=gift.pk, ready=False, at=at - number * DAY)


def _pay(redemption: Redemption, at: datetime) -> None:
    """Let staff take the money at the counter."""
    payment = paying.begin(
        redemption_id=redemption.pk, member_id=redemption.member_id, provider=provider("counter"), at=at
    )
    paying.take(number=payment.number, at=at, actor_id=User.objects.get(username="merchant").pk)


def _looks(gifts: dict[str, Gift], at: datetime) -> None:
    """A month of looks, more at what stands further up and on Wednesdays, counted day by day as the beat does."""
    zone = ZoneInfo(Programme.current().time_zone)
    for back in range(29, -1, -1):
        now = at - back * DAY
        day = now.astimezone(zone).date()
        for place, gift in enumerate(gifts.values()):
            times = 3 + (place * 7 + back * 5) % 11 + max(18 - 2 * place, 0) + (9 if day.isoweekday() == 3 else 0)
            interest.saw(gift_id=gift.pk, day=day, times=times)
        interest.count(at=now)
