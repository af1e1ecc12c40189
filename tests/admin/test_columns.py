"""A file that nobody knows is refused; staff choose what its columns are, and it is read anew."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape

from orders import importing
from orders.channels.base import KEPT
from orders.models import Channel, ColumnMapping, Order, OrderImport
from orders.tasks import run_import
from tests.admin.conftest import signed_in, staff
from tests.conftest import NOW, rows

UPLOAD = "/admin/orders/orderimport/upload/"
HEADERS = json.loads((Path(__file__).parents[1] / "data" / "headers.json").read_text("utf-8"))
WEIMOB = ["订单编号", "订单状态", "实付金额", "退款金额", "付款时间", "买家手机号", "收货人手机", "商品名称", "备注"]
ROW = {"订单编号": '="WM1"', "订单状态": "已完成", "实付金额": "￥100.00", "退款金额": "0.00",
       "付款时间": "2026-05-01 08:01:00", "买家手机号": "\t13800000001", "收货人手机": "13900000000"}  # fmt: skip
FURTHER = [
    ROW,
    ROW | {"订单编号": "WM2", "订单状态": "拼团中", "退款金额": "30"},
    ROW | {"订单编号": "WM3", "订单状态": "待付款"},
]
GUESSED = {"订单编号": "number", "订单状态": "status", "实付金额": "paid", "退款金额": "refund", "付款时间": "paid_at",
           "买家手机号": "phone", "商品名称": "title"}  # fmt: skip


def content(header: list[str], *records: dict[str, str], before: str = "") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *[[one.get(name, "") for name in header] for one in records]])
    return (before + text.getvalue()).encode("gb18030")


@pytest.fixture
def handed_in(
    boss: Client,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
    django_capture_on_commit_callbacks: Any,
) -> Any:
    """Return `hand_in(content)`: uploads a file and returns its import, which a worker has looked at."""
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(run_import, "delay", lambda import_id: importing.run(import_id=import_id, at=NOW))

    def hand_in(text: bytes, **fields: str) -> OrderImport:
        with django_capture_on_commit_callbacks(execute=True):
            boss.post(UPLOAD, {"file": SimpleUploadedFile("weimob.csv", text), **fields})
        return OrderImport.objects.latest("pk")

    return hand_in


def address(order_import: OrderImport) -> str:
    return f"/admin/orders/columnmapping/choose/{order_import.pk}/"


def shown(client: Client, order_import: OrderImport, **asked: str) -> Any:
    """Return the page, looked at as asked."""
    page = client.get(address(order_import))
    return client.post(address(order_import), filled(page) | asked | {"look": "1"}) if asked else page


def filled(page: Any) -> dict[str, str]:
    """Return what a browser would send of the first page as it stands."""
    fields = [*page.context["place"], *page.context["form"]]
    given = {field.name: field.value() for field in fields}
    return {"shown": page.context["sight"].shown} | {
        name: str(value) for name, value in given.items() if value is not None
    }


def told(page: Any, choices: dict[str, str], **chosen: str) -> dict[str, str]:
    """Return what is sent when the columns of these names are chosen so."""
    header = page.context["sight"].look.header
    return filled(page) | {f"column-{header.index(name)}": role for name, role in choices.items()} | chosen


@pytest.fixture
def choose(boss: Client, django_capture_on_commit_callbacks: Any) -> Any:
    """Return `choose(import, data)`: sends the page and lets the worker have what comes of it."""

    def send(order_import: OrderImport, data: dict[str, str]) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return boss.post(address(order_import), data)

    return send


def test_a_refused_file_offers_to_choose_its_columns(boss: Client, handed_in: Any) -> None:
    order_import = handed_in(content(WEIMOB, *FURTHER, before="微盟订单\n"))

    report = boss.get(f"/admin/orders/orderimport/{order_import.pk}/change/").content.decode()
    page = boss.get(address(order_import))

    assert order_import.state == "REFUSED"
    assert address(order_import) in report
    form = page.context["form"]
    assert {one["name"]: one["field"].value() for one in form.columns() if one["field"].value()} == GUESSED
    assert form.columns()[0]["values"] == ["WM1", "WM2", "WM3"]
    assert (page.context["sight"].look.line, page.context["sight"].channel) == (2, "other")


def test_columns_then_words_then_the_file_is_read_and_waits(boss: Client, handed_in: Any, choose: Any) -> None:
    order_import = handed_in(content(WEIMOB, *FURTHER))
    page = shown(boss, order_import, channel="weimob")
    first = told(page, {}, amounts="gross", name="微盟商城")

    words = choose(order_import, first)
    told_words = {field.label: field.value() for field in words.context["words"]}
    second = words.context["carried"] | {
        "word-status-0": "completed",
        "word-status-1": "paid",
        "word-status-2": "unpaid",
    }
    answer = choose(order_import, second | {"save": "1"})

    order_import.refresh_from_db()
    assert told_words == {"已完成": "completed", "拼团中": "", "待付款": "unpaid"}
    assert answer.headers["location"] == f"/admin/orders/orderimport/{order_import.pk}/change/"
    assert (order_import.state, order_import.orders, order_import.rejected) == ("PREVIEWED", 3, 0)
    assert order_import.foreseen["paid"] == "170.00"  # type: ignore[index]
    assert rows(ColumnMapping, "name", "channel__code", "net", "rows", "created_by__username") == [
        ("微盟商城", "weimob", False, "order", "wang")
    ]
    assert LogEntry.objects.filter(change_message__contains="weimob.csv").count() == 1
    assert "微盟商城" in boss.get(answer.headers["location"]).content.decode()


def test_the_next_file_with_that_header_is_read_by_itself(boss: Client, handed_in: Any, choose: Any) -> None:
    order_import = handed_in(content(WEIMOB, ROW))
    data = told(shown(boss, order_import, channel="weimob"), {}, amounts="gross")
    choose(order_import, data | {"word-status-0": "completed", "save": "1"})

    later = handed_in(content(WEIMOB, *FURTHER))

    assert (later.state, later.orders, later.rejected) == ("PREVIEWED", 3, 0)
    assert later.mapping == ColumnMapping.objects.get()


def test_a_word_that_was_not_there_is_added_while_the_file_waits(boss: Client, handed_in: Any, choose: Any) -> None:
    order_import = handed_in(content(WEIMOB, ROW))
    data = told(shown(boss, order_import, channel="weimob"), {}, amounts="gross")
    choose(order_import, data | {"word-status-0": "completed", "save": "1"})
    later = handed_in(content(WEIMOB, *FURTHER[1:]))

    page = choose(later, filled(shown(boss, later)))
    choose(later, page.context["carried"] | {"word-status-0": "paid", "word-status-1": "reject", "save": "1"})

    later.refresh_from_db()
    assert (later.state, later.orders, later.rejected) == ("PREVIEWED", 1, 1)
    assert ColumnMapping.objects.get().words == {
        "status": {"已完成": "completed", "拼团中": "paid", "待付款": "reject"}
    }


def test_words_are_kept_when_the_columns_are_looked_at_again(boss: Client, handed_in: Any, choose: Any) -> None:
    order_import = handed_in(content(WEIMOB, *FURTHER))
    words = choose(order_import, told(shown(boss, order_import), {"备注": "sku"}, amounts="net"))

    page = choose(order_import, words.context["carried"] | {"edit": "1"})

    assert page.context["words"] is None
    assert page.context["form"]["column-8"].value() == "sku"
    assert page.context["form"]["amounts"].value() == "net"


@pytest.mark.parametrize(
    ("choices", "chosen", "sentence"),
    [
        ({"订单编号": ""}, {}, "Choose the column with the order number."),
        ({"实付金额": ""}, {}, "Choose the column with the amount that the buyer paid."),
        ({"备注": "number"}, {}, "Two columns were chosen as “order number”: “订单编号” and “备注”. Choose one."),
        ({"收货人手机": "phone", "买家手机号": ""}, {}, "is the phone of whoever receives the parcel"),
        ({}, {"amounts": ""}, "Say whether refunds are taken off already"),
        ({"订单状态": "", "付款时间": "ordered_at"}, {}, "Choose the status or the time of payment"),
    ],
)
def test_a_choice_that_cannot_work_says_why(
    boss: Client, handed_in: Any, choose: Any, choices: dict[str, str], chosen: dict[str, str], sentence: str
) -> None:
    order_import = handed_in(content(WEIMOB, *FURTHER))

    page = choose(order_import, told(shown(boss, order_import), choices, **{"amounts": "gross", **chosen}))

    assert escape(sentence) in page.content.decode()
    assert not ColumnMapping.objects.exists()
    assert OrderImport.objects.get().state == "REFUSED"


def test_a_word_without_a_meaning_is_asked_for(boss: Client, handed_in: Any, choose: Any) -> None:
    order_import = handed_in(content(WEIMOB, *FURTHER))
    words = choose(order_import, told(shown(boss, order_import), {}, amounts="gross"))

    again = choose(order_import, words.context["carried"] | {"word-status-0": "completed", "save": "1"})

    assert again.content.decode().count("Choose what this word means.") == 2
    assert not ColumnMapping.objects.exists()


def test_a_column_of_anything_is_no_status(boss: Client, handed_in: Any, choose: Any) -> None:
    many = [ROW | {"订单编号": f"WM{n}", "备注": f"note {n}"} for n in range(70)]
    order_import = handed_in(content(WEIMOB, *many))

    page = choose(order_import, told(shown(boss, order_import), {"订单状态": "", "备注": "status"}, amounts="gross"))

    assert "has more than 60 different values" in page.content.decode()


def test_weimob_without_refunds_is_warned_of(boss: Client, handed_in: Any, choose: Any) -> None:
    header = [one for one in WEIMOB if one != "退款金额"]
    order_import = handed_in(content(header, *FURTHER))

    page = shown(boss, order_import, channel="weimob")
    words = choose(order_import, filled(page))
    elsewhere = shown(boss, order_import, channel="other")

    for one in (page, words):
        assert "refunded in full as 已完成" in one.content.decode()
    assert "refunded in full as 已完成" not in elsewhere.content.decode()


def test_header_and_table_can_be_corrected(boss: Client, handed_in: Any) -> None:
    order_import = handed_in(content(WEIMOB, *FURTHER))

    page = shown(boss, order_import, line="2")

    assert page.context["sight"].look.header[:3] == ('="WM1"', "已完成", "￥100.00")
    assert list(page.context["form"].columns()[0]["values"]) == ["WM2", "WM3"]


def test_another_channel_than_was_shown_is_shown_before_anything_is_kept(
    boss: Client, handed_in: Any, choose: Any
) -> None:
    order_import = handed_in(content(WEIMOB, *FURTHER))
    data = told(shown(boss, order_import), {}, amounts="gross")

    page = choose(order_import, data | {"channel": "taobao"})

    assert page.context["sight"].channel == "taobao"
    assert page.context["words"] is None


def test_woocommerce_report_is_proposed_whole(boss: Client, handed_in: Any, choose: Any) -> None:
    order = {
        "Date": "2026-05-01 10:00:00",
        "Order #": "1001",
        "N. Revenue (formatted)": "৳2,999",
        "Status": "completed",
    }
    text = content(HEADERS["WOOCOMMERCE_REPORT_11"], order)
    order_import = handed_in(text)

    words = choose(order_import, filled(shown(boss, order_import)))
    proposed = {field.name: field.value() for field in words.context["words"]}
    choose(order_import, words.context["carried"] | proposed | {"save": "1"})

    order_import.refresh_from_db()
    assert (order_import.state, order_import.channel.code) == ("PREVIEWED", "woocommerce")  # type: ignore[union-attr]
    assert order_import.foreseen["paid"] == "2999.00"  # type: ignore[index]


def test_columns_of_a_known_format_are_corrected_while_the_file_waits(
    boss: Client, handed_in: Any, choose: Any
) -> None:
    order = {"订单号": "260517-1", "订单状态": "已收货", "用户实付金额(元)": "60.00", "商家实收金额(元)": "69.00",
             "售后状态": "无售后或售后取消", "支付时间": "2026-05-17 08:00:00"}  # fmt: skip
    order_import = handed_in(content(HEADERS["PDD_WIDE_62"], order))
    before = order_import.foreseen["paid"]  # type: ignore[index]

    page = shown(boss, order_import)
    choose(order_import, told(page, {"用户实付金额(元)": "", "商家实收金额(元)": "paid"}))

    order_import.refresh_from_db()
    assert before == "60.00"
    assert page.context["sight"].read_as == "pinduoduo"
    assert order_import.foreseen["paid"] == "69.00"  # type: ignore[index]
    assert rows(ColumnMapping, "format", "channel__code") == [("pinduoduo", "pinduoduo")]


def test_a_file_of_a_format_in_another_channel_is_warned_of(boss: Client, handed_in: Any) -> None:
    order_import = handed_in(content(HEADERS["YOUZAN_ORDER_60"], {"订单号": "E20260501144516091837897"}))

    page = shown(boss, order_import, channel="weimob")

    assert "This looks like a file of “Youzan order export”." in page.content.decode()


def test_after_sale_words_have_meanings_of_their_own(boss: Client, handed_in: Any, choose: Any) -> None:
    header = [*WEIMOB, "维权状态"]
    order_import = handed_in(content(header, ROW | {"维权状态": "维权成功"}, ROW | {"订单编号": "WM2"}))

    words = choose(order_import, told(shown(boss, order_import), {}, amounts="gross"))
    proposed = {field.name: field.value() for field in words.context["words"]}
    choose(order_import, words.context["carried"] | proposed | {"save": "1"})

    assert ColumnMapping.objects.get().words["after_sale"] == {"维权成功": "refunded", "": KEPT}
    order_import.refresh_from_db()
    assert order_import.foreseen["paid"] == "100.00"  # type: ignore[index]


@pytest.mark.parametrize("state", ["CHECKED", "DONE", "DISCARDED"])
def test_an_import_that_has_gone_on_is_left_alone(boss: Client, handed_in: Any, state: str) -> None:
    order_import = handed_in(content(WEIMOB, ROW))
    OrderImport.objects.update(state=state)

    answer = boss.get(address(order_import), follow=True)

    assert "has gone on meanwhile" in answer.content.decode()


def test_only_who_may_import_and_choose_sees_the_page(handed_in: Any) -> None:
    order_import = handed_in(content(WEIMOB, ROW))
    importer = signed_in(staff("chen", "view_orderimport", "add_orderimport"))
    chooser = signed_in(staff("zhou", "view_orderimport", "add_orderimport", "add_columnmapping"))

    report = importer.get(f"/admin/orders/orderimport/{order_import.pk}/change/").content.decode()

    assert address(order_import) not in report
    assert importer.get(address(order_import)).status_code == 403
    assert chooser.get(address(order_import)).status_code == 200


def test_what_is_remembered_is_listed_renamed_and_deleted(boss: Client, handed_in: Any, choose: Any) -> None:
    order_import = handed_in(content(WEIMOB, *FURTHER))
    data = told(shown(boss, order_import), {}, amounts="gross", name="ERP")
    meanings = {"word-status-0": "completed", "word-status-1": "hold", "word-status-2": "unpaid"}
    choose(order_import, data | meanings | {"save": "1"})
    kept = ColumnMapping.objects.get()

    listed = boss.get("/admin/orders/columnmapping/").content.decode()
    page = boss.get(f"/admin/orders/columnmapping/{kept.pk}/change/").content.decode()
    boss.post(f"/admin/orders/columnmapping/{kept.pk}/change/", {"name": "仓库导出"})
    renamed = ColumnMapping.objects.get()
    boss.post(f"/admin/orders/columnmapping/{kept.pk}/delete/", {"post": "yes"})

    assert "ERP" in listed
    assert "拼团中" in page
    assert "实付金额" in page
    assert (renamed.name, renamed.columns) == ("仓库导出", kept.columns)
    assert not ColumnMapping.objects.exists()
    assert OrderImport.objects.get().mapping is None
    assert handed_in(content(WEIMOB, ROW)).state == "REFUSED"


def test_the_first_choice_for_a_platform_makes_its_channel(boss: Client, handed_in: Any, choose: Any) -> None:
    order_import = handed_in(content(WEIMOB, ROW))
    offered = dict(shown(boss, order_import).context["place"].fields["channel"].choices)
    data = told(shown(boss, order_import, channel="weimob"), {}, amounts="gross")

    choose(order_import, data | {"word-status-0": "completed", "save": "1"})

    assert offered["weimob"] == "Weimob (new channel)"
    assert rows(Channel, "code", "name", "format", "enrol") == [("weimob", "Weimob", "weimob", True)]
    assert not Order.objects.exists()
