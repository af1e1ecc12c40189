"""Facts are looked at: nobody adds, changes or deletes them, not even Wang who may do everything."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client

from config.back_office import Desk, Facts
from loyalty.models import Campaign, EarningRule, Posting
from mall.models import (
    Chance,
    Coupon,
    CouponCode,
    CouponRound,
    DrawPlay,
    Gift,
    Medal,
    Payment,
    Redemption,
    Refund,
    StockChange,
    TreasureEntry,
    Voucher,
    WonGift,
)
from members.models import ApiKey, Identity, Member, Tier, TierChange, User
from orders.models import Claim, Order, OrderImport
from tests.admin.conftest import grow, signed_in, staff

FACTS = [TierChange, Posting, OrderImport, Order, Claim, Redemption, StockChange, CouponCode, Voucher, Medal, Chance]
FACTS += [DrawPlay, TreasureEntry, WonGift]
FACTS += [Payment, Refund, Coupon, CouponRound, ApiKey]
KEPT = [Member, Tier, EarningRule, Campaign, Gift, User]


def page(model: type, name: str) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{name}"  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", FACTS)
def test_a_fact_is_not_changed_by_its_page(boss: Client, wang: User, model: type) -> None:
    grow(1, wang)
    row = model.objects.first()  # type: ignore[attr-defined]
    before = model.objects.values().get(pk=row.pk)  # type: ignore[attr-defined]

    answers = [
        boss.post(page(model, f"{row.pk}/change/"), {"points": 5, "note": "mine", "gross": 1, "state": "DONE"}),
        boss.post(page(model, f"{row.pk}/delete/"), {"post": "yes"}),
        boss.post(page(model, "add/"), {"points": 5}),
        boss.post(page(model, ""), {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}),
    ]

    assert [answer.status_code for answer in answers[:3]] == [403, 403, 403]
    assert model.objects.values().get(pk=row.pk) == before  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", FACTS)
def test_a_fact_can_be_looked_at(looker: Client, wang: User, model: type) -> None:
    grow(1, wang)
    row = model.objects.first()  # type: ignore[attr-defined]

    assert looker.get(page(model, f"{row.pk}/change/")).status_code == 200
    assert looker.get(page(model, "")).status_code == 200


def test_every_table_of_facts_is_declared_as_such() -> None:
    declared = {model for model, desk in admin.site._registry.items() if isinstance(desk, Facts)}

    assert declared == set(FACTS)


@pytest.mark.parametrize("model", KEPT)
def test_what_facts_refer_to_is_not_deleted(boss: Client, wang: User, model: type) -> None:
    grow(1, wang)
    EarningRule.objects.create(name="Base", benefit_rate=1)
    Campaign.objects.create(name="Day", starts_at="2026-01-01T00:00Z", ends_at="2026-02-01T00:00Z")
    row = model.objects.first()  # type: ignore[attr-defined]

    answer = boss.post(page(model, f"{row.pk}/delete/"), {"post": "yes"})

    assert answer.status_code == 403
    assert model.objects.filter(pk=row.pk).exists()  # type: ignore[attr-defined]


def test_an_account_is_tied_and_let_go_but_not_rewritten(boss: Client, wang: User) -> None:
    grow(1, wang)
    identity = Identity.objects.get()

    rewritten = boss.post(page(Identity, f"{identity.pk}/change/"), {"external_id": "other"})
    let_go = boss.post(page(Identity, f"{identity.pk}/delete/"), {"post": "yes"})

    assert (rewritten.status_code, let_go.status_code) == (403, 302)
    assert not Identity.objects.exists()


def test_whole_phones_are_for_those_who_may_see_them(boss: Client, looker: Client, wang: User) -> None:
    grow(1, wang)
    member = Member.objects.get()
    member.phone = "+8613912345678"
    member.save()
    pages = [page(Member, ""), page(Member, f"{member.pk}/change/"), page(Order, f"{Order.objects.get().pk}/change/")]
    Order.objects.update(phone=member.phone)

    seen = [boss.get(one).content.decode() for one in pages]
    hidden = [looker.get(one).content.decode() for one in pages]

    assert all("13912345678" in text for text in seen)
    assert not any("12345678" in text.replace("139****5678", "") for text in hidden)


def test_only_a_superuser_hands_out_rights(wang: User) -> None:
    chen = staff("chen", "view_user", "change_user", "add_user", "view_group", "change_group")
    client = signed_in(chen)

    answers = [
        client.post(page(User, f"{chen.pk}/change/"), {"username": "chen", "is_superuser": "on"}),
        client.post(page(User, f"{wang.pk}/password/"), {"password1": "another word", "password2": "another word"}),
        client.post(page(User, "add/"), {"username": "x", "password1": "another word", "password2": "another word"}),
        client.get("/admin/auth/group/add/"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 403]
    chen.refresh_from_db()
    assert not chen.is_superuser


def test_members_and_strangers_do_not_get_in(client: Client, lin: Member) -> None:
    lin.user = User.objects.create_user("lin")
    lin.save()
    client.force_login(lin.user)

    for path in ["/admin/", page(Member, ""), page(OrderImport, "upload/"), f"/admin/loyalty/posting/adjust/{lin.pk}/"]:
        assert client.get(path).status_code == 302, path
        assert Client().get(path).status_code == 302, path


def test_every_right_that_a_group_is_offered_exists(boss: Client) -> None:
    from members.admin import offered_rights

    offered = dict(offered_rights())
    desks = [desk for desk in admin.site._registry.values() if isinstance(desk, Desk)]

    assert sum(map(len, offered.values())) == sum(len(desk.rights) for desk in desks)
    assert boss.get("/admin/auth/group/add/").status_code == 200


def test_scripts_of_the_back_office_come_from_files_alone(boss: Client, client: Client) -> None:
    ours, theirs = (page.headers["content-security-policy"] for page in (boss.get("/admin/"), client.get("/sign-in/")))

    scripts = next(part for part in ours.split(";") if "script-src" in part)
    assert "'unsafe-eval'" in scripts  # Alpine evaluates attributes
    assert "'unsafe-inline'" not in scripts
    assert "unsafe" not in theirs
