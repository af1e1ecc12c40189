"""How numbers are read that people or other systems write: ASCII digits and nothing else.

Python's int and Decimal also read '１', '٣', '1_0' and '1e3', and Django's fields with them. A number that looks like
none on the page, or looks like another, is refused with the words of the field that asked for it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from rest_framework import serializers

__all__ = ("Amount", "AmountOfJson", "WholeNumber", "digits")

WHOLE = re.compile(r"-?[0-9]{1,30}", re.ASCII)
DECIMAL = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?", re.ASCII)


def digits(text: str | None, *, most: int = 18) -> int | None:
    """Return the number that up to `most` digits make; None for anything else, a sign or a blank included."""
    return int(text) if text and len(text) <= most and text.isascii() and text.isdecimal() else None


def _written(field: forms.Field, value: Any, shape: re.Pattern[str]) -> Any:
    """Return what was written without blanks around it; refuse what has not the shape of a number."""
    if value in field.empty_values:
        return value
    text = str(value).strip()
    if not shape.fullmatch(text):
        raise ValidationError(field.error_messages["invalid"], code="invalid")
    return text


class WholeNumber(forms.IntegerField):
    """An IntegerField that reads digits, after a minus if need be: no '1.0', no '+1'."""

    def to_python(self, value: Any) -> int | None:
        return super().to_python(_written(self, value, WHOLE))


class Amount(forms.DecimalField):
    """A DecimalField that reads digits with at most one point between them."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(_written(self, value, DECIMAL))


class AmountOfJson(serializers.DecimalField):
    """A number of JSON or its digits in a string: no true, no '1_0', no '1e2'."""

    def to_internal_value(self, data: Any) -> Decimal:
        text = data if isinstance(data, str) else str(data) if type(data) in (int, float) else ""
        if not DECIMAL.fullmatch(text.strip(" ")):
            self.fail("invalid")
        return super().to_internal_value(text)
