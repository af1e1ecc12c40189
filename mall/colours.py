"""The brand's colour where it can be read: contrast by WCAG 2.2 against everything that it stands on.

A brand gives one colour. Text in it must stand out from paper, cards and its own soft ground (4.5 : 1), in the light
and in the dark, and so must the words on a button of it. Where the colour itself does not, it is made darker or lighter
step by step until it does: the hue stays the brand's.
"""

from __future__ import annotations

import colorsys
from typing import NamedTuple

__all__ = ("LEAST", "Palette", "Tone", "contrast")

LEAST = 4.5
STEPS = 100
BLACK, WHITE = "#000000", "#ffffff"
# What stands behind in static/css/jifen.css: paper, surface, quiet-soft.
LIGHT_GROUNDS = ("#f5f3ee", "#ffffff", "#eeebe4")
DARK_GROUNDS = ("#131716", "#1c2220", "#29302e")
SOFTNESS = {WHITE: 0.88, "#1c2220": 0.80}


class Tone(NamedTuple):
    """The accent in one scheme, the words on it, and its soft ground."""

    accent: str
    ink: str
    soft: str


class Palette(NamedTuple):
    """A brand's colour in the light and in the dark. `moved`: it is not in both what the brand gave."""

    light: Tone
    dark: Tone
    moved: bool

    @classmethod
    def of(cls, colour: str) -> Palette:
        """Return the palette of `#rrggbb`."""
        if colour.lower() == OURS.light.accent:
            return OURS
        light = _tone(colour, LIGHT_GROUNDS, WHITE, lightness=0)
        dark = _tone(colour, DARK_GROUNDS, "#1c2220", lightness=1)
        return cls(light, dark, {light.accent, dark.accent} != {colour.lower()})

    def sheet(self) -> str:
        """Return the stylesheet that puts this colour in the place of ours."""
        dark = f"@media (prefers-color-scheme: dark) {{ {_tokens(self.dark)} }}"
        return f"{_tokens(self.light)}\n{dark}\n"


# As in static/css/jifen.css, chosen by eye.
OURS = Palette(Tone("#0d6b5b", "#ffffff", "#e0efea"), Tone("#63cdb5", "#06251f", "#173a33"), moved=False)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def least_contrast(tone: Tone, grounds: tuple[str, ...]) -> float:
    """Return the worst contrast of a tone: as text on each ground and on its own soft one, and under its words."""
    return min(contrast(tone.ink, tone.accent), *(contrast(tone.accent, ground) for ground in (*grounds, tone.soft)))


def _tokens(tone: Tone) -> str:
    return f":root {{ --accent: {tone.accent}; --accent-ink: {tone.ink}; --accent-soft: {tone.soft}; }}"


def _tone(colour: str, grounds: tuple[str, ...], surface: str, *, lightness: int) -> Tone:
    for step in range(STEPS + 1):
        accent = _lit(colour, lightness, step / STEPS)
        ink = max((WHITE, _mixed(accent, BLACK, 0.85)), key=lambda words: contrast(words, accent))
        tone = Tone(accent, ink, _mixed(accent, surface, SOFTNESS[surface]))
        if least_contrast(tone, grounds) >= LEAST:
            break
    return tone


def _lit(colour: str, lightness: int, share: float) -> str:
    """Move a colour's lightness towards 0 or 1 and keep its hue."""
    hue, own, saturation = colorsys.rgb_to_hls(*(part / 255 for part in _parts(colour)))
    return _hex(*(part * 255 for part in colorsys.hls_to_rgb(hue, own + (lightness - own) * share, saturation)))


def _mixed(one: str, other: str, share: float) -> str:
    return _hex(*(a + (b - a) * share for a, b in zip(_parts(one), _parts(other), strict=True)))


def _hex(*parts: float) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in parts)


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))


def _luminance(colour: str) -> float:
    """Return the relative luminance, as WCAG defines it."""
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
