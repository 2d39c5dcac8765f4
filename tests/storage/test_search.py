"""Lists of incidents by filters and words: the same as looking at every record, page by page; indexes; calling off."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import database, search_queries, text_queries
from storage.commands import PutOperator
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.records import Incident, IncidentState, Operator, Role, Severity
from storage.search import IncidentQuery, Page, Watch
from tests.conftest import wait_until
from tests.storage.incident_rows import OPENED_UTC_S, many, put_incidents
from tests.storage.site import ADMIN, OPERATOR, add_people

INCIDENTS = many(300)
GROUPS = {"theft": "crime", "disorder": "administrative", "fire": "other"}
times = st.none() | st.integers(-5, 160).map(lambda h: OPENED_UTC_S + h * 3600.0)
queries = st.builds(
    IncidentQuery,
    text=st.sampled_from(("", "man", "нож", 'bicycle"', "1790*", "zzz")),
    from_utc_s=times,
    to_utc_s=times,
    place_id=st.sampled_from((None, None, "p1", "p9")),
    district_id=st.sampled_from((None, None, "d1")),
    category_ids=st.sampled_from(((), (), ("theft",), ("fire", "theft"), ("nothing",))),
    camera_id=st.sampled_from((None, None, "c1")),
    states=st.sampled_from(((), (), (IncidentState.NEW,), (IncidentState.CLOSED, IncidentState.VERIFIED))),
    operator_id=st.sampled_from((None, None, "operator-1")),
    min_severity=st.sampled_from((None, None, Severity.INFO, Severity.HIGH)),
    outcome=st.sampled_from((None, None, "found")),
    service_id=st.sampled_from((None, None, "s1")),
    open_only=st.booleans(),
    group=st.sampled_from((None, None, "crime", "other", "nothing")),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("search") / "journal.db"
    with contextlib.closing(open_journal(path)) as journal:
        add_people(journal)
        journal.apply(PutOperator(Operator("operator-2", "Other", Role.OPERATOR)), ADMIN)
    put_incidents(path, INCIDENTS)
    return path


@pytest.fixture
def journal(site: Path) -> Iterator[EmbeddedJournal]:
    with contextlib.closing(open_journal(site)) as opened:
        yield opened


@contextlib.contextmanager
def reader(site: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(database.connect_reader(site)) as connection:
        yield connection


def passes(query: IncidentQuery, incident: Incident) -> bool:
    """The meaning of a query, said once more and slowly."""
    plain = (
        ("place_id", query.place_id),
        ("district_id", query.district_id),
        ("camera_id", query.camera_id),
        ("owner_id", query.operator_id),
        ("outcome", query.outcome),
        ("service_id", query.service_id),
    )
    words = query.text.replace('"', "").split()
    return all(
        (
            all(wanted is None or getattr(incident, name) == wanted for name, wanted in plain),
            not query.category_ids or incident.category_id in query.category_ids,
            not query.states or incident.state in query.states,
            query.min_severity is None or incident.severity >= query.min_severity,
            not query.open_only or incident.state is not IncidentState.CLOSED,
            query.group is None or GROUPS[incident.category_id] == query.group,
            query.from_utc_s is None or incident.opened_utc_s >= query.from_utc_s,
            query.to_utc_s is None or incident.opened_utc_s < query.to_utc_s,
            all(word in incident.title.split() for word in words),
        )
    )


@given(query=queries, limit=st.sampled_from((1, 7, 40, 500)))
def test_pages_together_are_what_looking_at_every_record_gives(site: Path, query: IncidentQuery, limit: int) -> None:
    wanted = [i for i in reversed(INCIDENTS) if passes(query, i)]
    with reader(site) as connection:
        found: list[Incident] = []
        before_id = None
        for _ in range(len(wanted) // limit + 2):
            page = _find(connection, query, limit, before_id)
            found += page.incidents
            before_id = page.next_id
            if before_id is None:
                break
    assert [i.id for i in found] == [i.id for i in wanted]


def _find(connection: sqlite3.Connection, query: IncidentQuery, limit: int, before_id: str | None) -> Page:
    find = text_queries.find if text_queries.expression(query.text) else search_queries.find
    return find(connection, query, limit=limit, before_id=before_id, viewer_id=None, watch=Watch())


@given(query=queries)
def test_a_count_and_a_histogram_say_the_same(site: Path, query: IncidentQuery) -> None:
    module = text_queries if text_queries.expression(query.text) else search_queries
    wanted = [i for i in INCIDENTS if passes(query, i)]
    bounds = [OPENED_UTC_S + h * 3600.0 for h in (0, 50, 100, 151)]
    with reader(site) as connection:
        watch = Watch()
        assert module.count(connection, query, at_most=1000, viewer_id=None, watch=watch) == len(wanted)
        assert module.count(connection, query, at_most=5, viewer_id=None, watch=watch) == min(len(wanted), 5)
        counts = module.histogram(connection, query, bounds, viewer_id=None, watch=watch)
    parts = itertools.pairwise(bounds)
    assert counts == tuple(sum(low <= i.opened_utc_s < high for i in wanted) for low, high in parts)


@given(query=queries)
def test_a_query_survives_being_saved(query: IncidentQuery) -> None:
    assert IncidentQuery.from_json(query.to_json()) == query


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"text": 5}', '{"nothing": 1}', '{"states": ["x"]}', '{"min_severity": 9}', "[" * 9999]
)
def test_what_is_no_saved_query_is_refused(text: str) -> None:
    with pytest.raises(StorageError) as refused:
        IncidentQuery.from_json(text)
    assert refused.value.code is StorageCode.BAD_VALUE


def test_restricted_incidents_are_listed_only_for_those_who_may_know(journal: EmbeddedJournal) -> None:
    def seen(viewer_id: str | None, text: str = "") -> set[str]:
        page = journal.find_incidents(IncidentQuery(text=text), limit=500, viewer_id=viewer_id)
        return {i.id for i in page.incidents if i.restricted}

    secret = {i.id for i in INCIDENTS if i.restricted}
    others = {i.id for i in INCIDENTS if i.restricted and i.owner_id == "operator-2"}
    assert seen(ADMIN.id) == seen(None) == secret
    assert seen(OPERATOR.id) == secret - others
    assert others
    hidden = others & seen(None, "man")
    assert hidden
    assert not hidden & seen(OPERATOR.id, "man")
    assert journal.count_incidents(IncidentQuery(), viewer_id=OPERATOR.id) == len(INCIDENTS) - len(others)
    span = (OPENED_UTC_S, OPENED_UTC_S + 151 * 3600.0)
    assert sum(journal.histogram(IncidentQuery(), *span, 10, viewer_id=OPERATOR.id)) == len(INCIDENTS) - len(others)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (IncidentQuery(), "ix_incidents_time"),
        (IncidentQuery(place_id="p1"), "ix_incidents_place"),
        (IncidentQuery(district_id="d1"), "ix_incidents_district"),
        (IncidentQuery(category_ids=("theft", "fire")), "ix_incidents_category"),
        (IncidentQuery(camera_id="c1"), "ix_incidents_camera"),
        (IncidentQuery(states=(IncidentState.NEW,)), "ix_incidents_state"),
        (IncidentQuery(operator_id="operator-1"), "ix_incidents_owner"),
        (IncidentQuery(min_severity=Severity.HIGH), "ix_incidents_severity"),
        (IncidentQuery(outcome="found"), "ix_incidents_outcome"),
        (IncidentQuery(service_id="s1"), "ix_incidents_service"),
        (IncidentQuery(open_only=True), "ix_incidents_open_time"),
        (IncidentQuery(group="crime", camera_id="c1", from_utc_s=OPENED_UTC_S), "ix_incidents_"),
    ],
)
def test_every_filter_reads_its_index_in_order(site: Path, query: IncidentQuery, index: str) -> None:
    plans: list[str] = []
    with reader(site) as connection:
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        search_queries.find(connection, query, limit=20, before_id=INCIDENTS[200].id, viewer_id=None, watch=Watch())
        connection.set_trace_callback(None)
        for sql in asked:
            if "ORDER BY opened_utc_s DESC" in sql:
                plans += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert plans
    assert all(index in plan and "TEMP B-TREE" not in plan for plan in plans), plans


def _endless(connection: sqlite3.Connection) -> None:
    connection.execute("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT count(*) FROM n").fetchone()


def test_a_slow_question_can_be_called_off(site: Path) -> None:
    watch = Watch()
    raised: list[Exception] = []

    def ask() -> None:
        try:
            with reader(site) as connection, watch.over(connection):
                _endless(connection)
        except StorageError as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_until(lambda: watch._connection is not None)
    watch.cancel()
    thread.join(10)
    assert [getattr(e, "code", None) for e in raised] == [StorageCode.CANCELLED]


@pytest.mark.parametrize(
    "ask",
    [
        lambda j, w: j.find_incidents(IncidentQuery(), watch=w),
        lambda j, w: j.count_incidents(IncidentQuery(text="man"), watch=w),
        lambda j, w: j.histogram(IncidentQuery(), 0.0, 1.0, 3, watch=w),
    ],
)
def test_a_question_called_off_before_it_began_is_not_asked(
    journal: EmbeddedJournal, ask: Callable[[EmbeddedJournal, Watch], object]
) -> None:
    watch = Watch()
    watch.cancel()
    with pytest.raises(StorageError) as refused:
        ask(journal, watch)
    assert refused.value.code is StorageCode.CANCELLED
    assert journal.find_incidents(IncidentQuery()).incidents  # the connection serves the next one


def test_a_question_says_how_far_it_is(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_queries, "SLICE_S", 86400.0)
    done: list[float] = []
    watch = Watch()
    with reader(site) as connection:
        connection.set_trace_callback(lambda sql: done.append(watch.done) if "row_limit" not in sql else None)
        query = IncidentQuery(place_id="p1", camera_id="c1", outcome="nothing")
        search_queries.find(connection, query, limit=20, before_id=None, viewer_id=None, watch=watch)
    assert len(set(done)) > 4
    assert done == sorted(done)
    assert watch.done == 1.0


def test_the_first_and_last_opening(journal: EmbeddedJournal) -> None:
    assert journal.incident_span() == (OPENED_UTC_S, INCIDENTS[-1].opened_utc_s)
