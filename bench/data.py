"""A shop's year: the order export of a Youzan shop as it is, and the brand that receives it. The same for each run."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from django.conf import settings
from django.db import connection

from loyalty.models import EarningRule
from members.models import Tier
from orders.models import Channel

AT = datetime(2026, 7, 1, 4, tzinfo=UTC)
SAMPLE = settings.BASE_DIR / "tests/data/samples/youzan_orders.csv"
ORDERS_PER_BUYER = 5
SHIPPING, PAID, CLOSED = "9.90", "交易完成", "交易关闭"
GOODS = ("防晒乳 SPF50+", "护手霜 75ml", "洁面泡沫 120ml, 旅行装", "夜间修护精华 30ml", "面膜 10 片装", "身体乳 400ml")
TIERS = (("普通", 1, 1), ("高级", 2, 380), ("VIP", 3, 2_000), ("至尊VIP", 4, 5_000))


def order_file(orders: int) -> Path:
    """Return the CSV of so many orders, made once: 60 columns, newest first, some of them closed or refunded."""
    path = Path(settings.VAR, f"bench_{orders}.csv")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        with half.open("w", encoding="utf-8-sig", newline="") as file:
            _write(csv.writer(file), orders)
        half.rename(path)
    return path


def buyers_of(orders: int) -> int:
    return max(orders // ORDERS_PER_BUYER, 1)


def brand() -> None:
    """Set up what every merchant has: a channel, tiers, a rule for points and one for growth."""
    Channel.objects.create(code="youzan", name="有赞", format="youzan", enrol=True)
    for name, rank, threshold in TIERS:
        Tier.objects.create(name=name, rank=rank, threshold=threshold)
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)


def members(count: int) -> None:
    """Make the buyers of `order_file` members, with the phones that they have there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into members_member (phone, phone_verified, name, joined_at, joined_by) "
            "select '+86138' || lpad(n::text, 8, '0'), false, '', %s, '' from generate_series(0, %s) n",
            [AT, count - 1],
        )


def _write(writer, orders: int) -> None:  # type: ignore[no-untyped-def]
    with SAMPLE.open(encoding="utf-8-sig", newline="") as file:
        header, typical = list(csv.reader(file))[:2]
    place = {name: index for index, name in reversed(list(enumerate(header)))}
    dice, buyers = Random(7), buyers_of(orders)
    writer.writerow(header)
    for n in range(orders):
        row = typical.copy()
        for name, value in _order(n, dice, buyers).items():
            row[place[name]] = value
        writer.writerow(row)


def _order(n: int, dice: Random, buyers: int) -> dict[str, str]:
    """One order: every 25th is closed before it was paid, every 50th refunded, every 100th partly."""
    paid_at = AT - timedelta(days=20, seconds=13 * n + dice.randrange(13))
    amount = dice.randrange(990, 60_000)
    refunded = amount if n % 50 == 1 else amount // 3 if n % 100 == 2 else 0
    wall = f"{paid_at + timedelta(hours=8):%Y-%m-%d %H:%M:%S}"
    return {
        "订单号": f"E{paid_at:%Y%m%d%H%M%S}{n:09d}",
        "订单状态": CLOSED if n % 25 == 0 or n % 50 == 1 else PAID,
        "订单创建时间": wall,
        "买家付款时间": "" if n % 25 == 0 else wall,
        "交易成功时间": "" if n % 25 == 0 or n % 50 == 1 else wall,
        "运费": SHIPPING if n % 3 == 0 else "0.00",
        "订单实付金额": f"{amount / 100:.2f}",
        "订单已退款金额": f"{refunded / 100:.2f}",
        "全部商品名称": GOODS[dice.randrange(len(GOODS))],
        "买家手机号": f"\t138{int(buyers * dice.random() ** 1.5):08d}",
    }
