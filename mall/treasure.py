"""Treasure draws (夺宝): entries for points, one winner, or all points back.

Laws:
- One request key of a member is one purchase of entries; a refusal writes nothing and does not use up its key.
- Each number is given once; never more entries than there are.
- The SHA-256 of the seed is published with the draw, the seed with the result. The winner follows from the seed and
  the list of entries alone (`mall.proof`), and the list is what nobody knows before the last entry.
- What is not sent, and points, the winner has at once: in transactions of their own after the draw's.
- What does not reach its entries gives all points back to their own lots (law 7), in batches; a worker that dies
  leaves whole batches behind, and the next one goes on.

Entering is one statement, `mall_enter` (migrations/sql/0017_draw_terms.sql). The draw's row is the last lock of it, so
what is decided here under that row takes no member's balance in the same transaction.
"""

from __future__ import annotations

import logging
import secrets
from contextlib import nullcontext
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty import earning, ledger
from loyalty.models import Kind
from mall import awards, promises, proof, stock
from mall.lottery import DrawNotOpen, DrawTier, NotReady
from mall.models import MOST_ENTRIES, Gift, TreasureDraw, TreasureEntry, TreasureSeed, WonGift
from mall.redeeming import LONGEST_REQUEST_KEY, Merged, OutOfStock, Refused

__all__ = (
    "REFUSALS",
    "Full",
    "InvalidEntries",
    "TooManyEntries",
    "call_off",
    "enter",
    "entries_file",
    "publish",
    "settle",
    "settle_due",
)

log = logging.getLogger(__name__)

State = TreasureDraw.State
BATCH = 500


class Full(Refused):
    """`detail` is how many entries are left."""

    code = "full"
    sentence = gettext_lazy("Too few entries are left: %(detail)s.")


class TooManyEntries(Refused):
    """`detail` is the limit per member, in entries."""

    code = "too_many_entries"
    sentence = gettext_lazy("Each member can have %(detail)s entries in this draw at most.")


class InvalidEntries(Refused, ValueError):
    code = "invalid_entries"
    sentence = gettext_lazy("Say how many entries you would like, as a whole number from 1.")


REFUSALS = (Refused, ledger.InsufficientPoints)


def enter(*, member_id: int, treasure_id: int, quantity: int, at: datetime, request_key: str) -> TreasureEntry:
    """Take entries for a member at `at` (aware).

    The same request key (1 to 64 characters) again returns the first ones. Raises one of REFUSALS for the member;
    KeyReused when the key was used for another draw or quantity; ValueError for a bad key.
    """
    if type(quantity) is not int or not 1 <= quantity <= MOST_ENTRIES:
        raise InvalidEntries(quantity)
    if not 1 <= len(request_key) <= LONGEST_REQUEST_KEY or "\0" in request_key:
        raise ValueError("A request key has 1 to 64 characters.")
    fields = TreasureEntry._meta.concrete_fields
    statement = f"select {', '.join(str(field.column) for field in fields)} from mall_enter(%s, %s, %s, %s, %s)"
    try:
        with transaction.atomic() if connection.in_atomic_block else nullcontext(), connection.cursor() as cursor:
            cursor.execute(statement, [member_id, treasure_id, quantity, at, request_key])
            return TreasureEntry.from_db(connection.alias, [field.attname for field in fields], cursor.fetchone())
    except DatabaseError as error:
        refused = _refusal(error)
        if refused is None:
            raise
        raise refused from error


@transaction.atomic
def publish(*, treasure_id: int, at: datetime, actor_id: int | None) -> None:
    """Publish a draft: its seed is drawn and committed to, its gift set aside. Again changes nothing.

    Raises NotReady with what is missing.
    """
    draw = _locked(treasure_id)
    if draw.state != State.DRAFT:
        return
    if draw.closes_at <= at:
        raise NotReady(_("Its end is in the past."))
    promises.hold([draw.gift_id] if draw.gift_id else [])
    if soon := promises.ends_too_soon(draw.gift, draw.closes_at):
        raise NotReady(soon)
    seed = secrets.token_bytes(32)
    TreasureSeed.objects.create(treasure=draw, seed=seed)
    draw.state, draw.published_at, draw.commitment = State.OPEN, at, proof.commitment(seed)
    draw.save(update_fields=["state", "published_at", "commitment"])
    try:
        _move_gift(draw, -1, _("Set aside for the draw %(draw)s") % {"draw": draw}, actor_id, at)
    except OutOfStock as short:
        raise NotReady(_("The gift is not in stock.")) from short
    if draw.gift_id and (wrong := promises.wrong([draw.gift_id])):
        raise NotReady(wrong)


@transaction.atomic
def call_off(*, treasure_id: int, reason: str, at: datetime, actor_id: int | None) -> bool:
    """End a running draw without a winner: all points go back. False: it is not running any more.

    Raises NotReady once it is to be drawn: whoever could guess the winner must not call off what he dislikes.
    ValueError without a reason (members see it).
    """
    if not reason.strip():
        raise ValueError("Calling off needs a reason.")
    draw = _locked(treasure_id)
    if draw.state != State.OPEN:
        return False
    if draw.due(at) and draw.sold >= draw.minimum:
        raise NotReady(_("Its entries are complete: it is drawn within a minute."))
    _end_unfilled(draw, at, reason=reason.strip(), actor_id=actor_id)
    return True


def settle_due(*, at: datetime) -> int:
    """Draw, refund or pay out what is due; return how many draws were moved on. One that fails is logged, left out."""
    done = 0
    for treasure_id in list(TreasureDraw.objects.to_settle(at).values_list("pk", flat=True)):
        try:
            settle(treasure_id=treasure_id, at=at)
            done += 1
        except DatabaseError:
            log.exception("Treasure draw %s could not be settled.", treasure_id)
    return done


def settle(*, treasure_id: int, at: datetime) -> None:
    """Bring one draw as far as it can go at `at`. Every step commits by itself; again goes on from there."""
    with transaction.atomic():
        draw = _locked(treasure_id)
        if draw.due(at) and draw.sold >= draw.minimum:
            _draw(draw, at)
        elif draw.due(at):
            _end_unfilled(draw, at, reason="", actor_id=None)
    if draw.state == State.DRAWN and draw.prize_points and draw.prize_posting_id is None:
        _give_points(draw, at)
    if draw.state == State.DRAWN and draw.gift and draw.gift.kind not in Gift.SENT:
        _give_gift(draw, at)
    if draw.state == State.REFUNDING:
        _refund(draw, at)


def entries_file(treasure_id: int) -> str:
    """Return the public list of entries, the file that is hashed: first and last number, label, code, UTC time."""
    with connection.cursor() as cursor:
        cursor.execute("select mall_entries_file(%s)", [treasure_id])
        return str(cursor.fetchone()[0])


def _locked(treasure_id: int) -> TreasureDraw:
    return TreasureDraw.objects.select_for_update(no_key=True).get(pk=treasure_id)


def _draw(draw: TreasureDraw, at: datetime) -> None:
    """Find the winner, under the draw's row: nobody enters any more."""
    seed = bytes(TreasureSeed.objects.get(pk=draw.pk).seed)
    draw.entries_digest = proof.digest(entries_file(draw.pk))
    draw.winner_number = proof.find(seed, draw.sold, draw.entries_digest).number
    entries = draw.entries.filter(first_number__lte=draw.winner_number).order_by("-first_number")
    draw.winner, draw.seed, draw.drawn_at, draw.state = entries[0], seed.hex(), at, State.DRAWN
    draw.save(update_fields=["entries_digest", "winner_number", "winner", "seed", "drawn_at", "state"])
    if draw.gift_id:
        WonGift.objects.create(
            member_id=draw.winner.member_id,
            gift_id=draw.gift_id,
            name=draw.name,
            treasure=draw,
            won_at=at,
            claim_until=at + draw.claim_time,
        )


def _give_points(draw: TreasureDraw, at: datetime) -> None:
    """Give the winner his points: after the draw's own transaction, so that no balance is taken under its row."""
    with transaction.atomic():
        winner = TreasureEntry.objects.get(won_treasure=draw)
        posting = ledger.credit(
            member_id=winner.member_id,
            points=draw.prize_points,
            kind=Kind.BONUS,
            source="treasure-prize",
            key=str(draw.pk),
            at=draw.drawn_at or at,
            expires_at=earning.expires_at(draw.drawn_at or at),
            note=draw.name,
        )
        TreasureDraw.objects.filter(pk=draw.pk, prize_posting=None).update(prize_posting=posting)


def _give_gift(draw: TreasureDraw, at: datetime) -> None:
    """Give the winner what is not sent. What he cannot have, a medal that he wears, waits and lapses like any other."""
    for won in WonGift.objects.waiting().filter(treasure=draw, claim_until__gt=at):
        try:
            awards.claim(won_id=won.pk, member_id=won.member_id, at=at)
        except Refused:
            log.warning("The prize of treasure draw %s cannot be given to its winner.", draw.pk)


def _end_unfilled(draw: TreasureDraw, at: datetime, *, reason: str, actor_id: int | None) -> None:
    draw.state, draw.called_off = State.REFUNDING, reason
    draw.save(update_fields=["state", "called_off"])
    _move_gift(draw, 1, _("Not won in the draw %(draw)s") % {"draw": draw}, actor_id, at)


def _refund(draw: TreasureDraw, at: datetime) -> None:
    note = draw.name
    with connection.cursor() as cursor:
        while True:
            cursor.execute("select mall_refund_entries(%s, %s, %s, %s)", [draw.pk, at, BATCH, note])
            if not cursor.fetchone()[0]:
                break
    if not draw.entries.filter(refunded_at=None).exists():
        TreasureDraw.objects.filter(pk=draw.pk, state=State.REFUNDING).update(state=State.REFUNDED, refunded_at=at)


def _move_gift(draw: TreasureDraw, quantity: int, note: str, actor_id: int | None, at: datetime) -> None:
    if draw.gift and draw.gift.set_aside:
        stock.change(gift_id=draw.gift.pk, quantity=quantity, note=note, actor_id=actor_id, at=at)


def _refusal(error: DatabaseError) -> Exception | None:
    diagnosis: Any = getattr(error.__cause__, "diag", None)
    match getattr(diagnosis, "sqlstate", None):
        case "MD001":
            return DrawNotOpen()
        case "MD004":
            return Full(diagnosis.message_detail)
        case "MD005":
            return TooManyEntries(diagnosis.message_detail)
        case "MD006":
            return DrawTier(diagnosis.message_detail)
        case "MR005":
            return Merged()
    return ledger.refusal(error)
