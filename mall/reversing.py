"""Pieces of a redemption go back: all of them, or some at a time.

Laws:
- Points and yuan of k out of n pieces are the share of k, rounded down once: steps add up to what one step would give.
- Points go back to their own lots (law 7), yuan to who paid them, pieces into stock, what was handed out is void.
- One request key is one step, and of two who want the last piece one gets it: the redemption's row is locked first,
  then the balance, the lots, what was handed out, and the gift's stock last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loyalty import ledger
from loyalty.ledger import KeyReused
from mall import refunding, stock, undoing
from mall.models import Gift, Redemption, RedemptionQuerySet, Reversal
from mall.redeeming import Refused

__all__ = (
    "Step",
    "TooMany",
    "WholeOnly",
    "WrongState",
    "check_pieces",
    "in_parts",
    "key_of",
    "points_for",
    "reverse",
    "yuan_for",
)

CENT = Decimal("0.01")


class WrongState(Refused):
    """The redemption is past this step, or not yet there; `detail` is its state's name."""

    code = "wrong_state"
    sentence = _("Not possible: this redemption is %(detail)s.")


class TooMany(Refused):
    """`detail` is how many pieces have not gone back yet."""

    code = "too_many"
    sentence = _("Only %(detail)s of its pieces have not gone back yet.")


class WholeOnly(Refused):
    code = "whole_only"
    sentence = _("This goes back as a whole or not at all.")


@dataclass(frozen=True, kw_only=True)
class Step:
    """What goes back and how it is told. `pieces` None: all that are left; `state` is what it ends as then."""

    state: str
    at: datetime
    pieces: int | None = None
    request_key: str = ""
    actor_id: int | None = None
    note: str = ""
    restock: bool = True


@transaction.atomic
def reverse(own: RedemptionQuerySet, step: Step, *, come_from: Sequence[str]) -> Reversal | None:
    """Let pieces of the one redemption go back if it is in one of these states; None if this was done before.

    Raises WrongState, TooMany, WholeOnly, counter.AlreadyUsed, KeyReused (the key stands for another number of pieces),
    ValueError for less than a piece, Redemption.DoesNotExist.
    """
    redemption = own.select_for_update(of=("self",), no_key=True).get()
    if _done_before(redemption, step):
        return None
    if redemption.state not in come_from:
        raise WrongState(redemption.state_words)
    reversal = _noted(redemption, _pieces(redemption, step), step)
    _give_back(redemption, reversal)
    undoing.take_back(redemption, reversal)
    _restock(redemption, reversal)
    return reversal


def in_parts(redemption: Redemption) -> bool:
    """Tell whether some of its pieces can go back without the others."""
    several = redemption.quantity > 1 and redemption.state != Redemption.State.UNPAID
    return several and redemption.kind in Gift.IN_PARTS


def key_of(redemption: Redemption, pieces: int, returned: int) -> str:
    """Return the key under which points and yuan went back for so many pieces, with which `returned` were back."""
    return f"redemption:{redemption.pk}" + (f"#{returned}" if pieces < redemption.quantity else "")


def check_pieces(redemption: Redemption, pieces: int | None, request_key: str) -> None:
    """Refuse early what `reverse` would refuse as TooMany; what it did before under this key it does not refuse."""
    too_many = pieces is not None and 0 < redemption.kept < pieces
    if too_many and not redemption.reversals.filter(request_key=request_key).exists():
        raise TooMany(redemption.kept)


def points_for(redemption: Redemption, pieces: int) -> int:
    """Return the points that so many more pieces bring back."""
    whole, back = redemption.points, redemption.returned
    return whole * (back + pieces) // redemption.quantity - whole * back // redemption.quantity


def yuan_for(redemption: Redemption, pieces: int) -> Decimal:
    """Return the yuan that so many more pieces bring back, if they were paid."""
    if not redemption.cash or not refunding.was_paid(redemption):
        return Decimal(0)
    return _share(redemption, redemption.returned + pieces) - _share(redemption, redemption.returned)


def _share(redemption: Redemption, pieces: int) -> Decimal:
    return (redemption.cash * pieces / redemption.quantity).quantize(CENT, ROUND_DOWN)


def _done_before(redemption: Redemption, step: Step) -> bool:
    if step.request_key:
        before = redemption.reversals.filter(request_key=step.request_key).first()
        if before and (before.state != step.state or step.pieces not in (None, before.pieces)):
            raise KeyReused
        if before:
            return True
    return step.pieces is None and redemption.state == step.state


def _pieces(redemption: Redemption, step: Step) -> int:
    """Return how many pieces go back."""
    if step.pieces is None:
        return redemption.kept
    if type(step.pieces) is not int or step.pieces < 1:
        raise ValueError("A whole number of pieces goes back, one at least.")
    if step.pieces > redemption.kept:
        raise TooMany(redemption.kept)
    if step.pieces < redemption.kept and not in_parts(redemption):
        raise WholeOnly
    return step.pieces


def _noted(redemption: Redemption, pieces: int, step: Step) -> Reversal:
    """Write the step down; with its last pieces the redemption ends. `redemption` itself is as before."""
    returned = redemption.returned + pieces
    changes = {"returned": returned}
    if returned == redemption.quantity:
        changes |= {"state": step.state, "ended_at": step.at, "note": step.note}  # type: ignore[dict-item]
    Redemption.objects.filter(pk=redemption.pk).update(**changes)
    return Reversal.objects.create(
        redemption=redemption,
        request_key=step.request_key or f"#{returned}",
        state=step.state,
        pieces=pieces,
        points=points_for(redemption, pieces),
        cash=yuan_for(redemption, pieces),
        restocked=step.restock,
        note=step.note,
        actor_id=step.actor_id,
        at=step.at,
    )


def _give_back(redemption: Redemption, reversal: Reversal) -> None:
    """Give back what was paid: the yuan to who paid them, the points to their own lots."""
    words = reversal.note or redemption.gift_name
    key = key_of(redemption, reversal.pieces, redemption.returned + reversal.pieces)
    if reversal.pieces < redemption.quantity:
        words = " · ".join(filter(None, [f"{redemption.gift_name} × {reversal.pieces}", reversal.note]))
    if redemption.cash:  # also to give up what is being paid
        refunding.make_due(redemption, amount=reversal.cash, key=key, note=words, at=reversal.at)
    if reversal.points:
        ledger.give_back(
            posting_id=redemption.posting_id,
            key=key,
            at=reversal.at,
            actor_id=reversal.actor_id,
            note=words,
            points=reversal.points,
        )


def _restock(redemption: Redemption, reversal: Reversal) -> None:
    if reversal.restocked or redemption.kind not in Gift.SENT:
        stock.put_back(redemption, reversal.pieces)
        return
    why = gettext("Redemption %(id)s came back unfit") % {"id": redemption.pk}
    stock.write_off(
        gift_id=redemption.gift_id, quantity=reversal.pieces, note=why, actor_id=reversal.actor_id, at=reversal.at
    )
