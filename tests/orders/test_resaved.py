"""Files of every known list that a hand or a spreadsheet has been at: whatever is still sure reads the same, and what
is lost is refused, never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from orders import reading
from orders.channels import FORMATS
from orders.channels.columns import Id, Money, Time
from orders.channels.rows import BadRow, RefusedFile, Row
from tests.orders.conftest import everything
from tests.orders.realistic_more import FILES
from tests.orders.test_channels import READABLE
from tests.orders.test_every_list import plainly, table, told, written

pytestmark = pytest.mark.usefixtures("english")

WIDE = str.maketrans("0123456789.,:-", "０１２３４５６７８９．，：－")
PLAIN_TIME = re.compile(r"\t?(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)")
PLAIN_MONEY = re.compile(r"\d+\.\d\d")


def serial(when: datetime) -> str:
    return f"{(when - datetime(1899, 12, 30)).total_seconds() / 86400:.10f}"


def at_times(say: Callable[[datetime], str]) -> Callable[[str], str]:
    def changed(cell: str) -> str:
        match = PLAIN_TIME.fullmatch(cell)
        return say(datetime(*map(int, match.groups()))) if match else cell

    return changed


def at_amounts(say: Callable[[Decimal], str]) -> Callable[[str], str]:
    return lambda cell: say(Decimal(cell)) if PLAIN_MONEY.fullmatch(cell) else cell


def bare(cell: str) -> str:
    return re.sub(r'^="(.*)"$', r"\1", cell).strip("\t '")


HANDS: dict[str, tuple[type, Callable[[str], str]]] = {
    "slashes": (Time, at_times(lambda at: f"{at:%Y}/{at.month}/{at.day} {at.hour}:{at:%M:%S}")),
    "dots": (Time, at_times(lambda at: f"{at:%Y.%m.%d %H:%M:%S}")),
    "年月日": (Time, at_times(lambda at: f"{at.year}年{at.month}月{at.day}日 {at:%H:%M:%S}")),
    "年月日时分秒": (
        Time,
        at_times(lambda at: f"{at.year}年{at.month}月{at.day}日{at.hour}时{at.minute}分{at.second}秒"),
    ),
    "T": (Time, at_times(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}")),
    "serials": (Time, at_times(serial)),
    "wide times": (Time, lambda cell: cell.translate(WIDE)),
    "thousands": (Money, at_amounts(lambda amount: f"{amount:,.2f}")),
    "¥": (Money, at_amounts(lambda amount: f"¥ {amount:,.2f}")),
    "￥ in a text": (Money, at_amounts(lambda amount: f'="￥{amount}"')),
    "元": (Money, at_amounts(lambda amount: f" {amount:,.2f}元 ")),
    "no-break spaces": (Money, at_amounts(lambda amount: f"\u00a0{amount}\u00a0")),
    "wide amounts": (Money, at_amounts(lambda amount: f"{amount:,.2f}".translate(WIDE))),
    "rounded": (Money, at_amounts(lambda amount: f"{amount.normalize():f}")),
    "quoted numbers": (Id, lambda cell: f"'{bare(cell)}" if bare(cell) else cell),
    "formulas of numbers": (Id, lambda cell: f'="{bare(cell)}"' if bare(cell) else cell),
    "tabs at numbers": (Id, lambda cell: f"\t{bare(cell)}\t" if bare(cell) else cell),
    "wide numbers": (Id, lambda cell: bare(cell).translate(str.maketrans("0123456789", "０１２３４５６７８９"))),
}


def places(name: str, kind: type) -> list[int]:
    form, header = FORMATS[READABLE[name]], table(name)[0]
    return [place for column, place in form.find(header).items() if isinstance(form.columns[column], kind)]


def handled(name: str, kind: type, say: Callable[[str], str]) -> list[list[str]]:
    at, (header, *records) = places(name, kind), table(name)
    return [header, *([say(cell) if place in at else cell for place, cell in enumerate(one)] for one in records)]


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("name", FILES)
def test_a_cell_written_another_way_is_the_same_value(tmp_path: Path, name: str, hand: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(written(handled(name, *HANDS[hand])), encoding="utf-8", newline="")

    things = [one for one in told(everything(path)) if isinstance(one, Row)]

    assert things == [one for one in plainly(tmp_path, name) if isinstance(one, Row)]


@pytest.mark.parametrize("lost", ["4.133E+18", "4.13391e18", "4.1339075793834702E+018", "4,133,907,579,383,470,175"])
@pytest.mark.parametrize("name", FILES)
def test_a_number_that_lost_its_digits_is_refused_with_its_reason(tmp_path: Path, name: str, lost: str) -> None:
    form, (header, *records) = FORMATS[READABLE[name]], table(name)
    place = form.find(header)["number"]
    path = tmp_path / "orders.csv"
    path.write_text(
        written([header, *([*one[:place], lost, *one[place + 1 :]] for one in records)]), "utf-8", newline=""
    )

    bad = [one for one in everything(path) if not isinstance(one, Row)]

    assert len(bad) == len(everything(path)) > 0
    assert {type(one) for one in bad} == {BadRow}
    assert {one.column for one in bad if one.value == lost} == {header[place].strip()}
    if "E" in lost.upper():
        assert all("its last digits are lost" in one.reason for one in bad if one.value == lost)


@pytest.mark.parametrize("name", ["TAOBAO_LIST_54", "TMALL_REPORT_7", "DOUYIN_SUB_74"])
def test_numbers_that_end_in_the_zeros_of_a_spreadsheet_refuse_the_file(tmp_path: Path, name: str) -> None:
    form, (header, *records) = FORMATS[READABLE[name]], table(name)
    place = form.find(header)["number"]
    cut = [[*one[:place], f"41339075793834{last:01d}0000", *one[place + 1 :]] for last, one in enumerate(records[:8])]
    path = tmp_path / "orders.csv"
    path.write_text(written([header, *cut]), "utf-8", newline="")

    with pytest.raises(RefusedFile) as refused:
        reading.recognise(path)

    assert "their last digits are lost" in refused.value.reason


@pytest.mark.parametrize("name", FILES)
def test_a_header_of_two_rows_with_merged_cells_reads_the_same(tmp_path: Path, name: str) -> None:
    header, *records = table(name)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["订单信息", *[None] * (len(header) - 2), "其他"])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(header) - 1)
    for one in [header, *records]:
        sheet.append([re.sub(r'^="(.*)"$', r"\1", cell) or None for cell in one])
    book.save(tmp_path / "merged.xlsx")

    things = everything(tmp_path / "merged.xlsx")

    assert [one for one in told(things) if isinstance(one, Row)] == [
        one for one in plainly(tmp_path, name) if isinstance(one, Row)
    ]
