"""Draws zones, lines, privacy masks and people's heights on the focused tile's live picture. GUI thread only.

What to draw is asked in the panel, facts stand there meanwhile; nothing lies over the wall but the clear `ZoneCanvas`.
Saving is a command of the desk; what was saved, removed or left half drawn comes back by the Undo key.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal
from shiboken6 import isValid

from app.feeds import Desk
from app.i18n import _, marked
from app.sign_in import SeatChanged
from app.zone_drafts import Shape, ZoneDraft, drawn_on, new_draft
from app.zone_preview import Foot, feet, rules_of
from storage.access import Permission, may
from storage.records import Camera, RuleSpec
from widgets.bridge import Bridge
from widgets.choice import Question, lettered
from widgets.side_panel import SidePanel
from widgets.trial_line import TrialLine
from widgets.undo import Refused, UndoSteps
from widgets.wall import Wall
from widgets.words import Names
from widgets.zone_canvas import ZoneCanvas
from widgets.zone_page import ZonePage
from widgets.zone_records import ZoneRecords, name_of, titled

STEP_MS = 300
_MOST_OPTIONS = 30
_NEW = (
    (Shape.AREA, marked("New area"), "A"),
    (Shape.LINE, marked("New line"), "L"),
    (Shape.MASK, marked("New mask"), "M"),
    (Shape.FAR, marked("Far view"), "F"),
    (Shape.PEOPLE, marked("People"), "P"),
)


class ZoneEditor(QObject):
    """One drawing at a time. `bring_forward` gives the panel's window the keyboard; half drawn things of a wall that is
    gone go on at the `first`."""

    said = Signal(str)

    def __init__(
        self,
        desk: Desk,
        bridge: Bridge,
        panel: SidePanel,
        undo: UndoSteps,
        first: Wall,
        bring_forward: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk, self._panel, self._undo = desk, panel, undo
        self._first, self._bring_forward = first, bring_forward
        trials = desk.offices.trials
        self.trial = TrialLine(trials, bridge) if trials is not None else None
        self._records = ZoneRecords(desk, bridge, undo, self.said.emit, self._finished, self.trial)
        self.page = ZonePage(panel, self.trial)
        panel.add_page(self.page)
        self.page.asked.connect(self._on_asked)
        self.canvas: ZoneCanvas | None = None
        self._wall: Wall | None = None
        self._enlarged = False
        self._seat = SeatChanged()
        self._timer = QTimer(self)
        self._timer.setInterval(STEP_MS)
        self._timer.timeout.connect(self._renew_facts)

    @property
    def draft(self) -> ZoneDraft | None:
        """What is being drawn."""
        return self.canvas.draft if self.canvas is not None else None

    # Beginning and leaving

    def begin(self, wall: Wall) -> None:
        """Ask what of the focused camera to draw; who may not is told so."""
        tile = wall.focused_tile
        if tile is None:
            self.said.emit(_("No camera is focused."))
            return
        if not self._may_configure():
            self.said.emit(_("Your role may not change zones and masks."))
            return
        camera = tile.feed.camera
        drawn = drawn_on(self._desk.registry(), camera.id)
        known = [(one, name_of(one[1]), "") for one in drawn if one[0] is not Shape.PEOPLE][:_MOST_OPTIONS]
        fresh = [(shape, _(text), letter) for shape, text, letter in _NEW]
        heading = _("Draw on {camera}: press a sign, Esc leaves it").format(camera=self._named(camera.id))
        self._panel.pages.setCurrentWidget(self._panel.work)
        self._ask(Question(heading, partial(self._chosen, wall, camera), lettered([*known, *fresh])))

    def _chosen(self, wall: Wall, camera: Camera, value: object, _words: str) -> None:
        if isinstance(value, Shape):
            self.draw(wall, new_draft(self._desk.registry(), value, camera.id))
        elif isinstance(value, tuple):
            shape, record = value
            self.draw(wall, ZoneDraft(shape, camera.id, record))

    def draw(self, wall: Wall, draft: ZoneDraft) -> bool:
        """Open the canvas on the draft's camera, large; False when the wall cannot show it."""
        self.leave()
        wall.show_camera(draft.camera_id)
        if wall.arrangement.focused != draft.camera_id:
            return False
        enlarge = not wall.arrangement.enlarged
        if enlarge:
            wall.toggle_enlarged()
        tile = wall.focused_tile
        if tile is None:
            return False
        self._wall, self._enlarged = wall, enlarge
        self.canvas = canvas = ZoneCanvas(wall, tile, draft, self._feet)
        canvas.changed.connect(self._show_draft)
        canvas.asked.connect(self._on_asked)
        canvas.entered.connect(self._show_page)
        canvas.gone.connect(self.leave)
        wall.arrangement_changed.connect(self._on_arranged)
        wall.setFocusProxy(canvas)
        canvas.show()
        canvas.setFocus()
        self._timer.start()
        self._show_page()
        self._show_draft()
        return True

    def leave(self, *, keep: bool = True) -> None:
        """Close the canvas; asks nothing, because the Undo key brings a half drawn one back (unless not `keep`)."""
        canvas, wall = self.canvas, self._wall
        if canvas is None or wall is None:
            return
        self.canvas = self._wall = None
        self._timer.stop()
        self._records.relieve()
        canvas.gone.disconnect(self.leave)
        wall.arrangement_changed.disconnect(self._on_arranged)
        wall.setFocusProxy(None)  # type: ignore[arg-type]  # Qt takes nothing for "none", the stubs do not
        draft, enlarged = canvas.draft, self._enlarged
        self._enlarged = False
        had_keys = canvas.hasFocus()
        canvas.hide()
        canvas.deleteLater()
        if self._panel.pages.currentWidget() is self.page:
            self._panel.pages.setCurrentWidget(self._panel.work)
        if enlarged and wall.arrangement.enlarged and wall.arrangement.focused == draft.camera_id:
            wall.toggle_enlarged()
        if had_keys:
            wall.setFocus()
        if keep and draft.changed:
            self._undo.remember(titled(draft.shape, draft.made()), partial(self._draw_on, wall, draft))
            self.said.emit(_("Left without saving. Ctrl+Z goes on with it."))

    def _draw_on(self, wall: Wall, draft: ZoneDraft, _refused: Refused) -> bool:
        seen = isValid(wall) and wall.isVisible()
        return self._may_configure() and self.draw(wall if seen else self._first, draft)

    def _finished(self, draft: ZoneDraft) -> None:
        """Saved, or out of use: nothing is half drawn."""
        if self.draft is draft:
            self.leave(keep=False)

    def close(self) -> None:
        """The window goes."""
        self.leave(keep=False)

    def show_seat(self, seat: SeatChanged) -> None:
        """Somebody else sits here, or nobody may act: what was half drawn goes with whoever drew it."""
        other = seat.operator_id != self._seat.operator_id
        self._seat = seat
        if other or not seat.may_act:
            self.leave(keep=False)

    # What is asked for by key or button

    def _on_asked(self, name: str) -> None:
        draft = self.draft
        if draft is None:
            return
        calls: dict[str, Callable[[ZoneDraft], None]] = {
            "save": self._records.save,
            "leave": lambda _draft: self.leave(),
            "undo": partial(self._back, ZoneDraft.undo),
            "redo": partial(self._back, ZoneDraft.redo),
            "extend": partial(self._change, ZoneDraft.extend),
            "cut": partial(self._change, lambda one: one.remove(one.now.chosen)),
            "turn": partial(self._change, ZoneDraft.turn_round),
            "name": self._ask_name,
            "copy": self._ask_cameras,
            "remove": self._records.remove,
        }
        calls[name](draft)

    def _change(self, change: Callable[[ZoneDraft], None], draft: ZoneDraft) -> None:
        change(draft)
        if self.canvas is not None:
            self.canvas.renew()

    def _back(self, step: Callable[[ZoneDraft], bool], draft: ZoneDraft) -> None:
        if not step(draft):
            self.said.emit(_("Nothing more to undo in this drawing."))
        if self.canvas is not None:
            self.canvas.renew()

    def _ask_name(self, draft: ZoneDraft) -> None:
        def done(_value: object, words: str) -> None:
            self._change(lambda one: one.rename(words), draft)

        if draft.shape is not Shape.PEOPLE:
            heading = _("Name: type it, Enter keeps it")
            self._ask(Question(heading, done, words=_("Name"), must_say=True, text=draft.now.name))

    def _ask_cameras(self, draft: ZoneDraft) -> None:
        fault = draft.fault_text()
        if fault:
            self.said.emit(_("Not copied. {fault}").format(fault=fault))
            return
        heading = _("Copy it to which cameras? Type their numbers, Enter copies")
        done = lambda _value, words: self._records.copy(draft, words)  # noqa: E731  # a question's answer has two parts
        self._ask(Question(heading, done, words=_("Numbers, like 3 7 12"), must_say=True))

    def _ask(self, question: Question) -> None:
        """In the panel, under the page that is there."""
        self._panel.show()
        self._bring_forward()
        self._panel.choice.ask(question)

    # Facts

    def _on_arranged(self) -> None:
        """Another camera, page or layout: a tile that still shows the camera goes on, else it is left."""
        if self.canvas is None or self._wall is None:
            return
        tile = self._wall.focused_tile
        if tile is None or tile.feed.camera.id != self.canvas.draft.camera_id:
            self.leave()
        else:
            self.canvas.tile = tile
            self.canvas.renew()

    def _show_page(self) -> None:
        self._panel.show()
        self._panel.pages.setCurrentWidget(self.page)

    def _show_draft(self) -> None:
        draft = self.draft
        if draft is not None:
            self.page.show_draft(draft, self._named(draft.camera_id))
            self._records.offer(draft)
            self._renew_facts()

    def _renew_facts(self) -> None:
        draft = self.draft
        if draft is not None and self.page.isVisible():
            self.page.show_rules(draft, self._rules(draft), self._feet())

    def _rules(self, draft: ZoneDraft) -> tuple[RuleSpec, ...]:
        return rules_of(self._desk.registry().rules, draft.id, self._desk.offices.words)

    def _feet(self) -> tuple[Foot, ...]:
        """At the painted picture's time, so that a foot stands where its person is seen."""
        canvas = self.canvas
        if canvas is None or canvas.tile.picture is None or canvas.draft.table != "zones":
            return ()
        draft, feed = canvas.draft, canvas.tile.feed
        utc_s = canvas.tile.picture.utc_s
        return feet(draft.shape, draft.now.points, self._rules(draft), feed.tracks(), utc_s)

    def _named(self, camera_id: str) -> str:
        return Names(self._desk.registry()).camera(camera_id)

    def _may_configure(self) -> bool:
        actor_id = self._desk.actor_id()
        role = next((one.role for one in self._desk.registry().operators if one.id == actor_id), None)
        return may(role, Permission.CONFIGURE)
