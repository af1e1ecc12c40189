"""A member's address book: at most `MOST_ADDRESSES`, one of them his usual one. Another's address is not there for him.

Every change takes the member's row first, so that two tabs cannot make two usual addresses.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from mall import regions
from mall.models import MOST_ADDRESSES, SavedAddress
from mall.redeeming import Address, Refused
from members.models import Member

__all__ = ("Given", "TooMany", "delivery", "keep", "remove", "save")


class TooMany(Refused):
    """The book is full; `detail` is how many fit."""

    code = "too_many_addresses"
    sentence = _("You have %(detail)s addresses, as many as fit. Remove one first.")


class Given(NamedTuple):
    """What a member says of an address; `region` is the code of a division with nothing below it."""

    recipient: str
    phone: str
    region: str
    street: str
    usual: bool = False


@transaction.atomic
def save(*, member_id: int, given: Given, address_id: int | None = None) -> SavedAddress:
    """Add an address, or change one; the first one is the usual one.

    Raises TooMany, SavedAddress.DoesNotExist when it is not his, ValueError for an unknown or incomplete region.
    """
    found = regions.find(given.region)
    if found is None or not found.leaf:
        raise ValueError("A parcel goes to a division with nothing below it.")
    own = _own(member_id)
    address = own.get(pk=address_id) if address_id else SavedAddress(member_id=member_id)
    others = own.exclude(pk=address.pk)
    if not address_id and others.count() >= MOST_ADDRESSES:
        raise TooMany(MOST_ADDRESSES)
    usual = given.usual or address.usual or not others.exists()
    if usual:
        others.update(usual=False)
    for name, value in given._replace(usual=usual)._asdict().items():
        setattr(address, name, value)
    address.place = regions.place(given.region)
    address.save()
    return address


@transaction.atomic
def keep(*, member_id: int, given: Given) -> SavedAddress:
    """Add an address unless the book has it. Raises like `save`."""
    same = _own(member_id).filter(**{name: getattr(given, name) for name in Given._fields[:-1]}).first()
    return same or save(member_id=member_id, given=given)


@transaction.atomic
def remove(*, member_id: int, address_id: int) -> None:
    """Remove an address; if it was the usual one, the newest of the others is. Raises SavedAddress.DoesNotExist."""
    own = _own(member_id)
    gone = own.get(pk=address_id)
    gone.delete()
    heir = own.order_by("-id").first() if gone.usual else None
    if heir:
        own.filter(pk=heir.pk).update(usual=True)


def delivery(address: SavedAddress) -> Address:
    """Return an address as a parcel carries it."""
    return Address(address.recipient, address.phone, str(address))


def _own(member_id: int) -> QuerySet[SavedAddress]:
    """Lock the member and return his addresses."""
    Member.objects.select_for_update(no_key=True).get(pk=member_id)
    return SavedAddress.objects.filter(member=member_id)
