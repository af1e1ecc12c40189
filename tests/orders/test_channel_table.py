"""Two shops of one platform in May, reckoned by hand: rates, old orders on joining, claims, refunds, and the report.

| order | who        | paid   | rate | points | growth |                                       |
|-------|------------|--------|------|--------|--------|---------------------------------------|
| N1    | Lin        |  99.99 | 1.5  |    149 |     99 | 149.985 is floored                    |
| N2    | Lin        | 200.00 | 1.5  |    300 |    200 | 50.00 go back: 225 and 150 stay       |
| N3    | Wei claims |  10.50 | 1.5  |     15 |     10 | 15.75 is floored                      |
| N4    | nobody     |  33.00 | 1.5  |      – |      – | waits                                 |
| N5    | nobody     |      – |      |      – |      – | closed before it was paid             |
| S1    | Lin        | 100.00 | 1    |    100 |    100 | five days before he joined            |
| S2    | Lin        | 100.00 | 1    |      0 |      0 | a fortnight before, the shop looks 10 days back |
| S3    | Wei claims | 6000.00| 1    |      – |      – | for staff to look at                  |
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from loyalty import ledger
from loyalty.models import EarningRule
from members.models import Identity, Member
from orders import claims, matching, reporting
from orders.models import Channel, Order
from tests.conftest import NOW
from tests.orders.test_claims import HEADER
from tests.orders.test_importing import import_file

NUMBER = {name: f"41000000000000000{n:02d}" for n, name in enumerate(("N1", "N2", "N3", "N4", "N5", "S1", "S2", "S3"))}


def line(name: str, buyer: str, net: str, day: str, *, back: str = "0.00", status: str = "交易成功") -> str:
    when = f"2026-05-{day} 12:00:00"
    paid_at = "" if status == "交易关闭" else when
    return f"{NUMBER[name]},{buyer},0.00,{net},{net},{status},{when},{paid_at},面霜,1,{back},{paid_at}"


def handed_in(folder: Path, channel: str, *lines: str) -> None:
    file = folder / f"{channel}{len(list(folder.iterdir()))}.csv"
    file.write_text("\n".join([HEADER, *lines]), "utf-8")
    import_file(file, "--channel", channel)


@pytest.fixture
def may(db: None, wei: Member, tmp_path: Path) -> Member:
    """Everything of May; returns Lin."""
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="北店", benefit_rate=Decimal("1.5"), condition_channels=["north"])
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)
    Channel.objects.create(code="north", name="North", format="taobao")
    Channel.objects.create(code="south", name="South", format="taobao", back_days=10)
    north = [
        line("N1", "lin", "99.99", "03"),
        line("N3", "x", "10.50", "04"),
        line("N4", "y", "33.00", "04"),
        line("N5", "y", "0.00", "04", status="交易关闭"),
    ]
    handed_in(tmp_path, "north", *north, line("N2", "lin", "200.00", "03"))
    handed_in(
        tmp_path,
        "south",
        line("S1", "lin", "100.00", "10"),
        line("S2", "lin", "100.00", "01"),
        line("S3", "z", "6000.00", "10"),
    )
    lin = Member.objects.create(name="Lin", joined_by="mall", joined_at=datetime(2026, 5, 15, 4, tzinfo=UTC))
    Identity.objects.create(channel="taobao", external_id="lin", member=lin)
    matching.match_waiting(at=NOW)
    claims.claim(member_id=wei.pk, numbers=[NUMBER["N3"], NUMBER["S3"]], channel_code=None, at=NOW)
    handed_in(tmp_path, "north", *north, line("N2", "lin", "150.00", "03", back="50.00"))
    return lin


def test_the_report_is_the_table(may: Member) -> None:
    lines = reporting.by_channel(first=date(2026, 5, 1), last=date(2026, 5, 31))

    south = reporting.Line("South", 3, Decimal("6200.00"), Decimal("0.00"), 2, 1, 0, 1, 100, 100, 0, 0)
    north = reporting.Line("North", 4, Decimal("293.49"), Decimal("50.00"), 3, 1, 1, 0, 464, 309, 75, 50)
    assert lines == [south, north]


def test_the_members_have_what_the_table_says(may: Member, wei: Member) -> None:
    held = {}
    for member in (may, wei):
        standing = ledger.standing(member_id=member.pk, at=NOW)
        held[member.name] = (standing.available + standing.pending, standing.growth)

    assert held == {"Lin": (149 + 225 + 100, 99 + 150 + 100), "Wei": (15, 10)}
    assert Order.objects.get(number=NUMBER["S2"]).earns is False
