"""What is really in a zip: unpacked piece by piece, and counted, for its directory may claim any size."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from orders.channels.rows import RefusedFile

PIECE = 1 << 20
MOST_DIRECTORY = 8 << 20
END, TAIL = b"PK\5\6", 22 + (1 << 16)
LOCAL_HEADER = struct.Struct("<4s22xHH")
DAMAGES = (zipfile.BadZipFile, zlib.error, struct.error, OSError, ValueError, EOFError, NotImplementedError)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def damaged() -> RefusedFile:
    """What to say about a workbook or archive that cannot be taken apart."""
    return RefusedFile(_("This workbook or archive is damaged or cut off. Export it again."))


def directory(path: Path) -> list[zipfile.ZipInfo]:
    """What a zip says that it has; raises RefusedFile where it is damaged, or names more than memory should hold."""
    try:
        if _directory_size(path) > MOST_DIRECTORY:
            raise RefusedFile(_("This archive has too many files. Unpack it and upload the file with the orders."))
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except DAMAGES:
        raise damaged() from None


def _directory_size(path: Path) -> int:
    """Size of the directory in bytes, of a large archive too, which has a second record before the last."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - TAIL, 0))
        tail = file.read()
    end = tail.rfind(END)
    if end < 0:
        raise zipfile.BadZipFile
    (length,) = struct.unpack_from("<12xL", tail, end)
    large = tail.rfind(b"PK\6\6", 0, end)
    return max(length % 0xFFFFFFFF, struct.unpack_from("<40xQ", tail, large)[0] if large >= 0 else 0)


def unpacked(path: Path, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of a member in pieces of a megabyte at most, to its true end, its check sum compared at last.

    Raises RefusedFile where it is damaged, or packed in an unusual way. Who asks stops when it is enough.
    """
    if member.compress_type not in METHODS:
        raise RefusedFile(
            _("This archive is packed in a way that cannot be read. Unpack it and upload the file inside.")
        )
    size = check = 0
    try:
        with path.open("rb") as file:
            for piece in _inflated(file, member):
                size, check = size + len(piece), zlib.crc32(piece, check)
                yield piece
    except DAMAGES:
        raise damaged() from None
    if (size, check) != (member.file_size, member.CRC):
        raise damaged()


def _inflated(file: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    file.seek(member.header_offset)
    mark, name, extra = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
    if mark != b"PK\3\4":
        raise zipfile.BadZipFile
    file.seek(name + extra, 1)
    packed = _stored(file, member.compress_size)
    if member.compress_type == zipfile.ZIP_STORED:
        yield from packed
        return
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    for rest in packed:
        while rest and not inflate.eof:
            yield inflate.decompress(rest, PIECE)
            rest = inflate.unconsumed_tail
    yield inflate.flush()
    if not inflate.eof:
        raise EOFError


def _stored(file: BinaryIO, left: int) -> Iterator[bytes]:
    while left > 0:
        piece = file.read(min(PIECE, left))
        if not piece:
            raise EOFError
        left -= len(piece)
        yield piece
