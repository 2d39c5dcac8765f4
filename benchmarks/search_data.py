"""A journal file with made incidents for the benches `search` and `scroll`: five years of a city, four languages.

Only what the queries read: incidents, places, grants and the text index, without history. Made once, kept in the
computer's folder for temporary files, removed by whoever clears that.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from storage import schema, search_index
from storage.columns import metadata
from storage.embedded_journal import open_journal
from storage.migrations import CATEGORIES, OUTCOMES
from storage.records import IncidentState, Severity
from storage.statements import DIALECT, Value, create_indexes_sql, create_sql, insert_into

VERSION = 1
END_UTC_S = 1_790_000_000.0
SPAN_S = 5 * 365 * 86400.0
BYTES_PER_ROW = 1600
CAMERAS, PLACES, DISTRICTS, OPERATORS, SERVICES = 2000, 3000, 20, 120, 30

WORDS = {
    "en": "man woman group near bicycle stolen entrance station red jacket knife ran away north "
    "patrol informed camera shows vehicle left window broken parking child found mother unknown object",
    "ru": "мужчина женщина группа возле велосипед похищен вход станция красная куртка нож убежал север "
    "патруль сообщено камера видно автомобиль уехал окно разбито стоянка ребёнок найден мать неизвестный",
    "uk": "чоловік жінка група біля велосипед викрадено вхід станція червона куртка ніж утік північ "
    "патруль повідомлено камера видно автівка поїхала вікно розбито п'ять дитина знайдена об'єкт їхав",
    "kk": "ер әйел топ жанында велосипед ұрланды кіреберіс бекет қызыл күрте пышақ қашты солтүстік "
    "патруль хабарланды камера көрсетеді көлік кетті терезе сынды тұрақ бала табылды анасы белгісіз ғимарат",
}
_SYLLABLES = {
    "en": "ba con der el fra gor hin jul ker lom nat per",
    "ru": "ба кон дер ель фра гор хин жул кер лом нат пер",
    "uk": "ба кон дер єль фра гір хин жул ків лом нат пер",
    "kk": "ба қон дер әль ңра гүр һин жұл кер лөм нат ғер",
}
_BATCH = 20_000
_STATES = (*[s.value for s in IncidentState if s is not IncidentState.CLOSED],)


def made_journal(rows: int) -> Path:
    """The path of a journal with so many incidents; made when it is not there."""
    folder = Path(tempfile.gettempdir()) / "watchfloor-bench-search"
    path = folder / f"v{VERSION}-{rows}" / "journal.db"
    done = path.with_suffix(".done")
    if not done.exists():
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir(parents=True)
        if shutil.disk_usage(folder).free < rows * BYTES_PER_ROW * 2:
            raise OSError(f"not enough room in {folder} for {rows} incidents")
        open_journal(path).close()
        _fill(path, rows)
        done.touch()
    _bring_forward(path)
    return path


def _bring_forward(path: Path) -> None:
    """Tables, columns and indexes that the schema got since the file was made: it is kept for many versions of ours."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for table in metadata.sorted_tables:
            there = {row[1] for row in connection.execute(f"PRAGMA table_info({table.name})")}
            missing = [] if there else list(create_sql(table))
            for column in table.columns if there else ():
                if column.name not in there:
                    kind = column.type.compile(dialect=DIALECT)
                    missing.append(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}")
            for statement in (*missing, *create_indexes_sql(schema.incidents)):
                connection.execute(statement)


def _fill(path: Path, rows: int) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        for index in schema.incidents.indexes:
            connection.execute(f"DROP INDEX {index.name}")
        connection.execute("BEGIN")
        _put_places(connection)
        insert = insert_into(schema.incidents)
        doc = "INSERT INTO search_docs (incident_id, body) VALUES (?, ?)"
        for batch in _batches(rows):
            connection.executemany(insert.sql, [insert.values(row) for row in batch])
            connection.executemany(doc, [(row["id"], search_index.folded(_text(row))) for row in batch])
        connection.execute("COMMIT")
        for statement in create_indexes_sql(schema.incidents):
            connection.execute(statement)
        connection.execute("INSERT INTO search (search) VALUES ('rebuild')")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _text(row: dict[str, Value]) -> str:
    return "\n".join(str(row[name]) for name in ("number", "title", "address", "place_id", "note"))


def _put_places(connection: sqlite3.Connection) -> None:
    """Registry rows that the queries join or the views name."""
    names = {str(t.name) for t in metadata.sorted_tables}
    assert {"places", "districts"} <= names
    for n in range(DISTRICTS):
        row: dict[str, Value] = {"id": f"district-{n}", "name": f"District {n}", "retired": 0, "revision": 1}
        insert_into(schema.districts).run(connection, row)
    for n in range(PLACES):
        row = {
            "id": f"place-{n:05d}", "name": f"Place {n}", "address": f"Abay street {n}", "retired": 0, "revision": 1,
            "district_id": f"district-{n % DISTRICTS}", "latitude_deg": None, "longitude_deg": None, "kind": "street",
        }  # fmt: skip
        insert_into(schema.places).run(connection, row)


def _batches(rows: int) -> Iterator[list[dict[str, Value]]]:
    rng = random.Random(7)
    vocabulary = {code: _vocabulary(code, rng) for code in WORDS}
    empty: dict[str, Value] = {str(c.name): None for c in schema.incidents.columns}
    batch = []
    for n in range(rows):
        batch.append({**empty, **_incident(n, rows, rng, vocabulary)})
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


def _vocabulary(code: str, rng: random.Random) -> list[str]:
    """Common words first; then 20,000 made ones, so that the index has as many terms as a real one."""
    parts = _SYLLABLES[code].split()
    made = {"".join(rng.choices(parts, k=rng.randint(2, 5))) for _ in range(20_000)}
    return [*WORDS[code].split(), *sorted(made)]


def _words(vocabulary: list[str], rng: random.Random, count: int) -> str:
    """Zipf-like: the first words are in every few texts, the last in hardly any."""
    last = len(vocabulary)
    return " ".join(vocabulary[int(last ** rng.random()) - 1] for _ in range(count))


def _incident(n: int, rows: int, rng: random.Random, vocabulary: dict[str, list[str]]) -> dict[str, Value]:
    opened_utc_s = END_UTC_S - SPAN_S + n * SPAN_S / rows
    recent = n > rows - 2000
    closed = not recent or rng.random() < 0.7
    place = int(rng.random() ** 2 * PLACES)
    words = vocabulary[rng.choice(("en", "ru", "uk", "kk"))]
    severity = rng.choices(tuple(Severity), (10, 25, 50, 12, 3))[0]
    outcome = rng.choices(OUTCOMES, (8, 10, 15, 7, 20, 40))[0].id
    return {
        "id": _id(opened_utc_s, rng),
        "number": f"{time.gmtime(opened_utc_s).tm_year}-{n:07d}",
        "category_id": CATEGORIES[int(rng.random() ** 2 * len(CATEGORIES))].id,
        "severity": int(severity),
        "state": "closed" if closed else rng.choice(_STATES),
        "camera_id": f"camera-{int(rng.random() ** 2 * CAMERAS):05d}",
        "opened_utc_s": opened_utc_s,
        "version": 3,
        "place_id": f"place-{place:05d}",
        "district_id": f"district-{place % DISTRICTS}",
        "owner_id": f"operator-{rng.randrange(OPERATORS)}",
        "outcome": outcome if closed else None,
        "service_id": f"service-{rng.randrange(SERVICES)}" if rng.random() < 0.6 else None,
        "note": _words(words, rng, 14),
        "title": _words(words, rng, 4),
        "address": f"Abay street {place}",
        "restricted": int(rng.random() < 0.002),
        "source": "alarm",
        "currency": "",
        "happened_utc_s": opened_utc_s - 5,
        "closed_utc_s": opened_utc_s + 3600 if closed else None,
        "revision": 3,
    }


def _id(utc_s: float, rng: random.Random) -> str:
    """A UUIDv7 as `records.new_id` makes it, from this generator's randomness."""
    low = rng.getrandbits(74)
    return f"{int(utc_s * 1000) << 80 | 7 << 76 | (low >> 62) << 64 | 2 << 62 | low & ((1 << 62) - 1):032x}"
