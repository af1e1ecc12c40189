"""The way through the back office, grouped by the merchant's work. Read by django-unfold (settings.UNFOLD)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

TO_REVIEW, WAITING, ACCEPTED, DECLINED = "IN_REVIEW", "WAITING", "CREDITED", "REFUSED,GIVEN_UP"
TO_CONFIRM, IMPORTED, LEFT_OUT = "PREVIEWED", "DONE", "REFUSED,FAILED,DISCARDED,UNDONE"
OWN_PAGES = ("/upload/", "/counter/", "/channel/report/")  # pages beside a list, with an entry of their own
TO_PACK, TO_SHIP, SHIPPED, ENDED = "PLACED", "PACKED", "SHIPPED,RECEIVED", "CANCELLED,RETURNED"
TO_USE, TO_PAY = "ISSUED", "UNPAID"


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups of the sidebar; what somebody may not see is left out by unfold."""
    return [
        _group(
            _("Today"),
            {"title": _("Overview"), "icon": "dashboard", "link": reverse("admin:index")},
            _item(_("Import orders"), "upload_file", "orders.orderimport", "upload", "add"),
        ),
        _group(
            _("Members"),
            _item(_("Members"), "group", "members.member"),
            _item(_("Tiers"), "military_tech", "members.tier"),
            _item(_("Tier changes"), "trending_up", "members.tierchange"),
            _item(_("Platform accounts"), "badge", "members.identity"),
        ),
        _group(
            _("Points"),
            _item(_("Points history"), "receipt_long", "loyalty.posting"),
            _item(_("Earning rules"), "rule", "loyalty.earningrule"),
            _item(_("Campaigns"), "celebration", "loyalty.campaign"),
            _item(_("Points policy"), "policy", "loyalty.pointspolicy"),
        ),
        _group(
            _("Orders"),
            _item(_("Imported files"), "folder_open", "orders.orderimport"),
            _item(_("Orders"), "shopping_bag", "orders.order"),
            _item(_("Claims"), "receipt", "orders.claim", query=f"?state__in={TO_REVIEW}"),
            _item(_("Report by channel"), "monitoring", "orders.channel", "report", "report"),
            _item(_("Channels"), "storefront", "orders.channel"),
            _item(_("Chosen columns"), "view_column", "orders.columnmapping"),
            _item(_("Status words"), "dictionary", "orders.statusword"),
        ),
        *_mall(),
        _group(
            _("Settings"),
            _item(_("Brand"), "tune", "members.programme"),
            _item(_("Mall policy"), "shopping_cart_checkout", "mall.mallpolicy"),
            _item(_("Claim policy"), "fact_check", "orders.claimpolicy"),
            _item(_("Staff"), "manage_accounts", "members.user"),
            _item(_("Groups and rights"), "admin_panel_settings", "auth.group"),
            _item(_("API keys"), "key", "members.apikey"),
        ),
    ]


def _mall() -> list[dict[str, Any]]:
    return [
        _group(
            _("Mall"),
            _item(_("Redemptions"), "local_shipping", "mall.redemption", query=f"?state__in={TO_PACK}"),
            _item(_("Gifts"), "redeem", "mall.gift"),
            _item(_("Coupons"), "sell", "mall.coupontype"),
            _item(_("Givings of coupons"), "outbox", "mall.couponround", also="mall.add_coupon"),
            _item(_("Categories"), "category", "mall.category"),
            _item(_("Stock changes"), "inventory_2", "mall.stockchange"),
        ),
        _group(
            _("Storefront"),
            _item(_("Sections"), "view_agenda", "mall.section"),
            _item(_("Banners"), "view_carousel", "mall.banner"),
            _item(_("Notices"), "campaign", "mall.notice"),
            _item(_("Look"), "palette", "mall.look"),
        ),
        _group(
            _("Draws"),
            _item(_("Lotteries"), "casino", "mall.draw"),
            _item(_("Treasure draws"), "diamond", "mall.treasuredraw"),
            _item(_("Tries"), "history", "mall.drawplay"),
            _item(_("Treasure entries"), "confirmation_number", "mall.treasureentry"),
            _item(_("Won gifts"), "featured_seasonal_and_gifts", "mall.wongift"),
        ),
        _group(
            _("Counter"),
            _item(_("Redeem a code"), "qr_code_scanner", "mall.voucher", "counter", "change"),
            _item(_("Use a coupon"), "sell", "mall.coupon", "till", "use"),
            _item(_("Vouchers"), "confirmation_number", "mall.voucher"),
            _item(_("Members' coupons"), "loyalty", "mall.coupon"),
            _item(_("Payments"), "payments", "mall.payment"),
            _item(_("Money back"), "currency_exchange", "mall.refund", query="?due=yes"),
            _item(_("Coupon codes"), "password", "mall.couponcode"),
            _item(_("Medals"), "military_tech", "mall.medal"),
            _item(_("Draw chances"), "casino", "mall.chance"),
        ),
    ]


def tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the saved views of redemptions and of claims, by the work that waits; a page of its own has none."""
    if request.path.endswith(OWN_PAGES):
        return []  # unfold takes a path that begins like a view for it, and marks two entries of the sidebar
    redemptions = [
        (_("To pack"), TO_PACK),
        (_("To ship"), TO_SHIP),
        (_("Shipped"), SHIPPED),
        (_("To be used"), TO_USE),
        (_("To be paid"), TO_PAY),
        (_("Cancelled or returned"), ENDED),
        (_("All"), ""),
    ]
    claims = [
        (_("To decide"), TO_REVIEW),
        (_("Wait for their order"), WAITING),
        (_("Credited"), ACCEPTED),
        (_("Refused or given up"), DECLINED),
        (_("All"), ""),
    ]
    imports = [(_("To confirm"), TO_CONFIRM), (_("Imported"), IMPORTED), (_("Not imported"), LEFT_OUT), (_("All"), "")]
    return [
        _views(request, "mall.redemption", redemptions),
        _views(request, "orders.claim", claims),
        _views(request, "orders.orderimport", imports),
    ]


def _views(request: HttpRequest, model: str, views: list[tuple[str, str]]) -> dict[str, Any]:
    chosen, page = request.GET.get("state__in", ""), reverse(f"admin:{model.replace('.', '_')}_changelist")
    items = [
        {
            "title": title,
            "link": f"{page}?state__in={states}" if states else page,
            "active": _says(chosen == states),
        }
        for title, states in views
    ]
    return {"models": [model], "items": items}


def _group(title: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "items": list(items)}


def _item(
    title: str, icon: str, model: str, page: str = "changelist", right: str = "view", query: str = "", also: str = ""
) -> Any:
    app, name = model.split(".")
    rights = [f"{app}.{right}_{name}", f"{app}.change_{name}", *filter(None, [also])]

    def allowed(request: HttpRequest) -> bool:
        return any(request.user.has_perm(one) for one in rights)

    link = reverse(f"admin:{app}_{name}_{page}")

    def chosen(request: HttpRequest) -> bool:
        own = next((end for end in OWN_PAGES if request.path.endswith(end)), "")
        return request.path.startswith(link) and link.endswith(own)

    return {"title": title, "icon": icon, "link": link + query, "permission": allowed, "active": chosen}


def _says(answer: bool) -> Any:
    return lambda request: answer
