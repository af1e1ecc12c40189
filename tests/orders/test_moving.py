"""Staff give an order to the member who claims it: Mei has it, Lin says that it is his."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connections
from django.test import Client

from config.sql import Relation
from loyalty import history, ledger
from loyalty.models import EarningRule, Kind, PointsPolicy, Posting
from members.models import Identity, Member, User
from orders import awarding, claims, moving, undoing
from orders.models import Channel, Claim, Order, OrderImport
from tests.conftest import NOW, rows
from tests.orders.test_claims import claim, import_taobao, one, points, sold, told

KEY = "taobao:4100000001"


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)
    PointsPolicy.objects.create(pending_days=0)


@pytest.fixture
def taobao(db: None) -> Channel:
    return Channel.objects.create(code="taobao", name="Taobao", format="taobao")


@pytest.fixture
def taken(taobao: Channel, lin: Member, mei: Member) -> Claim:
    """Mei's account bought an order that Lin claims: refused, for it is hers."""
    Identity.objects.create(channel="taobao", external_id="花开", member=mei)
    awarding.award_few([sold(taobao, member=mei, buyer="花开").pk], at=NOW)
    made = one(lin)
    assert told(made) == ("REFUSED", "TAKEN")
    return made


def give(made: Claim, **more: Any) -> moving.Moved:
    actor = User.objects.get_or_create(username="wang", is_staff=True)[0]
    return moving.give(claim_id=made.pk, at=NOW, actor_id=actor.pk, **more)


def standing(member: Member) -> tuple[int, int, int]:
    found = ledger.standing(member_id=member.pk, at=NOW)
    return found.available, found.growth, found.debt


def test_the_order_is_taken_from_one_and_given_to_the_other_under_its_next_number(
    taken: Claim, lin: Member, mei: Member
) -> None:
    moved = give(taken)

    order, made = Order.objects.get(), claims.tell(Claim.objects.of(lin), at=NOW)[0]
    assert moved == (mei, 128, 128, 0, 0, 128, 128)
    assert (standing(mei), standing(lin)) == ((0, 0, 0), (128, 128, 0))
    assert (order.member, order.award, made.state, made.points) == (lin, 2, "CREDITED", 128)
    assert rows(Posting, "source", "key", "member__name", "points", "growth") == [
        ("order", f"{KEY}#1", "Mei", 128, 128),
        ("refund", f"{KEY}#1@128.00>", "Mei", -128, -128),
        ("order", f"{KEY}#2", "Lin", 128, 128),
    ]


def test_the_first_member_is_told_neutrally(taken: Claim, lin: Member, mei: Member) -> None:
    hers = Claim.objects.create(
        member=mei, number="4100000001", order=taken.order, state="CREDITED", made_at=NOW, decided_at=NOW
    )

    give(taken)

    story = " ".join(history.words(Posting.objects.get(kind=Kind.CLAW_BACK)))
    (told_to_mei,) = claims.tell(Claim.objects.of(mei), at=NOW)
    assert "4100000001" in story
    assert (told_to_mei.pk, told(told_to_mei), told_to_mei.points) == (hers.pk, ("REFUSED", "MOVED"), 0)
    for words in (story, told_to_mei.words):
        assert words
        assert "Lin" not in words
        assert "128" not in words


def test_what_it_would_move_is_known_before_and_nothing_is_moved_for_that(taken: Claim, mei: Member) -> None:
    spend(mei, 100)
    before = [rows(model) for model in (Posting, Claim, Order, Identity)]

    foreseen = moving.foresee(claim_id=taken.pk, at=NOW)

    assert [rows(model) for model in (Posting, Claim, Order, Identity)] == before
    assert foreseen == give(taken)


def spend(member: Member, number: int) -> None:
    ledger.debit(member_id=member.pk, points=number, source="test", key="cup", at=NOW)


@pytest.mark.parametrize(("policy", "owed", "short"), [("debt", 100, 0), ("clamp", 0, 100)])
def test_points_that_are_spent_are_owed_or_let_go(
    taken: Claim, lin: Member, mei: Member, policy: str, owed: int, short: int
) -> None:
    PointsPolicy.objects.update(shortfall=policy)
    spend(mei, 100)

    moved = give(taken)

    assert (moved.owed, moved.short, moved.taken) == (owed, short, 28 + owed)
    assert (standing(mei), standing(lin)) == ((0, 0, owed), (128, 128, 0))


def test_a_partly_refunded_order_gives_what_was_kept(taken: Claim, lin: Member, mei: Member) -> None:
    Order.objects.update(status="partially_refunded", refunded=Decimal(28))
    awarding.award_few([taken.order_id or 0], at=NOW)

    moved = give(taken)

    assert (moved.taken, moved.points) == (100, 100)
    assert (standing(mei), standing(lin)) == ((0, 0, 0), (100, 100, 0))


@pytest.mark.parametrize(("rebind", "owner"), [(False, "Mei"), (True, "Lin")])
def test_the_account_goes_along_where_staff_say_so(taken: Claim, tmp_path: Path, rebind: bool, owner: str) -> None:
    give(taken, rebind=rebind)
    import_taobao(tmp_path, "4100000001", "4100000002", buyer="花开")

    assert Identity.objects.get().member.name == owner
    assert Order.objects.get(number="4100000001").member.name == "Lin"
    assert Order.objects.get(number="4100000002").member.name == owner


def test_an_account_of_nobody_becomes_the_members(taobao: Channel, lin: Member, mei: Member) -> None:
    sold(taobao, member=mei, buyer="花开")

    give(one(lin))

    assert Identity.objects.get().member == lin


def test_an_order_of_nobody_whose_account_is_anothers_is_given_too(taobao: Channel, lin: Member, mei: Member) -> None:
    Identity.objects.create(channel="taobao", external_id="花开", member=mei)
    sold(taobao, buyer="花开")
    made = one(lin)

    moved = give(made, rebind=True)

    assert told(made) == ("IN_REVIEW", "BOUND")
    assert (moved.loser, moved.points, points(lin)) == (None, 128, 128)
    assert Identity.objects.get().member == lin


def test_it_stays_given_when_the_file_comes_again_and_follows_refunds(
    taken: Claim, lin: Member, tmp_path: Path
) -> None:
    give(taken)

    import_taobao(tmp_path, "4100000001", buyer="花开")
    import_taobao(tmp_path, "4100000001", buyer="花开", status="交易关闭")

    assert Order.objects.get().member == lin
    assert points(lin) == 0
    assert Posting.objects.filter(source="order").count() == 2


def test_it_can_be_given_back_and_again_and_each_time_has_its_own_number(
    taken: Claim, lin: Member, mei: Member
) -> None:
    give(taken)
    back = one(mei)

    given_back = give(back)
    again = give(one(lin))

    assert (told(back), given_back.loser, again.loser) == (("REFUSED", "TAKEN"), lin, mei)
    assert (points(lin), points(mei), Order.objects.get().award) == (128, 0, 4)


def test_undoing_the_file_takes_it_from_whom_it_was_given_to(
    taobao: Channel, lin: Member, mei: Member, tmp_path: Path
) -> None:
    Identity.objects.create(channel="taobao", external_id="花开", member=mei)
    import_taobao(tmp_path, "4100000001", buyer="花开")
    give(one(lin))

    undoing.undo(import_id=OrderImport.objects.get().pk, actor_id=None, at=NOW)
    import_taobao(tmp_path, "4100000001", buyer="")

    assert (points(lin), points(mei)) == (128, 0)
    assert Claim.objects.get(member=lin).state == "CREDITED"


def test_what_staff_gave_is_given_again_when_the_undone_file_comes_again(
    taobao: Channel, lin: Member, mei: Member, tmp_path: Path
) -> None:
    Identity.objects.create(channel="taobao", external_id="花开", member=mei)
    import_taobao(tmp_path, "4100000001", buyer="花开")
    give(one(lin))
    undoing.undo(import_id=OrderImport.objects.latest("pk").pk, actor_id=None, at=NOW)
    assert told(claims.tell(Claim.objects.of(lin), at=NOW)[0]) == ("WAITING", "UNDONE")

    import_taobao(tmp_path, "4100000001", buyer="花开")

    assert rows(Order, "member__name") == [("Lin",)]
    assert Claim.objects.get(member=lin).state == "CREDITED"
    assert (standing(lin)[0] > 0, standing(mei)) == (True, (0, 0, 0))


def test_what_staff_gave_stays_given_however_often_the_file_is_undone_and_comes_again(
    taobao: Channel, lin: Member, mei: Member, tmp_path: Path
) -> None:
    Identity.objects.create(channel="taobao", external_id="花开", member=mei)
    import_taobao(tmp_path, "4100000001", buyer="花开")
    give(one(lin))

    for _time in range(3):
        undoing.undo(import_id=OrderImport.objects.latest("pk").pk, actor_id=None, at=NOW)
        import_taobao(tmp_path, "4100000001", buyer="花开")

        assert rows(Order, "member__name") == [("Lin",)]
        assert rows(Claim, "state") == [("CREDITED",)]
    assert (standing(lin)[1], standing(mei)) == (128, (0, 0, 0))


def test_what_staff_gave_and_then_refused_is_not_given_again(
    taobao: Channel, lin: Member, mei: Member, tmp_path: Path
) -> None:
    Identity.objects.create(channel="taobao", external_id="花开", member=mei)
    import_taobao(tmp_path, "4100000001", buyer="花开")
    give(one(lin))
    undoing.undo(import_id=OrderImport.objects.latest("pk").pk, actor_id=None, at=NOW)
    claims.refuse(claim_ids=[Claim.objects.get().pk], at=NOW, actor_id=User.objects.get().pk, note="no proof")

    import_taobao(tmp_path, "4100000001", buyer="花开")

    assert (rows(Order, "member__name"), rows(Claim, "state")) == ([("Mei",)], [("REFUSED",)])


@pytest.mark.parametrize("spoilt", ["his", "unpaid", "decided", "unknown", "again"])
def test_what_cannot_be_given_is_refused_with_a_sentence(taken: Claim, lin: Member, mei: Member, spoilt: str) -> None:
    if spoilt == "his":
        Order.objects.update(member=lin)
    elif spoilt == "unpaid":
        Order.objects.update(status="unpaid")
    elif spoilt == "decided":
        Claim.objects.update(reason="OLD")
    elif spoilt == "unknown":
        Claim.objects.update(order=None)
    else:
        Claim.objects.create(
            member=lin, number="4100000001", order=taken.order, state="IN_REVIEW", made_at=NOW, decided_at=NOW
        )
    before = rows(Posting)

    with pytest.raises(moving.NotMovable) as refused:
        give(taken)

    assert str(refused.value).endswith((".", "。"))
    assert rows(Posting) == before


@pytest.mark.django_db(transaction=True)
def test_while_the_first_member_redeems_and_others_give_it_too_it_is_given_once(
    taken: Claim, lin: Member, mei: Member, wei: Member, at_once: Callable[..., list[Any]]
) -> None:
    second = one(wei)
    User.objects.create(username="wang", is_staff=True)

    def redeem(number: int) -> None:
        ledger.debit(member_id=mei.pk, points=20, source="test", key=f"cup {number}", at=NOW)

    jobs: list[Callable[[], Any]] = [partial(redeem, number) for number in range(8)]
    jobs += [partial(give, taken), partial(give, second), partial(give, taken)]
    jobs += [partial(claim, lin, "4100000001"), partial(claims.settle, Claim.objects.found(), at=NOW)]
    outcomes = at_once(lambda job: job(), jobs)

    wrong = [one for one in outcomes if isinstance(one, Exception)]
    assert all(isinstance(one, ledger.InsufficientPoints | moving.NotMovable) for one in wrong), wrong
    spent = 20 * Posting.objects.filter(kind=Kind.REDEEM).count()
    owner = Order.objects.get().member
    assert owner in (lin, wei)
    assert points(owner) == 128
    assert standing(mei) == (0, 0, spent)


def test_staff_see_what_moves_then_give_it(taken: Claim, lin: Member, mei: Member, admin_user: User) -> None:
    spend(mei, 100)
    client = Client(headers={"accept-language": "en"})
    client.force_login(admin_user)
    place = f"/admin/orders/claim/{taken.pk}"

    offered = client.get(f"{place}/change/").content.decode()
    form = client.post(f"{place}/give_one/").content.decode()
    asked = client.post(f"{place}/give_one/", {"_given": "1", "rebind": "on"}).content.decode()
    before = Order.objects.get().member
    client.post(f"{place}/give_one/", {"_given": "1", "rebind": "on", "confirmed": "1"})
    after = client.get(f"{place}/change/").content.decode()

    assert "give_one" in offered
    assert "accept_one" not in offered
    assert "Bind the buyer" in form
    assert "Mei loses 128 points and 128 growth value." in asked
    assert "100 of these points are spent: Mei owes them" in asked
    assert "Lin gets 128 points" in asked
    assert (before, Order.objects.get().member, Identity.objects.get().member) == (mei, lin, lin)
    assert "give_one" not in after


@pytest.mark.parametrize(
    ("rights", "status"), [(("view_claim", "change_claim"), 403), (("view_claim", "give_claim"), 200)]
)
def test_giving_needs_a_right_of_its_own(taken: Claim, client: Client, rights: tuple[str, ...], status: int) -> None:
    looker = User.objects.create_user("zhou", password="a long word", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(looker)

    answer = client.post(f"/admin/orders/claim/{taken.pk}/give_one/", {"_given": "1"})

    assert answer.status_code == status


def post_both(members: list[Member], key: str) -> ledger.Posted:
    """Credit several members in one statement, as an import does."""
    row = [1, 0, Kind.EARN, "test", NOW, NOW, None]
    names = ["points", "growth", "kind", "source", "occurred_at", "available_at", "expires_at"]
    values = dict(zip(names, row, strict=True))
    given = [
        [{**values, "member_id": one.pk, "key": f"{key} {one.pk}"}.get(name) for name in ledger.CREDIT_COLUMNS]
        for one in members
    ]
    return ledger.post_many(Relation.rows(ledger.CREDIT_COLUMNS, given), at=NOW)


@pytest.mark.parametrize("has_a_balance", [True, False])
@pytest.mark.django_db(transaction=True)
def test_an_import_that_posts_to_both_while_the_order_moves_does_not_deadlock(
    taken: Claim, lin: Member, mei: Member, has_a_balance: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The import comes when the award is about to be taken back: it waits, and who claims is never locked later."""
    assert lin.pk < mei.pk
    if has_a_balance:
        post_both([lin], "before")
    take_back, posted = moving._take_back, list[Any]()

    def post() -> None:
        try:
            posted.append(post_both([lin, mei], "meanwhile").new)
        except Exception as error:
            posted.append(error)
        finally:
            connections.close_all()

    importing = Thread(target=post)

    def meanwhile(*asked: Any) -> Any:
        importing.start()
        importing.join(0.7)
        assert posted == []  # it waits
        return take_back(*asked)

    monkeypatch.setattr(moving, "_take_back", meanwhile)

    moved = give(taken)
    importing.join(10)

    assert posted == [2]
    assert (moved.taken, moved.points) == (128, 128)
    assert (standing(mei)[0], standing(lin)[0]) == (1, 129 + has_a_balance)


@pytest.mark.django_db(transaction=True)
def test_orders_move_to_and_fro_while_imports_post_to_everybody(
    taobao: Channel, lin: Member, mei: Member, at_once: Callable[..., list[Any]]
) -> None:
    members = [lin, mei]
    made = []
    for number in range(6):
        owner, other = members[number % 2], members[1 - number % 2]
        awarding.award_few([sold(taobao, f"410000000{number}", member=owner).pk], at=NOW)
        made.append(one(other, f"410000000{number}"))
    User.objects.create(username="wang", is_staff=True)

    jobs: list[Callable[[], Any]] = [partial(give, claim) for claim in made]
    jobs += [partial(post_both, members, f"file {turn}") for turn in range(6)]
    outcomes = at_once(lambda job: job(), jobs)

    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert [standing(member)[0] for member in members] == [3 * 128 + 6] * 2
