"""Gifts and their stock; redemptions from the desk to the parcel."""

from mall.admin import categories, gifts, redemptions

__all__ = ("categories", "gifts", "redemptions")
