"""The last four digits of a phone in a file prove a claim; nobody is known by them."""

from __future__ import annotations

from typing import Any

import pytest

from members.models import Member
from orders import claims, matching, undoing
from orders.channels import cells
from orders.channels.columns import PhoneEnd
from orders.models import Channel, Claim, Order, OrderImport
from tests.conftest import NOW
from tests.orders.conftest import Export, Understood
from tests.orders.test_importing import import_file

JD = {
    "订单号": "300000000001",
    "商品ID": "1",
    "订单状态": "完成",
    "应付金额": "80.00",
    "下单时间": "2026-05-01 14:45:16",
    "付款确认时间": "2026-05-01 14:48:18",
    "订单完成时间": "2026-05-09 14:48:18",
    "商品名称": "面霜",
}
YOUZAN = {
    "订单号": "E20260501144516091837897",
    "订单状态": "交易完成",
    "订单实付金额": "80.00",
    "订单已退款金额": "0.00",
    "买家付款时间": "2026-05-01 14:48:18",
}
RECEIVED = "收货人手机号/提货人手机号"


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("13800001234", "1234"),
        ("138****1234", "1234"),
        ("1******6198", "6198"),
        ("\t138****1234", "1234"),
        ("'138****1234", "1234"),
        ('="13800001234"', "1234"),
        (" 138 0000 1234 ", "1234"),
        ("＋86-138****1234", "1234"),
        ("+86 138****1234", "1234"),
        ("86138****1234", "1234"),
        ("+1 (212) 555-0142", "0142"),
        ("186******05", ""),
        ("138****12*4", ""),
        ("13800001111-1234", ""),
        ("13800001111转1234", ""),
        ("138****1111 - 1234", ""),
        ("021-12345678", ""),
        ("#abc1234##", ""),
        ("138****", ""),
        ("1234", ""),
        ("null", ""),
        ("", ""),
    ],
)
def test_the_end_of_a_phone_is_read_where_the_buyer_would_know_it(text: str, end: str) -> None:
    assert PhoneEnd("联系手机")(text) == end
    assert cells.phone_end(text) == end


def test_masked_phones_of_files_tell_their_end(understood: Understood) -> None:
    [row] = understood("JD_80_2026", {**JD, "联系电话": "1******6198"})

    assert (row.phone_end, row.phone) == ("6198", "")


def test_the_end_of_a_phone_proves_a_claim_and_binds_nobody(db: None, lin: Member, mei: Member, export: Export) -> None:
    Channel.objects.create(code="jd", name="JD", format="jd", claim_proof="phone")
    Member.objects.filter(pk=mei.pk).update(phone="+8613800006198")
    import_file(export("JD_80_2026", {**JD, "联系电话": "138****6198"}))
    matching.match_waiting(at=NOW)

    before = Order.objects.get().member
    wrong = made(lin, "6199").state
    right = made(lin, "13900006198")

    assert (before, wrong, right.state) == (None, "WAITING", "CREDITED")
    assert Order.objects.get().member == lin


def made(member: Member, proof: str, number: str = "300000000001") -> Claim:
    [claim] = claims.claim(member_id=member.pk, numbers=[number], channel_code=None, proof=proof, at=NOW)
    return claim


@pytest.mark.parametrize(
    ("proof", "state"), [("7390", "CREDITED"), ("7596", "CREDITED"), ("", "WAITING"), ("1", "WAITING")]
)
def test_the_buyers_own_phone_and_the_receivers_prove_a_claim(
    db: None, lin: Member, export: Export, proof: str, state: str
) -> None:
    Channel.objects.create(code="youzan", name="Youzan", format="youzan", claim_proof="phone")
    import_file(export("YOUZAN_ORDER_60", {**YOUZAN, RECEIVED: "138****7390", "买家手机号": "13800007596"}))

    assert made(lin, proof, YOUZAN["订单号"]).state == state


def test_an_order_without_any_digits_waits_for_staff_and_its_member_is_told_what_all_are(
    db: None, lin: Member, export: Export
) -> None:
    Channel.objects.create(code="jd", name="JD", format="jd", claim_proof="phone")
    import_file(export("JD_80_2026", JD))

    there, not_there = made(lin, "6198"), made(lin, "6198", "300000000002")

    assert (there.state, there.reason) == ("IN_REVIEW", "PROOF")
    assert (there.told, there.words) == (not_there.told, not_there.words) == ("WAITING", not_there.words)


def test_a_later_file_tells_the_end_and_undone_it_is_forgotten(db: None, export: Export, admin_user: Any) -> None:
    import_file(export("YOUZAN_ORDER_60", YOUZAN))
    ends = [end()]
    import_file(export("YOUZAN_ORDER_60", {**YOUZAN, RECEIVED: "138****7390"}))
    ends.append(end())
    import_file(export("YOUZAN_ORDER_60", YOUZAN))
    ends.append(end())

    for order_import in OrderImport.objects.order_by("-pk")[:2]:
        undoing.begin(import_id=order_import.pk, at=NOW, actor_id=admin_user.pk)
        undoing.run(import_id=order_import.pk, at=NOW)
        ends.append(end())

    assert ends == ["", "7390", "7390", "7390", ""]


def end() -> str:
    return Order.objects.get().phone_end


def test_the_buyers_own_masked_phone_tells_its_end(understood: Understood) -> None:
    cells_of = {
        "订单号": "260517-123456789012345",
        "订单状态": "已签收",
        "用户实付金额(元)": "9.00",
        " 用户购买手机号": "138****7596",
    }
    [row] = understood("PDD_WIDE_62", cells_of)

    assert (row.phone, row.phone_end) == ("", "7596")
