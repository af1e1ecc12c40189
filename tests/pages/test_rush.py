"""What a member sees of a rush: his turn, a word when too many came, and sold out at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mall import stock, turns
from mall.models import Gift, Redemption
from members.models import Member
from tests.conftest import NOW
from tests.pages.conftest import available, give, shelve
from tests.pages.test_mall import fill

Browse = Callable[[Member], Client]
MOST_QUERIES = 10


@pytest.mark.django_db(transaction=True)
def test_a_member_in_a_crowd_is_asked_to_try_again_with_the_same_form(
    transactional_db: None, browse: Browse, lin: Member, settings: Any
) -> None:
    settings.REDEEM_AT_ONCE, settings.REDEEM_PATIENCE = 1, 0.05
    give(lin, 5_000)
    cup, client = shelve(pieces=5), browse(lin)
    form = fill(client, cup)

    with turns.turn(cup.pk):
        busy = client.post(f"/mall/{cup.pk}/redeem/", form)

    assert (busy.status_code, busy["Retry-After"]) == (503, "2")
    assert "Nothing was taken: please try again." in busy.content.decode()
    assert busy.context["form"]["request_key"].value() == form["request_key"]
    assert (available(lin), Redemption.objects.count()) == (5_000, 0)
    assert client.post(f"/mall/{cup.pk}/redeem/", form).status_code == 302
    assert available(lin) == 4_900


@pytest.mark.parametrize("rush", [False, True])
@pytest.mark.parametrize("pieces", [100, 0])
def test_redeeming_asks_the_database_a_few_times_whatever_the_stock(
    browse: Browse, lin: Member, rush: bool, pieces: int
) -> None:
    give(lin, 5_000)
    cup, client = shelve(pieces=100), browse(lin)
    form = fill(client, cup)
    if not pieces:
        stock.change(gift_id=cup.pk, quantity=-100, note="gone", actor_id=None, at=NOW)
    Gift.objects.filter(pk=cup.pk).update(rush=rush)

    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = client.post(f"/mall/{cup.pk}/redeem/", form)

    assert answer.status_code == (302 if pieces else 422)
    statements = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
    assert len(statements) <= MOST_QUERIES, "\n".join(statements)
