"""QR pictures: what is drawn is the code, and nothing in it needs a style or a script."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import segno

from config.qr import QUIET, svg

COUNTER = "https://jifen.example/admin/mall/voucher/counter/#ABCD1234EFGH"


def dots(drawn: str) -> list[list[int]]:
    """Read the picture back: follow its pen over the grid."""
    root = ElementTree.fromstring(drawn)
    width, height = map(int, root.get("viewBox", "").split()[2:])
    grid = [[0] * width for _row in range(height)]
    path = next(each for each in root if each.get("stroke") == "#000").get("d", "")
    x, y = 0.0, 0.0
    for sign, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        steps = [float(one) for one in re.findall(r"-?[\d.]+", numbers)]
        if sign == "h":
            for column in range(int(x), int(x + steps[0])):
                grid[int(y)][column] = 1
            x += steps[0]
        else:
            x, y = (steps[0], steps[1]) if sign == "M" else (x + steps[0], y + steps[1])
    return grid


@pytest.mark.parametrize("text", [COUNTER, "积分商城 核销码", "A" * 300])
def test_the_picture_is_the_code_with_its_quiet_edge(text: str) -> None:
    expected = segno.make(text, error="m", micro=False, boost_error=False)

    drawn = dots(svg(text))

    assert drawn == [list(row) for row in expected.matrix_iter(border=QUIET)]


def test_nothing_in_it_needs_a_style_or_a_script_or_repeats_the_text() -> None:
    drawn = svg('"><script>alert(1)</script>')

    assert not re.search(r"style|script|alert|width=|href", drawn.replace("stroke-width", ""))
    assert 'aria-hidden="true"' in drawn
    assert 'fill="#fff"' in drawn


def test_a_text_that_no_code_holds_is_refused() -> None:
    with pytest.raises(ValueError):
        svg("x" * 3_000)
