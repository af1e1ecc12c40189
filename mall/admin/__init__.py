"""Gifts and their stock; redemptions from the desk to the parcel."""

from mall.admin import categories, gifts, redemptions, storefront

__all__ = ("categories", "gifts", "redemptions", "storefront")
