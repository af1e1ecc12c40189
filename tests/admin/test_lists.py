"""What a look at the back office costs: the same queries for five rows and for fifty, and no count of a table."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from config import back_office, dashboard
from config.back_office import BoundedPaginator, Desk
from loyalty.models import Posting
from members.models import Member, User
from orders.models import Order
from tests.admin.conftest import give, grow
from tests.conftest import make_member

LISTS = [
    "/admin/",
    "/admin/members/member/",
    "/admin/members/member/?q=139",
    "/admin/members/tierchange/",
    "/admin/members/identity/",
    "/admin/members/user/",
    "/admin/auth/group/",
    "/admin/loyalty/posting/",
    "/admin/loyalty/earningrule/",
    "/admin/loyalty/campaign/",
    "/admin/orders/orderimport/",
    "/admin/orders/order/",
    "/admin/orders/order/?status__exact=paid",
    "/admin/orders/channel/",
    "/admin/orders/columnmapping/",
    "/admin/orders/statusword/",
    "/admin/orders/claim/",
    "/admin/orders/claim/?state__in=IN_REVIEW",
    "/admin/mall/redemption/",
    "/admin/mall/redemption/?state__in=PLACED",
    "/admin/mall/gift/",
    "/admin/mall/stockchange/",
    "/admin/mall/draw/",
    "/admin/mall/drawplay/",
    "/admin/mall/treasuredraw/",
    "/admin/mall/treasureentry/",
    "/admin/mall/wongift/",
    "/admin/mall/voucher/",
    "/admin/mall/voucher/?used=no",
    "/admin/mall/couponcode/",
    "/admin/mall/coupontype/",
    "/admin/mall/coupon/",
    "/admin/mall/coupon/?state=open",
    "/admin/mall/couponround/",
    "/admin/members/apikey/",
    "/admin/mall/medal/",
    "/admin/mall/chance/",
    "/admin/mall/payment/",
    "/admin/mall/refund/?due=yes",
]
WHOLE_COUNT = re.compile(r'SELECT COUNT\(\*\) AS "__count" FROM "(members_member|loyalty_\w+|orders_order)"')


def queries(client: Client, path: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        response = client.get(path)
    assert response.status_code == 200, path
    return [query["sql"] for query in caught]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_asks_as_much_for_fifty_rows_as_for_five(boss: Client, wang: User, path: str) -> None:
    grow(5, wang)
    queries(boss, path)  # content types are remembered
    few = queries(boss, path)

    grow(45, wang)

    many = queries(boss, path)
    assert len(many) == len(few)
    assert len(many) <= 20


@pytest.mark.parametrize("path", LISTS)
def test_no_list_counts_a_large_table(boss: Client, wang: User, path: str) -> None:
    grow(5, wang)

    asked = queries(boss, path)

    assert [sql for sql in asked if WHOLE_COUNT.match(sql)] == []


def test_no_filter_offers_to_count(boss: Client, wang: User) -> None:
    grow(1, wang)

    asked = queries(boss, "/admin/orders/order/?_facets=True")

    assert not any("COUNT(*) FILTER" in sql or '__c"' in sql for sql in asked)


def test_a_member_is_found_while_typing(boss: Client, wang: User) -> None:
    lin = make_member("Lin", "+8613800000001")

    found = boss.get("/admin/autocomplete/?app_label=members&model_name=identity&field_name=member&term=Lin").json()

    assert [one["id"] for one in found["results"]] == [str(lin.pk)]


def test_a_member_page_asks_the_same_however_much_he_did(boss: Client, wang: User) -> None:
    lin = make_member("Lin", "+8613800000001")
    give(lin, 10, wang)
    page = f"/admin/members/member/{lin.pk}/change/"
    queries(boss, page)
    few = queries(boss, page)

    for _turn in range(20):
        give(lin, 10, wang)

    assert len(queries(boss, page)) == len(few)


def test_an_unfiltered_list_is_estimated_once_it_is_large(
    boss: Client, wang: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(2, wang)
    monkeypatch.setattr(back_office, "estimate", lambda model: 1_234_567)

    page = boss.get("/admin/members/member/").content.decode()

    assert "about 1,234,567 in all" in page


def test_a_filtered_list_is_counted_up_to_a_bound(wang: User, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(5, wang)
    monkeypatch.setattr(back_office, "MOST_COUNTED", 3)

    pages = BoundedPaginator(Member.objects.order_by("pk"), 2, filtered=True)

    assert (pages.count, pages.inexact, pages.num_pages) == (3, "more", 2)


def test_the_estimate_is_what_postgresql_last_counted(wang: User) -> None:
    grow(3, wang)

    with connection.cursor() as cursor:
        cursor.execute("analyze members_member")

    assert back_office.estimate(Member) == 3


def test_figures_of_the_first_page_come_without_counting_a_large_table(
    monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    monkeypatch.setattr(dashboard, "estimate", lambda model: 5_000_000)

    with CaptureQueriesContext(connection) as caught, override("en"):
        shown = [dashboard.sized(model) for model in (Member, Order, Posting)]

    assert shown == ["about 5,000,000"] * 3
    assert len(caught) == 0


def test_every_page_of_the_back_office_is_one_of_ours() -> None:
    strangers = [model for model, page in admin.site._registry.items() if not isinstance(page, Desk)]

    assert strangers == []
