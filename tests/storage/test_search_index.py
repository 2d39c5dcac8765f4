"""Words: letters of four languages, what is typed is never syntax, the index follows the facts and forgets for good."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import scrubbing, search_index, text_queries
from storage.case_commands import AddNote, EditIncident, EditNote, OpenIncident
from storage.case_records import NoteKind
from storage.commands import AcknowledgeIncident, PutRecord, RecordEvent
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageError
from storage.records import Place, Severity
from storage.search import IncidentQuery, Watch
from storage.verification import verify_file
from tests.storage.incident_rows import SAMPLE, put_incidents
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, START_UTC_S, add_people, event


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with contextlib.closing(open_journal(tmp_path / "journal.db")) as opened:
        add_people(opened)
        yield opened
        assert opened.verify().problems == ()


def opened(journal: EmbeddedJournal, **words: str) -> str:
    place_id = words.pop("place_id", None)
    command = OpenIncident("theft", Severity.LOW, START_UTC_S, place_id=place_id, **words)  # type: ignore[arg-type]
    incident_id = journal.apply(command, OPERATOR).incident_id
    assert incident_id is not None
    return incident_id


def found(journal: EmbeddedJournal, text: str) -> list[str]:
    return [i.id for i in journal.find_incidents(IncidentQuery(text=text)).incidents]


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("Stolen bicycle", "STOLEN"),
        ("Café Müller", "cafe muller"),
        ("Похищен велосипед", "ПОХИЩЕН"),
        ("Ребёнок у входа", "ребенок"),
        ("Ребенок у входа", "ребёнок"),
        ("чужой", "чужо\u0438\u0306"),
        ("П'ять вікон, Їжакевич, Ґанок", "п’ять"),
        ("П'ять вікон, Їжакевич, Ґанок", "їжакевич ґанок"),
        ("об’єкт", "об'єк*"),
        ("Әке, Ғылым, Қала, таңда, Өзен, Ұлт, Үй, Һәм", "әке ғылым қала таңда өзен ұлт үй һәм"),
        ("Қызыл күрте", "ҚЫЗЫЛ"),
        ("синяя машина уехала", '"машина уехала"'),
        ("a knife, a man", "knife man"),
        ("велосипеда", "вел*"),
        ("велосипеда", "велосип*"),
        ("Gate 17-B", '17-B"'),
        ("emoji 🚲 bike", "🚲 bike"),
    ],
)
def test_words_are_found_as_people_write_them(journal: EmbeddedJournal, title: str, asked: str) -> None:
    incident_id = opened(journal, title=title)
    opened(journal, title="something else")
    assert found(journal, asked) == [incident_id]


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("чужой", "чужои"),
        ("їжак", "іжак"),
        ("қала", "кала"),
        ("машина синяя уехала", '"машина уехала"'),
        ("велосипед", "вело"),
        ("п'ять", "ять"),
    ],
)
def test_what_differs_is_not_found(journal: EmbeddedJournal, title: str, asked: str) -> None:
    opened(journal, title=title)
    assert found(journal, asked) == []


def test_every_text_of_a_case_is_searched(journal: EmbeddedJournal) -> None:
    journal.apply(PutRecord(Place("p1", "Ринок", "вул. Садова 4")), ADMIN)
    incident_id = opened(journal, title="titleword", note="noteword", address="addressword", place_id="p1")
    journal.apply(AddNote("radioword", incident_id=incident_id), OPERATOR)
    number = journal.incident_file(incident_id).incident.number
    for word in ("titleword", "noteword", "addressword", "ринок", "садова", "radioword", number):
        assert found(journal, word) == [incident_id], word


def test_the_index_follows_the_facts(journal: EmbeddedJournal) -> None:
    first, second = opened(journal, title="before"), opened(journal, title="other")
    journal.apply(EditIncident(first, 1, title="after"), OPERATOR)
    assert (found(journal, "before"), found(journal, "after")) == ([], [first])
    mark = AddNote("", NoteKind.MARK, utc_s=START_UTC_S)
    journal.apply(mark, OPERATOR)
    journal.apply(EditNote(mark.new_note_id, 1, "firstword", incident_id=first), OPERATOR)
    assert found(journal, "firstword") == [first]
    receipt = journal.apply(RecordEvent(event(), opens_incident=True), RUNTIME)
    assert receipt.incident_id is not None
    assert found(journal, str(receipt.incident_number))[:1] == [receipt.incident_id]
    with pytest.raises(StorageError):
        journal.apply(EditIncident(second, 99, title="refusedword"), OPERATOR)
    assert found(journal, "refusedword") == []
    journal.apply(AcknowledgeIncident(receipt.incident_id, 1), OPERATOR)
    assert found(journal, str(receipt.incident_number))[:1] == [receipt.incident_id]


def test_a_page_of_words_goes_on_where_the_last_ended(journal: EmbeddedJournal) -> None:
    made = [opened(journal, title=f"word {n}") for n in range(7)]
    query = IncidentQuery(text="word")
    listed: list[str] = []
    before_id = None
    for size in (3, 3, 1):
        page = journal.find_incidents(query, limit=3, before_id=before_id)
        listed += [i.id for i in page.incidents]
        assert len(page.incidents) == size
        before_id = page.next_id
    assert before_id is None
    assert listed == made[::-1]


@given(text=st.text(max_size=60) | st.text(alphabet='"*-+^:(){} ANDORNOTa\0', max_size=30))
def test_nothing_that_is_typed_is_syntax(text: str) -> None:
    connection = sqlite3.connect(":memory:")
    try:
        for statement in search_index.CREATE:
            connection.execute(statement)
        match = text_queries.expression(text)
        if match:
            connection.execute("SELECT rowid FROM search WHERE search MATCH ?", (match,)).fetchall()
    finally:
        connection.close()


def test_what_goes_from_the_facts_is_gone_from_the_index_for_good(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    open_journal(path).close()
    named = replace(SAMPLE, id="1", number="2026-1", title="Zhanbolatova was seen")
    put_incidents(path, [named, replace(SAMPLE, id="2", number="2026-2", title="somebody was seen")])
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as raw:
        assert _kept(raw, b"zhanbolatova")
        raw.execute("DELETE FROM incidents WHERE id = '1'")
        search_index.update(raw, "1", "nobody")
        scrubbing.merge_index(raw)
        assert not _kept(raw, b"zhanbolatova")
        assert _kept(raw, b"somebody")
        raw.execute("INSERT INTO search (search) VALUES ('integrity-check')")
    with contextlib.closing(open_journal(path)) as journal:
        assert [i.id for i in journal.find_incidents(IncidentQuery(text="seen")).incidents] == ["2"]


def _kept(raw: sqlite3.Connection, word: bytes) -> bool:
    """In the index's own tables, whose terms share beginnings: the end of the word is looked for."""
    blocks = b"".join(row[0] for row in raw.execute("SELECT block FROM search_data"))
    bodies = "".join(row[0] for row in raw.execute("SELECT body FROM search_docs")).lower().encode()
    return word[-8:] in blocks or word in bodies


def test_an_incident_that_is_gone_from_the_facts_goes_from_the_index(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    open_journal(path).close()
    put_incidents(path, [SAMPLE])
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("DELETE FROM incidents")
        search_index.update(raw, SAMPLE.id)
        assert raw.execute("SELECT count(*) FROM search_docs").fetchone() == (0,)
        assert raw.execute("SELECT count(*) FROM search WHERE search MATCH '2026'").fetchone() == (0,)


def test_a_rebuilt_index_answers_as_before(journal: EmbeddedJournal, tmp_path: Path) -> None:
    made = [opened(journal, title=f"word {n}") for n in range(3)]
    journal.apply(AddNote("radioword", incident_id=made[1]), OPERATOR)
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.db")) as raw, raw:
        search_index.rebuild(raw)
        raw.execute("INSERT INTO search (search) VALUES ('integrity-check')")
    assert found(journal, "word") == made[::-1]
    assert found(journal, "radioword") == [made[1]]


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_journal_is_searchable_after_its_migration_and_verifies(tmp_path: Path, version: int) -> None:
    path = tmp_path / "journal.db"
    packed = Path(__file__).parent / "data" / f"journal-{version:04d}.db.gz"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    with contextlib.closing(open_journal(path)) as journal:
        incident = journal.incidents()[0]
        assert found(journal, incident.number) == [incident.id]
        assert journal.find_incidents(IncidentQuery(category_ids=(incident.category_id,))).incidents == (incident,)
        assert journal.verify().problems == ()
    assert verify_file(path).problems == ()


def test_a_very_long_text_is_searched_at_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    open_journal(path).close()
    put_incidents(path, [replace(SAMPLE, note="firstword " + "x" * 1_000_000 + " lastword")])
    with contextlib.closing(open_journal(path)) as journal:
        assert found(journal, "firstword") == [SAMPLE.id]
        assert found(journal, "lastword") == []


def test_progress_of_words_ends_at_one(journal: EmbeddedJournal) -> None:
    opened(journal, title="word")
    watch = Watch()
    journal.find_incidents(IncidentQuery(text="word"), watch=watch)
    assert watch.done == 1.0
