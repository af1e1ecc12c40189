"""Status words that no format knows: staff say on the page of an import what they mean."""

from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from config.back_office import DELETE, VIEW, Desk, actor, address, log
from orders import teaching
from orders.admin.columns import may_choose
from orders.models import OrderImport, StatusWord
from orders.tasks import run_import
from orders.word_forms import MeaningsForm


@admin.register(StatusWord)
class StatusWordAdmin(Desk):
    list_display = ["word", "channel", "column", "status", "said_by", "said_at"]
    list_select_related = ["channel", "said_by"]
    list_filter = ["channel"]
    sortable_by = ()
    empty_hint = _("When a file has a status word that nobody knows, say on the page of its import what it means.")
    rights = {"view": VIEW, "delete": DELETE}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: StatusWord | None = None) -> bool:
        return False


def say(request: HttpRequest, import_id: int) -> HttpResponse:
    """Keep what words of an import's file mean; then the files that have them are read again."""
    if request.method != "POST" or not may_choose(request):
        raise PermissionDenied
    order_import = get_object_or_404(OrderImport.objects.select_related("channel"), pk=import_id)
    form = MeaningsForm(request.POST, order_import)
    meanings = form.meanings() if form.is_valid() else {}
    if not meanings:
        messages.warning(request, gettext("Choose what at least one word means."))
        return HttpResponseRedirect(address(OrderImport, "change", import_id))
    try:
        begun = teaching.teach(import_id=import_id, meanings=meanings, actor_id=actor(request), at=timezone.now())
    except teaching.BadWord as bad:
        messages.error(request, str(bad))
        return HttpResponseRedirect(address(OrderImport, "change", import_id))
    log(request, [order_import], gettext("Words given a meaning: %(words)s.") % {"words": _told(meanings)})
    for one in begun:
        run_import.delay_on_commit(one)  # type: ignore[attr-defined]
    return _there(request, import_id, begun)


def _told(meanings: teaching.Meanings) -> str:
    return ", ".join(f"{word} = {status}" for (_column, word), status in meanings.items())


def _there(request: HttpRequest, import_id: int, begun: list[int]) -> HttpResponse:
    """Go to what is read again: the import itself, another, or the list of several."""
    said = ngettext(
        "The word is remembered. %(count)d file is read again: confirm it to let its orders count.",
        "The words are remembered. %(count)d files are read again: confirm them to let their orders count.",
        len(begun),
    )
    messages.success(request, said % {"count": len(begun)})
    if import_id in begun or not begun:
        return HttpResponseRedirect(address(OrderImport, "change", import_id))
    if len(begun) == 1:
        return HttpResponseRedirect(address(OrderImport, "change", begun[0]))
    return HttpResponseRedirect(address(OrderImport, "changelist"))
