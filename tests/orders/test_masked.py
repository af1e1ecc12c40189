"""How many buyers and phones of a file were masked is told once it is read."""

from __future__ import annotations

import pytest

from orders import reading
from orders.models import OrderImport
from tests.orders.conftest import Export, Record
from tests.orders.test_importing import import_file

YOUZAN = {
    "订单号": "E20260501144516091837897",
    "订单状态": "交易完成",
    "订单实付金额": "80.00",
    "订单已退款金额": "0.00",
    "买家付款时间": "2026-05-01 14:48:18",
    "收货人手机号/提货人手机号": "138****7390",
    "买家手机号": "186******05",
}
OTHER = YOUZAN | {"订单号": "E20260501144516091837898"}
TAOBAO = {"订单编号": "4133907579383470175", "买家会员名": "t**1", "买家实际支付金额": "69.00", "订单状态": "交易成功"}


@pytest.mark.parametrize(
    ("header", "records", "masked"),
    [
        ("YOUZAN_ORDER_60", [YOUZAN, OTHER], {"phone": 2}),
        ("YOUZAN_ORDER_60", [YOUZAN, OTHER | {"买家手机号": "13800007596"}], {"phone": 1}),
        ("YOUZAN_ORDER_60", [YOUZAN | {"买家手机号": ""}], {}),
        ("TAOBAO_LIST_54", [TAOBAO], {"buyer": 1}),
    ],
)
def test_masked_cells_are_counted(export: Export, header: str, records: list[Record], masked: dict[str, int]) -> None:
    path = export(header, *records)
    things = reading.read(path, reading.recognise(path))

    read = list(things)

    assert len(read) == len(records)
    assert things.masked == masked


def test_each_file_is_counted_by_itself(export: Export) -> None:
    path = export("YOUZAN_ORDER_60", YOUZAN)

    for _time in range(2):
        things = reading.read(path, reading.recognise(path))
        list(things)

        assert things.masked == {"phone": 1}


def test_import_notes_how_many_were_masked(db: None, export: Export) -> None:
    import_file(export("YOUZAN_ORDER_60", YOUZAN, OTHER))

    layout = OrderImport.objects.get().layout
    assert layout is not None
    assert layout["masked"] == {"phone": 2}
