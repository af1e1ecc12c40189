"""What the faults happen to: a brand with rules and tiers, and imports in small pieces."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loyalty import ledger
from loyalty.models import EarningRule
from members.models import Tier
from orders import awarding, claims, matching, steps, undoing
from tests.faults.runner import Runner


def brand() -> None:
    EarningRule.objects.create(name="消费积分", benefit_rate=1)
    EarningRule.objects.create(name="消费成长值", unit="growth", benefit_rate=1)
    for rank, threshold in enumerate((0, 300, 800), 1):
        Tier.objects.create(name=f"V{rank}", rank=rank, threshold=threshold)


@pytest.fixture
def a_brand(transactional_db: None) -> None:
    brand()


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some hundred orders make several of everything."""
    monkeypatch.setattr(steps, "CHUNK", 300)
    monkeypatch.setattr(steps, "MANY", 500)
    monkeypatch.setattr(awarding, "BATCH", 50)
    monkeypatch.setattr(ledger, "CHUNK", 200)
    monkeypatch.setattr(matching, "BATCH", 150)
    monkeypatch.setattr(claims, "BATCH", 70)
    monkeypatch.setattr(undoing, "BATCH", 100)


@pytest.fixture
def runner(a_brand: None, small_pieces: None) -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.end()
