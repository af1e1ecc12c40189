"""The lottery: what a try costs and what it gives, in one transaction, or nothing.

Laws:
- One request key of a member is one try with one result, however often and however parallel it is asked for.
- The random number is drawn in the database, from the system's source of secrets. Which prize a number hits stands in
  the published odds alone (`mall_prize_at`).
- A prize is given as often as there is of it; who hits one that has run out gets the consolation.
- What is not sent is given at once, in the same transaction; who cannot have it gets the consolation.
- A refusal writes nothing and does not use up its request key.

A whole try is one statement, `mall_draw` (migrations/sql/0019_promised.sql).
"""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty import ledger
from mall import promises, stock
from mall.chances import NoChance
from mall.models import Draw, DrawPlay, DrawPrize, Gift
from mall.models.draws import MOST_ODDS
from mall.redeeming import LONGEST_REQUEST_KEY, Merged, OutOfStock, Refused

__all__ = (
    "REFUSALS",
    "DrawLimit",
    "DrawNotOpen",
    "DrawTier",
    "NotReady",
    "close",
    "close_over",
    "left_odds",
    "play",
    "publish",
)


class DrawNotOpen(Refused):
    """The draw is unknown, not published, ended, outside its time, or its campaign is not on."""

    code = "draw_not_open"
    sentence = gettext_lazy("This draw is not open at this time.")


class DrawLimit(Refused):
    """`detail` is the limit per member, in tries, of a day or ever (`period`)."""

    code = "draw_limit"
    sentence = gettext_lazy("You have had all your tries in this draw: %(detail)s for each member.")
    of_a_day = gettext_lazy("You have had all your tries for today: %(detail)s a day. Come back tomorrow.")

    def __init__(self, detail: object = None, period: str | None = "ever") -> None:
        super().__init__(detail)
        self.period = period

    def __str__(self) -> str:
        return str(self.of_a_day if self.period == "day" else self.sentence) % {"detail": self.detail}


class DrawTier(Refused):
    """`detail` is the name of the lowest tier that may."""

    code = "draw_tier"
    sentence = gettext_lazy("This draw is for members from tier %(detail)s.")


class NotReady(Refused):
    """The draw cannot be published; `detail` is a sentence that says why."""

    code = "not_ready"
    sentence = "%(detail)s"


REFUSALS = (Refused, ledger.InsufficientPoints)


def play(*, member_id: int, draw_id: int, at: datetime, request_key: str) -> DrawPlay:
    """Try once for a member at `at` (aware).

    The same request key (1 to 64 characters) again returns the first try. Raises one of REFUSALS for the member;
    KeyReused when the key was used in another draw; ValueError for a bad key.
    """
    if not 1 <= len(request_key) <= LONGEST_REQUEST_KEY or "\0" in request_key:
        raise ValueError("A request key has 1 to 64 characters.")
    fields = DrawPlay._meta.concrete_fields
    columns = ", ".join(str(field.column) for field in fields)
    try:
        with transaction.atomic() if connection.in_atomic_block else nullcontext(), connection.cursor() as cursor:
            cursor.execute(f"select {columns} from mall_draw(%s, %s, %s, %s)", [member_id, draw_id, at, request_key])
            return DrawPlay.from_db(connection.alias, [field.attname for field in fields], cursor.fetchone())
    except DatabaseError as error:
        refused = _refusal(error)
        if refused is None:
            raise
        raise refused from error


@transaction.atomic
def publish(*, draw_id: int, at: datetime, actor_id: int | None) -> None:
    """Publish a draft: its gifts are set aside, and from now on nothing that decides can change.

    Raises NotReady with what is missing, OutOfStock when too few of a gift are there. Again changes nothing.
    """
    draw = Draw.objects.select_for_update(no_key=True).get(pk=draw_id)
    if draw.state != Draw.State.DRAFT:
        return
    promises.hold(draw.prizes.exclude(gift=None).values_list("gift", flat=True))
    prizes = list(draw.prizes.select_related("gift"))
    if wrong := _wrong(draw, prizes, at):
        raise NotReady(wrong)
    DrawPrize.objects.filter(draw=draw).update(remaining=F("stock"))
    Draw.objects.filter(pk=draw_id).update(state=Draw.State.OPEN, published_at=at)
    needed = Counter[int]()
    for prize in prizes:
        if prize.gift and prize.gift.set_aside:
            needed[prize.gift.pk] += prize.stock
    _move_gifts(needed, -1, _("Set aside for the draw %(draw)s") % {"draw": draw.name}, actor_id, at)
    if wrong := promises.wrong(prize.gift_id for prize in prizes if prize.gift_id):
        raise NotReady(wrong)


@transaction.atomic
def close(*, draw_id: int, at: datetime, actor_id: int | None = None) -> bool:
    """End a published draw: gifts that nobody won go back into stock. False: it was not published, or ended before."""
    if not Draw.objects.filter(pk=draw_id, state=Draw.State.OPEN).update(state=Draw.State.ENDED, ended_at=at):
        return False
    draw = Draw.objects.get(pk=draw_id)
    left = DrawPrize.objects.filter(draw=draw, remaining__gt=0).order_by("pk")
    back = Counter[int]()
    for prize in left.select_related("gift").select_for_update(no_key=True, of=("self",)):
        if prize.gift and prize.gift.set_aside:
            back[prize.gift.pk] += prize.remaining
    left.update(returned=F("remaining"), remaining=0)
    _move_gifts(back, 1, _("Not won in the draw %(draw)s") % {"draw": draw.name}, actor_id, at)
    return True


def close_over(*, at: datetime) -> int:
    """Close the draws whose time is over; return how many. Housekeeping: nobody can try any more anyway."""
    return sum(close(draw_id=draw_id, at=at) for draw_id in Draw.objects.over(at).values_list("pk", flat=True))


def left_odds(prizes: list[DrawPrize]) -> Decimal:
    """Return what the odds of the prizes leave to the consolation, in percent."""
    return MOST_ODDS - sum((prize.odds for prize in prizes if not prize.consolation), Decimal(0))


def _wrong(draw: Draw, prizes: list[DrawPrize], at: datetime) -> str:
    """Return what keeps a draft from being published; empty if nothing does."""
    odds = left_odds(prizes)
    if all(prize.consolation for prize in prizes):
        return _("Add at least one prize.")
    if not any(prize.consolation for prize in prizes):
        return _("Add the consolation: what everybody gets who wins nothing else. It may be words only.")
    if odds < 0:
        return _("The odds add up to %(odds)s %%: 100 %% at most.") % {"odds": f"{(MOST_ODDS - odds).normalize():f}"}
    if draw.closes_at and draw.closes_at <= at:
        return _("Its end is in the past.")
    soon = (promises.ends_too_soon(prize.gift, draw.closes_at or at) for prize in prizes)
    return next(filter(None, soon), "")


def _move_gifts(pieces: Counter[int], sign: int, note: str, actor_id: int | None, at: datetime) -> None:
    """Take pieces out of the gifts' stock or put them back, gift by gift in order: their rows are the last locks."""
    for gift_id, quantity in sorted(pieces.items()):
        try:
            stock.change(gift_id=gift_id, quantity=sign * quantity, note=note, actor_id=actor_id, at=at)
        except OutOfStock as short:
            said = {"gift": Gift.objects.get(pk=gift_id), "needed": quantity, "stock": short.detail}
            raise NotReady(
                _("%(needed)s of the gift %(gift)s are needed and %(stock)s are in stock.") % said
            ) from short


def _refusal(error: DatabaseError) -> Exception | None:
    diagnosis: Any = getattr(error.__cause__, "diag", None)
    match getattr(diagnosis, "sqlstate", None):
        case "MD001":
            return DrawNotOpen()
        case "MD002":
            return DrawLimit(diagnosis.message_detail, diagnosis.message_hint)
        case "MD003":
            return NoChance()
        case "MD006":
            return DrawTier(diagnosis.message_detail)
        case "MR005":
            return Merged()
    return ledger.refusal(error)
