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
from orders.models import Channel, Order, OrderImport, RejectedRow, StagedRow
from orders.tasks import run_import
from tests.admin.conftest import signed_in, staff
from tests.conftest import NOW

SAMPLES = Path(__file__).parent.parent / "data" / "samples"
UPLOAD = "/admin/orders/orderimport/upload/"


@pytest.fixture
def decide(boss: Client, django_capture_on_commit_callbacks: Any) -> Any:
    """Return `decide(page, word)`: presses "confirm" or "discard" on the page of an import."""

    def press(page: str, word: str) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return boss.post(page.replace("/change/", "/decide/"), {word: "1"})

    return press


@pytest.fixture
def upload(
    boss: Client,
    decide: Any,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
    django_capture_on_commit_callbacks: Any,
) -> Any:
    """Return `upload(name, content, **fields)`: hands a file in and confirms it; the worker takes it when committed."""
    settings.MEDIA_ROOT = tmp_path
    EarningRule.objects.create(name="Base", benefit_rate=1)
    monkeypatch.setattr(run_import, "delay", lambda import_id: importing.run(import_id=import_id, at=NOW))

    def hand_in(name: str, content: bytes, confirm: bool = True, **fields: str) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            answer = boss.post(UPLOAD, {"file": SimpleUploadedFile(name, content), **fields})
        if confirm and answer.status_code == 302:
            decide(answer.headers["location"], "confirm")
        return answer

    return hand_in


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def test_a_file_is_taken_in_and_its_report_shows_the_numbers(boss: Client, upload: Any) -> None:
    answer = upload("youzan_orders.csv", sample("youzan_orders.csv"))

    done = OrderImport.objects.get()
    page = boss.get(answer.headers["location"]).content.decode()
    assert answer.headers["location"] == f"/admin/orders/orderimport/{done.pk}/change/"
    assert (done.state, done.confirmed_by.username) == ("DONE", "wang")  # type: ignore[union-attr]
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
    [("a.csv", b"", "This file is empty."), ("a.csv", b"x" * 11, "a.csv: this file is larger than")],
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


def test_rejected_rows_come_as_a_file_that_can_be_mended(boss: Client, upload: Any) -> None:
    upload("youzan_orders.csv", sample("youzan_orders.csv"))
    file = OrderImport.objects.get()

    answer = boss.get(f"/admin/orders/orderimport/{file.pk}/rejects.csv")

    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert text.count("\r\n") == 1 + file.rejected
    assert all(reject.reason in text for reject in file.rejects.all())
    assert answer.headers["content-type"].startswith("text/csv")


def test_a_file_waits_until_somebody_confirms_it(boss: Client, upload: Any, decide: Any) -> None:
    page = upload("youzan_orders.csv", sample("youzan_orders.csv"), confirm=False).headers["location"]

    shown = boss.get(page).content.decode()
    waiting = OrderImport.objects.get()
    assert (waiting.state, waiting.confirmed_at, Order.objects.count()) == ("PREVIEWED", None, 0)
    assert "What this import will do" in shown
    assert f"<strong>{waiting.foreseen['points']:,}</strong>" in shown  # type: ignore[index]
    assert "订单实付金额" in shown
    assert "hx-get" not in shown.split('id="report"')[1].split(">")[0]

    decide(page, "confirm")

    assert OrderImport.objects.get().points == waiting.foreseen["points"] > 0  # type: ignore[index]


def test_a_discarded_file_is_kept_and_brings_nothing(boss: Client, upload: Any, decide: Any) -> None:
    page = upload("youzan_orders.csv", sample("youzan_orders.csv"), confirm=False).headers["location"]

    decide(page, "discard")
    decide(page, "confirm")

    assert OrderImport.objects.get().state == "DISCARDED"
    assert (Order.objects.count(), StagedRow.objects.count()) == (0, 0)
    assert "Confirm and import" not in boss.get(page).content.decode()


def test_several_files_are_handed_in_and_confirmed_together(
    boss: Client, upload: Any, django_capture_on_commit_callbacks: Any
) -> None:
    files = [SimpleUploadedFile(name, sample(name)) for name in ("youzan_orders.csv", "douyin_orders.csv")]
    with django_capture_on_commit_callbacks(execute=True):
        boss.post(UPLOAD, {"file": files})
    ids = list(OrderImport.objects.values_list("pk", flat=True))
    chosen = {"action": "confirm", "_selected_action": ids}

    question = boss.post("/admin/orders/orderimport/", chosen).content.decode()
    assert [one.state for one in OrderImport.objects.all()] == ["PREVIEWED", "PREVIEWED"]
    with django_capture_on_commit_callbacks(execute=True):
        boss.post("/admin/orders/orderimport/", {**chosen, "confirmed": "1"})

    assert "2 files with" in question
    assert [one.state for one in OrderImport.objects.all()] == ["DONE", "DONE"]


def test_too_many_files_at_once_are_refused_with_a_sentence(upload: Any, boss: Client) -> None:
    files = [SimpleUploadedFile(f"{number}.csv", b"x") for number in range(21)]

    answer = boss.post(UPLOAD, {"file": files})

    assert "Hand in at most 20 files at once." in answer.content.decode()
    assert not OrderImport.objects.exists()


def test_who_may_only_look_can_neither_confirm_nor_discard(upload: Any) -> None:
    page = upload("youzan_orders.csv", sample("youzan_orders.csv"), confirm=False).headers["location"]
    zhou = signed_in(staff("zhou", "view_orderimport"))

    assert zhou.post(page.replace("/change/", "/decide/"), {"confirm": "1"}).status_code == 403
    assert "Confirm and import" not in zhou.get(page).content.decode()
    assert OrderImport.objects.get().state == "PREVIEWED"


def test_the_members_of_an_import_are_listed(boss: Client, upload: Any) -> None:
    upload("youzan_orders.csv", sample("youzan_orders.csv"))
    done = OrderImport.objects.get()

    page = boss.get(f"/admin/orders/orderimport/{done.pk}/members/").content.decode()

    members = set(Order.objects.exclude(member=None).values_list("member", flat=True))
    assert len(members) > 3
    assert all(f"/admin/members/member/{member}/change/" in page for member in members)


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


def test_staff_say_on_the_page_what_a_word_means_and_its_orders_count(
    boss: Client, upload: Any, decide: Any, django_capture_on_commit_callbacks: Any
) -> None:
    content = sample("youzan_orders.csv").replace("已发货".encode(), "待核验".encode())
    page = upload("youzan_orders.csv", content, confirm=False).headers["location"]
    before = boss.get(page).content.decode()
    counted = OrderImport.objects.get().foreseen["eligible"]  # type: ignore[index]

    with django_capture_on_commit_callbacks(execute=True):
        boss.post(page.replace("/change/", "/words/"), {"meaning-0": "paid"})

    after = boss.get(page).content.decode()
    assert ("待核验" in before, "meaning-0" in before) == (True, True)
    assert ("待核验" in after, "meaning-0" in after) == (False, False)
    assert counted < OrderImport.objects.get().foreseen["eligible"] == 21  # type: ignore[index]


def test_who_may_not_choose_columns_cannot_say_what_a_word_means(upload: Any) -> None:
    content = sample("youzan_orders.csv").replace("已发货".encode(), "待核验".encode())
    page = upload("youzan_orders.csv", content, confirm=False).headers["location"]
    zhou = signed_in(staff("zhou", "view_orderimport", "add_orderimport"))

    assert zhou.post(page.replace("/change/", "/words/"), {"meaning-0": "paid"}).status_code == 403
    assert "meaning-0" not in zhou.get(page).content.decode()
