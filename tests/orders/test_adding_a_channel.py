"""A channel is added by following docs/adding-a-channel.md: what that page shows stands here, and works."""

from __future__ import annotations

import inspect
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from orders.channels import FORMATS, PLATFORMS
from orders.channels.base import Format, payment, settled
from orders.channels.columns import Buyer, Id, Money, Status, Text, Time
from orders.channels.rows import CLOSED, COMPLETED, PAID, UNPAID, ZERO, BadRow, Row
from orders.models import Channel, Order
from tests.orders.conftest import Export, Understood, imported

HEADER = ["订单流水号", "状态", "实收", "已退", "付款时间", "会员账号", "货品名称", "备注"]
ORDER = {
    "订单流水号": "CS20260501",
    "状态": "已付",
    "实收": "69.90",
    "付款时间": "2026-05-01 10:00:00",
    "会员账号": "lin@corner",
    "货品名称": "面霜",
}


class CornerOrders(Format):
    """The order export of a corner shop."""

    code = "corner"
    name = "Corner shop order export"

    number = Id("订单流水号", shape=re.compile(r"CS[0-9]{6,20}"))
    status = Status("状态", words={UNPAID: ("未付",), PAID: ("已付",), COMPLETED: ("完成",), CLOSED: ("作废",)})
    paid = Money("实收", required=True)
    refund = Money("已退")
    paid_at = Time("付款时间")
    buyer = Buyer("会员账号", limit=100)
    title = Text("货品", "货品名称")

    def understand(
        self,
        line: int,
        number: str,
        status: str,
        paid: Decimal | None,
        refund: Decimal | None,
        paid_at: datetime | None,
        buyer: str,
        title: str,
    ) -> Row:
        status, gross, refunded = settled(status, paid, refund, (self.paid, self.refund))
        return Row(
            line, number, "", status, gross, refunded, ZERO,
            None, payment(status, paid_at), None, buyer, "", title, "", 1,
        )  # fmt: skip


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    form = CornerOrders()
    monkeypatch.setitem(FORMATS, form.code, form)
    monkeypatch.setitem(PLATFORMS, form.code, form)


def test_row_of_the_new_channel_is_understood(understood: Understood) -> None:
    [row] = understood(HEADER, ORDER | {"已退": "9.90"})

    assert (row.number, row.status, row.buyer) == ("CS20260501", "partially_refunded", "lin@corner")
    assert (row.gross, row.refunded) == (Decimal("69.90"), Decimal("9.90"))


@pytest.mark.parametrize("thing", [CornerOrders, test_row_of_the_new_channel_is_understood])
def test_page_shows_what_stands_here(thing: object) -> None:
    page = Path(settings.BASE_DIR, "docs", "adding-a-channel.md").read_text("utf-8")

    assert f"```python\n{inspect.getsource(thing)}```" in page


def test_bad_row_of_the_new_channel_names_column_and_value(understood: Understood) -> None:
    [bad] = understood(HEADER, ORDER | {"实收": "很多"})

    assert isinstance(bad, BadRow)
    assert (bad.column, bad.value) == ("实收", "很多")


def test_status_word_that_the_new_channel_does_not_know_keeps_its_order(understood: Understood) -> None:
    [row] = understood(HEADER, ORDER | {"状态": "赊账"})

    assert (row.status, row.gross) == ("unknown", Decimal("69.90"))


def test_file_of_the_new_channel_is_imported_into_a_channel_of_its_own(db: None, export: Export) -> None:
    result = imported(export(HEADER, ORDER), export(HEADER, ORDER | {"已退": "69.90"}))

    assert result == {"CS20260501": ("refunded", "69.90", "69.90")}
    assert Channel.objects.values_list("code", "format").get() == ("corner", "corner")
    assert Order.objects.get().buyer == "lin@corner"
