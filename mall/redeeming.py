"""Redeeming a gift: points, limit and stock in one transaction, or nothing.

Laws:
- One request key of a member is one redemption, however often and however parallel it is asked for.
- The ledger takes points soonest-ending first, the limit is counted under the member's lock, stock goes last.
- A refusal writes nothing and does not use up its request key.

Few ask for one gift at a time (`mall.turns`). All of it is one statement, `mall_redeem` (migrations/sql/0015_rush.sql).
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import DatabaseError, connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config import sql
from loyalty import ledger
from loyalty.ledger import InsufficientPoints, KeyReused
from mall import turns
from mall.models import MOST_AT_ONCE, Redemption

__all__ = (
    "REFUSALS",
    "Address",
    "Busy",
    "InsufficientPoints",
    "InvalidQuantity",
    "KeyReused",
    "LimitReached",
    "Merged",
    "NotOpen",
    "OutOfStock",
    "Price",
    "PriceChanged",
    "Refused",
    "TierTooLow",
    "TooMuch",
    "redeem",
)

LONGEST_REQUEST_KEY = 64


class Refused(Exception):
    """The mall says no. Its text is for the member, in the language in force when it is read."""

    code = "refused"
    sentence: str | Promise = _("This is not possible.")

    def __init__(self, detail: object = None) -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return str(self.sentence) % {"detail": self.detail}


class NotOpen(Refused):
    """The gift is unknown, off the shelf, or outside its window."""

    code = "not_open"
    sentence = _("This gift cannot be redeemed at this time.")


class TierTooLow(Refused):
    """`detail` is the name of the lowest tier that may."""

    code = "tier_too_low"
    sentence = _("This gift is for members from tier %(detail)s.")


class OutOfStock(Refused):
    code = "out_of_stock"
    sentence = _("Too few of this gift are left.")


class LimitReached(Refused):
    """`detail` is the limit in pieces, `period` what it counts: order, day, week, month or ever; or
    the orders that one may have `unpaid`."""

    code = "limit_reached"
    sentences = {
        "order": _("You can redeem %(detail)s of this gift at once at most."),
        "day": _("Each member can redeem %(detail)s of this gift a day at most."),
        "week": _("Each member can redeem %(detail)s of this gift a week at most."),
        "month": _("Each member can redeem %(detail)s of this gift a month at most."),
        "ever": _("Each member can redeem %(detail)s of this gift at most."),
        "unpaid": _("You have %(detail)s orders that are still to be paid. Pay or cancel one of them first."),
    }

    def __init__(self, detail: object = None, period: str | None = None) -> None:
        super().__init__(detail)
        self.period = period or "ever"
        self.sentence = self.sentences[self.period]


class PriceChanged(Refused):
    """The member agreed to another price; `detail` is today's, in points."""

    code = "price_changed"
    sentence = _("The price has changed. Please look at it again.")


class TooMuch(Refused):
    """Points or yuan of all pieces are more than an order can hold."""

    code = "too_much"
    sentence = _("That is too much for one order: choose fewer.")


class Merged(Refused):
    """The member is no live one: he was merged into another."""

    code = "merged"
    sentence = _("This membership was merged into another one. Please sign in again.")


class Busy(Refused):
    """Too many want this gift at this moment. Unlike the others it is worth asking again, with the same request key."""

    code = "busy"
    sentence = _("Many members are redeeming this right now. Nothing was taken: please try again.")


class InvalidQuantity(Refused, ValueError):
    code = "invalid_quantity"
    sentence = _("Choose a quantity from 1 to 10,000.")


REFUSALS = (Refused, InsufficientPoints)

_BY_SQLSTATE = {
    "MR001": NotOpen,
    "MR002": TierTooLow,
    "MR003": OutOfStock,
    "MR004": LimitReached,
    "MR005": Merged,
    "MR006": PriceChanged,
    "22003": TooMuch,  # out of a column's range
}


@dataclass(frozen=True)
class Address:
    """Where the parcel goes: at most 60, 30 and 300 characters."""

    recipient: str
    phone: str
    address: str


class Price(NamedTuple):
    """Points and yuan, for all pieces together."""

    points: int
    cash: Decimal = Decimal(0)

    @property
    def word(self) -> str:
        """Return the price as a page sends it back: `200`, or `200+19.80`."""
        return f"{self.points}+{self.cash:.2f}" if self.cash else str(self.points)


def redeem(
    *,
    member_id: int,
    gift_id: int,
    quantity: int,
    at: datetime,
    request_key: str,
    address: Address | None = None,
    agreed: Price | None = None,
) -> Redemption:
    """Redeem `quantity` pieces of a gift for a member at `at` (aware).

    A price with a part in yuan makes it UNPAID (`mall.paying`). `agreed` is the price that the member saw: at another
    one he is refused. It is never what he pays.
    The same request key (1 to 64 characters) again returns the first redemption, whatever became of it. Raises one of
    REFUSALS for the member; KeyReused when the key redeemed another gift or quantity; ValueError for a bad key.
    """
    if type(quantity) is not int or not 1 <= quantity <= MOST_AT_ONCE:
        raise InvalidQuantity(quantity)
    if not 1 <= len(request_key) <= LONGEST_REQUEST_KEY or "\0" in request_key:
        raise ValueError("A request key has 1 to 64 characters.")
    to = address or Address("", "", "")
    points, cash = agreed or (None, None)
    asked = [member_id, gift_id, quantity, at, request_key, to.recipient, to.phone, to.address, points, cash]
    try:
        return _in_turn(asked, gift_id)
    except (OutOfStock, LimitReached, InsufficientPoints) as refused:
        if not _let_go(refused, member_id=member_id, gift_id=gift_id, at=at):
            raise
    return _in_turn(asked, gift_id)


def _let_go(refused: Exception, *, member_id: int, gift_id: int, at: datetime) -> bool:
    """Let go what others, or he himself, did not pay in time, if that may have been in the way.

    Not within a caller's transaction: it would hold other members' balances before his (law 10 of the ledger).
    """
    from mall import paying

    if connection.in_atomic_block or not sql.run("mall", "overdue", at=at):
        return False
    in_the_way = {"gift": gift_id} if isinstance(refused, OutOfStock) else {"member": member_id}
    return paying.let_go(at=at, only=Redemption.objects.filter(**in_the_way)) > 0


def _in_turn(arguments: list[Any], gift_id: int) -> Redemption:
    """Redeem when it is the gift's turn. Who holds locks in a caller's transaction does not wait for those without."""
    if connection.in_atomic_block:
        return _call(arguments)
    try:
        with turns.turn(gift_id):
            return _call(arguments)
    except turns.Full as full:
        raise Busy from full


def _call(arguments: list[Any]) -> Redemption:
    """Redeem and return the row in one round trip: reading it again took as long as making it."""
    fields = Redemption._meta.concrete_fields
    columns = ", ".join(str(field.column) for field in fields)
    try:
        with _undone_when_refused(), connection.cursor() as cursor:
            places = ", ".join(["%s"] * len(arguments))
            cursor.execute(f"select {columns} from mall_redeem({places})", arguments)
            return Redemption.from_db(connection.alias, [field.attname for field in fields], cursor.fetchone())
    except DatabaseError as error:
        refused = refusal(error)
        if refused is None:
            raise
        raise refused from error


def _undone_when_refused() -> AbstractContextManager[Any]:
    """Return a savepoint in a caller's transaction.

    Without one the statement is its own transaction: it commits in the same round trip, and no Python runs while
    others wait for the gift.
    """
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def refusal(error: DatabaseError) -> Exception | None:
    """Return the named exception for a refusal of the mall's SQL functions or the ledger's; None for other errors."""
    diagnosis = getattr(error.__cause__, "diag", None)
    refused = _BY_SQLSTATE.get(getattr(diagnosis, "sqlstate", None) or "")
    if refused is None:
        return ledger.refusal(error)
    if refused is LimitReached:
        return LimitReached(diagnosis.message_detail, diagnosis.message_hint)  # type: ignore[union-attr]
    return refused(diagnosis.message_detail)  # type: ignore[union-attr]
