"""The demo brand's orders: a year of two shops' files, made up here and imported like any other file."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from members.demo import NICK, PHONE
from orders import importing
from orders.models import Channel, OrderImport

SHANGHAI = ZoneInfo("Asia/Shanghai")
GOODS = [
    ("保湿面霜 50g", 129),
    ("玻尿酸面膜 5片装", 69),
    ("修护精华液 30ml", 189),
    ("氨基酸洁面 120g", 59),
    ("防晒乳 SPF50+", 99),
    ("护手霜 75ml", 29),
    ("卸妆油 150ml", 79),
    ("抗皱眼霜 20g", 259),
]
YOUZAN = """订单号 订单状态 订单创建时间 买家付款时间 交易成功时间 商品金额合计 运费 订单实付金额 全部商品名称
    收货人手机号/提货人手机号 买家昵称 买家手机号 订单退款状态 订单已退款金额"""
TAOBAO = """订单编号 买家会员名 买家应付邮费 总金额 买家实际支付金额 订单状态 订单创建时间 订单付款时间 宝贝标题
    宝贝总数量 退款金额 确认收货时间"""
Order = dict[str, Any]


def load(*, at: datetime, members: int, orders: int) -> None:
    """Import the demo's files, if no file was imported yet."""
    for code, name, enrol in (("youzan", "官方商城(有赞)", True), ("taobao", "天猫旗舰店", False)):
        Channel.objects.get_or_create(code=code, defaults={"name": name, "format": code, "enrol": enrol})
    if OrderImport.objects.exists():
        return
    random = Random(20260501)  # noqa: S311 - a demo, the same every time
    _import("有赞订单导出.csv", _youzan(_orders(random, at, members, orders)), at)
    _import("ExportOrderList.csv", _taobao(_orders(random, at, members, orders // 8)), at)


def _orders(random: Random, at: datetime, members: int, count: int) -> Iterator[Order]:
    """Orders of the last year, paid a minute after they were placed; some refunded, the last days not yet received."""
    for number in range(count):
        placed = (
            (at - timedelta(minutes=random.randrange(60, 360 * 24 * 60))).astimezone(SHANGHAI).replace(microsecond=0)
        )
        title, price = random.choice(GOODS)
        quantity = random.choice((1, 1, 1, 2, 3))
        paid, fate = price * quantity, random.random()
        done = placed + timedelta(days=random.randrange(3, 10))
        yield {
            "number": number,
            "buyer": 0 if number % 40 == 0 else random.randrange(1, members + 1),
            "placed": placed,
            "paid": placed + timedelta(minutes=1),
            "completed": done if done < at else None,
            "title": title,
            "quantity": quantity,
            "gross": paid,
            "refunded": paid if fate < 0.03 else paid // 2 if fate < 0.06 else 0,
        }


def _youzan(orders: Iterable[Order]) -> Iterator[list[Any]]:
    yield YOUZAN.split()
    for order in orders:
        phone = PHONE.removeprefix("+86") if order["buyer"] == 0 else f"138{order['buyer']:08d}"
        full = order["refunded"] == order["gross"]
        status = "交易关闭" if full else "交易完成" if order["completed"] else "已发货"
        yield [
            f"E{order['placed']:%Y%m%d%H%M%S}{order['number']:08d}", status, order["placed"].replace(tzinfo=None),
            order["paid"].replace(tzinfo=None), _wall(order["completed"]), order["gross"], "0.00",
            f"{order['gross']}.00", order["title"], "13900000000", f"buyer_{order['buyer']}", phone,
            "退款成功" if order["refunded"] else "", f"{order['refunded']}.00",
        ]  # fmt: skip


def _taobao(orders: Iterable[Order]) -> Iterator[list[Any]]:
    yield TAOBAO.split()
    for order in orders:
        net = order["gross"] - order["refunded"]
        status = "交易关闭" if not net else "交易成功" if order["completed"] else "卖家已发货，等待买家确认"
        yield [
            f'="4{order["placed"]:%y%m%d%H%M%S}{order["number"]:06d}"',
            NICK if order["buyer"] == 0 else f"淘友{order['buyer']:05d}", "0.00", f"{order['gross']}.00", f"{net}.00",
            status, order["placed"].replace(tzinfo=None), order["paid"].replace(tzinfo=None), order["title"],
            order["quantity"], f"{order['refunded']}.00", _wall(order["completed"]),
        ]  # fmt: skip


def _wall(moment: datetime | None) -> datetime | str:
    return moment.replace(tzinfo=None) if moment else ""


def _import(name: str, lines: Iterable[list[Any]], at: datetime) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(lines)
        with path.open("rb") as stored:
            order_import = importing.accept(file=stored, name=name, channel_code=None, actor_id=None, at=at)
        importing.run(import_id=order_import.pk, at=at)
