"""Redemptions from the desk to the parcel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from config.back_office import MOST_LISTED, VIEW, actor, address, ask, link, log
from config.numbers import digits
from loyalty.models import Posting
from mall import shipping
from mall.admin.packing import Packing
from mall.admin.steps import CancelForm, ReturnForm, ShipForm, would_do
from mall.models import Redemption, Reversal, Shipment
from mall.redeeming import KeyReused, Refused
from members.admin import MemberAdmin, Panel
from members.models import Member

State = Redemption.State
STATE_COLOURS = {
    State.UNPAID: "default",
    State.ISSUED: "warning",
    State.PLACED: "warning",
    State.PACKED: "info",
    State.SHIPPED: "primary",
    State.RECEIVED: "success",
    State.CANCELLED: "default",
    State.RETURNED: "danger",
}
PARCEL = _("Parcel")


@admin.register(Redemption)
class RedemptionAdmin(Packing):
    list_display = ["number", "placed_at", "shown_gift", "member", "recipient_line", "shown_state"]
    list_select_related = ["member", "gift"]
    list_filter = ["kind", "gift"]
    rights = {"view": VIEW, "change": _("pack, ship, cancel, take back")}
    sortable_by = ()
    search_fields = ["pk"]
    search_help_text = _("Number of the redemption, or a member's whole phone number")
    actions = ["pack", "packing_csv", "packing_xlsx", "packing_print"]
    actions_list = ["enter_tracking"]
    actions_detail = ["ship", "cancel", "take_back"]
    actions_row = ["ship"]
    fieldsets = [
        (None, {"fields": [("shown_gift", "state"), ("member", "shown_points")]}),
        (PARCEL, {"fields": [("recipient", "phone"), "address", ("carrier", "tracking_number")]}),
        (
            _("What happened"),
            {"fields": [("placed_at", "packed_at"), ("shipped_at", "received_at"), "went_back", "paid_by"]},
        ),
    ]
    readonly_fields = [
        "shown_gift",
        "shown_points",
        "carrier",
        "tracking_number",
        "shipped_at",
        "went_back",
        "paid_by",
        "recipient_line",
    ]
    empty_hint = _("Members redeem gifts in the mall; what they redeem appears here.")

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """Let who waits longest come first."""
        asked = set(request.GET.get("state__in", "").split(","))
        return ["id"] if asked <= {State.PLACED, State.PACKED} else ["-id"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show name, phone and address to who ships; others see that there is a parcel."""
        fieldsets = super().get_fieldsets(request, obj)
        if self.has_ship_permission(request):
            return fieldsets
        return [
            (title, {"fields": ["recipient_line", ("carrier", "tracking_number")]} if title == PARCEL else fields)
            for title, fields in fieldsets
        ]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        from members.forms import e164

        words = search_term.strip()
        if phone := e164(words):
            return queryset.filter(member__in=Member.objects.filter(phone=phone)), False
        if (number := digits(words)) is not None:
            return queryset.filter(pk=number), False
        return (queryset.none() if words else queryset), False

    def has_ship_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mall.change_redemption"))

    @action(description=_("Pack the selected"), icon="package_2", permissions=["ship"])
    def pack(self, request: HttpRequest, queryset: QuerySet[Redemption]) -> HttpResponse | None:
        """Mark redemptions as packed, after asking."""
        placed = queryset.filter(state=State.PLACED).order_by("id")
        number = placed.count()
        if not number:
            messages.warning(request, gettext("None of the selected is waiting to be packed."))
            return None
        asks = ngettext("Pack %(number)s redemption?", "Pack %(number)s redemptions?", number)
        page = ask(
            request,
            self,
            title=_("Pack"),
            question=lambda: [asks % {"number": number}],
            confirm=_("Pack"),
            back=request.get_full_path(),
            objects=[f"#{one.pk} {to_send(one)} · {one.recipient}" for one in placed[:MOST_LISTED]],
            total=number,
        )
        if page is not None:
            return page
        ids = list(placed.values_list("pk", flat=True))
        packed = shipping.pack(redemption_ids=ids, at=timezone.now())
        done = ngettext("%(number)s redemption packed.", "%(number)s redemptions packed.", packed) % {"number": packed}
        log(request, Redemption.objects.filter(pk__in=ids), gettext("Packed."))
        messages.success(request, done)
        return None

    @action(description=_("Ship"), icon="local_shipping", permissions=["ship"], variant=ActionVariant.PRIMARY)
    def ship(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Write down carrier and tracking number."""
        redemption = get_object_or_404(Redemption.objects.select_related("gift"), pk=object_id)
        form = ShipForm(request.POST or None)
        return self._step(
            request,
            redemption,
            form,
            title=_("Ship"),
            introduction=f"{to_send(redemption)} · {redemption.recipient} {redemption.phone} {redemption.address}",
            question=lambda: [
                gettext("Ship %(what)s?") % {"what": to_send(redemption)},
                f"{redemption.recipient} {redemption.phone} {redemption.address}".strip(),
                f"{form.cleaned_data['carrier']} {form.cleaned_data['tracking_number']}",
            ],
            act=lambda given, at: shipping.ship(redemption_id=redemption.pk, at=at, **given),
            done=gettext("Shipped."),
        )

    @action(description=_("Cancel"), icon="cancel", permissions=["ship"], variant=ActionVariant.DANGER)
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the points back before anything is shipped, for all pieces or some."""
        redemption = get_object_or_404(Redemption.objects.select_related("member"), pk=object_id)
        form = CancelForm(request.POST or None, redemption=redemption)
        return self._step(
            request,
            redemption,
            form,
            title=_("Cancel redemption"),
            introduction=f"{redemption} · {redemption.member}",
            question=lambda: would_do(redemption, form.cleaned_data, gettext("Cancel %(what)s?")),
            act=lambda given, at: shipping.cancel(redemption_id=redemption.pk, at=at, actor_id=actor(request), **given),
            done=gettext("Cancelled; the points are back."),
            danger=True,
        )

    @action(description=_("Take back"), icon="assignment_return", permissions=["ship"])
    def take_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the points back for a parcel that came back, or some of its pieces."""
        redemption = get_object_or_404(Redemption.objects.select_related("member"), pk=object_id)
        form = ReturnForm(request.POST or None, redemption=redemption)
        return self._step(
            request,
            redemption,
            form,
            title=_("Take back"),
            introduction=f"{redemption} · {redemption.member}",
            question=lambda: would_do(redemption, form.cleaned_data, gettext("Take back %(what)s?")),
            act=lambda given, at: shipping.return_(
                redemption_id=redemption.pk, at=at, actor_id=actor(request), **given
            ),
            done=gettext("Taken back; the points are back."),
            danger=True,
        )

    def _step(
        self, request: HttpRequest, redemption: Redemption, form: forms.Form, *, act: Any, done: str, **asked: Any
    ) -> HttpResponse:
        """Ask, make the one domain call, log it; a refusal is shown as a sentence."""
        back = address(Redemption, "change", redemption.pk)
        page = ask(request, self, form=form, confirm=asked["title"], back=back, **asked)
        if page is not None:
            return page
        try:
            changed = act(form.cleaned_data, timezone.now())
        except (Refused, KeyReused) as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(back)
        if changed is False:
            messages.info(request, gettext("This was done before; nothing changed."))
        else:
            told = [done, _number(form.cleaned_data), form.cleaned_data.get("note", "")]
            log(request, [redemption], " ".join(filter(None, told)))
            messages.success(request, done)
        return HttpResponseRedirect(back)

    def get_actions_row(self, request: HttpRequest) -> list[Any]:
        waiting = request.GET.get("state__in", "") in (State.PLACED, State.PACKED)
        return super().get_actions_row(request) if waiting else []

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Offer the steps that the redemption can still take."""
        state = Redemption.objects.filter(pk=object_id).values_list("state", flat=True).first()
        possible = STEPS.get(state, ())
        return [one for one in super().get_actions_detail(request, object_id) if one.action_name.endswith(possible)]

    @display(description=_("number"))
    def number(self, redemption: Redemption) -> int:
        return redemption.pk

    @display(description=_("gift"))
    def shown_gift(self, redemption: Redemption) -> str:
        if 0 < redemption.returned < redemption.quantity:
            return gettext("%(what)s, of which %(number)s went back") % {
                "what": redemption,
                "number": redemption.returned,
            }
        return str(redemption)

    @display(description=_("points"))
    def shown_points(self, redemption: Redemption) -> str:
        yuan = f" + ¥{redemption.cash}" if redemption.cash else ""
        return f"{redemption.points:,}{yuan}"

    @display(description=_("state"), label=STATE_COLOURS)
    def shown_state(self, redemption: Redemption) -> tuple[str, str]:
        return redemption.state, str(redemption.state_words)

    @display(description=_("recipient"))
    def recipient_line(self, redemption: Redemption) -> str:
        """Show enough to tell two parcels apart; name and address are on the redemption's page."""
        if not redemption.address:
            return "–"
        return f"{redemption.recipient[:1]}** {Truncator(redemption.address).chars(8)}"

    @display(description=_("carrier"))
    def carrier(self, redemption: Redemption) -> str:
        return getattr(getattr(redemption, "shipment", None), "carrier", "–")

    @display(description=_("tracking number"))
    def tracking_number(self, redemption: Redemption) -> SafeString | str:
        shipment: Shipment | None = getattr(redemption, "shipment", None)
        if shipment is None or not shipment.url:
            return shipment.tracking_number if shipment else "–"
        words = (shipment.url, shipment.tracking_number, gettext("follow it (new tab)"))
        return format_html('<a href="{}" target="_blank" rel="noopener noreferrer">{} · {}</a>', *words)

    @display(description=_("shipped at"))
    def shipped_at(self, redemption: Redemption) -> str:
        shipped = getattr(getattr(redemption, "shipment", None), "shipped_at", None)
        return localize(timezone.localtime(shipped)) if shipped else "–"

    @display(description=_("what went back"))
    def went_back(self, redemption: Redemption) -> SafeString | str:
        """Show each step: when, how many, for what, by whom and why."""
        steps = redemption.reversals.select_related("actor").order_by("pk")
        return format_html_join(SafeString("<br>"), "{}", ((_step_line(one),) for one in steps)) or "–"

    @display(description=_("posting"))
    def paid_by(self, redemption: Redemption) -> SafeString:
        return link(address(Posting, "change", redemption.posting_id), f"#{redemption.posting_id}")


def to_send(redemption: Redemption) -> str:
    """Return what goes into the parcel."""
    return f"{redemption.gift_name} × {redemption.kept}"


def _number(given: dict[str, Any]) -> str:
    return f"× {given['pieces']}" if given.get("pieces") else ""


def _step_line(step: Reversal) -> str:
    words = [
        localize(timezone.localtime(step.at)),
        f"{step.get_state_display()} × {step.pieces}",
        gettext("%(points)s points") % {"points": f"{step.points:,}"},
        f"¥{step.cash}" if step.cash else "",
        "" if step.restocked else gettext("written off"),
        str(step.actor or ""),
        step.note,
    ]
    return " · ".join(filter(None, words))


STEPS: dict[str | None, tuple[str, ...]] = {
    State.UNPAID: ("_cancel",),
    State.ISSUED: ("_cancel",),
    State.PLACED: ("_ship", "_cancel"),
    State.PACKED: ("_ship", "_cancel"),
    State.SHIPPED: ("_take_back",),
    State.RECEIVED: ("_take_back",),
}


def redemptions_panel(request: HttpRequest, member: Member, at: datetime) -> Panel | None:
    """Show a member's last redemptions."""
    if not request.user.has_perm("mall.view_redemption"):
        return None
    rows = list(Redemption.objects.of(member)[:10])
    every = f"{address(Redemption, 'changelist')}?member__id__exact={member.pk}"
    return Panel(_("Redemptions"), "admin/mall/redemptions.html", {"rows": rows}, [(_("All"), every, "history")])


MemberAdmin.panels.append(redemptions_panel)
