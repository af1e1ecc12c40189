"""Claims: Lin and Mei enter the numbers of orders that the brand has, will have, or never had."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from loyalty import ledger
from loyalty.models import EarningRule, Posting
from members.models import Identity, Member
from orders import claims, matching
from orders.claims import BadNumber, LimitReached, NoChannel, TooMany
from orders.models import Channel, Claim, ClaimCount, ClaimPolicy, Order, OrderImport
from tests.conftest import NOW

State = Claim.State
HEADER = (
    "订单编号,买家会员名,买家应付邮费,总金额,买家实际支付金额,"
    "订单状态,订单创建时间,订单付款时间,宝贝标题,宝贝总数量,退款金额,确认收货时间"
)


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)


@pytest.fixture
def taobao(db: None) -> Channel:
    return Channel.objects.create(code="taobao", name="Taobao", format="taobao")


def sold(channel: Channel, number: str = "4100000001", **values: Any) -> Order:
    """An order of 128 yuan paid the day before, whose buyer nobody knows."""
    brought = OrderImport.objects.get_or_create(name="orders.csv", channel=channel, created_at=NOW, state="DONE")[0]
    paid: dict[str, Any] = {"status": "completed", "gross": 128, "refunded": 0, "shipping": 0, "buyer": "", "phone": ""}
    times = {"ordered_at": NOW - timedelta(days=1), "paid_at": NOW - timedelta(days=1)}
    imports = {"first_import": brought, "last_import": brought}
    return Order.objects.create(channel=channel, number=number, **{**paid, **times, **imports, **values})


def claim(
    member: Member, *numbers: str, channel: str | None = "taobao", at: datetime = NOW, **more: Any
) -> list[Claim]:
    return claims.claim(member_id=member.pk, numbers=numbers, channel_code=channel, at=at, **more)


def one(member: Member, number: str = "4100000001", **more: Any) -> Claim:
    (made,) = claim(member, number, **more)
    return made


def told(made: Claim) -> tuple[str, str]:
    return made.state, made.reason


def points(member: Member) -> int:
    return ledger.standing(member_id=member.pk, at=NOW + timedelta(days=90)).available


def import_taobao(folder: Path, *numbers: str, buyer: str = "", status: str = "交易成功") -> None:
    file = folder / f"{'-'.join(numbers)}.csv"
    when = "2026-05-19 12:00:00"
    lines = [f"{n},{buyer},0.00,128.00,128.00,{status},{when},{when},面霜,1,0.00,{when}" for n in numbers]
    file.write_text("\n".join([HEADER, *lines]), "utf-8")
    call_command("import_orders", str(file))


def test_a_known_and_free_order_is_credited_at_once(lin: Member, taobao: Channel) -> None:
    order = sold(taobao)

    made = one(lin)

    order.refresh_from_db()
    assert told(made) == ("CREDITED", "")
    assert (made.points, made.growth, made.order, order.member) == (128, 128, order, lin)
    assert made.available_at == Posting.objects.get(key="taobao:4100000001#1").lot.available_at
    assert points(lin) == 128


def test_an_unknown_order_waits_and_the_import_that_brings_it_settles_it(
    lin: Member, taobao: Channel, tmp_path: Path
) -> None:
    waits = one(lin)

    import_taobao(tmp_path, "4100000001", "4100000002")

    settled = claims.tell(Claim.objects.of(lin), at=NOW)[0]
    assert told(waits) == ("WAITING", "")
    assert told(settled) == ("CREDITED", "")
    assert (settled.points, points(lin)) == (128, 128)
    assert OrderImport.objects.get().points == 128
    assert Order.objects.get(number="4100000002").member is None


def test_a_number_without_a_channel_is_found_in_whichever_has_it(lin: Member, taobao: Channel, tmp_path: Path) -> None:
    jd = Channel.objects.create(code="jd", name="JD", format="jd")
    sold(jd, "300000000001")

    here, later = claim(lin, "300000000001", "4100000001", channel=None)
    import_taobao(tmp_path, "4100000001")

    assert (told(here), here.channel) == (("CREDITED", ""), jd)
    assert (told(later), later.channel) == (("WAITING", ""), None)
    assert Claim.objects.get(number="4100000001").channel == taobao
    assert points(lin) == 256


def test_a_number_that_two_shops_have_must_be_claimed_with_its_shop(lin: Member, taobao: Channel) -> None:
    jd = Channel.objects.create(code="jd", name="JD", format="jd")
    orders = [sold(taobao), sold(jd)]

    unclear = one(lin, channel=None)
    clear = one(lin, channel="jd")

    assert told(unclear) == ("REFUSED", "CHANNEL")
    assert (told(clear), clear.order) == (("CREDITED", ""), orders[1])


def test_anothers_order_is_refused_without_saying_whose(lin: Member, mei: Member, taobao: Channel) -> None:
    sold(taobao, member=mei)

    made = one(lin)

    assert told(made) == ("REFUSED", "TAKEN")
    assert "Mei" not in made.words
    assert "138" not in made.words
    assert rows_of_ledger() == 0


def rows_of_ledger() -> int:
    return Posting.objects.count()


def test_claiming_twice_is_one_claim_and_one_credit(lin: Member, taobao: Channel) -> None:
    sold(taobao)

    first, again = one(lin), one(lin, channel=None)

    assert (first.pk, again.state, again.points) == (again.pk, "CREDITED", 128)
    assert (Claim.objects.count(), points(lin)) == (1, 128)


def test_an_order_that_was_the_members_already_is_said_to_be(lin: Member, taobao: Channel) -> None:
    sold(taobao, member=lin)
    matching.match_waiting(at=NOW)

    made = one(lin)

    assert told(made) == ("CREDITED", "OWN")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"status": "closed", "gross": 0, "paid_at": None}, "CLOSED"),
        ({"status": "refunded", "refunded": 128}, "REFUNDED"),
        ({"paid_at": NOW - timedelta(days=365, seconds=1)}, "OLD"),
    ],
)
def test_an_order_that_does_not_count_is_refused_in_a_sentence_of_its_own(
    lin: Member, taobao: Channel, values: dict[str, Any], reason: str
) -> None:
    order = sold(taobao, **values)

    made = one(lin)

    order.refresh_from_db()
    assert told(made) == ("REFUSED", reason)
    assert (order.member, rows_of_ledger()) == (None, 0)


def test_an_order_of_the_last_day_that_counts_is_credited(lin: Member, taobao: Channel) -> None:
    sold(taobao, paid_at=NOW - timedelta(days=365))

    assert one(lin).state == "CREDITED"


def test_a_claim_of_an_order_that_is_not_paid_yet_waits_until_it_is(lin: Member, taobao: Channel) -> None:
    order = sold(taobao, status="unpaid", gross=0, paid_at=None)
    waiting = one(lin)
    Order.objects.filter(pk=order.pk).update(status="paid", gross=128, paid_at=NOW)

    claims.settle(Claim.objects.found(), at=NOW)

    assert told(waiting) == ("WAITING", "")
    assert list(Claim.objects.values_list("state", flat=True)) == ["CREDITED"]


def test_a_refused_number_may_be_entered_again_when_it_counts(lin: Member, taobao: Channel) -> None:
    order = sold(taobao, status="closed", gross=0, paid_at=None)
    refused = one(lin)
    Order.objects.filter(pk=order.pk).update(status="paid", gross=128, paid_at=NOW)

    again = one(lin)

    assert (refused.state, again.state) == ("REFUSED", "CREDITED")
    assert again.pk != refused.pk


def test_a_channel_that_takes_no_claims_says_so_of_any_number(lin: Member, taobao: Channel) -> None:
    sold(taobao)
    Channel.objects.update(claims=False)

    outcomes = [told(made) for made in claim(lin, "4100000001", "4100000009")]

    assert outcomes == [("REFUSED", "OFF")] * 2
    with pytest.raises(NoChannel):
        claim(lin, "4100000001", channel=None)


def test_a_paid_order_of_a_channel_that_earns_on_completion_is_bound_and_earns_then(
    lin: Member, taobao: Channel, tmp_path: Path
) -> None:
    Channel.objects.update(earns_at="completed")
    sold(taobao, status="paid")

    made = one(lin)
    before = points(lin)
    import_taobao(tmp_path, "4100000001")

    assert (told(made), before) == (("CREDITED", "LATER"), 0)
    assert claims.tell(Claim.objects.of(lin), at=NOW)[0].points == points(lin) == 128


def test_a_partly_refunded_order_gives_what_was_kept(lin: Member, taobao: Channel) -> None:
    sold(taobao, status="partially_refunded", refunded=Decimal("28.00"))

    made = one(lin)

    assert (made.points, made.growth, points(lin)) == (100, 100, 100)


def test_a_claim_binds_the_buyers_account_and_his_other_orders_come_along(lin: Member, taobao: Channel) -> None:
    sold(taobao, buyer="lin_on_taobao")
    other = sold(taobao, "4100000002", buyer="lin_on_taobao")

    one(lin)
    matching.match_waiting(at=NOW)

    other.refresh_from_db()
    assert (Identity.objects.get().external_id, Identity.objects.get().member) == ("lin_on_taobao", lin)
    assert (other.member, points(lin)) == (lin, 256)


def test_an_account_bound_elsewhere_is_for_staff_to_look_at(lin: Member, mei: Member, taobao: Channel) -> None:
    Identity.objects.create(channel="taobao", external_id="who", member=mei)
    order = sold(taobao, buyer="who")

    made = one(lin)

    order.refresh_from_db()
    assert told(made) == ("IN_REVIEW", "BOUND")
    assert (order.member, rows_of_ledger()) == (None, 0)


def test_a_high_amount_is_for_staff_to_look_at(lin: Member, taobao: Channel) -> None:
    Channel.objects.update(claim_review_from=128)
    sold(taobao)
    sold(taobao, "4100000002", gross=Decimal("127.99"))

    outcomes = [told(made) for made in claim(lin, "4100000001", "4100000002")]

    assert outcomes == [("IN_REVIEW", "AMOUNT"), ("CREDITED", "")]


def test_many_claims_are_for_staff_to_look_at(lin: Member, taobao: Channel) -> None:
    ClaimPolicy.objects.create(many=2)
    for number in range(4):
        sold(taobao, f"410000000{number}")

    together = [told(made) for made in claim(lin, "4100000000", "4100000001", "4100000002")]
    later = told(one(lin, "4100000003"))

    assert together == [("CREDITED", ""), ("CREDITED", ""), ("IN_REVIEW", "MANY")]
    assert later == ("IN_REVIEW", "MANY")


def test_several_accounts_at_one_address_are_for_staff_to_look_at(
    lin: Member, mei: Member, wei: Member, taobao: Channel
) -> None:
    ClaimPolicy.objects.create(accounts=2)
    for number in range(3):
        sold(taobao, f"410000000{number}")

    cast = zip((lin, mei, wei), range(3), strict=True)
    outcomes = [told(one(member, f"410000000{n}", address="203.0.113.9")) for member, n in cast]

    assert outcomes == [("CREDITED", ""), ("CREDITED", ""), ("IN_REVIEW", "ADDRESS")]


@pytest.mark.parametrize(
    ("asked", "proof", "state"),
    [
        ("phone", "0001", "CREDITED"),
        ("phone", "13800000001", "CREDITED"),
        ("phone", "０００１", "CREDITED"),
        ("phone", "0002", "WAITING"),
        ("phone", "1", "WAITING"),
        ("phone", "", "WAITING"),
        ("amount", "128", "CREDITED"),
        ("amount", "¥128.00", "CREDITED"),
        ("amount", "100", "CREDITED"),
        ("amount", "127.99", "WAITING"),
        ("amount", "1e2", "WAITING"),
        ("amount", "", "WAITING"),
    ],
)
def test_a_channel_asks_for_a_proof(lin: Member, taobao: Channel, asked: str, proof: str, state: str) -> None:
    Channel.objects.update(claim_proof=asked)
    sold(taobao, phone="+8613800000001", status="partially_refunded", refunded=28)

    assert one(lin, proof=proof).state == state


def test_without_the_proof_known_taken_and_unknown_numbers_look_the_same(
    lin: Member, mei: Member, taobao: Channel
) -> None:
    Channel.objects.update(claim_proof="amount")
    sold(taobao)
    sold(taobao, "4100000002", member=mei)

    answers = claim(lin, "4100000001", "4100000002", "4100000003", proof="1")

    assert len({(made.state, made.reason, made.words, made.order_id, made.channel_id) for made in answers}) == 1


def test_a_better_proof_settles_a_claim_that_waits(lin: Member, taobao: Channel) -> None:
    Channel.objects.update(claim_proof="amount")
    sold(taobao)
    waits = one(lin, proof="12")

    made = one(lin, proof="128")

    assert (waits.state, made.state, made.pk) == ("WAITING", "CREDITED", waits.pk)


def test_a_proof_that_the_file_cannot_confirm_is_for_staff_to_look_at(lin: Member, taobao: Channel) -> None:
    Channel.objects.update(claim_proof="phone")
    sold(taobao, phone="")

    assert told(one(lin, proof="0001")) == ("IN_REVIEW", "PROOF")


def test_of_two_who_wait_for_one_order_the_first_has_it_and_staff_look_at_the_other(
    lin: Member, mei: Member, taobao: Channel, tmp_path: Path
) -> None:
    one(mei, at=NOW - timedelta(hours=1))
    one(lin)

    import_taobao(tmp_path, "4100000001")

    outcomes = {made.member: told(made) for made in Claim.objects.all()}
    assert outcomes == {mei: ("CREDITED", ""), lin: ("IN_REVIEW", "RIVAL")}
    assert (points(mei), points(lin)) == (128, 0)


def test_a_claim_waits_through_files_that_do_not_bring_it(lin: Member, taobao: Channel, tmp_path: Path) -> None:
    one(lin)

    import_taobao(tmp_path, "4100000002")

    assert Claim.objects.get().state == "WAITING"


def test_the_beat_settles_what_an_import_has_missed_once(lin: Member, taobao: Channel) -> None:
    one(lin)
    sold(taobao)

    settled = [matching.match_waiting(at=NOW), matching.match_waiting(at=NOW)]

    assert settled == [1, 0]
    assert (Claim.objects.get().state, points(lin)) == ("CREDITED", 128)


def test_a_claim_is_given_up_after_the_set_time_and_not_before(lin: Member, taobao: Channel) -> None:
    one(lin)

    given_up = [claims.give_up(at=NOW + timedelta(days=30, seconds=second)) for second in (0, 1, 2)]

    made = claims.tell(Claim.objects.of(lin), at=NOW)[0]
    assert given_up == [0, 1, 0]
    assert made.state == "GIVEN_UP"
    assert "try again" in made.words or "再" in made.words


def test_more_numbers_than_a_member_may_enter_are_not_looked_up(lin: Member, mei: Member, taobao: Channel) -> None:
    Channel.objects.update(claims_a_day=3)
    sold(taobao)
    claim(lin, "1000001", "1000002")

    with pytest.raises(LimitReached):
        claim(lin, "4100000001", "1000003")
    allowed = one(lin)
    with pytest.raises(LimitReached):
        one(lin, channel=None)
    tomorrow = one(lin, at=NOW + timedelta(days=1))

    assert (allowed.state, tomorrow.state, one(mei).state) == ("CREDITED", "CREDITED", "REFUSED")


def test_more_numbers_than_an_address_may_ask_are_not_looked_up(lin: Member, mei: Member, taobao: Channel) -> None:
    ClaimPolicy.objects.create(per_address=2)
    claim(lin, "1000001", "1000002", address="203.0.113.9")

    with pytest.raises(LimitReached):
        one(mei, address="203.0.113.9")

    assert one(mei, address="203.0.113.10").state == "WAITING"


def test_numbers_are_read_as_people_type_them() -> None:
    typed = '  4133000000000000001，4133000000000000002\n"4133000000000000003" ;４１３３ e20260501160630091827743 4133'

    assert claims.numbers_in(typed) == [
        "4133000000000000001",
        "4133000000000000002",
        "4133000000000000003",
        "4133",
        "E20260501160630091827743",
    ]


@pytest.mark.parametrize(("text", "error"), [("1" * 65, BadNumber), ("4133\0", BadNumber), ("1 2" * 20, TooMany)])
def test_what_is_no_number_is_refused(text: str, error: type[Exception]) -> None:
    text = " ".join(map(str, range(21))) if error is TooMany else text

    with pytest.raises(error):
        claims.numbers_in(text)


def test_a_number_that_no_shop_writes_so_is_refused_and_not_counted(lin: Member, taobao: Channel) -> None:
    Channel.objects.create(code="red", name="Red", format="xiaohongshu")

    for number, channel in (("P123456789012345678", "taobao"), ("E123456789", None), ("abc", None)):
        with pytest.raises(BadNumber):
            one(lin, number, channel=channel)

    assert one(lin, "P123456789012345678", channel=None).state == "WAITING"
    assert ClaimCount.objects.get().numbers == Claim.objects.count() == 1


def test_staff_accept_a_claim_and_it_earns(lin: Member, taobao: Channel, admin_user: Any) -> None:
    Channel.objects.update(claim_review_from=100)
    sold(taobao, buyer="lin_on_taobao")
    made = one(lin)

    accepted = [claims.accept(claim_ids=[made.pk], at=NOW, actor_id=admin_user.pk) for _ in range(2)]

    made.refresh_from_db()
    assert accepted == [1, 0]
    assert (told(made), made.actor, points(lin)) == (("CREDITED", ""), admin_user, 128)
    assert Identity.objects.get().member == lin


def test_of_two_in_review_for_one_order_only_the_first_can_be_accepted(
    lin: Member, mei: Member, taobao: Channel, admin_user: Any
) -> None:
    Channel.objects.update(claim_review_from=100)
    sold(taobao)
    first, second = one(lin), one(mei)

    accepted = claims.accept(claim_ids=[second.pk, first.pk], at=NOW, actor_id=admin_user.pk)

    assert (accepted, points(lin), points(mei)) == (1, 128, 0)
    assert Claim.objects.get(pk=second.pk).state == "IN_REVIEW"


def test_staff_refuse_a_claim_with_a_reason_that_the_member_reads(
    lin: Member, taobao: Channel, admin_user: Any
) -> None:
    Channel.objects.update(claim_review_from=100)
    sold(taobao)
    made = one(lin)

    refused = claims.refuse(claim_ids=[made.pk], at=NOW, actor_id=admin_user.pk, note="Please send us a screenshot.")

    told_to_lin = claims.tell(Claim.objects.of(lin), at=NOW)[0]
    assert (refused, told_to_lin.state, told_to_lin.words) == (1, "REFUSED", "Please send us a screenshot.")
    assert rows_of_ledger() == 0


def test_known_unknown_and_taken_numbers_cost_the_same_look(
    lin: Member, mei: Member, taobao: Channel, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    sold(taobao, member=mei)
    one(lin, "1000000")
    with django_assert_max_num_queries(14) as unknown:
        one(lin, "1000001")

    with django_assert_num_queries(len(unknown)):
        one(lin, "4100000001")
    with django_assert_num_queries(len(unknown)):
        one(lin, "1000002")


@pytest.mark.django_db(transaction=True)
def test_thirty_who_claim_one_order_at_once_and_one_has_it(taobao: Channel, at_once: Callable[..., list[Any]]) -> None:
    sold(taobao)
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOW) for n in range(30))

    outcomes = at_once(one, members)
    claims.settle(Claim.objects.found(), at=NOW)  # who met another at the order was told to wait

    assert {told(made) for made in outcomes} <= {("CREDITED", ""), ("REFUSED", "TAKEN"), ("WAITING", "")}
    ended = sorted(Claim.objects.values_list("state", flat=True))
    assert (len(ended), ended.count("CREDITED"), ended.count("WAITING")) == (30, 1, 0)
    assert sum(points(member) for member in members) == 128


@pytest.mark.django_db(transaction=True)
def test_the_limit_of_a_day_holds_against_fifty_at_once(
    lin: Member, taobao: Channel, at_once: Callable[..., list[Any]]
) -> None:
    Channel.objects.update(claims_a_day=5)

    outcomes = at_once(partial(one, lin), [f"41000000{n}" for n in range(10, 60)])

    assert sum(isinstance(made, Claim) for made in outcomes) == Claim.objects.count() == 5
    assert sum(isinstance(made, LimitReached) for made in outcomes) == 45


@pytest.mark.django_db(transaction=True)
def test_one_who_claims_the_same_numbers_at_once_is_credited_once(
    lin: Member, taobao: Channel, at_once: Callable[..., list[Any]]
) -> None:
    sold(taobao)
    sold(taobao, "4100000002")
    ways = [("4100000001", "4100000002"), ("4100000002", "4100000001")] * 5

    Channel.objects.update(claims_a_day=100)
    outcomes = at_once(lambda numbers: claim(lin, *numbers, channel=None), ways)

    assert [made for made in outcomes if isinstance(made, Exception)] == []
    assert (Claim.objects.count(), points(lin)) == (2, 256)


@pytest.mark.django_db(transaction=True)
def test_claims_matching_and_the_beat_at_once_do_not_deadlock(
    taobao: Channel, at_once: Callable[..., list[Any]]
) -> None:
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOW) for n in range(8))
    numbers = [f"41000000{n}" for n in range(10, 18)]
    for member in members:
        claim(member, *numbers)
    for number in numbers:
        sold(taobao, number, buyer="somebody")

    jobs: list[Callable[[], Any]] = [partial(claim, member, *reversed(numbers)) for member in members]
    jobs += [partial(matching.match_waiting, at=NOW)] * 4
    outcomes = at_once(lambda job: job(), jobs)

    assert [made for made in outcomes if isinstance(made, Exception)] == []
    assert sum(points(member) for member in members) == 128 * 8
