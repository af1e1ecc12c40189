"""Pictures, and nothing else of what lies in the media folder: imported order files stay where they are."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from mall import pictures

A_YEAR = 365 * 24 * 3600


@require_safe
def picture(request: HttpRequest, name: str) -> FileResponse:
    """Serve a drawing. Its name is never used again, so it may be kept for ever; the address allows no other file."""
    try:
        file = pictures.open_(name)
    except FileNotFoundError as error:
        raise Http404 from error
    headers = {"Cache-Control": f"public, max-age={A_YEAR}, immutable", "X-Content-Type-Options": "nosniff"}
    return FileResponse(file, content_type="image/webp", headers=headers)
