"""The whole journey as one story, through the pages that people use, with Lin's balance after each step.

A merchant sets tiers and rules; staff import a file; Lin signs in, sees points and tier, redeems a gift; staff ship it;
a later file brings a refund; a second redemption is cancelled; time ends what is left.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from loyalty import ledger
from loyalty.models import Kind, Posting
from mall.models import Gift, Redemption
from members.models import Member, Tier, User
from orders.models import Order, OrderImport

DAY = timedelta(days=1)
PHONE = "13800001111"
HEADER = (
    "订单号,订单状态,订单创建时间,买家付款时间,交易成功时间,运费,订单实付金额,全部商品名称,买家手机号,订单已退款金额"
)
OLD, RECENT = "E2026100110000000000001", "E2026110110000000000002"


def order(number: str, paid: datetime, gross: str, *, status: str = "交易完成", refunded: str = "0.00") -> str:
    wall = f"{paid.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M:%S}"
    return f"{number},{status},{wall},{wall},{wall},0.00,{gross},保湿面霜 50g,{PHONE},{refunded}"


def file_of(*orders: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("订单.csv", "\n".join((HEADER, *orders)).encode("utf-8-sig"), "text/csv")


@pytest.fixture
def back_office(transactional_db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("merchant"))
    return client


@pytest.fixture
def codes(settings: Any) -> list[str]:
    sent.clear()
    settings.SMS_BACKEND = "tests.test_journey.send"
    return sent


sent: list[str] = []


def send(phone: str, text: str) -> None:
    sent.extend(re.findall(r"\d{6}", text))


def upload(client: Client, *orders: str) -> OrderImport:
    response = client.post("/admin/orders/orderimport/upload/", {"file": file_of(*orders), "channel": ""})
    assert response.status_code == 302
    previewed = OrderImport.objects.latest("id")
    assert (previewed.state, previewed.points) == ("PREVIEWED", 0)
    client.post(f"/admin/orders/orderimport/{previewed.pk}/decide/", {"confirm": "1"})
    return OrderImport.objects.latest("id")


def filled_in(client: Client, path: str) -> dict[str, Any]:
    """Return what a form of the back office sends if nobody touches it: its choices and the counts of its tables."""
    form = client.get(path).context["adminform"].form
    counts = re.findall(r'name="(\w+-(?:TOTAL|INITIAL)_FORMS)" value="(\d+)"', client.get(path).content.decode())
    values = {field.html_name: field.value() for field in form}
    return {name: value for name, value in values.items() if value not in (None, False)} | dict(counts)


def lins() -> tuple[int, int, int, int]:
    """Lin's available, pending, debt and growth, now."""
    standing = ledger.standing(member_id=Member.objects.get(phone=f"+86{PHONE}").pk, at=timezone.now())
    return standing.available, standing.pending, standing.debt, standing.growth


def redeem(client: Client, gift: Gift) -> Redemption:
    page = client.get(f"/mall/{gift.pk}/redeem/")
    form = {"request_key": page.context["form"]["request_key"].value(), "quantity": 1, "agreed_cost": gift.points}
    form |= {"recipient": "林小满", "phone": PHONE, "street": "示例路 8 号"}
    form |= {"province": "33", "city": "3301", "district": "330106"}
    assert client.post(f"/mall/{gift.pk}/redeem/", form).status_code == 302
    return Redemption.objects.latest("id")


def test_a_row_of_a_file_becomes_a_parcel(back_office: Client, codes: list[str]) -> None:
    now = timezone.now()

    # The merchant sets two tiers and what an order gives.
    for name, rank, threshold, multiplier in (("普通", 1, 1, "1"), ("高级", 2, 380, "1.5")):
        tier = {"name": name, "rank": rank, "threshold": threshold, "discount_percent": "98", "benefits": ""}
        assert back_office.post("/admin/members/tier/add/", tier | {"points_multiplier": multiplier}).status_code == 302
    for name, unit in (("消费得积分", "points"), ("消费得成长值", "growth")):
        rule = {"name": name, "unit": unit, "active": "on", "condition_minimum": "0", "benefit": "benefit_rate"}
        answer = back_office.post("/admin/loyalty/earningrule/add/", rule | {"benefit_rate": "1"})
        assert answer.status_code == 302
    assert [tier.name for tier in Tier.objects.all()] == ["普通", "高级"]

    # Staff import a file: an order of last month, and one of yesterday whose points wait for seven days.
    first = upload(
        back_office, order(OLD, now - 30 * DAY, "400.50"), order(RECENT, now - DAY, "60.00", status="已发货")
    )
    assert (first.state, first.new, first.points, first.growth) == ("DONE", 2, 460, 460)
    assert lins() == (400, 60, 0, 460)

    # The same file again changes nothing.
    again = upload(
        back_office, order(OLD, now - 30 * DAY, "400.50"), order(RECENT, now - DAY, "60.00", status="已发货")
    )
    assert (again.state, again.unchanged, again.points) == ("DONE", 2, 0)
    assert lins() == (400, 60, 0, 460)

    # Lin signs in with her phone and the code, and sees points and tier.
    lin = Client()
    assert lin.post("/sign-in/", {"phone": PHONE}).status_code == 302
    assert lin.post("/sign-in/code/", {"code": codes[-1]}).status_code == 302
    home = lin.get("/").content.decode()
    assert "400" in home
    assert "高级" in home

    # The merchant puts a gift on the shelf; Lin redeems it.
    gift = {
        "name": "丝绒化妆镜",
        "points": 150,
        "active": "on",
        "position": 1,
        "emblem": "🪞",
        "description": "",
        "cash": "0",
    }
    form = filled_in(back_office, "/admin/mall/gift/add/") | gift
    answer = back_office.post("/admin/mall/gift/add/", form)
    assert answer.status_code == 302, answer.context["errors"]
    mirror = Gift.objects.get()
    stocked = {"quantity": 2, "note": "首次入库", "confirmed": "1"}
    assert back_office.post(f"/admin/mall/gift/{mirror.pk}/change_stock/", stocked).status_code == 302
    redemption = redeem(lin, mirror)
    assert lins() == (250, 60, 0, 460)

    # Staff pack and ship it; Lin sees the parcel and says that it has come.
    packing = {"action": "pack", "_selected_action": [redemption.pk], "confirmed": "1"}
    assert back_office.post("/admin/mall/redemption/", packing).status_code == 302
    parcel = {"carrier": "顺丰速运", "tracking_number": "SF1390000000001", "confirmed": "1"}
    assert back_office.post(f"/admin/mall/redemption/{redemption.pk}/ship/", parcel).status_code == 302
    assert "SF1390000000001" in lin.get(f"/redemptions/{redemption.pk}/").content.decode()
    lin.post(f"/redemptions/{redemption.pk}/received/")
    redemption.refresh_from_db()
    assert redemption.state == "RECEIVED"

    # She redeems another and thinks better of it.
    second = redeem(lin, mirror)
    assert lins() == (100, 60, 0, 460)
    assert lin.post(f"/redemptions/{second.pk}/cancel/").status_code == 302
    assert lins() == (250, 60, 0, 460)
    mirror.refresh_from_db()
    assert mirror.stock == 1

    # A later file brings a refund of half the first order: 400 → floor(400 × 200.25 ÷ 400.50) = 200.
    refunded = upload(back_office, order(OLD, now - 30 * DAY, "400.50", refunded="200.25"))
    assert (refunded.updated, refunded.points) == (1, -200)
    assert lins() == (50, 60, 0, 260)

    # And then of all of it: what is not there any more, not even as pending points, is a debt.
    upload(back_office, order(OLD, now - 30 * DAY, "400.50", status="交易关闭", refunded="400.50"))
    assert lins() == (0, 0, 90, 60)
    assert Order.objects.get(number=OLD).status == "refunded"

    # The next order repays the debt at once, at 1.5 points for her tier; it has points left to end.
    upload(back_office, order("E2026100210000000000003", now - 20 * DAY, "100.00"))
    assert lins() == (60, 0, 0, 160)
    assert ledger.expire(at=now + 400 * DAY) == 60

    # Her history tells it all, newest first.
    assert list(Posting.objects.order_by("id").values_list("kind", flat=True)) == [
        Kind.EARN, Kind.EARN, Kind.REDEEM, Kind.REDEEM, Kind.GIVE_BACK, Kind.CLAW_BACK, Kind.CLAW_BACK, Kind.EARN,
        Kind.SETTLE, Kind.EXPIRE,
    ]  # fmt: skip
    assert lin.get("/history/").status_code == 200
