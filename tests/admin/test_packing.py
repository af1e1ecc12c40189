"""Packing lists out, tracking numbers in: all of a file or nothing of it."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from config.spreadsheets import xlsx
from mall import parcels, shipping, tracking
from mall.models import Redemption, Shipment
from members.models import Member, User
from tests.admin.conftest import give, redeemed, shelve, signed_in, staff
from tests.admin.test_actions import said
from tests.conftest import rows

State = Redemption.State
LIST = "/admin/mall/redemption/"
PATH = "/admin/mall/redemption/tracking/"


@pytest.fixture
def waiting(wang: User, lin: Member) -> list[Redemption]:
    give(lin, 100, wang)
    gift = shelve("=Cup")
    return [redeemed(lin, gift) for _turn in range(3)]


def file(text: str | bytes, name: str = "tracking.csv") -> io.BytesIO:
    handed = io.BytesIO(text.encode() if isinstance(text, str) else text)
    handed.name = name
    return handed


def chosen(waiting: list[Redemption], action: str) -> dict[str, Any]:
    return {"action": action, "_selected_action": [one.pk for one in waiting]}


def handed_in(client: Client, text: str | bytes) -> Any:
    return client.post(PATH, {"file": file(text)})


def confirmed(client: Client, asked: Any) -> Any:
    parcels = asked.context["form"]["parcels"].value()
    return client.post(PATH, {"parcels": parcels, "confirmed": "1"}, follow=True)


def states() -> list[str]:
    return list(Redemption.objects.order_by("pk").values_list("state", flat=True))


def test_the_list_names_what_is_to_be_packed_and_no_formula(boss: Client, waiting: list[Redemption]) -> None:
    shipping.ship(redemption_id=waiting[0].pk, carrier="SF", tracking_number="SF1", at=timezone.now())

    response = boss.post(LIST, chosen(waiting, "packing_csv"))

    assert 'attachment; filename="packing-' in response.headers["content-disposition"]
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    header, *lines = csv.reader(io.StringIO(text))
    assert header[0] == "redemption number"
    assert [(line[0], line[2], line[3], line[5], line[7]) for line in lines] == [
        (str(one.pk), "'=Cup", "1", "13800001111", "") for one in waiting[1:]
    ]
    assert LogEntry.objects.count() == 2


def test_who_waits_longest_comes_first(boss: Client, waiting: list[Redemption]) -> None:
    lists = [boss.get(f"/admin/mall/redemption/{asked}") for asked in ("?state__in=PLACED,PACKED", "")]

    ids = [[one.pk for one in page.context["cl"].result_list] for page in lists]

    assert ids == [sorted(ids[0]), sorted(ids[0], reverse=True)]
    assert len(ids[0]) == 3


def test_what_was_cancelled_of_it_is_not_packed(boss: Client, wang: User, lin: Member) -> None:
    give(lin, 100, wang)
    made = redeemed(lin, shelve("Teapot"), 3)
    shipping.cancel(redemption_id=made.pk, pieces=2, at=timezone.now())

    printed = boss.post("/admin/mall/redemption/", chosen([made], "packing_print")).content.decode()
    asked = boss.post("/admin/mall/redemption/", chosen([made], "pack")).content.decode()

    assert "Teapot × 1" in printed
    assert "Teapot × 1" in asked
    assert "× 3" not in printed + asked


def test_the_list_comes_as_a_workbook(boss: Client, waiting: list[Redemption]) -> None:
    response = boss.post(LIST, chosen(waiting, "packing_xlsx"))

    sheet = load_workbook(io.BytesIO(response.content)).active
    assert sheet is not None
    cells = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [(line[0], line[2], line[5]) for line in cells] == [(one.pk, "'=Cup", "13800001111") for one in waiting]


def test_the_list_is_printed_a_slip_for_each(boss: Client, waiting: list[Redemption]) -> None:
    page = boss.post(LIST, chosen(waiting, "packing_print")).content.decode()

    assert page.count("<article>") == 3
    assert "Hangzhou" in page
    assert " style=" not in page
    assert " onclick" not in page


def test_a_filled_list_comes_back_and_is_shipped(boss: Client, waiting: list[Redemption], lin: Member) -> None:
    text = b"".join(boss.post(LIST, chosen(waiting, "packing_csv")).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    header, first, second, third = csv.reader(io.StringIO(text))
    first[7:], second[7:] = ["顺丰速运", "SF0001"], ["中通快递", "773000000000000123"]
    filled = io.StringIO()
    csv.writer(filled).writerows([header, first, second, third])

    asked = handed_in(boss, filled.getvalue())
    before = states()
    done = confirmed(boss, asked)

    assert "Ship 2 redemptions?" in asked.content.decode()
    assert before == [State.PLACED] * 3
    assert said(done) == ["2 redemptions shipped."]
    assert states() == [State.SHIPPED, State.SHIPPED, State.PLACED]
    assert rows(Shipment, "redemption", "carrier", "tracking_number") == [
        (waiting[0].pk, "顺丰速运", "SF0001"),
        (waiting[1].pk, "中通快递", "773000000000000123"),
    ]
    assert Redemption.objects.filter(packed_at=None).count() == 1
    told = [item.words for item in parcels.news(lin, timezone.now())]
    assert any("SF0001" in words for words in told)
    assert len(told) == 2


def test_a_workbook_with_names_of_another_kind_is_understood(boss: Client, waiting: list[Redemption]) -> None:
    lines = [[f"#{waiting[0].pk}", "SF123456", "顺丰速运"]]

    asked = handed_in(boss, xlsx(["兑换编号", "快递单号", "快递公司"], lines, title="x"))
    confirmed(boss, asked)

    assert states()[0] == State.SHIPPED


def test_one_bad_line_stops_the_file_and_each_is_told(boss: Client, waiting: list[Redemption]) -> None:
    shipping.ship(redemption_id=waiting[2].pk, carrier="SF", tracking_number="SF1", at=timezone.now())
    one, two, three = (redemption.pk for redemption in waiting)
    lines = [
        f"{one},顺丰,SF00001",
        f"{one},顺丰,SF00002",
        f"{two},,SF00003",
        f"{two},顺丰,",
        f"{two},顺丰,1.23E+14",
        f"{two},顺丰,SF 1!",
        f"{two},{'x' * 41},SF00004",
        f"{three},顺丰,SF00005",
        "99999999,顺丰,SF00006",
        "abc,顺丰,SF00007",
        "9999999999999999999,顺丰,SF00008",
        ",,",
        f"{two},,",
    ]

    page = handed_in(boss, "\n".join(["编号,快递公司,运单号", *lines]))

    checked = page.context["checked"]
    assert [(bad.line, bad.column) for bad in checked.bad] == [
        (3, "redemption number"),
        (4, "carrier"),
        (5, "tracking number"),
        (6, "tracking number"),
        (7, "tracking number"),
        (8, "carrier"),
        (9, "redemption number"),
        (10, "redemption number"),
        (11, "redemption number"),
        (12, "redemption number"),
    ]
    assert checked.empty == 1
    assert "stands on line 2 already" in page.content.decode()
    assert "The spreadsheet has rounded this number" in page.content.decode()
    assert states() == [State.PLACED, State.PLACED, State.SHIPPED]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "submitted file is empty"),
        (b"a,b\n1,2\n", "No line has these columns"),
        (b"\x89PNG\r\n\x1a\n\0\0", "no table"),
        ("编号,快递公司,运单号\n1,,\n".encode(), "No line has a carrier"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(boss: Client, data: bytes, reason: str) -> None:
    page = handed_in(boss, data)

    assert page.status_code == 200
    assert reason in page.content.decode()


def test_what_changed_between_question_and_answer_stops_all(boss: Client, waiting: list[Redemption]) -> None:
    lines = "\n".join(f"{one.pk},顺丰,SF0000{one.pk}" for one in waiting)
    asked = handed_in(boss, f"编号,快递公司,运单号\n{lines}")
    shipping.cancel(redemption_id=waiting[0].pk, at=timezone.now())

    done = confirmed(boss, asked)

    assert "nothing was done" in said(done)[0]
    assert states() == [State.CANCELLED, State.PLACED, State.PLACED]
    assert not Shipment.objects.exists()


def test_the_answer_sent_twice_ships_once(boss: Client, waiting: list[Redemption]) -> None:
    asked = handed_in(boss, f"编号,快递公司,运单号\n{waiting[0].pk},顺丰,SF00001")

    confirmed(boss, asked)
    again = confirmed(boss, asked)

    assert "nothing was done" in said(again)[-1]
    assert Shipment.objects.count() == 1


def test_a_forged_answer_is_refused(boss: Client, waiting: list[Redemption]) -> None:
    forged = boss.post(PATH, {"parcels": f'[[{waiting[0].pk},"x","SF00001"]]', "confirmed": "1"})

    assert forged.status_code == 200
    assert states() == [State.PLACED] * 3


def test_who_may_not_ship_sees_no_address_and_takes_no_list(looker: Client, waiting: list[Redemption]) -> None:
    for action in ("packing_csv", "packing_xlsx", "packing_print"):
        assert "attachment" not in looker.post(LIST, chosen(waiting, action)).headers.get("content-disposition", "")
    page = looker.get(f"{LIST}{waiting[0].pk}/change/").content.decode()
    listed = looker.get(LIST).content.decode()

    assert looker.get(PATH).status_code == 403
    for text in (page, listed):
        assert "13800001111" not in text
        assert "Lin Hangzhou" not in text
    shipper = signed_in(staff("he", "view_redemption", "change_redemption"))
    assert "13800001111" in shipper.get(f"{LIST}{waiting[0].pk}/change/").content.decode()
    assert "13800001111" not in shipper.get(LIST).content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_files_at_once_ship_each_redemption_once(wang: User, lin: Member, at_once: Any) -> None:
    give(lin, 1000, wang)
    gift = shelve()
    made = [redeemed(lin, gift).pk for _turn in range(20)]
    files = [
        [tracking.Parcel(pk, "SF", f"SF{turn}{pk:05}") for pk in order] for turn, order in enumerate((made, made[::-1]))
    ]

    done = at_once(lambda parcels: tracking.ship_all(parcels=parcels, at=timezone.now()), files)

    assert sorted(str(type(one).__name__) for one in done) == ["Changed", "int"]
    assert Shipment.objects.count() == 20
