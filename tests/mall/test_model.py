"""The whole mall against a plain model in Python: after each step of any story the points, pieces, yuan and states are
what the model says, and a refusal is the one that the model foresees."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from os import environ
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty import auditing, ledger
from mall import codes, counter, lottery, paying, proof, reversing, shipping, treasure
from mall.models import Chance, Draw, DrawPlay, DrawPrize, Gift, Payment, Redemption, Refund, TreasureDraw
from mall.payment import Notice, provider
from mall.redeeming import InsufficientPoints, LimitReached, OutOfStock
from members.models import Member
from tests.mall.conftest import NOON, ask, give, points_of, shelve
from tests.mall.kinds import chance, medal, pool, privilege, seat

HOUR = timedelta(hours=1)
EVER = NOON + timedelta(days=10_000)
MONEY = Decimal("9.90")
SANDBOX = "sandbox"
EXAMPLES = int(environ.get("EXAMPLES", "8"))
VOUCHERS = ("PRIVILEGE", "SEAT")
FIRST = {"PHYSICAL": "PLACED", "PRIVILEGE": "ISSUED", "SEAT": "ISSUED"}
ENDED = ("CANCELLED", "RETURNED")


@dataclass
class Lot:
    ends: datetime
    left: int


@dataclass
class Held:
    """What the model knows of a redemption."""

    row: Redemption
    who: int
    gift: Gift
    quantity: int
    points: int
    cash: Decimal
    state: str
    took: list[tuple[Lot, int]]
    pay_before: datetime | None = None
    seen: bool = False
    used: int = 0
    paid: int = 0
    returned: int = 0
    yuan_back: Decimal = Decimal(0)

    @property
    def kept(self) -> int:
        return self.quantity - self.returned


@dataclass
class World:
    """The model beside the database."""

    members: list[Member]
    gifts: list[Gift]
    at: datetime
    lots: list[list[Lot]]
    stock: dict[int, int]
    held: list[Held] = field(default_factory=list)
    chances: dict[int, list[Held | None]] = field(default_factory=dict)
    entries: dict[int, list[tuple[int, int, list[tuple[Lot, int]]]]] = field(default_factory=dict)

    def available(self, who: int) -> int:
        return sum(lot.left for lot in self.lots[who] if lot.ends > self.at)

    def take(self, who: int, points: int) -> list[tuple[Lot, int]]:
        took = []
        for lot in sorted((one for one in self.lots[who] if one.ends > self.at), key=lambda one: one.ends):
            piece = min(lot.left, points)
            if piece:
                lot.left, points = lot.left - piece, points - piece
                took.append((lot, piece))
        assert points == 0
        return took

    def live(self, who: int, gift: Gift) -> int:
        return sum(h.kept for h in self.held if (h.who, h.gift.pk) == (who, gift.pk))

    def unpaid(self, who: int) -> int:
        return sum(h.state == "UNPAID" for h in self.held if h.who == who)


def world() -> World:
    members = [Member.objects.create(name=name, joined_at=NOON) for name in "LW"]
    lots = []
    for member in members:
        lots.append([Lot(NOON + hours * HOUR, 300) for hours in (30, 300)] + [Lot(EVER, 500)])
        for lot in lots[-1]:
            give(member, lot.left, expires_at=lot.ends)
    gifts: list[Gift] = []
    for cash in (Decimal(0), MONEY):
        gifts += [shelve(pieces=4, cash=cash, limit_per_member=3), privilege(4, cash=cash), seat(4, cash=cash)]
        gifts += [pool(*"ABCD", cash=cash), medal(cash=cash), chance(cash=cash)]
    return World(members, gifts, NOON, lots, {gift.pk: 4 for gift in gifts if gift.stock_counted})


def expects(refusal: type[Exception] | None, act: Any) -> Any:
    """Act and compare the refusal with the foreseen one."""
    if refusal is None:
        return act()
    with pytest.raises(refusal):
        act()
    return None


def redeem(w: World, who: int, which: int, quantity: int) -> None:
    gift = w.gifts[which]
    points, cash = gift.points * quantity, gift.cash * quantity
    limit = gift.limit_per_member
    refusal: type[Exception] | None = None
    if gift.stock_counted and w.stock[gift.pk] < quantity:
        refusal = OutOfStock
    elif w.available(who) < points:
        refusal = InsufficientPoints
    elif (cash and w.unpaid(who) >= 5) or (limit and w.live(who, gift) + quantity > limit):
        refusal = LimitReached
    row = expects(refusal, lambda: ask(w.members[who], gift, quantity, at=w.at))
    if row is None:
        return
    held = Held(row, who, gift, quantity, points, cash, "UNPAID", w.take(who, points))
    if gift.stock_counted:
        w.stock[gift.pk] -= quantity
    if cash:
        held.pay_before = w.at + HOUR / 2
    else:
        fulfil(w, held)
    w.held.append(held)


def fulfil(w: World, held: Held) -> None:
    held.state = FIRST.get(held.gift.kind, "RECEIVED")
    if held.gift.kind == "CHANCE":
        w.chances.setdefault(held.who, []).extend([held] * (3 * held.quantity))


def end(w: World, held: Held, state: str, *, pieces: int = 0, restock: bool = True) -> None:
    """Let pieces go back, or (0) all that are left: the share of points to the lots that end latest, rounded down."""
    pieces = pieces or held.kept
    points, before = share(held, held.returned + pieces), share(held, held.returned)
    if held.cash and held.state != "UNPAID":
        held.yuan_back += cents(held, held.returned + pieces) - cents(held, held.returned)
    held.returned += pieces
    points -= before
    for place, (lot, piece) in sorted(enumerate(held.took), key=lambda one: one[1][0].ends, reverse=True):
        back = min(piece, points)
        lot.left, points = lot.left + back, points - back
        held.took[place] = (lot, piece - back)
    if held.gift.stock_counted and not held.seen and restock:
        w.stock[held.gift.pk] += pieces
    if held.gift.kind == "CHANCE":
        w.chances[held.who] = [one for one in w.chances.get(held.who, []) if one is not held]
    if not held.kept:
        held.state = state
    elif held.state == "ISSUED" and held.used == held.kept:
        held.state = "RECEIVED"


def share(held: Held, pieces: int) -> int:
    return held.points * pieces // held.quantity


def cents(held: Held, pieces: int) -> Decimal:
    return Decimal(int(held.cash * 100) * pieces // held.quantity) / 100


def pay(w: World, held: Held, wrong: bool) -> None:
    if held.state != "UNPAID" or (held.pay_before and held.pay_before <= w.at):
        expects(paying.NotPayable, lambda: begun(held, w.at))
        return
    one = begun(held, w.at)
    if wrong:
        bad = Notice(one.number, f"x{one.pk}", one.amount - Decimal("0.01"), paid=True)
        expects(paying.WrongAmount, lambda: paying.settle(provider=SANDBOX, notice=bad, at=w.at))
        return
    told = Notice(one.number, f"r{one.pk}", one.amount, paid=True)
    assert paying.settle(provider=SANDBOX, notice=told, at=w.at) == "paid"
    assert paying.settle(provider=SANDBOX, notice=told, at=w.at) == "again"
    held.paid += 1
    fulfil(w, held)


def begun(held: Held, at: datetime) -> Payment:
    return paying.begin(redemption_id=held.row.pk, member_id=held.row.member_id, provider=provider(SANDBOX), at=at)


def late(w: World, held: Held) -> None:
    """Money of a payment that was given up."""
    one = Payment.objects.filter(redemption=held.row, state="CLOSED", provider=SANDBOX).first()
    if one:
        told = Notice(one.number, f"late{one.pk}", one.amount, paid=True)
        assert paying.settle(provider=SANDBOX, notice=told, at=w.at) == "back"
        held.paid, held.yuan_back = held.paid + 1, held.yuan_back + held.cash


def let_go(w: World) -> None:
    overdue = [h for h in w.held if h.state == "UNPAID" and h.pay_before and h.pay_before <= w.at]
    assert paying.let_go(at=w.at) == len(overdue)
    for held in overdue:
        end(w, held, "CANCELLED")


def refusal_of(held: Held, may: tuple[str, ...], pieces: int) -> type[Exception] | None:
    """Foresee the refusal of letting pieces (0: all) go back."""
    whole, kind = pieces in (0, held.kept), held.gift.kind
    if held.state not in may:
        return shipping.WrongState
    if pieces > held.kept:
        return reversing.TooMany
    if not whole and (kind in ("MEDAL", "CHANCE") or held.state == "UNPAID"):
        return reversing.WholeOnly
    if whole:
        return counter.AlreadyUsed if held.used else None
    return counter.AlreadyUsed if held.seen or (kind in VOUCHERS and pieces > held.kept - held.used) else None


def cancel(w: World, held: Held, by_member: bool, pieces: int) -> None:
    may: tuple[str, ...] = ("UNPAID", "PLACED", "ISSUED") if by_member else ("UNPAID", "PLACED", "PACKED", "ISSUED")
    own = {"member_id": held.row.member_id} if by_member else {}
    go_back(w, held, "CANCELLED", may, pieces, partial(shipping.cancel, **own))


def return_(w: World, held: Held, restock: bool, pieces: int) -> None:
    unfit = not restock and held.gift.kind == "PHYSICAL"
    go_back(
        w, held, "RETURNED", ("SHIPPED", "RECEIVED"), pieces, partial(shipping.return_, restock=restock), unfit=unfit
    )


def go_back(
    w: World, held: Held, state: str, may: tuple[str, ...], pieces: int, act: Any, *, unfit: bool = False
) -> None:
    told = {"redemption_id": held.row.pk, "at": w.at, "request_key": key(), "pieces": pieces or None}
    if held.state == state and not pieces:
        assert act(**told) is False
        return
    refusal = refusal_of(held, may, pieces)
    if expects(refusal, lambda: act(**told)):
        assert act(**told) is False  # the same request again
        end(w, held, state, pieces=pieces, restock=not unfit)


def ship(w: World, held: Held) -> None:
    act = lambda: shipping.ship(redemption_id=held.row.pk, carrier="SF", tracking_number="1", at=w.at)  # noqa: E731
    if held.state in ("PLACED", "PACKED"):
        act()
        held.state = "SHIPPED"
    else:
        expects(shipping.WrongState, act)


def pack(w: World, held: Held) -> None:
    assert shipping.pack(redemption_ids=[held.row.pk], at=w.at) == (held.state == "PLACED")
    held.state = "PACKED" if held.state == "PLACED" else held.state


def look(w: World, held: Held) -> None:
    act = lambda: codes.reveal(redemption_id=held.row.pk, member_id=held.row.member_id, at=w.at)  # noqa: E731
    if held.gift.kind == "CODE" and held.state == "RECEIVED":
        assert len(act()) == held.kept
        held.seen = True
    else:
        expects(Redemption.DoesNotExist, act)


def use(w: World, held: Held) -> None:
    voucher = held.row.vouchers.filter(used_at=None, voided_at=None).order_by("pk").first()
    if voucher is None:
        return
    act = lambda: counter.use(code=voucher.code, at=w.at, actor_id=None, place="")  # noqa: E731
    if held.state != "ISSUED":
        expects(counter.Voided, act)
        return
    act()
    held.used += 1
    held.state = "RECEIVED" if held.used == held.kept else "ISSUED"


def wheel(w: World, price: str) -> Draw:
    gift = w.gifts[1]
    draw = Draw.objects.filter(price=price, name=str(gift.pk)).first()
    if draw is None:
        paid = {"points": 20} if price == "POINTS" else {"chance_pool": "spring"}
        draw = Draw.objects.create(name=str(gift.pk), price=price, opens_at=NOON, **paid)
        plain = {"draw": draw, "odds": "40"}
        DrawPrize.objects.create(name="30", kind="POINTS", points=30, stock=2, position=1, **plain)
        DrawPrize.objects.create(name="Words", kind="WORDS", stock=1, position=2, **plain)
        DrawPrize.objects.create(draw=draw, name="Thanks", kind="WORDS", consolation=True)
        lottery.publish(draw_id=draw.pk, at=NOON, actor_id=None)
    return draw


def draw_lot(w: World, who: int, price: str, roll: int) -> None:
    draw = wheel(w, price)
    left = {one.name: one.remaining for one in draw.prizes.all()}
    refusal: type[Exception] | None = None
    if price == "POINTS" and w.available(who) < 20:
        refusal = InsufficientPoints
    elif price == "CHANCE" and not w.chances.get(who):
        refusal = lottery.NoChance
    if refusal:
        expects(refusal, lambda: lottery.play(member_id=w.members[who].pk, draw_id=draw.pk, at=w.at, request_key=key()))
        return
    hit = "30" if roll < 400_000 else "Words" if roll < 800_000 else "Thanks"
    with connection.cursor() as cursor:
        cursor.execute(
            "select id from mall_draw_rolled(%s,%s,%s,%s,%s)", [w.members[who].pk, draw.pk, w.at, key(), roll]
        )
        play = DrawPlay.objects.get(pk=cursor.fetchone()[0])
    assert play.prize.name == (hit if left[hit] else "Thanks")
    if price == "POINTS":
        w.take(who, 20)
    else:
        spent = Chance.objects.get(used_for=f"draw:{play.pk}")
        of = next(held for held in w.chances[who] if held and held.row.pk == spent.redemption_id)
        w.chances[who].remove(of)
        of.used += 1
    if play.prize.name == "30":
        w.lots[who].append(Lot(EVER - HOUR, 30))


def key() -> str:
    return uuid4().hex


def enter(w: World, who: int, quantity: int) -> None:
    name = str(w.gifts[0].pk)
    draw = TreasureDraw.objects.filter(name=name, state="OPEN").first()
    if draw is None:
        draw = TreasureDraw.objects.create(
            name=name, points=7, capacity=5, minimum=5, prize_points=20, opens_at=NOON, closes_at=w.at + 3 * HOUR
        )
        treasure.publish(treasure_id=draw.pk, at=w.at, actor_id=None)
    mine = w.entries.setdefault(draw.pk, [])
    sold = sum(entry[1] for entry in mine)
    refusal: type[Exception] | None = None
    if draw.closes_at <= w.at:
        refusal = lottery.DrawNotOpen
    elif sold + quantity > 5:
        refusal = treasure.Full
    elif w.available(who) < 7 * quantity:
        refusal = InsufficientPoints
    act = lambda: treasure.enter(  # noqa: E731
        member_id=w.members[who].pk, treasure_id=draw.pk, quantity=quantity, at=w.at, request_key=key()
    )
    entry = expects(refusal, act)
    if entry:
        assert entry.first_number == sold + 1
        mine.append((who, quantity, w.take(who, 7 * quantity)))


def settle(w: World) -> None:
    for draw in TreasureDraw.objects.filter(name=str(w.gifts[0].pk), state="OPEN"):
        mine = w.entries.get(draw.pk, [])
        sold = sum(entry[1] for entry in mine)
        treasure.settle(treasure_id=draw.pk, at=w.at)
        draw.refresh_from_db()
        if sold == 5:
            assert draw.state == "DRAWN"
            number = proof.find(bytes.fromhex(draw.seed), 5, proof.digest(treasure.entries_file(draw.pk))).number
            owners = [who for who, quantity, _took in mine for _ in range(quantity)]
            w.lots[owners[number - 1]].append(Lot(EVER - HOUR, 20))
        elif draw.closes_at <= w.at:
            assert draw.state == "REFUNDED"
            for _who, _quantity, took in mine:
                for lot, piece in took:
                    lot.left += piece
        else:
            assert draw.state == "OPEN"


def compare(w: World) -> None:
    assert [points_of(member, w.at) for member in w.members] == [w.available(who) for who in range(2)]
    ours = Gift.objects.filter(pk__in=list(w.stock))
    assert dict(ours.values_list("pk", "stock")) == w.stock
    rows = {row.pk: row for row in Redemption.objects.filter(member__in=w.members)}
    assert {pk: row.state for pk, row in rows.items()} == {held.row.pk: held.state for held in w.held}
    for held in w.held:
        if held.cash:
            paid = Payment.objects.paid().filter(redemption=held.row).count()
            back = sum(Refund.objects.filter(payment__redemption=held.row).values_list("amount", flat=True))
            assert (paid, back) == (held.paid, held.yuan_back)
    assert {pk: row.returned for pk, row in rows.items()} == {held.row.pk: held.returned for held in w.held}


OF_ONE = [
    "pay",
    "pay wrong",
    "late",
    "cancel",
    "member cancels",
    "return",
    "return unfit",
    "ship",
    "pack",
    "look",
    "use",
]
STEPS = ["redeem", "redeem", "redeem", "let go", "expire", "lottery", "chances", "enter", "settle", *OF_ONE]


def step(w: World, name: str, who: int, which: int, number: int, roll: int) -> None:
    match name:
        case "redeem":
            redeem(w, who, which, number)
        case "let go":
            let_go(w)
        case "expire":
            ledger.expire(at=w.at)
        case "lottery":
            draw_lot(w, who, "POINTS", roll)
        case "chances":
            draw_lot(w, who, "CHANCE", roll)
        case "enter":
            enter(w, who, number)
        case "settle":
            settle(w)
        case _ if w.held:
            of_one(w, name, w.held[-1 - which % min(len(w.held), 4)], number)


def of_one(w: World, name: str, held: Held, number: int) -> None:
    match name:
        case "pay" | "pay wrong":
            pay(w, held, name == "pay wrong")
        case "late":
            late(w, held)
        case "cancel" | "member cancels":
            cancel(w, held, name == "member cancels", 0)
        case "cancel some" | "member cancels some":
            cancel(w, held, name == "member cancels some", number)
        case "return" | "return unfit":
            return_(w, held, name == "return", 0)
        case "return some":
            return_(w, held, True, number)
        case "ship":
            ship(w, held)
        case "pack":
            pack(w, held)
        case "look":
            look(w, held)
        case "use":
            use(w, held)


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(
    story=st.lists(
        st.tuples(
            st.sampled_from(STEPS),
            st.integers(0, 1),
            st.integers(0, 11),
            st.integers(1, 3),
            st.integers(0, 999_999),
            st.sampled_from([0, 0, 0, 1, 2, 12]),
        ),
        max_size=40,
        min_size=10,
    )
)
@pytest.mark.usefixtures("english")
def test_any_story_goes_as_the_model_says(db: None, story: list[tuple[str, int, int, int, int, int]]) -> None:
    with transaction.atomic():
        w = world()
        for name, who, which, number, roll, quarters in story:
            w.at += quarters * HOUR / 4
            step(w, name, who, which, number, roll)
            compare(w)
        assert auditing.drifts() == []
        transaction.set_rollback(True)
