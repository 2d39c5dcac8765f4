"""A made month of 64 cameras for the bench `timeline` and its pictures: recordings index, events, incidents, bookmarks,
stored tracks of the last hours. Only what the timeline reads; made once, kept in the computer's folder for temporary
files, removed by whoever clears that.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage import schema, schema_cases
from storage.case_records import NoteKind
from storage.embedded_journal import open_journal
from storage.footage_records import GapReason, Segment
from storage.records import Box, IncidentState, Role, RuleKind, Severity, new_id
from storage.segments import SegmentIndex
from storage.statements import Value, insert_into
from storage.track_chunks import SeenLook, SeenTrack, pack
from storage.tracks import CHUNK_S, Chunk, TrackStore

VERSION = 2
CAMERAS, DAYS = 64, 30
EVENTS, INCIDENTS, BOOKMARKS = 300_000, 400, 120
END_UTC_S = 1_794_000_000.0
DAY_S = 86_400.0
BEGIN_UTC_S = END_UTC_S - DAYS * DAY_S
SEGMENT_S = 600.0
TRACKED, TRACKED_S = 8, 6 * 3600.0
OPERATOR = "operator-1"
PLACES = ("Main gate", "Station, buses", "Park, north", "Bridge, west", "School yard", "Market", "Depot", "Quay")


@dataclass(frozen=True, slots=True)
class MadeSite:
    """Where its files are."""

    folder: Path

    @property
    def index(self) -> Path:
        """The recordings index."""
        return self.folder / "footage.db"

    @property
    def journal(self) -> Path:
        """The journal, without history."""
        return self.folder / "journal" / "journal.db"

    @property
    def tracks(self) -> Path:
        """Stored tracks."""
        return self.folder / "tracks.db"


def camera_ids() -> tuple[str, ...]:
    """In the order of their numbers."""
    return tuple(f"c{number:03}" for number in range(1, CAMERAS + 1))


def made_site() -> MadeSite:
    """The month; made when it is not there."""
    site = MadeSite(Path(tempfile.gettempdir()) / "watchfloor-bench-timeline" / f"v{VERSION}")
    done = site.folder / "done"
    if not done.exists():
        shutil.rmtree(site.folder, ignore_errors=True)
        site.folder.mkdir(parents=True)
        _fill_index(site.index)
        _fill_journal(site.journal)
        _fill_tracks(site.tracks)
        done.touch()
    return site


def _fill_index(path: Path) -> None:
    index = SegmentIndex(path)
    rng = random.Random(5)
    for number, camera_id in enumerate(camera_ids()):
        for reason, begin, end in _runs(number, rng):
            first, *rest = _segments(camera_id, begin, end)
            index.begin(first, reason)
            index.adopt(rest)
    index.close()


def _runs(number: int, rng: random.Random) -> Iterator[tuple[GapReason, float, float]]:
    """Why there was nothing before it, begin and end of a time that is recorded."""
    at, reason = BEGIN_UTC_S, GapReason.UNKNOWN
    if number % 16 == 15:  # recorded in office hours
        for day in range(DAYS):
            yield GapReason.NOT_PLANNED, at + day * DAY_S + 8 * 3600.0, at + day * DAY_S + 18 * 3600.0
        return
    while at < END_UTC_S:
        lasts_s = rng.expovariate(1 / (DAY_S * (0.6 if number % 9 == 4 else 6)))
        end = min(at + max(lasts_s, SEGMENT_S), END_UTC_S)
        if number % 5 == 2 and at < BEGIN_UTC_S + 19.4 * DAY_S <= end:  # a disk was full for half a night
            yield reason, at, BEGIN_UTC_S + 19.4 * DAY_S
            reason, at = GapReason.DISK_FULL, BEGIN_UTC_S + 19.8 * DAY_S
            continue
        yield reason, at, end
        reason = rng.choices(list(_REASONS), list(_REASONS.values()))[0]
        at = end + rng.choice((20.0, 300.0, 3000.0, 5 * 3600.0))


_REASONS = {GapReason.NO_SIGNAL: 8, GapReason.STOPPED: 1, GapReason.TOO_SLOW: 1, GapReason.UNKNOWN: 1}


def _segments(camera_id: str, begin: float, end: float) -> list[Segment]:
    found = []
    while begin < end:
        until = min(begin + SEGMENT_S, end)
        name = f"{camera_id}-{begin:.0f}"
        found.append(Segment(name, camera_id, f"/made/{name}.mp4", begin, until, 1_000_000, "h264", 1920, 1080, "0"))
        begin = until
    return found


def _fill_journal(path: Path) -> None:
    open_journal(path).close()
    rng = random.Random(7)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN")
        for table, rows in (
            (schema.operators, [_operator()]),
            (schema.cameras, [_camera(number, one) for number, one in enumerate(camera_ids(), 1)]),
            (schema.events, [_event(rng) for _ in range(EVENTS)]),
            (schema.incidents, [_incident(number, rng) for number in range(INCIDENTS)]),
            (schema_cases.notes, [_note(rng) for _ in range(BOOKMARKS)]),
        ):
            empty: dict[str, Value] = {str(column.name): None for column in table.columns}
            insert_into(table).run_many(connection, [{**empty, **row} for row in rows])
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _operator() -> dict[str, Value]:
    return {"id": OPERATOR, "name": "Ann", "role": Role.OPERATOR, "retired": 0, "revision": 1}


def _camera(number: int, camera_id: str) -> dict[str, Value]:
    name = f"{PLACES[number % len(PLACES)]} {number}"
    row: dict[str, Value] = {"id": camera_id, "number": number, "name": name, "main_url": "made://", "revision": 1}
    return {**row, "restricted": 0, "retired": 0}


def _event(rng: random.Random) -> dict[str, Value]:
    """More by day than by night, and at some cameras than at others."""
    day, hour = rng.randrange(DAYS), rng.choices(range(24), _BY_HOUR)[0]
    utc_s = BEGIN_UTC_S + day * DAY_S + (hour + rng.random()) * 3600.0
    camera = camera_ids()[min(int(rng.expovariate(1 / 14)), CAMERAS - 1)]
    severity = rng.choices(list(Severity), (60, 30, 9, 0.9, 0.02))[0]
    return {
        "id": new_id(utc_s), "camera_id": camera, "rule_id": "r", "kind": RuleKind.INTRUSION, "severity": int(severity),
        "utc_s": utc_s, "since_utc_s": utc_s, "track_id": 1, "label": "person", "score": 0.8, "x1": 0.1, "y1": 0.1,
        "x2": 0.2, "y2": 0.2, "detector": "", "pts_s": 0.0, "alarm_id": "a",
    }  # fmt: skip


_BY_HOUR = [1, 1, 1, 1, 1, 2, 4, 8, 9, 8, 8, 9, 9, 8, 8, 8, 9, 9, 8, 6, 5, 4, 3, 2]


def _incident(number: int, rng: random.Random) -> dict[str, Value]:
    utc_s = rng.uniform(BEGIN_UTC_S, END_UTC_S)
    return {
        "id": new_id(utc_s), "number": f"2026-{number + 1:06}", "category_id": "intrusion",
        "severity": int(rng.choice((2, 3, 3, 4, 5))), "state": IncidentState.CLOSED,
        "camera_id": rng.choice(camera_ids()), "opened_utc_s": utc_s, "version": 1, "note": "", "restricted": 0,
        "revision": 1, "source": "alarm", "happened_utc_s": utc_s - rng.choice((0.0, 90.0)),
    }  # fmt: skip


def _note(rng: random.Random) -> dict[str, Value]:
    utc_s = rng.uniform(BEGIN_UTC_S, END_UTC_S)
    kind = rng.choice((NoteKind.MARK, NoteKind.BOOKMARK))
    row: dict[str, Value] = {"id": new_id(utc_s), "kind": kind, "at_utc_s": utc_s, "actor_id": OPERATOR, "version": 1}
    return {**row, "text": "white van", "camera_id": rng.choice(camera_ids()), "utc_s": utc_s, "revision": 1}


def _fill_tracks(path: Path) -> None:
    store, rng = TrackStore(path), random.Random(9)
    for camera_id in camera_ids()[:TRACKED]:
        begin = END_UTC_S - TRACKED_S
        chunks = []
        while begin < END_UTC_S:
            looks = [SeenLook(begin + n, _seen(rng, begin + n)) for n in range(int(CHUNK_S))]
            chunks.append(Chunk(camera_id, begin, looks[-1].utc_s, len(looks), pack(looks)))
            begin += CHUNK_S
        store.write(chunks)
    store.close()


def _seen(rng: random.Random, utc_s: float) -> tuple[SeenTrack, ...]:
    count = max(int(rng.gauss(0.0, 1.0) + (utc_s // 1800 % 3)), 0)
    return tuple(SeenTrack(n, Box(0.1, 0.1, 0.2, 0.4), "person", 0.8, utc_s, utc_s) for n in range(count))
