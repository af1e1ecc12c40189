"""What the bytes of a file are: a workbook, or text in one encoding, checked strictly to the last byte.

The name of a file says nothing: `.xls` may be text, `.csv` a workbook. A file passes through here in pieces of one
megabyte and is never held whole. What a file may come in was opened before, by `containers`.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.utils.translation import gettext as _

from orders.channels import packed, tables
from orders.channels.rows import RefusedFile

PIECE = 1 << 20
LONGEST_LINE = 1 << 20
SURELY_UTF8 = 10

WORKBOOK = "xlsx"
SHEETED = (WORKBOOK, *tables.KINDS)
PICTURES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")
ARCHIVES = (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")


class Fault(NamedTuple):
    """Where bytes stop being text of an encoding, and how many wider characters were read before."""

    offset: int
    wide: int


def encoding_of(path: Path) -> str:
    """ "xlsx", "xls", "html", "utf-8-sig", "utf-8" or "gb18030". Raises RefusedFile for what is not so to its end."""
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise RefusedFile(_("The file is empty. Export it again."))
    if head.startswith(b"PK"):
        _refuse_other_zip(path)
        return WORKBOOK
    if made_of := tables.kind(head):
        return made_of
    _refuse_by_signature(head)
    _refuse_unreadable_lines(path)
    if head.startswith(codecs.BOM_UTF8):
        _strict(path, "utf-8")
        return "utf-8-sig"
    return _without_mark(path)


def _without_mark(path: Path) -> str:
    fault = _fault(path, "utf-8")
    if fault is None:
        return "utf-8"
    if fault.wide >= SURELY_UTF8:
        raise _undecodable(path, fault.offset)
    _strict(path, "gb18030")
    return "gb18030"


def _refuse_by_signature(head: bytes) -> None:
    if head.startswith(PICTURES):
        raise RefusedFile(_("This is a PDF or a picture, not a table. Export the orders as CSV or .xlsx."))
    if head.startswith(ARCHIVES):
        raise RefusedFile(_("This is a packed archive. Unpack it and upload the file inside."))


def _refuse_other_zip(path: Path) -> None:
    members = packed.directory(path)
    if any(member.flag_bits & 1 for member in members):
        raise RefusedFile(_("This workbook has a password. Save it without one, or as CSV, and upload that."))
    names = {member.filename for member in members}
    if names & {"content.xml", "xl/workbook.bin"}:
        raise RefusedFile(_("This spreadsheet is of a kind that cannot be read. Save it as .xlsx or as CSV."))
    if "[Content_Types].xml" in names and "xl/workbook.xml" not in names:
        raise RefusedFile(_("This is a document, not a table. Export the orders as CSV or .xlsx."))
    if "xl/workbook.xml" not in names:
        raise RefusedFile(_("This is a packed archive. Unpack it and upload the file inside."))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _refuse_unreadable_lines(path: Path) -> None:
    """NUL bytes mean that it is no text; a line of a megabyte means that it is no table."""
    before, since = 0, 0
    for piece in _pieces(path):
        nul = piece.find(b"\0")
        if nul >= 0:
            line = _line_at(path, before + nul)
            raise RefusedFile(
                _("Line %(line)d has a NUL byte: this is no text file, or it is damaged. Export it again.")
                % {"line": line}
            )
        since = _longest(piece, since)
        if since > LONGEST_LINE:
            raise RefusedFile(_("A line of this file is longer than a megabyte: this is no order export."))
        before += len(piece)


def _longest(piece: bytes, since: int) -> int:
    """Length of the unfinished line after a piece; that of the line which the piece finishes, if it is too long."""
    ends = [at for at in (piece.find(b"\n"), piece.find(b"\r")) if at >= 0]
    if not ends:
        return since + len(piece)
    if since + min(ends) > LONGEST_LINE:
        return since + min(ends)
    return len(piece) - 1 - max(piece.rfind(b"\n"), piece.rfind(b"\r"))


def _strict(path: Path, encoding: str) -> None:
    fault = _fault(path, encoding)
    if fault is not None:
        raise _undecodable(path, fault.offset)


def _fault(path: Path, encoding: str) -> Fault | None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    before = wide = 0
    for piece in _pieces(path):
        waiting = len(decoder.getstate()[0])
        try:
            text = decoder.decode(piece)
        except UnicodeDecodeError as error:
            good = error.object[: error.start]
            return Fault(before - waiting + error.start, wide + len(good) - len(good.decode(encoding)))
        before += len(piece)
        wide += len(piece) - len(text)
    return Fault(before, wide) if decoder.getstate()[0] else None


def _line_at(path: Path, offset: int) -> int:
    """The physical line, from 1, of a byte; lines end with LF, CR LF or CR."""
    line, last = 1, b""
    for piece in _pieces(path):
        part = piece[:offset]
        line += part.count(b"\n") + part.count(b"\r") - part.count(b"\r\n") - (last == b"\r" and part[:1] == b"\n")
        offset -= len(part)
        last = part[-1:]
        if offset <= 0:
            break
    return line


def _undecodable(path: Path, offset: int) -> RefusedFile:
    return RefusedFile(
        _(
            "Line %(line)d has characters that are neither UTF-8 nor GB18030: the file is damaged or cut off. "
            "Export it again."
        )
        % {"line": _line_at(path, offset)}
    )
