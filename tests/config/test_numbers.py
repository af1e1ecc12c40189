"""Numbers that people or other systems write: what is read, and what is refused though Python would read it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django import forms
from rest_framework import serializers

from config.numbers import Amount, AmountOfJson, WholeNumber, digits

ODD = [
    "１",
    "٣",
    "1_0",
    "+1",
    "1 0",
    "1e1",
    "0x1",
    "１.5",
    "١",
    "²",
    "1\u200b",
    "true",
    "--1",
    "1-",
    "NaN",
]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        (" 10 ", 10),
        ("12\u3000", 12),
        ("\t12\n", 12),
        ("\u00a012", 12),
        ("007", 7),
        ("-3", -3),
        (5, 5),
        ("", None),
    ],
)
def test_a_whole_number_is_read(text: Any, number: int | None) -> None:
    assert WholeNumber(required=False).clean(text) == number


@pytest.mark.parametrize("text", [*ODD, "1.0", "1.", "9" * 5000])
def test_what_is_no_whole_number_is_refused_with_the_words_of_the_field(text: str) -> None:
    with pytest.raises(forms.ValidationError, match="mine"):
        WholeNumber(error_messages={"invalid": "mine"}).clean(text)


@pytest.mark.parametrize(("text", "amount"), [("1", 1), (" 1.50\u3000\n", Decimal("1.5")), ("-3.2", Decimal("-3.2"))])
def test_an_amount_is_read(text: str, amount: Any) -> None:
    assert Amount().clean(text) == amount


@pytest.mark.parametrize("text", [*ODD, "1.", ".5", "1,5", "1.5.0", "Infinity"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(forms.ValidationError, match="mine"):
        Amount(error_messages={"invalid": "mine"}).clean(text)


@pytest.mark.parametrize("value", ["12.50", 12.5, "12.5 "])
def test_an_amount_of_json_is_read(value: Any) -> None:
    assert AmountOfJson(max_digits=9, decimal_places=2).run_validation(value) == Decimal("12.5")


@pytest.mark.parametrize("value", [*ODD, True, False, [1], {"a": 1}, 1e300, float("nan"), float("inf"), 10**40])
def test_what_is_no_amount_of_json_is_refused(value: Any) -> None:
    with pytest.raises(serializers.ValidationError):
        AmountOfJson(max_digits=9, decimal_places=2).run_validation(value)


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("0", 0), *((odd, None) for odd in ODD), (" 1", None), ("-1", None), ("9" * 19, None), (None, None)],
)
def test_digits_of_an_address_are_read_or_nothing(text: str | None, number: int | None) -> None:
    assert digits(text) == number
