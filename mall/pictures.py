"""Pictures that staff hand in: proved to be pictures, drawn anew as WebP in a few widths, kept under random names.

Laws:
- Nothing of the file that was handed in is kept: what is served is drawn anew from its pixels, without metadata.
- What would take too much memory is refused from its header, before a pixel is read.
- A name tells nothing and is never used again, so that a browser may keep it for ever.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import IO, NamedTuple

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

__all__ = ("Stored", "Unfit", "open_", "read", "store", "sweep", "widths")

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_BYTES = 10 * 1024**2
MOST_PIXELS = 50_000_000
LEAST_SIDE = 100
MOST_RATIO = 10
WIDTHS = (320, 640, 1080, 1600)
QUALITY = 82
FOLDER = "pictures"
# What makes a picture a web page or a program for another reader.
STRANGE = (b"<script", b"<html", b"<svg", b"<!doctype", b"<?php", b"<iframe")
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, Image.DecompressionBombError)

Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class Unfit(Exception):
    """The file cannot be a picture here; its text says why and what to do, in the language in force when read."""

    def __init__(self, sentence: str | Promise, **words: object) -> None:
        super().__init__(sentence)
        self.sentence, self.words = sentence, words

    def __str__(self) -> str:
        return str(self.sentence) % self.words


class Stored(NamedTuple):
    """The name of a stored picture, and the pixels of its widest drawing."""

    key: str
    width: int
    height: int


def read(file: IO[bytes]) -> Image.Image:
    """Return the first frame of a picture, upright and in sRGB, no wider than the widest drawing. Raises Unfit."""
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Unfit(
            _("This picture is larger than %(most)s. Save it smaller, then try again."),
            most=filesizeformat(MOST_BYTES),
        )
    picture = _opened(data)
    lowered = data.lower()
    if any(mark in lowered for mark in STRANGE):
        raise Unfit(_("This file hides a web page or a program. Save it anew as a picture, then try again."))
    _check_size(picture)
    try:
        return _drawn(picture)
    except BROKEN as error:
        raise Unfit(_("This picture is damaged or cut off. Save it anew, then try again.")) from error


def store(picture: Image.Image) -> Stored:
    """Draw a picture in its widths, and return under which name."""
    key = secrets.token_hex(16)
    for width in widths(picture.width):
        height = max(round(picture.height * width / picture.width), 1)
        drawn = io.BytesIO()
        small = picture if width == picture.width else picture.resize((width, height), Image.Resampling.LANCZOS)
        small.save(drawn, "WEBP", quality=QUALITY, method=4)
        default_storage.save(_path(key, width), ContentFile(drawn.getvalue()))
    return Stored(key, picture.width, picture.height)


def widths(width: int) -> list[int]:
    """Return the widths in which a picture of this width is drawn, the smallest first."""
    return [*(one for one in WIDTHS if one < width), width]


def open_(name: str) -> File:
    """Open a drawing by its name `<key>-<width>.webp`. Raises FileNotFoundError."""
    return default_storage.open(f"{FOLDER}/{name}", "rb")


def sweep(used: Collection[str], *, before: datetime) -> int:
    """Delete drawings of keys that nobody uses, made before a moment; return how many. Again deletes nothing."""
    left = [path for path in _paths() if path.rpartition("/")[2].partition("-")[0] not in used]
    old = [path for path in left if default_storage.get_modified_time(path) < before]
    for path in old:
        default_storage.delete(path)
    return len(old)


def _paths() -> Iterator[str]:
    try:
        names = default_storage.listdir(FOLDER)[1]
    except FileNotFoundError:
        return
    yield from (f"{FOLDER}/{name}" for name in names)


def _path(key: str, width: int) -> str:
    return f"{FOLDER}/{key}-{width}.webp"


def _opened(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except (UnidentifiedImageError, *BROKEN) as error:
        if isinstance(error, Image.DecompressionBombError):
            raise _too_many() from error
        raise Unfit(_("This is no picture. Choose a PNG, JPEG, WebP or GIF file.")) from error


def _check_size(picture: Image.Image) -> None:
    """Decide from the header alone."""
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise _too_many()
    if min(width, height) < LEAST_SIDE:
        raise Unfit(
            _("This picture is too small: %(width)s × %(height)s pixels. It needs at least %(least)s each way."),
            width=width,
            height=height,
            least=LEAST_SIDE,
        )
    if max(width, height) > MOST_RATIO * min(width, height):
        raise Unfit(_("This picture is more than ten times as long as it is wide. Cut it into several."))


def _too_many() -> Unfit:
    millions = MOST_PIXELS // 1_000_000
    return Unfit(
        _("This picture has more than %(most)s million pixels. Save it smaller, then try again."), most=millions
    )


def _drawn(picture: Image.Image) -> Image.Image:
    """Decode, turn as the camera was held, bring into sRGB, shrink."""
    widest = WIDTHS[-1]
    picture.draft("RGB", (widest, widest))  # a JPEG is decoded at a fraction of its size
    picture.seek(0)
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    plain = _in_rgb(upright)
    if plain.width > widest:
        height = max(round(plain.height * widest / plain.width), 1)
        plain = plain.resize((widest, height), Image.Resampling.LANCZOS, reducing_gap=3)
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    return bare


def _in_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    profile = picture.info.get("icc_profile")
    alpha = "A" in picture.getbands() or "transparency" in picture.info
    plain = picture if picture.mode in ("RGB", "RGBA", "CMYK") else picture.convert("RGBA" if alpha else "RGB")
    if profile:
        plain = _in_srgb(plain, profile)
    return plain.convert("RGBA" if alpha else "RGB")


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Convert colours; a profile that does not fit is passed over, as browsers do."""
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return converted or picture
