"""One incident: what, where, when, its still, its history, and what can be done with it. GUI thread only.

It asks the desk and draws answers; a change shows when the desk's state brings it back.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.feeds import Desk
from app.i18n import _
from app.labels import label_of, outcome_name
from app.masks import masks_of
from storage.case_commands import HandOverIncident
from storage.case_records import Exhibit
from storage.commands import AcknowledgeIncident, CloseIncident, VerifyIncident
from storage.journal import IncidentFile
from storage.records import BoxMark, EvidenceKind, Incident, IncidentState
from widgets.bridge import Bridge
from widgets.case_actions import CaseActions
from widgets.case_text import case_text
from widgets.choice import Choice, Question, lettered
from widgets.claimed_keys import quiet_button
from widgets.exhibit_list import ExhibitList
from widgets.history_text import history_text
from widgets.shapes import severity_sign
from widgets.still_view import StillView, decoded
from widgets.words import Names, time_text

_SIGN_PX = 22


class IncidentPanel(QWidget):
    """Shows and handles one incident."""

    closed_with = Signal(object, object)
    """An incident was asked to close with an outcome (for undo)."""
    said = Signal(str)
    film_chosen = Signal(object, object)
    """An incident, and the film of it that is to be played."""

    def __init__(self, desk: Desk, bridge: Bridge, choice: Choice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._bridge = desk, bridge
        self.incident: Incident | None = None
        self.file: IncidentFile | None = None
        self._loaded: tuple[str, int] | None = None
        self._still_camera: str | None = None
        self._head_sign, self._number, self._state = QLabel(self), QLabel(self), QLabel(self)
        self._number.setObjectName("number")
        self.facts = {name: QLabel(self) for name in ("category", "camera", "place", "opened", "owner", "outcome")}
        self.still = StillView(self)
        self.exhibits = ExhibitList(self)
        self.exhibits.chosen.connect(self._open_exhibit)
        self.choice = choice
        self.steps = CaseActions(desk, choice, lambda: (self.incident, self.file), self)
        self.steps.said.connect(self.said)
        self.case, self.history = QLabel(self), QLabel(self)
        self.take_button = self._button("T", _("Take"), self.take)
        self.verify_button = self._button("V", _("Verified"), self.verify)
        self.hand_over_button = self._button("H", _("Hand over"), self.steps.hand_over)
        self.close_button = self._button("C", _("Close"), self.begin_close)
        self.report_button = self._button("P", _("PDF"), self.write_report)
        self._build()
        self.show_incident(None)

    def _button(self, letter: str, text: str, call: Callable[[], None]) -> QPushButton:
        return quiet_button(self, f"{letter} {text}", call, "narrow")

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        column.addLayout(self._built_head())
        column.addLayout(self._built_facts())
        column.addWidget(self.still, 3)
        column.addWidget(self.exhibits)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (
            self.take_button,
            self.verify_button,
            self.hand_over_button,
            self.close_button,
            self.report_button,
        ):
            buttons.addWidget(button, len(button.text()))
        column.addLayout(buttons)
        column.addWidget(self._built_history(), 2)

    def _built_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._head_sign)
        head.addWidget(self._number)
        head.addStretch(1)
        self._state.setObjectName("heading")
        head.addWidget(self._state)
        return head

    def _built_facts(self) -> QFormLayout:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(2)
        headings = {
            "category": _("Category"),
            "camera": _("Camera"),
            "place": _("Place"),
            "opened": _("Opened"),
            "owner": _("Owner"),
            "outcome": _("Outcome"),
        }
        for name, heading in headings.items():
            label = QLabel(heading, self)
            label.setObjectName("muted")
            self.facts[name].setWordWrap(True)
            self.facts[name].setTextFormat(Qt.TextFormat.PlainText)
            form.addRow(label, self.facts[name])
        return form

    def _built_history(self) -> QScrollArea:
        told = QWidget(self)
        rows = QVBoxLayout(told)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(8)
        for label in (self.case, self.history):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            rows.addWidget(label)
        rows.addStretch(1)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumHeight(40)
        newest = area.verticalScrollBar()
        newest.rangeChanged.connect(lambda _low, high: newest.setValue(high))
        area.setWidget(told)
        area.viewport().setAutoFillBackground(False)
        told.setAutoFillBackground(False)
        return area

    # What is shown

    def show_incident(self, incident: Incident | None) -> None:
        """Show this incident; the still and the history follow when they are read."""
        other = incident is None or self.incident is None or incident.id != self.incident.id
        self.incident = incident
        self._cover()
        if other:
            self.still.show_still(QImage(), ())
            self.history.setText("")
            self.case.setText("")
            self.exhibits.show_exhibits((), {})
            self.file = self._loaded = None
        self._show_facts(incident)
        self._show_abilities(incident)
        if incident is not None:
            self._load(incident)

    def _show_facts(self, incident: Incident | None) -> None:
        for label in self.facts.values():
            label.setText("–")
        if incident is None:
            self._head_sign.clear()
            self._number.setText(_("No incident selected"))
            self._state.setText("")
            return
        names = Names(self._desk.registry())
        self._head_sign.setPixmap(severity_sign(incident.severity, _SIGN_PX, self.devicePixelRatioF()))
        self._head_sign.setToolTip(label_of(incident.severity))
        self._number.setText(incident.number)
        self._state.setText(label_of(incident.state))
        texts = {
            "category": names.category(incident.category_id),
            "camera": names.camera(incident.camera_id),
            "place": names.place(incident),
            "opened": time_text(incident.opened_utc_s),
            "owner": names.actor(incident.owner_id),
            "outcome": names.outcome(incident.outcome),
        }
        for name, text in texts.items():
            self.facts[name].setText(text or "–")

    def _show_abilities(self, incident: Incident | None) -> None:
        """Only what the workflow allows can be pressed."""
        state = incident.state if incident is not None else None
        self.take_button.setEnabled(state in AcknowledgeIncident.sources)
        self.verify_button.setEnabled(state in VerifyIncident.sources)
        self.hand_over_button.setEnabled(state in HandOverIncident.sources)
        self.close_button.setEnabled(state in CloseIncident.sources)
        self.report_button.setEnabled(state is not None)

    def reload(self) -> None:
        """Something that belongs to the incident came, without the incident itself being another."""
        self._loaded = None
        if self.incident is not None:
            self._load(self.incident)

    def _load(self, incident: Incident) -> None:
        if self._loaded == (incident.id, incident.version) and not self.still.image.isNull():
            return
        self._loaded = (incident.id, incident.version)

        def arrived(file: IncidentFile, stills: dict[str, bytes]) -> None:
            """On a worker thread: decode there, show here."""
            image, marks, camera_id = _first_still(file, stills)
            known = self._desk.offices.exhibit_sizes
            sizes = known.of(file.exhibits) if known is not None else {}
            self._bridge.call_soon(lambda: self._on_loaded(file, image, marks, camera_id, sizes))

        self._desk.load_incident(incident.id, arrived)

    def _on_loaded(
        self,
        file: IncidentFile,
        image: QImage,
        marks: tuple[BoxMark, ...],
        camera_id: str | None,
        sizes: dict[str, int],
    ) -> None:
        if self.incident is None or file.incident.id != self.incident.id:
            return
        self._still_camera = camera_id
        self._cover()
        self.still.show_still(image, marks)
        self.file = file
        self.exhibits.show_exhibits(file.exhibits, sizes)
        told = case_text(file, self._desk.registry())
        self.case.setText(told)
        self.case.setVisible(bool(told))
        self.history.setText(history_text(file.history, self._desk.registry()))

    def enter_exhibits(self) -> None:
        """The keyboard to the files of the incident."""
        if not self.exhibits.enter():
            none = self.incident is None
            self.said.emit(_("No incident is selected.") if none else _("No files belong to this incident (Alt+I)."))

    def _open_exhibit(self, exhibit: Exhibit) -> None:
        incident = self.incident
        if incident is None:
            return
        if exhibit.kind is EvidenceKind.CLIP:
            self.film_chosen.emit(incident, exhibit)
        elif exhibit.kind is EvidenceKind.STILL:
            self._show_still_of(incident, exhibit)
        else:
            self.said.emit(_("{name} leaves the house with the incident's package: Ctrl+P.").format(name=exhibit.name))

    def _show_still_of(self, incident: Incident, exhibit: Exhibit) -> None:
        """In the place of the incident's first one."""

        def arrived(_file: IncidentFile, stills: dict[str, bytes]) -> None:
            image = decoded(stills[exhibit.id]) if exhibit.id in stills else QImage()
            self._bridge.call_soon(lambda: self._on_still(incident, exhibit, image))

        self._desk.load_incident(incident.id, arrived)

    def _on_still(self, incident: Incident, exhibit: Exhibit, image: QImage) -> None:
        if self.incident is None or self.incident.id != incident.id:
            return
        if image.isNull():
            self.said.emit(_("{name} is missing or was altered.").format(name=exhibit.name))
            return
        self._still_camera = exhibit.camera_id
        self._cover()
        self.still.show_still(image, ())

    def _cover(self) -> None:
        """The masks of now over the still that is shown."""
        self.still.show_masks(masks_of(self._desk.registry(), self._still_camera))

    # What can be done

    def take(self) -> None:
        """Acknowledge: the operator becomes the owner."""
        if self._allowed(AcknowledgeIncident.sources) and self.incident is not None:
            self._desk.acknowledge_incident(self.incident)

    def verify(self) -> None:
        """Confirm it."""
        if self._allowed(VerifyIncident.sources) and self.incident is not None:
            self._desk.verify_incident(self.incident)

    def begin_close(self) -> None:
        """Ask for the outcome, in the panel."""
        incident = self.incident
        if not self._allowed(CloseIncident.sources) or incident is None:
            return
        outcomes = self._desk.registry().outcomes
        names = {o.id: outcome_name(o.id, outcomes) for o in outcomes}

        def done(outcome_id: object, note: str) -> None:
            self._desk.close_incident(incident, str(outcome_id), note)
            self.closed_with.emit(incident, str(outcome_id))

        self.choice.ask(
            Question(
                _("Close {number} as: press the letter, Esc leaves it open").format(number=incident.number),
                done,
                lettered((o.id, names[o.id], o.letter) for o in outcomes),
                _("Note, if there is one"),
                chosen_heading=lambda option: _("Close as {outcome}: Enter closes, Esc leaves it open").format(
                    outcome=option.text
                ),
            )
        )

    def write_report(self) -> None:
        """Write the PDF; a sentence says where it is."""
        if self.incident is None:
            self.said.emit(_("No incident is selected."))
            return
        number = self.incident.number
        said = _("Report of {number} written: {path}")
        self._desk.write_report(
            self.incident.id,
            self._bridge.on_gui_thread(lambda path: self.said.emit(said.format(number=number, path=path))),
        )

    def _allowed(self, sources: frozenset[IncidentState]) -> bool:
        incident = self.incident
        if incident is None:
            self.said.emit(_("No incident is selected."))
            return False
        if incident.state in sources:
            return True
        needed = _(" or ").join(sorted(label_of(state) for state in sources))
        self.said.emit(_("{number} must be {states} for this.").format(number=incident.number, states=needed))
        return False


def _first_still(file: IncidentFile, stills: dict[str, bytes]) -> tuple[QImage, tuple[BoxMark, ...], str | None]:
    """With its marks and its camera."""
    for evidence in file.evidence:
        if evidence.id in stills:
            return decoded(stills[evidence.id]), evidence.marks, evidence.camera_id
    for exhibit in file.exhibits:
        if exhibit.id in stills:
            return decoded(stills[exhibit.id]), (), exhibit.camera_id
    return QImage(), (), None
