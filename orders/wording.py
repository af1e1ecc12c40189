"""Status words that no format knows: staff say what one means, and the orders that waited for it are decided.

An order with such a word is stored and gives nothing (`Status.UNKNOWN`). Its file is kept: once the word has a meaning
the file is read again (`orders.teaching`), as an import of its own that can be looked at, confirmed and undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import get_language

from orders.channels import FORMATS
from orders.channels.columns import Status
from orders.models import Channel, OrderImport, StatusWord

Words = Mapping[str, Mapping[str, str]]  # class by word, by attribute of the column
MAPPED_CHOICES = {
    "status": ["unpaid", "paid", "completed", "refunded", "closed", "hold"],
    "after_sale": ["kept", "refunded", "hold"],
}


class Strange(NamedTuple):
    """A word of a file that nobody knows: its column, how many rows have it, and the classes that it may have."""

    column: str
    word: str
    rows: int
    choices: list[str]


def known(channel: Channel) -> Words:
    """Return what staff said that words of a channel's files mean."""
    found: dict[str, dict[str, str]] = {}
    for column, word, status in channel.words.values_list("column", "word", "status"):
        found.setdefault(column, {})[word] = status
    return found


def strange(order_import: OrderImport) -> list[Strange]:
    """Return the words of a file that had no meaning when it was read and have none now, the most frequent first."""
    told = (order_import.layout or {}).get("strange", [])
    if not told or order_import.channel is None:
        return []
    now = known(order_import.channel)
    choices = _choices(order_import)
    return [
        Strange(column, word, rows, choices[column])
        for column, word, rows in told
        if column in choices and word not in now.get(column, {})
    ]


def learnt(order_import: OrderImport) -> bool:
    """Return whether a word that nobody knew when the file was read has a meaning by now.

    Until the transaction ends nobody gives words of its channel a meaning: who does looks for imports that have ended.
    """
    told = (order_import.layout or {}).get("strange", [])
    now = known(held(order_import.read_as())) if told else {}
    return any(word in now.get(column, {}) for column, word, _rows in told)


def held(channel: Channel) -> Channel:
    """Return a channel, locked: who gives its words a meaning and who ends an import of it see each other."""
    return Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)


def read_again(order_import: OrderImport, *, actor_id: int | None, at: datetime) -> OrderImport:
    """Make an import of the file of one that has ended, of its orders with words that staff gave a meaning since.

    It waits to be confirmed. Then `run` it.
    """
    return OrderImport.objects.create(
        file=order_import.file.name,
        name=order_import.name,
        sha256=order_import.sha256,
        channel=order_import.channel,
        mapping=order_import.mapping,
        again=order_import,
        language=get_language() or "",
        created_by_id=actor_id,
        created_at=at,
    )


def _choices(order_import: OrderImport) -> dict[str, list[str]]:
    """Return the classes that the columns of an import's format know."""
    code = (order_import.layout or {}).get("format", "")
    form = FORMATS.get(code)
    if form is None:
        return MAPPED_CHOICES
    columns = {name: form.columns[name] for name in form.learns()}
    return {
        name: [one for one in column.choices if one in dict(StatusWord.CLASSES)]
        for name, column in columns.items()
        if isinstance(column, Status)
    }
