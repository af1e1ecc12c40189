"""The report by channel: two shops in May; Lin is known, Wei claims, somebody waits, something is given back."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from loyalty.models import EarningRule
from members.models import Member, User
from orders import awarding, claims, moving, reporting
from orders.models import Channel, Claim, Order
from tests.admin.conftest import signed_in, staff
from tests.orders.test_claims import sold

PAGE = "/admin/orders/channel/report/"
MAY = {"first": "2026-05-01", "last": "2026-05-31"}
FIRST_MOMENT = datetime(2026, 4, 30, 16, tzinfo=UTC)  # of May, in Shanghai
MIDDLE = datetime(2026, 5, 15, 4, tzinfo=UTC)


@pytest.fixture
def shops(lin: Member, wei: Member) -> dict[str, Channel]:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=2)
    tmall = Channel.objects.create(code="tmall", name="Tmall", format="taobao", claim_review_from=1000)
    jd = Channel.objects.create(code="jd", name="JD", format="jd")
    Channel.objects.create(code="old", name="Closed shop", format="jd", active=False)

    known = sold(tmall, "1001", paid_at=MIDDLE, member=lin)
    refunded = sold(tmall, "1002", paid_at=FIRST_MOMENT, member=lin)
    sold(tmall, "1003", paid_at=MIDDLE)
    sold(tmall, "1004", paid_at=MIDDLE, gross=2000)
    sold(tmall, "1005", paid_at=FIRST_MOMENT - timedelta(seconds=1), member=lin)
    sold(tmall, "1006", paid_at=None, status="unpaid", gross=0)
    sold(jd, "300000000001", paid_at=MIDDLE)
    awarding.award_few([known.pk, refunded.pk], at=MIDDLE)
    Order.objects.filter(pk=refunded.pk).update(status="partially_refunded", refunded=28)
    awarding.award_few([refunded.pk], at=MIDDLE + timedelta(days=60))
    for number in ("1003", "1004", "300000000001"):
        claims.claim(member_id=wei.pk, numbers=[number], channel_code=None, at=MIDDLE)
    Claim.objects.filter(number="300000000001").delete()
    return {"tmall": tmall, "jd": jd}


def of_may() -> dict[str, reporting.Line]:
    found = reporting.by_channel(first=date(2026, 5, 1), last=date(2026, 5, 31))
    return {line.name: line for line in found}


def test_orders_points_and_refunds_are_told_by_the_day_of_payment_in_the_brands_zone(shops: Any) -> None:
    lines = of_may()

    assert list(lines) == ["Tmall", "JD"]
    assert lines["Tmall"] == reporting.Line(
        name="Tmall",
        orders=4,
        paid=Decimal(128 + 100 + 128 + 2000),
        refunded=Decimal(28),
        bound=3,
        waiting=1,
        claimed=1,
        in_review=1,
        points=3 * 128,
        growth=3 * 256,
        points_back=28,
        growth_back=56,
    )
    assert lines["JD"][:8] == ("JD", 1, Decimal(128), Decimal(0), 1, 0, 0, 0)
    assert lines["Tmall"].share == 75


def test_an_award_made_anew_or_moved_counts_once_and_is_no_refund(shops: Any, lin: Member, mei: Member) -> None:
    before = of_may()["Tmall"]
    order = Order.objects.get(number="1001")
    Order.objects.filter(pk=order.pk).update(gross=228, award_gross=128)
    awarding.award_few([order.pk], at=MIDDLE)
    (made,) = claims.claim(member_id=mei.pk, numbers=["1001"], channel_code="tmall", at=MIDDLE)

    moving.give(claim_id=made.pk, at=MIDDLE, actor_id=User.objects.create(username="wang").pk)

    after = of_may()["Tmall"]
    assert (after.points, after.points_back) == (before.points + 100, before.points_back)
    assert (after.growth, after.growth_back) == (before.growth + 200, before.growth_back)


def test_each_day_of_a_time_adds_up_to_the_time(shops: Any) -> None:
    days = [date(2026, 5, 1) + timedelta(days=n) for n in range(31)]

    daily = [line for day in days for line in reporting.by_channel(first=day, last=day) if line.name == "Tmall"]

    assert reporting.total(daily, "Tmall") == of_may()["Tmall"]


@pytest.mark.parametrize(("first", "last"), [("2026-05-02", "2026-05-01"), ("2025-05-01", "2026-05-02")])
def test_a_time_that_makes_no_sense_is_refused_in_a_sentence(boss: Client, shops: Any, first: str, last: str) -> None:
    page = boss.get(PAGE, {"first": first, "last": last})
    file = boss.get(f"{PAGE[:-1]}.csv", {"first": first, "last": last})

    assert page.status_code == 200
    assert page.context["form"].non_field_errors()
    assert (page.context["lines"], file.status_code) == ([], 422)
    with pytest.raises(ValueError, match="366"):
        reporting.by_channel(first=date.fromisoformat(first), last=date.fromisoformat(last))


@pytest.mark.parametrize("query", [{"first": "x", "last": "y"}, {"first": "", "last": ""}, {"first": "2026-05-01"}])
def test_days_that_are_none_are_said_at_the_form(boss: Client, shops: Any, query: dict[str, str]) -> None:
    assert boss.get(PAGE, query).context["form"].errors


def test_the_page_shows_the_lines_and_their_sum_in_few_queries(
    boss: Client, shops: Any, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(10):
        page = boss.get(PAGE, MAY).content.decode()

    assert "2,356.00" in page
    assert "2,484.00" in page
    assert "75 %" in page
    assert "Closed shop" not in page
    assert 'report.csv?first=2026-05-01&amp;last=2026-05-31"' in page


def test_the_file_has_a_row_for_each_channel_and_no_formula(boss: Client, shops: Any) -> None:
    Channel.objects.filter(code="jd").update(name="=1+1")

    answer = boss.get(f"{PAGE[:-1]}.csv", MAY)

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer.headers["content-disposition"] == 'attachment; filename="channels-2026-05-01-2026-05-31.csv"'
    assert [len(row) for row in rows] == [12, 12, 12]
    assert rows[1][:4] == ["Tmall", "4", "2356.00", "28.00"]
    assert rows[2][0] == "'=1+1"


def test_a_time_without_orders_says_what_to_do(boss: Client, db: None) -> None:
    page = boss.get(PAGE).content.decode()

    assert "No orders were paid in this time." in page


def test_seeing_it_needs_its_right(shops: Any, looker: Client) -> None:
    may = signed_in(staff("chen", "report_channel"))

    answers = [client.get(path).status_code for client in (looker, may) for path in (PAGE, f"{PAGE[:-1]}.csv")]

    assert answers == [403, 403, 200, 200]
    assert PAGE in may.get("/admin/").content.decode()
    assert PAGE not in looker.get("/admin/").content.decode()
