"""The pages of draws: what stands on them, what a forged form gets, and who may see what."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from mall import lottery, shipping, tasks, treasure
from mall.models import Draw, DrawPlay, DrawPrize, Gift, GiftTier, Redemption, TreasureDraw, TreasureEntry, WonGift
from members.models import Member, User
from tests.admin.conftest import boss, wang
from tests.conftest import rows
from tests.pages.conftest import HOME, TO_HOME, available, give, redeemed, shelve
from tests.pages.test_all_pages import MOST_QUERIES

__all__ = ("boss", "wang")

Browse = Callable[[Member], Client]


def a_lottery(*, published: bool = True, prize: dict[str, Any] | None = None, **fields: Any) -> Draw:
    at = timezone.now() - timedelta(minutes=5)
    draw = Draw.objects.create(**{"name": "Wheel", "points": 10, "opens_at": at} | fields)
    sure = {"name": "Mirror", "kind": "WORDS", "odds": "100", "stock": 50}
    DrawPrize.objects.create(draw=draw, **sure | (prize or {}))
    DrawPrize.objects.create(draw=draw, name="Thank you", kind="WORDS", consolation=True)
    if published:
        lottery.publish(draw_id=draw.pk, at=at, actor_id=None)
    return draw


def a_treasure(*, published: bool = True, **fields: Any) -> TreasureDraw:
    at = timezone.now() - timedelta(minutes=5)
    given = {"name": "Lamp", "points": 5, "capacity": 10, "minimum": 10, "opens_at": at}
    given |= {"closes_at": at + timedelta(days=7)} | ({} if "gift" in fields else {"prize_points": 40})
    draw = TreasureDraw.objects.create(**given | fields)
    if published:
        treasure.publish(treasure_id=draw.pk, at=at, actor_id=None)
        draw.refresh_from_db()
    return draw


def play(member: Member, draw: Draw) -> DrawPlay:
    return lottery.play(member_id=member.pk, draw_id=draw.pk, at=timezone.now(), request_key=uuid4().hex)


def enter(member: Member, draw: TreasureDraw, quantity: int = 1) -> TreasureEntry:
    at = timezone.now()
    return treasure.enter(member_id=member.pk, treasure_id=draw.pk, quantity=quantity, at=at, request_key=uuid4().hex)


def won_gift(member: Member) -> WonGift:
    draw = a_lottery(prize={"name": "Cup", "kind": "GIFT", "gift": shelve(pieces=50)})
    play(member, draw)
    return WonGift.objects.latest("pk")


def key_on(page: Any) -> str:
    return str(page.context["key"] if "key" in page.context else page.context["form"].initial["request_key"])


def words(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_try_from_the_list_to_the_result(browse: Browse, lin: Member) -> None:
    give(lin, 25)
    draw = a_lottery()
    client = browse(lin)

    listed = words(client.get("/mall/draws/"))
    page = client.get(f"/mall/draws/{draw.pk}/")
    form = {"request_key": key_on(page)}
    done = client.post(f"/mall/draws/{draw.pk}/", form, follow=True)
    again = client.post(f"/mall/draws/{draw.pk}/", form, follow=True)

    assert "Wheel" in listed
    assert "100%" in words(page)
    assert "You won: Mirror" in words(done)
    assert done.redirect_chain == again.redirect_chain
    assert available(lin) == 15


def test_odds_are_told_exactly(browse: Browse, lin: Member) -> None:
    draw = a_lottery(prize={"odds": "0.0125"})

    page = words(browse(lin).get(f"/mall/draws/{draw.pk}/"))

    assert "0.0125%" in page
    assert "99.9875%" in page


@pytest.mark.parametrize("form", [{}, {"request_key": "x"}, {"request_key": ["a" * 33]}])
def test_a_damaged_try_is_refused_in_a_sentence(browse: Browse, lin: Member, form: dict[str, Any]) -> None:
    give(lin, 25)
    draw = a_lottery()

    done = browse(lin).post(f"/mall/draws/{draw.pk}/", form, follow=True)

    assert "This form is damaged" in words(done)
    assert available(lin) == 25


def test_a_try_in_a_draw_that_closed_between_look_and_click_is_refused(browse: Browse, lin: Member) -> None:
    give(lin, 25)
    draw = a_lottery()
    client = browse(lin)
    form = {"request_key": key_on(client.get(f"/mall/draws/{draw.pk}/"))}
    lottery.close(draw_id=draw.pk, at=timezone.now())

    done = client.post(f"/mall/draws/{draw.pk}/", form, follow=True)

    assert "This draw is not open at this time." in words(done)
    assert available(lin) == 25


def test_without_points_the_page_says_how_many_are_missing(browse: Browse, lin: Member) -> None:
    give(lin, 3)

    page = browse(lin).get(f"/mall/draws/{a_lottery().pk}/")

    assert "You are 7 points short." in words(page)


def test_a_won_gift_asks_where_it_goes_and_becomes_a_redemption(browse: Browse, lin: Member) -> None:
    give(lin, 10)
    won = won_gift(lin)
    client = browse(lin)

    home = words(client.get("/"))
    refused = client.post(f"/mall/draws/prizes/{won.pk}/", TO_HOME | {"phone": "x"})
    done = client.post(f"/mall/draws/prizes/{won.pk}/", TO_HOME, follow=True)
    again = client.get(f"/mall/draws/prizes/{won.pk}/")

    redemption = Redemption.objects.get()
    assert "You won: Cup" in home
    assert refused.status_code == 422
    assert done.redirect_chain[-1][0] == again.headers["location"] == f"/redemptions/{redemption.pk}/"
    assert (redemption.address, redemption.points) == (HOME.address, 0)


def test_what_others_won_is_not_there(browse: Browse, lin: Member, wei: Member) -> None:
    give(lin, 10)
    won = won_gift(lin)
    client = browse(wei)

    paths = [f"/mall/draws/prizes/{won.pk}/", f"/mall/draws/tries/{won.play_id}/"]

    assert [client.get(path).status_code for path in paths] == [404, 404]
    assert client.post(paths[0], TO_HOME).status_code == 404


def test_drafts_are_not_there(browse: Browse, lin: Member) -> None:
    draw, chest = a_lottery(published=False), a_treasure(published=False)
    client = browse(lin)

    for path in (f"/mall/draws/{draw.pk}/", f"/mall/treasure/{chest.pk}/", f"/mall/treasure/{chest.pk}/check/"):
        assert client.get(path).status_code == 404, path


def test_entries_from_the_form_to_the_result_and_its_check(browse: Browse, lin: Member, visitor: Client) -> None:
    give(lin, 100)
    draw = a_treasure()
    client = browse(lin)

    page = client.get(f"/mall/treasure/{draw.pk}/")
    form = {"request_key": key_on(page), "quantity": "10"}
    done = client.post(f"/mall/treasure/{draw.pk}/", form, follow=True)
    before = visitor.get(f"/mall/treasure/{draw.pk}/check/")
    hidden = visitor.get(f"/mall/treasure/{draw.pk}/entries.csv")
    treasure.settle_due(at=timezone.now())
    draw.refresh_from_db()
    after = visitor.get(f"/mall/treasure/{draw.pk}/check/")
    file = visitor.get(f"/mall/treasure/{draw.pk}/entries.csv")

    assert "You are in with number 1–10." in words(done)
    assert draw.commitment in words(before)
    assert hidden.status_code == 404
    assert draw.seed in words(after)
    assert f"number {draw.winner_number} is the winner" in words(after)
    assert hashlib.sha256(file.content).hexdigest() == draw.entries_digest
    assert f"Your number {draw.winner_number} has won!" in words(client.get(f"/mall/treasure/{draw.pk}/"))
    assert available(lin) == 90


@pytest.mark.parametrize(("drawn_when", "state"), [("FULL", "DRAWN"), ("END", "OPEN")])
def test_the_last_entry_has_the_winner_drawn_at_once(
    browse: Browse, lin: Member, django_capture_on_commit_callbacks: Any, drawn_when: str, state: str
) -> None:
    give(lin, 100)
    draw = a_treasure(drawn_when=drawn_when)
    client = browse(lin)

    states = []
    for quantity in (9, 1):
        with django_capture_on_commit_callbacks(execute=True):
            client.post(f"/mall/treasure/{draw.pk}/", {"request_key": uuid4().hex, "quantity": quantity})
        draw.refresh_from_db()
        states.append(draw.state)

    assert states == ["OPEN", state]
    assert available(lin) == (90 if state == "DRAWN" else 50)


def test_with_no_broker_the_entry_holds_and_the_beat_draws(
    browse: Browse, lin: Member, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(lin, 100)
    draw = a_treasure()
    asked = []
    monkeypatch.setattr("mall.tasks.settle_draw.apply_async", lambda *args, **_: asked.append(args) or 1 / 0)

    with django_capture_on_commit_callbacks(execute=True):
        done = browse(lin).post(f"/mall/treasure/{draw.pk}/", {"request_key": uuid4().hex, "quantity": 10}, follow=True)
    before = words(done)
    tasks.settle_draws()

    draw.refresh_from_db()
    assert asked == [((draw.pk,),)]
    assert "You are in with number 1–10." in before
    assert "The winner is being drawn." in before
    assert draw.state == "DRAWN"


def test_nothing_tells_the_seed_before_the_result(browse: Browse, lin: Member, visitor: Client) -> None:
    from mall.models import TreasureSeed

    give(lin, 100)
    draw = a_treasure()
    enter(lin, draw)
    seed = bytes(TreasureSeed.objects.get().seed).hex()
    client = browse(lin)

    paths = ["/mall/draws/", "/mall/draws/mine/", f"/mall/treasure/{draw.pk}/", f"/mall/treasure/{draw.pk}/check/"]

    assert not any(seed in client.get(path).content.decode() for path in paths)


@pytest.mark.parametrize("code", ["0" * 12, "", "' or 1=1 --", "\0", "林" * 40])
def test_anybody_finds_an_entry_by_its_code_once_it_is_drawn(visitor: Client, lin: Member, code: str) -> None:
    give(lin, 100)
    draw = a_treasure(capacity=2, minimum=2)
    own = enter(lin, draw, 2).code
    before = words(visitor.get(f"/mall/treasure/{draw.pk}/check/", {"code": own}))
    treasure.settle_due(at=timezone.now())

    found = words(visitor.get(f"/mall/treasure/{draw.pk}/check/", {"code": f" {own.upper()} "}))
    not_found = words(visitor.get(f"/mall/treasure/{draw.pk}/check/", {"code": code}))

    assert "No. 1–2" not in before
    assert "No. 1–2, in the list as L**" in found
    assert "It has won." in found
    assert ("No entry in the list has this code." in not_found) is bool(code.strip())
    assert "It has won." not in not_found


def test_a_result_that_does_not_fit_is_not_called_right(visitor: Client, lin: Member) -> None:
    from mall import drawing

    give(lin, 100)
    draw = a_treasure(capacity=2, minimum=2)
    enter(lin, draw, 2)
    treasure.settle_due(at=timezone.now())
    draw.refresh_from_db()

    assert drawing.check(draw).right
    draw.winner_number = 3 - (draw.winner_number or 0)
    assert not drawing.check(draw).right


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", str(2**63), "", "x", "１", "1_0"])
def test_a_forged_number_of_entries_is_refused(browse: Browse, lin: Member, quantity: str) -> None:
    give(lin, 3)
    draw = a_treasure()

    done = browse(lin).post(
        f"/mall/treasure/{draw.pk}/", {"request_key": uuid4().hex, "quantity": quantity}, follow=True
    )

    assert done.status_code == 422
    assert TreasureEntry.objects.count() == 0
    assert available(lin) == 3


def test_who_did_not_win_is_thanked_and_who_is_refunded_is_told(browse: Browse, lin: Member, wei: Member) -> None:
    full, thin = a_treasure(capacity=2, minimum=2), a_treasure(name="Vase")
    for member in (lin, wei):
        give(member, 100)
        enter(member, full)
    enter(lin, thin)
    treasure.call_off(treasure_id=thin.pk, reason="The vase broke", at=timezone.now(), actor_id=None)
    treasure.settle_due(at=timezone.now())
    full.refresh_from_db()
    loser = wei if full.winner and full.winner.member_id == lin.pk else lin

    home = words(browse(loser).get("/"))
    page = words(browse(loser).get(f"/mall/treasure/{full.pk}/"))
    thin_page = words(browse(lin).get(f"/mall/treasure/{thin.pk}/"))

    assert "Thank you for taking part!" in home
    assert "Thank you for taking part!" in page
    assert "Vase did not take place: your points are back." in words(browse(lin).get("/"))
    assert "It was called off: The vase broke." in thin_page
    assert "Your points are back" in thin_page


def test_pages_cost_the_same_however_much_there_is(
    browse: Browse, lin: Member, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    give(lin, 5000)
    draw, chest = a_lottery(), a_treasure(capacity=1000, minimum=1000)
    play(lin, draw)
    enter(lin, chest)
    won_gift(lin)
    client = browse(lin)
    paths = ["/mall/draws/", "/mall/draws/mine/", f"/mall/draws/{draw.pk}/", f"/mall/treasure/{chest.pk}/", "/"]
    few: dict[str, int] = {}
    client.get("/")
    for path in paths:
        with django_assert_max_num_queries(MOST_QUERIES, info=path) as asked:
            assert client.get(path).status_code == 200, path
        few[path] = len(asked)

    for _ in range(12):
        play(lin, draw)
        enter(lin, chest)
        won_gift(lin)
        a_treasure()

    for path in paths:
        with django_assert_num_queries(few[path], info=path):
            client.get(path)


def test_pages_run_no_inline_code(browse: Browse, lin: Member) -> None:
    give(lin, 500)
    chest = a_treasure(capacity=2, minimum=2)
    enter(lin, chest, 2)
    treasure.settle_due(at=timezone.now())
    won = won_gift(lin)
    client = browse(lin)

    for path in (
        "/mall/draws/",
        "/mall/draws/mine/",
        f"/mall/draws/tries/{won.play_id}/",
        f"/mall/draws/prizes/{won.pk}/",
        f"/mall/treasure/{chest.pk}/",
        f"/mall/treasure/{chest.pk}/check/",
    ):
        response = client.get(path)
        page = response.content.decode()
        assert response.status_code == 200, path
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick" not in page


def test_a_claimed_prize_says_that_it_was_won_and_what_cancelling_it_means(browse: Browse, lin: Member) -> None:
    give(lin, 10)
    won = won_gift(lin)
    client = browse(lin)
    client.post(f"/mall/draws/prizes/{won.pk}/", TO_HOME)
    won.refresh_from_db()
    own = f"/redemptions/{won.redemption_id}/"

    listed, page, asked = (words(client.get(path)) for path in ("/redemptions/", own, f"{own}cancel/"))
    done = words(client.post(f"{own}cancel/", follow=True))

    for shown in (listed, page):
        assert "Won in a draw" in shown
        assert "<b>0</b>" not in shown
    assert "Give up this prize?" in asked
    assert "it goes back to the shop for others and you cannot get it again" in asked
    assert "what the draw cost does not come back" in asked
    assert "You gave the prize up." in done
    assert "Your points are back" not in done


def test_a_prize_that_was_given_up_is_back_in_the_shop_and_is_not_to_be_claimed_again(
    browse: Browse, boss: Client, lin: Member
) -> None:
    give(lin, 10)
    won = won_gift(lin)
    client = browse(lin)
    prize, before = f"/mall/draws/prizes/{won.pk}/", available(lin)
    in_the_shop = Gift.objects.get(pk=won.gift_id).stock
    client.post(prize, TO_HOME)
    won.refresh_from_db()

    client.post(f"/redemptions/{won.redemption_id}/cancel/")
    client.post(prize, TO_HOME)

    assert Gift.objects.get(pk=won.gift_id).stock == in_the_shop + 1
    assert rows(Redemption, "state", "points") == [("CANCELLED", 0)]
    assert available(lin) == before
    assert "You gave this prize up." in words(client.get(f"/mall/draws/tries/{won.play_id}/"))
    assert "given up" in boss.get("/admin/mall/wongift/").content.decode()


def test_a_prize_that_staff_cancelled_was_not_given_up(browse: Browse, boss: Client, wang: User, lin: Member) -> None:
    give(lin, 10)
    won = won_gift(lin)
    client = browse(lin)
    client.post(f"/mall/draws/prizes/{won.pk}/", TO_HOME)
    won.refresh_from_db()

    assert won.redemption_id
    shipping.cancel(redemption_id=won.redemption_id, at=timezone.now(), actor_id=wang.pk)

    assert "cancelled by the shop" in words(client.get(f"/mall/draws/tries/{won.play_id}/"))
    assert "given up" not in boss.get("/admin/mall/wongift/").content.decode()


def test_what_cost_no_points_is_cancelled_without_promising_any(browse: Browse, mei: Member) -> None:
    gift = shelve(points=100)
    GiftTier.objects.create(gift=gift, tier=mei.tier, points=0)  # type: ignore[misc]

    asked = words(browse(mei).get(f"/redemptions/{redeemed(mei, gift).pk}/cancel/"))

    assert "it cost you no points, so none come back" in asked
