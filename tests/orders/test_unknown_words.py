"""No list's row is refused for a status word that nobody knows: the order is kept with its amounts, as not known."""

from __future__ import annotations

import pytest

from tests.orders import (
    test_amazon,
    test_jd,
    test_kuaishou,
    test_pinduoduo,
    test_stripe,
    test_wechat,
    test_xiaohongshu,
    test_youzan_items,
)
from tests.orders.conftest import Record, Understood

CASES = [
    ("AMAZON_ALL_ORDERS_32", test_amazon.ITEM, "order-status", "Beamed - up"),
    ("JD_80_2026", test_jd.ORDER, "订单状态", "(冻结)等待出库"),
    ("KUAISHOU_61", test_kuaishou.ORDER, "售后状态", "神秘状态"),
    ("PDD_23", test_pinduoduo.ORDER, "订单状态", "已拼单"),
    ("PDD_23", test_pinduoduo.ORDER, "售后状态", "换货中"),
    ("STRIPE_PAYMENTS_17", test_stripe.CHARGE, "Status", "Disputed"),
    ("WECHAT_57", test_wechat.FIRST, "订单状态", "配货中"),
    ("WECHAT_57", test_wechat.FIRST, "商品售后", "神秘状态"),
    ("XHS_72", test_xiaohongshu.ORDER, "售后状态", "仲裁中"),
    ("YOUZAN_ITEM_37", test_youzan_items.ITEM, "订单商品状态", "待接单"),
]


@pytest.mark.parametrize(("header", "record", "column", "word"), CASES)
def test_word_that_nobody_knows_keeps_its_row(
    understood: Understood, header: str, record: Record, column: str, word: str
) -> None:
    [known] = understood(header, record, **_options(header))

    [row] = understood(header, record | {column: word}, **_options(header))

    assert (row.status, row.number, row.gross) == ("unknown", known.number, known.gross)


def _options(header: str) -> dict[str, str]:
    return {"delimiter": "\t"} if header.startswith("AMAZON") else {}
