"""What every key calls in the operator's window, as actions with shortcuts and as the menu. GUI thread only.

The window owns the parts; this module only says which key means which call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication

from app.i18n import _
from app.layouts import STANDARD
from app.playback_feeds import is_film
from storage.records import Verdict
from widgets.case_actions import CASE_KEYS
from widgets.export_times import around
from widgets.keys import KEYS, name_of_press
from widgets.stream_tools import StreamTools

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QMenuBar, QWidget

    from app.offices import Offices
    from widgets.main_window import MainWindow
    from widgets.tile_tools import TileTools
    from widgets.wall import Wall
    from widgets.wall_window import WallWindow

Calls = dict[str, Callable[[], object]]

_OFFICE_KEYS = (
    "journal",
    "login",
    "shift",
    "disclosures",
    "approvals",
    "import",
    "health",
    "noise",
    "models",
    "foreign",
    "reports",
)
_FILE_MENU = (
    "cameras",
    "",
    "report",
    "reports",
    "package",
    "",
    "journal",
    "footage_search",
    "disclosures",
    "approvals",
    "export",
    "foreign",
    "fetch",
    "",
    "records",
    "import",
    "health",
    "noise",
    "models",
    "",
    "login",
    "shift",
    "lock",
)
_ROLE_MENU = ("alarm_layout", "hot_spot_layout", "attention_layout", "", "tour", "tour_next", "tour_choose", "debts")


def calls_of(window: MainWindow) -> Calls:
    """The call of every key that is not the wall's own."""
    calls: Calls = {
        **_wall_calls(window, window.wall, window.tools, window.streams),
        "next_window": window.walls.enter_next,
        "move_window": partial(window.say, _("The main window stays where it is; this is for wall windows.")),
        "close_window": partial(_close_window, window),
        **_replay_calls(window),
        **_alarm_calls(window),
        **_incident_calls(window),
        **_page_calls(window),
        "panel": window.toggle_panel,
        "full_screen": window.toggle_full_screen,
        "quit": QApplication.exit,
    }
    return window.playback.returning(window.gate.guarded(calls))


def fit_wall_window(main: MainWindow, window: WallWindow) -> TileTools:
    """Give a further window its keys and tools; they go with it."""
    tools = main.tools_of(window.wall)
    streams = StreamTools(window.wall, main.bus, window.wall)
    for teller in (window.moves, streams):
        teller.said.connect(main.say)
    window.use(calls_of_wall_window(main, window, tools, streams))
    window.leave_panel = main.leave_panel
    main.gate.watch(window.wall)
    return tools


def calls_of_wall_window(main: MainWindow, window: WallWindow, tools: TileTools, streams: StreamTools) -> Calls:
    """The keys of a further window: tiles, layouts and the window are its own, the rest is the main window's."""
    calls: Calls = {
        **{name: partial(main.walls.pass_on, window, call) for name, call in calls_of(main).items()},
        **_wall_calls(main, window.wall, tools, streams),
        "next_window": partial(main.walls.enter_next, window),
        "move_window": partial(main.walls.move_on, window),
        "close_window": window.leave,
        "full_screen": window.toggle_full_screen,
        "quit": QApplication.exit,
    }
    return main.gate.guarded(calls)


def _wall_calls(main: MainWindow, wall: Wall, tools: TileTools, streams: StreamTools) -> Calls:
    """What is done with one wall and its tiles."""
    return {
        **{f"layout_{tiles}": partial(main.layouts.choose_grid, wall, tiles) for tiles in STANDARD},
        "layouts": partial(main.layouts.choose, wall),
        "save_view": partial(main.layouts.save, wall),
        "next_page": partial(wall.turn_page, 1),
        "previous_page": partial(wall.turn_page, -1),
        "overlay": wall.toggle_overlay,
        "draw": partial(main.zones.begin, wall),
        "wall_window": main.walls.open_next,
        **main.roles.calls_of(wall),
        **tools.calls(),
        **streams.calls(),
    }


def _replay_calls(window: MainWindow) -> Calls:
    replay = window.panel.replay
    return {
        "replay": window.replay,
        "playback": window.playback.toggle,
        "playback_case": window.playback.open_case,
        "record_now": window.page_keys.at_moment(window.record_now),
        "replay_pause": replay.toggle_pause,
        "replay_back": partial(replay.step, -1),
        "replay_on": partial(replay.step, 1),
        "replay_slower": partial(replay.change_speed, 0.5),
        "replay_faster": partial(replay.change_speed, 2.0),
    }


def _alarm_calls(window: MainWindow) -> Calls:
    alarms = window.alarm_keys
    return {
        "acknowledge": window.act_on_space,
        "alarms": partial(window.page_keys.enter_table, window.panel.alarms),
        "alarm_camera": alarms.show_alarm_camera,
        "open_incident": partial(alarms.judge, Verdict.INCIDENT),
        "join_incident": partial(alarms.judge, Verdict.JOINED),
        "false_alarm": partial(alarms.judge, Verdict.FALSE),
        "shelve": window.page_keys.in_panel(alarms.shelve),
        "clear_flood": window.page_keys.in_panel(alarms.clear_flood),
        "mute": alarms.mute,
        "undo": alarms.undo,
    }


def _incident_calls(window: MainWindow) -> Calls:
    incident, pages = window.panel.incident, window.page_keys
    case = incident.steps
    return {
        "incident": partial(pages.enter_table, window.panel.incidents),
        "take": incident.take,
        "verify": incident.verify,
        "close": pages.in_panel(incident.begin_close),
        "pursue": pages.at_moment(window.pursuit.begin),
        "enter": pages.at_moment(window.panel.entry.begin),
        "mark": pages.at_moment(case.mark),
        "mark_words": pages.in_panel(case.words_for_mark),
        "bookmark": pages.at_moment(case.bookmark),
        **{name: pages.in_panel(getattr(case, name)) for name in CASE_KEYS},
        "report": incident.write_report,
        "exhibits": pages.in_panel(incident.enter_exhibits),
        "package": pages.begin_package,
        "export": partial(_export, window),
        "fetch": partial(_fetch, window),
        "footage_search": pages.begin_search,
    }


def _close_window(window: MainWindow) -> None:
    """The playback below the wall, whose plate names this key, wherever the keyboard is; never the main window."""
    if window.playback.view is not None and window.playback.window is None:
        window.playback.close()
    else:
        window.say(_("The main window is closed with Ctrl+Q."))


def _export(window: MainWindow) -> None:
    """Of what is played, where playback has the keyboard; else of the focused camera."""
    view = window.playback.view
    if view is None or not view.has_keyboard:
        window.page_keys.begin_export()
        return
    arrangement, chosen = view.wall.arrangement, view.chosen_range
    focused = tuple(one for one in (arrangement.focused,) if one is not None and not is_film(one))
    # what is not seen does not leave the house
    seen = tuple(one for one, _rect in arrangement.shown if not is_film(one))
    begin, end = chosen or around(view.session.place().utc_s, time.time())
    window.walls.bring_panel_forward()
    reason, incident_id = view.why
    window.page_keys.begin_export_of(seen if chosen is not None else focused, begin, end, reason, incident_id)


def _fetch(window: MainWindow) -> None:
    """What is to be exported, where that page is seen; what is played, where playback has the keyboard; else what the
    focused camera shows."""
    view, order = window.playback.view, window.panel.offices.exported()
    if order is not None and order.camera_ids and (view is None or not view.has_keyboard):
        begin, end = order.from_utc_s, order.to_utc_s
        window.page_keys.begin_fetch(order.camera_ids[0], begin, max(end, begin + 1.0), order.reason)
        return
    if view is None or not view.has_keyboard:
        moment = window.page_keys.wall_in_use().moment()
        camera_id, (begin, end) = (moment[0], around(moment[1], time.time())) if moment else ("", (0.0, 0.0))
        window.page_keys.begin_fetch(camera_id, begin, end, suggested=True)
        return
    focused = view.wall.arrangement.focused or ""
    chosen = view.chosen_range
    begin, end = chosen or around(view.session.place().utc_s, time.time())
    window.walls.bring_panel_forward()
    camera_id = "" if is_film(focused) else focused
    window.page_keys.begin_fetch(camera_id, begin, end, view.why[0], suggested=chosen is None)


def _page_calls(window: MainWindow) -> Calls:
    pages, panel = window.page_keys, window.panel
    return {
        **{name: partial(pages.enter_office, name) for name in _OFFICE_KEYS},
        "lock": pages.lock,
        "cameras": window.cameras.enter,
        "lookouts": partial(pages.enter_page, panel.lookouts),
        "shelves": partial(pages.enter_page, panel.shelves),
        "records": partial(pages.enter_page, panel.records),
        "keys": partial(pages.enter_page, panel.keys),
    }


def meant(event: QKeyEvent) -> str | None:
    """The action of a letter under a layout in which Qt did not find the shortcut by itself."""
    shifted = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
    if event.modifiers() and not shifted:
        return None
    return name_of_press(event.key(), event.nativeVirtualKey(), shifted=shifted)


def actions_of(window: QWidget, calls: Mapping[str, Callable[[], object]]) -> dict[str, QAction]:
    """An action for every key of the table; a key without a call is a bug and raises KeyError."""
    actions: dict[str, QAction] = {}
    for key in KEYS:
        if key.wall_only:
            continue
        action = QAction(key.meaning, window)
        action.setAutoRepeat(key.repeats)
        action.setShortcuts([QKeySequence(sequence) for sequence in key.sequences])
        action.triggered.connect(partial(_called, calls[key.name]))
        window.addAction(action)
        actions[key.name] = action
    return actions


def absent_of(window: MainWindow, here: Offices) -> frozenset[str]:
    """Keys of offices that this seat has not: a trial wall, or one without recordings."""
    needed = {
        **{name: window.panel.offices.has(name) for name in (*_OFFICE_KEYS, "export", "fetch", "footage_search")},
        **dict.fromkeys(("playback", "playback_case"), here.playback is not None),
        "lock": here.people is not None,
        "package": here.approvals is not None,
    }
    return frozenset(name for name, there in needed.items() if not there)


def fill_menu(
    bar: QMenuBar, actions: dict[str, QAction], about: Callable[[], None], absent: frozenset[str] = frozenset()
) -> None:
    """The menu of the keys that have a place in one; those of `absent` are there, cannot be chosen, and say so."""
    bar.setNativeMenuBar(False)
    menus = {
        _("File"): (*_FILE_MENU, "", "quit"),
        _("View"): (
            *(f"layout_{tiles}" for tiles in STANDARD),
            "layouts",
            "save_view",
            "",
            "next_page",
            "previous_page",
            "overlay",
            "draw",
            "",
            "playback",
            "playback_case",
            "",
            "wall_window",
            "panel",
            "full_screen",
        ),
        _("Help"): ("keys",),
    }
    for title, names in menus.items():
        menu = bar.addMenu(title)
        for name in names:
            if name in absent:
                item = menu.addAction(_("{what}  (not at this seat)").format(what=actions[name].text()))
                item.setEnabled(False)
            elif name:
                menu.addAction(actions[name])
            else:
                menu.addSeparator()
        if title == _("Help"):
            menu.addAction(_("About Watchfloor")).triggered.connect(partial(_called, about))


def _called(call: Callable[[], object], _checked: bool = False) -> None:
    """Call without the `checked` that a triggered action sends."""
    call()
