"""A rule that has given points is never edited: its next version takes over from a moment on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from loyalty.models import EarningRule

# Whether orders that nobody has been credited for yet will earn by a rule: the apps above tell.
WAITED_FOR: list[Callable[[EarningRule], bool]] = []
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
        if rule.first_used_at or any(waits(rule) for waits in WAITED_FOR):
            rule = _next_version(rule, at)
        for field in EDITABLE:
            setattr(rule, field, changes.get(field, getattr(rule, field)))
        rule.full_clean(exclude=["first_version"])
        rule.save()
        rule.condition_tiers.set(tiers)
        return rule


def rates(channel_code: str, *, at: datetime) -> list[EarningRule]:
    """Return the rates in force for a channel's orders paid at a moment (aware), by unit, that which counts first.

    As `sql/evaluate.sql` chooses: a channel's before a tier's before the general one, then the highest.
    """
    open_ones = EarningRule.objects.in_force().filter(
        Q(condition_from=None) | Q(condition_from__lte=at),
        Q(condition_until=None) | Q(condition_until__gt=at),
        Q(condition_channels=[]) | Q(condition_channels__contains=[channel_code]),
        active=True,
        benefit_rate__isnull=False,
    )
    found = open_ones.prefetch_related("condition_tiers")
    return sorted(found, key=lambda rule: (rule.unit != EarningRule.Unit.POINTS, *_first(rule)))


def _first(rule: EarningRule) -> tuple[int, Any]:
    specific = 2 * bool(rule.condition_channels) + bool(rule.condition_tiers.all())
    return -specific, -(rule.benefit_rate or 0)


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
