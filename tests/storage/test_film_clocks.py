"""A film's clock set after it was taken in: a note that the exhibit is read with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.case_commands import AddNote, AttachExhibit, EditNote
from storage.case_records import Exhibit, Note, NoteKind
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode
from storage.film_clocks import FilmClock, clock_note, film_clocks, with_clocks, words_of
from storage.records import EvidenceKind
from tests.storage.case_site import case_journal, file_of, opened, refused
from tests.storage.site import OPERATOR, START_UTC_S, SteppedClock

FILM = Exhibit(
    "x1", "", EvidenceKind.CLIP, "ab/cd.mp4", "ab" * 32, "IMG 7 [1].mp4", 0.0, "",
    from_utc_s=1000.0, to_utc_s=1020.0, clock_offset_s=10.0,
)  # fmt: skip


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, SteppedClock()) as found:
        yield found


def note(clock: FilmClock, number: int = 1) -> Note:
    asked = clock_note(clock, "i1", FILM.name)
    return Note(f"n{number}", asked.kind, float(number), "ada", asked.text, 1, "i1", asked.camera_id, asked.utc_s)


def test_what_was_set_is_read_with_the_exhibit_and_the_row_stays(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    journal.apply(AttachExhibit(replace(FILM, incident_id=incident_id)), OPERATOR)
    journal.apply(clock_note(FilmClock("x1", 7.32, 1009.5, 0.25, "c1"), incident_id, FILM.name), OPERATOR)
    file = file_of(journal, incident_id)
    (film,) = file.exhibits
    assert (film.from_utc_s, film.to_utc_s) == pytest.approx((1002.18, 1022.18))
    assert film.clock_offset_s == pytest.approx(12.18)
    (said,) = file.notes
    assert said.text == "IMG 7 [1].mp4: 7.320 s = 1970-01-01T00:16:49.500Z ±0.25 s [x1]"
    assert words_of(said) == "IMG 7 [1].mp4: 7.320 s = 1970-01-01T00:16:49.500Z ±0.25 s"
    assert film_clocks(file.notes)["x1"] == FilmClock("x1", 7.32, 1009.5, 0.25, "c1", OPERATOR.id, said.at_utc_s)
    assert journal.verify().ok
    assert said.at_utc_s >= START_UTC_S


def test_the_journal_takes_no_clock_that_says_something_else(journal: EmbeddedJournal) -> None:
    incident_id, other_id = opened(journal), opened(journal)
    journal.apply(AttachExhibit(replace(FILM, incident_id=incident_id)), OPERATOR)
    right = clock_note(FilmClock("x1", 7.32, 1009.5, 0.25, "c1"), incident_id, FILM.name)
    too_long = clock_note(FilmClock("x1", 2000.0, 1009.5, 0.25), incident_id, FILM.name)
    for forged in (
        replace(right, incident_id=other_id),
        replace(right, incident_id=None),
        replace(right, text=right.text.replace("[x1]", "[x2]")),
        replace(right, text=right.text.replace("00:16:49", "00:17:49")),
        replace(right, text=right.text.replace("IMG", "OTHER")),
        replace(right, text=f"the film is {'9' * 400}.000 s = late ±0.25 s [x1]"),
        replace(right, utc_s=1010.5),
        replace(right, utc_s=None),
        too_long,
    ):
        refused(journal, forged, StorageCode.BAD_VALUE)
    journal.apply(right, OPERATOR)
    refused(journal, EditNote(right.new_note_id, 1, right.text.replace("7.320", "9.320")), StorageCode.BAD_VALUE)
    refused(journal, EditNote(right.new_note_id, 1, right.text, other_id), StorageCode.BAD_VALUE)
    assert [note.text for note in file_of(journal, incident_id).notes] == [right.text]


@pytest.mark.parametrize("path", ["", ".", "/etc/passwd", "ab/../../journal/journal.db", "..\\keys", "C:keys", "a\0b"])
def test_an_exhibit_lies_in_the_evidence_store(journal: EmbeddedJournal, path: str) -> None:
    outside = replace(FILM, incident_id=opened(journal), path=path)
    refused(journal, AttachExhibit(outside), StorageCode.BAD_VALUE)


def test_a_clock_outside_of_all_calendars_moves_nothing() -> None:
    early, late = note(FilmClock("x1", 9999.0, 1.0, 0.1)), note(FilmClock("x1", 0.0, 253_402_300_798.0, 0.1))
    endless = replace(early, text=f"x: {'9' * 400}.000 s = now ±0.10 s [x1]")
    assert [with_clocks([FILM], [one]) for one in (early, late, endless)] == [(FILM,)] * 3


def test_the_newest_stands_whatever_the_order() -> None:
    notes = [note(FilmClock("x1", 1.0, 1500.0 + n, 0.1), n) for n in (1, 2, 3)]
    for order in (notes, notes[::-1]):
        (film,) = with_clocks([FILM], order)
        assert film.from_utc_s == pytest.approx(1502.0)


def test_of_a_film_that_was_never_compared_its_own_clock_is_taken() -> None:
    clock = note(FilmClock("x1", 2.0, 1007.0, 0.1))
    (film,) = with_clocks([replace(FILM, clock_offset_s=None)], [clock])
    assert (film.from_utc_s, film.clock_offset_s) == pytest.approx((1005.0, 5.0))
    (film,) = with_clocks([replace(FILM, clock_offset_s=None, from_utc_s=None, to_utc_s=None)], [clock])
    assert (film.from_utc_s, film.to_utc_s, film.clock_offset_s) == (1005.0, None, None)


def test_words_that_say_no_clock_set_none() -> None:
    spoilt = replace(note(FilmClock("x1", 2.0, 1007.0, 0.1)), text="it is right now")
    plain = replace(note(FilmClock("x1", 2.0, 1007.0, 0.1)), kind=NoteKind.NOTE)
    timeless = replace(note(FilmClock("x1", 2.0, 1007.0, 0.1)), utc_s=None)
    assert with_clocks([FILM], [spoilt, plain, timeless]) == (FILM,)
    assert words_of(spoilt) == "it is right now"


@given(
    name=st.text(max_size=200),
    film_s=st.integers(0, 10**8),
    doubt=st.integers(0, 10**6),
    utc_ms=st.integers(0, 4 * 10**12),
)
def test_every_name_is_read_back(name: str, film_s: int, doubt: int, utc_ms: int) -> None:
    clock = FilmClock("01a2", film_s / 1000, utc_ms / 1000, doubt / 100)
    asked = clock_note(clock, "i1", " ".join(name.split()))
    assert isinstance(asked, AddNote)
    found = film_clocks([Note("n", asked.kind, 1.0, "ada", asked.text.strip(), 1, "i1", None, asked.utc_s)])
    assert found["01a2"] == replace(clock, actor_id="ada", at_utc_s=1.0)
