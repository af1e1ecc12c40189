"""Pictures of the demo's gifts, drawn here from plain shapes: soft light, one object, a shadow. The same every time."""

from __future__ import annotations

import math
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter

SIZE = 1080
Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]


class Scene:
    """A backdrop with a table's edge, on which shapes stand. Coordinates run from 0 to 100."""

    def __init__(self, wall: Colour, table: Colour) -> None:
        self.image = gradient(lighter(wall, 0.35), wall)
        self._table(table)

    def shadow(self, box: Box, strength: int = 70) -> None:
        """Lay a soft shadow, as wide as the box."""
        mask = Image.new("L", self.image.size, 0)
        ImageDraw.Draw(mask).ellipse(_pixels(box), fill=strength)
        part, place = _soft(mask, SIZE / 40)
        self.image.paste((60, 45, 35), place, part)

    def solid(self, draw: Callable[[ImageDraw.ImageDraw], None], colour: Colour, shine: float = 0.28) -> None:
        """Fill a shape with a colour that is lit from the left."""
        mask = Image.new("L", self.image.size, 0)
        draw(ImageDraw.Draw(mask))
        part, place = _soft(mask, 0.8)
        self.image.paste(_lit(colour, part.size, shine), place, part)

    def round(self, box: Box, radius: float, colour: Colour, shine: float = 0.28) -> None:
        self.solid(lambda d: d.rounded_rectangle(_pixels(box), radius * SIZE / 100, fill=255), colour, shine)

    def oval(self, box: Box, colour: Colour, shine: float = 0.28) -> None:
        self.solid(lambda d: d.ellipse(_pixels(box), fill=255), colour, shine)

    def shape(self, points: list[tuple[float, float]], colour: Colour, shine: float = 0.28) -> None:
        corners = [(x * SIZE / 100, y * SIZE / 100) for x, y in points]
        self.solid(lambda d: d.polygon(corners, fill=255), colour, shine)

    def line(self, points: list[tuple[float, float]], width: float, colour: Colour) -> None:
        path = [(x * SIZE / 100, y * SIZE / 100) for x, y in points]
        self.solid(lambda d: d.line(path, fill=255, width=round(width * SIZE / 100), joint="curve"), colour)

    def glow(self, x: float, y: float, size: float, colour: Colour) -> None:
        light = Image.new("RGB", self.image.size)
        ImageDraw.Draw(light).ellipse(_pixels((x - size, y - size, x + size, y + size)), fill=colour)
        light = light.filter(ImageFilter.GaussianBlur(size * SIZE / 220))
        self.image = ImageChops.screen(self.image, light)

    def _table(self, colour: Colour) -> None:
        board = gradient(lighter(colour, 0.15), colour)
        edge = round(SIZE * 0.68)
        self.image.paste(board.crop((0, edge, SIZE, SIZE)), (0, edge))


def travel_set() -> Image.Image:
    scene = Scene((226, 214, 202), (205, 186, 168))
    scene.shadow((16, 74, 84, 90))
    for left, top, colour in ((18, 46, (120, 148, 132)), (40, 36, (232, 226, 216)), (62, 50, (196, 156, 130))):
        scene.round((left, top, left + 19, 82), 3.5, colour)
        scene.round((left + 5, top - 8, left + 14, top + 1), 1.5, (74, 66, 58))
        scene.round((left + 4, top + 14, left + 15, top + 15), 0.5, (255, 255, 255), 0)
        scene.round((left + 4, top + 17.5, left + 12, top + 18.2), 0.3, (255, 255, 255), 0)
    return scene.image


def mirror() -> Image.Image:
    scene = Scene((222, 205, 208), (196, 168, 172))
    scene.shadow((22, 74, 80, 88))
    scene.round((30, 72, 70, 80), 4, (126, 58, 76))
    scene.oval((20, 16, 80, 76), (142, 66, 86))
    scene.oval((25, 21, 75, 71), (232, 238, 240), 0.5)
    scene.shape([(36, 60), (58, 26), (63, 29), (41, 63)], (250, 253, 254), 0)
    return scene.image


def candle() -> Image.Image:
    scene = Scene((214, 212, 196), (176, 158, 132))
    scene.shadow((24, 76, 78, 92))
    scene.round((28, 42, 72, 86), 5, (240, 232, 214))
    scene.oval((28, 37, 72, 49), (250, 244, 230), 0.1)
    scene.round((38, 58, 62, 74), 1.5, (255, 253, 246), 0)
    scene.round((42, 64, 58, 65), 0.4, (130, 120, 96), 0)
    scene.round((45, 68, 55, 68.7), 0.3, (130, 120, 96), 0)
    scene.round((49.4, 33, 50.6, 43), 0.5, (70, 60, 50), 0)
    scene.glow(50, 28, 17, (150, 105, 40))
    scene.shape(drop(50, 34, 4.2, 11), (255, 202, 98), 0.1)
    scene.shape(drop(50, 34, 2, 6), (255, 244, 206), 0)
    return scene.image


def scrunchies() -> Image.Image:
    scene = Scene((216, 208, 224), (188, 174, 202))
    for x, y, colour in ((37, 55, (196, 146, 164)), (63, 63, (226, 214, 196))):
        scene.shadow((x - 22, y + 10, x + 22, y + 24))
        for turn in range(14):
            angle = turn * math.tau / 14
            px, py = x + 14.5 * math.cos(angle), y + 12 * math.sin(angle)
            tone = tuple(max(0, part - (12 if turn % 2 else 0)) for part in colour)
            scene.oval((px - 6.6, py - 6.6, px + 6.6, py + 6.6), tone, 0.34)  # type: ignore[arg-type]
    return scene.image


def tote() -> Image.Image:
    scene = Scene((203, 214, 210), (170, 184, 178))
    scene.shadow((18, 78, 84, 92))
    arch = [(50 + 14 * math.cos(a / 20 * math.pi), 44 - 26 * math.sin(a / 20 * math.pi)) for a in range(21)]
    scene.line(arch, 3, (176, 146, 110))
    scene.shape([(22, 42), (78, 42), (84, 86), (16, 86)], (236, 226, 206))
    scene.shape([(22, 42), (78, 42), (78.6, 46), (21.4, 46)], (214, 200, 174), 0.1)
    scene.oval((41, 56, 59, 74), (13, 107, 91), 0.2)
    scene.shape(drop(50, 71, 5, 12), (240, 232, 214), 0)
    return scene.image


def cup() -> Image.Image:
    scene = Scene((198, 214, 218), (164, 184, 190))
    scene.shadow((26, 78, 76, 92))
    scene.round((32, 26, 68, 88), 5, (226, 236, 238), 0.5)
    scene.round((34.5, 48, 65.5, 85), 4, (178, 140, 84), 0.3)
    scene.oval((34.5, 44, 65.5, 52), (204, 168, 110), 0.1)
    scene.round((30.5, 18, 69.5, 30), 3, (58, 66, 64))
    scene.round((36.5, 32, 39, 82), 1, (255, 255, 255), 0)
    return scene.image


def gift_box() -> Image.Image:
    scene = Scene((218, 200, 186), (190, 164, 144))
    scene.shadow((12, 76, 90, 94))
    scene.round((18, 42, 82, 88), 2, (58, 74, 68))
    scene.round((14, 34, 86, 48), 2, (70, 88, 82))
    scene.round((45, 34, 55, 88), 0.2, (206, 168, 104), 0.35)
    for side in (-1, 1):
        loop = [
            (50 + side * (2 + 17 * math.sin(t / 24 * math.pi)), 33 - 17 * (t / 24) * math.sin(t / 24 * math.pi) * 1.25)
            for t in range(25)
        ]
        scene.shape(loop, (214, 178, 116), 0.3)
    scene.round((45.5, 27.5, 54.5, 36), 2, (196, 156, 92), 0.3)
    return scene.image


def perfume() -> Image.Image:
    scene = Scene((206, 190, 186), (150, 116, 112))
    scene.shadow((24, 78, 78, 92))
    scene.round((28, 40, 72, 88), 6, (158, 44, 54), 0.4)
    scene.round((33, 46, 67, 84), 4, (192, 74, 78), 0.5)
    scene.round((42, 30, 58, 41), 1, (210, 176, 112), 0.5)
    scene.round((39, 14, 61, 32), 3, (52, 40, 40), 0.4)
    scene.round((40, 58, 60, 74), 1, (250, 240, 230), 0)
    scene.shape([(50, 61), (55, 68), (50, 66.6), (45, 68)], (158, 44, 54), 0)
    scene.shape([(50, 65), (54, 71), (46, 71)], (158, 44, 54), 0)
    return scene.image


def banner() -> Image.Image:
    """A wide one for the storefront: leaves and drops on a quiet ground, room for words on the left."""
    wide = gradient((233, 240, 232), (196, 216, 204)).resize((1600, 640))
    for number in (0, 8, 1, 7, 2, 6, 3, 5, 4):
        angle, reach = -1.25 + number * 0.31, 520 - 36 * abs(number - 4)
        tip = (1220 + reach * math.sin(angle), 760 - reach * math.cos(angle))
        leaf = Image.new("L", wide.size, 0)
        _leaf(ImageDraw.Draw(leaf), (1220.0, 760.0), tip, 52)
        tone = lighter((84, 132, 112), 0.07 * abs(number - 4))
        wide.paste(tone, (0, 0), leaf.filter(ImageFilter.GaussianBlur(1.2)))
    for x, y, size in ((1010, 210, 34), (1430, 170, 46), (1320, 330, 22), (900, 470, 26)):
        drop = Image.new("L", wide.size, 0)
        ImageDraw.Draw(drop).ellipse((x - size, y - size, x + size, y + size), fill=150)
        wide.paste((255, 255, 255), (0, 0), drop.filter(ImageFilter.GaussianBlur(2)))
    return wide


def _leaf(draw: ImageDraw.ImageDraw, foot: tuple[float, float], tip: tuple[float, float], width: float) -> None:
    (x0, y0), (x1, y1) = foot, tip
    across = (-(y1 - y0), x1 - x0)
    length = math.hypot(*across)
    edge = [math.sin(step / 20 * math.pi) * width / length for step in range(21)]
    way = [(x0 + (x1 - x0) * step / 20, y0 + (y1 - y0) * step / 20) for step in range(21)]
    one = [(x + across[0] * e, y + across[1] * e) for (x, y), e in zip(way, edge, strict=True)]
    other = [(x - across[0] * e, y - across[1] * e) for (x, y), e in zip(way, edge, strict=True)]
    draw.polygon([*one, *other[::-1]], fill=255)


def drop(x: float, foot: float, width: float, height: float) -> list[tuple[float, float]]:
    """A flame or a drop: pointed above, round below."""
    turns = [step / 30 * math.tau for step in range(31)]
    return [(x + width * math.sin(t) * math.sin(t / 2), foot - height / 2 - height / 2 * math.cos(t)) for t in turns]


def gradient(above: Colour, below: Colour) -> Image.Image:
    strip = Image.new("RGB", (1, 256))
    for row in range(256):
        strip.putpixel((0, row), _between(above, below, row / 255))
    return strip.resize((SIZE, SIZE), Image.Resampling.BICUBIC)


def _soft(mask: Image.Image, radius: float) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """Return the part of a mask that holds something, with soft edges, and its box; the rest need not be drawn."""
    left, top, right, bottom = mask.getbbox() or (0, 0, 1, 1)
    room = math.ceil(radius * 3)
    box = (max(left - room, 0), max(top - room, 0), min(right + room, SIZE), min(bottom + room, SIZE))
    return mask.crop(box).filter(ImageFilter.GaussianBlur(radius)), box


def _lit(colour: Colour, size: tuple[int, int], shine: float) -> Image.Image:
    """A colour that is light on its left third and darker on its right edge."""
    strip = Image.new("RGB", (64, 1))
    for column in range(64):
        place = column / 63
        light = shine * math.exp(-(((place - 0.28) / 0.22) ** 2)) - shine * 0.55 * place**2
        strip.putpixel((column, 0), lighter(colour, light))
    return strip.resize(size, Image.Resampling.BICUBIC)


def lighter(colour: Colour, by: float) -> Colour:
    return _between(colour, (255, 255, 255) if by > 0 else (0, 0, 0), abs(by))


def _between(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _pixels(box: Box) -> Box:
    left, top, right, bottom = (part * SIZE / 100 for part in box)
    return left, top, right, bottom
