"""Each sample of a real export gives exactly the orders that stand in its .expect.json."""

import json
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from orders import reading
from orders.channels import FORMATS
from orders.channels.base import Format
from orders.channels.columns import Id, Text
from orders.channels.rows import BadRow, RefusedFile, Row, Skipped

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
HEADERS = json.loads((SAMPLES.parent / "headers.json").read_text(encoding="utf-8"))
ELIGIBLE = {"paid", "completed", "partially_refunded"}
ENCODINGS = {"gbk": "gb18030"}
NAMES = ("taobao_ExportOrderList", "douyin_orders", "youzan_orders", "shopify_orders_export")


def everything(name):
    path = SAMPLES / f"{name}.csv"
    recognised = reading.recognise(path)
    return recognised, list(reading.read(path, recognised))


def expected(name):
    return json.loads((SAMPLES / f"{name}.expect.json").read_text(encoding="utf-8"))


def status_of(rows):
    kinds = {row.status for row in rows}
    if "hold" in kinds:
        return "hold"
    if len(kinds) == 1:
        return kinds.pop()
    kinds -= {"unpaid", "closed"}
    if len(kinds) == 1:
        return kinds.pop()
    return "partially_refunded" if kinds & {"refunded", "partially_refunded"} else "paid"


def wall(moments, choose):
    moments = [one for one in moments if one]
    return choose(moments).replace(tzinfo=None).isoformat(" ") if moments else None


def order(rows):
    gross, refunded = sum(row.gross for row in rows), sum(row.refunded for row in rows)
    status = status_of(rows)
    buyer = rows[0].buyer or rows[0].phone.removeprefix("+86")
    return {
        "status": status,
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
