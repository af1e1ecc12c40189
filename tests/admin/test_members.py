"""What staff do to a member: a phone that changes hands takes nobody along."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from members.models import Member, User
from tests.admin.conftest import signed_in

CHANGED = "Phone changed: the old one no longer signs in."


@pytest.fixture
def signing(lin: Member) -> Member:
    """Lin, who has proved her phone and signs in."""
    lin.user = User.objects.create_user("lin")
    lin.phone_verified = True
    lin.save()
    return lin


def change(client: Client, member: Member, **values: str) -> None:
    given = {"name": member.name, "phone": member.phone or "", "birthday": "", **values}
    answer = client.post(f"/admin/members/member/{member.pk}/change/", given)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    member.refresh_from_db()


@pytest.mark.parametrize("phone", ["13900009999", ""])
def test_a_changed_phone_is_not_proved_and_old_sessions_have_no_member(
    boss: Client, signing: Member, phone: str
) -> None:
    assert signing.user
    old_session = signed_in(signing.user)
    assert old_session.get("/").status_code == 200

    change(boss, signing, phone=phone)

    assert (signing.phone, signing.phone_verified, signing.user) == (f"+86{phone}" if phone else None, False, None)
    assert old_session.get("/").status_code == 403
    assert LogEntry.objects.filter(object_id=str(signing.pk), change_message=CHANGED).count() == 1


def test_a_phone_typed_otherwise_is_the_same_phone(boss: Client, signing: Member) -> None:
    change(boss, signing, phone="138 0000 0001", name="Lin Yi")

    assert (signing.name, signing.phone_verified) == ("Lin Yi", True)
    assert signing.user is not None
    assert not LogEntry.objects.filter(change_message=CHANGED).exists()
