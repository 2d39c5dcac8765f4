"""Draws what a monitor showed as a plain PNG: cells, names, states in words and in hatching. Pillow, no Qt, any thread.

No camera picture is in it: the black box holds none.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw, ImageFont

from app.feeds import TileState
from app.i18n import _
from app.shown_words import age_words, state_words, window_words
from app.site_time import offset_text
from storage.blackbox import FoundWall
from storage.shown_wall import ShownTile

WIDTH_PX = 1600
HEAD_PX = 84
_MARGIN_PX = 12
_INK, _PAPER, _MUTED, _LINE = (20, 22, 25), (255, 255, 255), (90, 96, 104), (60, 64, 70)
_GREY = {TileState.LIVE.value: 255, TileState.CONNECTING.value: 244, TileState.STALE.value: 222}
_DEAD = 190
_SMALLEST_PX, _LARGEST_PX = 9, 26
_HATCH_PX = 14


def tile_words(tile: ShownTile) -> tuple[str, ...]:
    """State, stream and age; then what else was shown or lifted."""
    first = "  ·  ".join(filter(None, (state_words(tile.state), tile.stream, age_words(tile.age))))
    return tuple(filter(None, (first, _("Boxes shown") if tile.overlay else _("No boxes"))))


def times_of(utc_s: float, zone: ZoneInfo) -> str:
    """A time in the site's zone, with its offset, and in UTC."""
    at = datetime.fromtimestamp(utc_s, zone)
    utc = datetime.fromtimestamp(utc_s, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S} {offset_text(at)} ({utc:%Y-%m-%dT%H:%M:%SZ})"


def drawn(walls: Sequence[FoundWall], at_utc_s: float, zone: ZoneInfo, names: dict[str, str]) -> bytes:
    """A PNG with the walls one below the other; `names` are operators by id."""
    pictures = [_wall(found, at_utc_s, zone, names) for found in walls]
    sheet = Image.new("RGB", (WIDTH_PX, sum(p.height for p in pictures) or 1), _PAPER)
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


def _wall(found: FoundWall, at_utc_s: float, zone: ZoneInfo, names: dict[str, str]) -> Image.Image:
    wall = found.wall
    width = WIDTH_PX - 2 * _MARGIN_PX
    height = round(width * min(max(wall.height_px / max(wall.width_px, 1), 0.2), 3.0))
    picture = Image.new("RGB", (WIDTH_PX, HEAD_PX + height + _MARGIN_PX), _PAPER)
    draw = ImageDraw.Draw(picture)
    operator = names.get(wall.operator_id, wall.operator_id) or _("nobody signed in")
    title = f"{window_words(wall)}  ·  {operator}"
    _line(draw, (_MARGIN_PX, 10), title, width, 24, bold=True)
    when = _("{at}, unchanged since {since}").format(
        at=times_of(at_utc_s, zone), since=times_of(found.since_utc_s, zone)
    )
    _line(draw, (_MARGIN_PX, 46), when, width, 18, colour=_MUTED)
    for tile in wall.tiles:
        left, top, right, bottom = tile.rect
        cell = (
            _MARGIN_PX + round(left * width),
            HEAD_PX + round(top * height),
            _MARGIN_PX + round(right * width) - 2,
            HEAD_PX + round(bottom * height) - 2,
        )
        if cell[2] - cell[0] > 4 and cell[3] - cell[1] > 4:
            picture.paste(_tile(tile, cell[2] - cell[0], cell[3] - cell[1]), cell[:2])
    return picture


def _tile(tile: ShownTile, width: int, height: int) -> Image.Image:
    grey = _GREY.get(tile.state, _DEAD)
    picture = Image.new("RGB", (width, height), (grey, grey, grey))
    draw = ImageDraw.Draw(picture)
    _hatch(draw, tile.state, width, height)
    draw.rectangle((0, 0, width - 1, height - 1), outline=_LINE, width=3 if tile.state == TileState.LIVE.value else 1)
    size = min(max(height // 8, _SMALLEST_PX), _LARGEST_PX)
    top = 6
    lines = [(tile.camera, True, False), *((words, False, False) for words in tile_words(tile))]
    lines += [(_("MASK LIFTED"), True, True)] if tile.lifted else []
    for words, bold, inverse in lines:
        top = _line(draw, (8, top), words, width - 16, size, bold=bold, inverse=inverse, ground=(grey, grey, grey)) + 2
    return picture


def _hatch(draw: ImageDraw.ImageDraw, state: str, width: int, height: int) -> None:
    """Stale: lines that lean; connecting: dots; no signal: a cross; no rights: level lines; live: nothing."""
    if state == TileState.STALE.value:
        for at in range(-height, width, _HATCH_PX):
            draw.line((at, height, at + height, 0), fill=(196, 196, 196))
    elif state == TileState.CONNECTING.value:
        for x in range(_HATCH_PX // 2, width, _HATCH_PX):
            for y in range(_HATCH_PX // 2, height, _HATCH_PX):
                draw.point((x, y), fill=_LINE)
    elif state == TileState.NO_RIGHTS.value:
        for y in range(_HATCH_PX, height, _HATCH_PX):
            draw.line((0, y, width, y), fill=(196, 196, 196))
    elif state != TileState.LIVE.value:
        for line in ((0, 0, width, height), (0, height, width, 0)):
            draw.line(line, fill=(150, 150, 150), width=2)


def _line(
    draw: ImageDraw.ImageDraw,
    spot: tuple[int, int],
    text: str,
    width: int,
    size: int,
    *,
    bold: bool = False,
    inverse: bool = False,
    colour: tuple[int, int, int] = _INK,
    ground: tuple[int, int, int] = _PAPER,
) -> int:
    """One line that fits, smaller if it has to be and cut at last, on a ground of its own; its lower edge."""
    while size > _SMALLEST_PX and draw.textlength(text, _font(size, bold)) > width:
        size -= 1
    font = _font(size, bold)
    while len(text) > 1 and draw.textlength(text, font) > width:
        text = f"{text[:-2]}…"
    right, bottom = spot[0] + int(draw.textlength(text, font)), spot[1] + sum(font.getmetrics())
    draw.rectangle((spot[0] - 3, spot[1], right + 3, bottom), fill=_INK if inverse else ground)
    draw.text(spot, text, font=font, fill=_PAPER if inverse else colour)
    return bottom


@lru_cache(maxsize=64)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    name = "NotoSans-Bold.ttf" if bold else "NotoSans-Regular.ttf"
    return ImageFont.truetype(io.BytesIO(files("resources").joinpath("fonts", name).read_bytes()), size)
