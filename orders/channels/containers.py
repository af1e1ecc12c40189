"""What an order file comes in: a zip, an old workbook, a web page called .xls, text as UTF-16. Opened, it is a plain
file that `sniffing` and `records` know: a workbook (.xlsx), a text, or `tables`."""

from __future__ import annotations

import codecs
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from zipfile import ZipInfo

from django.utils.translation import gettext as _

from orders.channels import apart, packed, records, tables, webpage
from orders.channels.rows import RefusedFile

HEAD, PIECE = 4096, 1 << 16
MOST_UNPACKED = 2 << 30
MOST_RATIO, SURELY_FINE = 200, 64 << 20  # times its size in the zip, above so many bytes
LARGE_WORKBOOK = 1 << 20  # bytes: what is larger does not come into this process
MOST_CELLS_APART, MOST_BYTES_APART = 10_000_000, 1 << 30
OLE2 = b"\xd0\xcf\x11\xe0"
MARKUP = (
    b"<html", b"<!doctype", b"<!--", b"<table", b"<?xml", b"<style", b"<meta", b"<head", b"<body", b"<div", b"<center",
)  # fmt: skip
NO_ORDERS = re.compile(r"(^|/)(__MACOSX/|\._[^/]*$|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
GB18030 = re.compile(rb"gb(2312|k)\b", re.IGNORECASE)
CHARSET = re.compile(rb"""charset\s*=\s*["']?([a-z0-9_-]+)""", re.IGNORECASE)
SHOWN = 5


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """Yield the plain file that is in a file, or the file itself. Raises RefusedFile."""
    with ExitStack() as stack:
        yield _plain(path, stack, inside=False)


def _plain(path: Path, stack: ExitStack, *, inside: bool) -> Path:
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(b"PK"):
        members = packed.directory(path)
        if _is_document(members):
            return _workbook(path, members, stack)
        if inside:
            raise RefusedFile(_("This archive has another archive in it. Unpack both and upload the file inside."))
        return _plain(_taken_out(path, _only(members), stack), stack, inside=True)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _plain(_recoded(path, stack), stack, inside=inside)
    if head.startswith(OLE2):
        return _old_workbook(path, stack)
    if head.removeprefix(codecs.BOM_UTF8).lstrip().lower().startswith(MARKUP):
        return _web_page(path, head, stack)
    return path


def _is_document(members: list[ZipInfo]) -> bool:
    """Whether a zip is a document of an office program, which `sniffing` reads or refuses by its name."""
    return bool({member.filename for member in members} & {"[Content_Types].xml", "xl/workbook.xml", "content.xml"})


def _only(members: list[ZipInfo]) -> ZipInfo:
    """The only file in an archive, but for what systems put there by themselves."""
    files = [one for one in members if not one.is_dir() and not NO_ORDERS.search(one.filename)]
    if any(one.flag_bits & 1 for one in files):
        raise RefusedFile(
            _(
                "This archive has a password. Unpack it with the password that the platform sent, "
                "and upload the file inside."
            )
        )
    if not files:
        raise RefusedFile(_("This archive is empty. Export the orders again."))
    if len(files) > 1:
        names = ", ".join(_name(one) for one in files[:SHOWN]) + (" …" if len(files) > SHOWN else "")
        raise RefusedFile(
            _("This archive has several files: %(names)s. Unpack it and upload those with orders one by one.")
            % {"names": names}
        )
    return files[0]


def _name(member: ZipInfo) -> str:
    """The name of a file in an archive. Chinese Windows writes GBK, which zipfile takes for the code page of DOS."""
    name = member.filename
    if not member.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("gb18030")
    return "".join(letter for letter in name.rpartition("/")[2] if letter.isprintable())[:60]


def _temporary(stack: ExitStack, **options: Any) -> Any:
    return stack.enter_context(tempfile.NamedTemporaryFile(**options))


def _taken_out(path: Path, member: ZipInfo, stack: ExitStack) -> Path:
    file, size = _temporary(stack), 0
    for piece in packed.unpacked(path, member):
        size += len(piece)
        if size > MOST_UNPACKED or size > max(SURELY_FINE, MOST_RATIO * member.compress_size):
            raise RefusedFile(
                _("This file becomes far too large when it is unpacked: it is no order export, or it is damaged.")
            )
        file.write(piece)
    file.flush()
    return Path(file.name)


def _recoded(path: Path, stack: ExitStack) -> Path:
    """A text of UTF-16 as one of UTF-8."""
    file = _temporary(stack, mode="w", encoding="utf-8-sig", newline="")
    try:
        with path.open(encoding="utf-16", newline="") as text:
            while piece := text.read(PIECE):
                file.write(piece)
    except UnicodeError:
        raise RefusedFile(_("This text (UTF-16) is damaged or cut off. Export it again.")) from None
    file.flush()
    return Path(file.name)


def _workbook(path: Path, members: list[ZipInfo], stack: ExitStack) -> Path:
    """A workbook itself if it is small, else the tables in it."""
    if path.stat().st_size <= LARGE_WORKBOOK or "xl/workbook.xml" not in {one.filename for one in members}:
        return path
    records.refuse_huge(path, most=MOST_BYTES_APART, cells=MOST_CELLS_APART)
    file = _temporary(stack)
    apart.take_apart(path, file, kind="xlsx")
    return Path(file.name)


def _old_workbook(path: Path, stack: ExitStack) -> Path:
    file = _temporary(stack)
    apart.take_apart(path, file, kind="xls")
    return Path(file.name)


def _web_page(path: Path, head: bytes, stack: ExitStack) -> Path:
    file = _temporary(stack, mode="w", encoding="utf-8", errors="replace", newline="")
    with path.open(encoding=_encoding(path, head), errors="strict", newline="") as page:
        found = webpage.lines(iter(lambda: page.read(PIECE), ""))
        rows = ((str(table), line, cells) for table, line, cells in found)
        tables.write(file, "html", rows, most=path.stat().st_size + SURELY_FINE)
    if not tables.names(Path(file.name)):
        raise RefusedFile(_("This is a web page, whatever its name says. Export the orders as CSV or .xlsx."))
    return Path(file.name)


def _encoding(path: Path, head: bytes) -> str:
    """The first encoding in which all of a page is text: UTF-8, what it says itself, GB18030. A Chinese page that calls
    itself Western is Chinese."""
    found = CHARSET.search(GB18030.sub(b"gb18030", head))
    told = [found[1].decode()] if found else []
    western = bool(told) and told[0].lower().startswith(("iso-8859", "windows-125", "us-ascii"))
    for name in ("utf-8-sig", *(["gb18030", *told] if western else [*told, "gb18030"])):
        with suppress(UnicodeError, LookupError), path.open(encoding=name) as page:
            while page.read(PIECE):
                pass
            return name
    raise RefusedFile(_("This web page is damaged or cut off. Export the orders as CSV or .xlsx."))
