"""Gifts and their stock; redemptions from the desk to the parcel; the counter."""

from mall.admin import categories, counter, gifts, holdings, redemptions, storefront

__all__ = ("categories", "counter", "gifts", "holdings", "redemptions", "storefront")
