"""The rows of an answer as one picture: made once an answer, on whatever thread it came, then only moved and stretched.

A row from top to bottom: events as bars (colour and height by severity, so that the colour alone carries nothing); the
recording as a band, from below as high as the recorded share of its column; what is missing above it in the colour of
its reason, faults hatched; what moved as lighter steps in the band. Numpy over palette numbers; no painter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor, QImage

from app.timeline import REASONS, TimelineAnswer
from storage.footage_records import GapReason
from storage.records import Severity
from widgets.shapes import severity_colour

RECORDED, MOVED = "#285f7c", "#5f9fc0"
FOREIGN = "#9a8bd0"
"""Lines through what was fetched from a recorder elsewhere."""
LANE = "#101215"
_PLAIN = {GapReason.NOT_PLANNED: "#23272d", GapReason.DELETED: "#2b2730", GapReason.STOPPED: "#4a525c"}
_DISK = "#c46aa3"
_FAULTS: Mapping[GapReason, str] = {
    GapReason.NO_SIGNAL: "#e2620c",
    GapReason.DISK_FULL: _DISK,
    GapReason.DISK_FAILED: _DISK,
    GapReason.TOO_SLOW: _DISK,
    GapReason.CLOCK_STEP: "#8c8540",
    GapReason.UNKNOWN: "#8c8540",
}
_DAILY = {Severity.INFO: 190, Severity.LOW: 190, Severity.MEDIUM: 150}
_HATCH_PX = 6
FOREIGN_PX = 3
_LEAST_FAULT_PX = 2
_REASON_AT = 16
_HATCHED_AT = 32

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class RowShape:
    """Heights in px: of the whole row, of its bars for events, of its band for the recording. A px is left between."""

    row: int

    @property
    def band(self) -> int:
        """The recording's."""
        return max(self.row // 2, 3)

    @property
    def bars(self) -> int:
        """The events'."""
        return max(self.row - self.band - 2, 2)


def reason_colour(reason: GapReason) -> str:
    """What stands for it."""
    return _PLAIN.get(reason) or _FAULTS[reason]


def is_hatched(reason: GapReason) -> bool:
    """Whether something went wrong there."""
    return reason in _FAULTS


def lanes_image(answer: TimelineAnswer, shape: RowShape) -> QImage:
    """All rows, one below the other, a px a column."""
    columns = answer.question.columns
    numbers = np.zeros((len(answer.rows), shape.row, columns), np.uint8)
    if answer.rows:
        _paint_bars(numbers[:, 1 : 1 + shape.bars], _layer([row.severity for row in answer.rows], columns))
        _paint_bands(numbers[:, 1 + shape.bars : 1 + shape.bars + shape.band], answer)
    image = QImage(numbers.data, columns, numbers.shape[0] * shape.row, columns, QImage.Format.Format_Indexed8)
    image.setColorTable(_PALETTE)
    return image.convertToFormat(QImage.Format.Format_RGB32)  # a copy: the numbers are numpy's and go


def _layer(rows: Sequence[bytes], columns: int) -> Bytes:
    """Rows of bytes as a table; what is not known is 0."""
    return np.frombuffer(b"".join(row or bytes(columns) for row in rows), np.uint8).reshape(len(rows), columns)


def _levels(height: int) -> Bytes:
    """Which px above its foot each line of a band is: from above `height` ... 1."""
    return np.arange(height, 0, -1, dtype=np.uint8)[:, None]


def _paint_bars(into: Bytes, severity: Bytes) -> None:
    height = into.shape[1]
    tall = np.array([-(-level * height // len(Severity)) for level in range(len(Severity) + 1)], np.uint8)
    np.multiply(_levels(height) <= tall[severity][:, None], severity[:, None], out=into)


def _paint_bands(into: Bytes, answer: TimelineAnswer) -> None:
    height, columns = into.shape[1], answer.question.columns
    level = _levels(height)
    share = _layer([row.recorded for row in answer.rows], columns)
    missing = _layer([row.missing for row in answer.rows], columns)
    tall = np.array([max(part * height // 255, part > 0) for part in range(256)], np.uint8)[share]
    np.minimum(tall, height - _LEAST_FAULT_PX, out=tall, where=_IS_FAULT[missing])
    filled = level <= tall[:, None]
    np.multiply(filled, np.uint8(_RECORDED_AT), out=into)
    if any(row.motion for row in answer.rows):
        steps = np.array([-(-moved * height // 255) for moved in range(256)], np.uint8)
        moved = np.minimum(steps[_layer([row.motion for row in answer.rows], columns)], tall)
        into += level <= moved[:, None]
    if any(row.foreign for row in answer.rows):
        foreign = _layer([row.foreign for row in answer.rows], columns) > 0
        lines = np.broadcast_to(level % FOREIGN_PX == 0, (height, columns))
        np.copyto(into, np.uint8(_FOREIGN_AT), where=(into > 0) & foreign[:, None] & lines)
    stripes = (np.arange(columns) + level) % _HATCH_PX < _HATCH_PX // 3
    for row, plain, hatched in zip(into, *_reasons(missing), strict=True):
        if plain.any():
            np.copyto(row, np.where(stripes, hatched, plain), where=row == 0)


def _reasons(missing: Bytes) -> tuple[Bytes, Bytes]:
    """The colours of what is missing: between the stripes of a hatching, and on them; planned things have none."""
    return _PLAIN_NUMBER[missing], _STRIPE_NUMBER[missing]


_RECORDED_AT, _MOVED_AT, _FOREIGN_AT = 8, 9, 10
_IS_FAULT = np.array([False, *(reason in _FAULTS for reason in REASONS)])
_PLAIN_NUMBER = np.array([0, *(_REASON_AT + n for n in range(1, len(REASONS) + 1))], np.uint8)
_STRIPE_NUMBER = np.where(_IS_FAULT, _PLAIN_NUMBER + (_HATCHED_AT - _REASON_AT), _PLAIN_NUMBER).astype(np.uint8)


def _palette() -> list[int]:
    found = [QColor(LANE).rgba()] * 64
    for severity in Severity:
        # what is daily is darker, so that what is not stands out of a month of it
        found[severity] = QColor(severity_colour(severity)).darker(_DAILY.get(severity, 100)).rgba()
    found[_RECORDED_AT], found[_MOVED_AT] = QColor(RECORDED).rgba(), QColor(MOVED).rgba()
    found[_FOREIGN_AT] = QColor(FOREIGN).rgba()
    for number, reason in enumerate(REASONS, 1):
        colour = QColor(reason_colour(reason))
        found[_REASON_AT + number] = colour.rgba()
        found[_HATCHED_AT + number] = colour.darker(190).rgba()
    return found


_PALETTE = _palette()
