"""A rule that has given points is never edited: its next version takes over from a moment on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.models import EarningRule

EDITABLE = (
    "name",
    "unit",
    "active",
    "condition_channels",
    "condition_minimum",
    "condition_from",
    "condition_until",
    "benefit_rate",
    "benefit_multiplier",
    "benefit_bonus",
)


def revise(*, rule_id: int, changes: dict[str, Any], at: datetime) -> EarningRule:
    """Change a rule: in place while it was never used, else by a new version in force from `at` (aware).

    Orders paid before `at` keep the old version. `changes` names EDITABLE fields and `condition_tiers` (a list of
    tiers). Raises ValidationError for a rule that makes no sense, EarningRule.DoesNotExist for a superseded one.
    """
    with transaction.atomic():
        rule = EarningRule.objects.in_force().select_for_update().get(pk=rule_id)
        tiers = changes.get("condition_tiers", list(rule.condition_tiers.all()))
        if rule.first_used_at:
            rule = _next_version(rule, at)
        for field in EDITABLE:
            setattr(rule, field, changes.get(field, getattr(rule, field)))
        rule.full_clean(exclude=["first_version"])
        rule.save()
        rule.condition_tiers.set(tiers)
        return rule


def versions(rule: EarningRule) -> list[EarningRule]:
    """Return all versions of a rule, newest first."""
    first = rule.first_version_id or rule.pk
    return list(EarningRule.objects.filter(pk=first) | EarningRule.objects.filter(first_version=first))[::-1]


def _next_version(rule: EarningRule, at: datetime) -> EarningRule:
    EarningRule.objects.filter(pk=rule.pk).update(superseded_at=at)
    values = {field: getattr(rule, field) for field in EDITABLE}
    return EarningRule(
        **values, version=rule.version + 1, first_version_id=rule.first_version_id or rule.pk, in_force_from=at
    )
