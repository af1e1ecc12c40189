"""What the beat does for the mall."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from mall import pictures
from mall.models import used_pictures

A_DAY = timedelta(days=1)


@shared_task
def sweep_pictures() -> None:
    """Delete pictures that nobody shows any more."""
    pictures.sweep(used_pictures(), before=timezone.now() - A_DAY)
