"""Gifts and their stock; redemptions from the desk to the parcel."""

from mall.admin import gifts, redemptions

__all__ = ("gifts", "redemptions")
