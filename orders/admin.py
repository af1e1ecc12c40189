"""Order files in, what became of them, the orders they brought, and the channels they come from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget

from config.back_office import VIEW, Desk, Facts, actor, address, link, wide
from loyalty.forms import KnownChannel, RuleForm
from loyalty.models import Posting
from members.admin import MemberAdmin, Panel, sees_phones
from members.forms import e164
from members.models import Member
from orders import claim_admin, importing
from orders.channels import PLATFORMS
from orders.forms import UploadForm
from orders.models import Channel, Order, OrderImport, OrderLine, Status
from orders.tasks import run_import

State = OrderImport.State
STATE_COLOURS = {**dict.fromkeys(State, "info"), State.DONE: "success", State.REFUSED: "danger", State.FAILED: "danger"}
STEPS = (State.UPLOADED, State.STAGED, State.CHECKED, State.MATCHED, State.STORED, State.DONE)
STATUS_COLOURS = {
    **dict.fromkeys(Status, "default"),
    Status.PAID: "info",
    Status.COMPLETED: "success",
    Status.PARTIALLY_REFUNDED: "warning",
    Status.REFUNDED: "danger",
}
MOST_REJECTS = 200


@admin.register(OrderImport)
class OrderImportAdmin(Facts):
    list_display = ["shown_name", "created_at", "created_by", "channel", "shown_state", "numbers", "rejected"]
    list_filter = ["state", "channel"]
    list_select_related = ["created_by", "channel"]
    sortable_by = ()
    search_fields = ["name"]
    actions_list = ["upload"]
    rights = {"view": VIEW, "add": _("import files, and download them")}
    empty_hint = _("Export the orders from your platform, then choose “Import orders” above.")

    def has_upload_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("orders.add_orderimport"))

    @action(
        description=_("Import orders"),
        icon="upload_file",
        permissions=["upload"],
        variant=ActionVariant.PRIMARY,
    )
    def upload(self, request: HttpRequest) -> HttpResponse:
        """Take in a file; a worker does the rest."""
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if form.is_valid():
            return self._accepted(request, form)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import orders"),
            "form": form,
            "formats": [name for _code, name in platforms()],
            "most": settings.ORDER_FILE_MAX_BYTES,
        }
        return TemplateResponse(request, "admin/orders/upload.html", context)

    def _accepted(self, request: HttpRequest, form: UploadForm) -> HttpResponse:
        order_import = importing.accept(**form.given(), actor_id=actor(request), at=timezone.now())
        run_import.delay_on_commit(order_import.pk)  # type: ignore[attr-defined]
        return HttpResponseRedirect(address(OrderImport, "change", order_import.pk))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:import_id>/progress/", view(self.progress), name="orders_orderimport_progress"),
            path("<int:import_id>/rejects.csv", view(self.rejects), name="orders_orderimport_rejects"),
            path("<int:import_id>/file/", view(self.file), name="orders_orderimport_file"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Show the report of an import."""
        order_import = self.get_object(request, object_id)
        if order_import is None:
            raise Http404
        if request.method != "GET" or not self.has_view_permission(request, order_import):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": order_import.name,
            "opts": self.opts,
            "original": order_import,
            **report(request, order_import),
        }
        return TemplateResponse(request, "admin/orders/report.html", context)

    def progress(self, request: HttpRequest, import_id: int) -> HttpResponse:
        """Show the changing part of the report; it asks for itself until the import has ended."""
        order_import = get_object_or_404(self.get_queryset(request), pk=import_id)
        if not self.has_view_permission(request, order_import):
            raise PermissionDenied
        return render(request, "admin/orders/progress.html", report(request, order_import))

    def rejects(self, request: HttpRequest, import_id: int) -> StreamingHttpResponse:
        """Give the rejected rows as a CSV file."""
        order_import = self._downloadable(request, import_id)
        response = StreamingHttpResponse(importing.rejects_csv(import_id), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="rejected-{order_import.pk}.csv"'
        return response

    def file(self, request: HttpRequest, import_id: int) -> FileResponse:
        """Give the file as it was uploaded."""
        order_import = self._downloadable(request, import_id)
        return FileResponse(
            order_import.file.open("rb"),
            as_attachment=True,
            filename=order_import.name,
            content_type="application/octet-stream",
        )

    def _downloadable(self, request: HttpRequest, import_id: int) -> OrderImport:
        """Files hold phones and addresses: only who may import may take them away."""
        if not request.user.has_perm("orders.add_orderimport"):
            raise PermissionDenied
        return get_object_or_404(OrderImport, pk=import_id)

    @display(description=_("file"))
    def shown_name(self, order_import: OrderImport) -> str:
        return order_import.name

    @display(description=_("state"), label=STATE_COLOURS)
    def shown_state(self, order_import: OrderImport) -> tuple[str, str]:
        return order_import.state, order_import.get_state_display()

    @display(description=_("orders: new, updated, unchanged"))
    def numbers(self, order_import: OrderImport) -> str:
        return f"{order_import.new:,} / {order_import.updated:,} / {order_import.unchanged:,}"


def report(request: HttpRequest, order_import: OrderImport) -> dict[str, Any]:
    """Return what a report shows of an import."""
    ended = order_import.state in OrderImport.ENDED
    return {
        "order_import": order_import,
        "ended": ended,
        "seen": importing.seen_before(order_import),
        "step": STEPS.index(order_import.state) if order_import.state in STEPS else 0,
        "steps": len(STEPS) - 1,
        "rejects": list(order_import.rejects.all()[:MOST_REJECTS]) if ended and order_import.rejected else [],
        "most_rejects": MOST_REJECTS,
        "may_download": request.user.has_perm("orders.add_orderimport"),
    }


class Lines(TabularInline):
    model = OrderLine
    fields = ["row_key", "title", "sku", "quantity", "status", "gross", "refunded"]
    readonly_fields = fields
    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Order)
class OrderAdmin(Facts):
    list_display = ["number", "channel", "member", "shown_status", "net_paid", "shown_refunded", "paid_at"]
    list_filter = ["channel", "status"]
    list_select_related = ["channel", "member"]
    sortable_by = ()
    search_fields = ["number"]
    search_help_text = _("The whole order number, or a member's whole phone number")
    inlines = [Lines]
    readonly_fields = ["net_paid", "shown_phone", "postings", "files"]
    fieldsets = [
        (None, {"fields": [("number", "channel"), ("status", "member"), ("buyer", "shown_phone")]}),
        (_("Amounts"), {"fields": [("gross", "refunded"), ("shipping", "net_paid")]}),
        (_("Times"), {"fields": [("ordered_at", "paid_at"), "completed_at"]}),
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


def platforms() -> list[tuple[str, Any]]:
    """Return the platforms whose files can be read: a channel belongs to one, whichever of its files it hands in."""
    return [(code, one.name) for code, one in PLATFORMS.items()]


class ChannelForm(forms.ModelForm):
    format = forms.ChoiceField(
        label=_("file format"),
        choices=platforms,
        widget=UnfoldAdminSelectWidget,
    )


@admin.register(Channel)
class ChannelAdmin(Desk):
    form = ChannelForm
    list_display = ["name", "code", "shown_format", "earns_at", "pending_days", "enrol", "active"]
    fieldsets = [
        (None, {"fields": [("name", "code"), ("format", "active")]}),
        (_("Points"), {"fields": [("earns_at", "pending_days")]}),
        (_("Buyers"), {"fields": ["enrol"]}),
        (
            _("Claims by order number"),
            {"fields": [("claims", "claim_proof"), ("claim_days", "claims_a_day"), "claim_review_from"]},
        ),
    ]
    empty_hint = _("Add each of your shops: its platform says which file it exports.")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code"] if obj else []

    @display(description=_("file format"))
    def shown_format(self, channel: Channel) -> str:
        known = PLATFORMS.get(channel.format)
        return str(known.name) if known else channel.format

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        used = obj is not None and (obj.order_set.exists() or obj.orderimport_set.exists())
        return super().has_delete_permission(request, obj) and not used


def orders_panel(request: HttpRequest, member: Member, at: datetime) -> Panel | None:
    """Show a member's last orders."""
    if not request.user.has_perm("orders.view_order"):
        return None
    rows = list(Order.objects.filter(member=member).select_related("channel").order_by("-id")[:10])
    every = f"{address(Order, 'changelist')}?member__id__exact={member.pk}"
    return Panel(_("Last orders"), "admin/orders/of_member.html", {"rows": rows}, [(_("All"), every, "history")])


def known_channels() -> list[KnownChannel]:
    """Return the channels for the rules of points."""
    return [KnownChannel(*row) for row in Channel.objects.values_list("code", "name", "pending_days")]


MemberAdmin.panels.append(orders_panel)
MemberAdmin.channel_names = staticmethod(lambda: dict(Channel.objects.values_list("code", "name")))
RuleForm.known_channels = staticmethod(known_channels)

__all__ = ("claim_admin",)
