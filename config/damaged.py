"""Requests that no browser sends: mended or refused at the door, so that nothing behind it has to think of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

__all__ = ("NoNul", "read_as_utf8")

CHARSET = re.compile(r";\s*charset\b[^;]*", re.IGNORECASE)
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def read_as_utf8(application: Application) -> Application:
    """Wrap a WSGI application: requests are UTF-8, whatever they call themselves.

    A charset may name any codec of Python's. Some are no text at all, and Django fails before a middleware sees them.
    """

    def plain(request: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request["CONTENT_TYPE"] = CHARSET.sub("", request.get("CONTENT_TYPE", ""))
        return application(request, start_response)

    return plain


class NoNul(MiddlewareMixin):
    """Refuses cookies with a NUL, which a quoted one may hold and for which PostgreSQL has no place."""

    def process_request(self, request: HttpRequest) -> None:
        if any("\0" in value for value in request.COOKIES.values()):
            raise SuspiciousOperation("A cookie holds a NUL.")
