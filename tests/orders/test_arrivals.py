"""Who arrives is looked for until nobody can be filing an order of his any more: no order is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from time import monotonic
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from loyalty import ledger
from loyalty.models import EarningRule
from members import arrivals
from members.models import Arrival, Identity, Member, User
from orders import matching
from orders.models import Channel, Order, OrderImport
from tests.conftest import NOW, make_member, rows

PHONE = "+8613800007596"


@pytest.fixture
def shop(db: None) -> Channel:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    return Channel.objects.create(code="youzan", name="Youzan", format="youzan", enrol=False)


def sold(channel: Channel, number: str = "E1", **values: Any) -> Order:
    """An order of 100 yuan paid today, whose buyer nobody knows."""
    brought = OrderImport.objects.get_or_create(name="orders.csv", channel=channel, created_at=NOW, state="DONE")[0]
    paid: dict[str, Any] = {"status": "completed", "gross": 100, "refunded": 0, "shipping": 0, "buyer": "", "phone": ""}
    imports = {"first_import": brought, "last_import": brought, "paid_at": NOW}
    return Order.objects.create(channel=channel, number=number, **{**paid, **imports, **values})


@contextmanager
def not_yet_committed(act: Callable[[], Any]) -> Iterator[None]:
    """Somebody else has done something in a transaction that ends with this block."""
    done, end = Event(), Event()

    def elsewhere() -> None:
        try:
            with transaction.atomic():
                act()
                done.set()
                assert end.wait(10)
        finally:
            done.set()
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(elsewhere)
        assert done.wait(10)
        try:
            yield
        finally:
            end.set()
            other.result()


def wait() -> int:
    return matching.match_waiting(at=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_member_whose_joining_commits_late_is_found(shop: Channel) -> None:
    sold(shop, phone=PHONE)

    with not_yet_committed(lambda: make_member("Lin", PHONE)):
        before = wait()
        make_member("Mei", "+8613800000002")  # commits first, with the higher number
        meanwhile = wait()

    assert (before, meanwhile, wait(), wait()) == (0, 0, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_an_order_that_was_being_stored_while_its_buyer_joined_is_found(shop: Channel) -> None:
    brought = sold(shop, "E0")  # so that the channel and the file are there

    with not_yet_committed(lambda: sold(brought.channel, phone=PHONE)):
        make_member("Lin", PHONE)
        before = wait()
        kept = Arrival.objects.count()

    after = [wait(), wait()]
    assert (before, kept, after) == (0, 1, [1, 0])
    until = monotonic() + 120  # an arrival is kept while any transaction of the server is older, of other tests too
    while Arrival.objects.exists() and monotonic() < until:
        wait()
    assert rows(Arrival) == []


@pytest.mark.django_db(transaction=True)
def test_an_arrival_is_looked_for_by_one_at_a_time(shop: Channel, at_once: Callable[..., list[Any]]) -> None:
    lin = make_member("Lin", PHONE)
    for number in range(20):
        sold(shop, f"E{number}", phone=PHONE)

    outcomes = at_once(lambda _n: wait(), list(range(8)))

    assert sum(outcomes) == 20
    assert ledger.standing(member_id=lin.pk, at=NOW).pending == 2000


@pytest.mark.django_db(transaction=True)
def test_an_error_on_the_way_leaves_the_arrival(shop: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    sold(shop, phone=PHONE)
    make_member("Lin", PHONE)

    def fails(*args: Any, **more: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(matching.awarding, "award_few", fails)
        with pytest.raises(RuntimeError):
            wait()

    assert Arrival.objects.count() == 1
    assert wait() == 1


def test_only_who_can_newly_be_recognised_arrives(shop: Channel, lin: Member, mei: Member) -> None:
    Arrival.objects.all().delete()

    Member.objects.filter(pk=lin.pk).update(name="Lin Lin", tier=mei.tier)
    Member.objects.create(name="without a phone", joined_at=NOW)
    nobody = rows(Arrival)
    Member.objects.filter(pk=lin.pk).update(phone="+8613900000009")
    account = Identity.objects.create(channel="youzan", external_id="花开", member=lin)
    account.member = mei
    account.save()

    assert nobody == []
    assert rows(Arrival, "member") == [(lin.pk,), (lin.pk,), (mei.pk,)]


def test_a_change_of_phone_brings_the_orders_of_the_new_one(shop: Channel, lin: Member) -> None:
    sold(shop, phone=PHONE)
    wait()

    Member.objects.filter(pk=lin.pk).update(phone=PHONE)

    assert wait() == 1


def test_everybody_is_looked_for_by_night(shop: Channel, lin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MEMBERS", 1)
    monkeypatch.setattr(matching, "BATCH", 2)
    make_member("Mei", "+8613800000002")
    wei = make_member("Wei", PHONE)
    for number in range(5):
        sold(shop, f"E{number}", phone=PHONE)
    Arrival.objects.all().delete()

    found = [wait(), matching.match_all(at=NOW), matching.match_all(at=NOW)]

    assert found == [0, 5, 0]
    assert set(Order.objects.values_list("member", flat=True)) == {wei.pk}


def test_who_signs_in_for_the_first_time_sees_the_points_of_his_orders_at_once(shop: Channel) -> None:
    sold(shop, phone=PHONE, paid_at=timezone.now())
    lin = make_member("Lin", PHONE, user=User.objects.create(username="lin"))
    client = Client(headers={"accept-language": "en"})
    client.force_login(lin.user, backend="django.contrib.auth.backends.ModelBackend")

    home = client.get("/")

    assert home.context["standing"].pending == 100


def test_a_page_is_shown_though_the_looking_fails_and_asks_nothing_for_who_arrived_long_ago(
    shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin = make_member("Lin", PHONE, user=User.objects.create(username="lin"))
    client = Client(headers={"accept-language": "en"})
    client.force_login(lin.user, backend="django.contrib.auth.backends.ModelBackend")
    calls: list[Member] = []

    def fails(member: Member, at: Any) -> None:
        calls.append(member)
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(arrivals, "WELCOMES", [fails])
        page = client.get("/history/")
        wait()
        client.get("/history/")

    assert page.status_code == 200
    assert calls == [lin]


def test_what_is_too_much_for_a_page_is_left_to_the_beat(
    shop: Channel, lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "AT_ONCE", 2)
    Member.objects.filter(pk=lin.pk).update(phone=PHONE)
    for number in range(3):
        sold(shop, f"E{number}", phone=PHONE)

    found = [matching.match_member(lin, NOW), wait()]

    assert found == [2, 1]


def test_matching_reads_the_orders_of_the_arrived_by_index(shop: Channel, lin: Member) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into orders_order (channel_id, number, status, gross, refunded, shipping, paid_at, buyer, phone, "
            "first_import_id, last_import_id) select %s, n::text, 'paid', 1, 0, 0, now(), 'b' || n, "
            "'+86137' || lpad(n::text, 8, '0'), %s, %s from generate_series(1, 20000) n",
            [shop.pk, *[sold(shop).last_import_id] * 2],
        )
        cursor.execute("analyze orders_order")
        relation = matching.Relation("select unnest(%s::bigint[]) as member_id", ([lin.pk],))
        statement = matching.sql.over("orders", "match_waiting", relation=relation, most=10)
        cursor.execute(f"explain {statement.sql}", statement.params)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Seq Scan on orders_order" not in plan
    assert "order_waiting_phone" in plan
