"""Every key of the wall in one table, which makes the shortcuts, the key sheet and the README's table.

No Qt objects: sequences are Qt's portable texts ("Ctrl+Z"). Digits call cameras up, so layouts have Alt.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.i18n import _, marked

_LAST_ASCII = 0x7F
_WINDOWS_SIGNS = {0xBB: "=", 0xBC: ",", 0xBD: "-", 0xBE: ".", 0xDB: "[", 0xDD: "]"}


class KeyGroup(StrEnum):
    """Headings of the key sheet."""

    WALL = marked("Wall")
    TILE = marked("Focused tile")
    ZONES = marked("Drawing on a picture")
    REPLAY = marked("Replay")
    PLAYBACK = marked("Playback of several cameras")
    ALARMS = marked("Alarms")
    INCIDENT = marked("Incident")
    WINDOW = marked("Window")


@dataclass(frozen=True, slots=True)
class Key:
    """One action: `name` is what the window connects, `sequences` are its keys, `text` is English source text.

    With `wall_only` the wall's own key handler takes it when it has the focus; no window shortcut is made. A key held
    down acts once, unless it `repeats`: nobody shall acknowledge a whole queue by leaning on the space bar."""

    name: str
    group: KeyGroup
    sequences: tuple[str, ...]
    text: str
    wall_only: bool = False
    shown: str = ""
    repeats: bool = False

    @property
    def label(self) -> str:
        """The keys as the sheet shows them."""
        return self.shown or " / ".join(self.sequences)

    @property
    def meaning(self) -> str:
        """What it does, translated."""
        return _(self.text)


KEYS: tuple[Key, ...] = (
    Key("call_up", KeyGroup.WALL, (), marked("Put that camera into the focused tile"), True, "0-9, Enter"),
    Key("move", KeyGroup.WALL, (), marked("Move the focus"), True, "← ↑ → ↓"),
    Key("cameras", KeyGroup.WALL, ("Ctrl+F",), marked("List of cameras: type, Enter into the tile, Space beside")),
    Key("enlarge", KeyGroup.WALL, (), marked("Enlarge the focused tile, and back"), True, "Enter"),
    Key("back", KeyGroup.WALL, ("Esc",), marked("Back: entry, replay, zoom, enlarged tile, panel, full screen"), True),
    Key("layout_1", KeyGroup.WALL, ("Alt+1",), marked("One tile")),
    Key("layout_4", KeyGroup.WALL, ("Alt+2",), marked("4 tiles")),
    Key("layout_9", KeyGroup.WALL, ("Alt+3",), marked("9 tiles")),
    Key("layout_16", KeyGroup.WALL, ("Alt+4",), marked("16 tiles")),
    Key("layouts", KeyGroup.WALL, ("Y",), marked("Layouts to 64 tiles and saved views, by their sign")),
    Key("save_view", KeyGroup.WALL, ("Shift+Y",), marked("Save the wall as a view, with a name")),
    Key("exchange", KeyGroup.WALL, (), marked("Change places with the tile on that side"), True, "Shift+← ↑ → ↓"),
    Key("merge_cells", KeyGroup.WALL, (), marked("Grow the tile over the one on that side"), True, "Alt+Shift+← ↑ → ↓"),
    Key("split_cell", KeyGroup.WALL, ("Shift+Enter",), marked("Split a grown tile again"), True),
    Key("wall_back", KeyGroup.WALL, ("Backspace",), marked("Undo the last change of the wall"), True),
    Key("next_page", KeyGroup.WALL, ("PgDown",), marked("Next page of cameras"), repeats=True),
    Key("previous_page", KeyGroup.WALL, ("PgUp",), marked("Previous page of cameras"), repeats=True),
    Key("alarm_layout", KeyGroup.WALL, ("Alt+A",), marked("12 tiles beside a column of alarm tiles")),
    Key("hot_spot_layout", KeyGroup.WALL, ("Alt+H",), marked("The focused camera large, 12 tiles around it")),
    Key("attention_layout", KeyGroup.WALL, ("Alt+V",), marked("8 tiles and one for what was looked at least")),
    Key("tour", KeyGroup.WALL, ("Shift+G",), marked("Tour: start, pause, go on (Esc ends it)")),
    Key("tour_next", KeyGroup.WALL, ("Shift+N",), marked("Next stop of the tour"), repeats=True),
    Key("tour_choose", KeyGroup.WALL, ("Ctrl+G",), marked("Choose what the tour shows")),
    Key("debts", KeyGroup.WALL, ("Shift+A",), marked("What you have not looked at for longest")),
    Key("overlay", KeyGroup.WALL, ("O",), marked("Boxes and zones on or off")),
    Key("zoom_in", KeyGroup.TILE, ("+", "="), marked("Nearer (also Ctrl+wheel)"), repeats=True),
    Key("zoom_out", KeyGroup.TILE, ("-",), marked("Further"), repeats=True),
    Key("pan_left", KeyGroup.TILE, ("Ctrl+Left",), marked("Move the part that is seen to the left"), repeats=True),
    Key("pan_right", KeyGroup.TILE, ("Ctrl+Right",), marked("Move the part that is seen to the right"), repeats=True),
    Key("pan_up", KeyGroup.TILE, ("Ctrl+Up",), marked("Move the part that is seen up"), repeats=True),
    Key("pan_down", KeyGroup.TILE, ("Ctrl+Down",), marked("Move the part that is seen down"), repeats=True),
    Key("whole", KeyGroup.TILE, ("Z",), marked("The whole picture again (also Esc)")),
    Key("turn", KeyGroup.TILE, ("Q",), marked("Turn by a quarter")),
    Key("mirror", KeyGroup.TILE, ("Shift+Q",), marked("Mirror")),
    Key("fill", KeyGroup.TILE, ("Shift+Z",), marked("Fill the tile, or show the whole picture")),
    Key("high", KeyGroup.TILE, ("Shift+F",), marked("Main stream whatever the tile's size, or by its size again")),
    Key("unmask", KeyGroup.TILE, ("U",), marked("Lift the privacy mask for 30 minutes, or give it back")),
    Key("snapshot", KeyGroup.TILE, ("Shift+S",), marked("Save the picture, with a reason")),
    Key("copy", KeyGroup.TILE, ("Ctrl+C",), marked("Copy the picture, with a reason")),
    Key("draw", KeyGroup.TILE, ("Shift+O",), marked("Draw zones, lines, privacy masks, people's height")),
    Key("zone_next", KeyGroup.ZONES, (), marked("Next point, the one before"), True, "Tab, Shift+Tab"),
    Key("zone_move", KeyGroup.ZONES, (), marked("Move it by 1 pixel, with Shift by 10"), True, "← ↑ → ↓"),
    Key("zone_shift", KeyGroup.ZONES, (), marked("Move the whole, with Shift by 10"), True, "Alt+← ↑ → ↓"),
    Key("zone_add", KeyGroup.ZONES, (), marked("A point more, the chosen one out"), True, "Ins, Del"),
    Key("zone_undo", KeyGroup.ZONES, (), marked("Undo, redo in the drawing"), True, "Ctrl+Z, Ctrl+Y"),
    Key("zone_name", KeyGroup.ZONES, (), marked("Name it, copy it to cameras"), True, "Ctrl+N, Ctrl+C"),
    Key("zone_turn", KeyGroup.ZONES, (), marked("Turn a line round"), True, "Ctrl+T"),
    Key("zone_remove", KeyGroup.ZONES, (), marked("Take it out of use"), True, "Ctrl+Del"),
    Key("zone_save", KeyGroup.ZONES, (), marked("Save; leave it half drawn (Ctrl+Z goes on)"), True, "Enter, Esc"),
    Key("replay", KeyGroup.REPLAY, ("R",), marked("Replay the focused camera from −10, −30, −60 s")),
    Key(
        "record_now",
        KeyGroup.REPLAY,
        ("Shift+R",),
        marked("Record the focused camera for 5 minutes"),
    ),
    Key("replay_pause", KeyGroup.REPLAY, ("K",), marked("Pause the replay, and go on")),
    Key("replay_back", KeyGroup.REPLAY, (",",), marked("One frame back"), repeats=True),
    Key("replay_on", KeyGroup.REPLAY, (".",), marked("One frame on"), repeats=True),
    Key("replay_slower", KeyGroup.REPLAY, ("[",), marked("Half the speed, down to 1/4")),
    Key("replay_faster", KeyGroup.REPLAY, ("]",), marked("Double the speed, up to 4")),
    Key(
        "playback",
        KeyGroup.PLAYBACK,
        ("F10",),
        marked("Play the wall's cameras from 1 minute ago; keyboard there and back"),
    ),
    Key("playback_case", KeyGroup.PLAYBACK, ("Shift+F10",), marked("Play from the time of the alarm or incident")),
    Key("play", KeyGroup.PLAYBACK, ("K", "Space"), marked("Play, pause"), True),
    Key("play_back", KeyGroup.PLAYBACK, ("J",), marked("Backwards; again: twice as fast"), True),
    Key("play_on", KeyGroup.PLAYBACK, ("L",), marked("Forwards; again: twice as fast"), True),
    Key("frame_back", KeyGroup.PLAYBACK, (",",), marked("One frame back"), True, repeats=True),
    Key("frame_on", KeyGroup.PLAYBACK, (".",), marked("One frame on"), True, repeats=True),
    Key("play_slower", KeyGroup.PLAYBACK, ("[",), marked("Half the speed, down to 1/8"), True),
    Key("play_faster", KeyGroup.PLAYBACK, ("]",), marked("Double the speed, up to 16"), True),
    Key("minute_back", KeyGroup.PLAYBACK, ("PgUp",), marked("1 minute back"), True, repeats=True),
    Key("minute_on", KeyGroup.PLAYBACK, ("PgDown",), marked("1 minute on"), True, repeats=True),
    Key("seconds_back", KeyGroup.PLAYBACK, ("Shift+PgUp",), marked("10 seconds back"), True, repeats=True),
    Key("seconds_on", KeyGroup.PLAYBACK, ("Shift+PgDown",), marked("10 seconds on"), True, repeats=True),
    Key("event_next", KeyGroup.PLAYBACK, ("N",), marked("Next event of these cameras"), True, repeats=True),
    Key("event_before", KeyGroup.PLAYBACK, ("Shift+N",), marked("Event before"), True, repeats=True),
    Key("to_time", KeyGroup.PLAYBACK, ("Ctrl+T",), marked("To a time: 18:00, yesterday 18:00, -10m"), True),
    Key("to_day", KeyGroup.PLAYBACK, ("D",), marked("To a day: a calendar of what is recorded"), True),
    Key("range_begin", KeyGroup.PLAYBACK, ("<", "Shift+<"), marked("A time to export begins here"), True, "<"),
    Key("range_end", KeyGroup.PLAYBACK, (">", "Shift+>"), marked("It ends here; Ctrl+E exports it"), True, ">"),
    Key("to_now", KeyGroup.PLAYBACK, ("End",), marked("To the newest"), True),
    Key("to_oldest", KeyGroup.PLAYBACK, ("Home",), marked("To the oldest"), True),
    Key("film_clock", KeyGroup.PLAYBACK, ("S",), marked("Hold a film from elsewhere; again: it is this moment"), True),
    Key("shown_walls", KeyGroup.PLAYBACK, ("W",), marked("What the walls showed at that time, on or off"), True),
    Key(
        "playback_tiles",
        KeyGroup.PLAYBACK,
        (),
        marked("As on the wall: camera, focus, layout, zoom, boxes, mask, picture; incident, mark"),
        True,
        "0-9, arrows, Enter, Alt+1-4, + − Z Q O U ⇧S; E M B",
    ),
    Key("playback_leave", KeyGroup.PLAYBACK, (), marked("Back step by step, then to the live wall"), True, "Esc"),
    Key("playback_close", KeyGroup.PLAYBACK, ("Ctrl+W", "Shift+Esc"), marked("Close the playback"), True),
    Key(
        "acknowledge",
        KeyGroup.ALARMS,
        ("Space",),
        marked("Acknowledge: the selected row, else the most severe and newest, else a new incident"),
    ),
    Key("alarms", KeyGroup.ALARMS, ("A",), marked("Go to the alarm queue")),
    Key("alarm_camera", KeyGroup.ALARMS, ("G",), marked("Show the alarm's camera on the wall")),
    Key("open_incident", KeyGroup.ALARMS, ("N",), marked("Make the alarm an incident")),
    Key("join_incident", KeyGroup.ALARMS, ("J",), marked("Join the alarm to the incident in the panel")),
    Key("false_alarm", KeyGroup.ALARMS, ("X",), marked("False alarm")),
    Key("shelve", KeyGroup.ALARMS, ("Shift+X",), marked("Shelve: out of the queue for a time, with a reason")),
    Key("shelves", KeyGroup.ALARMS, ("Shift+L",), marked("What is shelved: who, why, until; give it back")),
    Key("clear_flood", KeyGroup.ALARMS, ("Shift+C",), marked("What a flood left to clear, and back to all alarms")),
    Key("mute", KeyGroup.ALARMS, ("Ctrl+M",), marked("No sound until the next alarm of severity 5")),
    Key(
        "pursue",
        KeyGroup.INCIDENT,
        ("Ins", "Shift+Space"),
        marked("This is it: pin, record, enter; arrows follow"),
    ),
    Key("enter", KeyGroup.INCIDENT, ("E",), marked("New incident on the focused camera, at the frame's time")),
    Key("mark", KeyGroup.INCIDENT, ("M",), marked("Mark this moment now, its words later")),
    Key("mark_words", KeyGroup.INCIDENT, ("Shift+M",), marked("Words for the oldest mark")),
    Key("bookmark", KeyGroup.INCIDENT, ("B",), marked("Bookmark this moment with a word")),
    Key("incident", KeyGroup.INCIDENT, ("I",), marked("Go to the incidents")),
    Key("take", KeyGroup.INCIDENT, ("T",), marked("Acknowledge: I handle it")),
    Key("verify", KeyGroup.INCIDENT, ("V",), marked("Verified: I looked and it is so")),
    Key("close", KeyGroup.INCIDENT, ("C",), marked("Close: the outcome's letter, a note if there is one, Enter")),
    Key("hand_over", KeyGroup.INCIDENT, ("H",), marked("Hand over: the service's letter, a word, Enter")),
    Key("answer", KeyGroup.INCIDENT, ("Shift+H",), marked("The service's answer: accepted, on scene, done, refused")),
    Key("resolve", KeyGroup.INCIDENT, ("S",), marked("Resolved: the matter itself is over")),
    Key("note", KeyGroup.INCIDENT, ("W",), marked("Write a note")),
    Key("step", KeyGroup.INCIDENT, ("D",), marked("A step of the procedure: done, or skipped and why")),
    Key("category", KeyGroup.INCIDENT, ("Shift+E",), marked("Correct the category")),
    Key("damage", KeyGroup.INCIDENT, ("Shift+D",), marked("Damage in money")),
    Key("participant", KeyGroup.INCIDENT, ("Shift+P",), marked("Who took part")),
    Key("take_over", KeyGroup.INCIDENT, ("Shift+T",), marked("Take it over from whoever has it")),
    Key("merge", KeyGroup.INCIDENT, ("Shift+J",), marked("Merge into another incident: the same thing")),
    Key("link", KeyGroup.INCIDENT, ("Shift+I",), marked("Link with another incident")),
    Key("package", KeyGroup.INCIDENT, ("Ctrl+P",), marked("Evidence package of the incident")),
    Key("export", KeyGroup.INCIDENT, ("Ctrl+E",), marked("Export recordings: a time, cameras, films and stills")),
    Key("exhibits", KeyGroup.INCIDENT, ("Alt+E",), marked("Files of the incident: Enter plays or shows one")),
    Key("foreign", KeyGroup.INCIDENT, ("Alt+I",), marked("Take a witness's file into the incident")),
    Key("fetch", KeyGroup.INCIDENT, ("Alt+G",), marked("Fetch footage from the camera's recorder: a gap, or a case")),
    Key("report", KeyGroup.INCIDENT, ("P",), marked("Write the PDF report")),
    Key("undo", KeyGroup.INCIDENT, ("Ctrl+Z",), marked("Undo: false alarm, closure, hand-over, resolved")),
    Key("journal", KeyGroup.WINDOW, ("F",), marked("Find in the journal")),
    Key("footage_search", KeyGroup.WINDOW, ("Alt+F",), marked("Search recordings: motion, events, stored tracks")),
    Key("login", KeyGroup.WINDOW, ("F2",), marked("Sign in, out, change the password")),
    Key("shift", KeyGroup.WINDOW, ("F3",), marked("Shift: seat test, briefing, hand-over")),
    Key("disclosures", KeyGroup.WINDOW, ("F4",), marked("Requests of authorities, from letter to label")),
    Key("reports", KeyGroup.WINDOW, ("Alt+P",), marked("Reports: day, shift, any time, incident; look, then write")),
    Key("approvals", KeyGroup.WINDOW, ("F5",), marked("Approvals by a second person, emergency use, packages")),
    Key("lock", KeyGroup.WINDOW, ("Ctrl+L",), marked("Lock the seat: the picture stays")),
    Key("lookouts", KeyGroup.WINDOW, ("L",), marked("Lookouts: what everybody looks for")),
    Key("records", KeyGroup.WINDOW, ("Ctrl+R",), marked("Records of the site: categories, services, deadlines")),
    Key("import", KeyGroup.WINDOW, ("Ctrl+I",), marked("Take cameras over: a list, Frigate, go2rtc, MediaMTX")),
    Key("health", KeyGroup.WINDOW, ("F8",), marked("Health of the cameras, worst first")),
    Key("models", KeyGroup.WINDOW, ("Shift+F8",), marked("Detection models: measure, choose, take in")),
    Key("noise", KeyGroup.WINDOW, ("F12",), marked("The noisiest cameras and rules of the last 7 days")),
    Key("wall_window", KeyGroup.WINDOW, ("F6",), marked("Another wall window, on the next monitor")),
    Key("move_window", KeyGroup.WINDOW, ("Shift+F6",), marked("This wall window to the next monitor")),
    Key("next_window", KeyGroup.WINDOW, ("F7",), marked("Keyboard to the next wall window")),
    Key("close_window", KeyGroup.WINDOW, ("Ctrl+W",), marked("Close this wall window")),
    Key("keys", KeyGroup.WINDOW, ("F1", "?"), marked("This list of keys")),
    Key("panel", KeyGroup.WINDOW, ("F9",), marked("Panel on or off")),
    Key("full_screen", KeyGroup.WINDOW, ("F11",), marked("Full screen")),
    Key("quit", KeyGroup.WINDOW, ("Ctrl+Q",), marked("Quit")),
)


def key(name: str) -> Key:
    """The key of an action. Raises KeyError."""
    return next(k for k in KEYS if k.name == name)


def latin_letter(code: int, native: int) -> str:
    """The letter that is printed on a key: `code` is Qt's key; under a Cyrillic layout Windows says the letter only in
    the native virtual key (X11 finds the Latin one by itself). Empty for other keys."""
    for candidate in (code, native if code > _LAST_ASCII else 0):
        if ord("A") <= candidate <= ord("Z"):
            return chr(candidate)
    return ""


def name_of_press(code: int, native: int, *, shifted: bool = False, group: KeyGroup | None = None) -> str | None:
    """The action of a key that is one letter or sign, with Shift or without, under another layout too: of the window,
    or of those that a group has where it has the keyboard."""
    letter = latin_letter(code, native)
    sign = _WINDOWS_SIGNS.get(native, "") if code > _LAST_ASCII else ""
    printed = (f"Shift+{letter}" if letter else "") if shifted else letter or sign
    asked = (k for k in KEYS if (k.group is group if group is not None else not k.wall_only))
    return next((k.name for k in asked if printed and printed in k.sequences), None)


def markdown() -> str:
    """The table of the README."""
    rows = [f"| {k.label} | {k.meaning} |" for k in KEYS]
    return "\n".join(["| Key | What it does |", "|---|---|", *rows]) + "\n"
