"""Members are sent a text when their parcels are on the way, and when staff cancel or take back: one for all, by day.

What is sent is noted before it is sent: a text is sent once or not at all, never twice. It stands on the member's pages
in any case.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from config import sql
from mall.models import MallPolicy
from members import sms
from members.models import Programme

__all__ = ("Told", "sentence", "text_members", "words")

log = logging.getLogger(__name__)

BATCH = 500
HOURS = range(9, 21)  # of the brand's day
FRESH = timedelta(days=1)  # what is older nobody is sent a text of
MOST_SAID = 3
LONGEST_REASON = 40


class Told(NamedTuple):
    """What happened to one redemption of a member: SHIPPED by a carrier under a number, or CANCELLED or RETURNED."""

    member_id: int
    phone: str
    what: str
    gift: str
    pieces: int
    points: int | None
    carrier: str
    words: str


def text_members(*, at: datetime) -> int:
    """Send a text to each member of whose parcels something is to be told; returns how many were sent.

    Nothing is sent where the mall policy does not say so, nor by night: then the morning's run tells of it.
    """
    programme = Programme.current()
    if not MallPolicy.current().text or at.astimezone(ZoneInfo(programme.time_zone)).hour not in HOURS:
        return 0
    sent = 0
    with override(settings.LANGUAGE_CODE):
        while told := _noted(at):
            for _member, of_him in groupby(told, key=lambda one: one.member_id):
                try:
                    sent += _sent(list(of_him), programme.brand, at)
                except sms.CapReached:
                    log.warning("no more texts about parcels today: the rest of the day's are kept for codes")
                    return sent
    return sent


def words(brand: str, told: Sequence[Told]) -> str:
    """Return the text about a member's parcels."""
    said = [sentence(one) for one in told[:MOST_SAID]]
    if more := len(told) - len(said):
        said.append(ngettext("And %(number)s more.", "And %(number)s more.", more) % {"number": more})
    return _("%(brand)s: %(sentences)s") % {"brand": brand, "sentences": " ".join(said)}


def sentence(told: Told) -> str:
    """Return what happened in a sentence."""
    gift = f"{told.gift} × {told.pieces}" if told.pieces > 1 else told.gift
    if told.what == "SHIPPED":
        on_its_way = _("“%(gift)s” is on its way: %(carrier)s %(number)s")
        return on_its_way % {"gift": gift, "carrier": told.carrier, "number": told.words}
    if told.what == "CANCELLED":
        said = _("We cancelled “%(gift)s”: %(points)s points are back. %(reason)s")
        without_points = _("We cancelled “%(gift)s”. %(reason)s")
    else:
        said = _("We took back “%(gift)s”: %(points)s points are back. %(reason)s")
        without_points = _("We took back “%(gift)s”. %(reason)s")
    reason = Truncator(told.words).chars(LONGEST_REASON)
    what = {"gift": gift, "points": f"{told.points or 0:,}", "reason": reason}
    return ((said if told.points else without_points) % what).strip()


def _noted(at: datetime) -> list[Told]:
    """Note what is to be told to some members as told, for good; returns it, member by member."""
    with transaction.atomic():
        return [Told(*row) for row in sql.run("mall", "tell", since=at - FRESH, at=at, members=BATCH)]


def _sent(of_him: Sequence[Told], brand: str, at: datetime) -> bool:
    try:
        sms.notify(phone=of_him[0].phone, text=words(brand, of_him), at=at)
    except sms.PhoneCapReached:
        return False
    except sms.CapReached:
        raise
    except Exception:
        log.exception("member %s could not be sent a text about his parcels", of_him[0].member_id)
        return False
    return True
