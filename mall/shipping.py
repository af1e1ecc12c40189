"""What becomes of a redemption: packed, shipped, received, or cancelled or returned with its points back.

Every step is an update "where it is still so": of two who race for one redemption the second finds no row, and what
he asked for is refused. What goes back, and how, is in `mall.reversing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from config import sql
from mall.counter import Ended
from mall.models import Coupon, Redemption, RedemptionQuerySet, Shipment, Voucher
from mall.reversing import Step, WrongState, reverse

__all__ = ("WrongState", "cancel", "pack", "receive", "return_", "ship")

State = Redemption.State


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
    *,
    redemption_id: int,
    at: datetime,
    actor_id: int | None = None,
    member_id: int | None = None,
    note: str = "",
    pieces: int | None = None,
    request_key: str = "",
) -> bool:
    """Cancel a redemption or `pieces` of it: its points go back to their own lots, its pieces into stock.

    Staff may until it is shipped or used; with `member_id` only that member's own, only until it is packed, and no
    voucher or coupon that has expired. Returns False when this was done before: all of it is cancelled, or the request
    key was used. Raises what `mall.reversing.reverse` does, and Ended.
    """
    own, come_from = Redemption.objects.filter(pk=redemption_id), [State.UNPAID, State.PLACED, State.ISSUED]
    if member_id is None:
        come_from.append(State.PACKED)
    else:
        own = own.filter(member=member_id)
        _refuse_expired(own, at)
    step = Step(state=State.CANCELLED, at=at, pieces=pieces, request_key=request_key, actor_id=actor_id, note=note)
    return reverse(own, step, come_from=come_from) is not None


def return_(
    *,
    redemption_id: int,
    at: datetime,
    actor_id: int | None = None,
    note: str = "",
    restock: bool = True,
    pieces: int | None = None,
    request_key: str = "",
) -> bool:
    """Take a shipped or received redemption back, or `pieces` of it: points go back to their own lots, codes are void.

    With `restock` its pieces go into stock; without, they are written off by a stock change. Returns False when this
    was done before: all of it is returned, or the request key was used. Raises what `mall.reversing.reverse` does.
    """
    step = Step(
        state=State.RETURNED,
        at=at,
        pieces=pieces,
        request_key=request_key,
        actor_id=actor_id,
        note=note,
        restock=restock,
    )
    own = Redemption.objects.filter(pk=redemption_id)
    return reverse(own, step, come_from=[State.SHIPPED, State.RECEIVED]) is not None


def _refuse_expired(own: RedemptionQuerySet, at: datetime) -> None:
    """Refuse to cancel a voucher or a coupon that nobody used in time."""
    ended: dict[str, Any] = {"redemption__in": own, "ends_at__lte": at, "voided_at": None}
    if Voucher.objects.filter(used_at=None, **ended).exists() or Coupon.objects.filter(use=None, **ended).exists():
        raise Ended


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
