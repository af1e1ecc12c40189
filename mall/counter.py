"""The counter (核销): staff scan or type a member's code, and it is used, once."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config import sql
from mall.models import Voucher
from mall.redeeming import Refused

__all__ = ("AlreadyUsed", "Ended", "UnknownCode", "Voided", "find", "typed", "use")

READ_AS = str.maketrans("OILU", "011V")
LONGEST_TYPED = 200


class UnknownCode(Refused):
    code = "unknown_code"
    sentence = _("There is no such code. Please look again: letters and numbers, no O, I, L or U.")


class AlreadyUsed(Refused):
    """`detail` is when, in words."""

    code = "already_used"
    sentence = _("This code was used already.")


class Ended(Refused):
    code = "ended"
    sentence = _("This code has expired.")


class Voided(Refused):
    code = "voided"
    sentence = _("This code is void: its redemption was cancelled.")


def typed(text: str) -> str:
    """Return a code as it is stored, however it was typed or scanned: `abcd-ef0h jk1n` is `ABCDEF0HJK1N`.

    The address that a QR code of ours holds counts as its code: a scanner types it as a whole.
    """
    plain = unicodedata.normalize("NFKC", text[:LONGEST_TYPED]).upper().strip()
    plain = plain.rpartition("?CODE=")[2].rpartition("#")[2]
    return "".join(filter(str.isalnum, plain.rsplit("/", 1)[-1])).translate(READ_AS)


def find(code: str) -> Voucher:
    """Return the voucher of a code, whatever its state, with gift, member and redemption. Raises UnknownCode."""
    found = Voucher.objects.select_related("gift", "member", "redemption", "used_by").filter(code=typed(code)).first()
    if found is None:
        raise UnknownCode
    return found


@transaction.atomic
def use(*, code: str, at: datetime, actor_id: int | None, place: str) -> Voucher:
    """Use a voucher at the counter; `place` says where (60 characters at most). Its last one ends the redemption.

    Raises UnknownCode, AlreadyUsed, Ended or Voided.
    """
    plain = typed(code)
    if not sql.run("mall", "voucher_use", code=plain, at=at, actor=actor_id, place=place[:60]):
        raise _refusal(find(plain), at)
    sql.run("mall", "voucher_done", code=plain, at=at)
    return find(plain)


def _refusal(voucher: Voucher, at: datetime) -> Refused:
    match voucher.state_at(at):
        case Voucher.State.USED:
            return AlreadyUsed()
        case Voucher.State.ENDED:
            return Ended()
    return Voided()
