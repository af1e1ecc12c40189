"""Addresses that nobody was given: another thing than a number where a row's number belongs."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client

from members.models import User

DAMAGED = ["abc", "1.5", "%00", "9" * 30, "²", "-1"]
PAGES = [
    "mall/gift/{}/change/",
    "mall/gift/{}/change_stock",
    "mall/redemption/{}/ship",
    "mall/draw/{}/publish",
    "mall/treasuredraw/{}/call_off",
    "mall/medal/{}/take",
    "mall/refund/{}/given_back",
    "members/member/{}/change/",
    "loyalty/posting/{}/change/",
    "orders/orderimport/{}/change/",
]


@pytest.mark.parametrize("page", PAGES)
def test_a_row_is_asked_for_by_its_number(boss: Client, page: str) -> None:
    statuses = {boss.get(f"/admin/{page.format(damaged)}", follow=True).status_code for damaged in DAMAGED}

    assert statuses == {404}


@pytest.mark.parametrize(
    "asked",
    [
        "mall/redemption/?state__in=%00",
        "mall/gift/?kind__exact=A%00",
        "members/member/?q=%00",
        "autocomplete/?app_label=mall&model_name=banner&field_name=gift&term=%00",
    ],
)
def test_a_nul_finds_nothing(boss: Client, asked: str) -> None:
    assert boss.get(f"/admin/{asked}").status_code == 404


@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_choice_that_is_no_row_is_refused_in_a_sentence(boss: Client, wang: User, damaged: str) -> None:
    wang_s = f"/admin/members/user/{wang.pk}/change/"

    answers = [
        boss.post("/admin/members/identity/add/", {"channel": "shop", "external_id": "lin", "member": damaged}),
        boss.post(wang_s, {"username": "wang", "groups": [damaged]}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].context["adminform"].form.errors["member"]
    assert answers[1].context["adminform"].form.errors["groups"]


def test_all_rows_of_the_back_office_have_numbers() -> None:
    kinds = {model._meta.pk.get_internal_type() for model in admin.site._registry}

    assert kinds <= {"BigAutoField", "AutoField", "SmallIntegerField", "OneToOneField", "BigIntegerField"}
