"""The orders that files brought, and what a member's page shows of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import (
    HttpRequest,
)
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from config.back_office import Facts, address, link, wide
from loyalty.models import Posting
from members.admin import MemberAdmin, Panel, sees_phones
from members.forms import e164
from members.models import Member
from orders.admin.cards import CardsOfOrders
from orders.models import Channel, Order, OrderImport, OrderLine, Status

STATUS_COLOURS = {
    **dict.fromkeys(Status, "default"),
    Status.PAID: "info",
    Status.COMPLETED: "success",
    Status.PARTIALLY_REFUNDED: "warning",
    Status.REFUNDED: "danger",
    Status.UNKNOWN: "warning",
}


class Lines(TabularInline):
    model = OrderLine
    fields = ["row_key", "title", "sku", "quantity", "status", "word", "gross", "refunded"]
    readonly_fields = fields
    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Order)
class OrderAdmin(CardsOfOrders, Facts):
    list_display = ["number", "channel", "member", "shown_status", "net_paid", "shown_refunded", "paid_at"]
    list_filter = ["channel", "status"]
    list_select_related = ["channel", "member"]
    sortable_by = ()
    search_fields = ["number"]
    search_help_text = _("The whole order number, or a member's whole phone number")
    inlines = [Lines]
    actions = ["print_cards"]
    readonly_fields = ["net_paid", "shown_phone", "postings", "files"]
    fieldsets = [
        (None, {"fields": [("number", "channel"), ("status", "member"), ("buyer", "shown_phone")]}),
        (_("Amounts"), {"fields": [("gross", "refunded"), ("shipping", "net_paid")]}),
        (_("Times"), {"fields": [("ordered_at", "paid_at"), ("completed_at", "not_before")]}),
        (_("Points"), {"fields": ["postings", "files"]}),
    ]
    empty_hint = _("Orders come with imported files.")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        if phone := e164(words):
            return queryset.filter(member__in=Member.objects.filter(phone=phone)), False
        channels = list(Channel.objects.values_list("pk", flat=True))  # so that the unique index is used
        return queryset.filter(channel__in=channels, number=words), False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            obj.phone_shown = obj.phone if sees_phones(request) else masked(obj.phone)
        return super().get_form(request, obj, change, **kwargs)

    @display(description=_("status"), label=STATUS_COLOURS)
    def shown_status(self, order: Order) -> tuple[str, str]:
        return order.status, order.get_status_display()

    @display(description=_("paid and kept"))
    def net_paid(self, order: Order) -> str:
        return f"{order.net_paid:,.2f}"

    @display(description=_("refunded"))
    def shown_refunded(self, order: Order) -> str:
        return f"{order.refunded:,.2f}" if order.refunded else "–"

    @display(description=_("buyer's phone"))
    def shown_phone(self, order: Order) -> str:
        return getattr(order, "phone_shown", "") or "–"

    @display(description=_("points of this order"))
    def postings(self, order: Order) -> SafeString | str:
        if order.member_id is None:
            return gettext("The buyer is not known as a member yet: his points wait until he joins.")
        if not order.earns:
            return gettext("He bought it longer before he joined than its channel looks back, so it gives no points.")
        if order.status == Status.UNKNOWN:
            return gettext("Nobody has said yet what its status means. It gives points once that is known.")
        if order.not_before:
            return gettext(
                "Its file tells a time that has not come. It gives points then, or once a file tells another."
            )
        key = f"{order.channel.code}:{order.number}#{order.award}"
        earned = list(Posting.objects.filter(source="order", key=key))
        made = earned + list(Posting.objects.filter(refers_to__in=earned).order_by("id")[:20])
        words = gettext("points"), gettext("growth value")
        links = (
            (link(address(Posting, "change", one.pk), one.get_kind_display()), wide(one.points), wide(one.growth))
            for one in made
        )
        line = f"{{}} {{}} {words[0]}, {{}} {words[1]}"
        return format_html_join(SafeString("<br>"), line, links) or gettext("none")

    @display(description=_("imported with"))
    def files(self, order: Order) -> SafeString:
        found = OrderImport.objects.filter(pk__in={order.first_import_id, order.last_import_id}).order_by("pk")
        links = ((link(address(OrderImport, "change", one.pk), one.name),) for one in found)
        return format_html_join(SafeString("<br>"), "{}", links)


def masked(phone: str) -> str:
    return Member(phone=phone or None).masked_phone


def orders_panel(request: HttpRequest, member: Member, at: datetime) -> Panel | None:
    """Show a member's last orders."""
    if not request.user.has_perm("orders.view_order"):
        return None
    rows = list(Order.objects.filter(member=member).select_related("channel").order_by("-id")[:10])
    every = f"{address(Order, 'changelist')}?member__id__exact={member.pk}"
    return Panel(_("Last orders"), "admin/orders/of_member.html", {"rows": rows}, [(_("All"), every, "history")])


MemberAdmin.panels.append(orders_panel)
