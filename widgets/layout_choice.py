"""Layouts and saved views by keyboard: called up by a sign, saved by name, removed with an undo. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app import wall_plans
from app.feeds import Desk
from app.i18n import _, ngettext
from app.layouts import Arrangement, Layout, grid
from app.role_layouts import ROLE_LAYOUTS, title_of
from app.wall_plans import GRIDS
from storage.access import Permission, may
from storage.commands import PutRecord, RemoveRecord
from storage.records import new_id
from storage.registry_records import SavedView, WallLayout
from widgets.choice import Choice, Option, Question, lettered
from widgets.undo import UndoSteps
from widgets.wall import Wall

_MOST_OPTIONS = 34
_REMOVE = "X"
_TABLES: dict[type[WallLayout] | type[SavedView], str] = {WallLayout: "wall_layouts", SavedView: "saved_views"}
Saved = WallLayout | SavedView


class LayoutChoice(QObject):
    """Asks in the panel about whichever wall the key was pressed on; `open_panel` brings the panel forward."""

    said = Signal(str)

    def __init__(
        self,
        desk: Desk,
        choice: Choice,
        undo: UndoSteps,
        open_panel: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk, self._choice, self._undo, self._open_panel = desk, choice, undo, open_panel

    def choose_grid(self, wall: Wall, tiles: int) -> None:
        """So many tiles; the gaps of a view close."""
        wall.arrange(wall_plans.without_gaps(wall.settled).with_layout(grid(tiles)))

    def choose(self, wall: Wall) -> None:
        """Ask for a grid, a layout or a view."""
        layouts, views = wall_plans.visible_to(self._desk.registry(), self._desk.actor_id())
        grids = [(tiles, _tiles_text(tiles), str(n)) for n, tiles in enumerate(GRIDS, 1)]
        known: tuple[Saved, ...] = (*views, *layouts)
        roles = [(layout, title_of(layout), "") for layout in ROLE_LAYOUTS]
        saved = [(one, one.name, "") for one in known[: _MOST_OPTIONS - len(grids) - len(roles)]]
        remove = [(None, _("Remove one …"), _REMOVE)] if self._removable() else []

        def done(value: object, _words: str) -> None:
            if isinstance(value, int):
                self.choose_grid(wall, value)
            elif isinstance(value, Layout):
                wall.arrange(wall_plans.without_gaps(wall.settled).with_layout(value))
            elif isinstance(value, WallLayout | SavedView):
                self.show_saved(wall, value)
            else:
                self._ask_what_to_remove()

        self._ask(
            Question(
                _("Layout or view: press its sign, Esc leaves it"), done, lettered((*grids, *roles, *saved, *remove))
            )
        )

    def show_saved(self, wall: Wall, saved: Saved) -> None:
        """A view with its cameras; a layout with those that are there."""
        registry = self._desk.registry()
        order = tuple(camera.id for camera in sorted(registry.cameras, key=lambda camera: camera.number))
        if isinstance(saved, SavedView):
            wall.arrange(wall_plans.arranged(registry, saved.layout, saved.camera_ids, order))
        else:
            wall.arrange(wall_plans.without_gaps(wall.settled).with_layout(wall_plans.layout_of(saved)))
        self.said.emit(_("View: {name}").format(name=saved.name))

    def save(self, wall: Wall) -> None:
        """Ask for a name and keep what the wall shows; the site's, if that is wished and allowed."""
        shown = wall.arrangement
        own, site = _("Mine"), _("Of the site")
        owners = ((self._desk.actor_id(), own, "M"), (None, site, "S"))
        options = lettered(owners) if self._may_configure() else ()

        def done(value: object, words: str) -> None:
            of_site = bool(options) and value is None
            self._keep(shown, words, None if of_site else self._desk.actor_id())

        def heading(option: Option) -> str:
            return _("Save the wall ({owner}): type a name, Enter saves it").format(owner=option.text)

        self._ask(
            Question(
                _("Save the wall as a view: mine, or of the site?") if options else heading(Option("", "", own)),
                done,
                options,
                words=_("Name of the view"),
                must_say=True,
                chosen_heading=heading,
            )
        )

    def _keep(self, shown: Arrangement, name: str, operator_id: str | None) -> None:
        """The view, after its layout if that has no name yet. One of the same name and owner is replaced."""
        registry = self._desk.registry()
        key = wall_plans.key_of(registry, shown.layout, operator_id)
        record = next((one for one in registry.wall_layouts if one.id == key), None)
        if not key or (record is not None and operator_id is None and record.operator_id is not None):
            layout = wall_plans.record_of(shown.layout, name, operator_id)
            self._desk.apply(PutRecord(layout))
            key = layout.id
        before = next((v for v in registry.saved_views if (v.name, v.operator_id) == (name, operator_id)), None)
        if before is not None:
            self._undo.record_removed(before)
        view_id = before.id if before is not None else new_id()
        self._desk.apply(PutRecord(SavedView(view_id, name, key, shown.on_page, operator_id)))
        self.said.emit(_("View saved: {name}. Y calls it up.").format(name=name))

    def _ask_what_to_remove(self) -> None:
        found = self._removable()[:_MOST_OPTIONS]
        options = lettered((one, one.name, "") for one in found)
        self._ask(Question(_("Remove which? Press its sign, Esc leaves it"), self._remove, options))

    def _remove(self, value: object, _words: str) -> None:
        if isinstance(value, WallLayout | SavedView):
            self._desk.apply(RemoveRecord(_TABLES[type(value)], value.id))
            self._undo.record_removed(value)
            self.said.emit(_("{name} removed. Ctrl+Z takes it back.").format(name=value.name))

    def _removable(self) -> tuple[Saved, ...]:
        """Own views and layouts; the site's for who may configure. A layout that a view needs stays with it."""
        actor_id = self._desk.actor_id()
        registry = self._desk.registry()
        layouts, views = wall_plans.visible_to(registry, actor_id)
        needed = {view.layout for view in registry.saved_views}
        known: tuple[Saved, ...] = (*views, *(one for one in layouts if one.id not in needed))
        return tuple(one for one in known if one.operator_id == actor_id or self._may_configure())

    def _may_configure(self) -> bool:
        actor_id = self._desk.actor_id()
        role = next((one.role for one in self._desk.registry().operators if one.id == actor_id), None)
        return may(role, Permission.CONFIGURE)

    def _ask(self, question: Question) -> None:
        self._open_panel()
        self._choice.ask(question)


def _tiles_text(tiles: int) -> str:
    return ngettext("{count} tile", "{count} tiles", tiles).format(count=tiles)
