"""Uploads that are pictures, and those that only say so."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils.translation import override
from PIL import Image, PngImagePlugin

from mall import pictures

RED, BLUE = (200, 30, 30), (30, 30, 200)


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


def drawn(size: tuple[int, int] = (800, 600), form: str = "PNG", mode: str = "RGB", **how: Any) -> bytes:
    """A picture, red on its left half and blue on its right one."""
    picture = Image.new("RGB", size, RED)
    picture.paste(BLUE, (size[0] // 2, 0, size[0], size[1]))
    buffer = io.BytesIO()
    picture.convert(mode).save(buffer, form, **how)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises this many pixels and whose data is one row of zeros."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def stored(key: str, width: int) -> Image.Image:
    picture = Image.open(default_storage.open(f"pictures/{key}-{width}.webp"))
    picture.load()
    return picture


def near(one: Any, other: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 25 for a, b in zip(one, other, strict=False))


@pytest.mark.parametrize(
    ("form", "mode"),
    [
        *(("PNG", mode) for mode in ("RGB", "RGBA", "P", "L", "LA", "1")),
        *(("JPEG", mode) for mode in ("RGB", "CMYK", "L")),
        *(("WEBP", mode) for mode in ("RGB", "RGBA")),
        ("GIF", "P"),
    ],
)
def test_each_kind_of_picture_is_drawn_anew(form: str, mode: str) -> None:
    kept = pictures.store(pictures.read(io.BytesIO(drawn(form=form, mode=mode))))

    assert (kept.width, kept.height) == (800, 600)
    small = stored(kept.key, 320)
    assert (small.format, small.size) == ("WEBP", (320, 240))
    if mode in ("RGB", "RGBA", "CMYK"):
        assert near(small.getpixel((10, 10)), RED)
        assert near(small.getpixel((310, 10)), BLUE)


def test_a_wide_picture_is_drawn_in_a_few_widths_and_a_small_one_is_not_blown_up() -> None:
    wide = pictures.store(pictures.read(io.BytesIO(drawn((2400, 1200)))))
    small = pictures.store(pictures.read(io.BytesIO(drawn((200, 150)))))

    assert [stored(wide.key, width).size for width in pictures.widths(wide.width)] == [
        (320, 160),
        (640, 320),
        (1080, 540),
        (1600, 800),
    ]
    assert (small.width, pictures.widths(small.width)) == (200, [200])
    assert len(default_storage.listdir("pictures")[1]) == 5


def test_where_it_was_taken_is_forgotten_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned to the right when taken
    exif[0x010E] = "secret place"
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "secret place")

    photo = pictures.store(pictures.read(io.BytesIO(drawn(form="JPEG", exif=exif))))
    drawing = pictures.store(pictures.read(io.BytesIO(drawn(pnginfo=text))))

    turned = stored(photo.key, 600)
    assert turned.size == (600, 800)
    assert near(turned.getpixel((300, 10)), RED)
    assert near(turned.getpixel((300, 790)), BLUE)
    for name in default_storage.listdir("pictures")[1]:
        assert b"secret" not in default_storage.open(f"pictures/{name}").read()
    assert turned.getexif() == {}
    assert drawing.width == 800


def test_sixteen_bits_of_grey_stay_grey() -> None:
    grey = io.BytesIO()
    Image.new("I;16", (300, 300), 128 * 257).save(grey, "PNG")

    kept = pictures.store(pictures.read(io.BytesIO(grey.getvalue())))

    assert near(stored(kept.key, 300).convert("RGB").getpixel((5, 5)), (128, 128, 128))


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    first, second = Image.new("RGB", (300, 300), RED), Image.new("RGB", (300, 300), BLUE)
    moving = io.BytesIO()
    first.save(moving, "GIF", save_all=True, append_images=[second])

    kept = pictures.store(pictures.read(moving.seek(0) or moving))

    assert near(stored(kept.key, 300).getpixel((5, 5)), RED)
    assert getattr(stored(kept.key, 300), "n_frames", 1) == 1


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
REFUSED: list[tuple[str, Callable[[], bytes], str]] = [
    ("empty", lambda: b"", "no picture"),
    ("text", lambda: b"hello" * 100, "no picture"),
    ("svg", lambda: SVG, "no picture"),
    ("html", lambda: b"<!doctype html><img src=x onerror=alert(1)>", "no picture"),
    ("page behind gif", lambda: drawn(form="GIF", mode="P") + b"<script>alert(1)</script>", "hides a web page"),
    ("page in gif", lambda: drawn(form="GIF", mode="P", comment=b"<HTML>"), "hides a web page"),
    ("php in jpeg", lambda: drawn(form="JPEG", comment=b"<?php system(1)"), "hides a web page"),
    ("truncated png", lambda: drawn(form="PNG")[:-500], "damaged"),
    ("truncated jpeg", lambda: drawn(form="JPEG")[:4000], "damaged"),
    ("truncated webp", lambda: drawn(form="WEBP")[:300], "no picture"),
    ("a bmp", lambda: drawn(form="BMP"), "no picture"),
    ("a tiff", lambda: drawn(form="TIFF"), "no picture"),
    ("pdf", lambda: drawn(form="PDF"), "no picture"),
    ("promises 900 million pixels", lambda: bomb(30_000, 30_000), "million pixels"),
    ("promises 60 million pixels", lambda: bomb(10_000, 6_000), "million pixels"),
    ("promises more than it has", lambda: bomb(3_000, 3_000), "damaged"),
    ("tiny", lambda: drawn((40, 40)), "too small"),
    ("a line", lambda: drawn((2_000, 150)), "ten times"),
    ("eleven megabytes", lambda: drawn() + b"\0" * 11 * 1024**2, "larger than"),
]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("make", "reason"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_no_picture_is_refused_with_a_reason(make: Callable[[], bytes], reason: str, media: Path) -> None:
    with pytest.raises(pictures.Unfit) as refused:
        pictures.read(io.BytesIO(make()))

    with override("en"):
        assert reason in str(refused.value)

    assert not media.exists()


def test_what_nobody_uses_is_swept_away_after_a_while() -> None:
    used, forgotten = (pictures.store(pictures.read(io.BytesIO(drawn()))) for _turn in range(2))
    now = datetime.now(UTC)

    assert pictures.sweep({used.key}, before=now - timedelta(hours=1)) == 0
    assert pictures.sweep({used.key}, before=now + timedelta(hours=1)) == 3
    assert pictures.sweep({used.key}, before=now + timedelta(hours=1)) == 0

    assert {name[:32] for name in default_storage.listdir("pictures")[1]} == {used.key}
    assert forgotten.key != used.key
