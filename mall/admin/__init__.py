"""Gifts and their stock; redemptions from the desk to the parcel; the counter."""

from mall.admin import (
    categories,
    counter,
    coupon_rounds,
    coupons,
    draw_records,
    draws,
    gifts,
    holdings,
    payments,
    redemptions,
    storefront,
)

__all__ = (
    "categories",
    "counter",
    "coupon_rounds",
    "coupons",
    "draw_records",
    "draws",
    "gifts",
    "holdings",
    "payments",
    "redemptions",
    "storefront",
)
