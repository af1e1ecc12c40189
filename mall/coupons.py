"""The brand's own coupons: issued to members, used for one order at a time, given back when the order is cancelled.

Laws:
- A coupon keeps the worth that its type had when it was issued.
- It stands for one order at most. Uses and returns are a trail that only grows; the database moves the coupon by it.
- One request key is one use or one return, however often and however parallel it is asked for.
- What comes back is as it was: usable until its own end, which does not move.

Money is yuan in Decimal, to the cent. The order amount is the goods without shipping.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from mall import redeeming
from mall.counter import AlreadyUsed, Ended, UnknownCode, Voided, typed
from mall.models import LONGEST_REFERENCE, MOST_YUAN, Coupon, CouponKind, CouponType, CouponUse, Redemption
from mall.models.coupons import CENT, Worth
from mall.redeeming import Refused

__all__ = (
    "Checked",
    "InvalidOrder",
    "NotUsed",
    "NotYetValid",
    "Order",
    "OrderTooSmall",
    "RequestReused",
    "UsedElsewhere",
    "WrongTier",
    "amount_off",
    "check",
    "find",
    "give_back",
    "issue",
    "use",
    "void",
)

LONGEST_REQUEST_KEY = 100
LONGEST_THROUGH = 60


class NotYetValid(Refused):
    code = "not_yet_valid"
    sentence = _("This coupon is not valid yet.")


class OrderTooSmall(Refused):
    """`detail` is the least order amount, in yuan."""

    code = "order_too_small"
    sentence = _("This coupon is for orders from ¥%(detail)s.")


class WrongTier(Refused):
    """The member does not have the tier, or not any more; `detail` is its name."""

    code = "wrong_tier"
    sentence = _("This coupon is for members of another tier: %(detail)s.")


class NotUsed(Refused):
    code = "not_used"
    sentence = _("This coupon was not used for this order.")


class UsedElsewhere(Refused):
    code = "used_elsewhere"
    sentence = _("Another system used this coupon, and gives it back; or staff do, in the back office.")


class RequestReused(Refused):
    """The request key stands for another request."""

    code = "request_reused"
    sentence = _("This request key was used for something else. Take a new one.")


class InvalidOrder(Refused, ValueError):
    """The order cannot be one; `detail` is a sentence that says why."""

    code = "invalid_order"
    sentence = "%(detail)s"


class NotGivenOut(Refused):
    code = "not_given_out"
    sentence = _("This coupon is not given out any more.")


class NoneLeft(Refused):
    code = "none_left"
    sentence = _("All of these coupons are given out.")


class MemberHasEnough(Refused):
    """`detail` is the limit per member."""

    code = "member_has_enough"
    sentence = _("This member has as many of these coupons as one may have: %(detail)s.")


class Order(NamedTuple):
    """An order at a till: its number there, the goods and the shipping in yuan."""

    reference: str
    amount: Decimal
    shipping: Decimal = Decimal(0)

    def checked(self) -> Order:
        """Return it without outer blanks. Raises InvalidOrder for no number, or an amount that cannot be one."""
        reference = self.reference.strip()
        if not 1 <= len(reference) <= LONGEST_REFERENCE or not reference.isprintable():
            raise InvalidOrder(_("An order number has 1 to 64 characters."))
        for amount, least in ((self.amount, CENT), (self.shipping, Decimal(0))):
            if not amount.is_finite() or not least <= amount <= MOST_YUAN or amount != amount.quantize(CENT):
                raise InvalidOrder(_("An amount is in yuan, with two decimals at most, and an order's is above 0."))
        return self._replace(reference=reference)


class Checked(NamedTuple):
    """A coupon that can be used for an order, and what it takes off, in yuan."""

    coupon: Coupon
    amount_off: Decimal


def amount_off(worth: Worth, order_amount: Decimal, shipping: Decimal = Decimal(0)) -> Decimal:
    """Return what a coupon takes off, in yuan: never more than the goods, and free shipping than the shipping.

    A percentage is rounded to the cent, half up.
    """
    base = shipping if worth.kind == CouponKind.SHIPPING else order_amount
    off = base
    if worth.kind == CouponKind.AMOUNT:
        off = worth.value
    elif worth.kind == CouponKind.PERCENT:
        off = (base * worth.value / 100).quantize(CENT, ROUND_HALF_UP)
    return min(off, base, worth.most_off if worth.most_off is not None else base).quantize(CENT)


def find(code: str) -> Coupon:
    """Return the coupon of a code, whatever its state, with type, use and member. Raises UnknownCode."""
    found = Coupon.objects.told().select_related("member__tier", "use__actor").filter(code=typed(code)).first()
    if found is None:
        raise UnknownCode
    return found


def check(*, code: str, order: Order, at: datetime) -> Checked:
    """Return what a coupon would take off an order at `at`; nothing is written.

    Raises UnknownCode, Voided, AlreadyUsed, Ended, NotYetValid, OrderTooSmall, WrongTier or InvalidOrder.
    """
    return _checked(find(code), order.checked(), at)


def use(
    *, code: str, order: Order, request_key: str, at: datetime, actor_id: int | None = None, through: str = ""
) -> CouponUse:
    """Use a coupon for an order. The same request key (1 to 100 characters) again returns the first use.

    `through` says by whom or where (60 characters). Raises what `check` raises, RequestReused for a key that stands for
    another request, ValueError for a bad key.
    """
    told = order.checked()
    with _one_request(request_key):
        coupon = _locked(code)
        if earlier := _earlier(request_key, coupon, CouponUse.What.USED, told):
            return earlier
        used = CouponUse.objects.create(
            coupon=coupon,
            what=CouponUse.What.USED,
            order_reference=told.reference,
            order_amount=told.amount,
            shipping=told.shipping,
            amount_off=_checked(coupon, told, at).amount_off,
            **_said(request_key, at, actor_id, through),
        )
        _redemption_is_used_up(coupon, at)
        return used


def give_back(
    *,
    code: str,
    order_reference: str,
    request_key: str,
    at: datetime,
    actor_id: int | None = None,
    through: str = "",
    own_only: str = "",
) -> CouponUse:
    """Give a coupon back whose order was cancelled, and return the return. Again, by any key, changes nothing.

    `own_only` is how the request keys of a system begin (`api:41:`): it gives back what it has used itself, or what
    another of its kind of the same name (`through`) has. Raises UnknownCode, NotUsed when it was never used for this
    order, UsedElsewhere, RequestReused, ValueError for a bad key.
    """
    reference = order_reference.strip()
    with _one_request(request_key):
        coupon = _locked(code)
        if earlier := _earlier(request_key, coupon, CouponUse.What.RETURNED, Order(reference, Decimal(0))):
            return earlier
        stands = coupon.use
        if stands is None or stands.order_reference != reference:
            return _returned_before(coupon, reference, own_only, through)
        _is_own(stands, own_only, through)
        return CouponUse.objects.create(
            coupon=coupon,
            what=CouponUse.What.RETURNED,
            ends=stands,
            order_reference=reference,
            order_amount=stands.order_amount,
            shipping=stands.shipping,
            amount_off=stands.amount_off,
            **_said(request_key, at, actor_id, through),
        )


@transaction.atomic
def issue(*, type_id: int, member_id: int, at: datetime, actor_id: int | None, key: str, note: str = "") -> Coupon:
    """Give one coupon to a member. The same key (1 to 64 characters) again returns the first.

    Raises NotGivenOut, WrongTier, NoneLeft, MemberHasEnough.
    """
    CouponType.objects.select_for_update(no_key=True).get(pk=type_id)
    mine = Coupon.objects.told().filter(type=type_id, member=member_id)
    if earlier := mine.filter(given_key=key).first():
        return earlier
    _limits(type_id, member_id, at)
    made = Coupon.objects.create(
        type_id=type_id,
        member_id=member_id,
        issued_at=at,
        source=Coupon.Source.GIVEN,
        given_by_id=actor_id,
        given_key=key,
        note=note,
    )
    return mine.get(pk=made.pk)


@transaction.atomic
def void(*, coupon_id: int, at: datetime) -> bool:
    """Void a coupon that staff gave; False when it was void before.

    Raises AlreadyUsed; ValueError for one that was redeemed, which goes back with its redemption.
    """
    coupon = Coupon.objects.select_for_update(no_key=True).get(pk=coupon_id)
    if coupon.redemption_id:
        raise ValueError("A redeemed coupon goes back with its redemption.")
    if coupon.use_id:
        raise AlreadyUsed
    return bool(Coupon.objects.filter(pk=coupon_id, voided_at=None).update(voided_at=at))


def _checked(coupon: Coupon, order: Order, at: datetime) -> Checked:
    state = coupon.state_at(at)
    if state in REFUSED:
        raise REFUSED[state]()
    if order.amount < coupon.minimum_spend:
        raise OrderTooSmall(coupon.minimum_spend)
    if coupon.tier and not _has_tier(coupon):
        raise WrongTier(coupon.tier.name)
    return Checked(coupon, amount_off(coupon, order.amount, order.shipping))


REFUSED: dict[str, type[Refused]] = {
    Coupon.State.VOIDED: Voided,
    Coupon.State.USED: AlreadyUsed,
    Coupon.State.ENDED: Ended,
    Coupon.State.LATER: NotYetValid,
}


def _has_tier(coupon: Coupon) -> bool:
    has, asked = coupon.member.tier, coupon.tier
    if has is None or asked is None:
        return asked is None
    return has.pk == asked.pk if coupon.tier_exactly else has.rank >= asked.rank


def _locked(code: str) -> Coupon:
    """Return the coupon of a code, locked; its redemption before it, as cancelling does.

    Read when it is locked: a use that was waited for would not be joined by the statement that waits.
    """
    known = Coupon.objects.filter(code=typed(code)).values_list("pk", "redemption").first()
    if known is None:
        raise UnknownCode
    coupon_id, redemption_id = known
    if redemption_id:
        Redemption.objects.select_for_update(no_key=True).get(pk=redemption_id)
    Coupon.objects.select_for_update(no_key=True).get(pk=coupon_id)
    return Coupon.objects.select_related("use", "tier", "member__tier").get(pk=coupon_id)


@contextmanager
def _one_request(key: str) -> Iterator[None]:
    """Do all or nothing; of two requests with one key that meet, for two coupons, one is refused."""
    if not 1 <= len(key) <= LONGEST_REQUEST_KEY or "\0" in key:
        raise ValueError("A request key has 1 to 100 characters.")
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "request_key" not in str(error):
            raise
        raise RequestReused from error


def _said(request_key: str, at: datetime, actor_id: int | None, through: str) -> dict[str, object]:
    return {"request_key": request_key, "at": at, "actor_id": actor_id, "through": through[:LONGEST_THROUGH]}


def _earlier(request_key: str, coupon: Coupon, what: str, order: Order) -> CouponUse | None:
    """Return what a request key has done already. Raises RequestReused when that was something else."""
    earlier = CouponUse.objects.filter(request_key=request_key).first()
    if earlier is None:
        return None
    same = (earlier.coupon_id, earlier.what, earlier.order_reference) == (coupon.pk, what, order.reference)
    if what == CouponUse.What.USED:
        same = same and (earlier.order_amount, earlier.shipping) == (order.amount, order.shipping)
    if not same:
        raise RequestReused
    return earlier


def _returned_before(coupon: Coupon, reference: str, own_only: str, through: str) -> CouponUse:
    returns = coupon.uses.filter(what=CouponUse.What.RETURNED, order_reference=reference)
    last = returns.select_related("ends").order_by("-pk").first()
    if last is None or last.ends is None:
        raise NotUsed
    _is_own(last.ends, own_only, through)
    return last


def _is_own(use: CouponUse, own_only: str, through: str) -> None:
    """Refuse a use that another system made: a till's key may be replaced by another one of the same name."""
    kind = own_only.partition(":")[0] + ":"
    same_name = use.request_key.startswith(kind) and use.through == through[:LONGEST_THROUGH]
    if own_only and not use.request_key.startswith(own_only) and not same_name:
        raise UsedElsewhere


def _redemption_is_used_up(coupon: Coupon, at: datetime) -> None:
    """Move a redemption on whose last coupon was used; it is locked."""
    if (
        coupon.redemption_id
        and not Coupon.objects.filter(redemption=coupon.redemption_id, use=None, voided_at=None).exists()
    ):
        waiting = Redemption.objects.filter(pk=coupon.redemption_id, state=Redemption.State.ISSUED)
        waiting.update(state=Redemption.State.RECEIVED, received_at=at)


LIMITS: dict[type[Exception], type[Refused]] = {
    redeeming.NotOpen: NotGivenOut,
    redeeming.TierTooLow: WrongTier,
    redeeming.OutOfStock: NoneLeft,
    redeeming.LimitReached: MemberHasEnough,
}


def _limits(type_id: int, member_id: int, at: datetime) -> None:
    """Ask the database whether a member may get one more."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select mall_coupon_limits(%s, %s, 1, %s)", [type_id, member_id, at])
    except DatabaseError as error:
        refused = redeeming.refusal(error)
        if refused is None or type(refused) not in LIMITS:
            raise
        raise LIMITS[type(refused)](getattr(refused, "detail", None)) from error
