"""What the page of an import shows: how the file was read, what it would do or did, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from members.admin import sees_phones
from orders import importing, previewing, progress
from orders.admin import undo
from orders.admin.columns import may_choose
from orders.channels import FORMATS
from orders.models import OrderImport
from orders.word_forms import MeaningsForm

State = OrderImport.State
MOST_REJECTS = 200
COLUMN_WORDS = {
    "number": _("order number"),
    "row_key": _("sub-order"),
    "status": _("status"),
    "item_status": _("status"),
    "after_sale": _("after-sale"),
    "paid": _("paid"),
    "net": _("paid"),
    "refund": _("refunded"),
    "returned": _("refunded"),
    "shipping": _("shipping in it"),
    "ordered_at": _("ordered at"),
    "paid_at": _("paid at"),
    "completed_at": _("completed at"),
    "buyer": _("buyer's account"),
    "phone": _("buyer's phone"),
    "phone_end": _("last four digits, as proof of a claim"),
    "title": _("goods"),
    "sku": _("SKU"),
    "quantity": _("quantity"),
}


def report(request: HttpRequest, order_import: OrderImport) -> dict[str, Any]:
    """Return what the page of an import shows."""
    resting = order_import.state in OrderImport.RESTING
    previewed = order_import.state == State.PREVIEWED
    meanings = MeaningsForm(None, order_import) if order_import.state in (State.PREVIEWED, State.DONE) else None
    return {
        "order_import": order_import,
        "resting": resting,
        "previewed": previewed,
        "confirmed": order_import.confirmed_at is not None,
        "stored": order_import.state in (State.DONE, State.FAILED, State.UNDONE) or not resting,
        "seen": importing.seen_before(order_import),
        "progress": None if resting else progress.look(order_import.pk, timezone.now()),
        "layout": _layout(order_import),
        "meanings": meanings if meanings and meanings.words else None,
        "may_say": may_choose(request),
        "foreseen": previewed and order_import.foreseen,
        "oddities": _oddities(order_import) if previewed else [],
        "first_rows": previewing.first_rows(order_import) if previewed else [],
        "shows_phones": sees_phones(request),
        "problems": order_import.problems() if resting and order_import.rejected else [],
        "rejects": list(order_import.rejects.all()[:MOST_REJECTS]) if resting and order_import.rejected else [],
        "most_rejects": MOST_REJECTS,
        "may_import": request.user.has_perm("orders.add_orderimport"),
        "may_choose": (previewed or order_import.state == State.REFUSED) and may_choose(request),
        "may_see_members": request.user.has_perm("members.view_member"),
        **undo.state(request, order_import),
    }


def _layout(order_import: OrderImport) -> dict[str, Any] | None:
    known = order_import.layout
    if not known:
        return None
    form = FORMATS.get(known["format"])
    meanings = [(header, COLUMN_WORDS.get(name, "")) for name, header in known["columns"].items()]
    name = order_import.mapping or (form.name if form else "")
    return {**known, "name": name, "meanings": meanings}


ODDITIES = {
    "FUTURE": ngettext_lazy(
        "%(rows)d row has a time that is later than now: line %(line)d, %(value)s.",
        "%(rows)d rows have a time that is later than now, the first on line %(line)d: %(value)s.",
        "rows",
    ),
    "AHEAD": ngettext_lazy(
        "%(rows)d row has a time that has not come: line %(line)d, %(value)s. The order is kept and gives points "
        "when that time comes, or as soon as a file tells another.",
        "%(rows)d rows have a time that has not come, the first on line %(line)d: %(value)s. The orders are kept "
        "and give points when those times come, or as soon as a file tells others.",
        "rows",
    ),
    "AMOUNT": ngettext_lazy(
        "%(rows)d order is over ten times the usual amount: %(number)s on line %(line)d, %(value)s yuan.",
        "%(rows)d orders are over ten times the usual amount, the first is %(number)s on line %(line)d, "
        "%(value)s yuan.",
        "rows",
    ),
    "WORD": ngettext_lazy(
        "%(rows)d row has the status “%(value)s”, which nobody knows yet: its order is kept and gives no points "
        "until you say below what it means.",
        "%(rows)d rows have the status “%(value)s”, which nobody knows yet: their orders are kept and give no "
        "points until you say below what it means.",
        "rows",
    ),
    "MASKED": ngettext_lazy(
        "The phone of the buyer is masked (%(rows)d row): no buyer can be known by it. Export with whole phones.",
        "All phones of buyers are masked (%(rows)d rows): no buyer can be known by them. Export with whole phones.",
        "rows",
    ),
    "BLIND": _(
        "The column %(value)s is missing: which orders were refunded after they arrived cannot be seen. "
        "Export with this column, or they give points."
    ),
    "TWICE": ngettext_lazy(
        "%(rows)d order is told twice with different words or amounts: %(number)s, line %(line)d. "
        "The later state stands.",
        "%(rows)d orders are told twice with different words or amounts, the first is %(number)s on line %(line)d. "
        "The later state stands.",
        "rows",
    ),
}


def _oddities(order_import: OrderImport) -> list[str]:
    """Return sentences about what looks odd in a file that can be read."""
    found = (order_import.foreseen or {}).get("oddities", [])
    return [ODDITIES[one["what"]] % one for one in found if one["what"] in ODDITIES]
