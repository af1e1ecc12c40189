"""An order file goes in through the back office and becomes a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape

from loyalty.models import EarningRule
from orders import importing
from orders.models import Channel, Order, OrderImport, RejectedRow
from orders.tasks import run_import
from tests.admin.conftest import signed_in, staff
from tests.conftest import NOW

SAMPLES = Path(__file__).parent.parent / "data" / "samples"
UPLOAD = "/admin/orders/orderimport/upload/"


@pytest.fixture
def upload(
    boss: Client,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
    django_capture_on_commit_callbacks: Any,
) -> Any:
    """Return `upload(name, content, **fields)`: hands a file in, and lets the worker take it when it is committed."""
    settings.MEDIA_ROOT = tmp_path
    EarningRule.objects.create(name="Base", benefit_rate=1)
    monkeypatch.setattr(run_import, "delay", lambda import_id: importing.run(import_id=import_id, at=NOW))

    def hand_in(name: str, content: bytes, **fields: str) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return boss.post(UPLOAD, {"file": SimpleUploadedFile(name, content), **fields})

    return hand_in


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def test_a_file_is_taken_in_and_its_report_shows_the_numbers(boss: Client, upload: Any) -> None:
    answer = upload("youzan_orders.csv", sample("youzan_orders.csv"))

    done = OrderImport.objects.get()
    page = boss.get(answer.headers["location"]).content.decode()
    assert answer.headers["location"] == f"/admin/orders/orderimport/{done.pk}/change/"
    assert (done.state, done.created_by.username, done.new) == ("DONE", "wang", Order.objects.count())  # type: ignore[union-attr]
    assert f"<strong>{done.orders}</strong>" in page
    assert RejectedRow.objects.first().reason in page  # type: ignore[union-attr]
    assert "hx-get" not in page.split('id="report"')[1].split(">")[0]


def test_an_import_on_its_way_asks_for_itself(boss: Client, wang: Any) -> None:
    waiting = OrderImport.objects.create(name="a.csv", created_at=NOW, created_by=wang)

    page = boss.get(f"/admin/orders/orderimport/{waiting.pk}/change/").content.decode()
    part = boss.get(f"/admin/orders/orderimport/{waiting.pk}/progress/").content.decode()

    for shown in (page, part):
        assert f'hx-get="/admin/orders/orderimport/{waiting.pk}/progress/"' in shown


def test_the_same_file_again_says_so(boss: Client, upload: Any) -> None:
    upload("youzan_orders.csv", sample("youzan_orders.csv"))
    again = upload("other name.csv", sample("youzan_orders.csv"))

    page = boss.get(again.headers["location"]).content.decode()

    assert "Nothing counts twice." in page
    assert OrderImport.objects.first().new == 0  # type: ignore[union-attr]


def test_a_companion_file_is_refused_with_its_reason(boss: Client, upload: Any) -> None:
    answer = upload("x.csv", sample("taobao_ExportOrderDetailList.csv"))

    refused = OrderImport.objects.get()
    page = boss.get(answer.headers["location"]).content.decode()
    assert refused.state == "REFUSED"
    assert 'role="alert"' in page
    assert escape(refused.reason) in page


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("a.csv", b"", "This file is empty."), ("a.csv", b"x" * 11, "This file is larger than")],
)
def test_what_cannot_be_taken_in_is_said_in_a_sentence(
    upload: Any, settings: Any, name: str, content: bytes, words: str
) -> None:
    settings.ORDER_FILE_MAX_BYTES = 10

    answer = upload(name, content)

    assert words in answer.content.decode()
    assert not OrderImport.objects.exists()


def test_no_file_is_said_in_a_sentence(boss: Client) -> None:
    assert "Choose a file first." in boss.post(UPLOAD, {}).content.decode()


def test_a_channel_may_be_chosen(boss: Client, upload: Any) -> None:
    second = Channel.objects.create(code="second-shop", name="Second shop", format="youzan")

    upload("youzan_orders.csv", sample("youzan_orders.csv"), channel=second.code)

    assert OrderImport.objects.get().channel == second
    assert not Order.objects.exclude(channel=second).exists()


def test_rejected_rows_come_as_csv_with_formulas_disarmed(boss: Client, wang: Any) -> None:
    file = OrderImport.objects.create(name="a.csv", created_at=NOW, created_by=wang, state="DONE", rejected=1)
    RejectedRow.objects.create(order_import=file, line=3, number="1", column="c", value="=1+1", reason="no amount")

    answer = boss.get(f"/admin/orders/orderimport/{file.pk}/rejects.csv")

    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert "3,1,c,'=1+1,no amount" in text
    assert answer.headers["content-type"].startswith("text/csv")


def test_files_are_for_those_who_may_import(boss: Client, upload: Any) -> None:
    upload("youzan_orders.csv", sample("youzan_orders.csv"))
    one = OrderImport.objects.get()
    zhou = signed_in(staff("zhou", "view_orderimport"))
    places = [f"/admin/orders/orderimport/{one.pk}/{part}" for part in ("file/", "rejects.csv")]

    assert [zhou.get(place).status_code for place in places] == [403, 403]
    assert zhou.get(f"/admin/orders/orderimport/{one.pk}/change/").status_code == 200
    given = boss.get(places[0])
    assert b"".join(given.streaming_content) == sample("youzan_orders.csv")  # type: ignore[attr-defined]
    assert given.headers["content-disposition"].startswith("attachment")
