"""Saying what the status words of a file mean that nobody knows yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from orders import wording
from orders.channels import guesses
from orders.column_forms import CLASSES
from orders.models import OrderImport
from orders.wording import Strange


class MeaningsForm(forms.Form):
    """A choice for each word; one that is left open stays unknown."""

    def __init__(self, data: Mapping[str, str] | None, order_import: OrderImport) -> None:
        super().__init__(data=data)
        self.words: Sequence[Strange] = wording.strange(order_import)
        self.columns = (order_import.layout or {}).get("columns", {})
        for place, one in enumerate(self.words):
            guessed = guesses.words(one.column, [one.word])[one.word]
            self.fields[f"meaning-{place}"] = forms.ChoiceField(
                label=one.word,
                choices=[("", _("not known yet: these orders wait")), *_named(one)],
                required=False,
                initial=guessed if guessed in one.choices else "",
                widget=UnfoldAdminSelectWidget,
            )

    def rows(self) -> list[dict[str, Any]]:
        """Return what the page shows of each word."""
        return [
            {
                "column": self.columns.get(one.column, ""),
                "word": one.word,
                "rows": one.rows,
                "field": self[f"meaning-{place}"],
            }
            for place, one in enumerate(self.words)
        ]

    def meanings(self) -> dict[tuple[str, str], str]:
        """Return the class of each word that was given one, by column and word."""
        given = {(one.column, one.word): self.cleaned_data[f"meaning-{n}"] for n, one in enumerate(self.words)}
        return {word: status for word, status in given.items() if status}


def _named(one: Strange) -> list[tuple[str, Any]]:
    """Return the classes that a word may have, in the words of its kind of column."""
    names = dict(CLASSES["after_sale" if one.column == "after_sale" else "status"])
    return [(status, names[status]) for status in names if status in one.choices]
