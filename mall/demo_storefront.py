"""How the demo brand's mall is dressed: what stands above the gifts."""

from __future__ import annotations

from mall import demo_pictures, demo_pictures_more, pictures
from mall.models import Banner, Category, Gift, Notice, Section, SectionPick

__all__ = ("dress",)


def dress(gifts: dict[str, Gift]) -> None:
    """Put up two banners, two notices and five sections."""
    _banners({shelf.name: shelf for shelf in Category.objects.all()})
    Notice.objects.create(words="每周三是会员日，当天订单积分加倍。", page="/how-it-works/", position=1)
    Notice.objects.create(words="门店护理与沙龙可兑换啦，到店出示核销码即可。", position=2)
    kind = Section.Kind
    Section.objects.create(kind=kind.FEATURED, title="当季精选", most=8, position=1)
    Section.objects.create(kind=kind.AFFORDABLE, position=2)
    Section.objects.create(kind=kind.NEWEST, position=4)
    visit = Section.objects.create(kind=kind.PICKED, title="到店也有礼", position=3)
    chosen = ("门店手部护理 30 分钟", "秋日插花沙龙", "拿铁兑换码", "惊喜扭蛋机会 3 次")
    SectionPick.objects.bulk_create(
        SectionPick(section=visit, gift=gifts[name], position=place) for place, name in enumerate(chosen)
    )


def _banners(shelves: dict[str, Category]) -> None:
    leaves = Banner(title="秋日回馈：会员专享礼品上新", alt="一丛绿叶与露珠", category=shelves["会员专享"], position=1)
    leaves.show(pictures.store(demo_pictures.banner()))
    leaves.save()
    sun = Banner(
        title="到店也有礼：护理、咖啡、沙龙", alt="山丘上的礼盒与落日", category=shelves["门店与活动"], position=2
    )
    sun.show(pictures.store(demo_pictures_more.member_day()))
    sun.save()
