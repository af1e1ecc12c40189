"""Files of platforms without a format: read by columns that somebody chose, which hold for the next file with them."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members.models import User
from orders import importing, mapping, reading
from orders.channels import FORMATS, guesses
from orders.channels.base import KEPT
from orders.channels.cells import BadCell
from orders.channels.columns import Status
from orders.channels.mapped import ORDER, PART, REPEATED, Plan, as_format
from orders.channels.rows import BadRow, RefusedFile, Row
from orders.importing import NotWaiting
from orders.mapping import BadPlan
from orders.models import Channel, ColumnMapping, Order, OrderImport, RejectedRow, StagedRow
from tests.conftest import NOW, rows
from tests.orders.conftest import HEADERS, Export

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
WEIMOB = ["订单编号", "订单状态", "实付金额", "退款金额", "运费", "下单时间", "付款时间", "完成时间", "会员编号",
          "买家手机号", "商品名称", "规格编码", "数量"]  # fmt: skip
WORDS = {"待付款": "unpaid", "待发货": "paid", "已发货": "paid", "已完成": "completed", "已关闭": "closed",
         "部分退款": "partially_refunded"}  # fmt: skip
PLACES = {
    "number": "订单编号", "status": "订单状态", "paid": "实付金额", "refund": "退款金额", "shipping": "运费",
    "ordered_at": "下单时间", "paid_at": "付款时间", "completed_at": "完成时间", "buyer": "会员编号",
    "phone": "买家手机号", "title": "商品名称", "sku": "规格编码", "quantity": "数量",
}  # fmt: skip
ROW = {"订单编号": "WM2026050100001", "订单状态": "已发货", "实付金额": "100.00", "退款金额": "0.00",
       "下单时间": "2026-05-01 08:00:00", "付款时间": "2026-05-01 08:01:00", "商品名称": "面霜"}  # fmt: skip


def plan(header: list[str] = WEIMOB, places: dict[str, str] = PLACES, **chosen: Any) -> Plan:
    """Return a choice for the files of a Weimob shop."""
    values: dict[str, Any] = {
        "id": None,
        "name": "Weimob",
        "channel": "weimob",
        "platform": "weimob",
        "format": "",
        "header": tuple(header),
        "header_line": 1,
        "columns": {attribute: header.index(name) for attribute, name in places.items()},
        "words": {"status": WORDS},
    }
    return Plan(**values | chosen)


def without(*attributes: str, **chosen: Any) -> Plan:
    return plan(places={name: place for name, place in PLACES.items() if name not in attributes}, **chosen)


@pytest.fixture
def weimob(export: Export, english: None) -> Any:
    """Return `read(plan, *rows)`: writes rows under the header of a plan and reads them by it."""

    def read(chosen: Plan, *records: dict[str, str], **options: str) -> list[Any]:
        path = export(list(chosen.header), *records, **options)
        return list(reading.read(path, reading.recognise(path, chosen=chosen)))

    return read


def facts(row: Row | BadRow) -> tuple[str, ...]:
    if isinstance(row, BadRow):
        return row.column, row.value, row.reason.split(".")[0]
    return row.number, row.status, str(row.gross), str(row.refunded)


def test_file_of_an_unknown_platform_is_read_row_by_row(weimob: Any) -> None:
    rows = [
        ROW,
        {"订单编号": '="WM2026050100002"', "订单状态": "已完成", "实付金额": "￥1,299.00", "完成时间": "2026/5/9 8:00"},
        {"订单编号": "\tWM2026050100003", "订单状态": "待付款", "付款时间": "-"},
        {"订单编号": "'WM2026050100004", "订单状态": "已关闭"},
        {"订单编号": "WM2026050100005", "订单状态": "已关闭", "退款金额": "100.00"},
        {"订单编号": "WM2026050100006", "订单状态": "已完成", "退款金额": "100.00元"},
        {"订单编号": "WM2026050100007", "订单状态": "部分退款", "退款金额": "30"},
        {"订单编号": "WM2026050100008", "订单状态": "拼团中"},
        {"订单编号": "WM2026050100009", "订单状态": ""},
        {"订单编号": "4.12346E+18"},
        {"订单编号": "WM2026050100011", "实付金额": "null"},
        {"订单编号": "WM2026050100012", "退款金额": "100.01"},
        {"订单编号": "合计", "实付金额": "9999.00"},
    ]

    understood = weimob(plan(), *[ROW | one for one in rows])

    assert [facts(one) for one in understood[:-1]] == [
        ("WM2026050100001", "paid", "100.00", "0.00"),
        ("WM2026050100002", "completed", "1299.00", "0.00"),
        ("WM2026050100003", "unpaid", "0.00", "0.00"),
        ("WM2026050100004", "closed", "0.00", "0.00"),
        ("WM2026050100005", "refunded", "100.00", "100.00"),
        ("WM2026050100006", "refunded", "100.00", "100.00"),
        ("WM2026050100007", "partially_refunded", "100.00", "30.00"),
        ("WM2026050100008", "unknown", "100.00", "0.00"),
        ("订单状态", "", "The status is missing"),
        ("订单编号", "4.12346E+18", "A spreadsheet turned this number into 4"),
        ("实付金额", "null", "The amount is missing, and this order is paid"),
        ("退款金额", "100.01", "More was refunded than was paid"),
    ]
    assert understood[-1].reason == "A line of totals, not an order."


def test_net_amount_has_its_refund_added_to_tell_what_was_paid(weimob: Any) -> None:
    [part, whole] = weimob(
        plan(net=True),
        ROW | {"实付金额": "70.00", "退款金额": "30.00"},
        ROW | {"订单编号": "WM2", "实付金额": "0.00", "退款金额": "100.00"},
    )

    assert facts(part)[1:] == ("partially_refunded", "100.00", "30.00")
    assert facts(whole)[1:] == ("refunded", "100.00", "100.00")


def test_without_a_status_times_tell_paid_and_amounts_tell_refunds(weimob: Any) -> None:
    paid, unpaid, done, back = weimob(
        without("status", words={}),
        ROW,
        ROW | {"订单编号": "WM2", "付款时间": ""},
        ROW | {"订单编号": "WM3", "完成时间": "2026-05-09 08:00:00"},
        ROW | {"订单编号": "WM4", "退款金额": "100.00", "付款时间": ""},
    )

    assert [one.status for one in (paid, unpaid, done, back)] == ["paid", "unpaid", "completed", "refunded"]


def test_partial_refund_of_an_unknown_amount_waits(weimob: Any) -> None:
    [row] = weimob(plan(), ROW | {"订单状态": "部分退款"})

    assert row.status == "hold"


def test_paid_row_without_time_of_payment_counts_from_its_order_and_without_any_is_rejected(weimob: Any) -> None:
    [ordered, bad] = weimob(plan(), ROW | {"付款时间": ""}, ROW | {"付款时间": "", "下单时间": "", "订单编号": "WM2"})

    assert ordered.paid_at == ordered.ordered_at
    assert (bad.column, bad.number) == ("付款时间", "WM2")


@pytest.mark.parametrize(
    ("kind", "keys"), [(PART, ["A 面霜 100.00", "B 面膜 100.00"]), (REPEATED, ["=A 面霜", "=B 面膜"])]
)
def test_parts_of_an_order_are_told_apart_by_what_they_are(weimob: Any, kind: str, keys: list[str]) -> None:
    parts = weimob(plan(rows=kind), ROW | {"规格编码": "A"}, ROW | {"规格编码": "B", "商品名称": "面膜"})

    assert [one.row_key for one in parts] == keys


@pytest.mark.parametrize("kind", [ORDER, REPEATED])
def test_an_order_with_two_amounts_is_rejected_unless_they_add_up(weimob: Any, kind: str) -> None:
    [_first, bad] = weimob(plan(rows=kind), ROW, ROW | {"实付金额": "99.00", "规格编码": "B"})

    assert bad.reason.startswith("Line 2 has this order with another amount.")


def test_after_sale_word_wins_over_the_status(weimob: Any) -> None:
    header = [*WEIMOB, "维权状态"]
    chosen = plan(
        header,
        PLACES | {"after_sale": "维权状态"},
        words={"status": WORDS, "after_sale": {"无": KEPT, "维权成功": "refunded", "维权中": "hold"}},
    )

    words = ("", "无", "维权成功", "维权中")
    told = weimob(chosen, *[ROW | {"订单编号": f"WM{n}", "维权状态": one} for n, one in enumerate(words)])

    assert [one.status for one in told] == ["paid", "paid", "refunded", "hold"]


def test_times_without_offset_are_of_the_chosen_zone_in_summer_too(weimob: Any) -> None:
    [summer, offset, winter] = weimob(
        plan(zone="America/New_York"),
        ROW,
        ROW | {"订单编号": "WM2", "付款时间": "2026-05-01 08:01:00 +0800"},
        ROW | {"订单编号": "WM3", "付款时间": "2026-01-01 08:01"},
    )

    assert str(summer.paid_at) == "2026-05-01 08:01:00-04:00"
    assert str(offset.paid_at) == "2026-05-01 08:01:00+08:00"
    assert str(winter.paid_at) == "2026-01-01 08:01:00-05:00"


def test_masked_phones_and_accounts_are_nobodys(weimob: Any) -> None:
    [whole, masked] = weimob(
        plan(),
        ROW | {"买家手机号": "'138 0000 0001", "会员编号": "u1"},
        ROW | {"订单编号": "WM2", "买家手机号": "138****0001", "会员编号": "林*"},
    )

    assert (whole.phone, whole.buyer) == ("+8613800000001", "u1")
    assert (masked.phone, masked.buyer) == ("", "")


def test_accounts_of_two_platforms_called_other_are_apart(weimob: Any) -> None:
    [row] = weimob(plan(channel="corner", platform="other"), ROW | {"会员编号": "lin"})

    assert row.buyer == "corner:lin"


def test_two_columns_of_one_name_are_told_apart_in_any_order(weimob: Any, export: Export) -> None:
    header = ["名称", "名称", *[one for one in WEIMOB if one != "商品名称"]]
    chosen = plan(header, {name: one for name, one in PLACES.items() if name != "title"})
    chosen = chosen._replace(columns={**chosen.columns, "title": 1})
    path = export(["新", *reversed(header)])
    swapped = export(["新"])
    line = ",".join({"名称": "x"}.get(name, ROW.get(name, "")) for name in header)
    swapped.write_text(",".join(header) + "\n" + line.replace("x,x", "店铺,面霜", 1) + "\n", encoding="utf-8")

    [row] = list(reading.read(swapped, reading.recognise(swapped, chosen=chosen)))

    assert row.title == "面霜"
    with pytest.raises(RefusedFile, match="not in this file"):
        reading.recognise(path, chosen=chosen)


def as_plan(code: str, header: list[str]) -> Plan:
    """Return a choice that says what a built-in format knows."""
    form = FORMATS[code]
    names = {"net": "paid"}
    found = {names.get(attribute, attribute): place for attribute, place in form.find(header).items()}
    status = form.columns["status"]
    assert isinstance(status, Status)
    return plan(header, {}, columns=found, net="net" in form.columns, words={"status": status.classes})


@pytest.mark.parametrize(("sample", "code"), [("youzan_orders", "youzan"), ("taobao_ExportOrderList", "taobao")])
@given(data=st.data())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_chosen_columns_read_a_sample_as_its_format_does(tmp_path: Path, sample: str, code: str, data: Any) -> None:
    encoding = "gb18030" if code == "taobao" else "utf-8-sig"
    header, *records = csv.reader((SAMPLES / f"{sample}.csv").read_text(encoding).splitlines())
    order = data.draw(st.permutations(range(len(header))))
    kept = data.draw(st.lists(st.sampled_from(records), min_size=1, max_size=12))
    text = io.StringIO()
    csv.writer(text).writerows([[row[place] for place in order] for row in [header, *kept]])
    path = tmp_path / "orders.csv"
    path.write_text(text.getvalue(), encoding="utf-8")

    by_format = list(reading.read(path, reading.recognise(path)))
    by_plan = list(reading.read(path, reading.recognise(path, chosen=as_plan(code, header))))

    assert [one for one in by_plan if isinstance(one, Row)] == [one for one in by_format if isinstance(one, Row)]
    assert [one.line for one in by_plan] == [one.line for one in by_format]


ANY = st.sampled_from(
    [
        "",
        "-",
        "null",
        "WM1",
        "合计",
        "69.00",
        "￥-5",
        "৳2,999",
        "1E+20",
        "2026-05-01 10:00",
        "已完成",
        "部分退款",
        "林*",
        "=1+1",
    ]
) | st.text(max_size=80)


@pytest.mark.parametrize("kind", [ORDER, PART, REPEATED])
@given(cells=st.lists(ANY, min_size=len(WEIMOB), max_size=len(WEIMOB)), net=st.booleans())
@settings(max_examples=150)
def test_any_cells_are_a_row_that_fits_or_a_bad_cell(kind: str, cells: list[str], net: bool) -> None:
    chosen = plan(rows=kind, net=net)
    bound = as_format(chosen, FORMATS).bind(chosen.columns)

    row = read_by(bound, [*cells, ""])

    if isinstance(row, BadCell):
        assert row.reason
        assert row.column in bound.columns
        return
    assert 0 < len(row.number) <= 64
    assert max(len(row.row_key), len(row.number)) <= 64
    assert max(len(row.sku), len(row.buyer)) <= 128
    assert 0 <= row.refunded <= row.gross
    assert row.paid_at or row.status in ("unpaid", "closed")


def read_by(bound: Any, cells: list[str]) -> Row | BadCell:
    try:
        return bound.row(2, cells)  # type: ignore[no-any-return]
    except BadCell as bad:
        return bad


WRONG = [
    (without("number"), "Choose the column with the order number."),
    (without("paid"), "Choose the column with the amount that the buyer paid."),
    (without("status", "paid_at", words={}), "Choose the status or the time of payment"),
    (without("ordered_at", "paid_at"), "Choose the time of payment, or else"),
    (plan(places=PLACES | {"refund": "实付金额"}), "The column “实付金额” was chosen for two things."),
    (plan(columns={"number": 99}), "A column was chosen that is not there."),
    (plan(rows=""), "Choose what a row is."),
    (without("title", "sku", rows=PART), "A row is a part of an order: choose"),
    (without("refund", rows=PART, net=True, words={"status": {}}), "What is left of a part after a refund changes"),
    (plan([*WEIMOB, "收货人手机"], PLACES | {"phone": "收货人手机"}), "is the phone of whoever receives the parcel"),
    (plan(zone="Mars/Base"), "There is no time zone “Mars/Base”."),
    (plan(words={"status": {"已发货": ""}}), "Choose what “已发货” means."),
    (without("refund"), "“部分退款” says that some money went back"),
    (plan(format="taobao", columns={"number": 0}), "No column was chosen for “买家实际支付金额”"),
    (plan(format="nothing"), "There is no file format “nothing”."),
]


@pytest.mark.parametrize(("chosen", "sentence"), WRONG, ids=[sentence[:30] for _plan, sentence in WRONG])
def test_a_choice_that_cannot_work_is_refused_with_a_sentence(english: None, chosen: Plan, sentence: str) -> None:
    with pytest.raises(BadPlan) as refused:
        mapping.check(chosen)

    assert sentence in str(refused.value)


# -- remembered


def handed_in(path: Path, *options: str) -> dict[str, Any]:
    """Import a file by the command; returns what it prints."""
    out = io.StringIO()
    with suppress(SystemExit):
        call_command("import_orders", str(path), "--json", *options, stdout=out)
    return json.loads(out.getvalue())  # type: ignore[no-any-return]


@pytest.fixture
def remembered(db: None, english: None) -> ColumnMapping:
    return mapping.remember(plan=plan(), actor_id=None, at=NOW)


def test_the_next_file_with_that_header_imports_by_itself(remembered: ColumnMapping, export: Export) -> None:
    result = handed_in(
        export([*reversed(WEIMOB)], ROW, ROW | {"订单编号": "WM2", "订单状态": "拼团中"}, before="微盟导出\n")
    )

    assert (result["state"], result["channel"], result["paid_total"]) == ("DONE", "weimob", "100.00")
    assert result["rejected"] == []
    assert rows(Order, "number", "channel__code", "status") == [
        ("WM2", "weimob", "unknown"),
        ("WM2026050100001", "weimob", "paid"),
    ]
    assert OrderImport.objects.get().mapping == remembered
    assert Channel.objects.values_list("code", "format", "enrol").get() == ("weimob", "weimob", True)


def test_a_file_of_rejected_rows_is_read_by_the_columns_of_the_original(
    remembered: ColumnMapping, export: Export
) -> None:
    result = handed_in(export([*WEIMOB, "\u200b行号", "\u200b原因"], ROW))

    assert result["orders"] == 1


def test_another_header_is_refused_and_names_its_columns(remembered: ColumnMapping, export: Export) -> None:
    result = handed_in(export([*WEIMOB, "新列"], ROW), "--channel", "weimob")

    assert result["state"] == "REFUSED"
    assert "Choose by hand which is what" in result["reason"]


def test_a_second_shop_of_the_platform_has_to_be_named(remembered: ColumnMapping, export: Export) -> None:
    Channel.objects.create(code="second", name="Second", format="weimob")

    unnamed = handed_in(export(WEIMOB, ROW))
    named = handed_in(export(WEIMOB, ROW), "--channel", "weimob")
    other = handed_in(export(WEIMOB, ROW), "--channel", "second")

    assert "Several channels" in unnamed["reason"]
    assert named["state"] == "DONE"
    assert other["state"] == "REFUSED"


def test_chosen_columns_never_take_the_file_of_a_format(db: None, export: Export) -> None:
    header = HEADERS["YOUZAN_ORDER_60"]
    chosen = as_plan("youzan", header)._replace(channel="other", platform="other")
    mapping.remember(plan=chosen, actor_id=None, at=NOW)
    youzan = {"订单号": "E20260501144516091837897", "订单状态": "已发货", "订单实付金额": "80.00"}
    more = {"订单已退款金额": "0", "买家付款时间": "2026-05-01 14:48:18"}

    result = handed_in(export(header, youzan | more))

    assert (result["channel"], result["orders"]) == ("youzan", 1)


def corrected(**chosen: Any) -> Plan:
    """Return a choice for Pinduoduo that counts what the shop received, subsidies and all."""
    header = HEADERS["PDD_WIDE_62"]
    found = FORMATS["pinduoduo"].find(header) | {"paid": header.index("商家实收金额(元)")}
    values = {"channel": "pinduoduo", "platform": "pinduoduo", "format": "pinduoduo", "words": {}, "columns": found}
    return plan(**{"header": header, "places": {}} | values | chosen)


PINDUODUO = {"订单号": "260517-1", "订单状态": "已收货", "用户实付金额(元)": "60.00", "商家实收金额(元)": "69.00",
             "售后状态": "无售后或售后取消", "支付时间": "2026-05-17 08:00:00"}  # fmt: skip


def test_a_correction_changes_the_columns_of_a_format_and_keeps_its_rules(db: None, export: Export) -> None:
    mapping.remember(plan=corrected(), actor_id=None, at=NOW)
    path = export("PDD_WIDE_62", PINDUODUO, PINDUODUO | {"订单号": "260517-2", "售后状态": "退款成功"})

    result = handed_in(path)

    assert result["channel"] == "pinduoduo"
    assert rows(Order, "number", "status", "gross") == [
        ("260517-1", "completed", Decimal("69.00")),
        ("260517-2", "refunded", Decimal("69.00")),
    ]


def test_a_correction_is_for_its_channel_alone(db: None, export: Export) -> None:
    mapping.remember(plan=corrected(), actor_id=None, at=NOW)
    Channel.objects.create(code="second", name="Second", format="pinduoduo")

    result = handed_in(export("PDD_WIDE_62", PINDUODUO), "--channel", "second")

    assert result["paid_total"] == "60.00"


def test_a_correction_brings_back_a_format_whose_header_was_renamed(db: None, export: Export) -> None:
    header = ["实付" if one == "用户实付金额(元)" else one for one in HEADERS["PDD_WIDE_62"]]
    found = FORMATS["pinduoduo"].find(header) | {"paid": header.index("实付")}
    mapping.remember(plan=corrected(header=tuple(header), columns=found), actor_id=None, at=NOW)

    result = handed_in(export(header, PINDUODUO | {"实付": "60.00"}))

    assert (result["channel"], result["paid_total"]) == ("pinduoduo", "60.00")


def test_woocommerce_report_is_read_as_proposed(db: None, export: Export, english: None) -> None:
    header = HEADERS["WOOCOMMERCE_REPORT_11"]
    words = guesses.words("status", ["completed", "processing", "refunded", "cancelled"])
    chosen = plan(
        header,
        {},
        channel="woocommerce",
        platform="woocommerce",
        columns=guesses.columns(header),
        net=guesses.net(header),
        words={"status": words},
    )
    order = {
        "Date": "2026-05-01 10:00:00",
        "Order #": "1001",
        "N. Revenue (formatted)": "৳2,999",
        "Status": "completed",
    }
    mapping.remember(plan=chosen, actor_id=None, at=NOW)

    handed_in(export(header, order, order | {"Order #": "1002", "Status": "cancelled"}))

    assert guesses.platform(header) == "woocommerce"
    assert rows(Order, "number", "status", "gross") == [
        ("1001", "completed", Decimal("2999.00")),
        ("1002", "closed", Decimal("0.00")),
    ]


def test_choosing_again_for_the_same_header_replaces_what_was_chosen(remembered: ColumnMapping) -> None:
    wang = User.objects.create_user("wang", password="a long word")
    again = mapping.remember(plan=plan(net=True, name="Other"), actor_id=wang.pk, at=NOW)

    assert rows(ColumnMapping, "pk", "name", "net", "created_by", "changed_by") == [
        (remembered.pk, "Other", True, None, wang.pk)
    ]
    assert again.plan()._replace(id=None, name="Weimob") == plan(net=True)


# -- begun anew


def refused_import(export: Export, *records: dict[str, str]) -> OrderImport:
    with export(WEIMOB, *records).open("rb") as file:
        order_import = importing.accept(file=file, name="a.csv", channel_code=None, actor_id=None, at=NOW)
    assert importing.run(import_id=order_import.pk, at=NOW).state == "REFUSED"
    return order_import


def test_a_refused_import_begins_anew_by_the_chosen_columns_and_waits(db: None, export: Export) -> None:
    order_import = refused_import(export, ROW)
    chosen = mapping.remember(plan=plan(), actor_id=None, at=NOW)

    importing.begin_anew(import_id=order_import.pk, mapping=chosen, at=NOW)
    waiting = importing.run(import_id=order_import.pk, at=NOW)

    assert (waiting.state, waiting.reason, waiting.orders) == ("PREVIEWED", "", 1)
    assert waiting.channel == chosen.channel
    assert not Order.objects.exists()


def test_an_import_that_waits_begins_anew_without_its_rows(db: None, export: Export) -> None:
    order_import = refused_import(export, ROW, ROW | {"订单编号": "WM2", "订单状态": "拼团中"})
    chosen = mapping.remember(plan=plan(), actor_id=None, at=NOW)
    importing.begin_anew(import_id=order_import.pk, mapping=chosen, at=NOW)
    importing.run(import_id=order_import.pk, at=NOW)

    chosen = mapping.remember(plan=plan(words={"status": WORDS | {"拼团中": "paid"}}), actor_id=None, at=NOW)
    importing.begin_anew(import_id=order_import.pk, mapping=chosen, at=NOW)

    assert not StagedRow.objects.exists()
    assert not RejectedRow.objects.exists()
    assert importing.run(import_id=order_import.pk, at=NOW).orders == 2


@pytest.mark.parametrize("state", ["UPLOADED", "CHECKED", "STORED", "DONE", "FAILED", "DISCARDED", "UNDONE"])
def test_an_import_on_its_way_or_ended_does_not_begin_anew(remembered: ColumnMapping, state: str) -> None:
    order_import = OrderImport.objects.create(name="a.csv", created_at=NOW, state=state)

    with pytest.raises(NotWaiting):
        importing.begin_anew(import_id=order_import.pk, mapping=remembered, at=NOW)

    assert OrderImport.objects.get().state == state


@pytest.mark.django_db(transaction=True)
def test_of_two_who_choose_at_once_one_begins(at_once: Any, export: Export) -> None:
    order_import = refused_import(export, ROW)
    chosen = mapping.remember(plan=plan(), actor_id=None, at=NOW)

    results = at_once(lambda _n: importing.begin_anew(import_id=order_import.pk, mapping=chosen, at=NOW), [1, 2])

    assert sorted(map(repr, results)) == ["None", "NotWaiting()"]
