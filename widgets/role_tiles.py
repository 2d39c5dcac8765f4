"""The roles of one wall, alive: facts and time go to `app.wall_roles`, what it says goes to the wall. GUI thread only.

A child of its wall. Nothing moves while the wall cannot be seen, the hot key has it, one camera is enlarged or
a number is being typed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from app.alarm_rows import unshelved
from app.alarm_tiles import firing_of
from app.attention import Attention, Glance
from app.feeds import Desk, DeskState, TileState
from app.i18n import _
from app.layouts import Arrangement
from app.role_layouts import role_layout, title_of
from app.wall_plans import arranged, visible_to
from app.wall_roles import WallFacts, WallRoles
from app.wall_tours import PresetPlan, TourPlan
from storage.journal import Registry
from storage.records import IncidentState
from storage.registry_records import SavedView, Tour
from widgets.choice import Question, lettered
from widgets.role_words import caption_text
from widgets.wall import Wall
from widgets.words import Names

STEP_MS = 500
_SOON_MS = 50
_USUAL_IMPORTANCE = 3


class RoleTiles(QObject):
    """Fills `wall`'s role cells, runs its tours and alarm views, notes in `attention` what is looked at while
    `somebody` is there. `ask` asks in the panel."""

    said = Signal(str)

    def __init__(
        self,
        desk: Desk,
        wall: Wall,
        ask: Callable[[Question], None],
        attention: Attention,
        somebody: Callable[[], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(wall)
        self._desk, self._wall, self._ask, self._somebody, self._clock = desk, wall, ask, somebody, clock
        self.attention = attention
        self.roles = WallRoles(attention)
        self.under_control: frozenset[str] = frozenset()
        """Cameras that this operator moves by hand (PTZ) now."""
        self._registry: Registry | None = None
        self._tour_id = ""
        wall.leave = self._leave
        wall.arrangement_changed.connect(self._on_arranged)
        self._timer = self._made_timer(STEP_MS)
        self._timer.start()
        self._soon = self._made_timer(_SOON_MS)
        self._soon.setSingleShot(True)

    def _made_timer(self, interval_ms: int) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval_ms)
        timer.timeout.connect(self.step)
        return timer

    def calls(self) -> dict[str, Callable[[], object]]:
        """By the names of the key table."""
        return {
            "tour": self.toggle_tour,
            "tour_next": self.skip,
            "tour_choose": self.choose_tour,
            "alarm_layout": partial(self.show_layout, "alarms"),
            "hot_spot_layout": partial(self.show_layout, "hot_spot"),
            "attention_layout": partial(self.show_layout, "attention"),
        }

    def close(self) -> None:
        """The wall closes."""
        self._timer.stop()
        self._soon.stop()

    # Facts

    def step(self, _fact: object = None) -> None:
        """Look at the facts and move what has to move; twice a second, and soon after each change."""
        if not self._wall.isVisible():
            return
        now_s, arrangement, state = self._clock(), self._wall.arrangement, self._desk.state()
        self._know(now_s)
        live = self._look(now_s)
        facts = WallFacts(
            arrangement,
            firing_of(unshelved(self._desk.registry(), state.alarms, state.shelves, time.time())),
            self.under_control | self._incidents_in_hand(state),
            live,
            self._wall.touched_s,
            frozen=bool(self._wall.pursued) or arrangement.enlarged or bool(self._wall.entry),
        )
        called = self.roles.alarm_view.firing
        changed = self.roles.step(now_s, facts)
        if not facts.frozen:
            self._wall.give(changed, self._captions())
        if self.roles.alarm_view.firing is not None and called is None:
            self.said.emit(_("An alarm called this view up; Esc gives the wall back."))

    def _know(self, now_s: float) -> None:
        registry = self._desk.registry()
        if registry is not self._registry:
            weights = {plan.id: plan.importance / _USUAL_IMPORTANCE for plan in registry.recording_plans}
            self.attention.know(now_s, self._known(), weights)
            self._registry = registry
            self._plan_tour()
            self._plan_alarm_view()

    def _known(self) -> frozenset[str]:
        """Cameras that who sits here may see: nobody owes others a look."""
        return frozenset(camera.id for camera in self._desk.registry().cameras if self._desk.may_see(camera.id))

    def plan_anew(self, _seat: object = None) -> None:
        """Another operator has other views and tours."""
        self._registry = None

    def _look(self, now_s: float) -> frozenset[str]:
        """Which cameras are seen alive; counted as looked at while anybody can be looking."""
        tiles = self._wall.tiles
        if self._somebody() and not self._wall.window().isMinimized():
            glances = [Glance(t.feed.camera.id, t.area.width(), t.state is TileState.LIVE) for t in tiles]
            self.attention.look(now_s, glances, str(id(self)))
        return frozenset(tile.feed.camera.id for tile in tiles if tile.state is TileState.LIVE)

    def _incidents_in_hand(self, state: DeskState) -> frozenset[str]:
        """Cameras of open incidents that this operator has taken."""
        me = self._desk.actor_id()
        mine = (one for one in state.incidents if one.owner_id and one.owner_id == me)
        return frozenset(one.camera_id for one in mine if one.state is not IncidentState.CLOSED)

    def _captions(self) -> dict[int, str]:
        names = Names(self._desk.registry())
        return {index: caption_text(caption, names) for index, caption in self.roles.captions.items()}

    def _on_arranged(self) -> None:
        """Holding an arrow key down opens no stream for every camera it passes."""
        self._soon.start()

    # Plans

    def _plan_tour(self) -> None:
        registry = self._desk.registry()
        tour = next((one for one in self._tours() if one.id == self._tour_id), None)
        if tour is None:
            self.roles.plan = TourPlan()
            return
        views = {view.id: view for view in registry.saved_views}
        stops = tuple(self._arranged(views[view_id]) for view_id in tour.view_ids if view_id in views)
        known = self._known()
        cameras = tuple(camera for camera in tour.camera_ids if camera in known)
        self.roles.plan = TourPlan(tour.name, stops, cameras, tour.dwell_s)

    def _plan_alarm_view(self) -> None:
        wall = self._desk.offices.wall
        views = visible_to(self._desk.registry(), self._desk.actor_id())[1]
        found = next((view for view in views if wall.alarm_view and view.name == wall.alarm_view), None)
        view = self._arranged(found) if found is not None else None
        self.roles.preset = PresetPlan(view, wall.alarm_view_severity, wall.alarm_view_s)

    def _arranged(self, view: SavedView) -> Arrangement:
        registry = self._desk.registry()
        order = (camera.id for camera in sorted(registry.cameras, key=lambda camera: camera.number))
        return arranged(registry, view.layout, view.camera_ids, order)

    def _tours(self) -> list[Tour]:
        """The site's and one's own, by name."""
        me = self._desk.actor_id()
        usable = (tour for tour in self._desk.registry().tours if tour.operator_id in (None, me))
        return sorted(usable, key=lambda tour: tour.name.casefold())

    # What the operator asks for

    def show_layout(self, name: str) -> None:
        """A built-in layout with roles."""
        layout = role_layout(name)
        self._wall.show_layout(layout)
        self.step()
        self.said.emit(title_of(layout))

    def toggle_tour(self) -> None:
        """Start, pause, go on."""
        if self._wall.pursued:
            self.said.emit(_("No tour while you follow: Esc gives the wall back."))
            return
        runs = self.roles.toggle_tour(self._wall.arrangement)
        self.said.emit(_("The tour runs: Shift+G pauses it, Esc ends it.") if runs else _("The tour is paused."))
        self.step()

    def skip(self) -> None:
        """The tour's next stop at once."""
        if self._wall.pursued or not self.roles.skip(self._wall.arrangement):
            self.said.emit(_("No tour runs here (Shift+G starts one)."))
        self.step()

    def choose_tour(self) -> None:
        """One of the site's or one's own, or the wall's pages."""
        tours = self._tours()
        if not tours:
            self.said.emit(_("No tour is saved: Shift+G turns the pages."))
            return
        options = lettered([("", _("Pages of the wall"), ""), *((tour.id, tour.name, "") for tour in tours)])
        self._ask(Question(_("Which tour?"), self._on_tour_chosen, options))

    def _on_tour_chosen(self, tour_id: object, _words: str) -> None:
        self._tour_id = str(tour_id)
        self._leave()
        self._plan_tour()
        if self.roles.is_touring(self._wall.arrangement):
            self.skip()
        else:
            self.toggle_tour()

    def _leave(self) -> bool:
        """Esc: what took the whole wall gives it back."""
        before = self.roles.leave(self._wall.arrangement)
        if before is None:
            return False
        self._wall.give(before, self._captions())
        self.step()
        return True
