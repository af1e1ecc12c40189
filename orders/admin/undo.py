"""An import is undone from its page, after a question that says what will happen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from config.back_office import Desk, actor, address, ask, log
from loyalty.models import PointsPolicy
from orders import undoing
from orders.models import OrderImport
from orders.tasks import undo_import
from orders.undoing import NotUndoable, Undoing

RIGHT = gettext_lazy("undo imports: take back what they caused")
State = OrderImport.State


def may_undo(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("orders.undo_orderimport"))


def undo(desk: Desk, request: HttpRequest, import_id: int) -> HttpResponse:
    """Ask, telling what will happen, then let a worker undo an import."""
    order_import = get_object_or_404(desk.get_queryset(request), pk=import_id)
    if not may_undo(request):
        raise PermissionDenied
    page = address(OrderImport, "change", import_id)
    try:
        asked = ask(
            request,
            desk,
            title=gettext("Undo this import"),
            question=lambda: _question(order_import),
            confirm=gettext("Undo it"),
            back=page,
            danger=True,
        )
        if asked is not None:
            return asked
        undoing.begin(import_id=import_id, actor_id=actor(request), at=timezone.now())
    except NotUndoable as refused:
        messages.warning(request, str(refused))
        return HttpResponseRedirect(page)
    undo_import.delay_on_commit(import_id)  # type: ignore[attr-defined]
    log(request, [order_import], "Undone.")
    return HttpResponseRedirect(page)


def _question(order_import: OrderImport) -> list[str]:
    foreseen = undoing.foresee(import_id=order_import.pk, at=timezone.now())
    asks = gettext("Undo the import of “%(name)s”?") % {"name": order_import.name}
    stays = gettext("Members that joined by this file and accounts that it brought stay.")
    return [asks, *_orders(foreseen), *_points(foreseen), stays]


def _orders(foreseen: Undoing) -> list[str]:
    """Return sentences on orders and claims."""
    told = [
        (
            foreseen.gone,
            ngettext(
                "%(number)s order that only this file told goes away.",
                "%(number)s orders that only this file told go away.",
                foreseen.gone,
            ),
        ),
        (
            foreseen.back,
            ngettext(
                "%(number)s order that this file changed stands as it stood before.",
                "%(number)s orders that this file changed stand as they stood before.",
                foreseen.back,
            ),
        ),
        (
            foreseen.kept,
            ngettext(
                "%(number)s order stays as it is, because other files told it too. Undo those to take it back.",
                "%(number)s orders stay as they are, because other files told them too. Undo those to take them back.",
                foreseen.kept,
            ),
        ),
        (
            foreseen.claims,
            ngettext(
                "%(number)s claim waits again until a file brings its order; its member is told.",
                "%(number)s claims wait again until a file brings their orders; their members are told.",
                foreseen.claims,
            ),
        ),
    ]
    return [words % {"number": f"{number:,}"} for number, words in told if number]


def _points(foreseen: Undoing) -> list[str]:
    """Return sentences on points and growth."""
    moved = [
        (
            (foreseen.taken, foreseen.growth_taken),
            gettext("%(points)s points and %(growth)s growth value are taken back."),
        ),
        (
            (foreseen.given, foreseen.growth_given),
            gettext("%(points)s points and %(growth)s growth value that this file had taken are given again."),
        ),
    ]
    told = [
        words % {"points": f"{points:,}", "growth": f"{growth:,}"}
        for (points, growth), words in moved
        if points or growth
    ]
    falls = ngettext(
        "%(number)s member leaves a tier that he only reached by this file.",
        "%(number)s members leave a tier that they only reached by this file.",
        foreseen.tiers,
    )
    told += [falls % {"number": f"{foreseen.tiers:,}"}] if foreseen.tiers else []
    return [*told, _spent(foreseen)] if foreseen.spent else told


def _spent(foreseen: Undoing) -> str:
    owing = ngettext(
        "%(points)s of these points are spent already: %(number)s member will owe them until new points repay them.",
        "%(points)s of these points are spent already: %(number)s members will owe them until new points repay them.",
        foreseen.debtors,
    )
    let_go = gettext("%(points)s of these points are spent already; they are let go, as the points policy says.")
    clamp = PointsPolicy.current().shortfall == PointsPolicy.Debt.CLAMP
    return (let_go if clamp else owing) % {"points": f"{foreseen.spent:,}", "number": f"{foreseen.debtors:,}"}


def state(request: HttpRequest, order_import: OrderImport) -> dict[str, Any]:
    """Return what the page of an import shows of its undoing: whether it can be undone, or what that did."""
    try:
        undoing.check(order_import)
        can = may_undo(request)
    except NotUndoable:
        can = False
    begun = order_import.undone_at is not None
    return {"may_undo": can, "undone": Undoing(**(order_import.undoing or {})) if begun else None}
