"""Incidents put into a journal's file directly: many, quickly, without their history."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from storage import schema, search_index
from storage.records import Incident, IncidentState, Severity
from storage.rows import to_row
from storage.statements import insert_into

OPENED_UTC_S = 1_790_000_000.0

SAMPLE = Incident(
    id="i",
    number="2026-000001",
    category_id="theft",
    severity=Severity.MEDIUM,
    state=IncidentState.NEW,
    camera_id="c1",
    opened_utc_s=OPENED_UTC_S,
    version=1,
)


def put_incidents(path: Path, incidents: Iterable[Incident]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        for incident in incidents:
            insert_into(schema.incidents).run(connection, {**to_row(incident, schema.incidents), "revision": 1})
            search_index.update(connection, incident.id)
        connection.execute("COMMIT")
    finally:
        connection.close()


def many(count: int) -> list[Incident]:
    """No two alike, in the order of opening; all columns that filters look at vary independently."""
    words = ("man bicycle", "велосипед нож", "п'ять жінка", "қызыл пышақ")
    states = tuple(IncidentState)
    return [
        replace(
            SAMPLE,
            id=f"{n:032x}",
            number=f"2026-{n:06d}",
            opened_utc_s=OPENED_UTC_S + (n // 2) * 3600.0,  # two at the same moment
            category_id=("theft", "fire", "disorder")[n % 3],
            severity=Severity(1 + n * 7 % 5),
            state=states[n * 5 % len(states)],
            camera_id=f"c{n % 7}",
            place_id=(None, "p1", "p2")[n // 2 % 3],
            district_id=(None, "d1")[n // 3 % 2],
            owner_id=(None, "operator-1", "operator-2")[n // 5 % 3],
            outcome=(None, "found", "false")[n // 7 % 3],
            service_id=(None, "s1")[n // 11 % 2],
            title=words[n % 4],
            restricted=n % 13 == 0,
        )
        for n in range(count)
    ]
