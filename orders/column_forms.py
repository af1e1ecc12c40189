"""Choosing what the columns of a file are: where the header is, which column is what, what its words mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from config.numbers import digits
from orders import looking, mapping, reading
from orders.channels import FORMATS, PLATFORMS, guesses
from orders.channels.base import KEPT, Format
from orders.channels.mapped import MAPPED, OTHER, REJECT, Plan, fingerprint
from orders.channels.rows import HOLD, REFUNDED, RefusedFile
from orders.looking import Look
from orders.models import Channel, ColumnMapping, OrderImport, Status

ROLES = {
    "number": _("order number"),
    "row_key": _("number of the part or row"),
    "status": _("status"),
    "after_sale": _("after-sale"),
    "paid": _("amount paid"),
    "net": _("amount paid"),
    "refund": _("amount refunded"),
    "shipping": _("shipping"),
    "ordered_at": _("ordered at"),
    "paid_at": _("paid at"),
    "completed_at": _("completed at"),
    "buyer": _("buyer's account"),
    "phone": _("buyer's own phone"),
    "phone_end": _("a phone whose last four digits prove a claim"),
    "title": _("goods"),
    "sku": _("SKU"),
    "quantity": _("quantity"),
}
CLASSES: dict[str, list[tuple[str, Any]]] = {
    "status": [
        (Status.UNPAID, _("unpaid")),
        (Status.PAID, _("paid, on its way")),
        (Status.COMPLETED, _("completed: received")),
        (Status.PARTIALLY_REFUNDED, _("partly refunded")),
        (Status.REFUNDED, _("refunded in full")),
        (Status.CLOSED, _("closed: cancelled or never paid")),
        (Status.HOLD, _("on hold: counts once a later file decides")),
    ],
    "after_sale": [
        (KEPT, _("no money went back")),
        (REFUNDED, _("refunded in full")),
        (HOLD, _("on hold: counts once a later file decides")),
    ],
}
DELIMITERS = {",": _("by commas"), "\t": _("by tabs"), ";": _("by semicolons")}
ZONES = [
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Macau", "Asia/Singapore", "Asia/Kuala_Lumpur",
    "Asia/Bangkok", "Asia/Jakarta", "Asia/Manila", "Asia/Ho_Chi_Minh", "Asia/Tokyo", "Asia/Seoul",
    "Asia/Kolkata", "Asia/Dhaka", "Asia/Dubai", "Europe/London", "Europe/Berlin", "Europe/Paris",
    "Europe/Madrid", "Europe/Rome", "Europe/Moscow", "America/New_York", "America/Chicago", "America/Denver",
    "America/Los_Angeles", "America/Toronto", "America/Mexico_City", "America/Sao_Paulo", "Australia/Sydney",
    "Pacific/Auckland", "UTC",
]  # fmt: skip


@dataclass(frozen=True)
class Sight:
    """What the page starts from: the file seen one way, whose it is, and by whose rules it shall be read.

    `known`: the format that the file is of without any choice. `read_as`: the code of a format whose columns are
    corrected, or "". `earlier`: what was chosen for other files of the channel, the latest first.
    """

    look: Look
    channel: str
    platform: str
    read_as: str
    known: Format | None
    earlier: list[Plan]

    @property
    def form(self) -> Format:
        """The format whose columns are chosen."""
        return FORMATS[self.read_as] if self.read_as else MAPPED

    @property
    def same(self) -> Plan | None:
        """What was chosen for this very header."""
        mine = fingerprint(self.look.header)
        return next((one for one in self.earlier if fingerprint(one.header) == mine), None)

    @property
    def shown(self) -> str:
        """What the columns on the page are of; the page hands it in again."""
        return "|".join(map(str, (self.channel, self.look.part, self.look.line, self.read_as)))

    def proposed(self) -> dict[str, int]:
        """What each column probably is."""
        if self.same:
            return self.same.places(self.look.header) or {}
        if self.read_as:
            return guesses.columns_of(self.form, self.look.header, self.earlier)
        return guesses.columns(self.look.header, self.earlier)

    def plan(self, **chosen: Any) -> Plan:
        """Return a plan for this file."""
        return Plan(
            id=None,
            channel=self.channel,
            platform=self.platform,
            format=self.read_as,
            header=self.look.header,
            header_line=self.look.line,
            **chosen,
        )


def sight(order_import: OrderImport, path: Path, given: Mapping[str, str]) -> Sight:
    """Look at the file of an import as the page asks for it, or as it seems best. Raises RefusedFile."""
    data = _asked(given)
    asked = data.get("channel") or (order_import.channel.code if order_import.channel else "")
    asked = asked if asked in dict(channels()) else ""
    seen = looking.look(path, part=_number(data, "part"), line=_number(data, "line"), earlier=_earlier(asked, None))
    known = _known(path)
    channel = asked or guesses.platform(seen.header) or (known.platform if known else OTHER)
    platform = Channel.objects.filter(code=channel).values_list("format", flat=True).first() or channel
    ways = dict(_ways(platform))
    same = next((one for one in _earlier(channel, None) if fingerprint(one.header) == fingerprint(seen.header)), None)
    usual = same.format if same else known.code if known and known.platform == platform else ""
    read_as = data.get("read_as", usual)
    read_as = read_as if read_as in ways else ""
    return Sight(seen, channel, platform, read_as, known, _earlier(channel, read_as))


def _asked(given: Mapping[str, str]) -> dict[str, str]:
    """Return what is asked for. Another channel or table than was shown leaves open what goes with it."""
    data = {name: given[name] for name in ("channel", "part", "line", "read_as") if name in given}
    channel, _part, rest = given.get("shown", "||").partition("|")
    if "shown" in given and data.get("channel") != channel:
        data.pop("read_as", None)
    if "shown" in given and data.get("part") != rest.partition("|")[0]:
        data.pop("line", None)
    return data


def _number(data: Mapping[str, str], name: str) -> int | None:
    return digits(data.get(name), most=9)


def _known(path: Path) -> Format | None:
    try:
        return reading.recognise(path).format
    except RefusedFile:
        return None


def _earlier(channel: str, read_as: str | None) -> list[Plan]:
    plans = ColumnMapping.objects.filter(channel__code=channel).order_by("changed_at", "id").plans()
    return [one for one in reversed(plans) if read_as is None or one.format == read_as]


def channels() -> list[tuple[str, str]]:
    """Return the channels that a file may belong to, and the platforms whose first file makes one."""
    known = Channel.objects.values_list("code", "name", "active")
    made = {code for code, _name, _active in known}
    fresh = [(code, _new(str(form.name))) for code, form in PLATFORMS.items() if code not in made]
    return [(code, name) for code, name, active in known if active] + sorted(fresh, key=_by_columns_first)


def _by_columns_first(one: tuple[str, str]) -> bool:
    return any(form.platform == one[0] for form in FORMATS.values())


def _new(name: str) -> str:
    return gettext("%(platform)s (new channel)") % {"platform": name}


def _ways(platform: str) -> list[tuple[str, Any]]:
    """By whose rules a file of a platform may be read: by its columns alone, or by those of a format."""
    forms_of = [(code, _rules(form)) for code, form in FORMATS.items() if form.platform == platform]
    return [("", _("by its columns alone")), *forms_of]


def _rules(form: Format) -> str:
    return gettext("by the rules of “%(form)s”") % {"form": form.name}


class PlaceForm(forms.Form):
    """Whose file it is, and where its header stands. Shown as it is; `sight` reads what is asked for."""

    channel = forms.ChoiceField(label=_("channel"))
    read_as = forms.ChoiceField(label=_("how it is read"))
    part = forms.ChoiceField(label=_("table"))
    line = forms.ChoiceField(label=_("line of the header"))

    def __init__(self, sight: Sight) -> None:
        look = sight.look
        super().__init__(
            initial={"channel": sight.channel, "read_as": sight.read_as, "part": look.part, "line": look.line}
        )
        self._offer("channel", channels())
        self._offer("read_as", _ways(sight.platform))
        self._offer("part", [(place, _part(look, place)) for place in look.worth_seeing()])
        lines = look.parts[look.part].lines
        self._offer("line", [(line, _line(line, cells)) for line, cells in lines if any(map(str.strip, cells))])

    def _offer(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        widget = forms.HiddenInput() if len(choices) < 2 else UnfoldAdminSelectWidget()
        label = self.fields[name].label
        self.fields[name] = forms.ChoiceField(label=label, choices=choices, required=False, widget=widget)


def _part(look: Look, place: int) -> str:
    part = look.parts[place]
    return part.sheet or str(DELIMITERS.get(part.delimiter, part.delimiter))


def _line(line: int, cells: list[str]) -> str:
    shown = ", ".join(one.strip() for one in cells if one.strip())
    return f"{line}: {shown[:60]}{'…' if len(shown) > 60 else ''}"


class ColumnsForm(forms.Form):
    """What each column is, and what a row of the file means."""

    GROSS, NET = "gross", "net"

    name = forms.CharField(
        label=_("name"),
        max_length=100,
        required=False,
        help_text=_("Under which these columns are remembered for the next file with this header."),
        widget=UnfoldAdminTextInputWidget,
    )
    rows = forms.ChoiceField(label=_("a row is"), choices=ColumnMapping.Rows, widget=UnfoldAdminRadioSelectWidget)
    amounts = forms.ChoiceField(
        label=_("the amount paid is"),
        choices=[
            (GROSS, _("what was paid, refunds not taken off: of 80 paid and 30 refunded, 50 count")),
            (NET, _("what was left, refunds taken off: of 50 left and 30 refunded, 50 count")),
        ],
        required=False,
        widget=UnfoldAdminRadioSelectWidget,
    )
    zone = forms.ChoiceField(
        label=_("time zone of its times"), choices=[(one, one) for one in ZONES], widget=UnfoldAdminSelectWidget
    )

    def __init__(self, data: Mapping[str, str] | None, sight: Sight) -> None:
        self.sight = sight
        proposed = sight.proposed()
        super().__init__(data=data, initial=self._proposed(proposed))
        roles, places = self._roles(), {index: attribute for attribute, index in proposed.items()}
        for index, name in enumerate(sight.look.header):
            label = name.strip() or gettext("(no name)")
            self.fields[f"column-{index}"] = forms.ChoiceField(
                label=label,
                choices=roles,
                required=False,
                initial=places.get(index, ""),
                widget=UnfoldAdminSelectWidget,
            )
        if sight.read_as:
            for one in ("rows", "amounts", "zone"):
                del self.fields[one]

    def _proposed(self, columns: dict[str, int]) -> dict[str, Any]:
        sight = self.sight
        seen = sight.look.seen(columns)
        like = sight.same or next(iter(sight.earlier), None)
        net = like.net if like else seen.net or guesses.net(sight.look.header)
        told = like or net or "refund" not in columns
        return {
            "name": sight.same.name if sight.same else "",
            "rows": sight.same.rows if sight.same else seen.rows,
            "amounts": (self.NET if net else self.GROSS) if told else None,
            "zone": like.zone if like else "Asia/Shanghai",
        }

    def _roles(self) -> list[tuple[str, Any]]:
        names = []
        for attribute, column in self.sight.form.columns.items():
            label, usual = ROLES.get(attribute), column.names[0] if column.names else ""
            names.append((attribute, f"{label} ({usual})" if label and usual else label or usual))
        return [("", _("not needed")), *names]

    def columns(self) -> list[dict[str, Any]]:
        """Return what the page shows of each column: its name, its first values, its field."""
        values = self.sight.look.values()
        return [
            {"name": self.fields[f"column-{index}"].label, "values": values[index], "field": self[f"column-{index}"]}
            for index in range(len(values))
        ]

    def others(self) -> list[Any]:
        """Return the fields that are of no column."""
        return [field for field in self if not field.name.startswith("column-")]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        chosen: dict[str, int] = {}
        for index in range(len(self.sight.look.header)):
            attribute = given.get(f"column-{index}", "")
            if attribute in chosen:
                self.add_error(None, self._twice(attribute, chosen[attribute], index))
            elif attribute:
                chosen[attribute] = index
        given["columns"] = chosen
        if "amounts" in self.fields and "refund" in chosen and not given.get("amounts"):
            self.add_error(
                "amounts", _("Say whether refunds are taken off already: else they count twice or not at all.")
            )
        return given

    def _twice(self, attribute: str, first: int, second: int) -> str:
        names = [str(self.fields[f"column-{index}"].label) for index in (first, second)]
        said = gettext("Two columns were chosen as “%(what)s”: “%(first)s” and “%(second)s”. Choose one.")
        return said % {"what": dict(self._roles())[attribute], "first": names[0], "second": names[1]}

    def plan(self) -> Plan:
        """Return what was chosen, without the words."""
        given = self.cleaned_data
        name = given["name"].strip()
        if self.sight.read_as:
            return self.sight.plan(name=name, columns=given["columns"])
        return self.sight.plan(
            name=name,
            columns=given["columns"],
            net=given["amounts"] == self.NET,
            rows=given["rows"],
            zone=given["zone"],
        )


class WordsForm(forms.Form):
    """What the words of the status mean."""

    def __init__(self, data: Mapping[str, str] | None, sight: Sight, plan: Plan) -> None:
        super().__init__(data=data)
        self.plan_so_far = plan
        self.words = {one: words_of(sight.look, plan, one) for one in mapping.WORD_COLUMNS if one in plan.columns}
        self.known = {one: sight.same.words.get(one, {}) if sight.same else {} for one in self.words}
        for attribute, found in self.words.items():
            proposed = guesses.words(attribute, list(found), sight.earlier)
            for place, word in enumerate(found):
                self.fields[f"word-{attribute}-{place}"] = forms.ChoiceField(
                    label=word or _("(empty)"),
                    choices=[("", _("choose…")), *CLASSES[attribute], (REJECT, _("reject these rows"))],
                    initial=proposed[word],
                    error_messages={"required": _("Choose what this word means.")},
                    widget=UnfoldAdminSelectWidget,
                )

    def tables(self) -> list[dict[str, Any]]:
        """Return what the page shows of each column of words."""
        return [
            {
                "name": self.plan_so_far.header[self.plan_so_far.columns[attribute]].strip(),
                "words": [
                    {"rows": rows, "field": self[f"word-{attribute}-{place}"]}
                    for place, rows in enumerate(found.values())
                ],
            }
            for attribute, found in self.words.items()
        ]

    def plan(self) -> Plan:
        """Return what was chosen; words of earlier files that are not in this one keep their class."""
        words = {}
        for attribute, found in self.words.items():
            given = {word: self.cleaned_data[f"word-{attribute}-{place}"] for place, word in enumerate(found)}
            words[attribute] = {**self.known[attribute], **given}
        return self.plan_so_far._replace(words=words)


def words_of(look: Look, plan: Plan, attribute: str) -> Counter[str]:
    """Return the words of a column of the file. Raises BadPlan where they are too many, or none."""
    index = plan.columns[attribute]
    found = look.words(index, plan.columns["number"])
    column = {"column": plan.header[index].strip(), "most": looking.MOST_WORDS}
    if found is None:
        raise mapping.BadPlan(
            [gettext("“%(column)s” has more than %(most)d different values: it is no status.") % column]
        )
    if not found:
        raise mapping.BadPlan([gettext("There are no orders below this header. Choose another line or table.")])
    return found
