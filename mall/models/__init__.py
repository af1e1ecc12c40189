"""What members redeem their points for, and what becomes of a redemption. A module for each subject."""

from mall.models.addresses import MOST_ADDRESSES, SavedAddress
from mall.models.categories import Category
from mall.models.conditions import GiftTier, GiftWindow
from mall.models.coupon_rounds import CouponLeftOut, CouponRound
from mall.models.coupons import LONGEST_REFERENCE, MOST_YUAN, Coupon, CouponKind, CouponQuerySet, CouponType, CouponUse
from mall.models.draws import Draw, DrawPlay, DrawPrize, WonGift
from mall.models.fulfilment import LONGEST_CODE, Chance, CouponCode, Medal, Voucher
from mall.models.gifts import MOST_POINTS, Gift, GiftQuerySet, StockChange
from mall.models.interest import MOST_FAVOURITES, Favourite, GiftDay
from mall.models.payments import MallPolicy, Payment, Refund
from mall.models.pictures import GiftPicture, Pictured, used_pictures
from mall.models.redemptions import MOST_AT_ONCE, Redemption, RedemptionQuerySet, Reversal, Shipment
from mall.models.shards import SHARDS, GiftShard
from mall.models.storefront import Banner, Look, Notice, Section, SectionPick, Shown
from mall.models.treasure import MOST_ENTRIES, TreasureDraw, TreasureEntry, TreasureSeed

__all__ = (
    "LONGEST_CODE",
    "LONGEST_REFERENCE",
    "MOST_ADDRESSES",
    "MOST_AT_ONCE",
    "MOST_ENTRIES",
    "MOST_FAVOURITES",
    "MOST_POINTS",
    "MOST_YUAN",
    "SHARDS",
    "Banner",
    "Category",
    "Chance",
    "Coupon",
    "CouponCode",
    "CouponKind",
    "CouponLeftOut",
    "CouponQuerySet",
    "CouponRound",
    "CouponType",
    "CouponUse",
    "Draw",
    "DrawPlay",
    "DrawPrize",
    "Favourite",
    "Gift",
    "GiftDay",
    "GiftPicture",
    "GiftQuerySet",
    "GiftShard",
    "GiftTier",
    "GiftWindow",
    "Look",
    "MallPolicy",
    "Medal",
    "Notice",
    "Payment",
    "Pictured",
    "Redemption",
    "RedemptionQuerySet",
    "Refund",
    "Reversal",
    "SavedAddress",
    "Section",
    "SectionPick",
    "Shipment",
    "Shown",
    "StockChange",
    "TreasureDraw",
    "TreasureEntry",
    "TreasureSeed",
    "Voucher",
    "WonGift",
    "used_pictures",
)
