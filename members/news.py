"""What a member is told when he comes home. The apps above say it: each adds a source, and none knows the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from members.models import Member


class News(NamedTuple):
    """A sentence, the page that says more, and whether it is good (`success`), bad (`warning`) or neither (`info`)."""

    words: str
    page: str
    level: str = "info"


SOURCES: list[Callable[[Member, datetime], list[News]]] = []


def of(member: Member, *, at: datetime) -> list[News]:
    """Return the news of a member at a moment, source by source."""
    return [item for source in SOURCES for item in source(member, at)]
