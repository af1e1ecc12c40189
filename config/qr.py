"""QR pictures: a text as an SVG that a phone reads, on light pages and dark ones, under a strict CSP."""

from __future__ import annotations

import io

import segno
from django.utils.safestring import SafeString

__all__ = ("QUIET", "png", "svg")

QUIET = 4  # modules of white around it: without them cameras do not find it


def svg(text: str) -> SafeString:
    """Return the QR code of a text as an SVG element without size, style or script; the page's CSS says how large.

    Always black on white: many cameras do not read it the other way round. It is `aria-hidden`, so the text itself (or
    what it stands for) must stand beside it. Raises ValueError for more than about 2,300 bytes.
    """
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False, boost_error=False).save(
        picture,
        kind="svg",
        xmldecl=False,
        omitsize=True,
        nl=False,
        border=QUIET,
        dark="#000",
        light="#fff",
        svgclass="qr",
    )
    drawn = picture.getvalue().decode("ascii")
    return SafeString(drawn.replace("<svg ", '<svg aria-hidden="true" shape-rendering="crispEdges" ', 1))


def png(text: str) -> bytes:
    """Return the QR code of a text as a PNG for printing, about 600 pixels wide, with the same quiet zone."""
    picture = io.BytesIO()
    code = segno.make(text, error="m", micro=False, boost_error=False)
    code.save(picture, kind="png", scale=max(1, 600 // code.symbol_size(border=QUIET)[0]), border=QUIET)
    return picture.getvalue()
