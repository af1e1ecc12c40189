"""Claims in the back office: what is doubtful is decided by staff, one or many, after asking."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client

from loyalty.models import EarningRule, Posting
from members.models import Identity, Member
from orders import claims
from orders.models import Channel, Claim, Order, OrderImport
from tests.admin.conftest import signed_in, staff
from tests.conftest import NOW

LIST = "/admin/orders/claim/"


@pytest.fixture
def doubtful(lin: Member, mei: Member) -> list[Claim]:
    """Lin claims two dear orders; the account that bought the first is Mei's. A third number waits."""
    EarningRule.objects.create(name="Base", benefit_rate=1)
    shop = Channel.objects.create(code="tmall", name="Tmall", format="taobao")
    file = OrderImport.objects.create(name="a.csv", channel=shop, created_at=NOW)
    Identity.objects.create(channel="taobao", external_id="mei_buys", member=mei)
    for number, buyer in (("4100000001", "mei_buys"), ("4100000002", "nobody_knows")):
        Order.objects.create(
            channel=shop,
            number=number,
            status="completed",
            gross=6000,
            refunded=0,
            shipping=0,
            buyer=buyer,
            phone="",
            paid_at=NOW,
            first_import=file,
            last_import=file,
        )
    numbers = ["4100000001", "4100000002", "4100000003"]
    return claims.claim(member_id=lin.pk, numbers=numbers, channel_code="tmall", at=NOW, address="203.0.113.9")


def post(client: Client, action: str, rows: list[Claim], **more: str) -> str:
    response = client.post(LIST, {"action": action, "_selected_action": [one.pk for one in rows], **more})
    said = " ".join(str(one) for one in get_messages(response.wsgi_request))
    return said or response.content.decode()


def states() -> list[str]:
    return list(Claim.objects.order_by("number").values_list("state", flat=True))


def test_the_queue_shows_the_reason_the_proof_and_the_order(boss: Client, doubtful: list[Claim]) -> None:
    queue = boss.get(f"{LIST}?state__in=IN_REVIEW").content.decode()
    page = boss.get(f"{LIST}{doubtful[0].pk}/change/").content.decode()

    assert "4100000001" in queue
    assert "4100000003" not in queue
    assert "high amount" in queue
    assert "6,000.00" in queue
    assert "mei_buys" in page
    assert ">Mei</a>" in page
    assert "203.0.113.9" in page


def test_accepting_asks_then_credits_and_says_how_many(boss: Client, lin: Member, doubtful: list[Claim]) -> None:
    asked = post(boss, "accept", doubtful)
    before = states()
    done = post(boss, "accept", doubtful, confirmed="1")
    again = post(boss, "accept", doubtful, confirmed="1")

    assert "Accept 2 claims?" in asked
    assert before == ["IN_REVIEW", "IN_REVIEW", "WAITING"]
    assert done == "2 claims accepted."
    assert again.endswith("None of the selected waits for a decision.")
    assert states() == ["CREDITED", "CREDITED", "WAITING"]
    assert [one.points for one in Posting.objects.all()] == [6000, 6000]
    assert Identity.objects.get(external_id="mei_buys").member.name == "Mei"
    assert LogEntry.objects.count() == 2


def test_what_is_anothers_by_now_stays_in_review(boss: Client, mei: Member, doubtful: list[Claim]) -> None:
    Order.objects.filter(number="4100000002").update(member=mei)

    done = post(boss, "accept", doubtful, confirmed="1")

    assert done.startswith("1 claim accepted. 1 not:")
    assert states() == ["CREDITED", "IN_REVIEW", "WAITING"]


def test_refusing_needs_a_reason_then_asks(boss: Client, doubtful: list[Claim]) -> None:
    empty = post(boss, "refuse", doubtful, note="")
    asked = post(boss, "refuse", doubtful, note="Please send a screenshot.")
    before = states()
    done = post(boss, "refuse", doubtful, note="Please send a screenshot.", confirmed="1")

    assert "This field is required" in empty
    assert "Refuse 3 claims?" in asked
    assert before == ["IN_REVIEW", "IN_REVIEW", "WAITING"]
    assert done == "3 claims refused."
    assert set(states()) == {"REFUSED"}
    assert {one.words for one in claims.tell(list(Claim.objects.all()), at=NOW)} == {"Please send a screenshot."}
    assert Posting.objects.count() == 0


def test_one_claim_is_decided_on_its_own_page(boss: Client, doubtful: list[Claim]) -> None:
    place = f"{LIST}{doubtful[0].pk}"

    offered = boss.get(f"{place}/change/").content.decode()
    asked = boss.post(f"{place}/accept_one/").content.decode()
    boss.post(f"{place}/accept_one/", {"confirmed": "1"})
    boss.post(f"{LIST}{doubtful[1].pk}/refuse_one/", {"note": "No.", "confirmed": "1"})
    after = boss.get(f"{place}/change/").content.decode()

    assert "accept_one" in offered
    assert "Accept 1 claim?" in asked
    assert states() == ["CREDITED", "REFUSED", "WAITING"]
    assert "accept_one" not in after


def test_deciding_needs_its_own_right(looker: Client, doubtful: list[Claim]) -> None:
    place = f"{LIST}{doubtful[0].pk}"

    answers = [looker.post(f"{place}/{act}/", {"confirmed": "1"}).status_code for act in ("accept_one", "refuse_one")]
    post(looker, "accept", doubtful, confirmed="1")
    before = states()
    post(signed_in(staff("chen", "view_claim", "change_claim")), "accept", doubtful, confirmed="1")

    assert answers == [403, 403]
    assert before == ["IN_REVIEW", "IN_REVIEW", "WAITING"]
    assert states() == ["CREDITED", "CREDITED", "WAITING"]


def test_the_first_page_and_the_search_lead_to_claims(boss: Client, doubtful: list[Claim]) -> None:
    today = boss.get("/admin/").content.decode()
    by_number = boss.get(f"{LIST}?q=4100000003").content.decode()
    by_phone = boss.get(f"{LIST}?q=13800000001").content.decode()

    assert "Claims to decide" in today
    assert "4100000003" in by_number
    assert "4100000001" not in by_number
    assert all(one.number in by_phone for one in doubtful)
