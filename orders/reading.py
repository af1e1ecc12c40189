"""Reading an order file: what it is, then its rows, one at a time and with flat memory.

`recognise` passes over the whole file once and refuses what is no order export; `read` gives a `Row` for each data row
that was understood, a `BadRow` for each that was not, and `Skipped` for lines that are neither. Formats are in
`orders.channels`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from django.utils.translation import gettext as _

from orders.channels import FORMATS, PLATFORMS
from orders.channels.base import Format, normal
from orders.channels.cells import BadCell, bare
from orders.channels.lookalikes import lookalike
from orders.channels.mapped import Plan, as_format
from orders.channels.records import Unreadable, of_sheet, of_text, sheets
from orders.channels.rows import BadRow, NoRow, Recognised, RefusedFile, Row, Skipped
from orders.channels.sniffing import SHEETED, encoding_of

DELIMITERS = ",\t;"
HEADER_WITHIN = 30
MOST_COLUMNS = 10_000
SHOWN = 200
FIRST_RECORDS = 300
EXACT, SURELY_LOST = 15, 8  # digits that a spreadsheet keeps; zeros together that are no chance
TOTAL_WORDS = frozenset(("总计", "合计", "汇总", "小计", "总计:", "合计:", "汇总:", "小计:"))

Record = tuple[int, list[str]] | Unreadable


class Part(NamedTuple):
    """One way to look at a file: a delimiter or a sheet, and the first records seen that way."""

    delimiter: str
    sheet: str
    lines: list[tuple[int, list[str]]]


def recognise(
    path: str | Path, *, expected: str | None = None, plans: Sequence[Plan] = (), chosen: Plan | None = None
) -> Recognised:
    """What kind of order export a file is. Reads all of it once, to be sure that its bytes are sound.

    `expected` is the code of the platform that staff chose. `plans` are the columns that were chosen for earlier files,
    of the channel that staff chose or of all: one is used for a file with its header if that is of no format, or if it
    corrects the columns of that format. `chosen` is used whatever the file looks like. Raises RefusedFile, with a
    sentence to show.
    """
    path = Path(path)
    encoding, parts = look(path)
    found = _best(encoding, parts)
    found = (
        _by_choice(encoding, parts, chosen) if chosen else _by_plan(encoding, parts, plans, found, expected) or found
    )
    if found is None:
        raise RefusedFile(
            lookalike([cells for part in parts for _line, cells in part.lines]) or _stranger(parts, expected)
        )
    if expected is not None and found.format.platform != expected and not chosen:
        raise RefusedFile(_other(found.format, expected))
    if not _has_data(path, found):
        raise RefusedFile(
            _("This file has a header and no orders below it. Choose a longer period and export it again.")
        )
    if not chosen and (more := _more_sheets(path, found, parts)):
        raise RefusedFile(
            _(
                "Several sheets of this file have orders: %(names)s. "
                "Save each as a file of its own and upload them one by one."
            )
            % {"names": _few([found.sheet, *more])}
        )
    if _digits_are_lost(path, found):
        raise RefusedFile(
            _(
                "All order numbers of this file end in zeros: a spreadsheet turned them into numbers and their last "
                "digits are lost. Export the file again and upload it without opening it in a spreadsheet."
            )
        )
    return found


def look(path: Path) -> tuple[str, list[Part]]:
    """The encoding of a file and every way to look at its first records; see `recognise`. Raises RefusedFile."""
    encoding = encoding_of(path)
    return encoding, list(_parts(path, encoding))


class Rows:
    """The rows of a file in its order, to go through once. Bad rows never stop it; blank lines are no rows.

    Raises RefusedFile where a quotation mark that is never closed would swallow the rest of the file.
    """

    def __init__(self, path: Path, recognised: Recognised, words: Mapping[str, Mapping[str, str]]) -> None:
        self.form = recognised.format.taught(words).bind(recognised.columns)
        self.rows = self.form.arranged(_rows(path, recognised, self.form))

    def __iter__(self) -> Iterator[Row | BadRow | Skipped]:
        return self.rows

    @property
    def masked(self) -> dict[str, int]:
        """How many buyers and phones were masked so far, by attribute of their column; {} if none."""
        return self.form.masked()

    @property
    def strange(self) -> list[tuple[str, str, int]]:
        """The status words so far that nobody knows: attribute of their column, word, how many rows."""
        return [(name, word, rows) for (name, word), rows in self.form.strange.most_common()]


def read(path: str | Path, recognised: Recognised, *, words: Mapping[str, Mapping[str, str]] | None = None) -> Rows:
    """The rows of a file that was recognised. `words`: the classes that staff gave to words of its columns."""
    return Rows(Path(path), recognised, words or {})


def _rows(path: Path, recognised: Recognised, form: Format) -> Iterator[Row | BadRow | Skipped]:
    row, width = form.row, len(recognised.header)
    last = max(recognised.columns.values())
    for record in below_header(path, recognised):
        if isinstance(record, Unreadable):
            yield _unreadable(record)
            continue
        line, cells = record
        if len(cells) != width and not _fitted(cells, width, last):
            if any(cells):
                yield _footer(line, cells, form) or _total(line, cells) or _misfit(line, len(cells), width)
            continue
        cells.append("")
        try:
            yield row(line, cells)
        except NoRow as other:
            yield Skipped(line, other.reason)
        except BadCell as bad:
            told = _told(line, cells, bad, recognised)
            if told:
                yield told


def _footer(line: int, cells: list[str], form: Format) -> Skipped | None:
    reason = form.aside(cells)
    return Skipped(line, reason) if reason else None


def _total(line: int, cells: Sequence[str]) -> Skipped | None:
    """A line whose first word is that of a total: in the place of the number, or where there is no number."""
    first = next(filter(None, map(normal, cells)), "")
    return Skipped(line, _("A line of totals, not an order.")) if first in TOTAL_WORDS else None


def _records(path: Path, encoding: str, delimiter: str, sheet: str) -> Iterator[Record]:
    return of_sheet(path, encoding, sheet) if encoding in SHEETED else of_text(path, encoding, delimiter)


def below_header(path: Path, found: Recognised) -> Iterator[Record]:
    """The records of a file after its header, as they stand."""
    records = _records(path, found.encoding, found.delimiter, found.sheet)
    for record in records:
        if record[0] == found.header_line:
            return records
    return records


def _parts(path: Path, encoding: str) -> Iterator[Part]:
    """Every way to look at the first records of a file."""
    if encoding in SHEETED:
        for sheet in sheets(path, encoding):
            yield Part("", sheet, _first_lines(of_sheet(path, encoding, sheet)))
        return
    for delimiter in DELIMITERS:
        yield Part(delimiter, "", _first_lines(of_text(path, encoding, delimiter)))


def _first_lines(records: Iterator[Record]) -> list[tuple[int, list[str]]]:
    lines = [record for record in islice(records, HEADER_WITHIN) if not isinstance(record, Unreadable)]
    if any(len(cells) > MOST_COLUMNS for _line, cells in lines):
        raise RefusedFile(_("This file has more than 10,000 columns: it is no order export."))
    return lines


def _best(encoding: str, parts: Sequence[Part]) -> Recognised | None:
    """The line that is the header of a format; of several, the one with most of its format's columns."""
    found = [
        Recognised(form, encoding, line, form.find(cells), trimmed(cells), part.delimiter, part.sheet)
        for part in parts
        for line, cells in part.lines
        for form in FORMATS.values()
        if form.recognises(cells)
    ]
    return max(found, key=lambda one: len(one.columns), default=None)


def _by_plan(
    encoding: str, parts: Sequence[Part], plans: Sequence[Plan], known: Recognised | None, expected: str | None
) -> Recognised | None:
    """The header of columns that were chosen before. Where it is that of a format, only a correction is for it, or what
    was chosen for the channel that staff named."""
    form, fitting = (known.format if known else None), []
    for plan in plans:
        corrects = plan.format and (form is None or form.code == plan.format)
        apart = not plan.format and (form is None or expected not in (None, form.platform))
        fitting += _fits(encoding, parts, plan) if corrects or apart else []
    if len({one.plan.channel for one in fitting if one.plan}) > 1:
        raise RefusedFile(_("Several channels have files of this kind. Choose the channel that it belongs to."))
    return fitting[0] if fitting else None


def _by_choice(encoding: str, parts: Sequence[Part], plan: Plan) -> Recognised:
    """The header of the columns that were chosen for this file."""
    fitting = _fits(encoding, parts, plan)
    if not fitting:
        raise RefusedFile(_("The columns that were chosen are not in this file. Choose them again."))
    return min(fitting, key=lambda one: abs(one.header_line - plan.header_line))


def _fits(encoding: str, parts: Sequence[Part], plan: Plan) -> list[Recognised]:
    """The lines that are the header of a plan."""
    found = []
    for part in parts:
        for line, cells in part.lines:
            places = plan.places(cells)
            if places is not None:
                form = as_format(plan, FORMATS)
                found.append(Recognised(form, encoding, line, places, trimmed(cells), part.delimiter, part.sheet, plan))
    return found


def trimmed(header: Sequence[str]) -> tuple[str, ...]:
    """The header without empty cells at its end, which a spreadsheet may have added."""
    last = max(index for index, name in enumerate(header) if normal(name))
    return tuple(header[: last + 1])


def _has_data(path: Path, found: Recognised) -> bool:
    return any(isinstance(record, Unreadable) or any(map(str.strip, record[1])) for record in below_header(path, found))


def _more_sheets(path: Path, found: Recognised, parts: Sequence[Part]) -> list[str]:
    """The other sheets that have rows below the same columns: reading one of them only would lose orders unsaid."""
    read = {normal(found.header[place]) for place in found.columns.values()}
    below = {
        part.sheet: found._replace(sheet=part.sheet, header_line=line)
        for part in parts
        for line, cells in part.lines
        if part.sheet != found.sheet and read <= set(map(normal, cells))
    }
    return [sheet for sheet, one in below.items() if _has_data(path, one)]


def _digits_are_lost(path: Path, found: Recognised) -> bool:
    """Whether the first long numbers have only zeros after the 15th digit, where a spreadsheet stops counting."""
    place, long = found.columns["number"], set()
    for record in islice(below_header(path, found), FIRST_RECORDS):
        if not isinstance(record, Unreadable) and len(record[1]) > place:
            number = bare(record[1][place])
            if len(number) > EXACT and number.isascii() and number.isdigit():
                long.add(number)
    zeros = sum(len(one) - EXACT for one in long)
    return zeros >= SURELY_LOST and len(long) > 1 and not any(one[EXACT:].strip("0") for one in long)


def _fitted(cells: list[str], width: int, last: int) -> bool:
    """Give a record the width of its header: cut empty cells off, or add those that a spreadsheet did not write.

    In text, Excel leaves the last columns out where sixteen rows together have them empty. A record without a cell
    after the `last` column that is read may be cut off within it: False, as where the record does not fit its header.
    """
    if len(cells) < width and last + 1 < len(cells):
        cells += [""] * (width - len(cells))
    if len(cells) < width or any(cells[width:]):
        return False
    del cells[width:]
    return True


def _misfit(line: int, found: int, width: int) -> BadRow:
    reason = _(
        "This line has %(found)d cells, the header has %(width)d: the file is cut off or damaged here. Export it again."
    ) % {"found": found, "width": width}
    return BadRow(line, "", "", "", reason)


def _unreadable(record: Unreadable) -> BadRow:
    if record.last > record.line:
        reason = _(
            "A quotation mark is wrong or never closed: lines %(line)d to %(last)d cannot be read. "
            "Export the file again."
        )
    else:
        reason = _("The quotation marks of this line are wrong. Correct them, or export the file again.")
    return BadRow(record.line, "", "", "", reason % {"line": record.line, "last": record.last})


def _told(line: int, cells: list[str], bad: BadCell, found: Recognised) -> BadRow | Skipped | None:
    """What to say about a record that is no row: nothing if it is blank, skipped if it is a total or a header."""
    if not any(map(str.strip, cells)):
        return None
    number = cells[found.columns["number"]]
    if total := _total(line, [number] if bare(number) else cells):
        return total
    if normal(number) == normal(found.header[found.columns["number"]]):
        return Skipped(line, _("The header once more, not an order."))
    footer = _footer(line, cells, found.format)
    if footer:
        return footer
    place = found.columns.get(bad.column)
    column, value = (found.header[place], cells[place]) if place is not None else ("", "")
    return BadRow(line, bare(number)[:64], column.strip()[:SHOWN], value.strip()[:SHOWN], bad.reason)


def _other(form: Format, expected: str) -> str:
    chosen = PLATFORMS[expected].name if expected in PLATFORMS else expected
    return _(
        "This is a file of “%(found)s”, but “%(chosen)s” was chosen. Choose the right channel or another file."
    ) % {
        "found": form.name,
        "chosen": chosen,
    }


def _stranger(parts: Sequence[Part], expected: str | None) -> str:
    """What to say about a file that is nothing known: the columns seen, and what the nearest format would need."""
    every = [form for form in FORMATS.values() if not form.adjusts]
    forms = [form for form in every if form.platform == expected]
    by_columns = expected is not None and not forms
    forms = forms or every
    lines = [cells for part in parts for _line, cells in part.lines if any(map(str.strip, cells))]
    nearest = max(
        ((len(form.find(cells)), sum(map(bool, cells)), form, cells) for cells in lines for form in forms),
        key=lambda one: one[:2],
        default=None,
    )
    if nearest is None:
        return _("This file has no columns. Export the orders again.")
    _known, _filled, form, cells = nearest
    if by_columns:
        return _(
            "No file with these columns was imported for this channel yet: %(seen)s. Choose by hand which is what; "
            "it will be remembered."
        ) % {"seen": _few(max(lines, key=lambda one: sum(map(bool, one))))}
    return _(
        "This is not an order export that can be read. Columns seen: %(seen)s. "
        "For “%(form)s” these are missing: %(missing)s. Export the orders again and do not change the header, "
        "or choose by hand which column is what."
    ) % {"seen": _few(cells), "form": form.name, "missing": _few(form.missing(cells)) or "–"}


def _few(names: Sequence[str]) -> str:
    shown = [name.strip()[:30] for name in names if name.strip()]
    return ", ".join(shown[:8]) + (" …" if len(shown) > 8 else "")
