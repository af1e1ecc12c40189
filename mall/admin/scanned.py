"""A code that a phone has read from a member's picture, on its way to the counter: no address on the server tells it.

The picture has it behind a `#`, which browsers keep to themselves; the script of the page posts it as `scanned`
(static/admin_jifen/back_office.js). It waits in the session for the page that is shown next.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from mall import counter

WAITS = "counter-scanned"


def taken(request: HttpRequest) -> HttpResponse | None:
    """Keep a code that was just scanned, and lead to the page itself; None if none was. Old pictures have `?code=`."""
    code = request.POST.get("scanned") or request.GET.get("code")
    return go_on(request, request.resolver_match.view_name, code) if code and request.resolver_match else None


def go_on(request: HttpRequest, page: str, code: str) -> HttpResponse:
    """Lead to a page that finds the code waiting."""
    request.session[WAITS] = code[: counter.LONGEST_TYPED]
    return HttpResponseRedirect(reverse(page))


def waiting(request: HttpRequest) -> str:
    """Return the code that waits, this once, or nothing."""
    code: str = request.session.pop(WAITS, "")
    return code
