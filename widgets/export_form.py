"""What of which cameras from when to when, why, and where to: the fields of the export page. GUI thread only.

Knows no desk: `order` is what is typed, or why it is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QListWidget, QVBoxLayout, QWidget

from app.errors import AppError
from app.export_orders import Blur, ExportOrder
from app.i18n import _
from app.kept_tracks import TrackLine
from app.range_entry import TypedRange, parse_range, range_text
from app.texts import sentence
from storage.records import Camera, Incident
from widgets.camera_ticks import CameraTicks
from widgets.claimed_keys import LetterBox
from widgets.export_words import BLUR_WORDS, meant_text, track_text
from widgets.wrapped_check import WrappedCheck

_LETTERS = 500
_TRACKS_PX = 96
_BLUR_LETTERS = 16
_BLURS = tuple(Blur)
Clock = Callable[[], float]


class ExportForm(QWidget):
    """`changed`: the order is another one; `tracks_wanted`: the stored tracks are to be listed."""

    changed = Signal()
    tracks_wanted = Signal()

    def __init__(self, zone: ZoneInfo, clock: Clock = time.time, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._zone, self._clock = zone, clock
        self._incident: Incident | None = None
        self._tracks: Sequence[TrackLine] = ()
        self.range, self.reason = QLineEdit(self), QLineEdit(self)
        self.meant = QLabel(self)
        self.cameras = CameraTicks(self)
        self.view = WrappedCheck(_("View copy: camera and time burned in, masks filled"), self)
        self.master = WrappedCheck(_("Untouched copy, every packet as recorded (a second person approves)"), self)
        self.still = WrappedCheck(_("Still of the beginning, with px/m where the camera is calibrated"), self)
        self.bare = WrappedCheck(_("Without privacy masks (needs the right)"), self)
        self.blur = LetterBox(self)
        self.tracks = QListWidget(self)
        self.case = WrappedCheck(parent=self)
        self.inside = WrappedCheck(_("Into the incident, as exhibits; nothing leaves the house"), self)
        self._dress()
        self._arrange()
        self._connect()
        self.clear()

    def _dress(self) -> None:
        self.range.setPlaceholderText(_("yesterday 18:00-18:20"))
        self.range.setAccessibleName(_("From – to"))
        self.reason.setPlaceholderText(_("Court order 12-345/2026"))
        self.reason.setAccessibleName(_("Reason or case"))
        self.reason.setMaxLength(_LETTERS)
        self.meant.setObjectName("muted")
        self.meant.setWordWrap(True)
        self.meant.setTextFormat(Qt.TextFormat.PlainText)
        self.blur.addItems([_(BLUR_WORDS[blur]) for blur in _BLURS])
        self.blur.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.blur.setMinimumContentsLength(_BLUR_LETTERS)
        self.blur.setAccessibleName(_("Who is blurred in the view copy"))
        self.tracks.setAccessibleName(_("Stored tracks of this time"))
        self.tracks.setFixedHeight(_TRACKS_PX)

    def _arrange(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(_("From – to"), self.range)
        form.addRow(self.meant)
        form.addRow(_("Cameras"), self.cameras)
        form.addRow(_("Reason"), self.reason)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        for widget in (
            self.case,
            self.view,
            self.blur,
            self.tracks,
            self.master,
            self.still,
            self.bare,
            self.inside,
        ):
            column.addWidget(widget)
        column.addStretch(1)

    def _connect(self) -> None:
        self.range.textChanged.connect(lambda _text: self._renew())
        self.reason.textChanged.connect(lambda _text: self._renew())
        self.cameras.changed.connect(self._renew)
        self.blur.currentIndexChanged.connect(lambda _index: self._on_blur())
        for box in (self.view, self.master, self.still, self.bare, self.case, self.inside):
            box.toggled.connect(lambda _on: self._renew())
        self.tracks.currentRowChanged.connect(lambda _row: self.changed.emit())

    def steps(self) -> list[QWidget]:
        """The fields in the order in which Enter goes through them."""
        found: list[QWidget] = [self.range, self.cameras.line, self.reason]
        rest = (self.case, self.view, self.blur, self.tracks, self.master, self.still, self.bare, self.inside)
        return [*found, *(widget for widget in rest if not widget.isHidden() and widget.isEnabled())]

    def clear(self) -> None:
        """As at first."""
        self.range.clear()
        self.reason.clear()
        for box, on in ((self.view, True), (self.master, False), (self.still, False), (self.bare, False)):
            box.setChecked(on)
        self.case.setChecked(False)
        self.inside.setChecked(False)
        self.blur.setCurrentIndex(0)
        self.cameras.show_cameras((), ())
        self.show_tracks(())
        self._renew()

    def show_times(self, from_utc_s: float, to_utc_s: float) -> None:
        """A range that was chosen elsewhere."""
        self.range.setText(range_text(from_utc_s, to_utc_s, self._zone))

    def show_cameras(self, cameras: Sequence[Camera], ticked: Sequence[str] | None = None) -> None:
        """Those that may be chosen; `ticked` are chosen now."""
        self.cameras.show_cameras(cameras, ticked)
        self._renew()

    def show_incident(self, incident: Incident | None) -> None:
        """The case that the panel shows; ticked anew for another one, as it was for the same."""
        if incident is None or self._incident is None or incident.id != self._incident.id:
            self.case.setChecked(False)
        self._incident = incident
        if incident is not None:
            self.case.say(_("Case: incident {number}").format(number=incident.number))
        self._renew()

    def tick_case(self, incident_id: str) -> None:
        """For this incident, when it is the one that the panel shows."""
        self.case.setChecked(self._incident is not None and self._incident.id == incident_id)

    def show_order(self, order: ExportOrder) -> None:
        """An order of before, to be gone on with."""
        self.show_times(order.from_utc_s, order.to_utc_s)
        self.reason.setText(order.reason)

    def show_tracks(self, tracks: Sequence[TrackLine]) -> None:
        """What can be kept unblurred."""
        self._tracks = tracks
        self.tracks.clear()
        self.tracks.addItems([track_text(line, self._zone) for line in tracks])
        if tracks:
            self.tracks.setCurrentRow(0)

    @property
    def blurring(self) -> Blur:
        """What is chosen."""
        return _BLURS[max(self.blur.currentIndex(), 0)]

    @property
    def meaning(self) -> TypedRange | None:
        """The typed range; None while it cannot be read."""
        try:
            return parse_range(self.range.text(), self._zone, self._clock())
        except AppError:
            return None

    def settle(self) -> None:
        """A range that moves on with the clock ("last 5 min") stands still from now on."""
        meant = self.meaning
        try:
            later = parse_range(self.range.text(), self._zone, self._clock() + 60.0)
        except AppError:
            return
        if meant is not None and later != meant:
            self.show_times(meant.from_utc_s, meant.to_utc_s)

    @property
    def order(self) -> ExportOrder:
        """What is typed. Raises AppError: RANGE_UNREADABLE, RANGE_EMPTY."""
        meant = parse_range(self.range.text(), self._zone, self._clock())
        with_case = self.case.isChecked() and self._incident is not None
        moment = meant.to_utc_s <= meant.from_utc_s
        row = self.tracks.currentRow()
        view = self.view.isChecked() and not moment
        blur = self.blurring if self.view.isChecked() else Blur.NOBODY  # of a moment: the still's
        return ExportOrder(
            camera_ids=self.cameras.camera_ids,
            from_utc_s=meant.from_utc_s,
            to_utc_s=meant.to_utc_s,
            reason=" ".join(self.reason.text().split()),
            incident_id=self._incident.id if with_case and self._incident is not None else None,
            view=view,
            master=self.master.isChecked() and not moment,
            still=self.still.isChecked() or moment,
            masked=not self.bare.isChecked(),
            blur=blur,
            keep=self._tracks[row].key if blur is Blur.ALL_BUT and 0 <= row < len(self._tracks) else "",
            to_incident=with_case and self.inside.isChecked(),
        )

    def _on_blur(self) -> None:
        self.show_tracks(())
        self._renew()
        if self.blurring is Blur.ALL_BUT:
            self.tracks_wanted.emit()

    def _renew(self) -> None:
        try:
            self.meant.setText(meant_text(parse_range(self.range.text(), self._zone, self._clock()), self._zone))
        except AppError as error:
            self.meant.setText(sentence(error) if self.range.text().strip() else "")
        self.case.setVisible(self._incident is not None)
        self.inside.setVisible(self._incident is not None and self.case.isChecked())
        self.blur.setVisible(self.view.isChecked())
        self.tracks.setVisible(self.view.isChecked() and self.blurring is Blur.ALL_BUT)
        self.changed.emit()
