"""Order files in: handed in, followed, reported, taken away again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
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
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from config.back_office import VIEW, BoundedPaginator, Facts, actor, address, ask, log
from members.models import Member
from orders import importing, rejects
from orders.admin import undo, words
from orders.admin.report import report
from orders.channels import PLATFORMS
from orders.forms import UploadForm
from orders.models import Order, OrderImport
from orders.tasks import run_import

State = OrderImport.State
STATE_COLOURS = {
    **dict.fromkeys(State, "info"),
    State.PREVIEWED: "warning",
    State.DONE: "success",
    State.REFUSED: "danger",
    State.FAILED: "danger",
    State.DISCARDED: "default",
    State.UNDOING: "warning",
    State.UNDONE: "default",
}


@admin.register(OrderImport)
class OrderImportAdmin(Facts):
    list_display = ["shown_name", "created_at", "created_by", "channel", "shown_state", "numbers", "rejected"]
    list_filter = ["state", "channel"]
    list_select_related = ["created_by", "channel"]
    sortable_by = ()
    search_fields = ["name"]
    actions_list = ["upload"]
    actions = ["confirm", "discard"]
    rights = {"view": VIEW, "add": _("import files, and download them"), "undo_orderimport": undo.RIGHT}
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
        """Take in files; a worker reads them, then they wait to be confirmed."""
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
        made = [
            importing.accept(**given, actor_id=actor(request), at=timezone.now(), confirmed=False)
            for given in form.given()
        ]
        _start(one.pk for one in made)
        if len(made) == 1:
            return HttpResponseRedirect(address(OrderImport, "change", made[0].pk))
        said = gettext("%(count)d files were handed in. They are being read; confirm those that you want to import.")
        messages.success(request, said % {"count": len(made)})
        return HttpResponseRedirect(address(OrderImport, "changelist"))

    @action(description=_("Confirm and import"), permissions=["upload"])
    def confirm(self, request: HttpRequest, queryset: QuerySet[OrderImport]) -> HttpResponse | None:
        """Let previewed imports go on, after a question that tells what they would do."""
        waiting = list(queryset.filter(state=State.PREVIEWED))
        if not waiting:
            messages.warning(request, gettext("None of these files waits to be confirmed."))
            return None
        asked = ask(
            request,
            self,
            title=gettext("Import these files?"),
            question=lambda: [_sum(waiting)],
            confirm=gettext("Import"),
            back=address(OrderImport, "changelist"),
            objects=[one.name for one in waiting],
            total=len(waiting),
        )
        if asked is None:
            done = self._confirmed(request, [one.pk for one in waiting])
            said = ngettext("%(count)d import goes on.", "%(count)d imports go on.", len(done))
            messages.success(request, said % {"count": len(done)})
        return asked

    @action(description=_("Discard"), permissions=["upload"])
    def discard(self, request: HttpRequest, queryset: QuerySet[OrderImport]) -> None:
        """Give previewed imports up: nothing of them is in yet."""
        gone = importing.discard(import_ids=queryset.values_list("pk", flat=True), at=timezone.now())
        log(request, OrderImport.objects.filter(pk__in=gone), "Discarded before it was imported.")
        said = ngettext("%(count)d file was discarded.", "%(count)d files were discarded.", len(gone))
        messages.success(request, said % {"count": len(gone)})

    def _confirmed(self, request: HttpRequest, ids: list[int]) -> list[int]:
        done = importing.confirm(import_ids=ids, actor_id=actor(request), at=timezone.now())
        log(request, OrderImport.objects.filter(pk__in=done), "Confirmed.")
        _start(done)
        return done

    def decide(self, request: HttpRequest, import_id: int) -> HttpResponse:
        """Confirm or discard an import from its page."""
        if request.method != "POST" or not self.has_upload_permission(request):
            raise PermissionDenied
        order_import = get_object_or_404(self.get_queryset(request), pk=import_id)
        if "discard" in request.POST:
            self.discard(request, self.get_queryset(request).filter(pk=import_id))
        elif not self._confirmed(request, [import_id]):
            messages.info(request, gettext("This file was decided on before; you see what became of it."))
        return HttpResponseRedirect(address(OrderImport, "change", order_import.pk))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:import_id>/progress/", view(self.progress), name="orders_orderimport_progress"),
            path("<int:import_id>/decide/", view(self.decide), name="orders_orderimport_decide"),
            path("<int:import_id>/undo/", view(partial(undo.undo, self)), name="orders_orderimport_undo"),
            path("<int:import_id>/words/", view(words.say), name="orders_orderimport_words"),
            path("<int:import_id>/members/", view(self.members), name="orders_orderimport_members"),
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
        response = StreamingHttpResponse(rejects.as_csv(order_import), content_type="text/csv; charset=utf-8")
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

    def members(self, request: HttpRequest, import_id: int) -> HttpResponse:
        """Show the members whose orders an import brought or changed."""
        order_import = get_object_or_404(self.get_queryset(request), pk=import_id)
        if not (self.has_view_permission(request) and request.user.has_perm("members.view_member")):
            raise PermissionDenied
        page = BoundedPaginator(Order.objects.touched(order_import), 50).get_page(request.GET.get("page"))
        found = Member.objects.in_bulk([row["member"] for row in page])
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Members of this import"),
            "opts": self.opts,
            "original": order_import,
            "page": page,
            "rows": [(found[row["member"]], row) for row in page],
        }
        return TemplateResponse(request, "admin/orders/import_members.html", context)

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
        if order_import.state not in (State.DONE, State.FAILED, State.UNDONE):
            return "–"
        return f"{order_import.new:,} / {order_import.updated:,} / {order_import.unchanged:,}"


def _start(ids: Iterable[int]) -> None:
    for import_id in ids:
        run_import.delay_on_commit(import_id)  # type: ignore[attr-defined]


def _sum(imports: Sequence[OrderImport]) -> str:
    foreseen = [one.foreseen for one in imports if one.foreseen]
    said = gettext("%(files)d files with %(orders)s new orders, about %(points)s points.")
    orders, points = (sum(one[name] for one in foreseen) for name in ("new", "points"))
    return said % {"files": len(imports), "orders": f"{orders:,}", "points": f"{points:,}"}
