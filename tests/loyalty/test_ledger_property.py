"""Laws 3, 5, 6 and 9 over any history: random events of a few members against a model in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from loyalty import auditing, ledger
from loyalty.models import Kind, Lot
from members.models import Member

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class ModelLot:
    """A lot as the laws describe it."""

    number: int
    granted: int
    remaining: int
    earned: datetime
    available: datetime
    ends: datetime
    expired: int = 0
    clawed: int = 0


@dataclass
class ModelMember:
    """A member as the laws describe him."""

    lots: list[ModelLot] = field(default_factory=list)
    debt: int = 0

    def sweep(self, at: datetime) -> None:
        for lot in self.lots:
            if lot.ends <= at:
                lot.expired += lot.remaining
                lot.remaining = 0

    def available(self, at: datetime) -> list[ModelLot]:
        open_lots = [lot for lot in self.lots if lot.remaining and lot.available <= at < lot.ends]
        return sorted(open_lots, key=lambda lot: (lot.ends, lot.earned, lot.number))

    def pending(self, at: datetime) -> list[ModelLot]:
        open_lots = [lot for lot in self.lots if lot.remaining and lot.available > at]
        return sorted(open_lots, key=lambda lot: (lot.ends, lot.earned, lot.number))

    def settle(self, at: datetime) -> None:
        if self.debt and any(lot.remaining for lot in self.lots):
            self.sweep(at)
            self.debt -= take(sorted(self.lots, key=lambda lot: (lot.ends, lot.earned, lot.number)), self.debt)


def take(lots: list[ModelLot], points: int) -> int:
    """Take up to `points` from lots in order; returns what was taken."""
    taken = 0
    for lot in lots:
        part = min(lot.remaining, points - taken)
        lot.remaining -= part
        taken += part
    return taken


class Ledger(RuleBasedStateMachine):
    """Every rule does the same to the ledger and to the model; after each they must agree."""

    @initialize()
    def begin(self) -> None:
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now, self.events = START, 0
        self.members = {Member.objects.create(name=name, joined_at=START).pk: ModelMember() for name in "ab"}
        self.awards: list[tuple[int, int, ModelLot, int]] = []  # posting, member, lot, paid
        self.refunded: dict[int, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "undo"):
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    def event(self) -> str:
        self.events += 1
        return f"{self.events:04d}"

    @rule(hours=st.integers(0, 30))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR

    @rule(
        who=st.integers(0, 1),
        points=st.integers(1, 50),
        delay=st.integers(0, 20),
        life=st.integers(1, 60),
        paid=st.integers(1, 90),
    )
    def earn(self, who: int, points: int, delay: int, life: int, paid: int) -> None:
        member_id = list(self.members)[who]
        model, available = self.members[member_id], self.now + delay * HOUR
        posting = ledger.credit(
            member_id=member_id, points=points, growth=points, kind=Kind.EARN, source="order", key=self.event(),
            at=self.now, available_at=available, expires_at=available + life * HOUR,
        )  # fmt: skip
        lot = ModelLot(self.events, points, points, self.now, available, available + life * HOUR)
        model.lots.append(lot)
        self.awards.append((posting.pk, member_id, lot, paid))
        model.settle(self.now)

    @rule(who=st.integers(0, 1), points=st.integers(1, 80), again=st.booleans())
    def spend(self, who: int, points: int, again: bool) -> None:
        member_id = list(self.members)[who]
        model, key = self.members[member_id], self.event()
        enough = sum(lot.remaining for lot in model.available(self.now)) >= points
        for _ in range(2 if again and enough else 1):
            try:
                ledger.debit(member_id=member_id, points=points, source="till", key=key, at=self.now)
                assert enough
            except ledger.InsufficientPoints:
                assert not enough
        if enough:
            model.sweep(self.now)
            take(model.available(self.now), points)

    @rule(who=st.integers(0, 1), points=st.integers(1, 40), hours=st.integers(0, 40), part=st.integers(0, 40))
    def spend_and_give_back(self, who: int, points: int, hours: int, part: int) -> None:
        member_id = list(self.members)[who]
        model, key = self.members[member_id], self.event()
        if sum(lot.remaining for lot in model.available(self.now)) < points:
            return
        debit = ledger.debit(member_id=member_id, points=points, source="till", key=key, at=self.now)
        self.now += hours * HOUR
        if 0 < part < points:
            ledger.give_back(posting_id=debit.pk, key=f"{key} part", at=self.now, points=part)
        ledger.give_back(posting_id=debit.pk, key=key, at=self.now)
        assert ledger.give_back(posting_id=debit.pk, key=f"{key} again", at=self.now) is None
        model.sweep(self.now - hours * HOUR)
        model.sweep(self.now)
        model.settle(self.now)

    @precondition(lambda self: getattr(self, "awards", None))
    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        posting, member_id, lot, paid = data.draw(st.sampled_from(self.awards))
        refunded = data.draw(st.integers(self.refunded.get(posting, 0), paid))
        if not refunded:
            return
        self.refunded[posting] = refunded
        key = f"{posting}@{refunded}"
        ledger.claw_back(posting_id=posting, refunded=Decimal(refunded), paid=Decimal(paid), key=key, at=self.now)
        model = self.members[member_id]
        model.sweep(self.now)
        due = lot.granted - lot.granted * (paid - refunded) // paid
        due = min(due, lot.granted - lot.expired) - lot.clawed
        if due > 0:
            lot.clawed += due
            taken = take([lot, *model.available(self.now), *model.pending(self.now)], due)
            model.debt += due - taken

    @rule()
    def sweep(self) -> None:
        ledger.expire(at=self.now)
        assert ledger.expire(at=self.now) == 0
        for model in self.members.values():
            model.sweep(self.now)

    @invariant()
    def standing_is_what_the_model_says(self) -> None:
        for member_id, model in getattr(self, "members", {}).items():
            standing = ledger.standing(member_id=member_id, at=self.now)
            told = (standing.available, standing.pending, standing.debt)
            available, pending = model.available(self.now), model.pending(self.now)
            assert told == (sum(x.remaining for x in available), sum(x.remaining for x in pending), model.debt)
            kept = sum(
                lot.granted * (paid - self.refunded.get(posting, 0)) // paid
                for posting, owner, lot, paid in self.awards
                if owner == member_id
            )
            assert standing.growth == kept

    @invariant()
    def lots_are_what_the_model_says(self) -> None:
        for member_id, model in getattr(self, "members", {}).items():
            stored = list(Lot.objects.filter(member_id=member_id).order_by("id").values_list("remaining", "expires_at"))
            assert [left for left, ends in stored if ends > self.now] == [
                lot.remaining for lot in model.lots if lot.ends > self.now
            ]

    @invariant()
    def audits_find_nothing(self) -> None:
        if hasattr(self, "members") and self.events % 5 == 0:
            assert auditing.drifts() == []


@pytest.mark.django_db
def test_sums_time_decides_soonest_first_and_refunds_converge_over_any_history() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Ledger,
        settings=settings(max_examples=40, stateful_step_count=25, suppress_health_check=list(HealthCheck)),
    )
