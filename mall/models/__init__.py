"""What members redeem their points for, and what becomes of a redemption. A module for each subject."""

from mall.models.categories import Category
from mall.models.conditions import GiftTier, GiftWindow
from mall.models.gifts import MOST_POINTS, Gift, GiftQuerySet, StockChange
from mall.models.pictures import GiftPicture, Pictured, used_pictures
from mall.models.redemptions import MOST_AT_ONCE, Redemption, RedemptionQuerySet, Shipment

__all__ = (
    "MOST_AT_ONCE",
    "MOST_POINTS",
    "Category",
    "Gift",
    "GiftPicture",
    "GiftQuerySet",
    "GiftTier",
    "GiftWindow",
    "Pictured",
    "Redemption",
    "RedemptionQuerySet",
    "Shipment",
    "StockChange",
    "used_pictures",
)
