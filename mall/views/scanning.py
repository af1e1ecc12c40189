"""What a member shows at the counter, as a picture: a staff phone that reads it opens the counter with the code."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from config import qr

__all__ = ("counter_qr",)


def counter_qr(request: HttpRequest, code: str, *, page: str = "admin:mall_voucher_counter") -> SafeString:
    """Return the QR code of the counter's address with a code: who scans it still has to be signed in there.

    The code stands behind a `#`: browsers send that to nobody, so no log of a server or proxy has it.
    """
    return qr.svg(request.build_absolute_uri(f"{reverse(page)}#{quote(code)}"))
