"""The member's pages of the mall. A module for each part of it; addresses stand in `config.urls`."""

from mall.views.brand import logo, preview, sheet
from mall.views.checkout import redeem, redeemed
from mall.views.mine import cancel, receive, redemption, redemptions
from mall.views.pictures import picture
from mall.views.storefront import gift, home, mall

__all__ = (
    "cancel",
    "gift",
    "home",
    "logo",
    "mall",
    "picture",
    "preview",
    "receive",
    "redeem",
    "redeemed",
    "redemption",
    "redemptions",
    "sheet",
)
