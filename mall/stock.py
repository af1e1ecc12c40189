"""A gift's stock. What staff put in = stock + what live redemptions hold (`sql/audit/gift_stock.sql`).

Redemptions take stock in `mall_redeem`, their end puts it back; everything else is a StockChange with its reason.
The gift's row, then its shards if it is marked as a rush (`mall.models.shards`), are the last locks of a transaction.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mall.models import Gift, Redemption, StockChange
from mall.redeeming import OutOfStock, Refused

__all__ = ("NotCounted", "change", "put_back", "write_off")

MOST_CHANGED = 1_000_000_000


class NotCounted(Refused):
    code = "not_counted"
    sentence = _("The stock of this gift is not changed by hand: a pool counts its codes, others never run out.")


@transaction.atomic
def change(*, gift_id: int, quantity: int, note: str, actor_id: int | None, at: datetime) -> None:
    """Add pieces (or, negative, take some away) for a reason.

    Raises OutOfStock when fewer are there, NotCounted for a pool of codes or a gift without stock, ValueError for
    zero, a fraction, too large a number or no reason, Gift.DoesNotExist.
    """
    if type(quantity) is not int or not 0 < abs(quantity) <= MOST_CHANGED:
        raise ValueError("A stock change is a whole number other than zero.")
    if not note.strip():
        raise ValueError("A stock change needs a reason.")
    gift = Gift.objects.filter(pk=gift_id)
    if gift.filter(Q(kind__in=Gift.FROM_A_POOL) | Q(stock_counted=False)).exists():
        raise NotCounted
    if not _run("mall_change_stock", gift_id, quantity):
        raise OutOfStock(gift.get().stock)
    StockChange.objects.create(gift_id=gift_id, quantity=quantity, note=note, actor_id=actor_id, at=at)


def put_back(redemption: Redemption, pieces: int) -> None:
    """Put pieces of a redemption back, if it took some; `mall.reversing` calls it last in its transaction.

    A pool counts its free codes by itself.
    """
    if redemption.takes_stock and redemption.kind not in Gift.FROM_A_POOL:
        _run("mall_put_stock", redemption.gift_id, pieces)


def write_off(*, gift_id: int, quantity: int, note: str, actor_id: int | None, at: datetime) -> None:
    """Record that pieces of a redemption came back and went out again: stock stays as it is."""
    StockChange.objects.create(gift_id=gift_id, quantity=-quantity, note=note, actor_id=actor_id, at=at)


def _run(function: str, gift_id: int, quantity: int) -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"select {function}(%s, %s)", [gift_id, quantity])
        return cursor.fetchone()[0]
