"""Coupons as staff make them, give them, and use them at the counter."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError

from mall import coupons
from mall.coupons import Order
from mall.models import Coupon, CouponRound, CouponType, CouponUse, Gift
from mall.tasks import give_coupons
from members.models import Member, Tier, User
from tests.admin.conftest import signed_in, staff
from tests.admin.test_actions import said
from tests.conftest import rows
from tests.mall.kinds import coupon_type

TYPES, COUPONS = "/admin/mall/coupontype/", "/admin/mall/coupon/"
ROUNDS = "/admin/mall/couponround/"
TILL, COUNTER = f"{COUPONS}counter/", "/admin/mall/voucher/counter/"


def held(member: Member, **fields: Any) -> Coupon:
    kind = coupon_type(**fields)
    return coupons.issue(type_id=kind.pk, member_id=member.pk, at=timezone.now(), actor_id=None, key=uuid4().hex)


def used(coupon: Coupon) -> None:
    order = Order("T-1", Decimal(250))
    coupons.use(code=coupon.code, order=order, request_key=uuid4().hex, at=timezone.now(), through="West Lake")


def till(coupon: Coupon, **changes: Any) -> dict[str, Any]:
    plain = {"code": coupon.shown_code, "order_reference": "T-1", "order_amount": "250", "place": "West Lake"}
    return plain | {"request_key": uuid4().hex} | changes


def give(who: str, **changes: Any) -> dict[str, Any]:
    return {"who": who, "tier": "", "phones": "", "note": "for you", "key": uuid4().hex} | changes


def test_the_counter_tells_the_discount_then_uses_the_coupon(boss: Client, wang: User, lin: Member) -> None:
    mine = held(lin)
    form = till(mine)

    asked = boss.post(TILL, form).content.decode()
    assert "Take ¥20 off order T-1 of ¥250?" in asked
    assert rows(CouponUse, "pk") == []
    done = boss.post(TILL, form | {"confirmed": "1"})
    boss.post(TILL, form | {"confirmed": "1"})

    assert said(done) == ["¥20 off order T-1: 20 off 100 was used."]
    assert rows(CouponUse, "coupon", "what", "amount_off", "actor", "through") == [
        (mine.pk, "USED", 20, wang.pk, "West Lake")
    ]
    assert "T-1" in LogEntry.objects.first().change_message  # type: ignore[union-attr]


def test_the_counter_gives_a_coupon_back(boss: Client, lin: Member) -> None:
    mine = held(lin)
    used(mine)
    form = till(mine, back="on", order_amount="")

    asked = boss.post(TILL, form).content.decode()
    done = boss.post(TILL, form | {"confirmed": "1"})

    assert "Give 20 off 100 back from order T-1?" in asked
    assert "It had taken ¥20 off." in asked
    assert said(done) == ["20 off 100 is back from order T-1."]
    assert rows(CouponUse, "what") == [("USED",), ("RETURNED",)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"code": "AAAA-AAAA-AAAA"}, "There is no such code."),
        ({"order_amount": "99.99"}, "This coupon is for orders from ¥100.00."),
        ({"order_amount": ""}, "Enter the amount of the order."),
        ({"order_reference": ""}, "This field is required."),
        ({"order_amount": "-1"}, "greater than or equal to 0.01"),
        ({"order_amount": "1.005"}, "2 decimal places"),
        ({"back": "on"}, "This coupon was not used for this order."),
    ],
)
def test_the_counter_says_what_is_wrong(boss: Client, lin: Member, change: dict[str, str], told: str) -> None:
    answer = boss.post(TILL, till(held(lin), **change) | {"confirmed": "1"})

    assert told in answer.content.decode()
    assert rows(CouponUse, "pk") == []


def test_a_used_coupon_says_for_which_order(boss: Client, lin: Member) -> None:
    mine = held(lin)
    used(mine)

    answer = boss.post(TILL, till(mine, order_reference="T-2") | {"confirmed": "1"}).content.decode()

    assert "This code was used already." in answer
    assert "It was used for order T-1: ¥20 off." in answer


def test_a_coupon_scanned_at_the_counter_goes_on_to_its_own_page(boss: Client, lin: Member) -> None:
    mine = held(lin)

    page = boss.post(COUNTER, {"code": mine.code, "place": "West Lake"}, follow=True)
    by_phone = boss.post(TILL, {"scanned": mine.shown_code}, follow=True)

    for shown in (page, by_phone):
        assert f'value="{mine.shown_code}"' in shown.content.decode()
        assert "20 off 100 (¥20 off, orders from ¥100)" in shown.content.decode()
    assert [one.redirect_chain[-1][0] for one in (page, by_phone)] == [TILL, TILL]


def test_the_counter_is_for_who_has_the_right(looker: Client, lin: Member) -> None:
    mine = held(lin)
    form = till(mine) | {"confirmed": "1"}
    vouchers = signed_in(staff("chen", "change_voucher"))
    coupons_only = signed_in(staff("zhao", "use_coupon"))

    assert looker.get(TILL).status_code == looker.post(TILL, form).status_code == 403
    assert vouchers.post(TILL, form).status_code == 403
    told = vouchers.post(COUNTER, {"code": mine.code, "place": ""}).content.decode()
    assert "You have no right to use coupons" in told
    assert rows(CouponUse, "pk") == []
    assert coupons_only.post(TILL, form).status_code == 302

    assert len(rows(CouponUse, "pk")) == 1


@pytest.fixture
def given(boss: Client, django_capture_on_commit_callbacks: Any) -> Any:
    """Return `given(kind, form)`: staff confirm the form, and the worker has done it."""

    def confirm(kind: CouponType, form: dict[str, Any]) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return boss.post(f"{TYPES}{kind.pk}/give/", form | {"confirmed": "1"})

    return confirm


def test_a_tier_gets_coupons_after_a_preview(
    boss: Client, wang: User, lin: Member, mei: Member, wei: Member, given: Any
) -> None:
    Member.objects.filter(pk=wei.pk).update(tier=mei.tier)
    kind = coupon_type(limit_per_member=1)
    coupons.issue(type_id=kind.pk, member_id=wei.pk, at=timezone.now(), actor_id=None, key="k")
    form = give("tier", tier=mei.tier_id)

    asked = boss.post(f"{TYPES}{kind.pk}/give/", form).content.decode()
    assert "Give 20 off 100 to 1 member?" in asked
    assert "1 is left out: has as many as one may have" in asked
    assert len(rows(Coupon, "pk")) == 1
    done, again = given(kind, form), given(kind, form)

    assert done.url == again.url == f"{ROUNDS}{CouponRound.objects.get().pk}/change/"
    assert rows(Coupon, "member", "given_by", "note")[1:] == [(mei.pk, wang.pk, "for you")]
    assert rows(CouponRound, "type", "tier", "chosen", "given", "left_out") == [(kind.pk, mei.tier_id, 2, 1, 1)]


def test_a_list_of_numbers_and_all_members_get_coupons(lin: Member, wei: Member, mei: Member, given: Any) -> None:
    kind = coupon_type()

    given(kind, give("phones", phones="138 0000 0001\n+8613800000003"))
    given(kind, give("all"))

    assert sorted(rows(Coupon, "member")) == sorted((m.pk,) for m in (lin, wei, lin, wei, mei))


def test_the_request_gives_nothing_itself_and_its_page_tells_how_far_it_is(boss: Client, lin: Member) -> None:
    kind = coupon_type()

    page = boss.post(f"{TYPES}{kind.pk}/give/", give("all") | {"confirmed": "1"}, follow=True).content.decode()

    assert rows(Coupon, "pk") == []
    assert "0 of 1 members" in page
    assert f'hx-get="{ROUNDS}{CouponRound.objects.get().pk}/progress/"' in page


def test_afterwards_the_page_tells_who_was_left_out_and_why(
    boss: Client, looker: Client, lin: Member, mei: Member, wei: Member, given: Any
) -> None:
    kind = coupon_type(tier=mei.tier)
    page = given(kind, give("all")).url
    left_out = page.replace("change/", "left-out/")

    told = looker.get(page.replace("change/", "progress/")).content.decode()
    names = looker.get(left_out).content.decode()

    assert "hx-get" not in told
    assert '<div class="jf-scroll"><table class="jf-table">' in told
    assert '<td>has not the tier that the coupon is for</td><td class="jf-number">2</td>' in told
    assert left_out in told
    assert [name in names for name in ("Lin", "Wei", "Mei")] == [True, True, False]
    assert names.count("has not the tier that the coupon is for") == 2
    assert "20 off 100" in looker.get(f"{ROUNDS}?type__id__exact={kind.pk}").content.decode()


def test_givings_are_for_who_has_the_right(lin: Member, given: Any) -> None:
    page = given(coupon_type(), give("all")).url
    stranger = signed_in(staff("chen", "use_coupon"))
    pages = [page, page.replace("change/", "progress/"), page.replace("change/", "left-out/")]

    assert [stranger.get(one).status_code for one in pages] == [403] * 3
    assert stranger.post(page).status_code == 403
    assert signed_in(staff("zhao", "view_couponround")).get(f"{ROUNDS}999/left-out/").status_code == 404


def test_who_may_give_sees_what_he_began(lin: Member) -> None:
    giver = signed_in(staff("chen", "view_coupontype", "add_coupon"))
    kind = coupon_type()

    answer = giver.post(f"{TYPES}{kind.pk}/give/", give("all") | {"confirmed": "1"}, follow=True)

    assert (answer.status_code, CouponRound.objects.count()) == (200, 1)
    assert giver.get(f"{TYPES}{kind.pk}/rounds/", follow=True).status_code == 200
    assert f'href="{ROUNDS}"' in answer.content.decode()


def test_a_form_sent_twice_is_logged_once_and_with_other_content_refused(
    boss: Client, lin: Member, wei: Member, given: Any
) -> None:
    kind = coupon_type()
    form = give("phones", phones="13800000001")

    first, again, other = (given(kind, one) for one in (form, form, form | {"phones": "13800000003"}))

    assert first.url == again.url == f"{ROUNDS}{CouponRound.objects.get().pk}/change/"
    assert other.url == f"{TYPES}{kind.pk}/change/"
    assert said(other)[-1] == "Nothing was given: this form was sent before with other content. Open it again."
    assert rows(Coupon, "member") == [(lin.pk,)]
    assert rows(LogEntry, "change_message") == [("Coupons given. these mobile numbers",)]


def test_without_a_broker_the_round_is_kept_and_logged(
    lin: Member, given: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_broker(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("Connection refused")

    monkeypatch.setattr(give_coupons, "apply_async", no_broker)

    answer = given(coupon_type(), give("all"))

    assert answer.url == f"{ROUNDS}{CouponRound.objects.get().pk}/change/"
    assert rows(LogEntry, "change_message") == [("Coupons given. all members",)]


def test_the_page_says_since_when_a_giving_stands_still(boss: Client, lin: Member) -> None:
    page = boss.post(f"{TYPES}{coupon_type().pk}/give/", give("all") | {"confirmed": "1"}).url

    fresh = boss.get(page).content.decode()
    since = timezone.now() - timedelta(minutes=2)
    CouponRound.objects.update(touched_at=since)
    stale = boss.get(page).content.decode()

    assert ("A worker is on it" in fresh, "It stands still" in fresh) == (True, False)
    assert f"It stands still since {timezone.localtime(since):%Y-%m-%d %H:%M}." in stale
    assert "A worker is on it" not in stale


def test_the_page_tells_how_many_left_the_tier_meanwhile(boss: Client, lin: Member, mei: Member) -> None:
    form = give("tier", tier=mei.tier_id) | {"confirmed": "1"}
    page = boss.post(f"{TYPES}{coupon_type().pk}/give/", form).url
    before = boss.get(page).content.decode()
    Member.objects.filter(pk=mei.pk).update(tier=None)

    give_coupons(CouponRound.objects.get().pk)

    told = "left the tier or was merged meanwhile"
    assert [told in text for text in (before, boss.get(page).content.decode())] == [False, True]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (give("tier"), "Choose the tier."),
        (give("phones"), "Enter a mobile number in each line."),
        (give("phones", phones="139"), "No member has these numbers: 139"),
        (give("everybody"), "Select a valid choice"),
    ],
)
def test_who_gets_it_must_be_said(boss: Client, lin: Member, form: dict[str, str], told: str) -> None:
    answer = boss.post(f"{TYPES}{coupon_type().pk}/give/", form | {"confirmed": "1"})

    assert told in answer.content.decode()
    assert rows(Coupon, "pk") == []


TYPE = {"name": "20 off", "kind": "AMOUNT", "value": "20", "minimum_spend": "100", "active": "on"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"value": "0"}, "Say how much is taken off."),
        ({"kind": "PERCENT", "value": "101"}, "A percentage goes up to 100."),
        ({"kind": "SHIPPING"}, "Free shipping has the value 0"),
        ({"most_off": "5"}, "An amount off is its own highest discount"),
        ({"tier_at_use": "on"}, "Choose the tier."),
        ({"value": "-1"}, "greater than or equal to 0"),
        ({"limit_total": "0"}, "greater than or equal to 1"),
    ],
)
def test_a_coupon_that_cannot_be_is_told(boss: Client, change: dict[str, str], told: str) -> None:
    answer = boss.post(f"{TYPES}add/", TYPE | change)

    assert told in answer.content.decode()
    assert rows(CouponType, "pk") == []


def test_a_saved_coupon_keeps_its_figures(boss: Client, lin: Member, tiers: dict[str, Tier]) -> None:
    boss.post(f"{TYPES}add/", TYPE | {"tier": tiers["普通"].pk})
    kind = CouponType.objects.get()
    form = boss.get(f"{TYPES}{kind.pk}/change/").context["adminform"].form.initial
    CouponType.objects.update(tier=None)
    coupons.issue(type_id=kind.pk, member_id=lin.pk, at=timezone.now(), actor_id=None, key="k")

    boss.post(f"{TYPES}{kind.pk}/change/", TYPE | {"name": "new name"})

    kind.refresh_from_db()
    assert (kind.name, kind.issued, "issued" in form) == ("new name", 1, False)
    assert "new name" in boss.get(TYPES).content.decode()


def test_the_list_tells_what_a_coupon_has_cost(boss: Client, lin: Member) -> None:
    kind = coupon_type(limit_total=1000)
    for key in "ab":
        one = coupons.issue(type_id=kind.pk, member_id=lin.pk, at=timezone.now(), actor_id=None, key=key)
    used(one)

    page = boss.get(TYPES).content.decode()

    assert "2 / 1,000" in page
    assert "¥20.00" in page


def test_whole_codes_are_not_shown_to_staff(looker: Client, lin: Member) -> None:
    mine = held(lin)
    used(mine)

    pages = [looker.get(page).content.decode() for page in (COUPONS, f"{COUPONS}{mine.pk}/change/")]

    assert not any(mine.code in page or mine.shown_code in page for page in pages)
    assert all("T-1" in page for page in pages)
    assert "(&#x27;USED" not in pages[1]


@pytest.mark.parametrize("words", ["{code}", "T-1", "13800000001"])
def test_a_coupon_is_found(looker: Client, lin: Member, wei: Member, words: str) -> None:
    mine = held(lin)
    held(wei)
    used(mine)

    found = looker.get(COUPONS, {"q": words.format(code=mine.shown_code)}).context["cl"].result_list

    assert [*found] == [mine]


def test_a_present_is_voided_and_a_redeemed_one_is_not(boss: Client, looker: Client, lin: Member) -> None:
    mine = held(lin)
    page = f"{COUPONS}{mine.pk}/void/"

    assert looker.post(page, {"confirmed": "1"}).status_code == 403
    assert "Void 20 off 100 of Lin?" in boss.post(page).content.decode()
    assert said(boss.post(page, {"confirmed": "1"})) == ["Coupon voided."]

    assert Coupon.objects.get().voided_at is not None


def test_a_gift_is_made_of_a_coupon(boss: Client) -> None:
    kind = coupon_type()
    page = boss.get("/admin/mall/gift/add/").context
    empty = {f"{one.formset.prefix}-TOTAL_FORMS": 0 for one in page["inline_admin_formsets"]}
    empty |= {f"{one.formset.prefix}-INITIAL_FORMS": 0 for one in page["inline_admin_formsets"]}
    plain = {"name": "c", "points": 10, "cash": 0, "position": 1, "low_stock": 1, "chances": 1, "kind": "COUPON"}

    bare = boss.post("/admin/mall/gift/add/", plain | empty)
    boss.post("/admin/mall/gift/add/", plain | empty | {"coupon_type": kind.pk})

    assert "A coupon of the brand says which one" in bare.content.decode()
    assert rows(Gift, "kind", "coupon_type") == [("COUPON", kind.pk)]
