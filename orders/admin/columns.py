"""Columns that staff choose for a file that is of no known format, and what is remembered of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.back_office import DELETE, VIEW, Desk, actor, address, log
from orders import importing, mapping, staging
from orders.channels import FORMATS
from orders.channels.mapped import Plan
from orders.channels.rows import RefusedFile
from orders.column_forms import CLASSES, ROLES, ColumnsForm, PlaceForm, Sight, WordsForm, sight
from orders.models import ColumnMapping, OrderImport
from orders.tasks import run_import

State = OrderImport.State
WEIMOB = "weimob"


def may_choose(request: HttpRequest) -> bool:
    """Return whether somebody may say what the columns of a file are: it decides what counts as paid."""
    return bool(request.user.has_perms(["orders.add_orderimport", "orders.add_columnmapping"]))


@admin.register(ColumnMapping)
class ColumnMappingAdmin(Desk):
    list_display = ["name", "channel", "shown_kind", "changed_by", "changed_at"]
    list_select_related = ["channel", "changed_by"]
    list_filter = ["channel"]
    sortable_by = ()
    fieldsets = [
        (None, {"fields": ["name", ("channel", "shown_kind")]}),
        (_("Columns"), {"fields": ["shown_columns", ("net", "rows"), ("time_zone", "header_line")]}),
        (_("Words"), {"fields": ["shown_words"]}),
        (_("History"), {"fields": [("created_by", "created_at"), ("changed_by", "changed_at")]}),
    ]
    readonly_fields = [
        "channel", "shown_kind", "shown_columns", "net", "rows", "time_zone", "header_line", "shown_words",
        "created_by", "created_at", "changed_by", "changed_at",
    ]  # fmt: skip
    rights = {"view": VIEW, "add": _("choose the columns of files"), "change": _("rename"), "delete": DELETE}
    empty_hint = _("When a file is refused because nobody knows its columns, choose them on the page of its import.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A correction of a format has that format's words and rules."""
        if obj is None or not obj.format:
            return self.fieldsets
        name, _columns, _words, history = self.fieldsets
        return [name, (_("Columns"), {"fields": ["shown_columns", "header_line"]}), history]

    def get_urls(self) -> list[URLPattern]:
        choose = self.admin_site.admin_view(self.choose)
        return [path("choose/<int:import_id>/", choose, name="orders_columnmapping_choose"), *super().get_urls()]

    def choose(self, request: HttpRequest, import_id: int) -> HttpResponse:
        """Choose what the columns of an import's file are, in one step or two; then it is read anew."""
        if not may_choose(request):
            raise PermissionDenied
        order_import = get_object_or_404(OrderImport.objects.select_related("channel"), pk=import_id)
        back = HttpResponseRedirect(address(OrderImport, "change", import_id))
        if order_import.state not in (State.REFUSED, State.PREVIEWED):
            messages.warning(request, _too_late())
            return back
        try:
            with staging.local(order_import) as file:
                return self._chosen(request, order_import, file)
        except RefusedFile as refused:
            messages.error(request, refused.reason)
        except FileNotFoundError:
            messages.error(request, gettext("The uploaded file is not there any more. Upload it again."))
        return back

    def _chosen(self, request: HttpRequest, order_import: OrderImport, file: Path) -> HttpResponse:
        """Return the first page, the second, or what follows the second."""
        seen = sight(order_import, file, request.POST)
        if request.POST.get("shown") != seen.shown or "look" in request.POST:
            return self._page(request, order_import, seen, form=ColumnsForm(None, seen))
        form = ColumnsForm(request.POST, seen)
        if not form.is_valid():
            return self._page(request, order_import, seen, form=form)
        words = None
        try:
            plan = form.plan()
            mapping.check_columns(plan)
            words = None if seen.read_as else WordsForm(request.POST if "save" in request.POST else None, seen, plan)
            if "edit" in request.POST:
                return self._page(request, order_import, seen, form=form)
            if words and not words.is_valid() and (words.fields or _hides_refunds(seen, plan)):
                return self._page(request, order_import, seen, form=form, words=words)
            return self._begun(request, order_import, words.plan() if words and words.is_bound else plan)
        except mapping.BadPlan as bad:
            return self._page(request, order_import, seen, form=form, words=words, wrong=bad.sentences)

    def _begun(self, request: HttpRequest, order_import: OrderImport, plan: Plan) -> HttpResponse:
        """Remember the choice and let the import begin anew with it. Raises BadPlan."""
        at = timezone.now()
        try:
            with transaction.atomic():
                kept = mapping.remember(plan=plan, actor_id=actor(request), at=at)
                importing.begin_anew(import_id=order_import.pk, mapping=kept, at=at)
                log(request, [kept], gettext("Chosen for “%(file)s”.") % {"file": order_import.name})
                log(request, [order_import], gettext("Columns chosen: “%(name)s”.") % {"name": kept.name})
                run_import.delay_on_commit(order_import.pk)  # type: ignore[attr-defined]
        except importing.NotWaiting:
            messages.warning(request, _too_late())
        else:
            messages.success(request, gettext("These columns are remembered for the next file with this header."))
        return HttpResponseRedirect(address(OrderImport, "change", order_import.pk))

    def _page(
        self,
        request: HttpRequest,
        order_import: OrderImport,
        seen: Sight,
        *,
        form: ColumnsForm,
        words: WordsForm | None = None,
        wrong: Any = (),
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Choose columns"),
            "order_import": order_import,
            "sight": seen,
            "place": PlaceForm(seen),
            "form": form,
            "words": words,
            "carried": _carried(request),
            "wrong": [*wrong, *(sentence for errors in form.errors.values() for sentence in errors)],
            "warnings": _warnings(seen, words.plan_so_far if words else None),
            "back": address(OrderImport, "change", order_import.pk),
        }
        return TemplateResponse(request, "admin/orders/columns.html", context)

    @display(description=_("how it is read"))
    def shown_kind(self, kept: ColumnMapping) -> str:
        form = FORMATS.get(kept.format)
        if form is None:
            return gettext("by its columns alone")
        return gettext("by the rules of “%(form)s”") % {"form": form.name}

    @display(description=_("columns"))
    def shown_columns(self, kept: ColumnMapping) -> SafeString:
        form = FORMATS.get(kept.format)
        rows = [
            (kept.header[index], ROLES.get(attribute) or (form and form.columns[attribute].names[0]) or attribute)
            for attribute, index in sorted(kept.columns.items(), key=lambda one: one[1])
        ]
        heads = (_("Column of the file"), _("Understood as"))
        return render_to_string("admin/orders/_pairs.html", {"heads": heads, "rows": rows})

    @display(description=_("words"))
    def shown_words(self, kept: ColumnMapping) -> SafeString:
        rows = [
            (word or _("(empty)"), dict(CLASSES[attribute]).get(status, status))
            for attribute, words in kept.words.items()
            for word, status in words.items()
        ]
        return render_to_string("admin/orders/_pairs.html", {"heads": (_("Word"), _("Means")), "rows": rows})


def _carried(request: HttpRequest) -> dict[str, str]:
    """Return what the first step was given, for the second to hand in again."""
    dropped = ("csrfmiddlewaretoken", "save", "edit")
    return {
        name: str(text) for name, text in request.POST.items() if name not in dropped and not name.startswith("word-")
    }


def _hides_refunds(seen: Sight, plan: Plan) -> bool:
    return seen.platform == WEIMOB and not {"refund", "after_sale"} & set(plan.columns)


def _warnings(seen: Sight, plan: Plan | None) -> list[str]:
    """Return what staff should know before they choose, or of what they chose."""
    said = []
    if warning := seen.look.warning():
        said.append(warning)
    if seen.known and seen.known.platform != seen.platform:
        looks = gettext(
            "This looks like a file of “%(form)s”. If it is one, choose a channel of that platform: "
            "its orders would count twice here."
        )
        said.append(looks % {"form": seen.known.name})
    if _hides_refunds(seen, plan or seen.plan(name="", columns=seen.proposed())):
        said.append(
            gettext(
                "Weimob shows orders that were refunded in full as 已完成. Without a column of refunds or after-sales "
                "they earn points all the same: choose one if the file has it."
            )
        )
    return said


def _too_late() -> str:
    return gettext("This import has gone on meanwhile. Its columns can be chosen only while it waits or is refused.")
