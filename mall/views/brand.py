"""The brand's colour and logo, for every page, and the storefront as staff see it before members do."""

from __future__ import annotations

from datetime import datetime
from hashlib import md5
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import condition, require_safe

from config.numbers import WholeNumber
from mall.models import Look
from mall.views.storefront import listed
from members.models import Member, Programme, Tier

A_MINUTE = "public, max-age=60"


def _sheet() -> str:
    return Look.current().palette.sheet()


def _seen(request: HttpRequest) -> str:
    request.brand_sheet = _sheet()  # type: ignore[attr-defined]
    return f'"{md5(request.brand_sheet.encode(), usedforsecurity=False).hexdigest()}"'  # type: ignore[attr-defined]


@require_safe
@condition(etag_func=_seen)
def sheet(request: HttpRequest) -> HttpResponse:
    """The brand's colour as a stylesheet after ours."""
    words: str = request.brand_sheet  # type: ignore[attr-defined]
    return HttpResponse(words, content_type="text/css; charset=utf-8", headers={"Cache-Control": A_MINUTE})


@require_safe
def logo(request: HttpRequest) -> HttpResponseBase:
    """The brand's logo, or ours while it has none."""
    look = Look.current()
    response = redirect(look.smallest if look.key else static("icons/jifen.svg"))
    response["Cache-Control"] = A_MINUTE
    return response


class PreviewForm(forms.Form):
    """As whom and when the storefront is looked at."""

    at = forms.DateTimeField(
        label=_("At"), required=False, widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    )
    points = WholeNumber(label=_("With points"), required=False, min_value=0, max_value=10**9)
    tier = forms.ModelChoiceField(
        label=_("Of tier"), queryset=Tier.objects.all(), required=False, empty_label=_("No tier")
    )
    drafts = forms.BooleanField(label=_("Also what is switched off"), required=False)


@require_safe
@never_cache
@login_required
def preview(request: HttpRequest) -> HttpResponse:
    """The storefront for staff: at any moment, for a member with so many points, with what is not yet shown."""
    if not request.user.has_perm("mall.view_section"):
        raise PermissionDenied
    request.programme = Programme.current()  # type: ignore[attr-defined]
    with timezone.override(request.programme.time_zone):  # type: ignore[attr-defined]
        form = PreviewForm(request.GET or {"points": 500, "drafts": "on"})
        seen = _as_asked(form)
        context = {**listed(request.GET, **seen), "preview": form, "previewed_at": seen["at"]}
        return render(request, "mall/mall.html", context)


def _as_asked(form: PreviewForm) -> dict[str, Any]:
    given = form.cleaned_data if form.is_valid() else {}
    at: datetime = given.get("at") or timezone.now()
    nobody = Member(tier=given.get("tier"))
    return {"member": nobody, "available": given.get("points") or 0, "at": at, "drafts": bool(given.get("drafts"))}
