"""Order files in: handed in, followed, reported, taken away again."""

from __future__ import annotations

from typing import Any

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
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from config.back_office import VIEW, Facts, actor, address
from orders import importing, rejects
from orders.channels import PLATFORMS
from orders.forms import UploadForm
from orders.models import OrderImport
from orders.tasks import run_import

State = OrderImport.State
STATE_COLOURS = {
    **dict.fromkeys(State, "info"),
    State.PREVIEWED: "warning",
    State.DONE: "success",
    State.REFUSED: "danger",
    State.FAILED: "danger",
    State.DISCARDED: "default",
    State.UNDONE: "default",
}
STEPS = (State.UPLOADED, State.STAGED, State.CHECKED, State.MATCHED, State.STORED, State.DONE)
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
            "formats": [one.name for one in PLATFORMS.values()],
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
        response = StreamingHttpResponse(rejects.as_csv(import_id), content_type="text/csv; charset=utf-8")
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
