"""What order files come in: zip, old workbooks, web pages called .xls, UTF-16. Each is read as if it had come plainly,
or refused with a sentence; none takes more memory, disk or time than it should."""

from __future__ import annotations

import codecs
import json
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from datetime import datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import call_command

from orders import reading
from orders.channels import containers, packed, records, tables
from orders.channels.rows import BadRow, RefusedFile, Row, Skipped
from orders.models import Order, OrderImport
from tests.conftest import rows

DATA = Path(__file__).parents[1] / "data"
HEAD = "订单编号,买家会员名,买家实际支付金额,订单状态,订单付款时间,宝贝标题"
LINE = "41339075793834{:05d},user_{},69.00,交易成功,2026-05-01 15:40:57,卸妆油"
TEXT = "\n".join([HEAD, *(LINE.format(n, n) for n in range(5))]) + "\n"
TABLE = [line.split(",") for line in TEXT.splitlines()]

pytestmark = pytest.mark.usefixtures("english")

File = Callable[..., Path]


@pytest.fixture
def file(tmp_path: Path) -> File:
    """Write bytes, or text as UTF-8, and give the path."""

    def write(content: bytes | str, name: str = "orders.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def archive(members: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w", method) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return data.getvalue()


def page(table: list[list[str]] = TABLE, *, before: str = "<html><table>", cell: str = "<td>{}</td>") -> str:
    lines = ("<tr>" + "".join(cell.format(one) for one in line) + "</tr>" for line in table)
    return before + "\n".join(lines) + "</table></html>"


def everything(path: Path) -> list[Any]:
    with containers.opened(path) as plain:
        return list(reading.read(plain, reading.recognise(plain)))


def refusal(path: Path) -> str:
    with pytest.raises(RefusedFile) as refused:
        everything(path)
    return refused.value.reason


@pytest.fixture
def plainly(file: File) -> list[Any]:
    return everything(file(TEXT, "plain.csv"))


@pytest.mark.parametrize(
    "members",
    [
        {"orders.csv": TEXT},
        {"2026-05/": "", "2026-05/订单.csv": TEXT.encode("gb18030")},
        {"orders.csv": TEXT, "__MACOSX/._orders.csv": b"\0\5", ".DS_Store": b"\0", "Thumbs.db": b"\0"},
        {"orders.txt": codecs.BOM_UTF16_LE + TEXT.replace(",", "\t").encode("utf-16-le")},
        {"orders.xls": page()},
    ],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zip_with_one_file_is_read_as_that_file(
    file: File, plainly: list[Any], members: dict[str, bytes | str], method: int
) -> None:
    path = file(archive(members, method), "orders.zip")

    assert everything(path) == plainly


def test_zip_with_a_workbook_is_read_as_that_workbook(file: File, plainly: list[Any]) -> None:
    book = openpyxl.Workbook()
    for line in TABLE:
        book.active.append(line)
    content = BytesIO()
    book.save(content)

    assert everything(file(archive({"订单.xlsx": content.getvalue()}), "orders.zip")) == plainly
    assert everything(file(content.getvalue(), "orders.xls")) == plainly


def gbk_names(data: bytes) -> bytes:
    """Rewrite an archive as Chinese Windows does: names in GBK, and nothing that says so."""
    changed = bytearray(data)
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = -1
        while (at := changed.find(mark, at + 1)) >= 0:
            changed[at + flags + 1] &= ~0x08
    return bytes(changed).replace("甲".encode(), "甲乙".encode("gbk")[:2] + b"1")


def test_zip_with_several_files_is_refused_naming_them(file: File) -> None:
    reason = refusal(file(archive({"五月.csv": TEXT, "六月/六月.csv": TEXT}), "orders.zip"))

    assert "五月.csv, 六月.csv" in reason


def test_names_in_gbk_are_named_as_they_are_written(file: File) -> None:
    data = gbk_names(archive({"甲.csv": TEXT, "b.csv": TEXT}))

    assert "甲1.csv, b.csv" in refusal(file(data, "orders.zip"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (archive({"in.zip": archive({"orders.csv": TEXT})}), "another archive"),
        (archive({}), "empty"),
        (archive({"folder/": ""}), "empty"),
        (archive({"orders.csv": ""}), "empty"),
        (archive({"orders.pdf": b"%PDF-1.7"}), "PDF"),
        (archive({"orders.csv": TEXT}, zipfile.ZIP_LZMA), "packed in a way"),
        (archive({"orders.csv": TEXT})[:-60], "damaged"),
        (archive({"[Content_Types].xml": "", "word/document.xml": ""}), "document"),
    ],
)
def test_zip_without_one_order_file_is_refused_saying_why(file: File, content: bytes, says: str) -> None:
    assert says in refusal(file(content, "orders.zip"))


def test_zip_with_a_password_is_refused_saying_so(file: File) -> None:
    data = bytearray(archive({"orders.csv": TEXT}))
    data[data.index(b"PK\1\2") + 8] |= 1

    assert "has a password" in refusal(file(bytes(data), "orders.zip"))


def lying(content: bytes, claimed: int) -> bytes:
    """An archive whose directory claims less than its only file becomes, with a check sum that fits the claim."""
    data = bytearray(archive({"orders.csv": content}))
    entry = data.index(b"PK\1\2")
    struct.pack_into("<L", data, entry + 16, zlib.crc32(content[:claimed]))
    struct.pack_into("<L", data, entry + 24, claimed)
    return bytes(data)


def test_archive_that_claims_less_than_it_unpacks_to_is_found_out(file: File) -> None:
    assert "damaged" in refusal(file(lying(TEXT.encode() + b"x" * (4 << 20), len(TEXT.encode())), "orders.zip"))


def test_archive_is_unpacked_no_further_than_to_its_bound(monkeypatch: pytest.MonkeyPatch, file: File) -> None:
    monkeypatch.setattr(containers, "MOST_UNPACKED", 3 << 20)
    path, seen = file(archive({"orders.csv": bytes(200 << 20)}), "bomb.zip"), 0
    unpacked = packed.unpacked

    def counted(*arguments: Any) -> Any:
        nonlocal seen
        for piece in unpacked(*arguments):
            seen += len(piece)
            yield piece

    monkeypatch.setattr(packed, "unpacked", counted)
    tracemalloc.start()
    reason = refusal(path)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "far too large" in reason
    assert seen <= 4 << 20
    assert peak < 8 << 20


def test_archive_that_swells_a_thousandfold_is_refused(monkeypatch: pytest.MonkeyPatch, file: File) -> None:
    monkeypatch.setattr(containers, "SURELY_FINE", 1 << 20)

    assert "far too large" in refusal(file(archive({"orders.csv": bytes(4 << 20)}), "bomb.zip"))


def test_archive_with_an_endless_directory_is_refused(monkeypatch: pytest.MonkeyPatch, file: File) -> None:
    monkeypatch.setattr(packed, "MOST_DIRECTORY", 1000)

    assert "too many files" in refusal(file(archive({f"{n}/": "" for n in range(30)}), "orders.zip"))


def test_workbook_that_claims_less_than_it_unpacks_to_is_found_out(monkeypatch: Any, file: File) -> None:
    monkeypatch.setattr(records, "MOST_BYTES_UNPACKED", 1 << 20)
    sheet = b"<sheetData/>" + b" " * (2 << 20)
    data = bytearray(archive({"xl/workbook.xml": sheet}))
    struct.pack_into("<L", data, data.index(b"PK\1\2") + 24, 12)

    assert "too large" in refusal(file(bytes(data), "orders.xlsx"))


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_unicode_text_of_excel_is_read(file: File, plainly: list[Any], mark: str, delimiter: str) -> None:
    text = "\ufeff" + TEXT.replace(",", delimiter).replace("\n", "\r\n")

    assert everything(file(text.encode(mark), "orders.txt")) == plainly


def test_unicode_text_that_is_cut_off_is_refused(file: File) -> None:
    assert "cut off" in refusal(file(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")[:-1]))


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("codec", ["utf-8-sig", "gbk"])
def test_text_called_xls_is_read_as_the_text_that_it_is(
    file: File, plainly: list[Any], delimiter: str, codec: str
) -> None:
    assert everything(file(TEXT.replace(",", delimiter).encode(codec), "orders.xls")) == plainly


def test_old_workbook_is_read_with_the_rows_of_its_sheet() -> None:
    first, *more, bad, total = everything(DATA / "orders.xls")

    assert (first.line, first.number, first.status) == (3, "4133907579383400000", "partially_refunded")
    assert (str(first.gross), first.title) == ("79.90", "卸妆油 㐂")
    assert first.paid_at.isoformat() == "2026-05-01T15:40:57+08:00"
    assert [(type(one), one.line) for one in (*more, bad, total)] == [(Row, 4), (Row, 5), (BadRow, 6), (Skipped, 7)]
    assert bad.value == "4.13391E+18"


def biff(content: bytearray, kind: int) -> int:
    """Return where the last record of a kind stands in a workbook, whose stream begins at byte 512."""
    at, found = 512, 0
    while at + 4 < len(content):
        this, length = struct.unpack_from("<HH", content, at)
        if (this, length) == (0, 0):
            return found
        found, at = at if this == kind else found, at + 4 + length
    return found


@pytest.fixture
def old() -> bytearray:
    return bytearray((DATA / "orders.xls").read_bytes())


def test_old_workbook_with_a_password_is_refused_saying_so(file: File, old: bytearray) -> None:
    at = biff(old, 0xE1)
    struct.pack_into("<HHH", old, at, 0x2F, 2, 1)

    assert "has a password" in refusal(file(bytes(old), "orders.xls"))


def test_new_workbook_with_a_password_is_refused_saying_so(file: File, old: bytearray) -> None:
    name = "Workbook".encode("utf-16-le")
    old[old.index(name) : old.index(name) + len(name)] = "Nothings".encode("utf-16-le")
    hidden = bytes(old) + "EncryptedPackage".encode("utf-16-le")

    assert "has a password" in refusal(file(hidden, "orders.xlsx"))


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), b"\xd0\xcf\x11\xe0" * 500])
def test_damaged_old_workbook_is_refused(file: File, content: bytes) -> None:
    assert "damaged or too large" in refusal(file(content, "orders.xls"))


def test_old_workbook_that_asks_for_all_memory_ends_only_its_own_program(file: File, old: bytearray) -> None:
    struct.pack_into("<HH", old, biff(old, 0xFD) + 4, 65535, 65535)

    assert "damaged or too large" in refusal(file(bytes(old), "orders.xls"))


def test_file_that_only_looks_like_tables_taken_out_is_refused(file: File) -> None:
    assert "damaged" in refusal(file(tables.MARK + b"xls\nsheet,one,a\n"))


@pytest.mark.parametrize("least", [0, 1 << 20])
def test_a_large_workbook_is_read_as_a_small_one_is(monkeypatch: pytest.MonkeyPatch, workbook: Any, least: int) -> None:
    order = {
        "订单号": "P123456789012345678",
        "规格ID": "5f0000000000000000000001",
        "订单状态": "已完成",
        "售后状态": "无售后",
    }
    order |= {"用户应付金额(元)": 1299.5, "支付时间": datetime(2026, 5, 1, 8), "用户编号": "u1", "SKU件数": 1}
    path = workbook("XHS_72", order, {**order, "规格ID": "5f0000000000000000000002", "支付时间": "2026/5/2 8:03"}, {})
    monkeypatch.setattr(containers, "LARGE_WORKBOOK", least)

    with containers.opened(path) as plain:
        taken_apart, rows_of_it = plain != path, everything(plain)

    assert taken_apart == (least == 0)
    assert [(one.line, str(one.gross), one.paid_at.isoformat()) for one in rows_of_it] == [
        (2, "1299.50", "2026-05-01T08:00:00+08:00"),
        (3, "1299.50", "2026-05-02T08:03:00+08:00"),
    ]


@pytest.mark.parametrize("limit", ["MOST_BYTES_APART", "MOST_CELLS_APART"])
def test_a_workbook_too_large_for_its_own_program_is_refused(
    monkeypatch: pytest.MonkeyPatch, workbook: Any, limit: str
) -> None:
    monkeypatch.setattr(containers, "LARGE_WORKBOOK", 0)
    monkeypatch.setattr(containers, limit, 10)

    assert "too large" in refusal(workbook("XHS_72", {"订单号": "P1"}))


def test_zip_is_imported_and_kept_as_it_came(db: None, file: File) -> None:
    path, out = file(archive({"五月订单.csv": TEXT.encode("gb18030")}), "五月.zip"), StringIO()

    call_command("import_orders", str(path), "--json", stdout=out)
    result = json.loads(out.getvalue())

    assert (result["state"], result["orders"], result["paid_total"]) == ("DONE", 5, "345.00")
    assert rows(OrderImport, "name", "encoding") == [("五月.zip", "gb18030")]
    assert OrderImport.objects.get().file.read() == path.read_bytes()
    assert Order.objects.count() == 5
