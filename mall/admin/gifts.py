"""Gifts and their stock."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from config.back_office import VIEW, Facts, actor, address, ask, log, wide
from mall import codes, medals, stock
from mall.admin.conditions import TierInline, WindowInline
from mall.admin.forms import CodesForm, MedalForm, StockForm
from mall.admin.interest import Interest
from mall.admin.pictures import PictureInline, thumbnail
from mall.models import Gift, StockChange, Voucher
from mall.redeeming import Refused

LIMITS = (("limit_per_member", "limit_per_order"), ("limit_per_day", "limit_per_week"), "limit_per_month")
WHAT = (
    None,
    {
        "fields": [
            ("kind", "category"),
            ("name", "emblem"),
            "description",
            "event_at",
            "event_place",
            ("chances", "chance_pool"),
            "coupon_type",
            "valid_days",
            "valid_until",
            ("active", "position"),
            "featured",
        ]
    },
)
PRICE = (("points", "cash"), "market_price")
STOCK = ("stock_counted", "low_stock")
RUSH = "rush"
TERMS = ((_("Condition"), {"fields": ["minimum_tier", *LIMITS, "opens_at", "closes_at"]}),)
# Fields that only some kinds have.
ENDING = (Gift.Kind.PRIVILEGE, Gift.Kind.SEAT, Gift.Kind.CHANCE)
FITTING: dict[str, tuple[Gift.Kind, ...]] = {
    "stock_counted": tuple(kind for kind in Gift.Kind if kind not in (Gift.Kind.PHYSICAL, Gift.Kind.CODE)),
    "valid_days": ENDING,
    "valid_until": ENDING,
    "event_at": (Gift.Kind.SEAT,),
    "event_place": (Gift.Kind.SEAT,),
    "chances": (Gift.Kind.CHANCE,),
    "chance_pool": (Gift.Kind.CHANCE,),
    "coupon_type": (Gift.Kind.COUPON,),
}
OFFERED: dict[str, tuple[str, ...]] = {
    Gift.Kind.CODE: ("_bring_in_codes",),
    Gift.Kind.MEDAL: ("_change_stock", "_give_medal"),
    Gift.Kind.SEAT: ("_change_stock", "_list_seats"),
}


def _is_used(gift: Gift | None) -> bool:
    """Tell whether a gift has stock or was given out, so that its kind stays."""
    if gift is None:
        return False
    return bool(gift.stock or gift.codes.exists() or gift.redemption_set.exists() or gift.medals.exists())


def _without(fields: Iterable[Any], gone: Collection[str]) -> list[Any]:
    """Return a fieldset's fields, some of them in lines of several, without some."""
    lines = [[field] if isinstance(field, str) else list(field) for field in fields]
    kept = [[name for name in line if name not in gone] for line in lines]
    return [line[0] if len(line) == 1 else line for line in kept if line]


@admin.register(Gift)
class GiftAdmin(Interest):
    list_display = [
        "shown_picture",
        "shown_name",
        "kind",
        "category",
        "points",
        "minimum_tier",
        "shown_stock",
        "window",
        "shown_interest",
        "active",
    ]
    list_display_links = ["shown_picture", "shown_name"]
    list_filter = ["active", "kind", "category", "minimum_tier"]
    list_select_related = ["minimum_tier", "category"]
    search_fields = ["name"]
    actions_detail = ["change_stock", "bring_in_codes", "give_medal", "list_seats"]
    readonly_fields = ["shown_stock", "last_changes", "interest"]
    inlines = [PictureInline, WindowInline, TierInline]
    fieldsets = [
        WHAT,
        (_("Price and stock"), {"fields": [*PRICE, "shown_stock", STOCK, RUSH, "last_changes"]}),
        *TERMS,
        (_("Interest"), {"fields": ["interest"]}),
    ]
    add_fieldsets = [
        WHAT,
        (
            _("Price and stock"),
            {"fields": [*PRICE, STOCK, RUSH], "description": _("Save the gift, then put pieces into stock.")},
        ),
        *TERMS,
    ]
    # While the kind can be chosen the browser shows what fits it; afterwards `get_fieldsets` leaves the rest out.
    conditional_fields = {
        name: f"typeof kind === 'undefined' || {[str(kind.value) for kind in kinds]}.includes(kind)"
        for name, kinds in FITTING.items()
    }
    empty_hint = _("Add the first gift: what it costs, from which tier, and how many there are.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gift]:
        return super().get_queryset(request).prefetch_related("pictures")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        used = obj is not None and (obj.redemption_set.exists() or obj.stock_changes.exists())
        return super().has_delete_permission(request, obj) and not used

    def has_stock_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.add_stockchange"))

    def has_medal_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.change_medal"))

    def has_seats_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.view_voucher"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the kind of what has stock or was redeemed."""
        return [*super().get_readonly_fields(request, obj), *(["kind"] if _is_used(obj) else [])]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out what does not fit a kind that is settled."""
        fieldsets = super().get_fieldsets(request, obj)
        if not _is_used(obj):
            return fieldsets
        gone = {name for name, kinds in FITTING.items() if obj.kind not in kinds}
        return [(title, {**more, "fields": _without(more["fields"], gone)}) for title, more in fieldsets]

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Offer what fits the kind; what never runs out has no stock to change."""
        gift = Gift.objects.filter(pk=object_id).first()
        fitting = OFFERED.get(gift.kind, ("_change_stock",)) if gift else ()
        if gift and not gift.stock_counted:
            fitting = tuple(name for name in fitting if name != "_change_stock")
        return [one for one in super().get_actions_detail(request, object_id) if one.action_name.endswith(fitting)]

    @action(description=_("Bring in codes"), icon="upload_file", permissions=["stock"])
    def bring_in_codes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put a list of codes into the pool: all of them, or none and what is wrong with which line."""
        gift = get_object_or_404(Gift, pk=object_id, kind=Gift.Kind.CODE)
        form = CodesForm(request.POST, request.FILES) if request.method == "POST" else CodesForm()
        back = address(Gift, "change", gift.pk)
        if form.is_valid() and (number := self._brought_in(request, gift, form)):
            words = ngettext("%(number)s code brought in.", "%(number)s codes brought in.", number)
            messages.success(request, words % {"number": f"{number:,}"})
            return HttpResponseRedirect(back)
        title = _("Bring in codes for %(gift)s") % {"gift": gift}
        page = ask(request, self, title=title, question=list, confirm=_("Bring in codes"), back=back, form=form)
        return page or HttpResponseRedirect(back)

    def _brought_in(self, request: HttpRequest, gift: Gift, form: CodesForm) -> int:
        given = {"actor_id": actor(request), "note": form.cleaned_data["note"], "at": timezone.now()}
        try:
            number = codes.add(gift_id=gift.pk, codes=form.given, **given)
        except codes.BadCodes as refused:
            form.tell(refused)
            return 0
        log(request, [gift], gettext("%(number)s codes brought in.") % {"number": number})
        return number

    @action(description=_("Give medal"), icon="military_tech", permissions=["medal"])
    def give_medal(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give a medal to members by their numbers."""
        gift = get_object_or_404(Gift, pk=object_id, kind=Gift.Kind.MEDAL)
        form, back = MedalForm(request.POST or None), address(Gift, "change", gift.pk)
        asks = gettext("Give %(medal)s to %(number)s members?")
        page = ask(
            request,
            self,
            title=_("Give medal"),
            question=lambda: [asks % {"medal": gift, "number": len(form.members)}, form.cleaned_data["note"]],
            confirm=_("Give medal"),
            back=back,
            form=form,
        )
        if page is not None:
            return page
        given = {"actor_id": actor(request), "note": form.cleaned_data["note"], "at": timezone.now()}
        number = medals.give(gift_id=gift.pk, member_ids=form.members, **given)
        done = ngettext("%(number)s member got it.", "%(number)s members got it.", number) % {"number": number}
        log(request, [gift], f"{gettext('Medal given.')} {done}")
        messages.success(request, done)
        return HttpResponseRedirect(back)

    @action(description=_("Check-in list"), icon="checklist", permissions=["seats"])
    def list_seats(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show who signed up and who is there."""
        return HttpResponseRedirect(f"{address(Voucher, 'changelist')}?gift__id__exact={int(object_id)}")

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
        if gift.picture:
            return thumbnail(gift.picture)
        return format_html('<span class="jf-emblem">{}</span>', gift.emblem or "🎁")

    @display(description=_("gift"))
    def shown_name(self, gift: Gift) -> str:
        return gift.name

    @display(description=_("stock"), ordering="stock")
    def shown_stock(self, gift: Gift) -> SafeString | str:
        if not gift.stock_counted:
            return gettext("not counted")
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
