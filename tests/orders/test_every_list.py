"""Every known list of columns, as its platform writes it: what its orders come to, and that nothing of how a file was
written or saved again changes that."""

from __future__ import annotations

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from orders.channels import FORMATS, containers
from orders.channels.base import normal
from orders.channels.columns import Id, Money, Time
from orders.channels.rows import BadRow, Row
from orders.models import Order
from tests.orders.conftest import HEADERS, everything
from tests.orders.realistic import Record, Told
from tests.orders.realistic_more import FILES
from tests.orders.test_channels import READABLE
from tests.orders.test_importing import import_file

ADJUSTING = {"DOUYIN_AFTERSALE_50"}

pytestmark = pytest.mark.usefixtures("english")

Table = list[list[str]]


def table(name: str, records: list[Record] | None = None) -> Table:
    """Return header and cells of a file; every name of a record must be one of the list, but for other widths of it."""
    header = HEADERS[name]
    return [header, *([one.get(column, "") for column in header] for one in records or FILES[name].records)]


def written(rows: Table, delimiter: str = ",", end: str = "\r\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    return text.getvalue()


@pytest.fixture
def as_exported(tmp_path: Path) -> Callable[[str], Path]:
    """Write a file as its platform does."""

    def write(name: str) -> Path:
        told: Told = FILES[name]
        path = tmp_path / f"{name}.csv"
        path.write_bytes((told.before + written(table(name), told.delimiter) + told.after).encode(told.encoding))
        return path

    return write


def test_every_readable_list_has_a_file() -> None:
    assert set(FILES) | ADJUSTING == set(READABLE)


@pytest.mark.parametrize("name", FILES)
def test_orders_of_a_list_come_to_what_was_worked_out_by_hand(
    db: None, as_exported: Callable[[str], Path], name: str
) -> None:
    told = FILES[name]

    result = import_file(as_exported(name))

    orders = Order.objects.values_list("number", "status", "gross", "refunded")
    assert {number: (status, str(gross), str(back)) for number, status, gross, back in orders} == told.orders
    assert [one["line"] for one in result["rejected"]] == told.rejected
    kept = [
        Decimal(gross) - Decimal(back)
        for status, gross, back in told.orders.values()
        if status in ("paid", "completed", "partially_refunded")
    ]
    assert (result["eligible_orders"], Decimal(result["paid_total"])) == (len(kept), sum(kept))


def told(things: list[Any]) -> list[Any]:
    """What was read, without the line that it stood on and the names that its columns were written by."""
    return [
        one._replace(line=0)
        if isinstance(one, Row)
        else one._replace(line=0, column=normal(one.column), reason=re.sub(r"\d+", "", one.reason))
        if isinstance(one, BadRow)
        else type(one)
        for one in things
    ]


def plainly(tmp_path: Path, name: str) -> list[Any]:
    path = tmp_path / "plain.csv"
    path.write_text(written(table(name)), encoding="utf-8", newline="")
    return told(everything(path))


def shuffled(rows: Table) -> Table:
    order = list(range(len(rows[0])))
    random.Random(5).shuffle(order)
    return [[row[index] for index in order] for row in rows]


def with_more(rows: Table) -> Table:
    more = ("x" if any(row) else "" for row in rows[1:])
    return [
        ["新增列甲", *rows[0], "新增列乙", ""],
        *([cell, *row, cell, ""] for cell, row in zip(more, rows[1:], strict=True)),
    ]


def with_spaces(rows: Table) -> Table:
    return [["\ufeff \t" + name[:1] + "\n" + name[1:] + "\u3000" for name in rows[0]], *rows[1:]]


def zipped(content: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("订单.csv", content)
    return data.getvalue()


WAYS: dict[str, Callable[[Table], bytes]] = {
    "columns in another order": lambda rows: written(shuffled(rows)).encode(),
    "more columns than are known": lambda rows: written(with_more(rows)).encode(),
    "header with spaces and line ends": lambda rows: written(with_spaces(rows)).encode(),
    "sep line": lambda rows: b"\xef\xbb\xbfsep=,\r\n" + written(rows).encode(),
    "preamble": lambda rows: ("名称：订单明细\n导出时间：2026-05-20\n\n" + written(rows)).encode(),
    "tabs": lambda rows: written(rows, "\t").encode(),
    "semicolons": lambda rows: written(rows, ";").encode(),
    "gb18030": lambda rows: written(rows).encode("gb18030"),
    "utf-16": lambda rows: ("\ufeff" + written(rows, "\t")).encode("utf-16-le"),
    "lines of a Mac": lambda rows: written(rows, end="\r").encode(),
    "zip": lambda rows: zipped(written(rows).encode("gb18030")),
    "blank lines and a total": lambda rows: (written(rows) + "\r\n" + "," * (len(rows[0]) - 1)).encode(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FILES)
def test_list_written_another_way_reads_the_same(tmp_path: Path, name: str, way: str) -> None:
    path = tmp_path / "orders.xls"
    path.write_bytes(WAYS[way](table(name)))

    with containers.opened(path) as plain:
        things = everything(plain)

    assert told(things) == plainly(tmp_path, name)


def typed(cell: str, column: Any) -> Any:
    """A cell as a spreadsheet keeps it once somebody has typed or saved it: amounts as numbers, times as dates."""
    if isinstance(column, Money):
        try:
            return float(Decimal(re.sub(r"(?<=\d),(?=\d{3}\.)|[¥$]", "", cell)))
        except InvalidOperation:
            return cell
    if isinstance(column, Time) and re.fullmatch(r"\t?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", cell):
        return datetime.fromisoformat(cell.strip())
    return as_shown(cell)


def as_shown(cell: str) -> str | None:
    """A cell whose formula is nothing but a text, as a spreadsheet keeps it."""
    return re.sub(r'^="(.*)"$', r"\1", cell) or None


def saved(name: str, tmp_path: Path, kind: type) -> Path:
    """A list saved as a workbook: columns of a kind typed, all others texts."""
    form, rows = FORMATS[READABLE[name]], table(name)
    places = {place: form.columns[attribute] for attribute, place in form.find(rows[0]).items()}
    book = openpyxl.Workbook()
    book.active.append(rows[0])
    for row in rows[1:]:
        cells = [
            typed(cell, places[index]) if isinstance(places.get(index), kind) else as_shown(cell)
            for index, cell in enumerate(row)
        ]
        book.active.append(cells)
    book.save(tmp_path / "saved.xlsx")
    return tmp_path / "saved.xlsx"


@pytest.mark.parametrize("kind", [Money, Time])
@pytest.mark.parametrize("name", FILES)
def test_list_saved_as_a_workbook_with_typed_cells_gives_the_same_rows(tmp_path: Path, name: str, kind: type) -> None:
    path = saved(name, tmp_path, kind)

    things = [one for one in told(everything(path)) if isinstance(one, Row)]

    assert things == [one for one in plainly(tmp_path, name) if isinstance(one, Row)]


@pytest.mark.parametrize("name", ["TAOBAO_LIST_54", "TAOBAO_ITEMS_27", "DOUYIN_SUB_74", "WECHAT_57"])
def test_ids_that_a_workbook_made_numbers_are_rejected_and_never_merged(tmp_path: Path, name: str) -> None:
    form, rows = FORMATS[READABLE[name]], table(name)
    place = form.find(rows[0])["number"]
    book = openpyxl.Workbook()
    book.active.append(rows[0])
    for last in range(20):
        book.active.append([*rows[1][:place], 4133907579383470170 + last, *rows[1][place + 1 :]])
    book.save(tmp_path / "saved.xlsx")

    things = everything(tmp_path / "saved.xlsx")

    assert [(type(one), one.column.strip()) for one in things] == [(BadRow, form.number.names[0])] * 20
    assert all(isinstance(column, Id) for column in (form.number,))


@pytest.mark.parametrize("cells", [["合计"], ["", "总计："]])
@pytest.mark.parametrize("name", FILES)
def test_total_line_of_any_width_is_skipped(tmp_path: Path, name: str, cells: list[str]) -> None:
    rows, path = table(name), tmp_path / "total.csv"
    for width in (len(cells), len(rows[0])):
        path.write_text(written([*rows, [*cells, *[""] * (width - len(cells))]]), encoding="utf-8", newline="")

        things = told(everything(path))

        assert things[:-1] == plainly(tmp_path, name)
        assert things[-1].__name__ == "Skipped"
