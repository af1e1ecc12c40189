"""How a posting came about, in words that a member understands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from loyalty.models import EarningRule, Kind, Posting


def words(posting: Posting) -> list[str]:
    """Return one posting's story, a sentence a line; for a page of them use `tell`."""
    return tell([posting])[0]


def tell(postings: Sequence[Posting]) -> list[list[str]]:
    """Return the stories of postings in their order; two queries at most however many they are."""
    ids = {rule for posting in postings for rule in posting.rule_versions or []}
    rules = EarningRule.objects.in_bulk(ids) if ids else {}
    return [_story(posting, rules) for posting in postings]


def loaded(breakdown: str | None) -> Any:
    """Return a breakdown that was read as text."""
    return None if breakdown is None else json.loads(breakdown)


def _story(posting: Posting, rules: dict[int, EarningRule]) -> list[str]:
    told = [posting.note] if posting.note else []
    if posting.kind == Kind.CLAW_BACK and posting.breakdown:
        return told or [_("Refund of %(refunded)s yuan out of %(paid)s yuan.") % posting.breakdown]
    if posting.breakdown:
        return told + [line for part in posting.breakdown if (line := _part(part))]
    used = [rules[rule] for rule in posting.rule_versions or [] if rule in rules]
    return told + [_base(rule) for rule in used]


def _base(rule: EarningRule) -> str:
    values = {"name": rule.name, "rate": plain(rule.benefit_rate or 0), "unit": rule.get_unit_display()}
    return _("%(name)s: %(rate)s %(unit)s per yuan.") % values


def _part(part: dict[str, Any]) -> str:
    match part["what"]:
        case "amount" if part.get("rate"):
            return _("%(amount)s yuan × %(rate)s points per yuan.") % {
                "amount": plain(part["amount"]),
                "rate": plain(part["rate"]),
            }
        case "tier":
            return _("Tier %(name)s: × %(multiplier)s.") % {
                "name": part["name"],
                "multiplier": plain(part["multiplier"]),
            }
        case "multiplier":
            return _("%(name)s: %(unit)s × %(multiplier)s.") % {
                "name": part["name"],
                "unit": EarningRule.Unit(part["unit"]).label,
                "multiplier": plain(part["multiplier"]),
            }
        case "bonus":
            return _("%(name)s: + %(bonus)s %(unit)s.") % {
                "name": part["name"],
                "bonus": part["bonus"],
                "unit": EarningRule.Unit(part["unit"]).label,
            }
    return ""


def plain(number: Any) -> str:
    """Return a decimal without the zeros that say nothing: 1.5000 is 1.5."""
    return f"{Decimal(number).normalize():f}"
