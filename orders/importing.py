"""A platform's file becomes orders, members, points, step by step (`orders.steps`); each step can be run again.

`OrderImport.state` says what is done; whoever runs the import next goes on from there. An import that a person has to
confirm stops once its file is read and checked, with what it would do (`orders.previewing`).
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from django.core.files import File
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from orders import previewing, progress, steps
from orders.channels import FORMATS
from orders.models import Channel, ColumnMapping, OrderImport, RejectedRow, StagedRow

log = logging.getLogger(__name__)

MOST_FAILURES = 3
State = OrderImport.State
STAGING = (State.STAGED, State.CHECKED, State.PREVIEWED, State.MATCHED, State.STORED)
_AS_UPLOADED: dict[str, Any] = {
    "state": State.UPLOADED,
    **dict.fromkeys(("reason", "stored_to", "encoding"), ""),
    **dict.fromkeys(("rows", "staged", "rejected", "orders", "failures"), 0),
    **dict.fromkeys(("layout", "foreseen", "confirmed_at", "confirmed_by", "finished_at"), None),
}
ADJUSTING = [code for code, form in FORMATS.items() if form.adjusts]
Step = Callable[[OrderImport, datetime], bool | None]  # False: somebody else has done it meanwhile
STEPS: dict[str, Step] = {
    State.UPLOADED: steps.stage,
    State.STAGED: steps.check,
    State.CHECKED: steps.match,
    State.MATCHED: steps.store,
    State.STORED: steps.earn,
}


def accept(
    *,
    file: BinaryIO,
    name: str,
    channel_code: str | None,
    actor_id: int | None,
    at: datetime,
    confirmed: bool = True,
) -> OrderImport:
    """Keep an uploaded file and note it for import; nothing is read yet. `channel_code` None: recognise it.

    Not `confirmed`: it stops once it has been read and checked, until `confirm` or `discard`. Raises
    Channel.DoesNotExist.
    """
    channel = Channel.objects.get(code=channel_code) if channel_code else None
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    order_import = OrderImport(
        name=_harmless(name),
        sha256=digest,
        channel=channel,
        language=get_language() or "",
        created_by_id=actor_id,
        created_at=at,
    )
    if confirmed:
        order_import.confirmed_at, order_import.confirmed_by_id = at, actor_id
    ending = Path(order_import.name).suffix
    order_import.file.save(digest[:16] + (ending if ending.isascii() else ""), File(file), save=False)
    order_import.save()
    return order_import


def _harmless(name: str) -> str:
    """Return a file's name without folders, characters that cannot be seen or stored, and what is too long of it."""
    name = name.replace("\\", "/").rpartition("/")[2].encode(errors="replace").decode()
    name = "".join(letter for letter in name if letter.isprintable())
    ending = Path(name).suffix[:8]
    return name.removesuffix(ending)[: 255 - len(ending)] + ending if name.strip(". ") else "–"


def run(*, import_id: int, at: datetime) -> OrderImport:
    """Take an import from where it stands to its end; returns it as it stands then.

    `at` is the moment of posting. Somebody else at work on it: returns at once. An error is counted and raised again;
    after three without any headway the import is given up as FAILED, and nothing that it stored is lost. What is wrong
    with rows is said in the language of who handed the file in.
    """
    started = time.monotonic()
    try:
        with override(OrderImport.objects.get(pk=import_id).language or None):
            while (order_import := _step(import_id, at)) is not None and order_import.state not in OrderImport.RESTING:
                pass
    except Exception:
        log.exception("import %s stopped by an error", import_id)
        if not connection.needs_rollback:  # else the transaction of the caller takes back the import itself
            _count_failure(import_id, at)
        raise
    finally:
        if not connection.needs_rollback:
            spent = time.monotonic() - started
            OrderImport.objects.filter(pk=import_id).update(seconds=F("seconds") + spent)
    return OrderImport.objects.get(pk=import_id)


def confirm(*, import_ids: Iterable[int], actor_id: int, at: datetime) -> list[int]:
    """Let previewed imports go on; returns those that were not confirmed or discarded before. Then `run` them.

    A file that adjusts orders is read once more: they may have come since it was previewed.
    """
    confirmed = {"confirmed_by_id": actor_id, "confirmed_at": at}
    with transaction.atomic():
        ids = _moved(_previewed(import_ids), state=State.CHECKED, **confirmed)
        adjusting = OrderImport.objects.filter(pk__in=ids, layout__format__in=ADJUSTING)
        adjusting.update(state=State.UPLOADED)
    return ids


def discard(*, import_ids: Iterable[int], at: datetime) -> list[int]:
    """Give previewed imports up; nothing of them was stored. Returns those that were not decided before."""
    with transaction.atomic():
        gone = _moved(_previewed(import_ids), state=State.DISCARDED, finished_at=at)
        StagedRow.objects.filter(order_import__in=gone).delete()
    return gone


class NotWaiting(Exception):
    """An import cannot begin anew: it is on its way or ended, or somebody else has begun it."""


def begin_anew(*, import_id: int, mapping: ColumnMapping, at: datetime) -> None:
    """Let an import that was refused, or that waits to be confirmed, be read again by columns that were chosen.

    Nothing of it was stored, and it waits to be confirmed, even if somebody had. Then `run` it. Raises NotWaiting.
    """
    with transaction.atomic():
        waiting = OrderImport.objects.filter(pk=import_id, state__in=(State.PREVIEWED, State.REFUSED))
        if not _moved(waiting, **_AS_UPLOADED, channel=mapping.channel, mapping=mapping, touched_at=at):
            raise NotWaiting
        StagedRow.objects.filter(order_import=import_id).delete()
        RejectedRow.objects.filter(order_import=import_id).delete()


def read_anew(*, import_ids: Iterable[int], at: datetime) -> list[int]:
    """Let imports that wait to be confirmed be read once more, by what is known now. Returns which; `run` them."""
    with transaction.atomic():
        ids = _moved(_previewed(import_ids), **_AS_UPLOADED, touched_at=at)
        StagedRow.objects.filter(order_import__in=ids).delete()
        RejectedRow.objects.filter(order_import__in=ids).delete()
    return ids


def _previewed(import_ids: Iterable[int]) -> QuerySet[OrderImport]:
    return OrderImport.objects.filter(pk__in=list(import_ids), state=State.PREVIEWED)


def _moved(imports: QuerySet[OrderImport], **to: Any) -> list[int]:
    """Change imports that still are as the queryset says: of two people who decide, the first has decided."""
    with transaction.atomic():
        ids = list(imports.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
        OrderImport.objects.filter(pk__in=ids).update(**to)
    return ids


def rehearse(*, import_id: int, at: datetime) -> OrderImport:
    """Return an unconfirmed import as it would be at its end, unsaved; for a caller who rolls back.

    No balance is locked, however long the file. Expired points are not looked at.
    """
    while (order_import := _step(import_id, at)) and order_import.state not in (*OrderImport.ENDED, State.CHECKED):
        pass
    order_import = OrderImport.objects.get(pk=import_id)
    if order_import.state == State.CHECKED:
        for name, value in previewing.foresee(order_import, at=at).figures().items():
            setattr(order_import, name, value)
    return order_import


def seen_before(order_import: OrderImport) -> OrderImport | None:
    """Return an earlier import of the very same content."""
    earlier = OrderImport.objects.filter(sha256=order_import.sha256, pk__lt=order_import.pk)
    return earlier.filter(state=State.DONE).first()


def _step(import_id: int, at: datetime) -> OrderImport | None:
    """Do the next piece of work; None if somebody else has the import."""
    order_import = _claimed(import_id)
    if order_import is None or order_import.state in OrderImport.RESTING:
        return order_import
    if order_import.state == State.UNDOING:
        return None  # that is the work of orders.undoing
    before = order_import.state
    if _next_step(order_import)(order_import, at) is False:
        return None
    if order_import.failures:
        OrderImport.objects.filter(pk=order_import.pk).update(failures=0)
    order_import.refresh_from_db()
    if order_import.state == State.MATCHED != before:
        progress.note(order_import.pk, progress.STORE, 0, order_import.staged)
    return order_import


def _next_step(order_import: OrderImport) -> Step:
    if order_import.state == State.CHECKED and order_import.confirmed_at is None:
        return previewing.preview
    return STEPS[order_import.state]


def _claimed(import_id: int) -> OrderImport | None:
    """Take an import that nobody else has; one whose staged rows a crash of the database has emptied begins again."""
    with transaction.atomic():
        order_import = OrderImport.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=import_id).first()
        if order_import and _is_emptied(order_import):
            _begin_again(order_import)
        return order_import


def _is_emptied(order_import: OrderImport) -> bool:
    staged = StagedRow.objects.filter(order_import=order_import)
    return order_import.state in STAGING and order_import.staged > 0 and not staged.exists()


def _begin_again(order_import: OrderImport) -> None:
    """Back to the file. What is new, updated or awarded by now is not so again; what is counted of all orders is."""
    order_import.state, order_import.stored_to = State.UPLOADED, ""
    order_import.eligible_orders, order_import.paid_total = 0, Decimal(0)
    order_import.save(update_fields=["state", "stored_to", "eligible_orders", "paid_total"])


def _count_failure(import_id: int, at: datetime) -> None:
    with transaction.atomic():
        order_import = OrderImport.objects.select_for_update(no_key=True).get(pk=import_id)
        order_import.failures += 1
        if order_import.failures >= MOST_FAILURES and order_import.state not in OrderImport.RESTING:
            order_import.state, order_import.finished_at = State.FAILED, at
            order_import.reason = _(
                "The import met an error three times and was given up. What it stored is kept; "
                "import the file again to finish it."
            )
            StagedRow.objects.filter(order_import=order_import).delete()
        order_import.save(update_fields=["failures", "state", "reason", "finished_at"])
