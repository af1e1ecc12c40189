"""What a coupon is worth, in words: for its owner, and for staff."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mall.models import Coupon, CouponKind
from mall.models.coupons import Worth
from members.templatetags.jifen import discount, plain

__all__ = ("condition", "validity", "worth", "yuan")


def worth(coupon: Worth) -> str:
    """Return `¥20 off`, `15% off` or `Free shipping`."""
    if coupon.kind == CouponKind.SHIPPING:
        return _("Free shipping")
    if coupon.kind == CouponKind.PERCENT:
        return discount(100 - coupon.value)
    return _("¥%(amount)s off") % {"amount": plain(coupon.value)}


def condition(coupon: Worth) -> str:
    """Return of which orders: `orders from ¥100, at most ¥50`."""
    from_ = _("orders from ¥%(amount)s") % {"amount": plain(coupon.minimum_spend)} if coupon.minimum_spend else ""
    most = _("at most ¥%(amount)s") % {"amount": plain(coupon.most_off)} if coupon.most_off else ""
    return " · ".join(part for part in (from_ or _("any order"), most) if part)


def validity(coupon: Coupon) -> str:
    """Return from when and until when, in the time zone in force; the last day is one on which it can be used."""
    start, end = (_day(moment) for moment in (coupon.starts_at, coupon.ends_at and coupon.ends_at - MOMENT))
    if start and end:
        return _("From %(start)s to %(end)s") % {"start": start, "end": end}
    if start:
        return _("From %(start)s") % {"start": start}
    return _("Until %(end)s") % {"end": end} if end else _("No end")


MOMENT = timedelta(microseconds=1)


def _day(moment: object) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT") if moment else ""  # type: ignore[arg-type]


def yuan(amount: Decimal) -> str:
    """Return an amount as staff read it: `250`, `19.90`."""
    return plain(amount) if amount == amount.to_integral_value() else f"{amount:.2f}"
