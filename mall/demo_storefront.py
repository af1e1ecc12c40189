"""How the demo brand's mall is dressed: shelves, pictures, words, and what stands above the gifts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from PIL.Image import Image

from mall import demo_pictures as drawn
from mall import pictures
from mall.models import Banner, Category, Gift, GiftPicture, Notice, Section

CATEGORIES = ["护肤好物", "生活家居", "随身配饰", "会员专享"]


class Dress(NamedTuple):
    """A gift's shelf, price in shops, picture, what the picture shows, and its description."""

    category: str
    price: str
    draw: Callable[[], Image]
    alt: str
    featured: bool
    text: str


DRESSES = {
    "旅行三件套": Dress(
        "护肤好物", "89", drawn.travel_set, "三只高低不同的护肤小样", True,
        "洁面、精华、面霜小样，一只防水收纳袋。\n\n## 里面有什么\n\n"
        "- 氨基酸洁面 30g\n- 玻尿酸精华 10ml\n- 保湿面霜 15g\n"
        "\n**登机箱友好**：每一支都不超过 100ml。",
    ),
    "丝绒化妆镜": Dress(
        "随身配饰", "49", drawn.mirror, "酒红色丝绒圆镜", False,
        "随身折叠镜，绒面外壳。\n\n| 规格 | |\n| --- | --- |\n| 直径 | 9 cm |\n"
        "| 重量 | 85 g |\n| 镜面 | 一面平镜，一面三倍放大 |",
    ),
    "白茶香薰蜡烛": Dress(
        "生活家居", "128", drawn.candle, "点燃的米白色香薰蜡烛", True,
        "大豆蜡，约燃 30 小时。前调白茶，尾调雪松。\n\n> 第一次点燃请让表面全部融化，之后不会留坑。",
    ),
    "真丝发圈两只装": Dress("随身配饰", "39", drawn.scrunchies, "粉色与米色两只真丝发圈", False, "不勒发，送礼袋。"),
    "会员限定帆布袋": Dress(
        "会员专享", "69", drawn.tote, "印着水滴标志的帆布袋", True, "加厚帆布，内有拉链袋。只在积分商城兑换。",
    ),
    "玻璃保温杯 400ml": Dress(
        "生活家居", "159", drawn.cup, "双层玻璃杯里的茶", False, "双层高硼硅玻璃。\n\n- 400ml\n- 不可放入微波炉",
    ),
    "VIP 年度礼盒": Dress(
        "会员专享", "599", drawn.gift_box, "墨绿礼盒与金色缎带", True, "正装精华与面霜，附手写贺卡。",
    ),
    "圣诞限定香氛": Dress("会员专享", "299", drawn.perfume, "红色香水瓶", False, "十二月开放兑换。"),
}  # fmt: skip


def dress() -> None:
    """Put the demo's gifts on shelves, with pictures and prices; a mall that has shelves stays as it is."""
    if Category.objects.exists():
        return
    shelves = {
        name: Category.objects.create(name=name, position=position) for position, name in enumerate(CATEGORIES, start=1)
    }
    for gift in Gift.objects.filter(name__in=DRESSES):
        _dress(gift, DRESSES[gift.name], shelves)
    _front(shelves)


def _front(shelves: dict[str, Category]) -> None:
    """A banner, a notice and three sections."""
    banner = Banner(title="秋日回馈：会员专享礼品上新", alt="一丛绿叶与露珠", category=shelves["会员专享"], position=1)
    banner.show(pictures.store(drawn.banner()))
    banner.save()
    Notice.objects.create(words="每周三是会员日，当天订单积分加倍。", page="/how-it-works/", position=1)
    kinds = (Section.Kind.FEATURED, Section.Kind.AFFORDABLE)
    Section.objects.bulk_create(Section(kind=kind, position=position) for position, kind in enumerate(kinds, start=1))


def _dress(gift: Gift, dress: Dress, shelves: dict[str, Category]) -> None:
    gift.category, gift.market_price, gift.featured = shelves[dress.category], Decimal(dress.price), dress.featured
    gift.description = dress.text
    gift.save(update_fields=["category", "market_price", "featured", "description"])
    picture = GiftPicture(gift=gift, alt=dress.alt)
    picture.show(pictures.store(dress.draw()))
    picture.save()
