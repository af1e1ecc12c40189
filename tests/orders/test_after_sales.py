"""Files that adjust orders and never create them: what they take back adds up once, in whatever order files come."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from loyalty.models import EarningRule, Posting
from members.models import Member
from orders.channels.rows import BadRow, Row, Skipped
from orders.models import Channel, Claim, Order, OrderImport, OrderLine
from tests.conftest import rows
from tests.orders.conftest import Export, Record, Understood
from tests.orders.test_importing import import_file

NUMBER, FIRST, SECOND = "6956100831671628599", "6956100831671628600", "6956100831671628601"
DOUYIN = {
    "主订单编号": f"\t{NUMBER}",
    "子订单编号": f"\t{FIRST}",
    "选购商品": "面霜",
    "订单应付金额": "60.00",
    "订单状态": "已完成",
    "售后状态": "-",
    "支付完成时间": "2026-05-01 11:29:26",
    "订单完成时间": "2026-05-12 11:28:06",
    "商品数量": "1",
}
OTHER = DOUYIN | {"子订单编号": f"\t{SECOND}", "选购商品": "精华", "订单应付金额": "40.00"}
BACK = {
    "售后单号": "\t147000000000000001",
    "订单号": f"\t{NUMBER}",
    "商品单号": f"\t{FIRST}",
    "商品名称": "面霜",
    "退商品金额（元）": "9.00",
    "退运费金额（元）": "1.00",
    "售后状态": "同意退款，退款成功",
}
MORE = BACK | {"售后单号": "147000000000000002", "退商品金额（元）": "¥5.50", "退运费金额（元）": "-"}
XHS = {
    "订单号": "P123456789012345678",
    "订单状态": "已完成",
    "售后状态": "无售后",
    "规格ID": "5f1a2b",
    "用户应付金额(元)": "80.00",
    "支付时间": "2026-05-01 11:29:26",
    "订单完成时间": "2026-05-12 11:28:06",
    "用户编号": "user9",
    "SKU名称": "面膜",
    "SKU件数": "1",
}
REFUNDS = ["售后单号", "订单号", "售后类型", "状态", "商品名称", "申请售后金额(元)", "原因", "订单支付时间"]
REFUND = {
    "售后单号": "R2026050112345",
    "订单号": "P123456789012345678",
    "售后类型": "仅退款",
    "状态": "已完成",
    "商品名称": "面膜",
    "申请售后金额(元)": "20.00",
}

pytestmark = pytest.mark.usefixtures("english", "db")


def told() -> tuple[str, Decimal, Decimal]:
    order = Order.objects.get()
    return order.status, order.gross, order.refunded


def everything() -> tuple[Any, ...]:
    """Return all orders and lines, without what tells which file came first."""
    return (
        rows(Order, "number", "status", "gross", "refunded", "shipping", "paid_at", "completed_at", "buyer"),
        sorted(rows(OrderLine, "row_key", "status", "gross", "refunded", "title", "quantity", "completed_at")),
    )


def test_row_is_what_an_after_sale_gave_back(understood: Understood) -> None:
    [row] = understood("DOUYIN_AFTERSALE_50", BACK)

    assert (row.number, row.row_key, row.status) == (NUMBER, f"↩{FIRST}↩147000000000000001", "refunded")
    assert (row.gross, row.refunded, row.title) == (Decimal(0), Decimal(10), "面霜")


@pytest.mark.parametrize("word", ["售后关闭", "待商家处理", "待买家退货", "待商家收货", "换货成功", "退款中", "-"])
def test_after_sale_by_which_nothing_went_back_is_passed_over(understood: Understood, word: str) -> None:
    [thing] = understood("DOUYIN_AFTERSALE_50", BACK | {"售后状态": word})

    assert isinstance(thing, BadRow if word == "-" else Skipped)


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"售后状态": "平台介入中"}, "售后状态"),
        ({"退商品金额（元）": "-", "退运费金额（元）": ""}, "退商品金额（元）"),
        ({"退商品金额（元）": "-9.00"}, "退商品金额（元）"),
        ({"商品单号": "6.95E+18"}, "商品单号"),
        ({"售后单号": ""}, "售后单号"),
    ],
)
def test_after_sale_that_cannot_be_understood_is_rejected(understood: Understood, cells: Record, column: str) -> None:
    [bad] = understood("DOUYIN_AFTERSALE_50", BACK | cells)

    assert isinstance(bad, BadRow)
    assert bad.column == column


def test_after_sale_of_nothing_is_passed_over(understood: Understood) -> None:
    [thing] = understood("DOUYIN_AFTERSALE_50", BACK | {"退商品金额（元）": "0.00", "退运费金额（元）": "0.00"})

    assert isinstance(thing, Skipped)


def test_after_sales_of_a_part_add_up(export: Export) -> None:
    import_file(export("DOUYIN_SUB_74", DOUYIN, OTHER))

    result = import_file(export("DOUYIN_AFTERSALE_50", BACK, MORE))

    assert told() == ("partially_refunded", Decimal(100), Decimal("15.50"))
    assert (result["orders"], result["new"], result["updated"], result["unchanged"]) == (1, 0, 1, 0)
    assert (result["rows"], result["rejected"], result["paid_total"]) == (2, [], "84.50")


def test_after_sale_told_again_changes_nothing(export: Export) -> None:
    import_file(export("DOUYIN_SUB_74", DOUYIN, OTHER))
    import_file(export("DOUYIN_AFTERSALE_50", BACK))
    before = everything()

    result = import_file(export("DOUYIN_AFTERSALE_50", BACK, BACK))

    assert everything() == before
    assert (result["orders"], result["updated"], result["unchanged"], result["points"]) == (1, 0, 1, 0)


def test_after_sales_over_several_files_add_up(export: Export) -> None:
    import_file(export("DOUYIN_SUB_74", DOUYIN, OTHER))

    for one in (BACK, MORE, BACK | {"商品单号": SECOND, "售后单号": "147000000000000003"}):
        import_file(export("DOUYIN_AFTERSALE_50", one))

    assert told() == ("partially_refunded", Decimal(100), Decimal("25.50"))


def test_never_more_goes_back_than_was_paid_for_a_part(export: Export) -> None:
    import_file(export("DOUYIN_SUB_74", DOUYIN, OTHER))

    import_file(export("DOUYIN_AFTERSALE_50", BACK | {"退商品金额（元）": "70.00"}, MORE))

    assert told() == ("partially_refunded", Decimal(100), Decimal(60))


def test_order_of_which_all_went_back_is_refunded(export: Export) -> None:
    import_file(export("DOUYIN_SUB_74", DOUYIN, OTHER))
    rest = BACK | {"商品单号": SECOND, "售后单号": "147000000000000003", "退商品金额（元）": "40.00"}

    import_file(export("DOUYIN_AFTERSALE_50", BACK | {"退商品金额（元）": "59.00"}, rest))

    assert told() == ("refunded", Decimal(100), Decimal(100))
    assert Order.objects.get().completed_at is None


def test_status_and_amount_of_one_refund_do_not_add_up(export: Export) -> None:
    by_status = DOUYIN | {"售后状态": "退款成功"}

    import_file(export("DOUYIN_SUB_74", by_status, OTHER))
    import_file(export("DOUYIN_AFTERSALE_50", BACK))

    assert told() == ("partially_refunded", Decimal(100), Decimal(60))


def test_orders_and_parts_that_are_not_known_are_listed_and_none_is_made(export: Export) -> None:
    import_file(export("DOUYIN_SUB_74", DOUYIN))
    before = everything()
    strangers = [BACK | {"商品单号": SECOND}, BACK | {"订单号": "6956100831671628000"}]

    result = import_file(export("DOUYIN_AFTERSALE_50", *strangers))

    assert everything() == before
    assert (result["orders"], result["new"], result["updated"]) == (0, 0, 0)
    assert [(one["line"], one["value"]) for one in result["rejected"]] == [(2, SECOND), (3, "6956100831671628000")]
    assert "part of it is not" in result["rejected"][0]["reason"]
    assert "Import the orders first" in result["rejected"][1]["reason"]


def test_after_sales_before_any_order_are_refused_and_make_no_channel(export: Export) -> None:
    out = io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("import_orders", str(export("DOUYIN_AFTERSALE_50", BACK)), "--json", stdout=out)

    assert ended.value.code == 2
    assert "Import the orders first" in json.loads(out.getvalue())["reason"]
    assert rows(Channel) == rows(Order) == []


LATER = [one | {"订单状态": "已完成"} for one in (DOUYIN, OTHER)]
EARLY = [one | {"订单状态": "待发货", "订单完成时间": ""} for one in (DOUYIN, OTHER)]
UNPAID = [one | {"订单状态": "待支付", "支付完成时间": "", "订单完成时间": ""} for one in (DOUYIN, OTHER)]
ASKED = [EARLY[0] | {"售后状态": "售后处理中"}, EARLY[1]]
GONE = [LATER[0], OTHER | {"售后状态": "退款成功", "订单状态": "已关闭"}]
PACKED = [DOUYIN | {"子订单编号": f"{FIRST};{SECOND}", "订单应付金额": "100.00", "商品数量": "1;1"}]
DEARER = [LATER[0] | {"订单应付金额": "70.00"}, LATER[1]]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ((EARLY, LATER), ("partially_refunded", "100.00", "15.50")),
        ((UNPAID, EARLY), ("partially_refunded", "100.00", "15.50")),
        ((ASKED, EARLY), ("partially_refunded", "100.00", "15.50")),
        ((EARLY, GONE), ("partially_refunded", "100.00", "55.50")),
        ((EARLY, PACKED), ("partially_refunded", "100.00", "15.50")),
        ((PACKED,), ("partially_refunded", "100.00", "15.50")),
        ((EARLY, DEARER), ("partially_refunded", "110.00", "15.50")),
    ],
)
def test_files_in_any_order_come_to_the_same(
    export: Export, files: tuple[list[Record], ...], expected: tuple[str, str, str]
) -> None:
    orders = [export("DOUYIN_SUB_74", *one) for one in files]
    after_sales = [export("DOUYIN_AFTERSALE_50", one) for one in (BACK, MORE)]
    Channel.objects.create(code="douyin", name="Douyin", format="douyin")
    seen = []

    for arrival in permutations([*orders, *after_sales]):
        OrderLine.objects.all().delete()
        Order.objects.all().delete()
        for file in (*arrival, *after_sales):
            import_file(file)
        seen.append(everything())

    assert all(one == seen[0] for one in seen)
    assert told() == (expected[0], Decimal(expected[1]), Decimal(expected[2]))


def test_points_of_what_went_back_are_taken_back_once(export: Export) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    lin = Member.objects.create(name="Lin", phone="+8613800000001", joined_at="2026-01-01T00:00:00Z")
    import_file(export("DOUYIN_SUB_74", DOUYIN, OTHER))
    Order.objects.update(member=lin)
    given = import_file(export("DOUYIN_SUB_74", DOUYIN, OTHER))["points"]

    taken = [import_file(export("DOUYIN_AFTERSALE_50", *many))["points"] for many in ([BACK], [BACK, MORE], [MORE])]

    assert (given, taken) == (100, [-10, -6, 0])
    assert sum(Posting.objects.values_list("points", flat=True)) == 84


def test_preview_of_after_sales_tells_them_and_keeps_nothing(export: Export) -> None:
    import_file(export("DOUYIN_SUB_74", DOUYIN, OTHER))
    before = everything()

    result = import_file(export("DOUYIN_AFTERSALE_50", BACK, MORE), "--dry-run")

    assert (result["orders"], result["updated"], result["paid_total"]) == (1, 1, "84.50")
    assert everything() == before
    assert OrderImport.objects.count() == 1


def test_refunds_of_xiaohongshu_are_of_the_order(export: Export) -> None:
    gift = XHS | {"规格ID": "5f1a2c", "用户应付金额(元)": "20.00"}
    import_file(export("XHS_72", XHS, gift))

    result = import_file(export(REFUNDS, REFUND, REFUND | {"售后单号": "R2", "申请售后金额(元)": "5.00"}))

    assert told() == ("partially_refunded", Decimal(100), Decimal(20))
    assert [one["column"] for one in result["rejected"]] == ["售后单号"]


@pytest.mark.parametrize("of_part", [False, True])
def test_refunds_of_xiaohongshu_in_any_order_come_to_the_same(export: Export, of_part: bool) -> None:
    second = XHS | {"规格ID": "5f1a2c", "用户应付金额(元)": "20.00"}
    columns, refund = ([*REFUNDS, "规格ID"], REFUND | {"规格ID": "5f1a2b"}) if of_part else (REFUNDS, REFUND)
    returned = second | {"售后状态": "售后完成"}
    orders = [export("XHS_72", XHS, second), export("XHS_72", XHS, returned)]
    refunds = export(columns, refund, refund | {"售后单号": "R2026050112346", "申请售后金额(元)": "5.00"})
    Channel.objects.create(code="xiaohongshu", name="Xiaohongshu", format="xiaohongshu")
    seen = []

    for arrival in permutations([*orders, refunds]):
        OrderLine.objects.all().delete()
        Order.objects.all().delete()
        for file in (*arrival, refunds):
            import_file(file)
        seen.append(everything())

    assert all(one == seen[0] for one in seen)
    assert told() == ("partially_refunded", Decimal(100), Decimal(45 if of_part else 25))


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"状态": "完成"}, Row),
        ({"状态": "退款成功"}, Row),
        ({"状态": "已取消"}, Skipped),
        ({"状态": "处理中"}, Skipped),
        ({"售后类型": "换货"}, Skipped),
        ({"状态": "仲裁"}, BadRow),
        ({"申请售后金额(元)": ""}, BadRow),
    ],
)
def test_refund_of_xiaohongshu_counts_when_it_is_done(understood: Understood, cells: Record, kind: type) -> None:
    [thing] = understood(REFUNDS, REFUND | cells)

    assert isinstance(thing, kind)


def test_order_of_refunds_alone_is_never_made(export: Export) -> None:
    """An undo may take an order away after its after-sales were checked."""
    import_file(export("DOUYIN_SUB_74", DOUYIN))
    order_import = OrderImport.objects.get()
    file: Path = export("DOUYIN_AFTERSALE_50", BACK)
    from orders import importing, steps

    with file.open("rb") as content:
        accepted = importing.accept(
            file=content, name="a.csv", channel_code=None, actor_id=None, at=order_import.created_at
        )
    for step in (steps.stage, steps.check):
        step(OrderImport.objects.get(pk=accepted.pk), order_import.created_at)
    Order.objects.all().delete()

    ended = importing.run(import_id=accepted.pk, at=order_import.created_at)

    assert ended.state == "DONE"
    assert rows(Order) == rows(OrderLine) == rows(Claim) == []
