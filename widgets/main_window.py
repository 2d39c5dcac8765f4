"""The operator's window: wiring only. The wall, the panel beside it, facts from the bridge, keys to calls.

GUI thread only. There is no modal dialog: nothing may hide the wall or hold its keys.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QMainWindow,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.alarm_rows import quiet_cameras
from app.feeds import CommandRefused, Desk, DeskState
from app.i18n import _
from app.sign_in import SeatChanged
from app.verifier import JournalVerified
from storage.case_records import NoteKind
from storage.records import AlarmState, Incident, IncidentState
from widgets.alarm_actions import AlarmActions
from widgets.banner import BannerLine
from widgets.bridge import Bridge
from widgets.camera_calls import CameraCalls
from widgets.layout_choice import LayoutChoice
from widgets.page_actions import PageActions
from widgets.playback_dock import PlaybackDock
from widgets.pursuit import Pursuit
from widgets.seat_gate import SeatGate
from widgets.seat_roles import SeatRoles
from widgets.side_panel import NARROW_PX, WIDE_PX, SidePanel
from widgets.status_line import Situation, StatusLine
from widgets.stream_tools import StreamTools
from widgets.tile_moves import TileMoves
from widgets.tile_tools import TileTools
from widgets.undo import UndoSteps
from widgets.wall import Wall
from widgets.wall_windows import WallWindows
from widgets.window_calls import absent_of, actions_of, calls_of, fill_menu, fit_wall_window, meant
from widgets.words import Names
from widgets.zone_editor import ZoneEditor

_STATUS_MS = 1000
_PANEL_SHARE = 0.26
_SIZE = (1920, 1080)
RECORD_S = 300.0
"""How long a camera is recorded on demand."""


class MainWindow(QMainWindow):
    """One monitor of one operator. `show_detector` is told by whoever runs the detection."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._detector, self._looks_per_s = "", 0.0
        self._panel_moved = False
        self._verified: JournalVerified | None = None
        self.bridge = Bridge(desk.bus, self)
        self.gate = SeatGate(self)
        self._undo = UndoSteps(desk, self.bridge)
        self.wall = Wall(desk, self)
        self.panel = SidePanel(desk, self.bridge, self)
        self.pursuit = Pursuit(desk, self.wall, self.panel.entry.begin, self)
        self.alarm_keys = AlarmActions(desk, self.wall, self.panel, self._undo, self)
        self.page_keys = PageActions(desk, self.bridge, self.wall, self.panel, self._undo, self)
        self.banner = BannerLine(self)
        self.status = StatusLine(self)
        self.bus = desk.bus
        self.tools = self.tools_of(self.wall)
        self.moves = TileMoves(self.wall)
        in_panel = self.page_keys.in_panel(self._bring_forward)
        self.layouts = LayoutChoice(desk, self.panel.choice, self._undo, in_panel, self)
        self.walls = WallWindows(desk, self, self.wall, partial(fit_wall_window, self))
        self.page_keys.wall_in_use = self.alarm_keys.wall_in_use = self.pursuit.wall_in_use = self.walls.wall_in_use
        self.page_keys.end_pursuit = self.pursuit.end
        self.page_keys.tools = self.tools
        self.page_keys.leave = self._to_the_wall
        self.cameras = CameraCalls(self.panel, self.walls.wall_in_use, self.walls.give_back, self)
        self.roles = SeatRoles(desk, self.bridge, self.page_keys.ask, self)
        self.streams = StreamTools(self.wall, desk.bus, self)
        self.zones = ZoneEditor(desk, self.bridge, self.panel, self._undo, self.wall, self._bring_forward, self)
        self.panel.replay.lifts = self.wall.lifts
        self.panel.replay.overlaid = lambda: self.wall.look.overlay
        self.setWindowTitle("Watchfloor")
        self._build()
        self.playback = PlaybackDock(desk, self, self._column)
        self.actions_by_name: dict[str, QAction] = actions_of(self, calls_of(self))
        about = partial(self.page_keys.show_page, self.panel.about)
        fill_menu(self.menuBar(), self.actions_by_name, about, absent_of(self, desk.offices))
        self._connect()
        self.wall.show_cameras(tuple(c.id for c in sorted(desk.registry().cameras, key=lambda c: c.number)))
        self.moves.begin()
        self.gate.watch(self.wall)
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

    def tools_of(self, wall: Wall) -> TileTools:
        """What is done with the tiles of a wall; questions are asked in the panel."""
        open_panel = self.page_keys.in_panel(self._bring_forward)
        tools = TileTools(self._desk, self.bridge, wall, self.panel.choice, open_panel, self)
        tools.said.connect(self.say)
        return tools

    def _bring_forward(self) -> None:
        self.walls.bring_panel_forward()

    def _build(self) -> None:
        self._splitter = splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.splitterMoved.connect(self._on_panel_moved)
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        self._column = QSplitter(Qt.Orientation.Vertical, self)
        self._column.setHandleWidth(5)
        self._column.setChildrenCollapsible(False)
        self._column.addWidget(self.wall)
        splitter.addWidget(self._column)
        splitter.addWidget(self.panel)
        splitter.setStretchFactor(0, 1)
        centre = QWidget(self)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(splitter, 1)
        column.addWidget(self.banner)
        # Whatever it has to say, the window fits its monitor: one that does not is never full screen.
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        column.addWidget(self.status)
        self.setCentralWidget(centre)
        self.resize(*_SIZE)

    def _connect(self) -> None:
        self.bridge.desk_changed.connect(self._on_desk_changed)
        self.bridge.banner_changed.connect(self.banner.show_banner)
        self.bridge.command_refused.connect(self._on_refused)
        self.bridge.seat_changed.connect(self._on_seat_changed)
        self.bridge.journal_verified.connect(self._on_verified)
        self.alarm_keys.said.connect(self.say)
        self.page_keys.said.connect(self.say)
        self.gate.said.connect(self.say)
        self.panel.offices.said.connect(self.say)
        self.panel.offices.incident_chosen.connect(self.page_keys.show_found)
        self.panel.offices.camera_chosen.connect(self._show_on_wall)
        self.panel.offices.moment_chosen.connect(self.playback.show_moment)
        self.panel.offices.range_chosen.connect(self.page_keys.begin_export_of)
        self.wall.arrangement_changed.connect(self._renew_status)
        self.panel.board.said.connect(self.say)
        self.panel.board.view_changed.connect(self._show_alarms)
        self.panel.alarms.row_activated.connect(self.alarm_keys.bring_forward)
        self.panel.incidents.row_activated.connect(self.alarm_keys.bring_forward)
        self.panel.incident.said.connect(self.say)
        self.panel.incident.film_chosen.connect(self.playback.show_exhibit)
        self.panel.offices.incident_filled.connect(self.panel.incident.reload)
        self.panel.replay.said.connect(self.say)
        self.panel.records.said.connect(self.say)
        self.moves.said.connect(self.say)
        self.layouts.said.connect(self.say)
        self.walls.said.connect(self.say)
        self.cameras.said.connect(self.say)
        self.roles.said.connect(self.say)
        self.streams.said.connect(self.say)
        self.zones.said.connect(self.say)
        self.playback.said.connect(self.say)
        self.panel.records.removed.connect(self._undo.record_removed)
        self.panel.replay.escape = self._leave_entry
        self.panel.choice.left.connect(self._to_the_wall)
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
        self._show_alarms()

    def _show_alarms(self) -> None:
        """What stands in the queue marks its tiles; what is shelved does not."""
        view = self.panel.board.view
        raised = {a.camera_id for a in view.standing if a.state is AlarmState.RAISED}
        new = {i.camera_id for i in self._desk.state().incidents if i.state is IncidentState.NEW}
        self.walls.show_alarms(frozenset(raised | new), quiet_cameras(view) - new)
        self._renew_status()

    def _on_seat_changed(self, seat: SeatChanged) -> None:
        self.page_keys.show_seat(seat)
        open_pages = (self.panel.offices.made("login"), self.panel.keys, self.panel.about)
        self.gate.show_seat(seat, self.panel.pages, open_pages)
        self.walls.show_seat(seat)
        self.playback.show_seat(seat)
        for wall in self.walls.walls:
            wall.renew_rights()
        self.zones.show_seat(seat)
        self._renew_status()

    def _on_verified(self, verified: JournalVerified) -> None:
        self._verified = verified
        self._renew_status()

    def _show_on_wall(self, camera_id: str) -> None:
        """Chosen in a page: focused on the wall; the keyboard stays in the page."""
        arrangement = self.wall.arrangement
        if camera_id not in arrangement.order:
            self.wall.arrange(arrangement.with_cameras((*arrangement.order, camera_id)))
        self.wall.show_camera(camera_id)

    def _on_refused(self, refusal: CommandRefused) -> None:
        self._say(refusal.text, refused=True)

    def _renew_status(self) -> None:
        state, standing = self._desk.state(), self.panel.board.view.standing
        arrangement, approvals = self.wall.arrangement, self._desk.offices.approvals
        self.status.show_situation(
            Situation(
                live=self.wall.live_count(),
                on_wall=len(self.wall.tiles),
                cameras=len(self._desk.registry().cameras),
                page=arrangement.page + 1,
                pages=arrangement.pages,
                alarms=len(standing),
                waiting=sum(1 for a in standing if a.state is AlarmState.RAISED),
                incidents=sum(1 for i in state.incidents if i.state is not IncidentState.CLOSED),
                lookouts=len(state.lookouts),
                unread=sum(1 for one in state.lookouts if one.id not in state.read_lookouts),
                operator=self.page_keys.seat.name,
                locked=self.page_keys.seat.locked,
                verified=self._verified,
                marks=sum(1 for mark in state.marks if mark.kind is NoteKind.MARK),
                approvals=approvals.waiting().count if approvals is not None else 0,
                coverage=self.roles.coverage(),
                detector=self._detector,
                looks_per_s=self._looks_per_s,
            )
        )

    # What the operator does

    def act_on_space(self) -> None:
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
        focused = self.walls.wall_in_use().arrangement.focused
        if focused is None:
            self.say(_("No camera to replay."))
            return
        self.panel.show()
        self.panel.replay.replay(focused)

    def record_now(self, camera_id: str, _utc_s: float) -> None:
        """Record this camera on demand."""
        name = Names(self._desk.registry()).camera(camera_id)
        done = self._desk.record_now(camera_id, RECORD_S)
        text = _("{camera} is recorded for {minutes} minutes.") if done else _("{camera} cannot be recorded now.")
        self.say(text.format(camera=name, minutes=round(RECORD_S / 60)))

    def toggle_panel(self) -> None:
        """Panel on or off; the keyboard goes to the wall, or stays in the playback."""
        self.panel.setVisible(self.panel.isHidden())
        played = self.playback.view
        if played is None or not played.has_keyboard:
            self.wall.setFocus()

    def toggle_full_screen(self) -> None:
        """The whole monitor for wall and panel; menu and frame go."""
        full = not self.isFullScreen()
        self.menuBar().setVisible(not full)
        self.setWindowState(Qt.WindowState.WindowFullScreen if full else Qt.WindowState.WindowNoState)

    def _on_closed_with(self, incident: Incident, outcome: str) -> None:
        self._undo.incident_closed(incident, outcome)
        self.say(_("{number} closed. Ctrl+Z takes it back.").format(number=incident.number))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that nobody took: digits go to the wall from everywhere, Esc goes back step by step."""
        if event.key() == Qt.Key.Key_Escape:
            self._go_back()
        elif self.gate.takes(event):
            event.accept()
        elif self.wall.take_key(Qt.Key(event.key()), event.text(), event.modifiers()):
            self.wall.setFocus()
        elif name := meant(event):
            self.actions_by_name[name].trigger()
        else:
            super().keyPressEvent(event)

    def _leave_entry(self) -> bool:
        """Esc while a replay is open: digits that are being typed come first."""
        return bool(self.wall.entry) and self.wall.take_key(Qt.Key.Key_Escape, "", Qt.KeyboardModifier.NoModifier)

    def _go_back(self) -> None:
        if self.leave_panel() or not self.wall.hasFocus():
            self._to_the_wall()
        elif self.isFullScreen():
            self.toggle_full_screen()

    def leave_panel(self) -> bool:
        """Close the replay, or the page that is open in the panel; False when there is neither."""
        if not self.panel.replay.isHidden():
            self.panel.replay.close_replay()
            return True
        paged = self.panel.pages.currentWidget() is not self.panel.work
        self.panel.pages.setCurrentWidget(self.panel.work)
        return paged

    def _to_the_wall(self) -> None:
        """The keyboard to the wall that a page or a question was asked for from."""
        if self.playback.take_back():
            return
        self.walls.give_back()
        self.wall.setFocus()

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
        self.zones.close()
        self.playback.close()
        self.walls.close_all()
        self.streams.close()
        self.roles.close()
        self.panel.offices.close()
        self.panel.board.close()
        self.panel.toast.clear()
        self.panel.replay.close_replay()
        self.status.clear()
        self.bridge.close()
        self.wall.release()
        super().closeEvent(event)
