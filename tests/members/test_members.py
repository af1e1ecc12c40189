from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from members.models import Member
from tests.conftest import NOW


def test_a_phone_belongs_to_one_live_member(lin: Member) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.create(phone=lin.phone, joined_at=NOW)

    Member.objects.create(phone=lin.phone, joined_at=NOW, merged_into=lin)

    assert list(Member.objects.live()) == [lin]


@pytest.mark.parametrize("phone", ["13800001111", "+86 13800001111", "1******6198", "+0138", ""])
def test_a_phone_that_is_no_e164_is_refused(db: None, phone: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.create(phone=phone, joined_at=NOW)


@pytest.mark.parametrize(
    ("phone", "masked"), [("+8613800001111", "138****1111"), (None, ""), ("+15551234567", "+155****4567")]
)
def test_a_masked_phone_hides_its_middle(phone: str | None, masked: str) -> None:
    assert Member(phone=phone).masked_phone == masked


@pytest.mark.parametrize("words", ["0000001", "Li", "+8613800000001"])
def test_search_finds_by_a_part_of_name_or_phone(lin: Member, wei: Member, words: str) -> None:
    assert list(Member.objects.search(words)) == [lin]


def test_search_can_be_answered_by_the_trigram_index(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        sql, params = Member.objects.search("员4321").query.sql_with_params()
        cursor.execute(f"explain {sql}", params)
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "member_search" in plan
