"""How ends are told to members."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone, translation

from members.templatetags.jifen import until


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (datetime(2026, 12, 31, 16, tzinfo=UTC), "2026年12月31日"),  # midnight in Shanghai
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), "2026年12月31日 23:59"),
        (datetime(2027, 1, 1, 0, tzinfo=UTC), "2027年1月1日 08:00"),
    ],
)
def test_an_end_at_midnight_is_the_day_before_it(end: datetime, told: str) -> None:
    with translation.override("zh-hans"), timezone.override("Asia/Shanghai"):
        words = until(end)

    assert words == told
