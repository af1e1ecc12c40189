"""The heart of a gift, and the page of favourites."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from mall import favourites, interest
from mall.models import Favourite, GiftDay
from members.models import Member
from tests.pages.conftest import give, shelve

Browse = Callable[[Member], Client]


def test_the_heart_keeps_and_forgets_without_scripts(browse: Browse, lin: Member) -> None:
    cup = shelve()
    client = browse(lin)

    kept = client.post(f"/mall/{cup.pk}/favourite/", {"add": "1"}, follow=True).content.decode()
    listed = client.get("/favourites/").context["offers"]
    gone = client.post(f"/mall/{cup.pk}/favourite/", {"remove": "1"}, follow=True).content.decode()

    assert "Remove from favourites" in kept
    assert [offer.gift for offer in listed] == [cup]
    assert "Add to favourites" in gone
    assert not Favourite.objects.exists()


def test_with_scripts_the_heart_alone_comes_back(browse: Browse, lin: Member) -> None:
    cup = shelve()

    part = browse(lin).post(f"/mall/{cup.pk}/favourite/", {"add": "1"}, headers={"hx-request": "true"})

    assert "Remove from favourites" in part.content.decode()
    assert "<html" not in part.content.decode()


def test_a_gift_off_the_shelf_cannot_be_kept(browse: Browse, lin: Member) -> None:
    hidden = shelve(active=False)
    client = browse(lin)

    assert client.post(f"/mall/{hidden.pk}/favourite/", {"add": "1"}).status_code == 404
    assert client.get(f"/mall/{shelve().pk}/favourite/").status_code == 405
    assert not Favourite.objects.exists()


def test_the_first_page_tells_of_a_favourite_that_can_now_be_had(browse: Browse, lin: Member) -> None:
    cup = shelve(points=100)
    client = browse(lin)
    client.post(f"/mall/{cup.pk}/favourite/", {"add": "1"})
    give(lin, 100)
    before = client.get("/").content.decode()

    favourites.refresh(at=timezone.now() + timedelta(seconds=1))

    assert "can be redeemed now" not in before
    assert "Your favourite “Cup” can be redeemed now." in client.get("/").content.decode()


def test_looks_of_members_count_and_those_of_staff_do_not(browse: Browse, lin: Member, wei: Member) -> None:
    cup = shelve()
    client, staff = browse(lin), browse(wei)
    assert wei.user
    wei.user.is_staff = True
    wei.user.save()

    client.get(f"/mall/{cup.pk}/")
    client.get(f"/mall/{cup.pk}/")
    client.get(f"/mall/{cup.pk}/", headers={"sec-purpose": "prefetch;prerender"})
    staff.get(f"/mall/{cup.pk}/")
    interest.count(at=timezone.now())

    assert list(GiftDay.objects.values_list("gift", "views")) == [(cup.pk, 2)]
    cache.clear()
