"""Gifts and their stock."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold import widgets
from unfold.decorators import action, display

from config.back_office import VIEW, Facts, actor, address, ask, log, wide
from mall import stock
from mall.admin.conditions import TierInline, WindowInline
from mall.admin.interest import Interest
from mall.admin.pictures import PictureInline, thumbnail
from mall.models import Gift, StockChange
from mall.redeeming import Refused

LIMITS = ("limit_per_order", "limit_per_day", "limit_per_week", "limit_per_month", "limit_per_member")


class StockForm(forms.Form):
    quantity = forms.IntegerField(
        label=_("pieces"),
        min_value=-stock.MOST_CHANGED,
        max_value=stock.MOST_CHANGED,
        help_text=_("100 adds, -3 takes away."),
        widget=widgets.UnfoldAdminIntegerFieldWidget,
    )
    note = forms.CharField(label=_("reason"), max_length=200, widget=widgets.UnfoldAdminTextInputWidget)

    def clean_quantity(self) -> int:
        quantity: int = self.cleaned_data["quantity"]
        if quantity == 0:
            raise ValidationError(_("Say how many pieces."))
        return quantity


@admin.register(Gift)
class GiftAdmin(Interest):
    list_display = [
        "shown_picture",
        "shown_name",
        "category",
        "points",
        "minimum_tier",
        "shown_stock",
        "limit_per_member",
        "window",
        "shown_interest",
        "active",
    ]
    list_display_links = ["shown_picture", "shown_name"]
    list_filter = ["active", "category", "minimum_tier"]
    list_select_related = ["minimum_tier", "category"]
    search_fields = ["name"]
    actions_detail = ["change_stock"]
    readonly_fields = ["shown_stock", "last_changes", "interest"]
    inlines = [PictureInline, WindowInline, TierInline]
    fieldsets = [
        (None, {"fields": [("name", "emblem"), "description", ("category", "position"), ("active", "featured")]}),
        (_("Price and stock"), {"fields": [("points", "market_price"), ("shown_stock", "low_stock"), "last_changes"]}),
        (_("Condition"), {"fields": ["minimum_tier", LIMITS, ("opens_at", "closes_at")]}),
        (_("Interest"), {"fields": ["interest"]}),
    ]
    add_fieldsets = [
        (None, {"fields": [("name", "emblem"), "description", ("category", "position"), ("active", "featured")]}),
        (
            _("Price and stock"),
            {
                "fields": [("points", "market_price"), "low_stock"],
                "description": _("Save the gift, then put pieces into stock."),
            },
        ),
        (_("Condition"), {"fields": ["minimum_tier", LIMITS, ("opens_at", "closes_at")]}),
    ]
    empty_hint = _("Add the first gift: what it costs, from which tier, and how many there are.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gift]:
        return super().get_queryset(request).prefetch_related("pictures")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        used = obj is not None and (obj.redemption_set.exists() or obj.stock_changes.exists())
        return super().has_delete_permission(request, obj) and not used

    def has_stock_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.add_stockchange"))

    @action(description=_("Change stock"), icon="inventory_2", permissions=["stock"])
    def change_stock(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Add pieces or take some away, for a reason."""
        gift = get_object_or_404(Gift, pk=object_id)
        form = StockForm(request.POST or None)
        back = address(Gift, "change", gift.pk)
        page = ask(
            request,
            self,
            title=_("Change stock of %(gift)s") % {"gift": gift},
            introduction=_("In stock now: %(stock)s") % {"stock": f"{gift.stock:,}"},
            question=lambda: [
                gettext("Change the stock of %(gift)s by %(change)s?")
                % {"gift": gift, "change": wide(form.cleaned_data["quantity"])},
                gettext("Stock: %(before)s now, %(after)s then.")
                % {"before": f"{gift.stock:,}", "after": f"{gift.stock + form.cleaned_data['quantity']:,}"},
                gettext("Reason: %(reason)s") % {"reason": form.cleaned_data["note"]},
            ],
            confirm=_("Change stock"),
            back=back,
            form=form,
        )
        if page is not None:
            return page
        quantity, note = form.cleaned_data["quantity"], form.cleaned_data["note"]
        try:
            stock.change(gift_id=gift.pk, quantity=quantity, note=note, actor_id=actor(request), at=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            done = gettext("Stock changed by %(change)s.") % {"change": wide(quantity)}
            log(request, [gift], f"{done} {note}")
            messages.success(request, done)
        return HttpResponseRedirect(back)

    @display(description="")
    def shown_picture(self, gift: Gift) -> SafeString | str:
        return thumbnail(gift.picture) if gift.picture else gift.emblem

    @display(description=_("gift"))
    def shown_name(self, gift: Gift) -> str:
        return gift.name

    @display(description=_("stock"), ordering="stock")
    def shown_stock(self, gift: Gift) -> SafeString | str:
        if gift.stock >= gift.low_stock or not gift.active:
            return f"{gift.stock:,}"
        return format_html('<span class="jf-minus">{}</span>', f"{gift.stock:,}")

    @display(description=_("window"))
    def window(self, gift: Gift) -> str:
        ends = [f"{timezone.localtime(end):%Y-%m-%d %H:%M}" if end else "" for end in (gift.opens_at, gift.closes_at)]
        return " – ".join(ends) if any(ends) else gettext("always")

    @display(description=_("last stock changes"))
    def last_changes(self, gift: Gift) -> SafeString | str:
        if gift.pk is None:
            return "–"
        last = gift.stock_changes.select_related("actor").order_by("-id")[:5]
        rows = ((f"{timezone.localtime(c.at):%Y-%m-%d %H:%M}", wide(c.quantity), c.note, c.actor or "") for c in last)
        return format_html_join(SafeString("<br>"), "{} · {} · {} {}", rows) or gettext("none yet")


@admin.register(StockChange)
class StockChangeAdmin(Facts):
    list_display = ["at", "gift", "shown_quantity", "note", "actor"]
    list_select_related = ["gift", "actor"]
    list_filter = ["gift"]
    sortable_by = ()
    rights = {"view": VIEW, "add": _("change stock")}
    empty_hint = _("Open a gift and choose “Change stock”.")

    @display(description=_("quantity"))
    def shown_quantity(self, change: StockChange) -> str:
        return wide(change.quantity)
