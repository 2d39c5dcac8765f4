"""The operator's window: wiring only. The wall, the panel beside it, facts from the bridge, keys to calls.

GUI thread only. There is no modal dialog: nothing may hide the wall or hold its keys.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter, QVBoxLayout, QWidget

from app.feeds import CommandRefused, Desk, DeskState
from app.i18n import _
from app.layouts import STANDARD
from storage.commands import AcknowledgeAlarm, AcknowledgeIncident, JudgeAlarm
from storage.records import Alarm, AlarmState, Incident, IncidentState, Outcome, Verdict
from widgets.banner import BannerLine
from widgets.bridge import Bridge
from widgets.keys import KEYS, name_of_press
from widgets.side_panel import NARROW_PX, WIDE_PX, SidePanel
from widgets.status_line import Situation, StatusLine
from widgets.undo import UndoSteps
from widgets.wall import Wall
from widgets.words import Names

_STATUS_MS = 1000
_PANEL_SHARE = 0.26
_SIZE = (1920, 1080)


class MainWindow(QMainWindow):
    """One monitor of one operator. `show_detector` is told by whoever runs the detection."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._detector, self._looks_per_s = "", 0.0
        self._panel_moved = False
        self._undo = UndoSteps(desk)
        self.bridge = Bridge(desk.bus, self)
        self.wall = Wall(desk, self)
        self.panel = SidePanel(desk, self.bridge, self)
        self.banner = BannerLine(self)
        self.status = StatusLine(self)
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
        layouts = {f"layout_{tiles}": partial(self.wall.choose_layout, tiles) for tiles in STANDARD}
        return {
            **layouts,
            "next_page": partial(self.wall.turn_page, 1),
            "previous_page": partial(self.wall.turn_page, -1),
            "overlay": self.wall.toggle_overlay,
            "replay": self.replay,
            "replay_pause": self.panel.replay.toggle_pause,
            "replay_back": partial(self.panel.replay.step, -1),
            "replay_on": partial(self.panel.replay.step, 1),
            "replay_slower": partial(self.panel.replay.change_speed, 0.5),
            "replay_faster": partial(self.panel.replay.change_speed, 2.0),
            "acknowledge": self.acknowledge,
            "alarms": partial(self._enter, self.panel.alarms),
            "alarm_camera": self.show_alarm_camera,
            "open_incident": partial(self.judge, Verdict.INCIDENT),
            "join_incident": partial(self.judge, Verdict.JOINED),
            "false_alarm": partial(self.judge, Verdict.FALSE),
            "incident": partial(self._enter, self.panel.incidents),
            "take": self.panel.incident.take,
            "verify": self.panel.incident.verify,
            "close": self._begin_close,
            "report": self.panel.incident.write_report,
            "undo": self.undo,
            "keys": partial(self._show_page, self.panel.keys),
            "panel": self.toggle_panel,
            "full_screen": self.toggle_full_screen,
            "quit": QApplication.exit,
        }

    def _build_menu(self) -> None:
        bar = self.menuBar()
        bar.setNativeMenuBar(False)
        menus = {
            _("File"): ("report", "", "quit"),
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
                    partial(_called, partial(self._show_page, self.panel.about))
                )

    def _connect(self) -> None:
        self.bridge.desk_changed.connect(self._on_desk_changed)
        self.bridge.banner_changed.connect(self.banner.show_banner)
        self.bridge.command_refused.connect(self._on_refused)
        self.wall.arrangement_changed.connect(self._renew_status)
        self.panel.alarms.row_activated.connect(self._on_alarm_activated)
        self.panel.incidents.row_activated.connect(self._on_incident_activated)
        self.panel.incident.said.connect(self.say)
        self.panel.replay.said.connect(self.say)
        self.panel.replay.escape = self._leave_entry
        self.panel.incident.left.connect(self.wall.setFocus)
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
                detector=self._detector,
                looks_per_s=self._looks_per_s,
            )
        )

    # What the operator does

    def acknowledge(self) -> None:
        """Take the selected alarm, else the newest that waits; without one, a new incident."""
        alarm = self.panel.alarm_to_act_on(AcknowledgeAlarm.sources)
        incident = self.panel.incident_to_act_on(AcknowledgeIncident.sources)
        if alarm is not None:
            self._desk.acknowledge_alarm(alarm)
        elif incident is not None:
            self._desk.acknowledge_incident(incident)
        else:
            self.say(_("Nothing is waiting."))

    def judge(self, verdict: Verdict) -> None:
        """Judge the selected alarm, else the newest."""
        alarm = self.panel.alarm_to_act_on(JudgeAlarm.sources)
        if alarm is None:
            self.say(_("No alarm to judge."))
            return
        incident = self.panel.incident.incident
        if verdict is not Verdict.JOINED:
            self._desk.judge_alarm(alarm, verdict)
        elif incident is None:
            self.say(_("Select the incident first (I)."))
        else:
            self._desk.judge_alarm(alarm, verdict, incident.id)
        if verdict is Verdict.FALSE:
            name = Names(self._desk.registry()).camera(alarm.camera_id)
            self._undo.alarm_judged_false(alarm, name)
            self.say(_("False alarm: {camera}. Ctrl+Z takes it back.").format(camera=name))

    def undo(self) -> None:
        """Take the last false verdict or closure back."""
        subject = self._undo.undo()
        self.say(_("Reopened: {subject}").format(subject=subject) if subject else _("Nothing to undo."))

    def show_alarm_camera(self) -> None:
        """Bring the camera of the selected (else newest) alarm forward."""
        alarm = self.panel.alarm_to_act_on(JudgeAlarm.sources)
        if alarm is not None:
            self._on_alarm_activated(alarm)

    def replay(self) -> None:
        """Play the focused camera's last seconds in the panel, beside its live picture."""
        focused = self.wall.arrangement.focused
        if focused is None:
            self.say(_("No camera to replay."))
            return
        self.panel.show()
        self.panel.replay.replay(focused)

    def toggle_panel(self) -> None:
        """Panel on or off; the keyboard goes to the wall."""
        self.panel.setVisible(self.panel.isHidden())
        self.wall.setFocus()

    def toggle_full_screen(self) -> None:
        """The whole monitor for wall and panel; menu and frame go."""
        full = not self.isFullScreen()
        self.menuBar().setVisible(not full)
        self.setWindowState(Qt.WindowState.WindowFullScreen if full else Qt.WindowState.WindowNoState)

    def _enter(self, table: QWidget) -> None:
        self.panel.show()
        self.panel.pages.setCurrentWidget(self.panel.work)
        (self.panel.alarms if table is self.panel.alarms else self.panel.incidents).enter()

    def _begin_close(self) -> None:
        self.panel.show()
        self.panel.pages.setCurrentWidget(self.panel.work)
        self.panel.incident.begin_close()

    def _show_page(self, page: QWidget) -> None:
        self.panel.show()
        self.panel.show_page(page)

    def _on_alarm_activated(self, alarm: Alarm) -> None:
        self.wall.show_camera(alarm.camera_id)
        self.wall.setFocus()

    def _on_incident_activated(self, incident: Incident) -> None:
        self.wall.show_camera(incident.camera_id)
        self.wall.setFocus()

    def _on_closed_with(self, incident: Incident, outcome: Outcome) -> None:
        self._undo.incident_closed(incident, outcome)
        self.say(_("{number} closed. Ctrl+Z takes it back.").format(number=incident.number))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that nobody took: digits go to the wall from everywhere, Esc goes back step by step."""
        if event.key() == Qt.Key.Key_Escape:
            self._go_back()
        elif self.wall.take_key(Qt.Key(event.key()), event.text(), event.modifiers()):
            self.wall.setFocus()
        elif not event.modifiers() and (name := name_of_press(event.key(), event.nativeVirtualKey())):
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
        self.panel.toast.clear()
        self.panel.replay.close_replay()
        self.status.clear()
        self.bridge.close()
        self.wall.release()
        super().closeEvent(event)


def _called(call: Callable[[], None], _checked: bool = False) -> None:
    """Call without the `checked` that a triggered action sends."""
    call()
