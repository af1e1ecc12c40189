"""What the beat asks of the ledger."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from loyalty import ledger, reviewing


@shared_task
def review_tiers() -> None:
    reviewing.review_tiers(at=timezone.now())


@shared_task
def expire() -> None:
    ledger.expire(at=timezone.now())
