"""Who tries numbers learns nothing that he has not proved; and what waits is looked at once more, not for ever."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from config import sql
from config.sql import Relation
from members.models import Identity, Member
from orders import claims, matching
from orders.models import Channel, Claim, ClaimPolicy, Order
from tests.conftest import NOW
from tests.orders.test_claims import claim, one, points, rules, sold, taobao, told

__all__ = ["rules", "taobao"]
UNKNOWN = "4100000099"


def shown(made: Claim) -> tuple[str, str]:
    """What its member sees of a claim."""
    return str(made.told), made.words


STATES: list[dict[str, Any]] = [
    {},
    {"status": "closed", "gross": 0, "paid_at": None},
    {"status": "refunded", "refunded": 128},
    {"status": "unpaid", "gross": 0, "paid_at": None},
    {"paid_at": NOW - timedelta(days=366)},
    {"gross": 9000},
    {"member": "mei"},
    {"buyer": "mei_on_taobao"},
]


@pytest.mark.parametrize("values", STATES)
@pytest.mark.parametrize(
    ("asked", "proof"), [("amount", "1.00"), ("phone", "0002"), ("phone", ""), ("unknown", "0002")]
)
def test_without_its_proof_an_order_is_told_as_one_that_is_not_there(
    lin: Member, mei: Member, taobao: Channel, values: dict[str, Any], asked: str, proof: str
) -> None:
    Channel.objects.update(claim_proof="amount" if asked == "amount" else "phone")
    Identity.objects.create(channel="taobao", external_id="mei_on_taobao", member=mei)
    whose = {"member": mei} if values.get("member") else {}
    sold(taobao, **{**values, **whose, "phone": "" if asked == "unknown" else "+8613800000001"})

    there, not_there = claim(lin, "4100000001", UNKNOWN, proof=proof)

    assert shown(there) == shown(not_there)
    assert list(Claim.objects.news(lin, NOW - timedelta(days=1))) == []
    assert points(lin) == 0


@pytest.mark.parametrize("state", ["WAITING", "IN_REVIEW"])
def test_what_no_file_can_prove_is_for_staff_where_it_may_count(
    lin: Member, mei: Member, taobao: Channel, state: str
) -> None:
    Channel.objects.update(claim_proof="phone")
    counts = state == "IN_REVIEW"
    sold(taobao, member=mei if counts else None, status="completed" if counts else "closed")

    made = one(lin, proof="0001")

    assert (made.state, str(made.told)) == (state, "WAITING")


def test_where_no_shop_was_chosen_what_no_file_can_prove_does_not_tell_the_shop(lin: Member, taobao: Channel) -> None:
    Channel.objects.update(claim_proof="phone")
    sold(taobao)

    there, not_there = claim(lin, "4100000001", UNKNOWN, channel=None, proof="0002")

    assert (there.state, there.order is None) == ("IN_REVIEW", False)
    assert (there.channel, not_there.channel) == (None, None)


def test_his_own_order_is_told_whatever_its_member_proves(lin: Member, taobao: Channel) -> None:
    Channel.objects.update(claim_proof="phone")
    sold(taobao, member=lin, phone="+8613800000001")

    assert told(one(lin, proof="9999")) == ("CREDITED", "OWN")


def test_of_two_shops_with_one_number_the_one_that_is_proved_has_it(lin: Member, taobao: Channel) -> None:
    Channel.objects.update(claim_proof="amount")
    jd = Channel.objects.create(code="jd", name="JD", format="jd", claim_proof="amount")
    sold(taobao)
    right = sold(jd, gross=50)

    made = one(lin, channel=None, proof="50")

    assert (told(made), made.order) == (("CREDITED", ""), right)


def test_an_order_of_a_shop_that_takes_no_claims_is_not_told_by_its_number_alone(lin: Member, taobao: Channel) -> None:
    shut = Channel.objects.create(code="jd", name="JD", format="jd", claims=False)
    sold(shut)

    there, not_there = claim(lin, "4100000001", UNKNOWN, channel=None)

    assert shown(there) == shown(not_there)
    assert there.state == "WAITING"


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_a_shop_that_takes_no_claims_any_more_is_refused_there_or_not(
    lin: Member, taobao: Channel
) -> None:
    claim(lin, "4100000001", UNKNOWN)
    sold(taobao)
    Channel.objects.update(claims=False)

    claims.look(at=NOW)
    before = [told(one) for one in Claim.objects.order_by("pk")]
    claims.look_at_all(at=NOW)

    assert before == [("WAITING", "")] * 2
    assert [told(one) for one in Claim.objects.order_by("pk")] == [("REFUSED", "OFF")] * 2


def test_another_proof_that_a_shop_asks_for_now_settles_what_waits_by_the_next_day(
    lin: Member, taobao: Channel
) -> None:
    Channel.objects.update(claim_proof="amount")
    sold(taobao)
    one(lin, proof="1")
    matching.match_waiting(at=NOW)
    Channel.objects.update(claim_proof="none")

    claims.look_at_all(at=NOW)

    assert told(Claim.objects.get()) == ("CREDITED", "")


def test_a_claim_is_looked_at_once_more_and_then_only_by_the_import_that_brings_it(
    lin: Member, taobao: Channel
) -> None:
    one(lin, UNKNOWN)
    looked = [list(Claim.objects.to_look())]
    for _time in range(2):
        matching.match_waiting(at=NOW)
        looked.append(list(Claim.objects.to_look()))

    one(lin, UNKNOWN, proof="12")  # entered once more
    looked.append(list(Claim.objects.to_look()))

    assert list(map(len, looked)) == [1, 0, 0, 1]


@pytest.mark.django_db(transaction=True)
def test_a_claim_and_the_import_that_do_not_see_each_other_are_brought_together(
    lin: Member, taobao: Channel, at_once: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim looks, then its order is stored and the file's claims are settled, then the claim is committed."""
    decided = claims._decided

    def stored_meanwhile(ids: list[int], *, at: Any) -> list[int]:
        found = decided(ids, at=at)
        at_once(lambda _n: (sold(taobao), claims.settle(Claim.objects.filter(number="4100000001"), at=NOW)), [1])
        return found

    with monkeypatch.context() as patched:
        patched.setattr(claims, "_decided", stored_meanwhile)
        made = one(lin)
    settled = claims.look(at=NOW)

    assert (made.state, settled, points(lin)) == ("WAITING", 1, 128)


def statements(act: Callable[[], Any]) -> list[str]:
    """The statements of an act, their values left out."""
    with CaptureQueriesContext(connection) as seen:
        act()
    return [re.sub(r"'[^']*'|s?[0-9]+(_x[0-9]+)?", "?", query["sql"]) for query in seen.captured_queries]


@pytest.mark.parametrize("asked", ["none", "amount"])
@pytest.mark.parametrize("channel", ["taobao", None])
def test_numbers_that_give_nothing_are_looked_up_by_the_same_statements(
    lin: Member, mei: Member, taobao: Channel, asked: str, channel: str | None
) -> None:
    Channel.objects.create(code="jd", name="JD", format="jd", claim_proof=asked)
    Channel.objects.update(claim_proof=asked)
    sold(taobao, "4100000001", member=mei)
    sold(taobao, "4100000002", status="closed")
    sold(taobao, "4100000003", phone="+8613800000001")
    one(lin, "4100000098")
    proof = "1.00" if asked == "amount" else ""
    kinds = ["4100000001", "4100000002", UNKNOWN, *(["4100000003"] if asked == "amount" else [])]

    seen = [statements(partial(one, lin, number, channel=channel, proof=proof)) for number in kinds]

    assert all(each == seen[0] for each in seen)


def test_at_the_limit_of_the_day_nothing_is_looked_up_whatever_the_number(
    lin: Member, mei: Member, taobao: Channel
) -> None:
    ClaimPolicy.objects.create()
    Channel.objects.update(claims_a_day=1)
    sold(taobao)
    sold(taobao, "4100000002", member=mei)
    one(lin, UNKNOWN)

    def refused(number: str) -> None:
        with pytest.raises(claims.LimitReached):
            one(lin, number)

    seen = [statements(partial(refused, number)) for number in ("4100000001", "4100000002", UNKNOWN)]

    assert seen[0] == seen[1] == seen[2]
    assert not any("join orders_order" in each or "insert into orders_claim " in each for each in seen[0])


@pytest.mark.django_db(transaction=True)
def test_an_order_that_an_import_holds_is_told_as_an_unknown_one(
    lin: Member, taobao: Channel, at_once: Callable[..., list[Any]]
) -> None:
    sold(taobao)

    with transaction.atomic():
        list(Order.objects.select_for_update())
        [held, unknown] = at_once(lambda number: one(lin, number), ["4100000001", UNKNOWN])

    assert shown(held) == shown(unknown)
    assert claims.look(at=NOW) == 1


def test_of_very_many_claims_none_is_read_but_by_an_index(lin: Member, taobao: Channel) -> None:
    """A scan of all claims for those of an address made known numbers take seconds."""
    sold(taobao)
    members = Member.objects.bulk_create(Member(name=f"M{n}", joined_at=NOW) for n in range(100))
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into orders_claim (member_id, number, proof, address, note, state, reason, made_at) "
            "select %s + n %% 100, n, '', '203.0.113.' || n %% 50, '', 'WAITING', '', %s "
            "from generate_series(1, 20000) n",
            [members[0].pk, NOW - timedelta(days=2)],
        )
        cursor.execute("analyze orders_claim")
        waits = Claim.objects.create(member=lin, number="4100000001", address="203.0.113.7", made_at=NOW)
        asked = Relation("select unnest(%s::bigint[]) as id", ([waits.pk],))
        decide = {"at": NOW, "orders": str(Order.objects.get().pk), "many": 30, "accounts": 5}
        for name, values in (("claim_lock", {}), ("claim_decide", decide)):
            statement = sql.over("orders", name, relation=asked, **values)
            cursor.execute(f"explain {statement.sql}", statement.params)
            plan = "\n".join(line for (line,) in cursor.fetchall())

            assert "Seq Scan on orders_claim" not in plan
            assert "Index" in plan
