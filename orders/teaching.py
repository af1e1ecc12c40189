"""Staff say what status words mean, and the files that have them are read again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from orders import importing, wording
from orders.models import Channel, OrderImport, StatusWord

State = OrderImport.State
Meanings = Mapping[tuple[str, str], str]  # class by column and word


class BadWord(ValueError):
    """A word cannot be given this meaning; `str` says why in a sentence."""


def teach(*, import_id: int, meanings: Meanings, actor_id: int | None, at: datetime) -> list[int]:
    """Keep what words of an import's file mean; returns the imports that read files anew for it: `run` each of them.

    Imports of the channel that wait to be confirmed begin anew. For files that are in, imports are made that read the
    orders with such words again; they wait to be confirmed. Raises BadWord.
    """
    with transaction.atomic():
        order_import = OrderImport.objects.select_related("channel").get(pk=import_id)
        channel = wording.held(order_import.read_as())
        offered = {(one.column, one.word): one.choices for one in wording.strange(order_import)}
        for (column, word), status in meanings.items():
            if status not in offered.get((column, word), ()):
                said = _("“%(word)s” has a meaning by now, or cannot mean this. Open the page again.")
                raise BadWord(said % {"word": word})
            values = {"status": status, "said_by_id": actor_id, "said_at": at}
            StatusWord.objects.update_or_create(channel=channel, column=column, word=word, defaults=values)
        waiting = [one.pk for one in _with(channel, meanings, [State.PREVIEWED])]
        return [*importing.read_anew(import_ids=waiting, at=at), *_read_again(channel, meanings, actor_id, at)]


def _with(channel: Channel, meanings: Meanings, states: list[str]) -> list[OrderImport]:
    """Return the imports of a channel whose files have one of these words, the latest first."""
    imports = OrderImport.objects.filter(channel=channel, state__in=states).exclude(layout__strange=[]).order_by("-pk")
    return [
        one
        for one in imports
        if any((column, word) in meanings for column, word, _rows in (one.layout or {}).get("strange", []))
    ]


def _read_again(channel: Channel, meanings: Meanings, actor_id: int | None, at: datetime) -> list[int]:
    """Make imports that read the files again that are in; a file that was imported several times only once."""
    files: dict[str, OrderImport] = {}
    for one in _with(channel, meanings, [State.DONE, State.FAILED]):
        if one.again_id is None:
            files.setdefault(one.sha256, one)
    made = [wording.read_again(one, actor_id=actor_id, at=at) for one in reversed(files.values())]
    return [one.pk for one in made]
