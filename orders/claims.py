"""A member claims an order by its number: at once if it is known and free, else by the import that brings it.

One law for all ways: `sql/claim_decide.sql` decides waiting claims, one that a member has just entered or all that a
file names. Claims are locked first, then their orders, then the ledger's rows (law 10); an order that becomes a
member's earns in the same transaction, or does not become his. Whoever tries numbers is counted before anything is
looked up, and an order whose proof does not fit is treated like one that is not there. Amounts are yuan, `at` is aware.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from config import pace, sql
from config.sql import Relation
from loyalty.models import Posting
from members.models import Programme
from orders import awarding
from orders.awarding import Note, unheard
from orders.channels import FORMATS
from orders.channels.columns import Id
from orders.models import Channel, Claim, ClaimCount, ClaimPolicy, TakenOrder

State, Reason = Claim.State, Claim.Reason

MOST = 20  # numbers at once
PATIENCE = "40ms"  # for an order that somebody holds; less than a beat
LOCK_NOT_AVAILABLE = "55P03"
BATCH = 2_000
COUNTS_KEPT = timedelta(days=3)
GAPS = re.compile(r"[\s,;，；、]+")
SMALL = re.compile(r"[a-z][0-9]{6,}")
ASKED = {"place": "integer", "number": "text", "channel_id": "bigint", "open": "boolean"}
DECIDED = {"id": "bigint", "owner_id": "bigint"}
COUNTED = {"who": "text", "most": "integer"}


class Refused(Exception):
    """The numbers were not looked at; `str` says why in a sentence."""


class LimitReached(Refused):
    """More numbers than a member, or all behind one address, may enter in a day."""

    def __str__(self) -> str:
        return _("You have entered as many order numbers as you may in a day. Please go on tomorrow.")


class NoChannel(Refused):
    """No channel takes claims."""

    def __str__(self) -> str:
        return _("None of our shops takes order numbers at the moment.")


class TooMany(Refused):
    """More numbers than may be entered at once."""

    def __init__(self, most: int) -> None:
        super().__init__(_("Please enter at most %(most)d order numbers at once.") % {"most": most})


class BadNumber(Refused):
    """A text that none of the shops has as an order number."""

    def __init__(self, text: str) -> None:
        super().__init__(_("“%(text)s” is not an order number.") % {"text": text[:40]})


def numbers_in(text: str, *, most: int = MOST) -> list[str]:
    """Return the order numbers of a typed text, each once, in its order. Raises BadNumber, TooMany.

    They are parted by white space or commas, full-width or not; quotes and `=` around them are taken off.
    """
    found = [_number(part) for part in GAPS.split(unicodedata.normalize("NFKC", text)) if part]
    numbers = list(dict.fromkeys(number for number in found if number))
    if len(numbers) > most:
        raise TooMany(most)
    return numbers


def _number(text: str) -> str:
    number = text.strip("\"'=:“”‘’\ufeff\u200b")
    if len(number) > 64 or not number.isprintable():
        raise BadNumber(text)
    return number.upper() if SMALL.fullmatch(number) else number


def claim(
    *,
    member_id: int,
    numbers: Sequence[str],
    channel_code: str | None,
    proof: str = "",
    at: datetime,
    address: str = "",
) -> list[Claim]:
    """Claim orders for a member by their numbers; returns a claim for each, told as `tell` does.

    The answer comes on a beat (settings.CLAIM_BEAT, seconds), after a whole number of them: a known, a taken and an
    unknown number cannot be told apart by the time that they take. Nothing is locked while it waits.

    `channel_code` None: whichever channel has the number. `proof`: what the channel asks for, the last four digits of
    the phone or the amount paid. `address`: the internet address that asks. Known and free orders are the member's and
    earn at once; an unknown number waits. A number claimed before is the same claim. Raises LimitReached, TooMany,
    BadNumber, Channel.DoesNotExist; then nothing was looked up.
    """
    wanted = numbers_in(" ".join(numbers))
    if not wanted:
        return []
    with pace.on_the_beat(settings.CLAIM_BEAT):
        return _claim(member_id, wanted, channel_code, proof, at, address)


def _claim(
    member_id: int, wanted: list[str], channel_code: str | None, proof: str, at: datetime, address: str
) -> list[Claim]:
    channel = None if channel_code is None else Channel.objects.get(code=channel_code)
    channels = [channel] if channel else list(Channel.objects.claimable())
    check_numbers(wanted, channels)
    count(member_id=member_id, address=address, numbers=len(wanted), channels=channels, at=at)
    is_open = channel is None or (channel.active and channel.claims)
    rows = [[place, number, channel and channel.pk, is_open] for place, number in enumerate(wanted)]
    given = {"member": member_id, "proof": _harmless(proof), "address": address[:45], "at": at}
    wanted_rows = Relation.rows(ASKED, rows)
    try:
        ids = _made(wanted_rows, given, patience=PATIENCE)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
            raise
        ids = _made(wanted_rows, given, patience=None)
    claims = Claim.objects.select_related("order__channel", "channel").in_bulk(ids)
    return tell([claims[claim_id] for claim_id in ids], at=at)


def _made(asked: Relation, given: dict[str, Any], *, patience: str | None) -> list[int]:
    """Make claims and decide them, unless somebody holds their orders for longer than `patience`: OperationalError.

    An import or its preview may hold them for seconds. Without patience they are not decided: they wait, like those of
    unknown numbers, and the beat decides them within a minute.
    """
    with transaction.atomic():
        sql.run("orders", "claim_hold", member=given["member"], patience=patience or "0")
        ids = [claim_id for _place, claim_id in sql.run("orders", "claim_make", relation=asked, **given)]
        if patience:
            _earn(_decided(ids, at=given["at"]), at=given["at"])
    return ids


def _harmless(proof: str) -> str:
    """Return a proof as it is kept: half-width, without spaces, ¥ and 元."""
    text = unicodedata.normalize("NFKC", proof)
    return "".join(one for one in text if one.isprintable() and one not in " ¥￥元,")[:20]


def check_numbers(numbers: Sequence[str], channels: Sequence[Channel]) -> None:
    """Raise NoChannel where there is no channel, BadNumber for a number that none of them writes so."""
    if not channels:
        raise NoChannel
    for number in numbers:
        if not any(fits(channel, number) for channel in channels):
            raise BadNumber(number)


def fits(channel: Channel, number: str) -> bool:
    """Return whether a channel's platform writes order numbers like this one, or its files are of no known kind."""
    columns = [form.number for form in FORMATS.values() if form.platform == channel.format]
    return not columns or any(isinstance(one, Id) and one.shape.fullmatch(number) for one in columns)


def count(*, member_id: int, address: str, numbers: int, channels: Sequence[Channel], at: datetime) -> None:
    """Count the numbers that a member enters against the limits of the day. Raises LimitReached.

    A day is the brand's; of several channels the most generous counts. Counted apart from the claim, so that others
    behind the same address need not wait for it.
    """
    who: list[list[Any]] = [[f"member:{member_id}", max(channel.claims_a_day for channel in channels)]]
    if address:
        who.append([f"address:{address[:45]}", ClaimPolicy.current().per_address])
    with transaction.atomic():
        over = sql.run(
            "orders",
            "claim_count",
            relation=Relation.rows(COUNTED, who),
            numbers=numbers,
            at=at,
            zone=Programme.current().time_zone,
        )
        if any(excess > 0 for (excess,) in over):
            raise LimitReached


def settle(waiting: QuerySet[Claim], *, at: datetime, note: Note = unheard, earning: bool = True) -> int:
    """Decide waiting claims whose orders have come; returns how many orders became a member's.

    The first made of several claims of one order wins. Some thousands a transaction: bound and earned, or neither.
    `note` is told what was posted. Not `earning`: nothing is posted, and claims that somebody has are left out: for a
    preview that is rolled back, and holds orders already.
    """
    bound = after = 0
    while True:
        batch = waiting.filter(pk__gt=after).order_by("pk")[:BATCH]
        ids = list(batch.values_list("pk", flat=True))
        if ids:
            with transaction.atomic():
                orders = _decided(list(_locked(ids, skip=not earning)), at=at)
                bound += _earn(orders, at=at, note=note) if earning else len(orders)
            after = ids[-1]
        if len(ids) < BATCH:
            return bound


def look(*, at: datetime) -> int:
    """Look once more at claims that were made or changed since the last time; returns how many became a member's.

    Once is enough. A claim that missed its order did so while the import that stored it was settling the claims of its
    file, and neither saw the other; whoever sees the claim now sees that order, too. An order that is stored later
    finds the claim. So what waits is not looked at again and again, however much it is.
    """
    bound = 0
    while True:
        with transaction.atomic():
            ids = list(_locked(Claim.objects.to_look().order_by("pk").values_list("pk", flat=True)[:BATCH]))
            bound += _earn(_decided(ids, at=at), at=at)
            Claim.objects.filter(pk__in=ids).update(to_look=False)
        if len(ids) < BATCH:
            return bound


def look_at_all(*, at: datetime) -> int:
    """Look at all that waits: for channels that ask for another proof now, and what a hand in the database changed."""
    _close(at)
    return settle(Claim.objects.found(), at=at)


def _locked(ids: Iterable[int], *, skip: bool = False) -> Iterable[int]:
    rows = Claim.objects.filter(pk__in=ids).select_for_update(of=("self",), no_key=True, skip_locked=skip)
    return rows.order_by("pk").values_list("pk", flat=True)


def _decided(ids: Sequence[int], *, at: datetime) -> list[int]:
    """Decide claims of orders that are held since an earlier statement; returns those that became a member's."""
    claims, policy = Relation("select unnest(%s::bigint[]) as id", (list(ids),)), ClaimPolicy.current()
    known = ",".join(str(order) for (order,) in sql.run("orders", "claim_lock", relation=claims))
    asked = {"at": at, "orders": known, "many": policy.many, "accounts": policy.accounts}
    decided = sql.run("orders", "claim_decide", relation=claims, **asked)
    bound = sql.run("orders", "claim_bound", relation=Relation.rows(DECIDED, decided)) if decided else []
    return [order for order, _owner in decided if (order,) not in bound]


def _earn(orders: list[int], *, at: datetime, note: Note = unheard) -> int:
    if orders:
        awarding.award_few(orders, at=at, note=note)
    return len(orders)


def accept(*, claim_ids: Iterable[int], at: datetime, actor_id: int, note: str = "") -> int:
    """Accept claims in review: their orders become the members' and earn. Returns how many.

    A claim whose order is another member's by now, or does not count any more, stays in review.
    """
    with transaction.atomic():
        ids = list(_locked(list(claim_ids)))
        claims = Relation("select unnest(%s::bigint[]) as id", (ids,))
        sql.run("orders", "claim_lock", relation=claims)
        rows = sql.run("orders", "claim_accept", relation=claims, at=at, actor=actor_id, note=note[:200])
        _earn([order for _claim, order in rows], at=at)
    return len(rows)


def refuse(*, claim_ids: Iterable[int], at: datetime, actor_id: int, note: str) -> int:
    """Refuse claims in review or waiting, for a reason that the member is told. Returns how many."""
    with transaction.atomic():
        ids = list(_locked(list(claim_ids)))
        open_ones = Claim.objects.filter(pk__in=ids, state__in=[State.IN_REVIEW, State.WAITING])
        _take_back_word(open_ones)
        return open_ones.update(
            state=State.REFUSED, reason=Reason.STAFF, decided_at=at, actor=actor_id, note=note[:200]
        )


def _take_back_word(refused: QuerySet[Claim]) -> None:
    """Forget that staff had given these members the orders, should an undone file bring them again."""
    said = list(refused.filter(reason=Reason.UNDONE).values_list("number", "member"))
    for channel in Channel.objects.all() if said else ():  # so that the unique index is used
        kept = TakenOrder.objects.filter(channel=channel, number__in=[number for number, _member in said])
        wrong = [one.pk for one in kept if (one.number, one.given_to_id) in said]
        TakenOrder.objects.filter(pk__in=wrong).update(given_to=None)


def give_up(*, at: datetime) -> int:
    """Give up claims whose order did not come in time, and forget old counts. Returns how many claims."""
    ClaimCount.objects.filter(day__lt=(at - COUNTS_KEPT).date()).delete()
    begun = Greatest("made_at", Coalesce("decided_at", "made_at"))  # an undone import lets a claim wait anew
    since = at - timedelta(days=ClaimPolicy.current().waiting_days)
    due = Claim.objects.waiting().alias(begun=begun).filter(made_at__lt=since, begun__lt=since)
    with transaction.atomic():
        ids = list(due.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))
        return Claim.objects.filter(pk__in=ids).update(state=State.GIVEN_UP, decided_at=at)


def _close(at: datetime) -> None:
    """Refuse what waits for channels that take no claims any more, whether its order is there or not."""
    shut = Channel.objects.exclude(pk__in=Channel.objects.claimable())
    waiting = Claim.objects.waiting().filter(channel__in=shut)
    with transaction.atomic():
        ids = list(_locked(waiting.values_list("pk", flat=True)))
        Claim.objects.filter(pk__in=ids).update(state=State.REFUSED, reason=Reason.OFF, decided_at=at)


def tell(claims: Sequence[Claim], *, at: datetime) -> list[Claim]:
    """Fill in what a member is told at a moment: words, and what a credited order gave, available from when.

    Points and growth are what the order gave less what refunds took back. The claims come with order and channel.
    Dates are told in the active time zone.
    """
    awards = _awards([claim.order.award_key for claim in claims if claim.state == State.CREDITED and claim.order])
    for claim in claims:
        award = awards.get(claim.order.award_key) if claim.order and claim.order.member_id == claim.member_id else None
        if award and claim.state == State.CREDITED:
            claim.points, claim.growth, claim.available_at = award
        claim.words = words(claim, at=at)
    return list(claims)


def _awards(keys: list[str]) -> dict[str, tuple[int, int, datetime | None]]:
    """Return points, growth and the time they are available, by the key of the award."""
    postings = list(Posting.objects.filter(source="order", key__in=keys).select_related("lot"))
    gave = {posting.pk: [posting.points, posting.growth] for posting in postings}
    for back in Posting.objects.filter(refers_to__in=list(gave), source="refund"):
        gave[back.refers_to_id][0] += back.points  # type: ignore[index]
        gave[back.refers_to_id][1] += back.growth  # type: ignore[index]
    return {
        posting.key: (*gave[posting.pk], getattr(getattr(posting, "lot", None), "available_at", None))  # type: ignore[misc]
        for posting in postings
    }


def words(claim: Claim, *, at: datetime) -> str:
    """Return what became of a claim, as its member is told: never whose an order is, nor whether one exists."""
    if claim.state == State.CREDITED:
        return _credited(claim, at)
    if claim.state == State.REFUSED:
        return _refused(claim)
    if claim.told == State.IN_REVIEW:
        return _("Our staff have a look at it, usually within two working days.")
    if claim.state == State.GIVEN_UP:
        return _("No such order came in time. Please check the number and what you entered with it, then try again.")
    if claim.reason == Reason.UNDONE:
        return _(
            "The shop's file with this order was taken back. As soon as the order comes again, its points are yours."
        )
    return _("We have not found this order yet. As soon as it comes with the shop's orders, its points are yours.")


def _credited(claim: Claim, at: datetime) -> str:
    if claim.points and claim.available_at and claim.available_at > at:
        day = date_format(localtime(claim.available_at), "DATE_FORMAT")
        return _("%(points)s points are yours, to use from %(day)s.") % {"points": f"{claim.points:,}", "day": day}
    if claim.points:
        return _("%(points)s points are yours, to use at once.") % {"points": f"{claim.points:,}"}
    if claim.growth:
        return _("This order is credited to you.")
    if claim.reason == Reason.LATER:
        return _("This order is yours. Its points come when it is completed.")
    if claim.reason == Reason.OWN:
        return _("This order was credited to you before.")
    return _("This order is yours. It gives no points.")


def _refused(claim: Claim) -> str:
    days = claim.channel.claim_days if claim.channel else 0
    sentences = {
        Reason.CHANNEL: _("Several of our shops have this number. Please choose the shop, then enter it again."),
        Reason.OFF: _("Orders of this shop cannot be credited by their number."),
        Reason.UNPAID: _("This order is not paid yet. Please enter it again after you have paid."),
        Reason.CLOSED: _("This order was closed without payment, so it gives no points."),
        Reason.REFUNDED: _("This order was refunded, so it gives no points."),
        Reason.OLD: _("This order is older than %(days)d days and cannot be credited any more.") % {"days": days},
        Reason.STAFF: claim.note,
        Reason.MOVED: _("Our staff looked at this order again. It is not credited to you any more."),
    }
    return sentences.get(Reason(claim.reason)) or _(
        "This order cannot be credited to you. Please check the number; if it is right, ask our staff."
    )
