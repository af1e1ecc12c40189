"""Members are sent a text when claims that waited are decided: one for all of a member's, and only by day.

What is sent is noted before it is sent: a text is sent once or not at all, never twice. Whoever gets none reads it on
his pages, where it stands in any case.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from members import sms
from members.models import Member, Programme
from orders import claims
from orders.models import Claim, ClaimPolicy

log = logging.getLogger(__name__)

BATCH = 500
HOURS = range(9, 21)  # of the brand's day
FRESH = timedelta(days=1)  # what is older nobody is sent a text of
QUIET = timedelta(hours=6)  # between two texts to one member


def text_members(*, at: datetime) -> int:
    """Send a text to each member whose claims were decided since the last one; returns how many were sent.

    Nothing is sent where the claim policy does not say so, nor by night: then the morning's run tells of it.
    """
    programme = Programme.current()
    if not ClaimPolicy.current().text or at.astimezone(ZoneInfo(programme.time_zone)).hour not in HOURS:
        return 0
    sent = 0
    with override(settings.LANGUAGE_CODE):
        while told := _noted(at):
            try:
                for member, of_him in told:
                    sent += _sent(member, words(programme.brand, of_him), at)
            except sms.CapReached:
                log.warning("no more texts about claims today: the rest of the day's are kept for codes")
                return sent
    return sent


def _noted(at: datetime) -> list[tuple[Member, list[Claim]]]:
    """Note all that is to be told to some members as told; returns it by member."""
    with transaction.atomic():
        due = Claim.objects.to_tell(since=at - FRESH, quiet=at - QUIET)
        members = list(due.order_by("decided_at").values_list("member", flat=True)[:BATCH])
        rows = (
            due.filter(member__in=members).select_for_update(of=("self",), no_key=True, skip_locked=True).order_by("pk")
        )
        found = claims.tell(list(rows), at=at)
        Claim.objects.filter(pk__in=[one.pk for one in found]).update(told_at=at)
    by_member: dict[int, list[Claim]] = {}
    for one in found:
        by_member.setdefault(one.member_id, []).append(one)
    return [(of_him[0].member, of_him) for of_him in by_member.values()]


def _sent(member: Member, text: str, at: datetime) -> bool:
    try:
        sms.notify(phone=member.phone or "", text=text, at=at)
    except sms.PhoneCapReached:
        return False
    except sms.CapReached:
        raise
    except Exception:
        log.exception("member %s could not be sent a text about his claims", member.pk)
        return False
    return True


def words(brand: str, decided: Sequence[Claim]) -> str:
    """Return the text about a member's claims: how many were credited with how many points, how many were not."""
    credited = [one for one in decided if one.state == Claim.State.CREDITED]
    not_credited = sum(one.state != Claim.State.CREDITED for one in decided)
    said = []
    if credited:
        good = ngettext(
            "%(number)s order that you entered is credited: %(points)s points.",
            "%(number)s orders that you entered are credited: %(points)s points.",
            len(credited),
        )
        said.append(good % {"number": len(credited), "points": f"{sum(one.points for one in credited):,}"})
    if not_credited:
        bad = ngettext(
            "%(number)s order that you entered could not be credited; your pages say why.",
            "%(number)s orders that you entered could not be credited; your pages say why.",
            not_credited,
        )
        said.append(bad % {"number": not_credited})
    return _("%(brand)s: %(sentences)s") % {"brand": brand, "sentences": " ".join(said)}
