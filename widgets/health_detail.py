"""One camera's health in detail: figures, its last picture, its clock, its outages. GUI thread only.

The picture is asked for, one at a time, and comes when a task thread has made it; everything else is at hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.decoder_words import decoding_words
from app.health_desk import HealthDesk
from app.health_facts import CameraHealth, looked_for_words, reason_words
from app.i18n import _, ngettext
from storage.outages import Outage
from widgets.health_table import bitrate_text, offset_text, state_text
from widgets.offset_line import OffsetLine
from widgets.words import age_text, clock_text

_PICTURE = QSize(160, 90)
_OUTAGES = 6
_PICTURE_EVERY_S = 10.0


class HealthDetail(QWidget):
    """`show_camera` says which one; pictures are asked for only while it is seen."""

    def __init__(
        self,
        desk: HealthDesk,
        call_soon: Callable[[Callable[[], None]], None],
        zone: ZoneInfo,
        parent: QWidget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._desk, self._call_soon, self._zone, self._clock = desk, call_soon, zone, clock
        self._camera: CameraHealth | None = None
        self._asked: tuple[str, float] = ("", float("-inf"))
        self._looking = False
        self.name, self.figures, self.picture_time = QLabel(self), QLabel(self), QLabel(self)
        self.picture, self.outages = QLabel(self), QLabel(self)
        self.offsets = OffsetLine(self)
        self._dress()
        self._lay_out()

    def _dress(self) -> None:
        for label in (self.name, self.figures, self.picture_time, self.outages, self.picture):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        for label in (self.figures, self.picture_time):
            label.setObjectName("muted")
        self.name.setObjectName("heading")
        self.picture.setFixedSize(_PICTURE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.outages.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.outages.setAccessibleName(_("Outages"))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.name)
        column.addWidget(self.figures)
        row = QHBoxLayout()
        row.addWidget(self.picture)
        row.addWidget(self.offsets, 1)
        column.addLayout(row)
        column.addWidget(self.picture_time)
        column.addWidget(self.outages)

    def show_camera(self, camera: CameraHealth | None, at_utc_s: float) -> None:
        """What is known of it as of `at_utc_s`; None: nothing is selected."""
        self._camera = camera
        if camera is None:
            for label in (self.name, self.figures, self.picture_time, self.outages, self.picture):
                label.clear()
            self.offsets.show_points(())
            return
        self.name.setText(f"{camera.number} {camera.name}  ·  {state_text(camera, at_utc_s)}")
        self.figures.setText(_figures(camera))
        self.offsets.show_points(self._desk.offsets(camera.camera_id))
        self.outages.setText(self._outages_text(self._desk.outages(camera.camera_id), at_utc_s))
        self._ask_picture(camera.camera_id)

    def _outages_text(self, outages: tuple[Outage, ...], now_utc_s: float) -> str:
        if not outages:
            return _("No outage is known.")
        lines = []
        for one in outages[:_OUTAGES]:
            begin = datetime.fromtimestamp(one.from_utc_s, self._zone)
            end = datetime.fromtimestamp(one.to_utc_s, self._zone) if one.to_utc_s is not None else None
            until = end.strftime("%H:%M:%S" if end.date() == begin.date() else "%m-%d %H:%M:%S") if end else _("now")
            lasted = age_text(one.lasted_s(now_utc_s))
            lines.append(f"{begin:%m-%d %H:%M:%S} – {until}  ({lasted})  {reason_words(one.reason)}".rstrip())
        more = len(outages) - _OUTAGES
        if more > 0:
            lines.append(ngettext("and {count} more", "and {count} more", more).format(count=more))
        return "\n".join(lines)

    def _ask_picture(self, camera_id: str) -> None:
        """One at a time; anew when another camera is selected, else now and then."""
        asked_id, asked_s = self._asked
        now_s = self._clock()
        if camera_id != asked_id:
            self.picture.clear()
            self.picture_time.clear()
        elif now_s - asked_s < _PICTURE_EVERY_S:
            return
        if self._looking or not self.isVisible():
            return
        self._asked = camera_id, now_s
        self._looking = self._desk.picture(camera_id, partial(self._on_picture, camera_id))

    def _on_picture(self, camera_id: str, jpeg: bytes, utc_s: float) -> None:
        """On a task thread."""
        image = QImage.fromData(jpeg) if jpeg else QImage()
        self._call_soon(partial(self._show_picture, camera_id, image, utc_s))

    def _show_picture(self, camera_id: str, image: QImage, utc_s: float) -> None:
        self._looking = False
        if self._camera is None or self._camera.camera_id != camera_id:
            if self._camera is not None:  # another one was selected meanwhile
                self._ask_picture(self._camera.camera_id)
            return
        if image.isNull():
            self.picture.setText(_("No picture"))
            self.picture_time.clear()
            return
        ratio = self.devicePixelRatioF()
        smooth, keep = Qt.TransformationMode.SmoothTransformation, Qt.AspectRatioMode.KeepAspectRatio
        pixmap = QPixmap.fromImage(image.scaled(_PICTURE * ratio, keep, smooth))
        pixmap.setDevicePixelRatio(ratio)
        self.picture.setPixmap(pixmap)
        self.picture_time.setText(_("Picture of {time}").format(time=clock_text(utc_s)))


def _figures(camera: CameraHealth) -> str:
    latency = f"{camera.latency_s * 1000:.0f} ms" if camera.latency_s is not None else "–"
    rate, asked = camera.looks_per_s, camera.asked_looks_per_s
    if asked:
        looks = _("looks {rate:.1f} of {asked:.1f}/s, {latency}").format(rate=rate, asked=asked, latency=latency)
    else:
        looks = _("looks {rate:.1f}/s, {latency}").format(rate=rate, latency=latency)
    why = looked_for_words(camera.looked_for)
    parts = (
        f"{camera.fps:.1f} fps, {bitrate_text(camera.bitrate_bps)}bit/s",
        "; ".join(map(decoding_words, camera.decoders)),
        _("lost {gops} GOPs, {frames} frames; {errors} errors").format(
            gops=camera.dropped_gops, frames=camera.dropped_frames, errors=camera.decode_errors
        ),
        _("{count} frames damaged").format(count=camera.damaged_frames),
        _("connected again {count}×").format(count=camera.reconnects),
        _("outages in a day {count}").format(count=camera.outages),
        _("clock {offset}").format(offset=offset_text(camera.clock_offset_s)),
        f"{looks} ({why})" if why else looks,
        reason_words(camera.reason),
    )
    return "  ·  ".join(filter(None, parts))
