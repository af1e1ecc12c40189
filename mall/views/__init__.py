"""The member's pages of the mall. A module for each part of it; addresses stand in `config.urls`."""

from mall.views.addresses import address, addresses, regions, remove_address
from mall.views.api import CheckCoupon, GiveCouponBack, UseCoupon
from mall.views.brand import logo, preview, sheet
from mall.views.checkout import redeem, redeemed
from mall.views.coupons import coupon, coupons
from mall.views.draws import draws, lottery_page, lottery_result, my_draws, prize
from mall.views.favourites import favourite, listed_favourites
from mall.views.mine import cancel, medals, receive, redemption, redemptions, reveal_codes
from mall.views.paying import notified, pay, sandbox_page
from mall.views.pictures import picture
from mall.views.storefront import gift, home, mall
from mall.views.treasure import treasure_check, treasure_entries, treasure_page

__all__ = (
    "CheckCoupon",
    "GiveCouponBack",
    "UseCoupon",
    "address",
    "addresses",
    "cancel",
    "coupon",
    "coupons",
    "draws",
    "favourite",
    "gift",
    "home",
    "listed_favourites",
    "logo",
    "lottery_page",
    "lottery_result",
    "mall",
    "medals",
    "my_draws",
    "notified",
    "pay",
    "picture",
    "preview",
    "prize",
    "receive",
    "redeem",
    "redeemed",
    "redemption",
    "redemptions",
    "regions",
    "remove_address",
    "reveal_codes",
    "sandbox_page",
    "sheet",
    "treasure_check",
    "treasure_entries",
    "treasure_page",
)
