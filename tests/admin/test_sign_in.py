"""Staff sign in by name and password, and whoever guesses has to wait."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from members.models import User

RIGHT = "a long word"
WAIT = "Too many wrong passwords"


def enter(name: str = "wang", password: str = RIGHT, address: str = "203.0.113.1") -> Any:
    client = Client(headers={"accept-language": "en"}, REMOTE_ADDR=address)
    return client.post("/admin/login/?next=/admin/", {"username": name, "password": password})


def test_a_name_that_is_guessed_at_is_refused_from_everywhere(wang: User) -> None:
    guesses = [enter(password="guess", address=f"203.0.113.{number}") for number in range(60)]

    refused = enter(address="198.51.100.1")

    assert not any(WAIT in guess.content.decode() for guess in guesses)
    assert refused.status_code == 200
    assert WAIT in refused.content.decode()


def test_a_stranger_who_guesses_at_one_address_locks_nobody_out_at_another(wang: User) -> None:
    for _turn in range(12):
        enter(password="guess")

    refused, let_in = enter(), enter(address="198.51.100.1")

    assert WAIT in refused.content.decode()
    assert let_in.headers["location"] == "/admin/"


def test_an_address_that_guesses_is_refused_and_others_are_not(wang: User) -> None:
    for number in range(30):
        enter(f"name{number}", "guess")

    refused, let_in = enter(), enter(address="198.51.100.1")

    assert WAIT in refused.content.decode()
    assert let_in.headers["location"] == "/admin/"


def test_tries_at_a_name_that_is_locked_do_not_lock_their_address(wang: User) -> None:
    User.objects.create_superuser("li", password=RIGHT)
    for number in range(60):
        enter(password="guess", address=f"203.0.113.{number + 100}")

    tries = [enter(address="198.51.100.1") for _turn in range(31)]

    assert all(WAIT in one.content.decode() for one in tries)
    assert enter("li", address="198.51.100.1").headers["location"] == "/admin/"


def test_tries_at_an_address_that_is_locked_do_not_lock_their_name(wang: User) -> None:
    for number in range(30):
        enter(f"name{number}", "guess")

    for _turn in range(61):
        enter()

    assert enter(address="198.51.100.1").headers["location"] == "/admin/"


def test_nobody_is_locked_out_for_good(wang: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _turn in range(60):
        enter(password="guess")
    later = time.time() + 5 * 60 + 1

    monkeypatch.setattr(time, "time", lambda: later)

    assert enter().headers["location"] == "/admin/"


def test_right_passwords_are_not_counted(wang: User) -> None:
    answers = [enter().status_code for _turn in range(31)]

    assert set(answers) == {302}
