"""The first page of the back office: what waits to be done, and a few figures. Shown by django-unfold."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.back_office import MOST_COUNTED, address, estimate
from loyalty.models import EarningRule, Posting
from mall.models import Gift, Redemption, Refund
from members.models import Member
from orders.models import Claim, Order, OrderImport

RECENT = timedelta(days=7)
SHOWN = 5


class ToDo(NamedTuple):
    """Something that waits: how many, what, and where it is done."""

    icon: str
    title: str
    hint: str
    link: str
    amount: str


class Figure(NamedTuple):
    title: str
    value: str
    link: str
    note: str = ""


def today(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the first page shows (settings.UNFOLD["DASHBOARD_CALLBACK"])."""
    at = timezone.now()
    context.update(
        title=_("Today"),
        to_do=[item for part in (_redemptions, _money_back, _claims, _imports, _gifts) for item in part(request, at)],
        first_steps=_first_steps(request),
        figures=_figures(request),
        last_imports=_last_imports(request),
    )
    return context


def _redemptions(request: HttpRequest, at: datetime) -> list[ToDo]:
    if not request.user.has_perm("mall.view_redemption"):
        return []
    page = address(Redemption, "changelist")
    waiting = [
        (Redemption.State.PLACED, "package_2", _("Redemptions to pack"), _("Choose them in the list, then “Pack”.")),
        (Redemption.State.PACKED, "local_shipping", _("Redemptions to ship"), _("Note carrier and tracking number.")),
    ]
    found = []
    for state, icon, title, hint in waiting:
        number = counted(Redemption.objects.filter(state=state))
        if number:
            found.append(ToDo(icon, title, hint, f"{page}?state__in={state}", most(number)))
    return found


def _money_back(request: HttpRequest, at: datetime) -> list[ToDo]:
    """Return how many refunds wait for staff: who paid at the counter gets it back there."""
    due = Refund.objects.filter(done_at=None, payment__provider="counter")
    number = counted(due) if request.user.has_perm("mall.view_refund") else 0
    if not number:
        return []
    page = f"{address(Refund, 'changelist')}?due=yes"
    return [ToDo("currency_exchange", _("Money to give back"), _("Give it back, then note it."), page, most(number))]


def _claims(request: HttpRequest, at: datetime) -> list[ToDo]:
    number = counted(Claim.objects.in_review()) if request.user.has_perm("orders.view_claim") else 0
    if not number:
        return []
    page = f"{address(Claim, 'changelist')}?state__in={Claim.State.IN_REVIEW}"
    return [ToDo("fact_check", _("Claims to decide"), _("Accept or refuse what members claim."), page, most(number))]


def _imports(request: HttpRequest, at: datetime) -> list[ToDo]:
    """Return imports of the last days that somebody must look at."""
    if not request.user.has_perm("orders.view_orderimport"):
        return []
    troubled = Q(state__in=[OrderImport.State.REFUSED, OrderImport.State.FAILED]) | Q(
        state=OrderImport.State.DONE, rejected__gt=0
    )
    to_confirm = Q(state=OrderImport.State.PREVIEWED)
    recent = OrderImport.objects.filter(to_confirm | troubled & Q(created_at__gte=at - RECENT)).order_by("-id")[:SHOWN]
    return [
        ToDo("report", one.name, _import_hint(one), address(OrderImport, "change", one.pk), one.get_state_display())
        for one in recent
    ]


def _import_hint(order_import: OrderImport) -> str:
    if order_import.state in (OrderImport.State.REFUSED, OrderImport.State.FAILED):
        return order_import.reason
    if order_import.state == OrderImport.State.PREVIEWED:
        return _("It was read. Confirm it to import it.")
    number = order_import.rejected
    words = ngettext("%(number)s row was not understood.", "%(number)s rows were not understood.", number)
    return words % {"number": f"{number:,}"}


def _gifts(request: HttpRequest, at: datetime) -> list[ToDo]:
    if not request.user.has_perm("mall.view_gift"):
        return []
    low = Gift.objects.on_shelf(at).filter(stock_counted=True, stock__lt=F("low_stock")).order_by("stock")[:SHOWN]
    hint = _("Put pieces into stock, or take the gift off the shelf.")
    return [ToDo("inventory_2", gift.name, hint, address(Gift, "change", gift.pk), _left(gift.stock)) for gift in low]


def _left(stock: int) -> str:
    return ngettext("%(stock)s left", "%(stock)s left", stock) % {"stock": stock}


def _first_steps(request: HttpRequest) -> list[ToDo]:
    """Return what a new brand does first."""
    steps = [
        (
            EarningRule,
            "rule",
            _("Set an earning rule"),
            _("How many points a yuan gives."),
            "add",
            "loyalty.add_earningrule",
        ),
        (Gift, "redeem", _("Add a gift"), _("What members redeem their points for."), "add", "mall.add_gift"),
        (
            OrderImport,
            "upload_file",
            _("Import the first order file"),
            _("Members and points come with it."),
            "upload",
            "orders.add_orderimport",
        ),
    ]
    return [
        ToDo(icon, title, hint, address(model, page), "")
        for model, icon, title, hint, page, right in steps
        if request.user.has_perm(right) and not model._default_manager.exists()
    ]


def _figures(request: HttpRequest) -> list[Figure]:
    """Return sizes of the large tables as PostgreSQL estimates them: nothing is counted for it."""
    tables: list[tuple[type[Model], str, str]] = [
        (Member, _("Members"), "members.view_member"),
        (Order, _("Orders"), "orders.view_order"),
        (Posting, _("Postings"), "loyalty.view_posting"),
    ]
    return [
        Figure(title, sized(model), address(model, "changelist"))
        for model, title, right in tables
        if request.user.has_perm(right)
    ]


def _last_imports(request: HttpRequest) -> list[OrderImport]:
    if not request.user.has_perm("orders.view_orderimport"):
        return []
    return list(OrderImport.objects.select_related("channel", "created_by")[:SHOWN])


def sized(model: type[Model]) -> str:
    """Return about how many rows a table has; exactly while they are few."""
    rows = estimate(model)
    if rows > MOST_COUNTED:
        return _("about %(number)s") % {"number": f"{rows:,}"}
    return most(counted(model._default_manager.all()))


def counted(rows: QuerySet[Any]) -> int:
    """Count rows, but never more than somebody needs to know."""
    return rows.order_by()[: MOST_COUNTED + 1].count()


def most(number: int) -> str:
    return f"{MOST_COUNTED:,}+" if number > MOST_COUNTED else f"{number:,}"
