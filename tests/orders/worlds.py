"""Order files made by the line, and the whole world that they lead to, to compare one course of events with another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from random import Random
from typing import Any

from django.db import connection

from orders import importing
from orders.management.commands.import_orders import told
from orders.models import OrderImport
from tests.conftest import NOW

HEADER = "订单号,订单状态,订单实付金额,订单已退款金额,买家付款时间,收货人手机号/提货人手机号,买家手机号,全部商品名称"
STATES = ("待付款", "已发货", "交易完成", "交易完成", "交易完成", "交易关闭")


def orders_of(count: int, prefix: str = "E20260501", buyers: int = 0) -> list[str]:
    """Return lines of a Youzan export: orders of `buyers` phones in every state, a sixth of them partly refunded."""
    random = Random(20260501)
    lines = []
    for number in range(count):
        cents, status = random.randrange(1, 50_000), random.choice(STATES)
        refunded = random.randrange(cents) if status == "交易完成" and random.random() < 0.3 else 0
        phone = f"138{random.randrange(buyers or count // 3 + 1):08d}"
        lines.append(
            f"{prefix}{number:012d},{status},{cents / 100:.2f},{refunded / 100:.2f},2026-05-01 08:00:{number % 60:02d},"
            f"13900000000,{phone},面膜"
        )
    return lines


def repriced(lines: list[str]) -> list[str]:
    """Return a later export of the same orders: of every third that was kept, another amount was paid after all."""
    later = []
    for number, line in enumerate(lines):
        cells = line.split(",")
        if number % 3 == 0 and cells[1] in ("已发货", "交易完成"):
            cells[2] = f"{float(cells[2]) + (number % 7 + 1) * 11:.2f}"
        later.append(",".join(cells))
    return later


def unowned(lines: list[str]) -> list[str]:
    """Return the same orders, of which every third has a buyer whom the file does not name."""
    cells = [line.split(",") for line in lines]
    return [",".join([*one[:6], "" if n % 3 == 0 else one[6], *one[7:]]) for n, one in enumerate(cells)]


def accepted(lines: list[str], name: str = "orders.csv", *, confirmed: bool = True) -> OrderImport:
    content = BytesIO("\n".join([HEADER, *lines]).encode())
    return importing.accept(file=content, name=name, channel_code=None, actor_id=None, at=NOW, confirmed=confirmed)


def finished(import_id: int) -> OrderImport:
    return importing.run(import_id=import_id, at=NOW)


# What all tables hold, without ids and times of posting, in an order of its own. A debt's SETTLE has a key that no two
# runs share.
WORLD = {
    "orders": """select c.code, o.number, o.status, o.gross, o.refunded, o.paid_at, o.phone, m.phone, o.award
                   from orders_order o join orders_channel c on c.id = o.channel_id
                   left join members_member m on m.id = o.member_id""",
    "lines": """select o.number, l.row_key, l.status, l.gross, l.refunded, l.title, l.quantity
                  from orders_orderline l join orders_order o on o.id = l.order_id""",
    "rejects": "select line, number, value, reason from orders_rejectedrow",
    "staged": "select number from orders_stagedrow",
    "members": """select m.phone, m.joined_by, t.rank, coalesce(b.points, 0), coalesce(b.growth, 0), coalesce(b.debt, 0)
                    from members_member m left join members_tier t on t.id = m.tier_id
                    left join loyalty_balance b on b.member_id = m.id""",
    "accounts": """select i.channel, i.external_id, m.phone
                     from members_identity i join members_member m on m.id = i.member_id""",
    "steps": """select m.phone, a.rank, b.rank, c.growth
                  from members_tierchange c join members_member m on m.id = c.member_id
                  left join members_tier a on a.id = c.from_tier_id join members_tier b on b.id = c.to_tier_id""",
    "claims": """select m.phone, a.number, a.state, a.reason, o.number
                   from orders_claim a join members_member m on m.id = a.member_id
                   left join orders_order o on o.id = a.order_id""",
    "postings": """select p.source, case p.source when 'settle' then '' else p.key end, p.kind, m.phone, p.points,
                          p.growth, case p.source when 'order' then p.occurred_at end, r.key
                     from loyalty_posting p join members_member m on m.id = p.member_id
                     left join loyalty_posting r on r.id = p.refers_to_id""",
    "lots": """select p.key, l.granted, l.remaining, l.available_at, l.expires_at = 'infinity'
                 from loyalty_lot l join loyalty_posting p on p.id = l.posting_id""",
    "moves": """select p.source, case p.source when 'settle' then '' else p.key end, v.amount, lp.key
                  from loyalty_move v join loyalty_posting p on p.id = v.posting_id
                  left join loyalty_lot l on l.id = v.lot_id left join loyalty_posting lp on lp.id = l.posting_id""",
}


def world() -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    with connection.cursor() as cursor:
        for name, question in WORLD.items():
            cursor.execute(f"select * from ({question}) t order by t.*")
            found[name] = cursor.fetchall()
    return found


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, list[Any]]:
    """Return some rows of each table that only one of two worlds has; nothing if they are the same."""
    return {
        name: [*(set(one[name]) ^ set(other[name]))][:4] or ["a row twice"] for name in one if one[name] != other[name]
    }


def numbers(order_import: OrderImport) -> dict[str, Any]:
    """Return the numbers that the command prints, but for the import's own."""
    result = told(order_import)
    return {name: value for name, value in result.items() if name not in ("import_id", "seconds")}


@contextmanager
def forgotten() -> Iterator[None]:
    """Nothing of members, orders and points is left afterwards. Needs a test of real transactions."""
    yield
    connection.ops.execute_sql_flush(["truncate orders_channel, members_member, loyalty_posting cascade"])


def undisturbed(lines: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the numbers and the world after an import that nothing happens to. It leaves no trace."""
    with forgotten():
        result = numbers(finished(accepted(lines).pk)), world()
    assert result[0]["state"] == "DONE"
    assert result[0]["points"] > 0
    return result
