"""Drawing on the planes of a YUV 4:2:0 picture: covered areas, pixelated boxes, a text band. Levels are studio range
(ITU-R BT.601).

Pure pixels with NumPy and Pillow; a decoded frame is copied first, because decoders go on using theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.plane import VideoPlane
from PIL import Image, ImageDraw, ImageFont

from storage.records import Box

Plane = npt.NDArray[np.uint8]
_FONT = Path(__file__).resolve().parent.parent / "resources" / "fonts" / "NotoSans-Regular.ttf"
_BLACK, _WHITE, _NEUTRAL = 16, 235, 128
_BAND_SHARE = 1 / 18
_LEAST_BAND_PX = 22
_CELLS = 6
_CELLS_OF_ALL = 24
_LEAST_CELL_PX = 8


class Mask:
    """A polygon (0..1 of the picture) as pixels of both plane sizes."""

    def __init__(self, polygon: Sequence[tuple[float, float]], size: tuple[int, int]) -> None:
        width, height = size
        image = Image.new("1", size)
        ImageDraw.Draw(image).polygon([(x * width, y * height) for x, y in polygon], fill=1, outline=1)
        self.luma: npt.NDArray[np.bool_] = np.asarray(image, dtype=np.bool_)
        # A chroma sample belongs to four pixels: it is covered when one of them is.
        self.chroma = self.luma.reshape(height // 2, 2, width // 2, 2).any(axis=(1, 3))


class Planes:
    """A new picture of `size` (even) under a band of `band_px` (even) rows."""

    def __init__(self, size: tuple[int, int], band_px: int) -> None:
        self.size, self.band_px = size, band_px
        self.frame = av.VideoFrame(size[0], size[1] + band_px, "yuv420p")
        self.luma, self.blue, self.red = (_view(plane) for plane in self.frame.planes)

    def show(self, frame: av.VideoFrame) -> None:
        """Copy a decoded picture under the band; another size is scaled."""
        width, height = self.size
        source = frame.reformat(width, height, "yuv420p", threads=1)
        for target, plane, scale in zip((self.luma, self.blue, self.red), source.planes, (1, 2, 2), strict=True):
            target[self.band_px // scale :] = _view(plane)

    def cover(self, mask: Mask) -> None:
        """Black."""
        self.luma[self.band_px :][mask.luma] = _BLACK
        for plane in (self.blue, self.red):
            plane[self.band_px // 2 :][mask.chroma] = _NEUTRAL

    def pixelate(self, box: Box) -> None:
        """A box becomes some coarse cells: too few for a face or a plate."""
        for area, scale, longest_px in self._areas(box):
            _coarsen(area, max(max(longest_px // _CELLS, _LEAST_CELL_PX) // scale, 1))

    def pixelate_all_but(self, box: Box | None) -> None:
        """The whole picture becomes coarse cells, but for this box."""
        kept = [(area, area.copy()) for area, _scale, _longest_px in self._areas(box)] if box is not None else []
        for area, scale, longest_px in self._areas(Box(0.0, 0.0, 1.0, 1.0)):
            _coarsen(area, max(max(longest_px // _CELLS_OF_ALL, _LEAST_CELL_PX) // scale, 1))
        for area, before in kept:
            area[:] = before

    def _areas(self, box: Box) -> list[tuple[Plane, int, int]]:
        """A box's part of each plane, the plane's scale, and the longer side in pixels; none for an empty box."""
        width, height = self.size
        x1, x2 = (int(np.clip(x, 0, 1) * width) // 2 * 2 for x in (box.x1, box.x2 + 2 / width))
        y1, y2 = (int(np.clip(y, 0, 1) * height) // 2 * 2 for y in (box.y1, box.y2 + 2 / height))
        if x2 - x1 < 2 or y2 - y1 < 2:
            return []
        found = []
        for plane, scale in ((self.luma, 1), (self.blue, 2), (self.red, 2)):
            top = self.band_px // scale
            area = plane[top + y1 // scale : top + y2 // scale, x1 // scale : x2 // scale]
            found.append((area, scale, max(x2 - x1, y2 - y1)))
        return found


class Band:
    """The rows above a picture: the title at the left, the times at the right, as large as fits.

    The title is drawn once; the times, which change with every picture, are set from drawn characters."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._width = size[0]
        self.height_px = max(round(size[1] * _BAND_SHARE / 2) * 2, _LEAST_BAND_PX)
        self._margin = self.height_px // 4
        self._title: str | None = None
        self._base: Plane = np.empty((0, 0), np.uint8)
        self._letter_px, self._lines = 0, 1

    def write(self, planes: Planes, title: str, times: tuple[str, str]) -> None:
        """Write into the band of `planes`. Where both times do not fit side by side they take two lines."""
        if title != self._title:
            self._lay_out(title, times)
        rows = self._base.copy()
        lines = ("   ".join(times),) if self._lines == 1 else times
        line_px = _glyph("0", self._letter_px).shape[0]
        top = (self.height_px - line_px * len(lines)) // 2
        left = max(self._width - self._margin - max(_width(line, self._letter_px) for line in lines), 0)
        for number, line in enumerate(lines):
            _set_line(rows, line, self._letter_px, left, top + number * line_px)
        planes.luma[: self.height_px] = rows
        for plane in (planes.blue, planes.red):
            plane[: self.height_px // 2] = _NEUTRAL

    def _lay_out(self, title: str, times: tuple[str, str]) -> None:
        self._letter_px, self._lines = round(self.height_px * 0.62), 1
        if _width("   ".join(times), self._letter_px) > self._width * 0.6:
            self._letter_px, self._lines = round(self.height_px * 0.36), 2
        taken = max(_width(text, self._letter_px) for text in times) * (3 - self._lines)
        image = Image.new("L", (self._width, self.height_px), _BLACK)
        draw, font = ImageDraw.Draw(image), _font(self._letter_px)
        text = _cut(draw, title, font, self._width - taken - 4 * self._margin)
        draw.text((self._margin, self.height_px / 2), text, _WHITE, font, anchor="lm")
        self._title, self._base = title, np.asarray(image)


def _set_line(rows: Plane, text: str, letter_px: int, left: int, top: int) -> None:
    """Set characters side by side; what would stand outside is left out."""
    for character in text:
        glyph = _glyph(character, letter_px)
        area = rows[max(top, 0) : top + glyph.shape[0], left : left + glyph.shape[1]]
        area[:] = glyph[max(-top, 0) :][: area.shape[0], : area.shape[1]]
        left += glyph.shape[1]


def _width(text: str, letter_px: int) -> int:
    return sum(_glyph(character, letter_px).shape[1] for character in text)


@lru_cache(maxsize=256)
def _glyph(character: str, letter_px: int) -> Plane:
    """A character on black, as wide as it runs."""
    font = _font(letter_px)
    ascent, descent = font.getmetrics()
    image = Image.new("L", (max(round(font.getlength(character)), 1), ascent + descent), _BLACK)
    ImageDraw.Draw(image).text((0, ascent), character, _WHITE, font, anchor="ls")
    return np.asarray(image)


def _cut(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, room_px: float) -> str:
    flat = " ".join(text.split())
    if draw.textlength(flat, font) <= room_px:
        return flat
    while flat and draw.textlength(flat + "…", font) > room_px:
        flat = flat[:-1]
    return flat + "…" if flat else ""


@lru_cache(maxsize=8)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONT, max(size_px, 7))


def _view(plane: VideoPlane) -> Plane:
    """A plane's pixels, to be written to."""
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def _coarsen(area: Plane, cell: int) -> None:
    """Every cell becomes its mean, in place."""
    height, width = area.shape
    rows, columns = np.arange(0, height, cell), np.arange(0, width, cell)
    sums = np.add.reduceat(np.add.reduceat(area.astype(np.uint32), rows, 0), columns, 1)
    counts = np.outer(np.diff(np.append(rows, height)), np.diff(np.append(columns, width)))
    means = (sums // counts).astype(np.uint8)
    area[:] = means.repeat(cell, 0).repeat(cell, 1)[:height, :width]
