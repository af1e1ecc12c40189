"""Staff take an order from one member and give it to another who claims it, with all that it gave.

The award of the first is taken back whole and the order earns again under its next number (`posted_once` holds), in
one transaction: claims of the order are locked first, then the order, then both balances in their order, made where the
member has none yet (law 10). The first member
reads in his history that the order is not his, never whose it is. Amounts are yuan, `at` is aware.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from config import sql
from config.sql import Relation
from loyalty import ledger
from loyalty.models import Posting
from members.models import Identity, Member
from orders import awarding
from orders.models import Claim, Order, Status

State, Reason = Claim.State, Claim.Reason
COUNTS_NOT = (Status.UNKNOWN, Status.UNPAID, Status.CLOSED, Status.REFUNDED)


class NotMovable(Exception):
    """The order of a claim cannot be given to who claims it; `str` says why in a sentence."""


class Moved(NamedTuple):
    """What giving an order to a member moves: points and growth taken from its first member, and given to this one.

    `owed`: points taken that the first had spent, now a debt of his. `short`: those that are let go instead, by the
    points policy.
    """

    loser: Member | None
    taken: int
    growth_taken: int
    owed: int
    short: int
    points: int
    growth: int


def give(*, claim_id: int, at: datetime, actor_id: int, rebind: bool = False) -> Moved:
    """Give the order of a claim to who claims it, and take it from whoever has it. Returns what that moved.

    `rebind`: the buyer's platform account becomes the member's too, so that later orders of it are his. Raises
    NotMovable, Claim.DoesNotExist.
    """
    with transaction.atomic():
        claims, order = _locked(claim_id)
        claim = _checked(claims, claim_id, order)
        _bind(order, claim.member_id, rebind)
        moved = _move(order, claim.member, at)
        others = [one.pk for one in claims if one.state == State.CREDITED and one.pk != claim.pk]
        Claim.objects.filter(pk__in=others).update(
            state=State.REFUSED, reason=Reason.MOVED, decided_at=at, actor=actor_id, note=""
        )
        Claim.objects.filter(pk=claim.pk).update(
            state=State.CREDITED, reason="", decided_at=at, actor=actor_id, channel=order.channel
        )
        return moved


def foresee(*, claim_id: int, at: datetime) -> Moved:
    """Return what `give` would move, by doing it and taking it back. Raises as `give` does."""
    with transaction.atomic():
        claims, order = _locked(claim_id)
        moved = _move(order, _checked(claims, claim_id, order).member, at)
        transaction.set_rollback(True)
    return moved


def account_of(order: Order) -> Member | None:
    """Return the member whose the platform account of an order's buyer is."""
    if not order.buyer:
        return None
    found = Identity.objects.filter(channel=order.channel.format, external_id=order.buyer).select_related("member")
    account = found.first()
    return account.member if account else None


def _locked(claim_id: int) -> tuple[list[Claim], Order]:
    """Lock the claims of an order, then the order. Its member claims nothing meanwhile: he may have one live claim.

    It is read when it is locked: who joins its member in the statement that waits for it gets nobody.
    """
    member, order = Claim.objects.values_list("member", "order").get(pk=claim_id)
    if order is None:
        raise NotMovable(_("No file has brought this order yet."))
    sql.run("orders", "claim_hold", member=member, patience="0")
    claims = Claim.objects.filter(order=order).select_related("member").order_by("pk")
    held = list(claims.select_for_update(of=("self",), no_key=True))
    one = Order.objects.filter(pk=order)
    if not one.select_for_update(no_key=True).values_list("pk"):
        raise NotMovable(_("No file has brought this order yet."))
    return held, one.select_related("channel", "member").get()


def _checked(claims: Sequence[Claim], claim_id: int, order: Order) -> Claim:
    """Return the claim if its order may be given to its member; else raise NotMovable."""
    claim = next((one for one in claims if one.pk == claim_id), None)
    open_ones = [one for one in claims if claim and one.member_id == claim.member_id and one.state in Claim.LIVE]
    if claim is None or not claim.may_be_given or any(one.pk != claim_id for one in open_ones):
        raise NotMovable(_("This claim was decided meanwhile, or the member has claimed the order again."))
    if order.member_id == claim.member_id:
        raise NotMovable(_("The order is this member's already."))
    if order.status in COUNTS_NOT:
        raise NotMovable(_("The order does not count: it is not paid, or was given back."))
    return claim


def _bind(order: Order, member_id: int, rebind: bool) -> None:
    """Bind the buyer's account to the member if it is nobody's, or if it is to be his from now on."""
    if order.buyer:
        account = {"channel": order.channel.format, "external_id": order.buyer}
        bound, made = Identity.objects.get_or_create(**account, defaults={"member_id": member_id})
        if rebind and not made:
            Identity.objects.filter(pk=bound.pk).update(member=member_id)


def _move(order: Order, member: Member, at: datetime) -> Moved:
    """Take what the order gave back from whom it is, and let it earn for the member.

    It may have given nothing yet and an import be about to post its award: whichever is first takes the key, and the
    balance after it (law 10). If that was the import, its award is there to be taken back.
    """
    moved = None
    while moved is None:
        awarded = Posting.objects.filter(source="order", key=order.award_key).first()
        with transaction.atomic():
            moved = _exchange(order, awarded, member, at) if awarded else _award_first(order, member, at)
    return moved


def _exchange(order: Order, awarded: Posting, member: Member, at: datetime) -> Moved:
    loser = order.member
    owed = ledger.hold([one.pk for one in (loser, member) if one]).get(loser.pk if loser else 0, 0)
    taken, growth_taken, short = _take_back(order, awarded, at)
    points, growth = _award(order, F("award") + 1, member, at)
    owes = ledger.hold([loser.pk]).get(loser.pk, 0) if loser else 0
    return Moved(loser, taken, growth_taken, owes - owed, short, points, growth)


def _award_first(order: Order, member: Member, at: datetime) -> Moved | None:
    """Let an order earn that has given nothing yet; None, and nothing is done, if it has given to another by then."""
    points, growth = _award(order, F("award"), member, at)
    if Posting.objects.filter(source="order", key=order.award_key).exclude(member=member).exists():
        transaction.set_rollback(True)
        return None
    return Moved(order.member, 0, 0, 0, 0, points, growth)


def _award(order: Order, number: Any, member: Member, at: datetime) -> tuple[int, int]:
    """Make it the member's order; returns the points and growth that it gives under this number of an award."""
    given = [0, 0]

    def note(_postings: int, points: int, growth: int) -> None:
        given[0], given[1] = given[0] + points, given[1] + growth

    Order.objects.filter(pk=order.pk).update(member=member, earns=True, award=number, award_gross=None)
    awarding.award_few([order.pk], at=at, note=note)
    return given[0], given[1]


def _take_back(order: Order, awarded: Posting, at: datetime) -> tuple[int, int, int]:
    """Take an award back whole; returns points, growth, and what is let go."""
    paid = order.gross if order.award_gross is None else order.award_gross
    words = _("%(number)s: this order was looked at again and is not yours. Its points were taken back.")
    row = [awarded.pk, paid, paid, f"{awarded.key}@{paid}>", words % {"number": order.number}]
    back = ledger.claw_back_many(Relation.rows(ledger.REFUND_COLUMNS, [row]), at=at)
    made = Posting.objects.filter(pk__in=back).first()
    if made is None:
        return 0, 0, 0
    return -made.points, -made.growth, (made.breakdown or {}).get("short", 0)
