"""A member's points in words: where they came from, where they went, and by which rules."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config.numbers import digits
from loyalty import history as stories
from loyalty import ledger
from loyalty.models import EarningRule, Kind, Lot, PointsPolicy, Posting, PostingQuerySet
from members.models import Member, Tier
from members.views import member_required

PAGE = 20


TITLES = {
    Kind.EARN: _("Points for an order"),
    Kind.TASK: _("Points for a task"),
    Kind.BONUS: _("Bonus points"),
    Kind.ADJUST: _("Adjusted by the shop"),
    Kind.OPENING: _("Points brought along"),
    Kind.REDEEM: _("Redeemed a gift"),
    Kind.HOLD: _("Points set aside"),
    Kind.CAPTURE: _("Points paid with"),
    Kind.VOID: _("Points set free again"),
    Kind.GIVE_BACK: _("Points returned"),
    Kind.CLAW_BACK: _("Points of a refunded order"),
    Kind.EXPIRE: _("Points expired"),
    Kind.SETTLE: _("Owed points repaid"),
    Kind.MERGE: _("Accounts brought together"),
}
# What an app above gives its own words to.
TITLES_OF_SOURCES = {
    "draw": _("Took part in a draw"),
    "treasure": _("Took part in a treasure draw"),
    "draw-prize": _("Won in a draw"),
    "treasure-prize": _("Won in a treasure draw"),
}


class Entry(NamedTuple):
    """A posting as a member reads it. `ends`: when what is left of its points expires."""

    posting: Posting
    title: str | Promise
    details: list[str]
    pending: bool
    left: int
    ends: datetime | None


class Page(NamedTuple):
    """Some entries, newest first; `before` leads on to older ones, None at the end."""

    entries: list[Entry]
    before: int | None


@require_safe
@member_required
def history(request: HttpRequest, member: Member) -> HttpResponse:
    """Show the postings of the member that changed something, twenty at a time."""
    at = timezone.now()
    chosen = request.GET.get("show", "")
    own = Posting.objects.of(member).shown()
    kinds = {"earned": own.earning, "spent": own.spending, "expired": own.expired}
    postings = kinds[chosen]() if chosen in kinds else own
    page = read(postings, request.GET.get("before", ""), at=at)
    context = {"page": page, "chosen": chosen if chosen in kinds else "", "older": "before" in request.GET}
    if request.htmx and context["older"]:  # type: ignore[attr-defined]
        return render(request, "loyalty/_entries.html", context)
    return render(request, "loyalty/history.html", context | {"standing": ledger.standing(member_id=member.pk, at=at)})


def read(postings: PostingQuerySet, before: str, *, at: datetime, most: int = PAGE) -> Page:
    """Return the `most` newest of a member's postings by when they happened, or those older than posting `before`.

    Raises Http404 when `before` is none of them.
    """
    ordered = postings.select_related("lot").order_by("-occurred_at", "-id")
    if before:
        last = get_object_or_404(postings, pk=digits(before) or 0)
        ordered = ordered.filter(Q(occurred_at__lt=last.occurred_at) | Q(occurred_at=last.occurred_at, id__lt=last.pk))
    rows = list(ordered[: most + 1])
    shown = rows[:most]
    entries = [entry(row, story, at=at) for row, story in zip(shown, stories.tell(shown), strict=True)]
    return Page(entries, shown[-1].pk if len(rows) > most else None)


def entry(posting: Posting, story: list[str], *, at: datetime) -> Entry:
    """Return a posting with its story, and whether its points are still to come at `at`."""
    lot: Lot | None = getattr(posting, "lot", None)
    ended = lot is None or (lot.expires_at is not None and lot.expires_at <= at)
    left = 0 if lot is None or ended else lot.remaining
    return Entry(
        posting,
        title=_title(posting),
        details=[line for line in story if line != posting.note],
        pending=lot is not None and left > 0 and lot.available_at > at,
        left=left,
        ends=lot.expires_at if lot is not None and left else None,
    )


def _title(posting: Posting) -> str | Promise:
    if posting.kind == Kind.CLAW_BACK and posting.note:
        return _("Points corrected")
    return TITLES_OF_SOURCES.get(posting.source) or TITLES[Kind(posting.kind)]


@require_safe
@member_required
def how_it_works(request: HttpRequest, member: Member) -> HttpResponse:
    """Show the tiers and what is in force now."""
    at = timezone.now()
    rules = EarningRule.objects.in_force().filter(
        Q(condition_from=None) | Q(condition_from__lte=at),
        Q(condition_until=None) | Q(condition_until__gt=at),
        active=True,
    )
    context = {
        "member": member,
        "tiers": Tier.objects.all(),
        "policy": PointsPolicy.current(),
        "rules": rules.prefetch_related("condition_tiers"),
    }
    return render(request, "loyalty/how_it_works.html", context)
