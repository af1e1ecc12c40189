"""What people really upload: refused in a sentence of their language with nothing kept, or read as far as it goes."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation

from loyalty.models import Posting
from members.models import Identity, Member
from orders import importing, rejects
from orders.models import Channel, Order, OrderImport, OrderLine, RejectedRow, StagedRow
from tests.conftest import rows
from tests.orders.test_importing import SAMPLES, import_file, rules

__all__ = ("rules",)

TAOBAO = "订单编号,买家会员名,买家实际支付金额,退款金额,订单状态,订单付款时间,宝贝标题"
SOLD = "41339075793834{:05d},user_{},69.00,0.00,交易成功,2026-05-01 15:40:57,卸妆油"
YOUZAN = "订单号,订单状态,订单实付金额,订单已退款金额,买家付款时间,收货人手机号/提货人手机号,买家手机号,全部商品名称"
ORDER = "E2026050100000{:05d},{},{},{},2026-05-01 15:40:57,13800009999,{},面膜"
DOUYIN = "主订单编号,子订单编号,订单状态,售后状态,订单应付金额,支付完成时间,商品数量"
SHOPIFY = "Name,Financial Status,Total,Refunded Amount,Paid at,Email,Phone,Lineitem name,Lineitem quantity"
WRITTEN = (Order, OrderLine, StagedRow, RejectedRow, Posting, Member, Identity)
MO = Path(settings.LOCALE_PATHS[0], "zh_Hans", "LC_MESSAGES", "django.mo")

Write = Callable[..., Path]


@pytest.fixture
def file(tmp_path: Path) -> Write:
    """Write bytes, or lines as UTF-8, and give the path."""

    def write(*content: bytes | str, name: str = "orders.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(b"\n".join(one if isinstance(one, bytes) else one.encode() for one in content))
        return path

    return write


@pytest.fixture(autouse=True)
def english() -> Any:
    with translation.override("en"):
        yield


def refusal(path: Path, *options: str) -> str:
    """Return why a file is refused by the command, which must write nothing else and end with 2."""
    before = [rows(model) for model in (*WRITTEN, Channel)]
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("import_orders", str(path), "--json", *options, stdout=out)

    result = json.loads(out.getvalue())
    order_import = OrderImport.objects.latest("pk")
    assert ended.value.code == 2
    assert result == {"state": "REFUSED", "reason": order_import.reason}
    assert order_import.finished_at is not None
    assert [rows(model) for model in (*WRITTEN, Channel)] == before
    return result["reason"]


def is_a_sentence(text: str, language: str) -> bool:
    """Whether a reason is in the language of its reader and is whole."""
    if language == "en":
        return text[:1].isascii() and text.endswith(".")
    return "一" <= text[0] <= "鿿" and text.endswith("。")


def in_both_languages(reason: Callable[[], str]) -> None:
    """Ask for the same refusal twice: in English, and in Chinese where its texts are compiled."""
    for language in ("en", "zh-hans") if MO.exists() else ("en",):
        with translation.override(language):
            text = reason()
        assert is_a_sentence(text, language), text


def workbook(*lines: str) -> bytes:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line.split(","))
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def table(header: str, *lines: dict[str, str]) -> str:
    """Return lines by the names of their columns, quoted where they must be."""
    out = io.StringIO()
    writer = csv.DictWriter(out, header.split(","), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


GOOD = [SOLD.format(n, n) for n in range(700)]
ARCHIVE = BytesIO()
with zipfile.ZipFile(ARCHIVE, "w") as packed:
    packed.writestr("orders.csv", "\n".join([TAOBAO, *GOOD]))
    packed.writestr("more.csv", "\n".join([TAOBAO, *GOOD]))

REFUSED = {
    "no order export": ("姓名,电话,备注", "张三,13800000001,无"),
    "a text": ("Dear all, please find attached.",),
    "empty": (b"",),
    "only a line end": (b"\r\n",),
    "only a byte order mark": (b"\xef\xbb\xbf",),
    "header only": (TAOBAO,),
    "header and blank lines": (TAOBAO, ",,,,,,", "", " , , "),
    "unreadable encoding": (TAOBAO.encode("gb18030"), *GOOD[:3], b"\xff\xff\xff\xff"),
    "utf-16 without its mark": ("\n".join([TAOBAO, *GOOD]).encode("utf-16-le"),),
    "cut within a character": ("\n".join([TAOBAO, *GOOD[:3]]).encode()[:-1],),
    "nul bytes": (TAOBAO, GOOD[0], b"4133\0\0\0"),
    "a quotation mark that swallows the file": (TAOBAO, *GOOD[:5], '"', *GOOD[5:]),
    "a damaged workbook": (workbook(TAOBAO, *GOOD[:3])[:-300],),
    "an archive of several files": (ARCHIVE.getvalue(),),
    "a web page": ("<html><body><table>", TAOBAO, "</table>"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_file_that_cannot_be_imported_is_refused_in_a_sentence_and_writes_nothing(
    rules: None, file: Write, name: str
) -> None:
    path = file(*REFUSED[name])

    in_both_languages(lambda: refusal(path))


def test_companion_file_is_refused_saying_which_file_to_take(rules: None) -> None:
    path = SAMPLES / "taobao_ExportOrderDetailList.csv"

    in_both_languages(lambda: refusal(path))

    assert "ExportOrderList" in refusal(path)


def test_file_of_another_platform_than_the_chosen_channel_is_refused(rules: None, file: Write) -> None:
    Channel.objects.create(code="own", name="Own shop", format="youzan")
    path = file(TAOBAO, *GOOD[:3])

    in_both_languages(lambda: refusal(path, "--channel", "own"))

    assert "Taobao" in refusal(path, "--channel", "own")


def test_file_of_two_channels_is_refused_until_one_is_chosen(rules: None, file: Write) -> None:
    for code in ("first", "second"):
        Channel.objects.create(code=code, name=code, format="taobao")
    path = file(TAOBAO, *GOOD[:3])

    in_both_languages(lambda: refusal(path))

    assert import_file(path, "--channel", "second")["channel"] == "second"


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("nowhere.csv", (), "nowhere.csv"),
        ("", (), "folder"),
        ("orders.csv", ("--channel", "ebay"), "ebay"),
    ],
)
def test_call_that_names_nothing_to_import_is_refused(
    rules: None, file: Write, tmp_path: Path, name: str, options: tuple[str, ...], says: str
) -> None:
    file(TAOBAO, GOOD[0])

    def reason() -> str:
        out = StringIO()
        with pytest.raises(CommandError) as refused:
            call_command("import_orders", str(tmp_path / name), *options)
        with pytest.raises(SystemExit) as ended:
            call_command("import_orders", str(tmp_path / name), "--json", *options, stdout=out)
        assert refused.value.returncode == ended.value.code == 2
        assert json.loads(out.getvalue()) == {"state": "REFUSED", "reason": str(refused.value)}
        return str(refused.value)

    in_both_languages(reason)
    assert says in reason()
    assert rows(OrderImport) == []


BAD_NUMBERS = ["4.12E+18", "9" * 300, "=1+1", "+8613800000001", "", "4133 907", "41339075793834O0001"]
BAD_AMOUNTS = ["1e9", "NaN", "-5", "", "金额异常", "999999999999.99", "413390757938", "1\n\\.\n2", "@SUM(A1:A9)"]
BAD_TIMES = ["2026-02-30 08:00:00", "yesterday", "1999-12-31 23:59:59", "2026-05-01 25:00:00"]


def one_bad(column: str, values: list[str]) -> list[dict[str, str]]:
    """Return a Taobao line for each value, sound but for it."""
    sound = dict(zip(TAOBAO.split(","), SOLD.format(1, 1).split(","), strict=True))
    return [sound | {"订单编号": f"41339075793834{n + 100:05d}"} | {column: value} for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("column", "values"), [("订单编号", BAD_NUMBERS), ("买家实际支付金额", BAD_AMOUNTS), ("订单付款时间", BAD_TIMES)]
)
def test_broken_rows_are_listed_and_the_others_imported(
    rules: None, file: Write, column: str, values: list[str]
) -> None:
    path = file(table(TAOBAO, *one_bad(column, values)) + GOOD[0])

    for language in ("en", "zh-hans") if MO.exists() else ("en",):
        with translation.override(language):
            result = import_file(path)

        assert (result["state"], result["rows"], result["orders"]) == ("DONE", len(values) + 1, 1)
        assert [(one["column"], one["value"]) for one in result["rejected"]] == [
            (column, value[:200]) for value in values
        ]
        assert all(is_a_sentence(one["reason"], language) for one in result["rejected"]), result["rejected"]
    assert [order.number for order in Order.objects.all()] == ["4133907579383400000"]


def test_file_cut_off_keeps_what_came_before_the_cut(rules: None, file: Write) -> None:
    path = file(TAOBAO, *GOOD[:3], GOOD[3][:30])

    result = import_file(path)

    assert (result["state"], result["rows"], result["orders"]) == ("DONE", 4, 3)
    assert [one["line"] for one in result["rejected"]] == [5]
    assert Order.objects.count() == 3


def test_quotation_mark_open_at_the_end_keeps_what_came_before_it(rules: None, file: Write) -> None:
    path = file(TAOBAO, *GOOD[:3], f'"{GOOD[3]}', GOOD[4])

    result = import_file(path)

    assert (result["state"], result["orders"]) == ("DONE", 3)
    assert [one["line"] for one in result["rejected"]] == [5]


def test_file_of_broken_rows_only_is_done_with_no_orders(rules: None, file: Write) -> None:
    result = import_file(file(TAOBAO, *(line.replace("69.00", "?") for line in GOOD[:3])))

    assert (result["state"], result["rows"], result["orders"], len(result["rejected"])) == ("DONE", 3, 0, 3)
    assert rows(Order) == rows(Posting) == rows(StagedRow) == []


def test_rejected_formulas_are_disarmed_for_the_spreadsheet_that_opens_them(rules: None, file: Write) -> None:
    values = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", " =1+1", '"=1+1']
    import_id = import_file(file(table(TAOBAO, *one_bad("买家实际支付金额", values))))["import_id"]

    order_import = OrderImport.objects.get(pk=import_id)
    header, *lines = csv.reader("".join(rejects.as_csv(order_import)).removeprefix("\ufeff").splitlines(True))

    paid = header.index("买家实际支付金额")
    assert [line[paid] for line in lines] == [f"'{value}" for value in values]


def test_formula_in_a_cell_is_imported_as_the_text_that_it_is(rules: None, file: Write) -> None:
    title = '=HYPERLINK("http://x.cn";"面膜")'
    (line,) = one_bad("宝贝标题", [title])

    result = import_file(file(table(TAOBAO, line)))

    assert (result["orders"], result["rejected"]) == (1, [])
    assert [line.title for line in OrderLine.objects.all()] == [title]


@pytest.mark.parametrize("phone", ["138****7596", "$$密文", "1380000759", "无"])
def test_masked_phone_makes_nobody_a_member(rules: None, file: Write, phone: str) -> None:
    result = import_file(file(YOUZAN, ORDER.format(1, "已发货", "19.90", "0.00", phone)))

    assert (result["orders"], result["rejected"], result["points"]) == (1, [], 0)
    assert [(order.phone, order.member) for order in Order.objects.all()] == [("", None)]
    assert rows(Member) == rows(Posting) == []


def test_workbook_called_csv_is_read_as_the_workbook_that_it_is(rules: None, file: Write) -> None:
    result = import_file(file(workbook(TAOBAO, *GOOD[:3])))

    assert (result["state"], result["orders"], result["paid_total"]) == ("DONE", 3, "207.00")


def test_nul_in_a_cell_of_a_workbook_rejects_its_row_only(rules: None, file: Write) -> None:
    bad = GOOD[1].replace("69.00", "69_x0000_00")  # as workbooks write a character that XML does not have

    result = import_file(file(workbook(TAOBAO, GOOD[0], bad)))

    assert (result["state"], result["orders"]) == ("DONE", 1)
    assert [(one["line"], one["value"]) for one in result["rejected"]] == [(3, "69 00")]


def test_order_repeated_exactly_is_one_order(rules: None, file: Write) -> None:
    line = ORDER.format(1, "已发货", "19.90", "0.00", "13800007596")

    result = import_file(file(YOUZAN, line, line, line))

    assert (result["rows"], result["orders"], result["new"], result["unchanged"]) == (3, 1, 1, 0)
    assert (result["paid_total"], result["points"]) == ("19.90", 19)
    assert OrderLine.objects.count() == 1


@pytest.mark.parametrize("turned", [False, True])
def test_of_an_order_that_is_there_twice_the_further_status_stands(rules: None, file: Write, turned: bool) -> None:
    earlier = ORDER.format(1, "已发货", "100.00", "0.00", "13800007596")
    later = ORDER.format(1, "交易完成", "100.00", "30.00", "13800007596")
    lines = [later, earlier] if turned else [earlier, later]

    result = import_file(file(YOUZAN, *lines))

    (order,) = Order.objects.all()
    assert (order.status, order.gross, order.refunded) == ("partially_refunded", Decimal(100), Decimal(30))
    assert (result["orders"], result["paid_total"], result["points"]) == (1, "70.00", 70)


def test_same_order_from_a_later_file_with_other_values_is_told_as_updated(rules: None, file: Write) -> None:
    import_file(file(YOUZAN, ORDER.format(1, "已发货", "100.00", "0.00", "13800007596")))

    result = import_file(file(YOUZAN, ORDER.format(1, "已发货", "100.00", "100.00", "13800007596")))

    assert (result["new"], result["updated"], result["points"]) == (0, 1, -100)


TOO_LONG = {
    "packed numbers of 64 digits": (DOUYIN, f"{'6' * 18},{'1' * 64};{'2' * 64},已完成,,10.00,2026-05-01 10:00:00,1", 0),
    "more pieces than a number holds": (
        DOUYIN, f"{'6' * 18},{'6' * 18},已完成,,10.00,2026-05-01 10:00:00,{';'.join(['999999'] * 2200)}", 0,
    ),
    "an address of 200 characters": (
        SHOPIFY, f"#1001,paid,10.00,0.00,2026-05-01 10:00:00 +0800,{'x' * 190}@mail.test,,Cream,1", 1,
    ),
    "an address that grows in lower case": (
        SHOPIFY, f"#1001,paid,10.00,0.00,2026-05-01 10:00:00 +0800,{'İ' * 100}@mail.test,,Cream,1", 1,
    ),
    "a header of 300 characters": (TAOBAO.replace("订单编号", f"订单{' ' * 300}编号"), GOOD[0].replace("4133", "?"), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", TOO_LONG)
def test_value_that_no_column_holds_stops_no_file(rules: None, file: Write, name: str) -> None:
    header, line, orders = TOO_LONG[name]

    result = import_file(file(header, line))

    assert (result["state"], result["orders"], len(result["rejected"])) == ("DONE", orders, 1 - orders)


def test_amounts_of_many_lines_that_no_order_has_are_rejected_one_by_one(rules: None, file: Write) -> None:
    lines = [f"{'6' * 18},{n:018d},已完成,,999999999999.99,2026-05-01 10:00:00,1" for n in range(3)]

    result = import_file(file(DOUYIN, *lines, f"{'6' * 18},{9:018d},已完成,,10.00,2026-05-01 10:00:00,1"))

    assert (result["state"], result["paid_total"]) == ("DONE", "10.00")
    assert {one["column"] for one in result["rejected"]} == {"订单应付金额"}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("/srv/订单.csv", "订单.csv"),
        ("..\\..\\订单.csv", "订单.csv"),
        ("\u202evsc.redro", "vsc.redro"),
        ("a\0b\r\n.csv", "ab.csv"),
        ("订单" * 200 + ".csv", ("订单" * 200)[:251] + ".csv"),
        ("\udcb6\udca9.csv", "??.csv"),
        ("..", "–"),
        ("", "–"),
    ],
)
def test_name_of_a_file_is_kept_as_far_as_it_is_harmless(rules: None, at: datetime, name: str, kept: str) -> None:
    content = BytesIO("\n".join([TAOBAO, GOOD[0]]).encode())

    order_import = importing.accept(file=content, name=name, channel_code=None, actor_id=None, at=at)
    order_import = importing.run(import_id=order_import.pk, at=at)

    assert (order_import.state, order_import.name) == ("DONE", kept)
    assert Path(order_import.file.path).is_relative_to(settings.MEDIA_ROOT)
    assert order_import.file.name.isascii()
