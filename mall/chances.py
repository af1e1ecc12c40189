"""Draw chances: members get them by redeeming; a draw uses them up."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from config import sql
from mall.models import Chance
from mall.redeeming import Refused

__all__ = ("NoChance", "use")


class NoChance(Refused):
    code = "no_chance"
    sentence = _("You have no chance left for this draw.")


def use(*, member_id: int, pool: str, word: str, at: datetime) -> Chance:
    """Use up a member's chance for the draws of a pool, the one that ends soonest.

    `word` is the draw's own name of this try (64 characters, unique among all): the same again returns the same chance.
    Call it in the transaction that draws. Raises NoChance.
    """
    found = sql.run("mall", "chance_use", member=member_id, pool=pool, word=word, at=at)
    if not found:
        raise NoChance
    return Chance.objects.get(pk=found[0][0])
