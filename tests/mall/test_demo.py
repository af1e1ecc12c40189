"""The demo brand shows something of everything: gifts of every kind, redemptions in every state, figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from mall import shelf
from mall.models import Banner, Favourite, Gift, GiftDay, Medal, Redemption, SavedAddress, Section
from members.demo import PHONE
from members.models import Member
from tests.mall.conftest import points_of


@pytest.fixture
def demo(db: None, settings: Any, tmp_path: Path) -> Member:
    settings.VAR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    call_command("seed_demo", verbosity=0)
    return Member.objects.get(phone=PHONE)


def test_the_demo_shows_something_of_everything_and_loads_once(demo: Member) -> None:
    at = timezone.now()
    own = Redemption.objects.filter(member=demo)
    offers = shelf.offers(Gift.objects.all(), demo, available=points_of(demo, at), at=at)
    before = Redemption.objects.count()

    call_command("seed_demo", verbosity=0)

    assert {gift.kind for gift in Gift.objects.all()} >= {"PHYSICAL", "CODE", "PRIVILEGE", "SEAT", "MEDAL", "CHANCE"}
    assert set(own.values_list("state", flat=True)) == set(Redemption.State.values)
    assert {offer.state for offer in offers} >= {"open", "not-yet", "sold-out", "limit"}
    assert points_of(demo, at) > 500
    assert [Medal.objects.of(demo).count(), SavedAddress.objects.filter(member=demo).count()] == [2, 3]
    assert Banner.objects.count() == 2
    assert Section.objects.count() >= 4
    assert Favourite.objects.filter(member=demo).count() == 5
    looked_at = Gift.objects.shown().exclude(kind="COUPON").count()  # the coupon has just come
    assert GiftDay.objects.filter(views__gt=0).count() >= 29 * looked_at
    assert Redemption.objects.count() == before
