"""Every address of the site."""

from __future__ import annotations

from allauth.account import views as allauth
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from loyalty import views as loyalty
from mall import views as mall
from members import views as members
from members.api.views import not_found
from orders import views as orders

sign_in = [
    path("sign-in/", members.SignIn.as_view(), name="account_login"),
    path("sign-in/code/", members.EnterCode.as_view(), name="account_confirm_login_code"),
    path("sign-out/", allauth.logout, name="account_logout"),
    path("closed/", allauth.account_inactive, name="account_inactive"),
    # Names that allauth looks up: there is one form for members new and known.
    path("sign-in/again/", RedirectView.as_view(pattern_name="account_login"), name="account_request_login_code"),
    path("sign-up/", RedirectView.as_view(pattern_name="account_login", query_string=True), name="account_signup"),
]

pages = [
    path("", mall.home, name="home"),
    path("history/", loyalty.history, name="history"),
    path("how-it-works/", loyalty.how_it_works, name="how_it_works"),
    path("claims/", orders.claim, name="claims"),
    path("mall/", mall.mall, name="mall"),
    path("mall/preview/", mall.preview, name="storefront_preview"),
    path("mall/<int:gift_id>/", mall.gift, name="gift"),
    path("mall/<int:gift_id>/redeem/", mall.redeem, name="redeem"),
    path("mall/<int:gift_id>/favourite/", mall.favourite, name="favourite"),
    path("favourites/", mall.listed_favourites, name="favourites"),
    path("addresses/", mall.addresses, name="addresses"),
    path("addresses/new/", mall.address, name="new_address"),
    path("addresses/regions/", mall.regions, name="regions"),
    path("addresses/<int:address_id>/", mall.address, name="address"),
    path("addresses/<int:address_id>/remove/", mall.remove_address, name="remove_address"),
    path("mall/draws/", mall.draws, name="draws"),
    path("mall/draws/mine/", mall.my_draws, name="my_draws"),
    path("mall/draws/<int:draw_id>/", mall.lottery_page, name="lottery"),
    path("mall/draws/tries/<int:play_id>/", mall.lottery_result, name="lottery_result"),
    path("mall/draws/prizes/<int:won_id>/", mall.prize, name="prize"),
    path("mall/treasure/<int:treasure_id>/", mall.treasure_page, name="treasure"),
    path("redemptions/", mall.redemptions, name="redemptions"),
    path("redemptions/<int:redemption_id>/", mall.redemption, name="redemption"),
    path("redemptions/<int:redemption_id>/done/", mall.redeemed, name="redeemed"),
    path("redemptions/<int:redemption_id>/cancel/", mall.cancel, name="cancel_redemption"),
    path("redemptions/<int:redemption_id>/codes/", mall.reveal_codes, name="reveal_codes"),
    path("redemptions/<int:redemption_id>/pay/", mall.pay, name="pay_redemption"),
    path("pay/<str:code>/notify/", mall.notified, name="pay_notified"),
    path("pay/sandbox/<slug:number>/", mall.sandbox_page, name="sandbox"),
    path("medals/", mall.medals, name="medals"),
    path("coupons/", mall.coupons, name="coupons"),
    path("coupons/<int:coupon_id>/", mall.coupon, name="coupon"),
    path("redemptions/<int:redemption_id>/received/", mall.receive, name="receive_redemption"),
]

brand = [path("brand.css", mall.sheet, name="brand_sheet"), path("brand-logo", mall.logo, name="brand_logo")]
# Of the media folder these alone: a name that no other file there has.
media = [re_path(r"^media/pictures/(?P<name>[0-9a-f]{32}-[0-9]{2,5}\.webp)$", mall.picture, name="picture")]

# Anybody may check how a winner was found.
public = [
    path("mall/treasure/<int:treasure_id>/check/", mall.treasure_check, name="treasure_check"),
    path("mall/treasure/<int:treasure_id>/entries.csv", mall.treasure_entries, name="treasure_entries"),
]

# For other systems, with a key of their own (docs/api.md). What is not here is told in JSON, too.
api = [
    path("api/v1/coupons/check", mall.CheckCoupon.as_view(), name="api_check_coupon"),
    path("api/v1/coupons/use", mall.UseCoupon.as_view(), name="api_use_coupon"),
    path("api/v1/coupons/give-back", mall.GiveCouponBack.as_view(), name="api_give_coupon_back"),
    re_path(r"^api/", not_found, name="api_not_found"),
]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("language/", include("django.conf.urls.i18n")),
    *sign_in,
    *pages,
    *public,
    *media,
    *brand,
    *api,
]
