"""Full-text index of incidents and their notes. Derived from facts, rebuilt at will, no fact itself.

`search_docs` keeps for every incident a document number that grows in the order of writing (an incident's own rowid may
change when the file is vacuumed) and the text as it was indexed: FTS5 must be told that very text to take it out again.
`search` is the FTS5 index over it. Writer thread only, in the transaction of the facts; readers are in `search`.

A place renamed later is found by its new name only after the incident's next change, or after `rebuild`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from storage.driver import Connection

LONGEST_TEXT = 200_000
"""Characters of one incident that are indexed (its notes together); the rest is stored, not searched."""

CREATE: tuple[str, ...] = (
    "CREATE TABLE search_docs (doc INTEGER PRIMARY KEY, incident_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL)",
    "CREATE VIRTUAL TABLE search USING fts5(body, content='search_docs', content_rowid='doc', columnsize=0,"
    " prefix='2 3', tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co Mn'\")",
)
"""What step 0003 makes. Mn: a combining mark belongs to its letter."""

_TEXTS = (
    "SELECT i.id, i.number, i.title, i.address, p.name, p.address, i.note,"
    " (SELECT group_concat(n.text, char(10)) FROM notes n WHERE n.incident_id = i.id)"
    " FROM incidents i LEFT JOIN places p ON p.id = i.place_id"
)
_OF_ONE = f"{_TEXTS} WHERE i.id = ?"
_OF_ALL = f"{_TEXTS} ORDER BY i.opened_utc_s, i.rowid"
_KNOWN = "SELECT doc, body FROM search_docs WHERE incident_id = ?"
_TAKE_OUT = "INSERT INTO search (search, rowid, body) VALUES ('delete', ?, ?)"
_PUT_IN = "INSERT INTO search (rowid, body) VALUES (?, ?)"
_BATCH = 1000

_APOSTROPHE = re.compile(r"(?<=[Ѐ-ӿ])['`’‘′](?=[Ѐ-ӿ])")
_LETTERS = str.maketrans({"ё": "е", "Ё": "Е", "\0": " "})


def folded(text: str) -> str:
    """Text as it is indexed and asked for: composed letters, ё as е, a Cyrillic word's apostrophe as its letter.

    (U+02BC is a letter to the tokenizer; the other apostrophes would cut the word in two.)"""
    return _APOSTROPHE.sub("ʼ", unicodedata.normalize("NFC", text)).translate(_LETTERS)


def update(connection: Connection, *incident_ids: str) -> None:
    """Index these incidents as the facts are now; what is gone from the facts goes from the index."""
    for incident_id in incident_ids:
        row = connection.execute(_OF_ONE, (incident_id,)).fetchone()
        body = None if row is None else _body(row)
        known = connection.execute(_KNOWN, (incident_id,)).fetchone()
        if known is not None and known[1] == body:
            continue
        if known is not None:
            _take_out(connection, *known)
        if body is not None:
            # A changed text keeps its number: the order of writing stays.
            doc = known[0] if known is not None else None
            put = "INSERT INTO search_docs (doc, incident_id, body) VALUES (?, ?, ?)"
            doc = connection.execute(put, (doc, incident_id, body)).lastrowid
            connection.execute(_PUT_IN, (doc, body))


def rebuild(connection: Connection) -> None:
    """Make the index anew from the facts."""
    connection.execute("DELETE FROM search_docs")
    cursor = connection.execute(_OF_ALL)
    while rows := cursor.fetchmany(_BATCH):
        put = "INSERT INTO search_docs (incident_id, body) VALUES (?, ?)"
        connection.executemany(put, [(row[0], _body(row)) for row in rows])
    connection.execute("INSERT INTO search (search) VALUES ('rebuild')")


def _take_out(connection: Connection, doc: int, body: str) -> None:
    connection.execute(_TAKE_OUT, (doc, body))
    connection.execute("DELETE FROM search_docs WHERE doc = ?", (doc,))


def _body(row: Iterable[str | None]) -> str:
    _incident_id, *texts = row
    return folded("\n".join(text for text in texts if text)[:LONGEST_TEXT])
