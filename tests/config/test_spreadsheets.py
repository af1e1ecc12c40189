"""Tables out and in: no formula leaves, no bomb comes in, and what was written is read again."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.utils.translation import override
from openpyxl import load_workbook

from config import spreadsheets
from config.spreadsheets import NoTable, csv_lines, disarmed, table, xlsx

EVIL = ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\0=1", "\tx", "\rx", "\nx", " '=1", "＝1", "＠x"]


@pytest.mark.parametrize("cell", EVIL)
def test_cell_that_a_spreadsheet_could_run_is_disarmed(cell: str) -> None:
    assert disarmed(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "69.00", "面膜 =1", "a@b.cn", 7, " x", '="123"'])
def test_harmless_cell_stays_as_it_is(cell: Any) -> None:
    assert disarmed(cell) == cell


def test_a_workbook_holds_text_and_no_formula() -> None:
    cells = [cell for cell in EVIL if "\0" not in cell]

    book = load_workbook(io.BytesIO(xlsx(["名称"], [[cell] for cell in cells], title="装箱单")))

    written = [row[0] for row in book["装箱单"].iter_rows(min_row=2)]
    assert {cell.data_type for cell in written} == {"s"}
    assert not any(str(cell.value).startswith("=") for cell in written)


def test_a_control_character_that_somebody_typed_stops_no_workbook() -> None:
    book = load_workbook(io.BytesIO(xlsx(["收件人"], [["林\x01\x0b\x1f"]], title="装箱单")))

    assert book["装箱单"]["A2"].value == "林   "


def test_what_was_written_is_read_again() -> None:
    rows = [["编号", "名称", "单号"], [7, "茶杯, 大", "773000000000000123"], [8, '"袋"\n二行', "SF1"]]
    expected = [(1, ["编号", "名称", "单号"]), (2, ["7", "茶杯, 大", "773000000000000123"])]

    from_csv = table(io.BytesIO("".join(csv_lines(rows)).encode()))
    from_excel = table(io.BytesIO(xlsx(rows[0], rows[1:], title="x")))

    assert from_csv[:2] == from_excel[:2] == expected
    assert [line for line, _cells in from_csv] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "encoding", "cells"),
    [
        ("编号,单号\n1,SF1\n", "gb18030", ["1", "SF1"]),
        ("编号\t单号\r\n1\tSF1", "utf-8-sig", ["1", "SF1"]),
        ('编号;单号\n 1 ;"SF1"\n\n\n', "utf-8", ["1", "SF1"]),
        ('编号,单号\n1,="00123"\n', "utf-8", ["1", "00123"]),
        ("编号,单号\n1,'00123\n", "utf-8", ["1", "00123"]),
    ],
)
def test_text_of_any_spreadsheet_is_read(text: str, encoding: str, cells: list[str]) -> None:
    assert table(io.BytesIO(text.encode(encoding)))[1] == (2, cells)


def packed(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in parts.items():
            book.writestr(name, data)
    return buffer.getvalue()


def far_out(cell: bytes) -> bytes:
    """A workbook of five kilobytes with a cell at the far corner of its sheet."""
    with zipfile.ZipFile(io.BytesIO(xlsx(["a"], [["b"]], title="x"))) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    return packed(**parts | {"xl/worksheets/sheet1.xml": sheet.replace(b"</sheetData>", cell + b"</sheetData>")})


@pytest.mark.parametrize(
    "end",
    [
        b'<row r="3"><c r="XFD3" s="1"/></row><row r="1048576" customFormat="false" ht="12.8"/>',
        b'<row r="3"><c r="XFD3" s="1"></c></row><row r="1048576"><c r="A1048576" s="1"/></row>',
    ],
)
def test_rows_and_formats_without_content_are_no_cells(end: bytes) -> None:
    assert table(io.BytesIO(far_out(end))) == [(1, ["a"]), (2, ["b"])]


def endless() -> bytes:
    """A zip of 40 kB that unpacks to 39 MB without a second tag."""
    return packed(sheet=b"<" + b" " * 39 * 1024**2)


def lying_bomb() -> bytes:
    """A zip that unpacks to 60 MB and says 10 bytes."""
    data = packed(sheet=b"\0" * 60 * 1024**2)
    size = (60 * 1024**2).to_bytes(4, "little")
    return data.replace(size, (10).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no table"),
        (b"\xff\xfe\0\0", "no table"),
        (b"PK\x03\x04nonsense", "cannot be read"),
        (packed(hello=b"x"), "cannot be read"),
        (packed(sheet=b"\0" * 60 * 1024**2), "too large when unpacked"),
        (endless(), "far outside its table"),
        (lying_bomb(), "too large when unpacked"),
        (far_out(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "far outside its table"),
        (far_out(b'<row><c r ="xfd1048576"><v>1</v></c></row>'), "far outside its table"),
        (packed(**{"content.xml": b"x"}), "cannot be read"),
        (b'a,b\n"1,2\n', "quotation marks of line 2"),
        (b"a,b\n" * 6000, "more than 5,000 lines"),
        (b"a," * 200, "more than 100 columns"),
        (b"a," * 2_000_000, "larger than 2 MB"),
    ],
)
def test_what_is_no_small_table_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with override("en"), pytest.raises(NoTable, match=reason):
        table(io.BytesIO(data))


def test_bounds_are_told_as_they_are() -> None:
    assert (spreadsheets.MOST_BYTES, spreadsheets.MOST_ROWS, spreadsheets.MOST_COLUMNS) == (2 * 1024**2, 5_000, 100)
