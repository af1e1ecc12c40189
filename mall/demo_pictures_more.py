"""More pictures of the demo: what is no parcel (coffee, care, flowers, medals, a capsule) and three more goods."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw, ImageFilter

from mall.demo_pictures import Colour, Scene, drop, gradient, lighter


def coffee() -> Image.Image:
    scene = Scene((226, 212, 196), (188, 160, 132))
    scene.shadow((18, 74, 84, 92))
    scene.oval((20, 72, 78, 86), (244, 238, 228))
    ring = [(69 + 9 * math.cos(a / 12 * math.pi - 1.6), 60 + 8 * math.sin(a / 12 * math.pi - 1.6)) for a in range(13)]
    scene.line(ring, 3.4, (238, 230, 218))
    scene.shape([(28, 44), (70, 44), (66, 70), (60, 79), (38, 79), (32, 70)], (248, 243, 234), 0.35)
    scene.oval((28, 38, 70, 50), (236, 228, 214), 0.1)
    scene.oval((30.5, 39.5, 67.5, 48.5), (150, 98, 62), 0.1)
    for x, y, width in ((49, 46.8, 8.5), (49, 45.2, 5)):
        scene.shape(drop(x, y, width, 5), (236, 208, 172), 0)
    for x, high in ((42, 12), (50, 7), (58, 13)):
        wave = [(x + 2.2 * math.sin(t / 3), 34 - t * (34 - high) / 20) for t in range(21)]
        scene.line(wave, 1, lighter((226, 212, 196), 0.5))
    return scene.image


def hand_care() -> Image.Image:
    scene = Scene((212, 222, 214), (182, 196, 184))
    scene.shadow((12, 78, 88, 94))
    for top, colour in ((70, (240, 234, 224)), (58, (208, 184, 164)), (46, (246, 242, 234))):
        scene.round((18, top, 70, top + 14), 7, colour)
        scene.oval((60, top, 74, top + 14), lighter(colour, -0.06), 0.2)
        scene.oval((63.5, top + 3.5, 70.5, top + 10.5), lighter(colour, -0.16), 0)
    scene.round((76, 58, 90, 84), 3, (126, 158, 138), 0.4)
    scene.round((79, 48, 87, 59), 1.4, (66, 78, 70))
    scene.round((79, 67, 87, 75), 0.6, (240, 244, 238), 0)
    for x, y, size in ((34, 40, 6), (41, 41.5, 5), (28, 42, 4.6)):
        scene.oval((x - size, y - size / 1.6, x + size, y + size / 1.6), (232, 176, 170), 0.5)
    return scene.image


def flowers() -> Image.Image:
    scene = Scene((228, 220, 212), (196, 178, 160))
    scene.shadow((26, 80, 76, 94))
    for x, y in ((32, 26), (46, 16), (60, 20), (70, 32), (40, 36), (56, 34)):
        scene.line([(50, 62), ((x + 50) / 2, (y + 58) / 2), (x, y)], 1, (96, 132, 100))
    for x, y, tilt in ((26, 44, -9), (74, 48, 9), (64, 50, 6), (34, 52, -6)):
        scene.shape([(50, 62), (x, y), (x + tilt / 2, y + 6)], (116, 152, 116), 0.2)
    tones: list[Colour] = [(226, 138, 130), (244, 222, 196), (214, 108, 112), (240, 188, 160), (250, 238, 222)]
    for number, (x, y) in enumerate(((32, 26), (46, 16), (60, 20), (70, 32), (40, 36), (56, 34))):
        _bloom(scene, x, y, tones[number % len(tones)])
    scene.shape([(40, 58), (60, 58), (64, 68), (66, 80), (60, 90), (40, 90), (34, 80), (36, 68)], (92, 122, 128), 0.4)
    scene.oval((40, 56, 60, 61), (70, 96, 102), 0.1)
    return scene.image


def _bloom(scene: Scene, x: float, y: float, colour: Colour) -> None:
    for turn in range(7):
        angle = turn * math.tau / 7
        px, py = x + 4.6 * math.cos(angle), y + 4.6 * math.sin(angle)
        scene.oval((px - 4.4, py - 4.4, px + 4.4, py + 4.4), lighter(colour, 0.08 * (turn % 2)), 0.3)
    scene.oval((x - 3, y - 3, x + 3, y + 3), (232, 176, 84), 0.4)


def medal(metal: Colour = (222, 176, 92), ribbon: Colour = (13, 107, 91)) -> Image.Image:
    """A medal on its ribbon, in any metal."""
    scene = Scene((222, 224, 218), (190, 194, 186))
    scene.shadow((24, 76, 76, 90))
    scene.shape([(30, 8), (44, 8), (58, 46), (46, 50)], ribbon, 0.3)
    scene.shape([(70, 8), (56, 8), (42, 46), (54, 50)], lighter(ribbon, -0.18), 0.3)
    points = [
        (50 + radius * math.cos(t * math.tau / 48), 60 + radius * math.sin(t * math.tau / 48))
        for t in range(48)
        for radius in ((26.5, 24.6)[t % 2],)
    ]
    scene.shape(points, lighter(metal, -0.12), 0.5)
    scene.oval((28, 38, 72, 82), metal, 0.5)
    scene.oval((32, 42, 68, 78), lighter(metal, -0.14), 0.3)
    scene.oval((33, 43, 67, 77), lighter(metal, 0.18), 0.4)
    scene.shape(drop(50, 73, 9.5, 25), lighter(metal, -0.3), 0.3)
    scene.shape(drop(50, 71, 6.5, 18), lighter(metal, 0.4), 0)
    return scene.image


def first_year() -> Image.Image:
    return medal((196, 200, 206), (74, 96, 140))


def recycler() -> Image.Image:
    return medal((204, 142, 98), (84, 140, 92))


def capsule() -> Image.Image:
    scene = Scene((226, 216, 234), (194, 180, 208))
    for x, y, size, colour in (
        (30, 66, 15, (238, 166, 92)),
        (70, 68, 16, (108, 168, 196)),
        (50, 54, 22, (214, 96, 108)),
    ):
        scene.shadow((x - size, y + size * 0.7, x + size, y + size * 1.15))
        scene.oval((x - size, y - size, x + size, y + size), colour, 0.4)
        half = [(x + size * math.cos(t / 20 * math.pi), y - size * math.sin(t / 20 * math.pi)) for t in range(21)]
        scene.shape(half, (248, 246, 248), 0.3)
        scene.round((x - size, y - 1.1, x + size, y + 1.1), 0.6, lighter(colour, -0.25), 0.2)
        scene.oval((x - size * 0.55, y - size * 0.7, x - size * 0.2, y - size * 0.4), (255, 255, 255), 0)
    return scene.image


def mister() -> Image.Image:
    scene = Scene((206, 220, 226), (172, 190, 200))
    scene.shadow((28, 80, 74, 94))
    scene.glow(24, 24, 12, (70, 80, 84))
    for x, y, size in ((27, 20, 2.2), (20, 27, 1.6), (32, 28, 1.3), (16, 19, 1.2), (24, 33, 1)):
        scene.oval((x - size, y - size, x + size, y + size), (250, 253, 255), 0)
    scene.round((38, 20, 64, 90), 11, (244, 246, 247), 0.45)
    scene.round((38, 20, 64, 42), 11, (136, 172, 184), 0.45)
    scene.round((38, 34, 64, 43), 0.5, (136, 172, 184), 0.45)
    scene.oval((41, 25, 50, 34), (58, 74, 82), 0.3)
    scene.oval((43.5, 27.5, 47.5, 31.5), (196, 220, 230), 0.2)
    scene.round((48.5, 54, 53.5, 66), 2.5, (214, 222, 226), 0.1)
    scene.oval((49.8, 55.4, 52.2, 57.8), (92, 186, 164), 0)
    return scene.image


def masks() -> Image.Image:
    scene = Scene((230, 220, 222), (204, 184, 190))
    scene.shadow((14, 80, 88, 94))
    for left, top, colour in ((50, 18, (196, 160, 170)), (38, 24, (226, 200, 204))):
        scene.round((left, top, left + 34, top + 62), 2, colour, 0.3)
        scene.round((left, top + 2.5, left + 34, top + 3.2), 0, lighter(colour, -0.2), 0)
    scene.round((18, 32, 56, 90), 2, (246, 240, 238), 0.35)
    scene.round((18, 32, 56, 50), 2, (154, 84, 104), 0.3)
    scene.oval((27, 55, 47, 80), (232, 208, 206), 0.3)
    for x in (33, 41):
        scene.oval((x - 2.6, 63, x + 2.6, 65.4), (246, 240, 238), 0)
    scene.oval((34.4, 72, 39.6, 74.4), (246, 240, 238), 0)
    return scene.image


def hand_creams() -> Image.Image:
    scene = Scene((232, 224, 206), (206, 190, 160))
    scene.shadow((12, 78, 88, 93))
    for left, colour in ((16, (226, 178, 120)), (40, (172, 190, 150)), (64, (222, 160, 150))):
        scene.shape([(left, 26), (left + 20, 26), (left + 17, 76), (left + 3, 76)], colour, 0.4)
        scene.round((left - 0.5, 22, left + 20.5, 27), 0.4, lighter(colour, -0.1), 0.3)
        scene.round((left + 4, 75, left + 16, 86), 1.6, (250, 247, 240), 0.3)
        scene.round((left + 5.5, 42, left + 14.5, 43.2), 0.4, (255, 253, 248), 0)
        scene.round((left + 7, 46, left + 13, 46.8), 0.3, (255, 253, 248), 0)
    return scene.image


def member_day() -> Image.Image:
    """A wide one for the storefront: a low sun over hills and gift balls, warm."""
    wide = gradient((252, 238, 220), (240, 202, 170)).resize((1600, 640))
    for (x, y, size), tone, blur in (
        ((1180, 250, 150), (250, 190, 120), 3),
        ((760, 900, 480), (226, 160, 128), 2),
        ((1380, 980, 560), (206, 128, 108), 2),
        ((260, 1010, 520), (238, 186, 150), 2),
    ):
        hill = Image.new("L", wide.size, 0)
        ImageDraw.Draw(hill).ellipse((x - size, y - size, x + size, y + size), fill=255)
        wide.paste(tone, (0, 0), hill.filter(ImageFilter.GaussianBlur(blur)))
    for x, y, size, tone in (
        (1010, 470, 46, (250, 240, 226)),
        (1105, 430, 60, (13, 107, 91)),
        (1215, 470, 40, (196, 84, 84)),
    ):
        ball = Image.new("L", wide.size, 0)
        ImageDraw.Draw(ball).rounded_rectangle((x - size, y - size, x + size, y + size), 12, fill=255)
        wide.paste(tone, (0, 0), ball.filter(ImageFilter.GaussianBlur(1)))
        band = ImageDraw.Draw(wide)
        band.rectangle((x - size * 0.14, y - size, x + size * 0.14, y + size), fill=(252, 226, 170))
        for side in (-1, 1):
            band.ellipse(
                (x + side * size * 0.3 - size * 0.28, y - size * 1.42, x + side * size * 0.3 + size * 0.28, y - size),
                outline=(252, 226, 170),
                width=8,
            )
    return wide
