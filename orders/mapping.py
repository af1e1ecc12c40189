"""Choosing which column of a file is what: what is wrong with a choice, and keeping it for the next file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils.translation import gettext as _

from orders import staging
from orders.channels import FORMATS, PLATFORMS
from orders.channels.base import KEPT, Format
from orders.channels.mapped import MAPPED, ORDER, PART, REJECT, REPEATED, Plan, fingerprint
from orders.channels.rows import HOLD, PARTIALLY_REFUNDED, REFUNDED
from orders.models import Channel, ColumnMapping, Status

RECEIVER = re.compile(r"收货|收件|提货|receiver|recipient|consignee|(?<![a-z])ship|deliver", re.IGNORECASE)
WORD_COLUMNS = ("status", "after_sale")
CLASSES = {
    "status": frozenset((*Status, REJECT)) - {Status.UNKNOWN},
    "after_sale": frozenset((KEPT, REFUNDED, HOLD, REJECT)),
}


class BadPlan(ValueError):
    """A choice of columns by which no file can be read; `sentences` say what is wrong."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


def form_of(plan: Plan) -> Format:
    """Return the format that a plan is for. Raises BadPlan."""
    if plan.format and plan.format not in FORMATS:
        raise BadPlan([_("There is no file format “%(code)s”.") % {"code": plan.format}])
    return FORMATS.get(plan.format, MAPPED)


def check_columns(plan: Plan) -> None:
    """Raise BadPlan unless files can be read by these columns, whatever their words."""
    form = form_of(plan)
    wrong = [*_places(plan, form)] or [*_needed(plan, form)]
    if wrong:
        raise BadPlan(wrong)


def check(plan: Plan) -> None:
    """Raise BadPlan unless files can be read by this choice."""
    check_columns(plan)
    wrong = [] if plan.format else [*_words(plan)]
    if wrong:
        raise BadPlan(wrong)


def _places(plan: Plan, form: Format) -> Iterator[str]:
    """What is wrong with the places of the columns in the header."""
    if set(plan.columns) - set(form.columns) or not set(plan.columns.values()) <= set(range(len(plan.header))):
        yield _("A column was chosen that is not there. Open the page again.")
        return
    for index in sorted(set(plan.columns.values())):
        if list(plan.columns.values()).count(index) > 1:
            yield _("The column “%(column)s” was chosen for two things. Choose another one for one of them.") % {
                "column": plan.header[index].strip()
            }


def _needed(plan: Plan, form: Format) -> Iterator[str]:
    """What is missing, or not to be trusted."""
    if plan.format:
        for attribute, column in form.columns.items():
            if column.required and attribute not in plan.columns:
                yield _("No column was chosen for “%(column)s”, without which a file of “%(form)s” cannot be read.") % {
                    "column": column.names[0],
                    "form": form.name,
                }
        return
    yield from _needed_by_itself(plan)
    phone = plan.columns.get("phone")
    if phone is not None and RECEIVER.search(plan.header[phone]):
        yield _(
            "“%(column)s” is the phone of whoever receives the parcel, not the buyer's. Points would go to a stranger: "
            "leave it out."
        ) % {"column": plan.header[phone].strip()}


def _needed_by_itself(plan: Plan) -> Iterator[str]:
    has = set(plan.columns)
    if "number" not in has:
        yield _("Choose the column with the order number.")
    if "paid" not in has:
        yield _("Choose the column with the amount that the buyer paid.")
    if not {"status", "paid_at"} & has:
        yield _("Choose the status or the time of payment: without them unpaid orders would earn points.")
    if not {"ordered_at", "paid_at"} & has:
        yield _("Choose the time of payment, or else the time of the order: points count from it.")
    if plan.rows not in (ORDER, PART, REPEATED):
        yield _("Choose what a row is.")
    elif plan.rows != ORDER and not {"row_key", "sku", "title"} & has:
        yield _(
            "A row is a part of an order: choose the number of the part, the SKU or the product to tell them apart."
        )
    if plan.rows == PART and plan.net and not {"row_key", "refund"} & has:
        yield _(
            "What is left of a part after a refund changes from file to file: choose the number of the part, "
            "or the refunded amount."
        )
    try:
        ZoneInfo(plan.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield _("There is no time zone “%(zone)s”.") % {"zone": plan.zone}


def _words(plan: Plan) -> Iterator[str]:
    """What is wrong with the classes of the words."""
    for attribute in WORD_COLUMNS:
        for one, status in plan.words.get(attribute, {}).items():
            if status not in CLASSES[attribute]:
                yield _("Choose what “%(word)s” means.") % {"word": one or _("(empty)")}
            elif status == PARTIALLY_REFUNDED and not plan.net and "refund" not in plan.columns:
                yield _(
                    "“%(word)s” says that some money went back, but no column says how much. Choose the column of the "
                    "refund, or let such orders be on hold."
                ) % {"word": one}
    if "status" in plan.columns and not plan.words.get("status"):
        yield _("The column of the status has no words.")


def remember(*, plan: Plan, actor_id: int | None, at: datetime) -> ColumnMapping:
    """Keep a choice for the files of its channel with its header, in place of an earlier one. Raises BadPlan.

    The first choice for a platform makes its channel.
    """
    check(plan)
    with transaction.atomic():
        channel = _channel(plan)
        values = {
            "name": plan.name[:100] or channel.name,
            "format": plan.format,
            "header": list(plan.header),
            "header_line": plan.header_line,
            "columns": dict(plan.columns),
            "net": plan.net,
            "rows": plan.rows,
            "words": {name: dict(words) for name, words in plan.words.items()},
            "time_zone": plan.zone,
            "changed_by_id": actor_id,
            "changed_at": at,
        }
        mapping, _made = ColumnMapping.objects.update_or_create(
            channel=channel,
            fingerprint=fingerprint(plan.header),
            defaults=values,
            create_defaults={**values, "created_by_id": actor_id, "created_at": at},
        )
    return mapping


def _channel(plan: Plan) -> Channel:
    channel = Channel.objects.filter(code=plan.channel).first()
    if channel is None and plan.channel in PLATFORMS:
        channel = staging.first_channel(plan.channel)
    if channel is None:
        raise BadPlan([_("There is no channel “%(channel)s”.") % {"channel": plan.channel}])
    if plan.format and FORMATS[plan.format].platform != channel.format:
        raise BadPlan([_("“%(form)s” is of another platform than the channel.") % {"form": FORMATS[plan.format].name}])
    return channel
