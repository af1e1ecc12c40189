"""The counter, pools of codes and medals, as staff use them."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from mall import codes, counter
from mall.models import CouponCode, Gift, Medal, Redemption, Voucher
from members.models import Member, User
from tests.admin.conftest import give, redeemed, shelve, signed_in, staff
from tests.admin.test_actions import said

COUNTER = "/admin/mall/voucher/counter/"


@pytest.fixture
def voucher(wang: User, lin: Member) -> Voucher:
    give(lin, 100, wang)
    gift = Gift.objects.create(name="Massage", kind="PRIVILEGE", points=10, stock_counted=False)
    return redeemed(lin, gift).vouchers.get()


def test_the_counter_shows_what_a_code_is_then_redeems_it(boss: Client, wang: User, voucher: Voucher) -> None:
    form = {"code": voucher.shown_code.lower(), "place": "West Lake"}

    asked = boss.post(COUNTER, form).content.decode()
    voucher.refresh_from_db()
    assert "Massage for Lin" in asked
    assert voucher.used_at is None
    done = boss.post(COUNTER, form | {"confirmed": "1"})

    voucher.refresh_from_db()
    assert (voucher.used_by, voucher.used_where) == (wang, "West Lake")
    assert Redemption.objects.get().state == "RECEIVED"
    assert said(done) == ["Massage: redeemed for Lin."]
    assert "West Lake" in LogEntry.objects.first().change_message  # type: ignore[union-attr]
    assert 'value="West Lake"' in boss.get(COUNTER).content.decode()


def test_a_scanned_code_is_in_the_field_and_not_in_the_address(boss: Client, voucher: Voucher) -> None:
    posted = boss.post(COUNTER, {"scanned": voucher.code})
    page, again = (boss.get(COUNTER).content.decode() for _look in range(2))

    assert (posted.status_code, posted.url) == (302, COUNTER)  # type: ignore[attr-defined]
    assert f'value="{voucher.code}"' in page
    assert voucher.code not in again
    assert Voucher.objects.get().used_at is None


def test_an_old_picture_leads_to_an_address_without_the_code(boss: Client, voucher: Voucher) -> None:
    old = f"{COUNTER}?code={voucher.code}"

    stranger, page = Client().get(old), boss.get(old, follow=True)

    assert stranger.status_code == 302
    assert page.redirect_chain == [(COUNTER, 302)]
    assert f'value="{voucher.code}"' in page.content.decode()


@pytest.mark.parametrize("before", ["#", "?code="])
def test_a_scanner_that_types_the_address_types_the_code(boss: Client, voucher: Voucher, before: str) -> None:
    typed = f"https://jifen.example{COUNTER}{before}{voucher.code}"

    asked = boss.post(COUNTER, {"code": typed, "place": ""}).content.decode()

    assert "Massage for Lin" in asked


def test_a_scanned_code_is_for_who_may_redeem(looker: Client, voucher: Voucher) -> None:
    answer = looker.post(COUNTER, {"scanned": voucher.code})

    assert answer.status_code == 403
    assert "counter-scanned" not in looker.session


def test_a_code_confirmed_twice_is_used_once(boss: Client, voucher: Voucher) -> None:
    form = {"code": voucher.code, "place": "", "confirmed": "1"}
    boss.post(COUNTER, form)

    again = boss.post(COUNTER, form)

    assert said(again)[-1].startswith("This code was used already. Used on ")
    assert Voucher.objects.exclude(used_at=None).count() == 1


def test_a_code_that_is_none_is_told_beside_the_field(boss: Client, voucher: Voucher) -> None:
    answer = boss.post(COUNTER, {"code": "AAAA-AAAA-AAAA", "place": "", "confirmed": "1"})

    assert "There is no such code." in answer.content.decode()
    assert Voucher.objects.filter(used_at=None).count() == 1


def test_the_counter_is_for_who_has_the_right(looker: Client, voucher: Voucher) -> None:
    chen = signed_in(staff("chen", "change_voucher"))
    form = {"code": voucher.code, "place": "", "confirmed": "1"}

    assert looker.get(COUNTER).status_code == looker.post(COUNTER, form).status_code == 403
    assert Client().post(COUNTER, form).status_code == 302
    voucher.refresh_from_db()
    assert voucher.used_at is None
    assert chen.post(COUNTER, form).status_code == 302
    voucher.refresh_from_db()
    assert voucher.used_at is not None


def test_whole_codes_are_not_shown_to_staff(looker: Client, voucher: Voucher) -> None:
    pool = Gift.objects.create(name="Coupon", kind="CODE", points=10)
    codes.add(gift_id=pool.pk, codes=[(1, "SECRET-AND-LONG")], at=voucher.issued_at, actor_id=None)
    pages = [
        "voucher/",
        f"voucher/{voucher.pk}/change/",
        "couponcode/",
        "redemption/",
        f"redemption/{voucher.redemption_id}/change/",
    ]

    texts = [looker.get(f"/admin/mall/{page}").content.decode() for page in pages]

    assert not any(voucher.code in text or voucher.shown_code in text for text in texts)
    assert not any("SECRET-AND" in text for text in texts)


def test_a_voucher_is_found_by_its_whole_code(looker: Client, voucher: Voucher) -> None:
    found = looker.get("/admin/mall/voucher/", {"q": voucher.shown_code}).context["cl"].result_list
    part = looker.get("/admin/mall/voucher/", {"q": voucher.code[:6]}).context["cl"].result_list

    assert ([*found], [*part]) == ([voucher], [])


def test_codes_are_brought_in_by_file_or_by_hand(boss: Client, wang: User) -> None:
    gift = Gift.objects.create(name="Coupon", kind="CODE", points=10)
    path = f"/admin/mall/gift/{gift.pk}/bring_in_codes/"
    file = BytesIO("券码,备注\nA1,x\nB2,y\n".encode("gb18030"))
    file.name = "codes.csv"

    boss.post(path, {"file": file, "note": "May"})
    told = said(boss.post(path, {"text": "C3\nD4\n"}))

    assert told == ["2 codes brought in."] * 2
    assert [*CouponCode.objects.values_list("code", flat=True)] == ["A1", "B2", "C3", "D4"]
    gift.refresh_from_db()
    assert gift.stock == 4
    assert {change.actor for change in gift.stock_changes.all()} == {wang}


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"text": "A1\nA1\n"}, "Line 2: is the same as in line 1"),
        ({"text": "A1\nOLD\n"}, "Line 2: is in the pool already"),
        ({"text": " \n"}, "Enter the codes or choose a file"),
        ({"text": "A1", "file": BytesIO(b"B2")}, "Enter the codes or choose a file"),
    ],
)
def test_a_list_that_is_not_taken_says_which_lines(boss: Client, form: dict[str, object], told: str) -> None:
    gift = Gift.objects.create(name="Coupon", kind="CODE", points=10)
    path = f"/admin/mall/gift/{gift.pk}/bring_in_codes/"
    boss.post(path, {"text": "OLD"})

    answer = boss.post(path, form)

    assert answer.status_code == 200
    assert told in answer.content.decode()
    assert CouponCode.objects.count() == 1


def test_a_medal_is_given_by_numbers(boss: Client, lin: Member, mei: Member) -> None:
    gift = Gift.objects.create(name="Founder", kind="MEDAL", points=0, limit_per_member=1, stock_counted=False)
    path = f"/admin/mall/gift/{gift.pk}/give_medal/"
    form = {"phones": "138 0000 0001\n\n+8613800000002\n", "note": "ten years"}

    asked = boss.post(path, form).content.decode()
    refused = boss.post(path, form | {"phones": "13800000001\n139\n"}).content.decode()
    done = boss.post(path, form | {"confirmed": "1"})

    assert "Give Founder to 2 members?" in asked
    assert "No member has these numbers: 139" in refused
    assert said(done) == ["2 members got it."]
    assert [*Medal.objects.values_list("member", "note")] == [(lin.pk, "ten years"), (mei.pk, "ten years")]

    worn = Medal.objects.get(member=lin)
    boss.post(f"/admin/mall/medal/{worn.pk}/take/", {"confirmed": "1"})
    assert not Medal.objects.of(lin)


@pytest.mark.parametrize(
    ("kind", "offered"),
    [
        ({"kind": "PHYSICAL"}, ["change_stock"]),
        ({"kind": "CODE"}, ["bring_in_codes"]),
        ({"kind": "SEAT"}, ["change_stock", "list_seats"]),
        ({"kind": "MEDAL", "stock_counted": False, "limit_per_member": 1}, ["give_medal"]),
    ],
)
def test_a_gift_offers_what_fits_its_kind(boss: Client, kind: dict[str, object], offered: list[str]) -> None:
    gift = Gift.objects.create(name="Gift", points=10, **kind)

    page = boss.get(f"/admin/mall/gift/{gift.pk}/change/").content.decode()

    actions = ["change_stock", "bring_in_codes", "give_medal", "list_seats"]
    assert [name for name in actions if f"/{gift.pk}/{name}" in page] == offered


def test_actions_of_another_kind_are_not_found(boss: Client) -> None:
    gift = shelve()

    assert boss.get(f"/admin/mall/gift/{gift.pk}/bring_in_codes/").status_code == 404
    assert boss.get(f"/admin/mall/gift/{gift.pk}/give_medal/").status_code == 404


def test_the_kind_is_chosen_once(boss: Client) -> None:
    gift = shelve()
    form = boss.get(f"/admin/mall/gift/{gift.pk}/change/").context["adminform"].form

    assert "kind" not in form.fields
    assert "kind" in boss.get("/admin/mall/gift/add/").context["adminform"].form.fields


def test_who_gave_a_code_away_is_known(boss: Client, wang: User, voucher: Voucher) -> None:
    counter.use(code=voucher.code, at=voucher.issued_at, actor_id=wang.pk, place="West Lake")

    page = boss.get(f"/admin/mall/voucher/{voucher.pk}/change/").content.decode()

    assert "West Lake" in page
    assert "wang" in page
