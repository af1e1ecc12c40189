"""Treasure draws: entering, and the page on which anybody can check a result."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from loyalty import ledger
from mall import drawing, redeeming, treasure
from mall.draw_forms import EnterForm
from mall.forms import new_key
from mall.models import TreasureDraw
from mall.tasks import settle_draw
from members.models import Member, Programme
from members.views import member_required

DRAWN = TreasureDraw.State.DRAWN
CODE = 12


@member_required
def treasure_page(request: HttpRequest, member: Member, treasure_id: int) -> HttpResponse:
    """One treasure draw: how far it is, and entries."""
    at = timezone.now()
    draw = get_object_or_404(TreasureDraw.objects.shown().with_opening(at).select_related("winner"), pk=treasure_id)
    if request.method != "POST":
        form = EnterForm(initial={"request_key": new_key(), "quantity": 1})
        return _page(request, member, draw, form)
    form = EnterForm(request.POST)
    if not form.is_valid():
        if "request_key" in form.errors:
            messages.error(request, _("This form is damaged. Please open the page again."))
            return redirect("treasure", draw.pk)
        return _page(request, member, draw, form, status=422)
    try:
        entry = treasure.enter(member_id=member.pk, treasure_id=draw.pk, at=timezone.now(), **form.cleaned_data)
    except treasure.REFUSALS as refusal:
        messages.error(request, str(refusal))
    except redeeming.KeyReused:
        messages.error(request, _("This page was used before. Please start again."))
    else:
        if entry.last_number == draw.capacity and draw.drawn_when == draw.When.FULL:
            _draw_now(draw.pk)
        messages.success(request, _("You are in with number %(numbers)s. Good luck!") % {"numbers": entry.numbers})
    return redirect("treasure", draw.pk)


def _draw_now(treasure_id: int) -> None:
    """Have a full draw drawn by a worker. Without a broker the beat draws it: the entry holds."""

    def ask() -> None:
        settle_draw.apply_async((treasure_id,), retry=False)

    transaction.on_commit(ask, robust=True)


def _page(request: HttpRequest, member: Member, draw: TreasureDraw, form: EnterForm, status: int = 200) -> HttpResponse:
    at = timezone.now()
    available = ledger.standing(member_id=member.pk, at=at).available
    context = {
        "chest": drawing.chest(draw, member, available=available, at=at),
        "draw": draw,
        "available": available,
        "form": form,
        "won": getattr(draw, "won", None),
        "at": at,
    }
    return render(request, "mall/draws/treasure.html", context, status=status)


@require_safe
def treasure_check(request: HttpRequest, treasure_id: int) -> HttpResponse:
    """Show anybody how the winner was found, each step done again."""
    draw = get_object_or_404(TreasureDraw.objects.shown(), pk=treasure_id)
    code = request.GET.get("code", "").strip().lower()[:CODE]
    entry = draw.entries.filter(code=code).first() if code.isalnum() else None
    drawn = draw.state == DRAWN
    context = {"draw": draw, "check": drawing.check(draw) if drawn else None, "code": code, "entry": drawn and entry}
    with timezone.override(Programme.current().time_zone):
        return render(request, "mall/draws/check.html", context)


@require_safe
def treasure_entries(request: HttpRequest, treasure_id: int) -> HttpResponse:
    """Give anybody the list of entries of a drawn treasure draw, byte for byte what was hashed."""
    draw = get_object_or_404(TreasureDraw, pk=treasure_id)
    if draw.state != DRAWN:
        raise Http404
    response = HttpResponse(treasure.entries_file(draw.pk).encode(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="entries-{draw.pk}.csv"'
    return response
