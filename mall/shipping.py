"""What becomes of a redemption: packed, shipped, received, or cancelled or returned with its points back.

Every step is an update "where it is still so": of two who race for one redemption the second finds no row, and what
he asked for is refused. Locks in the one order: the redemption, posting key, balance, lots, the gift's stock last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config import sql
from loyalty import ledger
from mall import refunding, stock, undoing
from mall.counter import Ended
from mall.models import Gift, Redemption, RedemptionQuerySet, Shipment, Voucher
from mall.redeeming import Refused

__all__ = ("WrongState", "cancel", "pack", "receive", "return_", "ship")

State = Redemption.State


class WrongState(Refused):
    """The redemption is past this step, or not yet there; `detail` is its state's name."""

    code = "wrong_state"
    sentence = _("Not possible: this redemption is %(detail)s.")


def pack(*, redemption_ids: Sequence[int], at: datetime) -> int:
    """Mark the placed ones among these as packed; return how many. The others stay as they are."""
    return len(sql.run("mall", "pack", ids=list(redemption_ids), at=at))


@transaction.atomic
def ship(*, redemption_id: int, carrier: str, tracking_number: str, at: datetime) -> Shipment:
    """Ship a placed or packed redemption. Raises WrongState otherwise, also when it is shipped already."""
    shipped = _move(
        Redemption.objects.filter(pk=redemption_id),
        come_from=[State.PLACED, State.PACKED],
        state=State.SHIPPED,
        packed_at=Coalesce(F("packed_at"), at),
    )
    if shipped is None:
        raise WrongState(State.SHIPPED.label)
    return Shipment.objects.create(redemption=shipped, carrier=carrier, tracking_number=tracking_number, shipped_at=at)


def receive(*, redemption_id: int, member_id: int, at: datetime) -> None:
    """Note that the member has his parcel; again changes nothing.

    Raises WrongState before it is shipped, Redemption.DoesNotExist when it is not his.
    """
    own = Redemption.objects.filter(pk=redemption_id, member=member_id)
    _move(own, come_from=[State.SHIPPED], state=State.RECEIVED, received_at=at)


@transaction.atomic
def cancel(
    *, redemption_id: int, at: datetime, actor_id: int | None = None, member_id: int | None = None, note: str = ""
) -> bool:
    """Cancel a redemption: its points go back to their own lots, its pieces into stock.

    Staff may until it is shipped or used; with `member_id` only that member's own, only until it is packed, and no
    voucher that has expired. Returns False when it was cancelled before. Raises WrongState, AlreadyUsed, Ended, or
    Redemption.DoesNotExist when it is not his.
    """
    redemptions, come_from = (
        Redemption.objects.filter(pk=redemption_id),
        [State.UNPAID, State.PLACED, State.PACKED, State.ISSUED],
    )
    if member_id is not None:
        redemptions, come_from = redemptions.filter(member=member_id), [State.UNPAID, State.PLACED, State.ISSUED]
    cancelled = _move(redemptions, come_from=come_from, state=State.CANCELLED, ended_at=at, note=note)
    if cancelled is None:
        return False
    if member_id is not None and Voucher.objects.filter(redemption=cancelled, ends_at__lte=at).exists():
        raise Ended
    _give_back(cancelled, at=at, actor_id=actor_id, note=note)
    undoing.take_back(cancelled, at=at, actor_id=actor_id)
    stock.put_back(cancelled)
    return True


@transaction.atomic
def return_(
    *, redemption_id: int, at: datetime, actor_id: int | None = None, note: str = "", restock: bool = True
) -> bool:
    """Take a shipped or received redemption back: its points go back to their own lots, what he got is void.

    With `restock` its pieces go into stock; without, they are written off by a stock change. Returns False when it was
    returned before. Raises WrongState, AlreadyUsed, Redemption.DoesNotExist.
    """
    returned = _move(
        Redemption.objects.filter(pk=redemption_id),
        come_from=[State.SHIPPED, State.RECEIVED],
        state=State.RETURNED,
        ended_at=at,
        note=note,
    )
    if returned is None:
        return False
    _give_back(returned, at=at, actor_id=actor_id, note=note)
    undoing.take_back(returned, at=at, actor_id=actor_id)
    if restock or returned.kind not in Gift.SENT:
        stock.put_back(returned)
    else:
        why = gettext("Redemption %(id)s came back unfit") % {"id": returned.pk}
        stock.write_off(gift_id=returned.gift_id, quantity=returned.quantity, note=why, actor_id=actor_id, at=at)
    return True


def _move(
    redemptions: RedemptionQuerySet, *, come_from: Sequence[str], state: str, **changes: Any
) -> Redemption | None:
    """Move the one redemption on if it is still in `come_from`, and return it; None if it is in `state` already."""
    moved = redemptions.filter(state__in=come_from).update(state=state, **changes)
    redemption: Redemption = redemptions.get()
    if moved:
        return redemption
    if redemption.state == state:
        return None
    raise WrongState(redemption.state_words)


def _give_back(redemption: Redemption, *, at: datetime, actor_id: int | None, note: str) -> None:
    """Give back what was paid: the yuan to who paid them, the points to their own lots."""
    words, key = note or redemption.gift_name, f"redemption:{redemption.pk}"
    if redemption.cash:
        refunding.make_due(redemption, amount=redemption.cash, key=key, note=words, at=at)
    if not redemption.points:
        return
    ledger.give_back(
        posting_id=redemption.posting_id,
        key=key,
        at=at,
        actor_id=actor_id,
        note=words,
    )
