"""Web pages called .xls are read by their tables, as Excel shows them; no page takes more than its share of time."""

from __future__ import annotations

import io
import json
import time
import tracemalloc
from typing import Any

import pytest
from django.core.management import call_command

from orders import reading
from orders.channels import containers, webpage
from tests.orders.test_containers import HEAD, LINE, TABLE, TEXT, File, everything, file, page, plainly, refusal

__all__ = ("file", "plainly")

pytestmark = pytest.mark.usefixtures("english")


EXCEL = """<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel">
<head><meta http-equiv=Content-Type content="text/html; charset=gb2312"><style><!--td {mso-number-format:"\\@";}
.xl{ white-space:"<td>"; }--></style><!--[if gte mso 9]><xml><x:ExcelWorkbook><table><tr><td>1</td></tr></table>
</x:ExcelWorkbook></xml><![endif]--></head><body><table border=1 style='border-collapse:collapse'><col width=72>"""


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (page(), "utf-8"),
        (page(), "utf-8-sig"),
        (page(), "gbk"),
        (page(before='<html><meta charset="utf-8"><table>'), "gbk"),
        (page(before="<html><meta charset=iso-8859-1><table>"), "gbk"),
        (page(before=EXCEL, cell="<td class=xl x:str style='mso-number-format:\"\\@\"'>{}</td>"), "gbk"),
        (page(before="\ufeff \n<!DOCTYPE html><TABLE>", cell="<TD>\n   {}\n</TD>"), "utf-8"),
        (page(before="<table><thead>", cell="<th>{}"), "utf-8"),
        (page(before="<table>", cell="<td><font color='red'><b>{}</b></font><br></td>"), "utf-8"),
        (page(before="<table><tr><td><script>if (a<b) '<td>'</script><table>"), "utf-8"),
    ],
)
def test_web_page_called_xls_is_read_by_its_table(file: File, text: str, codec: str) -> None:
    things = everything(file(text.encode(codec), "orders.xls"))

    assert [(one.line, one.number, one.status, str(one.gross)) for one in things] == [
        (n + 2, f"41339075793834{n:05d}", "completed", "69.00") for n in range(5)
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("A&amp;B &lt;面膜&gt; &#21345;&nbsp;50g", "A&B <面膜> 卡 50g"),
        ("面膜<br>第二件", "面膜 第二件"),
        ("a<b", "a<b"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("面膜\0", "面膜"),
        ("", ""),
    ],
)
def test_cell_of_a_page_is_its_text(file: File, written: str, read: str) -> None:
    table = [HEAD.split(","), [*LINE.format(1, 1).split(",")[:-1], written]]

    [row] = everything(file(page(table), "orders.xls"))

    assert row.title == read


def laid_out(markup: str) -> list[tuple[int, int, list[str]]]:
    return [tuple(line) for line in webpage.lines(iter(markup))]  # a letter at a time


@pytest.mark.parametrize(
    ("markup", "laid"),
    [
        ("<tr><td colspan=2>a</td><td>b</td></tr>", [["a", "", "b"]]),
        ('<tr><td rowspan="2">a<td>b<tr><td>c<td>d', [["a", "b"], ["", "c", "d"]]),
        ("<tr><td>a<td rowspan=2>b<td>c<tr><td>d<td>e<tr><td>f<td>g", [["a", "b", "c"], ["d", "", "e"], ["f", "g"]]),
        ("<tr><td colspan=0>a<td rowspan=0>b<td colspan=x>c", [["a", "b", "c"]]),
        ("<td>a</td><td>b</td>", [["a", "b"]]),
        ("<tr></tr><tr><td>a", [[], ["a"]]),
    ],
)
def test_cells_of_a_page_stand_in_their_columns(markup: str, laid: list[list[str]]) -> None:
    found = laid_out(f"<table>{markup}</table>")

    assert found == [(1, line, cells) for line, cells in enumerate(laid, 1)]


def test_each_table_of_a_page_counts_its_own_rows() -> None:
    found = laid_out("<table><tr><td>a</table><table><tr><td>b<tr><td>c</table>")

    assert found == [(1, 1, ["a"]), (2, 1, ["b"]), (2, 2, ["c"])]


SPREADSHEET = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="订单"><Table ss:ExpandedColumnCount="6">{}</Table></Worksheet></Workbook>"""


def test_xml_spreadsheet_is_read(file: File, plainly: list[Any]) -> None:
    lines = [
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{one}</Data></Cell>' for one in line) + "</Row>"
        for line in TABLE
    ]

    assert everything(file(SPREADSHEET.format("\n".join(lines)), "orders.xls")) == plainly


def test_xml_spreadsheet_tells_rows_and_columns_that_it_leaves_out() -> None:
    found = laid_out('<Table><Row ss:Index="3"><Cell/><Cell ss:Index="4"><Data>a</Data></Cell></Row><Row><Cell>b')

    assert found == [(1, 3, ["", "", "", "a"]), (1, 4, ["b"])]


@pytest.mark.parametrize(
    "content",
    [
        "<html><body>请登录</body></html>",
        "<!DOCTYPE html><html><head><title>404</title></head></html>",
        "<html><body><table>" + TEXT + "</table>",
        "<?xml version='1.0'?><orders><order id='1'/></orders>",
    ],
)
def test_page_without_a_table_is_refused_as_a_web_page(file: File, content: str) -> None:
    assert "web page" in refusal(file(content, "orders.xls"))


HOSTILE = (
    "<", "<a ", "<a b='", '<a "', "<!", "<!--", "<![", "</", "&#", "&a;", "<tr>", "<td>", "<tr><td>", "<table>",
    "<td colspan=9999>", "<tr><td rowspan=9999 colspan=999>", "<td><script>", "<td ss:Index=9999>",
)  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_page_is_refused_in_little_time(file: File, piece: str) -> None:
    path, started = file("<table>" + piece * ((1 << 18) // len(piece)), "orders.xls"), time.process_time()

    refusal(path)

    assert time.process_time() - started < 2


def test_page_that_swells_is_refused(monkeypatch: pytest.MonkeyPatch, file: File) -> None:
    monkeypatch.setattr(containers, "SURELY_FINE", 1 << 20)
    wide = "<tr><td colspan=9000>1</td></tr>" * 1000

    assert "far too large" in refusal(file(f"<table>{wide}", "orders.xls"))


def test_page_is_read_in_pieces_with_flat_memory(file: File) -> None:
    path = file(page([HEAD.split(","), *(LINE.format(n, n).split(",") for n in range(5_000))]), "orders.xls")

    tracemalloc.start()
    with containers.opened(path) as plain:
        recognised = reading.recognise(plain)
        count = sum(1 for _row in reading.read(plain, recognised))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (recognised.encoding, count) == ("html", 5_000)
    assert peak < 6 << 20


def test_page_without_orders_is_refused_by_the_command(db: None, file: File) -> None:
    out = io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("import_orders", str(file("<html>", "orders.xls")), "--json", stdout=out)

    assert ended.value.code == 2
    assert "web page" in json.loads(out.getvalue())["reason"]
