"""What staff do to a member: a phone that changes hands takes nobody along."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from members.admin import MemberForm
from members.models import Member, Tier, User
from tests.admin.conftest import signed_in, staff
from tests.conftest import make_member

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


def found(client: Client, query: str) -> list[str]:
    answer = client.get(f"/admin/members/member/?{query}")
    assert answer.status_code == 200
    return sorted(member.name for member in answer.context["cl"].result_list)


def test_who_sees_no_phones_finds_them_only_whole(looker: Client, lin: Member) -> None:
    make_member("Room 0001", "+8613900000002")

    assert found(looker, "q=0001") == ["Room 0001"]
    assert found(looker, "q=13800000001") == found(looker, "q=%2B8613800000001") == ["Lin"]
    assert found(looker, "q=1380000000") == found(looker, "q=%2B86138") == []


@pytest.mark.parametrize("page", ["members/member", "orders/order", "mall/redemption"])
@pytest.mark.parametrize("lookup", ["phone__contains", "phone__startswith", "phone__gte", "phone"])
def test_who_sees_no_phones_cannot_ask_for_them_by_the_address(looker: Client, page: str, lookup: str) -> None:
    assert looker.get(f"/admin/{page}/?{lookup}=0001").status_code == 400


def test_who_sees_no_phones_finds_none_by_its_part_while_typing(lin: Member) -> None:
    clerk = signed_in(staff("clerk", "view_member", "add_identity", "view_identity"))
    typed = "/admin/autocomplete/?app_label=members&model_name=identity&field_name=member&term="

    assert clerk.get(f"{typed}0001").json()["results"] == []
    assert len(clerk.get(f"{typed}13800000001").json()["results"]) == 1


def test_who_sees_phones_finds_them_by_their_end(lin: Member) -> None:
    clerk = signed_in(staff("clerk", "view_member", "view_phone"))

    assert found(clerk, "q=0001") == ["Lin"]


def test_what_happens_to_a_member_while_staff_save_him_stays(
    boss: Client, lin: Member, tiers: dict[str, Tier], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import raises his tier and he signs in for the first time, between the reading of his row and its writing."""
    his = User.objects.create_user("lin")
    clean = MemberForm.clean_phone

    def meanwhile(form: MemberForm) -> str | None:
        Member.objects.filter(pk=lin.pk).update(tier=tiers["VIP"], user=his, phone_verified=True)
        return clean(form)

    monkeypatch.setattr(MemberForm, "clean_phone", meanwhile)

    change(boss, lin, name="Lin Yi")

    assert (lin.name, lin.tier, lin.user, lin.phone_verified) == ("Lin Yi", tiers["VIP"], his, True)


def test_a_phone_that_another_member_gets_in_the_same_moment_is_told_and_nothing_saved(
    boss: Client, lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both forms were right when they were looked at: only the database sees the second."""
    looked_at = MemberForm.full_clean

    def overtaken(form: MemberForm) -> None:
        looked_at(form)
        make_member("Mei", "+8613900009999")

    monkeypatch.setattr(MemberForm, "full_clean", overtaken)

    answer = boss.post(
        f"/admin/members/member/{lin.pk}/change/",
        {"name": "Lin Yi", "phone": "13900009999", "birthday": ""},
        headers={"accept-language": "en"},
        follow=True,
    )

    lin.refresh_from_db()
    assert (lin.name, lin.phone) == ("Lin", "+8613800000001")
    assert "Somebody changed this in the same moment. Nothing was saved" in answer.content.decode()
