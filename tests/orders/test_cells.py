"""A cell becomes its value, or is refused with a sentence; nothing is guessed and nothing crashes."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from orders.channels import cells
from orders.channels.cells import BadCell
from orders.channels.columns import (
    DIGITS,
    SHANGHAI,
    Buyer,
    Count,
    Email,
    Id,
    Money,
    PackedId,
    Phone,
    Status,
    Text,
    Time,
)

NUMBER, PACKED, MONEY, TIME = Id("订单编号"), PackedId("子订单编号"), Money("金额"), Time("时间")


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def sentence(column, text):
    with pytest.raises(BadCell) as caught:
        column(text)
    return caught.value.reason


@pytest.mark.parametrize(
    "text",
    [
        "4133907579383470175",
        '="4133907579383470175"',
        "\t4133907579383470175",
        "4133907579383470175\t",
        "'4133907579383470175",
        " 4133907579383470175 ",
        "\ufeff4133907579383470175\u00a0",
        '"4133907579383470175"',
        "=4133907579383470175",
    ],
)
def test_id_is_read_out_of_its_armour(text):
    assert NUMBER(text) == "4133907579383470175"


@pytest.mark.parametrize("text", ["4.13391E+18", "4.12E+18", "4E18", "4.12e+18", '="4.12E+18"'])
def test_id_turned_into_a_number_is_refused_saying_so(text):
    assert "spreadsheet turned this number" in sentence(NUMBER, text)


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("https://example.org","4133907579383470175")',
        "=1+1",
        "+4133907579383470175",
        "-4133907579383470175",
        "@4133907579383470175",
        "4133 9075",
        "41339075.0",
        "E4133907579383470175",
        "9" * 65,
        "9" * 300,
        "",
        "null",
        "-",
    ],
)
def test_id_of_another_shape_is_refused(text):
    assert sentence(NUMBER, text)


def test_error_names_the_column():
    class Sheet:
        paid = Money("买家实际支付金额")

    with pytest.raises(BadCell) as caught:
        Sheet.paid("金额异常")

    assert caught.value.column == "paid"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("\t6999017556396513473", "6999017556396513473"),
        ("6999017556396513473;6978235636228934448", "=6978235636228934448+1"),
        ("6978235636228934448;\t6999017556396513473;", "=6978235636228934448+1"),
    ],
)
def test_packed_ids_become_one_short_key_whatever_their_order(text, key):
    assert PACKED(text) == key


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("69.00", "69.00"),
        ("69", "69.00"),
        ("69.5", "69.50"),
        ("69.5000", "69.50"),
        ("1,000.50", "1000.50"),
        ("１００", "100.00"),
        ("１，２９９．００", "1299.00"),
        ("￥1,299.00", "1299.00"),
        ("¥ 12", "12.00"),
        ("0元", "0.00"),
        ("196.00元", "196.00"),
        ("AU $3,000.00", "3000.00"),
        ("CNY 12.30", "12.30"),
        ("99999999.99", "99999999.99"),
        ("\t69.00", "69.00"),
    ],
)
def test_money_is_read_with_two_decimals(text, amount):
    assert str(MONEY(text)) == amount


@pytest.mark.parametrize(
    "text",
    [
        "1e9", "1E9", "NaN", "Infinity", "-5", "(3.00)", "-$3.00", "+5", "1.005", "1,00.50", "1,2345.00", ",5",
        "5.", ".5", "100000000", "1000000000000", "金额异常", "12 34", "0x10", "1_000", "44.28(已全额退款)", "١٢",
        "--5", "(-5)", "69.20(分销商等级折扣:47.80)",
    ],
)  # fmt: skip
def test_money_that_is_no_amount_is_refused(text):
    assert sentence(MONEY, text)


@pytest.mark.parametrize("text", ["", " ", "null", "NULL", "'null", "-", "--", "n/a", "N/A", '=""'])
def test_missing_money_is_none_and_never_zero(text):
    assert MONEY(text) is None


def test_negative_money_is_known_where_it_may_stand():
    assert cells.money("(3.00)") == cells.money("-$3.00") == cells.money("$-3.00") == Decimal("-3.00")


def test_bracketed_remark_is_accepted_only_where_it_is_known():
    known = Money("订单实付金额", remark=re.compile(r"\(分销商等级折扣:[0-9.,]+\)$"))

    amount = known("69.20（分销商等级折扣：47.80）")

    assert amount == Decimal("69.20")
    assert sentence(known, "44.28(已全额退款)")


@pytest.mark.parametrize(
    ("text", "wall"),
    [
        ("2026-05-01 08:03:22", "2026-05-01 08:03:22"),
        ("2026/05/01 08:03:22", "2026-05-01 08:03:22"),
        ("2016/5/23 22:02", "2016-05-23 22:02:00"),
        ("2026/5/1 8:03", "2026-05-01 08:03:00"),
        ("2026-05-01T08:03:22", "2026-05-01 08:03:22"),
        ("2026年5月1日 08:03", "2026-05-01 08:03:00"),
        ("2026年05月01日08时03分22秒", "2026-05-01 08:03:22"),
        ("46143.335671296", "2026-05-01 08:03:22"),
        ("2026-05-01", "2026-05-01 00:00:00"),
        ("\t2026-05-01 08:03:22", "2026-05-01 08:03:22"),
        ("2000-01-01 00:00:00", "2000-01-01 00:00:00"),
        ("2100-12-31 23:59:59", "2100-12-31 23:59:59"),
        ("2024-02-29 00:00:00", "2024-02-29 00:00:00"),
    ],
)
def test_time_without_offset_is_wall_time_of_shanghai(text, wall):
    when = TIME(text)

    assert when.replace(tzinfo=None).isoformat(" ") == wall
    assert when.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize("text", ["2024-05-01 10:00:00 +0000", "2024-05-01T10:00:00Z", "2024-05-01 18:00:00 +08:00"])
def test_offset_in_the_cell_wins(text):
    assert TIME(text) == datetime(2024, 5, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-32 10:00:00", "2026-13-45 25:61:00", "2026-06-31 10:00:00", "2026-02-30", "2025-02-29 00:00:00",
        "1999-12-31 23:59:59", "2101-01-01 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "yesterday",
        "2026-05-01 24:00:00", "2026-05-01 08:03:60", "05/01/2026 08:03", "2026-05/01 08:03", "2026-W18-5 08:03:22",
        "2026-05-01 8:03 PM", "12345", "99999", "20260501", "２０２６", "2026-05-01 154057.1", "today",
        "2026-05-01 08:03:22 +9999",
    ],
)  # fmt: skip
def test_time_that_does_not_exist_or_is_out_of_range_is_refused(text):
    assert sentence(TIME, text)


@pytest.mark.parametrize("text", ["", "null", "-", "'null", "N/A"])
def test_missing_time_is_none(text):
    assert TIME(text) is None


def test_status_words_match_without_regard_to_width_and_white_space():
    status = Status("订单状态", words={"paid": ("买家已付款，等待卖家发货",), "completed": ("交易成功",)})

    assert status(" 买家已付款, 等待卖家发货\t") == "paid"
    assert "部分退货" in sentence(status, "部分退货")
    assert sentence(status, "")


def test_packed_status_words_count_only_if_they_agree():
    status = Status("售后状态", words={"refunded": ("退款成功",)}, blank="kept", packed=True)

    assert status("退款成功;退款成功") == "refunded"
    assert status("-") == "kept"
    assert sentence(status, "退款成功;-")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800007596", "+8613800007596"),
        ("'13800007596", "+8613800007596"),
        ("\t+86 138 0000 7596", "+8613800007596"),
        ("8613800007596", "+8613800007596"),
        ("008613800007596", "+8613800007596"),
        ("+1 (212) 555-0100", "+12125550100"),
        ("186******05", ""),
        ("1******6198", ""),
        ("+86138****7596", ""),
        ("$$密文", ""),
        ("2125550100", ""),
        ("12800007596", ""),
        ("null", ""),
        ("", ""),
    ],
)
def test_phone_is_e164_or_nothing(text, number):
    assert Phone("买家手机号")(text) == number


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("保湿面霜 50g", "保湿面霜 50g"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("+1", "+1"),
        ('="abc"', "abc"),
        ("'null", ""),
        ("null", ""),
        ("-", ""),
        ("\t修护精华液\t", "修护精华液"),
        ("a\x00b\x1bc", "a b c"),
        ("two\nlines", "two lines"),
        ("x" * 600, "x" * 500),
    ],
)
def test_text_stays_as_it_is_without_control_characters(text, kept):
    assert Text("宝贝标题")(text) == kept


@pytest.mark.parametrize(("text", "name"), [("user_1975", "user_1975"), ("t**5", ""), ("x" * 101, ""), ("null", "")])
def test_masked_or_endless_buyer_is_nobody(text, name):
    assert Buyer("买家会员名", limit=100)(text) == name


@pytest.mark.parametrize(
    ("text", "name"), [("User_1@Example.com ", "user_1@example.com"), ("u**@e.com", ""), ("no", "")]
)
def test_email_is_lower_case_or_nothing(text, name):
    assert Email("Email", limit=254)(text) == name


@pytest.mark.parametrize(("text", "pieces"), [("3", 3), ("", 1), ("2.0", 2), ("1;2", 3), ("３", 3)])
def test_count_is_a_whole_number(text, pieces):
    assert Count("数量")(text) == pieces


@pytest.mark.parametrize("text", ["1.5", "-1", "many", "1e3", "9999999"])
def test_count_that_is_none_is_refused(text):
    assert sentence(Count("数量"), text)


def outcome(column, text):
    try:
        return column(text)
    except BadCell as bad:
        return bad.reason or pytest.fail("no reason")


messy = st.text() | st.text(alphabet="0123456789.,-+()eE;:/ =\"'\t元￥$年月日*#", max_size=40)


@given(messy)
@example("²")
@example("1" * 5000)
def test_money_is_a_sound_amount_or_a_bad_cell(text):
    value = outcome(Money("金额"), text)

    if isinstance(value, Decimal):
        assert value >= 0
        assert value.as_tuple().exponent == -2
        assert value < 10**8


@given(st.decimals(min_value=0, max_value=10**8 - 1, places=2))
def test_money_that_is_written_plainly_comes_back_equal(amount):
    assert Money("金额")(str(amount)) == Money("金额")(f"￥{amount:,}") == amount


@given(
    messy | st.from_regex(r"\d{1,5}[-/.]\d{1,2}[-/.]\d{1,2}[ T]\d{1,2}:\d{1,2}(:\d{1,2})?( [+-]\d{4})?", fullmatch=True)
)
@example("2026-05-01 10:00:0٣")
def test_time_is_an_aware_time_in_range_or_a_bad_cell(text):
    value = outcome(TIME, text)

    if isinstance(value, datetime):
        assert value.utcoffset() is not None
        assert 2000 <= value.year <= 2100


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31)))
def test_time_that_is_written_plainly_comes_back_equal(when):
    when = when.replace(microsecond=0)

    assert TIME(when.isoformat(" ")) == TIME(f"{when:%Y/%m/%d %H:%M:%S}") == when.replace(tzinfo=SHANGHAI)


@given(messy)
@example("९" * 19)
def test_id_is_of_its_shape_or_a_bad_cell(text):
    value = outcome(NUMBER, text)

    assert DIGITS.fullmatch(value) or value.endswith(".")


@given(messy)
def test_other_cells_never_crash(text):
    status = Status("订单状态", words={"paid": ("已付款",)}, packed=True)

    for column in (PACKED, Phone("手机"), Text("标题"), Buyer("昵称"), Email("Email"), Count("数量"), status):
        outcome(column, text)
