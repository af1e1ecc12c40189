"""The formats with samples: every sample gives what stands in its .expect.json, and the rules of each channel hold."""

import csv
import io
import json
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders import reading
from orders.channels import FORMATS
from orders.channels.base import Format
from orders.channels.cells import BadCell
from orders.channels.columns import Id, Money, Status, Text
from orders.channels.lookalikes import lookalike
from orders.channels.rows import BadRow, NoRow, RefusedFile, Row, Skipped

DATA = Path(__file__).parents[1] / "data"
HEADERS = json.loads((DATA / "headers.json").read_text(encoding="utf-8"))
ELIGIBLE = {"paid", "completed", "partially_refunded"}
ENCODINGS = {"gbk": "gb18030"}
NAMES = ("taobao_ExportOrderList", "douyin_orders", "youzan_orders", "shopify_orders_export")
READABLE = {
    "TAOBAO_LIST_41_2016": "taobao",
    "TAOBAO_LIST_54": "taobao",
    "TAOBAO_LIST_56": "taobao",
    "TAOBAO_ITEMS_27": "taobao_items",
    "TMALL_REPORT_7": "tmall_report",
    "QIANNIU_CUSTOM_19": "qianniu_report",
    "DOUYIN_SUB_74": "douyin",
    "DOUYIN_MAIN_75": "douyin",
    "DOUYIN_AFTERSALE_50": "douyin_after_sales",
    "JD_30_2016": "jd",
    "JD_80_2026": "jd",
    "PDD_23": "pinduoduo",
    "PDD_WIDE_62": "pinduoduo",
    "XHS_72": "xiaohongshu",
    "KUAISHOU_61": "kuaishou",
    "WECHAT_57": "wechat",
    "YOUZAN_ORDER_59_2025": "youzan",
    "YOUZAN_ORDER_60": "youzan",
    "YOUZAN_ITEM_37": "youzan_items",
    "SHOPIFY_79": "shopify",
    "AMAZON_ALL_ORDERS_29": "amazon",
    "AMAZON_ALL_ORDERS_32": "amazon",
    "SQUARE_TRANSACTIONS_55": "square",
    "STRIPE_PAYMENTS_17": "stripe",
    "EBAY_ORDERS_51": "ebay",
}
TAOBAO = {
    "订单编号": '="4133907579383470175"',
    "买家会员名": "user_1975",
    "买家应付邮费": "8.00",
    "买家实际支付金额": "69.00",
    "退款金额": "0.00",
    "订单状态": "交易成功",
    "联系手机": "'13800008656",
    "订单创建时间": "2026-05-01 15:36:57",
    "订单付款时间 ": "2026-05-01 15:40:57",
    "宝贝标题 ": "卸妆油 150ml",
    "宝贝总数量": "2",
    "确认收货时间": "2026-05-11 10:00:00",
}
DOUYIN = {
    "主订单编号": "\t6956100831671628599",
    "子订单编号": "\t6956100831671628600",
    "订单应付金额": "65.90",
    "运费": "6.00",
    "订单状态": "已完成",
    "售后状态": "-",
    "支付完成时间": "2026-05-01 11:29:26",
    "订单完成时间": "2026-05-12 11:28:06",
    "商品数量": "1",
}
YOUZAN = {
    "订单号": "E20260501144516091837897",
    "订单状态": "交易完成",
    "订单实付金额": "80.00",
    "订单已退款金额": "0.00",
    "买家付款时间": "2026-05-01 14:48:18",
    "交易成功时间": "2026-05-08 05:44:47",
    "收货人手机号/提货人手机号": "13800007390",
    "买家手机号": "\t13800007596",
}
SHOPIFY = {
    "Name": "#1001",
    "Email": "User@Example.com",
    "Financial Status": "paid",
    "Paid at": "2026-05-01 20:02:24 +0800",
    "Shipping": "12.00",
    "Total": "100.00",
    "Refunded Amount": "0.00",
    "Created at": "2026-05-01 20:02:04 +0800",
    "Lineitem quantity": "1",
    "Lineitem name": "保湿面霜 50g",
    "Lineitem sku": "CRM-50",
    "Phone": "'+86 13800008458",
    "Shipping Phone": "+8613900000000",
}
FURTHER = {"Name": "#1001", "Lineitem quantity": "3", "Lineitem name": "修护精华液 30ml", "Lineitem sku": "SER-30"}


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def rows(tmp_path):
    """Write records under a header list of headers.json and read them back."""

    def write_and_read(header, *records):
        path = tmp_path / "orders.csv"
        text = io.StringIO()
        writer = csv.DictWriter(text, HEADERS[header], restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(records)
        path.write_text(text.getvalue(), encoding="utf-8")
        return list(reading.read(path, reading.recognise(path)))

    return write_and_read


def everything(name):
    path = DATA / "samples" / f"{name}.csv"
    recognised = reading.recognise(path)
    return recognised, list(reading.read(path, recognised))


def expected(name):
    return json.loads((DATA / "samples" / f"{name}.expect.json").read_text(encoding="utf-8"))


def status_of(rows):
    kinds = {row.status for row in rows}
    if "hold" in kinds:
        return "hold"
    kinds = kinds - {"unpaid", "closed"} or kinds
    if len(kinds) == 1:
        return kinds.pop()
    return "partially_refunded" if kinds & {"refunded", "partially_refunded"} else "paid"


def wall(moments, choose):
    moments = [one for one in moments if one]
    return choose(moments).replace(tzinfo=None).isoformat(" ") if moments else None


def order(rows):
    gross, refunded = sum(row.gross for row in rows), sum(row.refunded for row in rows)
    buyer = rows[0].buyer or rows[0].phone.removeprefix("+86")
    return {
        "status": status_of(rows),
        "net_paid": str(gross - refunded),
        "gross": str(gross),
        "refunded": str(refunded),
        "paid_at": wall([row.paid_at for row in rows], min),
        "completed_at": wall([row.completed_at for row in rows], max),
        "buyer": buyer or None,
    }


def orders(things):
    kept = defaultdict(dict)
    for thing in things:
        if isinstance(thing, Row):
            kept[thing.number].setdefault(thing.row_key, thing)
    return {number: order(list(rows.values())) for number, rows in kept.items()}


@pytest.mark.parametrize("name", NAMES)
def test_sample_gives_its_expected_orders(name):
    want = expected(name)

    _recognised, things = everything(name)
    got = orders(things)

    assert got == want["by_order"]
    assert Counter(one["status"] for one in got.values()) == want["statuses"]
    assert len(got) == want["orders"]


@pytest.mark.parametrize("name", NAMES)
def test_sample_gives_its_expected_totals_and_rejects(name):
    want = expected(name)

    recognised, things = everything(name)
    eligible = [Decimal(one["net_paid"]) for one in orders(things).values() if one["status"] in ELIGIBLE]

    assert recognised.format.code == want["channel"]
    assert recognised.encoding == ENCODINGS.get(want["encoding"], want["encoding"])
    assert (len(eligible), str(sum(eligible))) == (want["eligible_orders"], want["paid_total"])
    assert [one.line for one in things if isinstance(one, BadRow)] == want["rejected_rows"]
    assert [one.line for one in things if isinstance(one, Skipped)] == want["ignored_rows"]
    assert len(things) == want["data_rows"]


@pytest.mark.parametrize(
    ("name", "line", "column", "value"),
    [
        ("taobao_ExportOrderList", 19, "买家实际支付金额", "金额异常"),
        ("taobao_ExportOrderList", 23, "订单付款时间", "2026-13-45 25:61:00"),
        ("douyin_orders", 16, "支付完成时间", "2026-05-32 10:00:00"),
        ("douyin_orders", 25, "订单应付金额", "金额异常"),
        ("youzan_orders", 13, "订单实付金额", "金额异常"),
        ("youzan_orders", 15, "买家付款时间", "2026-06-31 10:00:00"),
        ("shopify_orders_export", 9, "Total", "N/A"),
        ("shopify_orders_export", 32, "Paid at", "yesterday"),
    ],
)
def test_bad_row_of_a_sample_names_column_and_value(name, line, column, value):
    _recognised, things = everything(name)
    bad = next(one for one in things if isinstance(one, BadRow) and one.line == line)

    assert (bad.column, bad.value) == (column, value)
    assert bad.number
    assert bad.reason.endswith(".")


def test_taobao_detail_list_is_refused():
    with pytest.raises(RefusedFile) as refused:
        reading.recognise(DATA / "samples" / "taobao_ExportOrderDetailList.csv")

    assert "ExportOrderDetailList" in refused.value.reason
    assert "(ExportOrderList)" in refused.value.reason


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize("code", FORMATS)
def test_bad_number_is_told_what_numbers_of_its_column_look_like(code):
    for column in FORMATS[code].columns.values():
        if isinstance(column, Id):
            with pytest.raises(BadCell) as bad:
                column("?4133")

            assert column.shape.fullmatch(column.example or "4133907579383")
            assert (f"such as {column.example}." if column.example else "has digits only.") in bad.value.reason


CELLS = st.sampled_from(
    ["", "-", "1", "69.00", "-5", "2026-05-01 10:00:00", "P123456789012345678", "=1+1", "(删除)", "是"]
)


@pytest.mark.parametrize("header", READABLE)
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cells_are_a_row_that_fits_or_a_bad_cell(header, data):
    form, names = FORMATS[READABLE[header]], HEADERS[header]
    bound = form.bind(form.find(names))
    known = {place: attribute for attribute, place in form.find(names).items()}
    cells = [data.draw(words(form, known[place])) if place in known else "" for place in range(len(names))]

    bad, rows = read_by(bound, [*cells, ""])

    assert bad is None or (bad.reason and bad.column in form.columns)
    for row in rows:
        assert 0 < len(row.number) <= 64
        assert max(len(row.row_key), len(row.sku), len(row.buyer)) <= 100
        assert len(row.row_key) <= 64
        assert row.gross >= 0 <= row.refunded
        assert row.refunded <= row.gross or row.gross == 0


def read_by(bound, cells):
    try:
        return None, list(bound.arranged(iter([bound.row(2, cells)])))
    except NoRow:
        return None, []
    except BadCell as bad:
        return bad, []


def words(form, attribute):
    """Cells of a column: mostly such as it knows, or anything."""
    column = form.columns[attribute]
    if isinstance(column, Id):
        return st.from_regex(column.shape, fullmatch=True) | st.from_regex(column.shape, fullmatch=True) | st.text()
    if isinstance(column, Money):
        return st.decimals(0, 500, places=2).map(str) | st.sampled_from(["69.00", "69.00", "-5.00", ""])
    if isinstance(column, Status):
        return st.sampled_from([*column.classes, *column.classes, *column.beginnings, ""])
    return st.sampled_from(["", "2026-05-01 10:00:00", "1", "=1+1", "-", "2026-05-01"]) | st.text(max_size=80)


@pytest.mark.parametrize("header", HEADERS)
def test_each_known_header_is_one_format_or_refused_by_name(header):
    names = HEADERS[header]

    found = [code for code, form in FORMATS.items() if form.recognises(names)]

    assert found == ([READABLE[header]] if header in READABLE else [])
    assert header in READABLE or lookalike([names])


def test_header_is_matched_normalised_in_any_order_and_with_more_columns():
    names = ["新列", *reversed([f'="\ufeff{name} "' for name in HEADERS["TAOBAO_LIST_54"]]), "另一列"]

    assert FORMATS["taobao"].recognises(names)
    assert len(FORMATS["taobao"].find(names)) == len(FORMATS["taobao"].columns)


def test_format_whose_columns_do_not_fit_its_reading_fails_at_import():
    with pytest.raises(TypeError, match="understand takes"):

        class Wrong(Format):
            number = Id("订单号")
            title = Text("商品")

            def understand(self, line, title, number):
                """Takes the columns in the wrong order."""


def test_taobao_row_is_understood(rows):
    [row] = rows("TAOBAO_LIST_54", TAOBAO)

    assert (row.line, row.number, row.row_key, row.status) == (2, "4133907579383470175", "", "completed")
    assert (row.gross, row.refunded, row.shipping) == (Decimal("69.00"), Decimal("0.00"), Decimal("8.00"))
    assert (row.buyer, row.phone, row.title, row.quantity) == ("user_1975", "", "卸妆油 150ml", 2)
    assert row.paid_at.isoformat() == "2026-05-01T15:40:57+08:00"
    assert row.completed_at.isoformat() == "2026-05-11T10:00:00+08:00"


@pytest.mark.parametrize(
    ("word", "net", "refund", "status", "gross"),
    [
        ("等待买家付款", "69.00", "0.00", "unpaid", "0.00"),
        ("买家已付款,等待卖家发货", "69.00", "0.00", "paid", "69.00"),
        ("卖家部分发货", "69.00", "null", "paid", "69.00"),
        ("交易成功", "69.00", "", "completed", "69.00"),
        ("交易成功", "60.00", "9.00", "partially_refunded", "69.00"),
        ("交易成功", "0.00", "69.00", "refunded", "69.00"),
        ("交易成功", "0.00", "0.00", "completed", "0.00"),
        ("交易关闭", "0.00", "69.00", "refunded", "69.00"),
        ("交易关闭", "0.00", "0.00", "closed", "0.00"),
        ("交易关闭", "", "", "closed", "0.00"),
    ],
)
def test_taobao_amount_is_net_and_the_amounts_tell_the_refund(rows, word, net, refund, status, gross):
    [row] = rows("TAOBAO_LIST_54", TAOBAO | {"订单状态": word, "买家实际支付金额": net, "退款金额": refund})

    assert (row.status, row.gross) == (status, Decimal(gross))
    assert (row.paid_at is None) == (status in ("unpaid", "closed"))
    assert (row.completed_at is None) == (status not in ("completed", "partially_refunded"))


def test_taobao_paid_row_without_its_amount_is_bad(rows):
    [bad] = rows("TAOBAO_LIST_54", TAOBAO | {"买家实际支付金额": "null"})

    assert (bad.column, bad.value) == ("买家实际支付金额", "null")


@pytest.mark.parametrize("header", ["TAOBAO_LIST_41_2016", "TAOBAO_LIST_56"])
def test_taobao_lists_of_other_widths_give_the_same_order(rows, header):
    [row] = rows(header, TAOBAO)

    assert (row.number, row.gross, row.status, row.buyer) == (
        "4133907579383470175",
        Decimal("69.00"),
        "completed",
        "user_1975",
    )


@pytest.mark.parametrize(
    ("word", "after_sale", "status", "refunded"),
    [
        ("待支付", "-", "unpaid", "0.00"),
        ("备货中", "", "paid", "0.00"),
        ("已完成", "售后关闭", "completed", "0.00"),
        ("已完成", "退款成功", "refunded", "65.90"),
        ("已关闭", "同意退款,退款成功", "refunded", "65.90"),
        ("已关闭", "-", "closed", "0.00"),
        ("已发货", "售后处理中", "hold", "0.00"),
    ],
)
def test_douyin_after_sale_wins_over_the_order_status(rows, word, after_sale, status, refunded):
    [row] = rows("DOUYIN_SUB_74", DOUYIN | {"订单状态": word, "售后状态": after_sale})

    assert (row.status, row.refunded) == (status, Decimal(refunded))
    assert row.gross == (Decimal("0.00") if status in ("unpaid", "closed") else Decimal("65.90"))
    assert (row.completed_at is None) == (status != "completed")


def test_douyin_row_of_a_whole_order_is_one_row_of_it(rows):
    packed = DOUYIN | {
        "子订单编号": "\t6999017556396513473;6978235636228934448",
        "选购商品": "面霜;精华",
        "商品数量": "1;2",
        "订单应付金额": "277.90",
    }

    [row] = rows("DOUYIN_MAIN_75", packed)

    assert (row.number, row.row_key) == ("6956100831671628599", "=6978235636228934448+1")
    assert (row.gross, row.quantity, row.title) == (Decimal("277.90"), 3, "面霜;精华")


def test_douyin_row_of_a_whole_order_with_mixed_after_sales_is_bad(rows):
    [bad] = rows("DOUYIN_MAIN_75", DOUYIN | {"售后状态": "退款成功;-"})

    assert bad.column == "售后状态"
    assert "sub-order" in bad.reason


@pytest.mark.parametrize(
    ("word", "paid", "refund", "status", "gross"),
    [
        ("待付款", "0.00", "0.00", "unpaid", "0.00"),
        ("已发货", "80.00", "0.00", "paid", "80.00"),
        ("交易完成", "80.00", "30.00", "partially_refunded", "80.00"),
        ("交易关闭", "80.00", "80.00", "refunded", "80.00"),
        ("交易关闭", "0.00", "0.00", "closed", "0.00"),
        ("交易完成", "69.20(分销商等级折扣：47.80)", "", "completed", "69.20"),
    ],
)
def test_youzan_amount_is_gross_and_the_amounts_tell_the_refund(rows, word, paid, refund, status, gross):
    [row] = rows("YOUZAN_ORDER_60", YOUZAN | {"订单状态": word, "订单实付金额": paid, "订单已退款金额": refund})

    assert (row.status, row.gross) == (status, Decimal(gross))


def test_youzan_refund_above_the_payment_is_bad(rows):
    [bad] = rows("YOUZAN_ORDER_60", YOUZAN | {"订单已退款金额": "80.01"})

    assert (bad.column, bad.value) == ("订单已退款金额", "80.01")


@pytest.mark.parametrize(("own", "phone"), [("\t13800007596", "+8613800007596"), ("", ""), ("186******05", "")])
def test_youzan_phone_is_the_buyers_own_and_never_the_receivers(rows, own, phone):
    [row] = rows("YOUZAN_ORDER_60", YOUZAN | {"买家手机号": own})

    assert (row.phone, row.buyer) == (phone, "")


def test_shopify_further_rows_carry_the_order_forward_without_money(rows):
    first, further = rows("SHOPIFY_79", SHOPIFY, FURTHER)

    assert (first.row_key, first.gross, first.shipping) == ("1", Decimal("100.00"), Decimal("12.00"))
    assert (first.buyer, first.phone) == ("user@example.com", "+8613800008458")
    assert (further.row_key, further.gross, further.shipping) == ("2", Decimal("0.00"), Decimal("0.00"))
    assert (further.sku, further.quantity, further.line) == ("SER-30", 3, 3)
    assert (further.status, further.buyer, further.paid_at) == (first.status, first.buyer, first.paid_at)


def test_shopify_rows_repeated_exactly_keep_their_keys(rows):
    other = FURTHER | {"Lineitem name": "护手霜"}
    later = SHOPIFY | {"Name": "#1002"}

    things = rows("SHOPIFY_79", SHOPIFY, FURTHER, other, later, SHOPIFY, other, FURTHER)

    assert [(one.number, one.row_key) for one in things] == [
        ("#1001", "1"),
        ("#1001", "2"),
        ("#1001", "3"),
        ("#1002", "1"),
        ("#1001", "1"),
        ("#1001", "3"),
        ("#1001", "2"),
    ]


def test_shopify_order_cells_repeated_on_each_row_count_once(rows):
    second = SHOPIFY | {"Lineitem name": "护手霜", "Lineitem sku": "HND-75"}

    things = rows("SHOPIFY_79", SHOPIFY, second)

    assert [(one.row_key, one.gross) for one in things] == [("1", Decimal("100.00")), ("2", Decimal("0.00"))]


def test_shopify_later_state_of_an_order_is_its_first_row_again(rows):
    later = SHOPIFY | {"Financial Status": "partially_refunded", "Refunded Amount": "40.00"}

    things = rows("SHOPIFY_79", SHOPIFY, later)

    assert [(one.row_key, one.status, one.refunded) for one in things] == [
        ("1", "paid", Decimal("0.00")),
        ("1", "partially_refunded", Decimal("40.00")),
    ]


def test_shopify_further_rows_of_a_rejected_order_make_no_order(rows):
    things = rows("SHOPIFY_79", SHOPIFY | {"Total": "N/A"}, FURTHER)

    assert [(type(one), one.line) for one in things] == [(BadRow, 2), (BadRow, 3)]
    assert "line 2" in things[1].reason


def test_shopify_further_row_without_its_order_above_is_bad(rows):
    bad, first = rows("SHOPIFY_79", FURTHER, SHOPIFY)

    assert "without sorting" in bad.reason
    assert first.gross == Decimal("100.00")


@pytest.mark.parametrize(
    ("word", "refund", "cancelled", "status", "refunded"),
    [
        ("pending", "0.00", "", "unpaid", "0.00"),
        ("voided", "0.00", "2026-05-02 13:16:14 +0800", "closed", "0.00"),
        ("paid", "0.00", "2026-05-02 13:16:14 +0800", "hold", "0.00"),
        ("partially_paid", "0.00", "", "hold", "0.00"),
        ("paid", "40.00", "", "partially_refunded", "40.00"),
        ("refunded", "100.00", "2026-05-02 13:16:14 +0800", "refunded", "100.00"),
        ("refunded", "", "", "refunded", "100.00"),
    ],
)
def test_shopify_status_and_amounts_tell_the_class(rows, word, refund, cancelled, status, refunded):
    own = {"Financial Status": word, "Refunded Amount": refund, "Cancelled at": cancelled}

    [row] = rows("SHOPIFY_79", SHOPIFY | own)

    assert (row.status, row.refunded) == (status, Decimal(refunded))
    assert row.completed_at is None


@pytest.mark.parametrize("name", ["4.12E+18", "4E18", "=HYPERLINK(1)", "=1+1", "null", "x" * 65])
def test_shopify_name_that_is_no_order_number_is_bad(rows, name):
    [bad] = rows("SHOPIFY_79", SHOPIFY | {"Name": name})

    assert bad.column == "Name"


@pytest.mark.parametrize("word", ["合计", "总计", "汇总"])
def test_total_line_is_skipped_and_not_rejected(rows, word):
    row, skipped = rows("TAOBAO_LIST_54", TAOBAO, {"订单编号": word, "买家实际支付金额": "69.00"})

    assert isinstance(row, Row)
    assert (type(skipped), skipped.line) == (Skipped, 3)


def test_a_row_of_a_word_that_nobody_knows_is_kept_with_its_word(rows):
    [row] = rows("TAOBAO_LIST_54", TAOBAO | {"订单状态": "交易冻结"})

    assert (row.status, row.word, row.refunded, row.paid_at) == ("unknown", "交易冻结", 0, None)
