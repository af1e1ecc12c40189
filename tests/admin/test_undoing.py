"""An import is undone through the back office: what will happen is said, somebody confirms, the report tells it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils.html import escape

from loyalty import ledger
from loyalty.models import Balance, EarningRule, PointsPolicy
from members.models import Member, User
from orders import undoing
from orders.models import Order, OrderImport
from orders.tasks import resume_imports, undo_import
from tests.admin.conftest import signed_in, staff
from tests.conftest import NOW, rows
from tests.orders.test_merging import E1, E2, line, told

LIN, MEI = "13800000001", "13800000002"


@pytest.fixture(autouse=True)
def shop(db: None) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)
    PointsPolicy.objects.create(pending_days=0)


def page(order_import: OrderImport, name: str = "change") -> str:
    return f"/admin/orders/orderimport/{order_import.pk}/{name}/"


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_what_an_undo_would_do_is_said_before_and_told_after(
    boss: Client, wang: User, django_capture_on_commit_callbacks: Any
) -> None:
    told(line("paid", 100, phone=LIN))
    later = told(line("paid", 60, phone=LIN), line("paid", 1500, number=E2, phone=MEI))
    ledger.debit(member_id=Member.objects.get(phone=f"+86{MEI}").pk, points=200, source="till", key="1", at=NOW)
    assert page(later, "undo") in text(boss.get(page(later)))

    asked = text(boss.get(page(later, "undo")))

    for sentence in (
        "1 order that only this file told goes away.",
        "1 order that this file changed stands as it stood before.",
        "1,500 points and 1,500 growth value are taken back.",
        "40 points and 40 growth value that this file had taken are given again.",
        "200 of these points are spent already: 1 member will owe them until new points repay them.",
    ):
        assert escape(sentence) in asked
    assert Order.objects.count() == 2

    with django_capture_on_commit_callbacks(execute=True):
        answer = boss.post(page(later, "undo"), {"confirmed": "1"})

    assert answer.headers["location"] == page(later)
    report = text(boss.get(page(later)))
    assert "Points taken back</span><strong>1,500" in report
    assert "Points given again</span><strong>40" in report
    assert "wang" in report
    assert page(later, "undo") not in report
    later.refresh_from_db()
    assert (later.state, later.undone_by) == ("UNDONE", wang)
    assert rows(Order, "number", "gross") == [(E1, 100)]
    assert rows(Balance, "points", "debt") == [(100, 0), (0, 200)]
    assert LogEntry.objects.filter(object_id=later.pk, change_message="Undone.").count() == 1


def test_two_people_who_undo_the_same_import_undo_it_once(
    boss: Client, django_capture_on_commit_callbacks: Any
) -> None:
    first = told(line("paid", 100, phone=LIN))
    with django_capture_on_commit_callbacks(execute=True):
        boss.post(page(first, "undo"), {"confirmed": "1"})

    again = boss.post(page(first, "undo"), {"confirmed": "1"}, follow=True)

    assert "This import was undone already." in text(again)
    assert "This import was undone already." in text(boss.get(page(first, "undo"), follow=True))


def test_to_undo_is_a_right_of_its_own() -> None:
    first = told(line("paid", 100, phone=LIN))
    importer = signed_in(staff("chen", "view_orderimport", "add_orderimport"))
    undoer = signed_in(staff("zhao", "view_orderimport", "undo_orderimport"))

    assert page(first, "undo") not in text(importer.get(page(first)))
    assert importer.get(page(first, "undo")).status_code == 403
    assert importer.post(page(first, "undo"), {"confirmed": "1"}).status_code == 403
    assert Order.objects.count() == 1
    assert page(first, "undo") in text(undoer.get(page(first)))
    assert "1 order that only this file told goes away." in text(undoer.get(page(first, "undo")))


def test_an_import_that_is_being_undone_asks_for_itself_and_is_taken_up_by_the_beat(
    boss: Client, wang: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = told(line("paid", 100, phone=LIN))
    undoing.begin(import_id=first.pk, actor_id=wang.pk, at=NOW)
    assert "A worker is undoing it." in text(boss.get(page(first)))
    assert page(first, "progress") in text(boss.get(page(first)))
    OrderImport.objects.update(touched_at=NOW)
    taken_up = []
    monkeypatch.setattr(undo_import, "delay", taken_up.append)

    resume_imports()

    assert taken_up == [first.pk]


def test_an_import_that_is_too_old_or_on_its_way_offers_no_undo(boss: Client) -> None:
    first = told(line("paid", 100, phone=LIN))
    OrderImport.objects.update(forgotten=True)

    assert page(first, "undo") not in text(boss.get(page(first)))
    assert "cannot be undone any more" in text(boss.get(page(first, "undo"), follow=True))
    OrderImport.objects.update(forgotten=False, state="STORED")
    assert "Only an import that has ended can be undone." in text(boss.get(page(first, "undo"), follow=True))
    assert boss.get("/admin/orders/orderimport/999999/undo/").status_code == 404
