"""Things that stand still, made to find out what limits tuned on other scenes are worth: nothing was tuned on these.

Bushes of other shapes, a statue, a poster and a board that are there from the beginning, with people who pass before
them: no rule about people who stay has anything to say. And people who do come and then keep still: on a bench, lying
on the ground, at the wall: they must be told of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from benchmarks.scene_clips import Dresser
from benchmarks.scene_stories import (
    PERSON,
    VEHICLES,
    WHOLE,
    Points,
    Story,
    actor,
    person,
    rule,
    walk,
)
from storage.records import RuleKind, RuleSpec
from video.cutouts import Look
from video.synthetic import ActorSpec

CONDITIONS = ("day", "night", "infrared")
SCENERY = "scenery"
"""Label in the truth: no rule is about it."""

_SHORT_S, _LONG_S = 40.0, 170.0
_SHRUB_TONES = ((38, 62, 36), (64, 92, 48), (96, 120, 70))
LOITERING = rule(RuleKind.LOITERING, limit=20.0, zone_id=WHOLE.id)
INTRUSION = rule(RuleKind.INTRUSION, hold_s=1.5, zone_id=WHOLE.id)
CROWD = rule(RuleKind.CROWD, hold_s=2.0, limit=2.0, zone_id=WHOLE.id)
STOPPED = rule(RuleKind.STOPPED, VEHICLES, limit=6.0, zone_id=WHOLE.id)


class Sculptor(Dresser):
    """The cut-outs, and what stands still."""

    def __init__(self) -> None:
        super().__init__()
        drawn = ("statue", "poster", "board", "shrub", "cypress", "sits", "lies")
        self._shapes = {**self._shapes, **{name: {} for name in drawn}}

    def _cut(self, look: Look) -> Image.Image:
        name = look.cutout
        if name in ("shrub", "cypress"):
            return _plant(name)
        if name == "board":
            return _board()
        if name not in ("statue", "poster", "sits", "lies"):
            return super()._cut(look)
        figure = super()._cut(replace(look, cutout="dark"))
        return {"statue": _statue, "poster": _poster, "sits": _sitting, "lies": _lying}[name](figure)


def stories() -> Iterator[tuple[Story, tuple[RuleSpec, ...]]]:
    """What happens, and the rules that look on; an event is due of the first of them."""
    passer = person(walk(-0.05, 1.05, 0.86, 9.0, 60.0), 1), person(walk(1.05, -0.05, 0.9, 9.0, 140.0), 3)
    people = LOITERING, CROWD
    shrubs = tuple(_still("shrub", x, y, h) for x, y, h in ((0.15, 0.55, 0.2), (0.5, 0.62, 0.24), (0.85, 0.7, 0.3)))
    yield Story("shrubs", LOITERING, WHOLE, shrubs, _SHORT_S), (LOITERING, INTRUSION, CROWD)
    trees = tuple(_still("cypress", x, y, h) for x, y, h in ((0.2, 0.6, 0.34), (0.45, 0.66, 0.36), (0.8, 0.75, 0.4)))
    yield Story("cypresses", LOITERING, WHOLE, trees, _SHORT_S), (LOITERING, INTRUSION, CROWD)
    yield (
        Story("a statue", LOITERING, WHOLE, (_still("statue", 0.6, 0.7, PERSON * 1.3, _LONG_S), *passer), _LONG_S),
        people,
    )
    yield (
        Story("a poster", LOITERING, WHOLE, (_still("poster", 0.35, 0.62, PERSON * 1.2, _LONG_S), *passer), _LONG_S),
        people,
    )
    yield Story("a board", STOPPED, WHOLE, (_still("board", 0.7, 0.6, PERSON),), _SHORT_S), (STOPPED,)
    late = replace(LOITERING, limit=60.0)
    bench = person(((5.0, -0.05, 0.8), (10.0, 0.55, 0.8)), 2), _comes("sits", 0.55, 0.8, PERSON * 0.75, 10.0)
    yield Story("sits down on a bench", late, WHOLE, bench, 90.0, ((63.0, 75.0),)), (late,)
    falls = person(((15.0, 1.05, 0.82), (20.0, 0.5, 0.82)), 4), _comes("lies", 0.5, 0.82, PERSON * 0.34, 20.0)
    yield Story("falls and lies there", LOITERING, WHOLE, falls, 60.0, ((34.0, 44.0),)), (LOITERING,)
    stands = (person(((20.0, 0.4, 0.75), (60.0, 0.402, 0.75)), 5),)
    yield Story("is there all at once", INTRUSION, WHOLE, stands, _SHORT_S, ((21.0, 25.0),)), (INTRUSION,)


def _still(name: str, x: float, y: float, height: float, seconds: float = _SHORT_S) -> ActorSpec:
    points: Points = ((0.0, x, y), (seconds + 1.0, x, y))
    return actor(SCENERY, Look(name), height, points)


def _comes(name: str, x: float, y: float, height: float, at_s: float) -> ActorSpec:
    return actor("person", Look(name), height, ((at_s, x, y), (95.0, x, y)))


def _statue(figure: Image.Image) -> Image.Image:
    """Of bronze, on a pedestal of stone."""
    alpha = figure.getchannel("A")
    bronze = ImageOps.colorize(ImageOps.grayscale(figure.convert("RGB")), (24, 30, 26), (150, 160, 140))
    bronze.putalpha(alpha)
    stone = round(figure.height * 0.28)
    image = Image.new("RGBA", (round(figure.width * 1.3), figure.height + stone))
    ImageDraw.Draw(image).rectangle([0, figure.height - 4, image.width, image.height], fill=(150, 148, 142, 255))
    image.paste(bronze, ((image.width - figure.width) // 2, 0), bronze)
    return image


def _poster(figure: Image.Image) -> Image.Image:
    """Life-sized, in a frame, with a line of text."""
    image = Image.new("RGBA", (round(figure.width * 1.6), round(figure.height * 1.15)), (226, 208, 150, 255))
    pen = ImageDraw.Draw(image)
    image.paste(figure, ((image.width - figure.width) // 2, round(figure.height * 0.04)), figure)
    pen.rectangle([0, 0, image.width - 1, image.height - 1], outline=(60, 40, 40, 255), width=14)
    pen.rectangle([30, image.height - 90, image.width - 30, image.height - 40], fill=(150, 30, 40, 255))
    return image


def _sitting(figure: Image.Image) -> Image.Image:
    """The upper part above the seat of a bench, the legs foreshortened."""
    body = figure.crop((0, 0, figure.width, round(figure.height * 0.55)))
    legs = figure.crop((0, round(figure.height * 0.55), figure.width, figure.height))
    legs = legs.resize((figure.width, round(legs.height * 0.45)), Image.Resampling.LANCZOS)
    image = Image.new("RGBA", (round(figure.width * 1.8), body.height + legs.height))
    left = (image.width - figure.width) // 2
    pen = ImageDraw.Draw(image)
    for top in (round(body.height * 0.55), round(body.height * 0.75), body.height):
        pen.rectangle([0, top, image.width, top + 18], fill=(96, 66, 40, 255))
    image.paste(body, (left, 0), body)
    image.paste(legs, (left, body.height), legs)
    return image


def _lying(figure: Image.Image) -> Image.Image:
    return figure.rotate(90, expand=True)


def _plant(name: str) -> Image.Image:
    """Leaves in clumps: low and wide, or narrow and as high as a man."""
    wide, high = (260, 170) if name == "shrub" else (110, 320)
    random = np.random.default_rng(len(name))
    image = Image.new("RGBA", (wide, high))
    pen = ImageDraw.Draw(image)
    for number in range(260):
        down = number / 260
        half = (0.5 if name == "shrub" else 0.12 + 0.36 * down) * wide * np.sqrt(1 - (2 * down - 1) ** 2 * 0.8)
        x, y, r = wide / 2 + random.uniform(-0.8, 0.8) * half, 14 + down * (high - 28), random.uniform(6, 15)
        tone = _SHRUB_TONES[int(random.integers(0, 3))]
        pen.ellipse([x - r, y - r, x + r, y + r], fill=(*tone, 255))
    return image.filter(ImageFilter.GaussianBlur(1.2))


def _board() -> Image.Image:
    """An advertisement by the road, as large as a van."""
    image = Image.new("RGBA", (520, 330))
    pen = ImageDraw.Draw(image)
    for x in (60, 440):
        pen.rectangle([x, 220, x + 18, 329], fill=(70, 72, 76, 255))
    pen.rectangle([0, 0, 519, 230], fill=(212, 214, 218, 255), outline=(50, 54, 60, 255), width=10)
    pen.rectangle([30, 40, 300, 190], fill=(40, 70, 120, 255))
    for line in range(4):
        pen.rectangle([330, 50 + 36 * line, 490, 66 + 36 * line], fill=(80, 84, 90, 255))
    return image
