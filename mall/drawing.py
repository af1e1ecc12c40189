"""What the pages of draws show a member. For display only: `mall.lottery` and `mall.treasure` decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum
from django.utils.functional import cached_property

from mall import proof, treasure
from mall.lottery import left_odds
from mall.models import Chance, Draw, DrawPlay, DrawPrize, TreasureDraw, TreasureEntry
from mall.models.admission import open_at
from members.models import Member

RECENTLY = timedelta(days=30)


class Stand(StrEnum):
    """The first thing that stands in the way of taking part, or OPEN."""

    OPEN = "open"
    NOT_YET = "not-yet"
    ENDED = "ended"
    TIER = "tier"
    LIMIT = "limit"
    TODAY = "today"
    CLOSED = "closed"
    FULL = "sold-out"
    SHORT = "short"
    NO_CHANCE = "no-chance"


@dataclass(frozen=True)
class Wheel:
    """A lottery for one member. `left`: tries that his limits leave, None for any number; `opens_at`: when it opens, if
    it is closed."""

    draw: Draw
    stand: Stand
    opens_at: datetime | None
    left: int | None
    missing: int
    chances: int

    @cached_property
    def prizes(self) -> list[DrawPrize]:
        return list(self.draw.prizes.select_related("gift").prefetch_related("gift__pictures"))

    @property
    def consolation_odds(self) -> Decimal:
        return left_odds(self.prizes)


def wheel(draw_id: int, member: Member, *, available: int, at: datetime, zone: str) -> Wheel:
    """Return a lottery as a member with `available` points sees it at `at`; a day is one of the brand's `zone`.

    Raises Draw.DoesNotExist.
    """
    draw = Draw.objects.with_opening(at).get(pk=draw_id)
    mine = DrawPlay.objects.filter(draw=draw, member=member)
    tried = mine.aggregate(ever=Count("pk"), today=Count("pk", filter=Q(at__gte=_midnight(at, zone))))
    ever = None if draw.limit_ever is None else draw.limit_ever - tried["ever"]
    today = None if draw.limit_per_day is None else draw.limit_per_day - tried["today"]
    left = min((most for most in (ever, today) if most is not None), default=None)
    chances = _chances(draw, member, at) if draw.price == Draw.Price.CHANCE else 0
    obstacles = {
        Stand.ENDED: draw.state == Draw.State.ENDED or not (draw.open_now or draw.next_opening),
        Stand.NOT_YET: not draw.open_now,
        Stand.TIER: not draw.admits(member),
        Stand.LIMIT: ever is not None and ever <= 0,
        Stand.TODAY: today is not None and today <= 0,
        Stand.SHORT: draw.points > available,
        Stand.NO_CHANCE: draw.price == Draw.Price.CHANCE and not chances,
    }
    stand = next((one for one, true in obstacles.items() if true), Stand.OPEN)
    return Wheel(draw, stand, draw.next_opening, left, max(draw.points - available, 0), chances)


def _chances(draw: Draw, member: Member, at: datetime) -> int:
    return Chance.objects.open(member.pk, draw.chance_pool, at).count()


@dataclass(frozen=True)
class Chest:
    """A treasure draw for one member. `most`: entries that he may take now; `mine`: his so far; `opens_at`: when it
    opens, if it is closed."""

    draw: TreasureDraw
    stand: Stand
    opens_at: datetime | None
    mine: list[TreasureEntry]
    most: int
    missing: int

    @property
    def entered(self) -> int:
        return sum(entry.quantity for entry in self.mine)

    @property
    def won(self) -> bool:
        return any(entry.pk == self.draw.winner_id for entry in self.mine)


def chest(draw: TreasureDraw, member: Member, *, available: int, at: datetime) -> Chest:
    """Return a treasure draw, read `with_opening`, as a member with `available` points sees it at `at`."""
    mine = list(TreasureEntry.objects.filter(treasure=draw, member=member).order_by("first_number"))
    limit = draw.limit_per_member
    free = draw.left if limit is None else min(draw.left, limit - sum(entry.quantity for entry in mine))
    obstacles = {
        Stand.ENDED: draw.state != TreasureDraw.State.OPEN or draw.closes_at <= at,
        Stand.FULL: draw.left < 1,
        Stand.CLOSED: not (draw.open_now or draw.next_opening),
        Stand.NOT_YET: not draw.open_now,
        Stand.TIER: not draw.admits(member),
        Stand.LIMIT: free < 1,
        Stand.SHORT: draw.points > available,
    }
    stand = next((one for one, true in obstacles.items() if true), Stand.OPEN)
    most, missing = max(min(free, available // draw.points), 0), max(draw.points - available, 0)
    return Chest(draw, stand, draw.next_opening, mine, most, missing)


@dataclass(frozen=True)
class Shelf:
    """What the page of all draws lists; `entered`: the member's entries by treasure draw."""

    lotteries: list[Draw]
    running: list[TreasureDraw]
    past: list[TreasureDraw]

    @property
    def empty(self) -> bool:
        return not (self.lotteries or self.running or self.past)


def listed(member: Member, *, at: datetime) -> Shelf:
    """Return published lotteries, running treasure draws and those of the last 30 days, open ones first.

    Few queries, however many there are.
    """
    shown = TreasureDraw.objects.shown().with_opening(at)
    treasures = list(shown.filter(Q(state="OPEN") | Q(closes_at__gt=at - RECENTLY))[:60])
    entered = dict(
        TreasureEntry.objects.filter(member=member, treasure__in=treasures)
        .order_by()
        .values_list("treasure")
        .annotate(Sum("quantity"))
    )
    for one in treasures:
        one.entered = entered.get(one.pk, 0)  # type: ignore[attr-defined]
    running = [one for one in treasures if one.state == TreasureDraw.State.OPEN]
    running.sort(key=lambda one: not one.open_now)
    lotteries = sorted(Draw.objects.shown(at).with_opening(at)[:30], key=lambda one: not one.open_now)
    return Shelf(lotteries, running, [one for one in treasures if one not in running])


def going_on(at: datetime) -> list[str]:
    """Return the names of a few draws that are open now, for a hint at them. One query."""
    lotteries = Draw.objects.shown(at).filter(open_at(at))
    treasures = TreasureDraw.objects.filter(state=TreasureDraw.State.OPEN).filter(open_at(at))
    both = (
        lotteries.order_by().values_list("name", flat=True).union(treasures.order_by().values_list("name", flat=True))
    )
    return list(both.order_by("name")[:3])


@dataclass(frozen=True)
class Check:
    """A drawn treasure draw, found again step by step from what is published."""

    draw: TreasureDraw
    commitment: str
    digest: str
    found: proof.Found
    line: str

    @property
    def right(self) -> bool:
        return (self.commitment, self.digest, self.found.number) == (
            self.draw.commitment,
            self.draw.entries_digest,
            self.draw.winner_number,
        )


def check(draw: TreasureDraw) -> Check:
    """Find the winner of a drawn treasure draw again."""
    seed, file = bytes.fromhex(draw.seed), treasure.entries_file(draw.pk)
    digest = proof.digest(file)
    found = proof.find(seed, draw.sold, digest)
    return Check(draw, proof.commitment(seed), digest, found, _line(file, found.number))


def _line(file: str, number: int) -> str:
    """Return the line of the list that holds a number."""
    for line in file.splitlines()[1:]:
        first, last = line.split(",", 2)[:2]
        if int(first) <= number <= int(last):
            return line
    return ""


def _midnight(at: datetime, zone: str) -> datetime:
    today: date = at.astimezone(ZoneInfo(zone)).date()
    return datetime.combine(today, time(), ZoneInfo(zone))
