"""The operator's window: wiring only. The wall, the panel beside it, facts from the bridge, keys to calls.

GUI thread only. There is no modal dialog: nothing may hide the wall or hold its keys.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QMainWindow,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.feeds import CommandRefused, Desk, DeskState
from app.i18n import _
from app.layouts import STANDARD
from app.sign_in import SeatChanged
from app.verifier import JournalVerified
from storage.case_records import NoteKind
from storage.records import AlarmState, Incident, IncidentState, Verdict
from widgets.alarm_actions import AlarmActions
from widgets.banner import BannerLine
from widgets.bridge import Bridge
from widgets.case_actions import CASE_KEYS
from widgets.keys import KEYS, name_of_press
from widgets.page_actions import PageActions
from widgets.pursuit import Pursuit
from widgets.side_panel import NARROW_PX, WIDE_PX, SidePanel
from widgets.status_line import Situation, StatusLine
from widgets.tile_tools import TileTools
from widgets.undo import UndoSteps
from widgets.wall import Wall
from widgets.words import Names

_STATUS_MS = 1000
_PANEL_SHARE = 0.26
_SIZE = (1920, 1080)
RECORD_S = 300.0
"""How long a camera is recorded on demand."""
_OFFICE_KEYS = ("journal", "login", "shift", "disclosures", "approvals", "import")
_FILE_MENU = (
    "report",
    "package",
    "",
    "journal",
    "disclosures",
    "approvals",
    "",
    "records",
    "import",
    "",
    "login",
    "shift",
    "lock",
)


class MainWindow(QMainWindow):
    """One monitor of one operator. `show_detector` is told by whoever runs the detection."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._detector, self._looks_per_s = "", 0.0
        self._panel_moved = False
        self._verified: JournalVerified | None = None
        self._undo = UndoSteps(desk)
        self.bridge = Bridge(desk.bus, self)
        self.wall = Wall(desk, self)
        self.panel = SidePanel(desk, self.bridge, self)
        self.pursuit = Pursuit(desk, self.wall, self.panel.entry.begin, self)
        self.alarm_keys = AlarmActions(desk, self.wall, self.panel, self._undo, self)
        self.page_keys = PageActions(desk, self.bridge, self.wall, self.panel, self._undo, self)
        self.banner = BannerLine(self)
        self.status = StatusLine(self)
        self.tools = TileTools(
            desk, self.bridge, self.wall, self.panel.choice, self.page_keys.in_panel(lambda: None), self
        )
        self.page_keys.tools = self.tools
        self.panel.replay.lifts = self.wall.lifts
        self.actions_by_name: dict[str, QAction] = {}
        self.setWindowTitle("Watchfloor")
        self._build()
        self._build_actions()
        self._build_menu()
        self._connect()
        self.wall.show_cameras(tuple(c.id for c in sorted(desk.registry().cameras, key=lambda c: c.number)))
        self._on_desk_changed(desk.state())
        self.wall.setFocus()

    def show_detector(self, name: str, looks_per_s: float = 0.0) -> None:
        """Say in the status bar which detector looks, and how often."""
        self._detector, self._looks_per_s = name, looks_per_s
        self._renew_status()

    def say(self, text: str) -> None:
        """A passing sentence at the foot of the panel, or in the status bar when the panel is off."""
        self._say(text)

    def _say(self, text: str, *, refused: bool = False) -> None:
        self.panel.toast.say(text, refused=refused)
        if self.panel.isHidden():
            self.status.say(text)

    # Building

    def _build(self) -> None:
        self._splitter = splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.splitterMoved.connect(self._on_panel_moved)
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.wall)
        splitter.addWidget(self.panel)
        splitter.setStretchFactor(0, 1)
        centre = QWidget(self)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(splitter, 1)
        column.addWidget(self.banner)
        column.addWidget(self.status)
        self.setCentralWidget(centre)
        self.resize(*_SIZE)

    def _build_actions(self) -> None:
        """An action for every key of the table; a key without a call is a bug and raises KeyError."""
        calls = self._calls()
        for key in KEYS:
            if key.wall_only:
                continue
            action = QAction(key.meaning, self)
            action.setAutoRepeat(key.repeats)
            action.setShortcuts([QKeySequence(sequence) for sequence in key.sequences])
            action.triggered.connect(partial(_called, calls[key.name]))
            self.addAction(action)
            self.actions_by_name[key.name] = action

    def _calls(self) -> dict[str, Callable[[], None]]:
        case, pages, alarms = self.panel.incident.steps, self.page_keys, self.alarm_keys
        layouts = {f"layout_{tiles}": partial(self.wall.choose_layout, tiles) for tiles in STANDARD}
        return {
            **layouts,
            "next_page": partial(self.wall.turn_page, 1),
            "previous_page": partial(self.wall.turn_page, -1),
            "overlay": self.wall.toggle_overlay,
            **self.tools.calls(),
            "replay": self.replay,
            "record_now": pages.at_moment(self._record_now),
            "replay_pause": self.panel.replay.toggle_pause,
            "replay_back": partial(self.panel.replay.step, -1),
            "replay_on": partial(self.panel.replay.step, 1),
            "replay_slower": partial(self.panel.replay.change_speed, 0.5),
            "replay_faster": partial(self.panel.replay.change_speed, 2.0),
            "acknowledge": self._on_space,
            "alarms": partial(pages.enter_table, self.panel.alarms),
            "alarm_camera": alarms.show_alarm_camera,
            "open_incident": partial(alarms.judge, Verdict.INCIDENT),
            "join_incident": partial(alarms.judge, Verdict.JOINED),
            "false_alarm": partial(alarms.judge, Verdict.FALSE),
            "incident": partial(pages.enter_table, self.panel.incidents),
            "take": self.panel.incident.take,
            "verify": self.panel.incident.verify,
            "close": self._begin_close,
            "pursue": pages.at_moment(self.pursuit.begin),
            "enter": pages.at_moment(self.panel.entry.begin),
            "mark": pages.at_moment(case.mark),
            "mark_words": pages.in_panel(case.words_for_mark),
            "bookmark": pages.at_moment(case.bookmark),
            **{name: pages.in_panel(getattr(case, name)) for name in CASE_KEYS},
            "report": self.panel.incident.write_report,
            "package": pages.begin_package,
            "undo": alarms.undo,
            **{name: partial(pages.enter_office, name) for name in _OFFICE_KEYS},
            "lock": pages.lock,
            "lookouts": partial(pages.enter_page, self.panel.lookouts),
            "records": partial(pages.enter_page, self.panel.records),
            "keys": partial(pages.show_page, self.panel.keys),
            "panel": self.toggle_panel,
            "full_screen": self.toggle_full_screen,
            "quit": QApplication.exit,
        }

    def _build_menu(self) -> None:
        bar = self.menuBar()
        bar.setNativeMenuBar(False)
        menus = {
            _("File"): (*_FILE_MENU, "", "quit"),
            _("View"): (*(f"layout_{n}" for n in STANDARD), "", "next_page", "previous_page", "overlay", "", "panel"),
            _("Help"): ("keys",),
        }
        for title, names in menus.items():
            menu = bar.addMenu(title)
            for name in names:
                if name:
                    menu.addAction(self.actions_by_name[name])
                else:
                    menu.addSeparator()
            if title == _("View"):
                menu.addAction(self.actions_by_name["full_screen"])
            if title == _("Help"):
                menu.addAction(_("About Watchfloor")).triggered.connect(
                    partial(_called, partial(self.page_keys.show_page, self.panel.about))
                )

    def _connect(self) -> None:
        self.bridge.desk_changed.connect(self._on_desk_changed)
        self.bridge.banner_changed.connect(self.banner.show_banner)
        self.bridge.command_refused.connect(self._on_refused)
        self.bridge.seat_changed.connect(self._on_seat_changed)
        self.bridge.journal_verified.connect(self._on_verified)
        self.alarm_keys.said.connect(self.say)
        self.page_keys.said.connect(self.say)
        self.panel.offices.said.connect(self.say)
        self.panel.offices.incident_chosen.connect(self.page_keys.show_found)
        self.wall.arrangement_changed.connect(self._renew_status)
        self.panel.alarms.row_activated.connect(self.alarm_keys.bring_forward)
        self.panel.incidents.row_activated.connect(self.alarm_keys.bring_forward)
        self.panel.incident.said.connect(self.say)
        self.panel.replay.said.connect(self.say)
        self.panel.records.said.connect(self.say)
        self.tools.said.connect(self.say)
        self.panel.records.removed.connect(self._undo.record_removed)
        self.panel.replay.escape = self._leave_entry
        self.panel.choice.left.connect(self.wall.setFocus)
        self.panel.entry.said.connect(self.say)
        self.panel.entry.entered.connect(self.panel.expect)
        self.panel.entry.entered.connect(self.pursuit.entered)
        self.pursuit.said.connect(self.say)
        self.panel.incident.steps.handed_over.connect(self._undo.incident_moved)
        self.panel.incident.closed_with.connect(self._on_closed_with)
        self._status_timer = QTimer(self)
        self._status_timer.setInterval(_STATUS_MS)
        self._status_timer.timeout.connect(self._renew_status)
        self._status_timer.start()

    # Facts

    def _on_desk_changed(self, state: DeskState) -> None:
        self.panel.show_state(state)
        raised = {alarm.camera_id for alarm in state.alarms if alarm.state is AlarmState.RAISED}
        new = {incident.camera_id for incident in state.incidents if incident.state is IncidentState.NEW}
        self.wall.show_alarms(frozenset(raised | new))
        self._renew_status()

    def _on_seat_changed(self, seat: SeatChanged) -> None:
        self.page_keys.show_seat(seat)
        self._renew_status()

    def _on_verified(self, verified: JournalVerified) -> None:
        self._verified = verified
        self._renew_status()

    def _on_refused(self, refusal: CommandRefused) -> None:
        self._say(refusal.text, refused=True)

    def _renew_status(self) -> None:
        state = self._desk.state()
        arrangement = self.wall.arrangement
        self.status.show_situation(
            Situation(
                live=self.wall.live_count(),
                on_wall=len(self.wall.tiles),
                cameras=len(self._desk.registry().cameras),
                page=arrangement.page + 1,
                pages=arrangement.pages,
                alarms=len(state.alarms),
                waiting=sum(1 for a in state.alarms if a.state is AlarmState.RAISED),
                incidents=sum(1 for i in state.incidents if i.state is not IncidentState.CLOSED),
                lookouts=len(state.lookouts),
                unread=sum(1 for one in state.lookouts if one.id not in state.read_lookouts),
                operator=self.page_keys.seat.name,
                locked=self.page_keys.seat.locked,
                verified=self._verified,
                marks=sum(1 for mark in state.marks if mark.kind is NoteKind.MARK),
                detector=self._detector,
                looks_per_s=self._looks_per_s,
            )
        )

    # What the operator does

    def _on_space(self) -> None:
        """A button or a list of choices that has the keyboard is what Space is meant for."""
        focused = self.focusWidget()
        if isinstance(focused, QAbstractButton) and focused.isVisible():
            focused.click()
        elif isinstance(focused, QComboBox) and focused.isVisible():
            focused.showPopup()
        else:
            self.alarm_keys.acknowledge()

    def replay(self) -> None:
        """Play the focused camera's last seconds in the panel, beside its live picture."""
        focused = self.wall.arrangement.focused
        if focused is None:
            self.say(_("No camera to replay."))
            return
        self.panel.show()
        self.panel.replay.replay(focused)

    def _record_now(self, camera_id: str, _utc_s: float) -> None:
        name = Names(self._desk.registry()).camera(camera_id)
        done = self._desk.record_now(camera_id, RECORD_S)
        text = _("{camera} is recorded for {minutes} minutes.") if done else _("{camera} cannot be recorded now.")
        self.say(text.format(camera=name, minutes=round(RECORD_S / 60)))

    def toggle_panel(self) -> None:
        """Panel on or off; the keyboard goes to the wall."""
        self.panel.setVisible(self.panel.isHidden())
        self.wall.setFocus()

    def toggle_full_screen(self) -> None:
        """The whole monitor for wall and panel; menu and frame go."""
        full = not self.isFullScreen()
        self.menuBar().setVisible(not full)
        self.setWindowState(Qt.WindowState.WindowFullScreen if full else Qt.WindowState.WindowNoState)

    def _begin_close(self) -> None:
        self.page_keys.in_panel(self.panel.incident.begin_close)()

    def _on_closed_with(self, incident: Incident, outcome: str) -> None:
        self._undo.incident_closed(incident, outcome)
        self.say(_("{number} closed. Ctrl+Z takes it back.").format(number=incident.number))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that nobody took: digits go to the wall from everywhere, Esc goes back step by step."""
        if event.key() == Qt.Key.Key_Escape:
            self._go_back()
        elif self.wall.take_key(Qt.Key(event.key()), event.text(), event.modifiers()):
            self.wall.setFocus()
        elif name := _meant(event):
            self.actions_by_name[name].trigger()
        else:
            super().keyPressEvent(event)

    def _leave_entry(self) -> bool:
        """Esc while a replay is open: digits that are being typed come first."""
        return bool(self.wall.entry) and self.wall.take_key(Qt.Key.Key_Escape, "", Qt.KeyboardModifier.NoModifier)

    def _go_back(self) -> None:
        if self.panel.pages.currentWidget() is not self.panel.work:
            self.panel.pages.setCurrentWidget(self.panel.work)
        elif not self.wall.hasFocus():
            self.wall.setFocus()
        elif self.isFullScreen():
            self.toggle_full_screen()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The panel gets its share of the window, until somebody drags its edge."""
        super().resizeEvent(event)
        if not self._panel_moved:
            panel_px = min(max(round(self.width() * _PANEL_SHARE), NARROW_PX), WIDE_PX)
            self._splitter.setSizes([self.width() - panel_px, panel_px])

    def _on_panel_moved(self, _position: int, _index: int) -> None:
        self._panel_moved = True

    def closeEvent(self, event: QCloseEvent) -> None:
        """Give feeds and facts back; the runtime goes on."""
        self._status_timer.stop()
        self.panel.offices.close()
        self.panel.toast.clear()
        self.panel.replay.close_replay()
        self.status.clear()
        self.bridge.close()
        self.wall.release()
        super().closeEvent(event)


def _meant(event: QKeyEvent) -> str | None:
    """The action of a letter under a layout in which Qt did not find the shortcut by itself."""
    shifted = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
    if event.modifiers() and not shifted:
        return None
    return name_of_press(event.key(), event.nativeVirtualKey(), shifted=shifted)


def _called(call: Callable[[], None], _checked: bool = False) -> None:
    """Call without the `checked` that a triggered action sends."""
    call()
