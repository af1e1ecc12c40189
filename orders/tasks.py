"""What web and beat ask of the orders."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from orders import awarding, claims, importing, matching, telling, undoing
from orders.models import OrderImport

UNTOUCHED = timedelta(seconds=45)


@shared_task
def run_import(import_id: int) -> None:
    importing.run(import_id=import_id, at=timezone.now())


@shared_task
def undo_import(import_id: int) -> None:
    undoing.run(import_id=import_id, at=timezone.now())


@shared_task
def resume_imports() -> None:
    """Start imports, and undoings of imports, whose worker is gone. One that is started twice does nothing twice."""
    alone = OrderImport.objects.left_alone(since=timezone.now() - UNTOUCHED)
    for import_id, state in alone.values_list("pk", "state"):
        (undo_import if state == OrderImport.State.UNDOING else run_import).delay(import_id)


@shared_task
def forget_changes() -> None:
    undoing.forget(at=timezone.now())


@shared_task
def match_all() -> None:
    matching.match_all(at=timezone.now())
    claims.look_at_all(at=timezone.now())


@shared_task
def match_waiting() -> None:
    matching.match_waiting(at=timezone.now())
    awarding.award_come(at=timezone.now())
    claims.give_up(at=timezone.now())
    telling.text_members(at=timezone.now())
