"""Redeeming one hot gift with many connections, against the bare SQL of the same writes; and while an import runs."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from bench import Row, Scale, data, database, importing, ratio
from mall.redeeming import OutOfStock, redeem

POINTS = 10
LOTS = 3
PROCESSES = 4
PACE = 0.01  # seconds between two redemptions beside an import

# What mall.redeeming.redeem writes, and nothing else: no look at the gift, the tier, the limit, the lots or the key.
BARE = """
create function bare_redeem(p_member bigint, p_gift bigint, p_key text, p_at timestamptz) returns bigint
language plpgsql as $$
declare
    posted bigint;
    redemption bigint;
begin
    insert into loyalty_posting (kind, source, key, payload_hash, member_id, points, occurred_at, note)
    values (6, 'redeem', p_member || ':' || p_key, 0, p_member, -%(points)s, p_at, 'Gift') returning id into posted;
    update loyalty_balance set points = points - %(points)s where member_id = p_member;
    update loyalty_lot set remaining = remaining - %(points)s where id = p_member;
    insert into loyalty_move (posting_id, lot_id, amount) values (posted, p_member, -%(points)s);
    insert into mall_redemption (member_id, gift_id, gift_name, quantity, points, posting_id, request_key, recipient,
                                 phone, address, placed_at)
    values (p_member, p_gift, 'Gift', 1, %(points)s, posted, p_key, '', '', '', p_at) returning id into redemption;
    update mall_gift set stock = stock - 1 where id = p_gift and stock >= 1;
    if not found then
        raise exception 'out of stock' using errcode = 'MR003';
    end if;
    return redemption;
end
$$
"""


class Rush(NamedTuple):
    """Redemptions per second, how many went through and how many were refused as sold out."""

    rate: float
    done: int
    refused: int


def redeem_hot(connections: int, scale: Scale) -> Row:
    """Redeem one gift with so many connections at once; against the bare SQL of the same writes."""
    tries = max(scale.orders // 50, 3 * connections) // connections * connections
    ours: list[float] = []
    theirs: list[float] = []
    oversold = 0
    for _round in range(scale.rounds):
        for side, bare in ((ours, False), (theirs, True)):
            rush, extra = _rush(connections, tries, bare)
            side.append(rush.rate)
            oversold += extra
    rates = ratio(ours, theirs)
    return Row(
        f"redeem_hot_{connections}",
        f"{median(ours):,.0f} redemptions/s, {oversold} oversold",
        f"bare SQL of the same writes, {median(theirs):,.0f}/s",
        rates,
        ">= 0.5 and 0 oversold",
        rates >= 0.5 and not oversold,
    )


def redeem_during_import(scale: Scale) -> Row:
    """Redeem at a steady pace while a file is imported; against the same pace alone."""
    alone, beside = [], []
    for _round in range(scale.rounds):
        with database.fresh() as name:
            file = importing.prepare(scale.orders)
            members = min(data.buyers_of(scale.orders), 1000)
            points(members)
            gift = shelve(10**6)
            alone.append(median(paced(gift, range(members), 200, lambda: False)))
            process = importing.start(name, file)
            beside.append(median(paced(gift, range(members), 20, lambda: process.poll() is None)))  # noqa: B023
            importing.finish(process)
    times = ratio(beside, alone)
    return Row(
        "redeem_during_import",
        f"p50 {1000 * median(beside):.1f} ms while {scale.orders:,} orders come in",
        f"alone, p50 {1000 * median(alone):.1f} ms",
        times,
        "<= 3",
        times <= 3,
    )


def paced(gift: int, members: range, least: int, going: Callable[[], bool]) -> list[float]:
    """Redeem every few milliseconds, `least` times and as long as it is `going`; returns seconds of each."""
    took: list[float] = []
    while len(took) < least or going():
        started = time.monotonic()
        _redeem(gift, 1 + members[len(took) % len(members)], f"pace {os.urandom(6).hex()}")
        took.append(time.monotonic() - started)
        time.sleep(max(PACE - took[-1], 0))
    return took


def _rush(connections: int, tries: int, bare: bool) -> tuple[Rush, int]:
    """Let all connections go at one moment, for a few pieces less than they try; returns how many too many went out."""
    with database.fresh() as name:
        stock = tries - connections
        data.brand()
        data.members(max(tries // 5, connections))
        points(max(tries // 5, connections))
        gift = shelve(stock)
        if bare:
            _bare()
        database.settle("members_member", "loyalty_posting", "loyalty_lot", "loyalty_balance", "mall_gift")
        rush = _hammered(name, gift, connections, tries, bare)
        with connection.cursor() as cursor:
            cursor.execute("select (select count(*) from mall_redemption), stock from mall_gift")
            sold, left = cursor.fetchone()
        if sold != rush.done or rush.done + rush.refused != tries:
            raise RuntimeError(f"{sold} redemptions are stored, {rush} was said of {tries}.")
        return rush, max(sold - stock, -left, 0)


def points(members: int) -> None:
    """Give the first members points in some lots each."""
    with transaction.atomic(), connection.cursor() as cursor:
        for lot in range(LOTS):
            cursor.execute(
                "insert into loyalty_posting (kind, source, key, payload_hash, member_id, points, occurred_at) "
                "select 5, 'bench', id || '#' || %s, 0, id, 100000, %s from members_member where id <= %s order by id",
                [lot, data.AT, members],
            )
        cursor.execute(
            "insert into loyalty_lot "
            "(posting_id, member_id, granted, remaining, occurred_at, available_at, expires_at) "
            "select id, member_id, points, points, occurred_at, occurred_at, timestamptz '2030-01-01' "
            "from loyalty_posting where source = 'bench' order by id"
        )


def shelve(stock: int) -> int:
    """Put a gift on the shelf; returns its id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into mall_gift (name, description, points, stock, active, position, emblem) "
            "values ('Gift', '', %s, %s, true, 1, '') returning id",
            [POINTS, stock],
        )
        return int(cursor.fetchone()[0])


def _bare() -> None:
    """The bare writes move lots and balances themselves: the ledger's triggers are off, its keys and checks are on."""
    with connection.cursor() as cursor:
        cursor.execute(BARE.replace("%(points)s", str(POINTS)))
        for table in ("loyalty_posting", "loyalty_lot", "loyalty_move", "loyalty_balance"):
            cursor.execute(f"alter table {table} disable trigger user")


def _hammered(name: str, gift: int, connections: int, tries: int, bare: bool) -> Rush:
    """Run the tries on connections spread over some processes."""
    context = multiprocessing.get_context("spawn")
    processes = min(PROCESSES, connections)
    start, results = context.Barrier(connections), context.Queue()
    shares = [range(n, connections, processes) for n in range(processes)]
    workers = [
        context.Process(target=_work, args=(name, gift, share, tries // connections, bare, start, results))
        for share in shares
    ]
    for worker in workers:
        worker.start()
    told = [results.get(timeout=600) for _ in range(connections)]
    for worker in workers:
        worker.join()
    seconds = max(end for _begin, end, _done in told) - min(begin for begin, _end, _done in told)
    done = sum(done for _begin, _end, done in told)
    return Rush(tries / seconds, done, tries - done)


def _work(name: str, gift: int, share: range, tries: int, bare: bool, start: Any, results: Any) -> None:
    """A process: a thread for each connection of its share. All that have no turn wait for it."""
    database.use(name)
    settings.REDEEM_WAITING, settings.REDEEM_PATIENCE = tries * len(share), 600
    threads = [threading.Thread(target=_connection, args=(gift, n, tries, bare, start, results)) for n in share]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _connection(gift: int, number: int, tries: int, bare: bool, start: Any, results: Any) -> None:
    ask = _redeem_bare if bare else _redeem
    connection.ensure_connection()
    start.wait()
    begin, done = time.monotonic(), 0
    for member, key in _requests(number, tries):
        try:
            ask(gift, member, key)
            done += 1
        except OutOfStock:
            pass
    results.put((begin, time.monotonic(), done))
    connection.close()


def _requests(number: int, tries: int) -> Iterator[tuple[int, str]]:
    """A connection's members, each of them five times."""
    mine = max(tries // 5, 1)
    for n in range(tries):
        yield 1 + number * mine + n % mine, f"{number}-{n}"


def _redeem(gift: int, member: int, key: str) -> None:
    redeem(member_id=member, gift_id=gift, quantity=1, at=data.AT, request_key=key)


def _redeem_bare(gift: int, member: int, key: str) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select bare_redeem(%s, %s, %s, %s)", [member, gift, key, data.AT])
            cursor.fetchone()
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") != "MR003":
            raise
        raise OutOfStock from error
