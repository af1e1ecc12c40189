"""The back office's cast: Wang may do everything, Chen looks after members, Zhou may only look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from loyalty import adjusting
from mall import codes, coupon_rounds, coupons, lottery, paying, shipping, stock, treasure
from mall.models import CouponType, Draw, DrawPrize, Gift, Redemption, TreasureDraw
from mall.payment import provider
from mall.redeeming import Address, redeem
from mall.views import api  # noqa: F401 - what a key may be allowed
from members.api import keys
from members.models import Identity, Member, Tier, User
from orders.models import Channel, Claim, ColumnMapping, Order, OrderImport, OrderLine, Status, StatusWord
from tests.conftest import NOW, make_member

SignIn = Callable[..., Client]


def staff(name: str, *rights: str) -> User:
    user = User.objects.create_user(name, password="a long word", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    assert user.user_permissions.count() == len(rights)
    return user


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def wang(db: None) -> User:
    return User.objects.create_superuser("wang", password="a long word")


@pytest.fixture
def boss(wang: User) -> Client:
    return signed_in(wang)


@pytest.fixture
def looker(db: None) -> Client:
    """Zhou, who may look at everything and touch nothing."""
    user = User.objects.create_user("zhou", password="a long word", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_").exclude(codename="view_phone"))
    return signed_in(user)


def give(member: Member, points: int, actor: User, growth: int = 0) -> None:
    adjusting.adjust(
        member_id=member.pk,
        points=points,
        growth=growth,
        reason="welcome",
        actor_id=actor.pk,
        at=timezone.now(),
        key=str(uuid4().int),
    )


def shelve(name: str = "Umbrella", points: int = 10, pieces: int = 1000) -> Gift:
    gift = Gift.objects.create(name=name, points=points)
    stock.change(gift_id=gift.pk, quantity=pieces, note="delivered", actor_id=None, at=NOW)
    return gift


def shelve_kinds() -> list[Gift]:
    """A gift of each kind that is not sent, for 10 points; the pool of codes is empty."""
    endless = {"points": 10, "stock_counted": False}
    return [
        Gift.objects.get_or_create(kind="PRIVILEGE", name="Massage", **endless)[0],
        Gift.objects.get_or_create(kind="CHANCE", name="Tries", chance_pool="spring", **endless)[0],
        Gift.objects.get_or_create(kind="MEDAL", name="Founder", limit_per_member=1, **endless)[0],
        Gift.objects.get_or_create(kind="CODE", name="Coupon", points=10)[0],
    ]


def redeemed(member: Member, gift: Gift, quantity: int = 1) -> Redemption:
    return redeem(
        member_id=member.pk,
        gift_id=gift.pk,
        quantity=quantity,
        at=timezone.now(),
        request_key=uuid4().hex,
        address=Address(member.name, "13800001111", "Hangzhou"),
    )


def drawn(member: Member, gift: Gift) -> None:
    """A member tries in a lottery of his own, wins, and enters a treasure draw."""
    at = timezone.now()
    window = {"opens_at": at - timedelta(days=1), "closes_at": at + timedelta(days=1)}
    wheel = Draw.objects.create(name="转盘", points=1, **window)
    DrawPrize.objects.create(draw=wheel, name="奖品", kind="GIFT", gift=gift, odds=100, stock=1)
    DrawPrize.objects.create(draw=wheel, name="谢谢", kind="WORDS", consolation=True)
    lottery.publish(draw_id=wheel.pk, at=at, actor_id=None)
    lottery.play(member_id=member.pk, draw_id=wheel.pk, at=at, request_key=uuid4().hex)
    chest = TreasureDraw.objects.create(name="夺宝", points=1, prize_points=9, capacity=9, minimum=9, **window)
    treasure.publish(treasure_id=chest.pk, at=at, actor_id=None)
    treasure.enter(member_id=member.pk, treasure_id=chest.pk, quantity=2, at=at, request_key=uuid4().hex)


def money_back(redemption: Redemption, actor: User) -> None:
    """Take the yuan of a redemption at the counter, then cancel it: they are to be given back."""
    at = timezone.now()
    payment = paying.begin(
        redemption_id=redemption.pk, member_id=redemption.member_id, provider=provider("counter"), at=at
    )
    paying.take(number=payment.number, at=at, actor_id=actor.pk)
    shipping.cancel(redemption_id=redemption.pk, at=at)


def couponed(member: Member, count: int) -> None:
    """A coupon of a type of its own that a member has used and has back, and a key of a till."""
    kind = CouponType.objects.create(name=f"Coupon {count}", value=1)
    mine = coupons.issue(type_id=kind.pk, member_id=member.pk, at=timezone.now(), actor_id=None, key="k")
    plan = coupon_rounds.planned(
        type_id=kind.pk, who="phones", member_ids=[member.pk], at=timezone.now(), key=f"r{count}"
    )
    coupon_rounds.step(round_id=coupon_rounds.begin(plan)[0].pk, at=timezone.now())
    order = coupons.Order(f"T-{count}", Decimal(9))
    coupons.use(code=mine.code, order=order, request_key=f"u{count}", at=timezone.now())
    if count % 2:
        said = {"request_key": f"b{count}", "at": timezone.now()}
        coupons.give_back(code=mine.code, order_reference=order.reference, **said)
    keys.make(name=f"till {count}", scopes=["coupons"], at=timezone.now(), actor_id=None)


def grow(number: int, actor: User) -> None:
    """Add `number` rows to every list of the back office."""
    gift, kinds = Gift.objects.filter(kind="PHYSICAL").first() or shelve(), shelve_kinds()
    mug = Gift.objects.get_or_create(kind="PRIVILEGE", name="Mug", points=10, cash=9, stock_counted=False)[0]
    Tier.objects.get_or_create(name="Silver", rank=1, threshold=1)
    channel, _made = Channel.objects.get_or_create(code="shop", name="Shop", format="youzan")
    for _turn in range(number):
        count = Member.objects.count()
        member = make_member(f"Member {count}", f"+86139{count:08d}")
        give(member, 100, actor, growth=10)
        redeemed(member, gift)
        for other in kinds:
            if other.kind == "CODE":
                codes.add(gift_id=other.pk, codes=[(1, f"C{count}")], at=NOW, actor_id=actor.pk)
            redeemed(member, other)
        drawn(member, gift)
        couponed(member, count)
        money_back(redeemed(member, mug), actor)
        Identity.objects.create(channel="shop", external_id=f"buyer {count}", member=member)
        ColumnMapping.objects.create(
            channel=channel, name="ERP", fingerprint=str(count), header=[], header_line=1, columns={}, created_by=actor,
            created_at=NOW, changed_by=actor, changed_at=NOW,
        )  # fmt: skip
        StatusWord.objects.create(
            channel=channel, column="status", word=f"待{count}", status="paid", said_by=actor, said_at=NOW
        )
        file = OrderImport.objects.create(name="a.csv", channel=channel, created_at=NOW, created_by=actor, rejected=1)
        order = Order.objects.create(
            channel=channel,
            number=f"N{count}",
            status=Status.PAID,
            gross=10,
            refunded=0,
            shipping=0,
            buyer="",
            phone="",
            member=member,
            first_import=file,
            last_import=file,
        )
        Claim.objects.create(
            member=member,
            channel=channel,
            number=order.number,
            order=order,
            state="IN_REVIEW",
            reason="AMOUNT",
            address="203.0.113.9",
            made_at=NOW,
            decided_at=NOW,
        )
        OrderLine.objects.create(
            order=order,
            row_key="",
            status=Status.PAID,
            gross=10,
            refunded=0,
            shipping=0,
            title="Tea",
            sku="",
            quantity=1,
        )
