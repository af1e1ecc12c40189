"""An opening rush: 10,000 members want 1,000 pieces at one moment; and what another gift notices of it."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any, NamedTuple

from django.db import connection

from bench import Row, Scale, data, database, ratio
from bench.redeeming import paced, points, shelve
from mall.models import Gift, Redemption
from mall.redeeming import Busy, OutOfStock, redeem

MEMBERS, OTHERS = 10_000, 200  # who wants it, a tenth of them gets it; who wants something else
PROCESSES, THREADS = 2, 8  # as `config.supervisor` starts the web; its turns too are as there
AGAIN = 2.0  # seconds until a member who was asked to try again does, as the page says


Going = Callable[[], bool]
Paced = Callable[[Going], list[float]]


class Told(NamedTuple):
    """What a connection's members were told: how many got a piece, how many were asked to try again, when it ended."""

    begin: float
    sold: float
    end: float
    done: int
    busy: int


class Outcome(NamedTuple):
    """Seconds to the last piece and to the last refusal; pieces out, too many out; seconds of another gift's."""

    sold_out: float
    over: float
    done: int
    busy: int
    oversold: int
    before: list[float]
    during: list[float]


def redeem_rush(scale: Scale) -> Row:
    """Let 10,000 members redeem a gift with 1,000 pieces that is marked as a rush; against another gift before it."""
    outcomes = [rush(min(MEMBERS, 5 * scale.orders), marked=True) for _round in range(scale.rounds)]
    times = ratio([median(one.during) for one in outcomes], [median(one.before) for one in outcomes])
    oversold = sum(one.oversold for one in outcomes)
    return Row(
        "redeem_rush",
        f"{told(outcomes)}; another gift p50 {ms(outcomes, 'during', 50)}, p95 {ms(outcomes, 'during', 95)} ms",
        f"another gift before it, p50 {ms(outcomes, 'before', 50)}, p95 {ms(outcomes, 'before', 95)} ms",
        times,
        "<= 5 and 0 oversold",
        times <= 5 and not oversold,
    )


def told(outcomes: list[Outcome]) -> str:
    """Return a sentence about rushes."""
    rate = median(one.done / one.sold_out for one in outcomes)
    seconds = median(one.over for one in outcomes)
    busy = median(one.busy for one in outcomes)
    oversold = sum(one.oversold for one in outcomes)
    return (
        f"{rate:,.0f} redemptions/s, last refusal after {seconds:.1f} s, {busy:,.0f} asked again, {oversold} oversold"
    )


def ms(outcomes: list[Outcome], side: str, percent: int) -> str:
    """Return a percentile of another gift's redemptions, in milliseconds."""
    return f"{1000 * median(quantiles(getattr(one, side), n=100)[percent - 1] for one in outcomes):.1f}"


def rush(members: int, *, marked: bool) -> Outcome:
    """Let all members go at one moment, over as many connections as the web has; `marked`: split the stock."""
    with database.fresh() as name:
        data.brand()
        data.members(members + OTHERS)
        points(members + OTHERS)
        hot, other = shelve(members // 10), shelve(10**6)
        Gift.objects.filter(pk=hot).update(rush=marked)
        database.settle("members_member", "loyalty_posting", "loyalty_lot", "loyalty_balance", "mall_gift")
        rest = range(members, members + OTHERS)
        before = paced(other, rest, 300, lambda: False)
        told, during = _crowd(name, hot, members, lambda going: paced(other, rest, 20, going))
        return _outcome(hot, members // 10, told, before, during)


def _crowd(
    name: str, gift: int, members: int, beside: Callable[[Going], list[float]]
) -> tuple[list[Told], list[float]]:
    """Run the members on the web's processes, and something `beside` them as long as they are going."""
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(PROCESSES * THREADS + 1), context.Queue()
    workers = [
        context.Process(target=_work, args=(name, gift, range(n, members, PROCESSES), start, results))
        for n in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    start.wait()
    took = beside(lambda: results.qsize() < PROCESSES * THREADS)
    told = [results.get(timeout=600) for _ in range(PROCESSES * THREADS)]
    for worker in workers:
        worker.join()
    return told, took


def _work(name: str, gift: int, share: range, start: Any, results: Any) -> None:
    """A web process: its threads serve its members as they come."""
    database.use(name)
    line, lock = iter(share), threading.Lock()

    def following() -> int | None:
        with lock:
            return next(line, None)

    threads = [threading.Thread(target=_serve, args=(gift, following, start, results)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _serve(gift: int, following: Callable[[], int | None], start: Any, results: Any) -> None:
    """A thread: member after member. Who is to try again stands at the end of the thread's own line."""
    connection.ensure_connection()
    start.wait()
    begin = sold = time.monotonic()
    done = busy = 0
    again: deque[tuple[float, int]] = deque()
    while (member := _due(again, following)) is not None:
        try:
            redeem(member_id=1 + member, gift_id=gift, quantity=1, at=data.AT, request_key="rush")
            done, sold = done + 1, time.monotonic()
        except Busy:
            busy += 1
            again.append((time.monotonic() + AGAIN, member))
        except OutOfStock:
            pass
    results.put(Told(begin, sold, time.monotonic(), done, busy))
    connection.close()


def _due(again: deque[tuple[float, int]], following: Callable[[], int | None]) -> int | None:
    """Return who is served now: who was to try again if it is time, else who comes next; None when all are served."""
    if again and again[0][0] <= time.monotonic():
        return again.popleft()[1]
    member = following()
    if member is None and again:
        time.sleep(max(again[0][0] - time.monotonic(), 0))
        return again.popleft()[1]
    return member


def _outcome(gift: int, pieces: int, told: list[Told], before: list[float], during: list[float]) -> Outcome:
    done, begin = sum(one.done for one in told), min(one.begin for one in told)
    sold = Redemption.objects.filter(gift=gift).count()
    if sold != done or sold + Gift.objects.get(pk=gift).stock != pieces:
        raise RuntimeError(f"{sold} redemptions are stored of {pieces} pieces, {done} were told.")
    return Outcome(
        max(one.sold for one in told) - begin,
        max(one.end for one in told) - begin,
        done,
        sum(one.busy for one in told),
        max(sold - pieces, 0),
        before,
        during,
    )
