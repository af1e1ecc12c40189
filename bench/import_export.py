"""Importing orders, against django-import-export, which only stores them."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import tablib
from import_export import fields, resources, widgets

from bench import Row, Scale, database, ratio
from bench.data import AT
from bench.importing import finish, prepare, start
from orders.models import Channel, Order, OrderImport

MOST_ORDERS = 20_000  # it keeps all rows in memory
TAKEN = {"number": "订单号", "gross": "订单实付金额", "refunded": "订单已退款金额", "shipping": "运费"}


class OrderResource(resources.ModelResource):
    """In bulk and without comparing fields. Each order is looked up, as it must be by who may meet it again."""

    channel_id = fields.Field("channel_id", "channel_id", widgets.IntegerWidget())
    first_import_id = fields.Field("first_import_id", "first_import_id", widgets.IntegerWidget())
    last_import_id = fields.Field("last_import_id", "last_import_id", widgets.IntegerWidget())

    class Meta:
        model = Order
        fields = (*TAKEN, "status", "buyer", "phone", "channel_id", "first_import_id", "last_import_id")
        import_id_fields = ("number",)
        use_bulk = True
        batch_size = 1_000
        skip_diff = True


def import_vs_import_export(scale: Scale) -> Row:
    """Import a file to points and tiers; against storing its orders by import-export, in rows a second."""
    orders = min(scale.orders, MOST_ORDERS)
    ours, theirs = [], []
    for _round in range(scale.rounds):
        with database.fresh() as name:
            ours.append(orders / finish(start(name, prepare(orders))).seconds)
        with database.fresh():
            theirs.append(orders / _stored(prepare(orders)))
    times = ratio(ours, theirs)
    return Row(
        "import_vs_import_export",
        f"{orders:,} orders, {min(ours):,.0f}-{max(ours):,.0f} rows/s to points and tiers",
        f"import-export in bulk, orders only, {min(theirs):,.0f}-{max(theirs):,.0f} rows/s",
        times,
        ">= 8",
        times >= 8,
    )


def _stored(file: Path) -> float:
    """Store the orders of a file by import-export; returns seconds."""
    order_import = OrderImport.objects.create(name=file.name, sha256="", created_at=AT)
    same = {"status": "paid", "buyer": "", "phone": "", "channel_id": Channel.objects.get().pk}
    same |= {"first_import_id": order_import.pk, "last_import_id": order_import.pk}
    started = time.monotonic()
    with file.open(encoding="utf-8-sig", newline="") as content:
        rows: list[dict[str, Any]] = [
            {name: row[column] for name, column in TAKEN.items()} | same for row in csv.DictReader(content)
        ]
    dataset = tablib.Dataset(headers=list(rows[0]))
    dataset.extend([tuple(row.values()) for row in rows])
    result = OrderResource().import_data(dataset, raise_errors=True)
    seconds = time.monotonic() - started
    if result.totals["new"] != len(rows):
        raise RuntimeError(f"import-export stored {result.totals['new']} of {len(rows)} orders.")
    return seconds
