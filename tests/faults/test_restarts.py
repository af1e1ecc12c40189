"""PostgreSQL is restarted in the middle of an import: in good order, or as after a crash, which empties staged rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command

from loyalty import auditing
from orders import importing
from orders.models import OrderImport, StagedRow
from tests.conftest import NOW, rows
from tests.faults.conftest import brand
from tests.faults.runner import Runner
from tests.faults.servers import Server, moved_to, new_server
from tests.orders.worlds import (
    accepted,
    differences,
    finished,
    forgotten,
    numbers,
    orders_of,
    repriced,
    undisturbed,
    world,
)

pytestmark = pytest.mark.faults

PLACES = [
    ("UPLOADED", "copy", 700),
    ("STAGED", "SELECT DISTINCT", 1),
    ("MATCHED", "insert into orders_order", 3),
    ("STORED", "insert into loyalty_lot", 3),
    ("STORED", "loyalty_claw_back", 2),
    ("STORED", 'DELETE FROM "orders_stagedrow"', 1),
]


@pytest.fixture(scope="module")
def server(django_db_blocker: Any) -> Iterator[Server]:
    server = new_server()
    try:
        with django_db_blocker.unblock(), moved_to(server):
            yield server
    finally:
        server.end()


@pytest.fixture
def own_runner(server: Server, small_pieces: None) -> Iterator[Runner]:
    call_command("flush", verbosity=0, interactive=False)
    brand()
    runner = Runner()
    yield runner
    runner.end()


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_import_goes_on_after_its_server_was_restarted_at_each_step(
    server: Server, own_runner: Runner, how: str
) -> None:
    """So often that it would be given up, if it did not get on in between."""
    lines = orders_of(1_500)
    expected = undisturbed(lines)
    import_id = accepted(lines).pk

    for state, words, times in PLACES:
        again = how == "immediate" and words.startswith("DELETE")  # as it does before it reads a file
        own_runner.run_to(import_id, words, times + again)
        assert (OrderImport.objects.get(pk=import_id).state, words) == (state, words)
        server.restart(how)
        own_runner.go_on()
        assert auditing.drifts() == []
        assert StagedRow.objects.exists() == (how == "fast" and state != "UPLOADED")
    result = numbers(finished(import_id)), world()

    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}
    assert auditing.drifts() == []


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_awards_made_anew_go_on_after_their_server_was_restarted(server: Server, own_runner: Runner, how: str) -> None:
    lines = orders_of(1_500)
    later = repriced(lines)
    with forgotten():
        finished(accepted(lines).pk)
        expected = numbers(finished(accepted(later).pk)), world()
    finished(accepted(lines).pk)
    import_id = accepted(later).pk

    for words, times in (("loyalty_claw_back", 4), ('SET "award"', 1), ("insert into loyalty_lot", 4)):
        own_runner.run_to(import_id, words, times)
        server.restart(how)
        own_runner.go_on()
        assert auditing.drifts() == []
    result = numbers(finished(import_id)), world()

    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}
    assert auditing.drifts() == []


def test_preview_that_was_waiting_when_the_server_crashed_can_be_confirmed(server: Server, own_runner: Runner) -> None:
    """Its staged rows are gone: the file is read once more, and nobody is asked again."""
    lines = orders_of(700)
    expected = undisturbed(lines)
    import_id = accepted(lines, confirmed=False).pk
    previewed = finished(import_id)
    server.restart("immediate")

    assert (previewed.state, rows(StagedRow)) == ("PREVIEWED", [])
    importing.confirm(import_ids=[import_id], actor_id=None, at=NOW)
    result = numbers(finished(import_id)), world()

    assert result[0] == expected[0]
    assert differences(result[1], expected[1]) == {}
    assert auditing.drifts() == []
