"""A file as it stands, for staff who choose what its columns are: its parts, header, first values and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from django.utils.translation import gettext as _

from orders import reading
from orders.channels import guesses
from orders.channels.base import normal
from orders.channels.cells import bare, plain, word
from orders.channels.lookalikes import lookalike
from orders.channels.mapped import MAPPED, Plan
from orders.channels.records import Unreadable
from orders.channels.rows import Recognised, RefusedFile
from orders.reading import Part

FIRST_VALUES = 3
FIRST_ROWS = 300
MOST_WORDS = 60
SHOWN = 60


class Look(NamedTuple):
    """A file seen one way: of its `parts` (sheets or delimiters) the one at `part`, with the header on `line`."""

    path: Path
    encoding: str
    parts: list[Part]
    part: int
    line: int
    header: tuple[str, ...]

    def rows(self) -> Iterator[list[str]]:
        """The records under the header, each as wide as it."""
        part, width = self.parts[self.part], len(self.header)
        found = Recognised(MAPPED, self.encoding, self.line, {}, self.header, part.delimiter, part.sheet)
        for record in reading.below_header(self.path, found):
            if not isinstance(record, Unreadable) and any(map(str.strip, record[1])):
                yield (record[1] + [""] * width)[:width]

    def values(self) -> list[list[str]]:
        """The first values of each column that are not empty."""
        rows = list(islice(self.rows(), FIRST_ROWS))
        columns = ([row[index] for row in rows if bare(row[index])] for index in range(len(self.header)))
        return [[plain(one, SHOWN) for one in list(dict.fromkeys(column))[:FIRST_VALUES]] for column in columns]

    def words(self, index: int, number: int) -> Counter[str] | None:
        """The different words of a column, of rows with an order number, and how often; None: too many for words."""
        found: Counter[str] = Counter()
        for row in self.rows():
            if bare(row[number]) and normal(row[number]) not in reading.TOTAL_WORDS:
                found[word(row[index])] += 1
                if len(found) > MOST_WORDS:
                    return None
        return found

    def seen(self, columns: dict[str, int]) -> guesses.Seen:
        """What the amounts of the first rows say."""
        return guesses.seen(list(islice(self.rows(), FIRST_ROWS)), columns)

    def worth_seeing(self) -> list[int]:
        """The places of the parts that are tables: of more columns than one, and the one that is looked at."""
        wide = [place for place, one in enumerate(self.parts) if any(len(cells) > 1 for _line, cells in one.lines)]
        return sorted({*wide, self.part})

    def warning(self) -> str:
        """What a file with this header usually is if it is no order export, else ""."""
        return "" if guesses.platform(self.header) else lookalike([self.header])


def look(path: Path, *, part: int | None, line: int | None, earlier: Sequence[Plan] = ()) -> Look:
    """Look at a file: at this part and line, or else where its header seems to be. Raises RefusedFile."""
    encoding, parts = reading.look(path)
    lines = [
        (place, number, cells)
        for place, one in enumerate(parts)
        for number, cells in one.lines
        if part in (None, place) and any(map(normal, cells))
    ]
    chosen = [one for one in lines if one[1] == line] if part is not None else []
    best = max(chosen or lines, key=lambda one: _like_a_header(one[2], earlier), default=None)
    if best is None:
        raise RefusedFile(_("This file has no columns. Export the orders again."))
    return Look(path, encoding, parts, best[0], best[1], reading.trimmed(best[2]))


def _like_a_header(cells: Sequence[str], earlier: Sequence[Plan]) -> tuple[int, int]:
    return len(guesses.columns(cells, earlier)), sum(bool(normal(one)) for one in cells)
