"""Any file is either read to its last line or refused with a sentence; line numbers are those of an editor."""

import csv
import io
import json
import tracemalloc
import zipfile
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders import reading
from orders.channels import containers, records, sniffing
from orders.channels.rows import BadRow, RefusedFile, Row, Skipped

DATA = Path(__file__).parents[1] / "data"
HEADERS = json.loads((DATA / "headers.json").read_text(encoding="utf-8"))
HEAD = "订单编号,买家会员名,买家实际支付金额,订单状态,订单付款时间,宝贝标题"
LINE = "41339075793834{:05d},user_{},69.00,交易成功,2026-05-01 15:40:57,卸妆油"
SEVERAL = "\n".join([HEAD, *(LINE.format(n, n) for n in range(5))]) + "\n"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def file(tmp_path):
    """Write bytes, or text as UTF-8, and give the path."""

    def write(content, name="orders.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def everything(path):
    with containers.opened(path) as plain:
        return list(reading.read(plain, reading.recognise(plain)))


def refusal(path, **options):
    with pytest.raises(RefusedFile) as refused, containers.opened(path) as plain:
        reading.recognise(plain, **options)
    return refused.value.reason


def lines(things):
    return [(type(one), one.line) for one in things]


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gbk", "gb18030"), ("gb18030", "gb18030")],
)
def test_encodings_of_the_platforms_are_read(file, codec, encoding):
    path = file(SEVERAL.encode(codec))

    recognised = reading.recognise(path)

    assert recognised.encoding == encoding
    assert [row.title for row in reading.read(path, recognised)] == ["卸妆油"] * 5


def test_name_with_a_four_byte_character_is_read_from_gb18030(file):
    path = file(SEVERAL.replace("user_3", "㐂𠮷").encode("gb18030"))

    assert everything(path)[3].buyer == "㐂𠮷"


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_delimiter_is_told_by_the_header(file, delimiter):
    path = file(SEVERAL.replace(",", delimiter))

    assert reading.recognise(path).delimiter == delimiter
    assert len(everything(path)) == 5


@pytest.mark.parametrize("before", ["sep=,\n", "名称：订单明细\n", "\n\n,,,\n", "x\n" * 29])
def test_header_is_found_below_other_lines(file, before):
    recognised = reading.recognise(file(before + SEVERAL))

    assert recognised.header_line == before.count("\n") + 1
    assert everything(file(before + SEVERAL))[0].line == recognised.header_line + 1


def test_header_below_line_30_is_not_looked_for(file):
    assert refusal(file("x\n" * 30 + SEVERAL))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_numbers_are_physical_for_every_line_end(file, end):
    text = (
        f"{HEAD}\n{LINE.format(1, 1)}\n\n"
        f'{LINE.format(2, 2)[:-3]}"two\n\nlines"\n,,,,,\n{LINE.format(3, 3)}\nbad,x,y,z,,\n'
    )

    things = everything(file(text.replace("\n", end)))

    assert lines(things) == [(Row, 2), (Row, 4), (Row, 8), (BadRow, 9)]
    assert things[1].title == "two lines"


def test_repeated_header_name_is_read_by_its_first_place(file):
    path = file(f"{HEAD},买家会员名\n{LINE.format(1, 1)},another\n")

    assert everything(path)[0].buyer == "user_1"


def test_header_repeated_between_the_orders_is_skipped(file):
    things = everything(file(f"{SEVERAL}{HEAD}\n{LINE.format(9, 9)}\n"))

    assert lines(things)[5:] == [(Skipped, 7), (Row, 8)]


@pytest.mark.parametrize(
    ("record", "cells"), [("4133907579383,user", 2), (LINE.format(1, 1) + ",more", 7), ("4133907579383", 1)]
)
def test_record_with_too_few_or_too_many_cells_is_rejected(file, record, cells):
    things = everything(file(f"{HEAD}\n{record}\n{LINE.format(2, 2)}\n"))

    assert lines(things) == [(BadRow, 2), (Row, 3)]
    assert f"has {cells} cells, the header has 6" in things[0].reason


def test_empty_last_cells_that_excel_left_out_do_no_harm(file):
    things = everything(file(f"{HEAD},仓库,备注\n{LINE.format(1, 1)},\n{LINE.format(2, 2)}\n"))

    assert lines(things) == [(Row, 2), (BadRow, 3)]  # what is read last may be cut off within its cell
    assert "has 6 cells, the header has 8" in things[1].reason


def test_empty_cells_after_the_last_column_do_no_harm(file):
    things = everything(file(f"{HEAD},,\n{LINE.format(1, 1)},,\n{LINE.format(2, 2)},,,\n{LINE.format(3, 3)}\n"))

    assert lines(things) == [(Row, 2), (Row, 3), (Row, 4)]


def test_quote_that_is_open_at_the_end_is_rejected_with_its_line(file):
    things = everything(file(f'{SEVERAL}4133907579383499999,"user\nand\nmore'))

    assert lines(things)[5:] == [(BadRow, 7)]
    assert "lines 7 to 9" in things[-1].reason


def test_wrong_quotes_reject_their_line_only(file):
    things = everything(file(f'{HEAD}\n{LINE.format(1, 1)}\n4133907579383,"us"er",1,,,\n{LINE.format(3, 3)}\n'))

    assert lines(things) == [(Row, 2), (BadRow, 3), (Row, 4)]


def test_quote_that_swallows_the_file_is_refused_while_reading(file):
    path = file(SEVERAL + '4133907579383,"' + "x\n" * 1000)

    with pytest.raises(RefusedFile, match="line 7"):
        everything(path)


def test_last_record_cut_off_is_rejected(file):
    content = SEVERAL[: SEVERAL.rindex("交易成功")]

    assert lines(everything(file(content)))[4:] == [(BadRow, 6)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "no columns"),
        (b"\n\n\n", "no columns"),
        (HEAD.encode(), "no orders below"),
        (f"{HEAD}\n\n,,,,,\n".encode(), "no orders below"),
        (b"hello world", "Columns seen: hello world"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "Columns seen: 1"),
        (b"\xef\xbb\xbf \n<!DOCTYPE html>", "web page"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\x1f\x8b\x08\x00", "archive"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (SEVERAL.encode("utf-16-le"), "NUL"),
        (SEVERAL.replace("user_2", "us\0er").encode(), "Line 4 has a NUL"),
        (SEVERAL.encode() + b"x" * (1 << 20) + b"x", "longer than a megabyte"),
        (b"x" * (3 << 20), "longer than a megabyte"),
        (b"," * 10_001 + b"\n", "10,000 columns"),
    ],
)
def test_file_that_is_no_order_export_is_refused_saying_what_it_is(file, content, says):
    assert says in refusal(file(content))


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030"])
def test_bad_byte_in_the_middle_refuses_the_file_with_its_line(file, codec):
    bulk = "\r\n".join([HEAD, *(LINE.format(n % 99999, n) for n in range(30_000))]).encode(codec)
    place = bulk.index(b"user_20000")

    reason = refusal(file(bulk[:place] + b"\xff\x20" + bulk[place + 2 :]))

    assert "Line 20002 " in reason


@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
def test_file_cut_within_a_character_is_refused(file, codec):
    assert "Line 6 " in refusal(file(SEVERAL.strip().encode(codec)[:-1]))


def test_line_of_a_megabyte_across_pieces_is_noticed(monkeypatch, file):
    monkeypatch.setattr(sniffing, "PIECE", 64)
    monkeypatch.setattr(sniffing, "LONGEST_LINE", 150)

    assert len(everything(file(SEVERAL))) == 5
    assert "longer" in refusal(file(SEVERAL.replace("user_2", "u" * 150)))


def decodes(content, encoding):
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


@given(st.binary(max_size=300), st.integers(1, 20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_strict_check_agrees_with_decoding_the_whole(tmp_path, monkeypatch, content, piece):
    monkeypatch.setattr(sniffing, "PIECE", piece)
    path = tmp_path / "any"
    path.write_bytes(content)

    for encoding in ("utf-8", "gb18030"):
        fault = sniffing._fault(path, encoding)
        assert (fault is None) == decodes(content, encoding)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("TAOBAO_DETAIL_10", "ExportOrderDetailList"),
        ("TMALL_CUSTOM_8", "without the amount paid"),
        ("DOUYIN_SETTLEMENT_34", "settlement file of Douyin"),
        ("SQUARE_ITEMS_35", "Export the transactions"),
        ("WOOCOMMERCE_REPORT_11", "Choose by hand"),
    ],
)
def test_companion_file_is_refused_by_its_name(file, name, says):
    header = HEADERS[name]

    assert says in refusal(file(",".join(header) + "\n" + "," * (len(header) - 1) + "1\n"))


@pytest.mark.parametrize(
    ("header", "says"),
    [("售后单号,商品单号,售后状态", "after-sales file of Douyin"), ("订单号,申请售后金额(元)", "Xiaohongshu")],
)
def test_after_sales_without_what_adjusting_takes_are_refused_by_name(file, header, says):
    reason = refusal(file(f"{header}\n1,2,3\n"))

    assert says in reason
    assert "Export it with all its columns" in reason


def test_buyers_own_bill_is_refused_below_its_preamble(file):
    text = (
        "导出信息：\n" * 17
        + "交易时间\t,商户名称\t,交易说明\t,金额\t,收/支\t\n2026-05-01\t,京东\t,x\t,44.28(已全额退款)\t,支出\t\n"
    )

    assert "buyer's own bill" in refusal(file(text.encode("gb18030")))


def test_older_bill_of_alipay_is_refused(file):
    assert "buyer's own bill" in refusal(file("交易号,交易创建时间,金额（元）,收/支\n1,2,3,支出\n".encode("gbk")))


def test_jd_settlement_is_refused_by_its_preamble(file):
    assert "JD" in refusal(file("名称：结算明细\n'订单编号\t,费用名称\t\n'1\t,x\t\n"))


def test_stranger_is_told_its_columns_and_what_is_missing(file):
    reason = refusal(file("订单编号,买家实际支付金额,金额,客户\n1,2,3,4\n"), expected="taobao")

    assert "Taobao" in reason

    reason = refusal(file("订单编号,订单状态,客户\n1,2,3\n"))

    assert "订单编号, 订单状态, 客户" in reason
    assert "买家实际支付金额" in reason


def test_file_of_another_channel_than_chosen_is_refused_naming_both(file):
    reason = refusal(file(SEVERAL), expected="douyin")

    assert "Taobao" in reason
    assert "Douyin" in reason
    assert reading.recognise(file(SEVERAL), expected="taobao").format.code == "taobao"


def archive(members, password=False):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    raw = bytearray(data.getvalue())
    if password:
        raw[raw.index(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


@pytest.mark.parametrize(
    ("members", "password", "says"),
    [
        ({"orders.csv": SEVERAL, "more.csv": SEVERAL}, False, "orders.csv, more.csv"),
        ({"orders.csv": SEVERAL}, True, "has a password"),
        ({"content.xml": ""}, False, "Save it as .xlsx"),
        ({"xl/workbook.xml": "no xml"}, False, "damaged"),
    ],
)
def test_archive_is_refused(file, members, password, says):
    assert says in refusal(file(archive(members, password)))


SEVERAL_ROWS = [line.split(",") for line in SEVERAL.splitlines()]


def workbook(rows, name="订单信息", empty_before=False, **others):
    book = openpyxl.Workbook()
    sheet = book.active
    if empty_before:
        sheet = book.create_sheet(name)
    for row in rows:
        sheet.append(row)
    for other, more in others.items():
        book.create_sheet(other)
        for row in more:
            book[other].append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def test_workbook_is_read_whatever_its_name_with_the_rows_of_its_sheet(file):
    when = datetime(2026, 5, 1, 15, 40, 57)
    rows = [[], ["preamble"], HEAD.split(","), ["4133907579383470175", "user_1", 69.9, "交易成功", when, "卸妆油"]]
    path = file(workbook(rows, empty_before=True), "orders.csv")

    recognised = reading.recognise(path)
    [row] = reading.read(path, recognised)

    assert (recognised.encoding, recognised.sheet, recognised.header_line) == ("xlsx", "订单信息", 3)
    assert (row.line, row.number, str(row.gross)) == (4, "4133907579383470175", "69.90")
    assert row.paid_at.isoformat() == "2026-05-01T15:40:57+08:00"


def test_workbook_with_orders_on_several_sheets_is_refused_by_their_names(file):
    may, june = ([HEAD.split(","), LINE.format(n, n).split(",")] for n in (5, 6))

    said = refusal(file(workbook([], 五月=may, 六月=june, 空白=[HEAD.split(",")], 说明=[["五月和六月的订单"]])))

    assert "Several sheets of this file have orders: 五月, 六月." in said


def test_sheets_beside_the_orders_that_have_none_do_no_harm(file):
    sales = [["订单编号", "标题", "数量"], ["4133907579383470175", "卸妆油", 1]]
    path = file(workbook(SEVERAL_ROWS, 空白=[HEAD.split(",")], 明细=sales))

    assert len(everything(path)) == 5


def test_workbook_that_turned_ids_into_numbers_has_its_rows_rejected(file):
    row = [4133907579383470175, "user_1", 69, "交易成功", "2026-05-01 15:40:57", "卸妆油"]

    [bad] = everything(file(workbook([HEAD.split(","), row])))

    assert (bad.line, bad.column) == (2, "订单编号")
    assert "spreadsheet turned this number" in bad.reason


@pytest.mark.parametrize(
    "far",
    [
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        b"<row r = \"1048576\"><c r\n='XFD1048576'><v>1</v></c></row>",
        b'<row><c r="xfd1048576"><v>1</v></c></row>',
        b'<a-b:row r="1048576"><a-b:c r="XFD1048576"><a-b:v>1</a-b:v></a-b:c></a-b:row>',
        b'<row s=">" r="1048576"><c s="<" r="XFD1048576"><v>1</v></c></row>',
        b'<row><c r="XFD1048576" s="/>"><v>1</v></c></row>',
        b'<row><c r="XFD1048576"></x><v>1</v></c></row>',
        b'<c r="XFD1048576"><v>1</v></c>',
        b'<row r="1048576"><c r="XFC1048576"/><c><v>1</v></c></row>',
        b'<row r="1048576"><!--<row r="1">--><c r="XFC1"/><!--<c r="A1"/>--><c><v>1</v></c></row>',
        b"<row>" + b"<c><v>1</v></c>" * 1000 + b"</row>" + b"<row/>" * 4000 + b"<row><c><v>1</v></c></row>",
        b'<row r="4294967297"/><row><c r="A1"><v>1</v></c><c><v>1</v></c></row>',
    ],
)
def test_workbook_with_a_cell_far_outside_is_refused_without_taking_memory(file, far):
    path = file(archive(bomb(b'<row r="1"><c r="A1"/></row>' + far)))

    assert "too large" in refusal(path)


@pytest.mark.parametrize(
    "end",
    [
        b'<row r="1048576" customFormat="false" ht="12.8" hidden="false" customHeight="false"/>',
        b'<row r="1048576" ht="12.8"></row>',
        b'<row r="7" spans="1:16384"><c r="A7" s="1"/><c r="XFD7" s="1" t="n" /></row><row r="1048576"/>',
        b'<row r="1048576"><c r="XFD1048576" s="1"></c></row>',
    ],
)
def test_rows_and_formats_without_content_do_not_make_a_workbook_large(file, end):
    with zipfile.ZipFile(io.BytesIO(workbook(SEVERAL_ROWS))) as zipped:
        members = {name: zipped.read(name) for name in zipped.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    members[sheet] = members[sheet].replace(b"</sheetData>", end + b"</sheetData>")

    assert len(everything(file(archive(members)))) == 5


def test_workbook_that_unpacks_to_too_much_is_refused(monkeypatch, file):
    monkeypatch.setattr(records, "MOST_BYTES_UNPACKED", 1000)

    assert "too large" in refusal(file(workbook([HEAD.split(",")] * 2)))


def bomb(rows):
    data = workbook([["x"]])
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        members = {name: zipped.read(name) for name in zipped.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    start, end = sheet.index(b"<sheetData>") + len(b"<sheetData>"), sheet.index(b"</sheetData>")
    return members | {"xl/worksheets/sheet1.xml": sheet[:start] + rows + sheet[end:]}


def test_reading_is_streamed_in_order_with_flat_memory(file):
    path = file("\n".join([HEAD, *(LINE.format(n % 99999, n) for n in range(40_000))]))
    recognised = reading.recognise(path)

    tracemalloc.start()
    last = 1
    for before, row in pairwise(reading.read(path, recognised)):
        assert row.line == before.line + 1
        last = row.line
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert last == 40_001
    assert peak < 4 << 20


@pytest.mark.parametrize("name", ["taobao_ExportOrderList", "douyin_orders", "youzan_orders", "shopify_orders_export"])
@pytest.mark.parametrize(("codec", "delimiter", "end"), [("gb18030", "\t", "\r\n"), ("utf-8-sig", ";", "\n")])
def test_sample_saved_another_way_gives_the_same(file, name, codec, delimiter, end):
    original = DATA / "samples" / f"{name}.csv"
    text = original.read_bytes().decode(reading.recognise(original).encoding)
    resaved = io.StringIO()
    writer = csv.writer(resaved, delimiter=delimiter, lineterminator=end)
    writer.writerows(csv.reader(io.StringIO(text, newline="")))

    assert everything(file(resaved.getvalue().encode(codec))) == everything(original)


@pytest.mark.parametrize("name", ["douyin_orders", "youzan_orders"])
def test_sample_saved_as_a_workbook_gives_the_same(file, name):
    original = DATA / "samples" / f"{name}.csv"
    text = original.read_bytes().decode(reading.recognise(original).encoding)

    path = file(workbook(csv.reader(io.StringIO(text, newline=""))), "orders.xlsx")

    assert everything(path) == everything(original)
