"""The member's pages of the mall. A module for each part of it; addresses stand in `config.urls`."""

from mall.views.addresses import address, addresses, regions, remove_address
from mall.views.brand import logo, preview, sheet
from mall.views.checkout import redeem, redeemed
from mall.views.favourites import favourite, listed_favourites
from mall.views.mine import cancel, medals, receive, redemption, redemptions, reveal_codes
from mall.views.pictures import picture
from mall.views.storefront import gift, home, mall

__all__ = (
    "address",
    "addresses",
    "cancel",
    "favourite",
    "gift",
    "home",
    "listed_favourites",
    "logo",
    "mall",
    "medals",
    "picture",
    "preview",
    "receive",
    "redeem",
    "redeemed",
    "redemption",
    "redemptions",
    "regions",
    "remove_address",
    "reveal_codes",
    "sheet",
)
