"""An import of after-sales can be undone like any other: what it gave back is paid again."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orders import undoing
from orders.models import Order, OrderImport, OrderLine
from tests.conftest import NOW, rows
from tests.orders.conftest import Export
from tests.orders.test_after_sales import BACK, DOUYIN, MORE, OTHER, everything, told
from tests.orders.test_importing import import_file

pytestmark = pytest.mark.usefixtures("english", "db")


def test_undone_after_sales_leave_the_orders_as_they_were(export: Export) -> None:
    import_file(export("DOUYIN_SUB_74", DOUYIN, OTHER))
    before = everything()
    import_file(export("DOUYIN_AFTERSALE_50", BACK, MORE))

    undoing.undo(import_id=OrderImport.objects.latest("pk").pk, actor_id=None, at=NOW)

    assert everything() == before
    assert told() == ("completed", Decimal(100), Decimal(0))


def test_undone_orders_take_their_after_sales_along(export: Export) -> None:
    import_file(export("DOUYIN_SUB_74", DOUYIN, OTHER))
    import_file(export("DOUYIN_AFTERSALE_50", BACK))

    for order_import in OrderImport.objects.order_by("-pk"):
        undoing.undo(import_id=order_import.pk, actor_id=None, at=NOW)

    assert rows(Order) == rows(OrderLine) == []
