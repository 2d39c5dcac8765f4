"""Every error code and every enum member has words, in every state of its details."""

from __future__ import annotations

import logging
from enum import Enum, StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import AppCode, AppError
from app.feeds import TileState
from app.labels import ACTIONS, action_name, label_of, object_name
from app.texts import SENTENCES, sentence
from detection.detector import DetectionCode, DetectionError
from storage import case_commands, commands, people_commands, release_commands
from storage.access import Permission
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.people_records import ApprovalKind
from storage.records import AlarmState, EvidenceKind, IncidentState, Outcome, Role, RuleKind, Severity, Verdict
from video.source import VideoCode, VideoError

CODES: list[StrEnum] = [*StorageCode, *VideoCode, *DetectionCode, *AppCode]
ENUMS: list[type[Enum]] = [
    AlarmState,
    EvidenceKind,
    IncidentState,
    Outcome,
    Role,
    RuleKind,
    Severity,
    TileState,
    Verdict,
]
DETAILS = ["path", "url", "actor", "reason", "known", "line", "x"]


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_sentence_that_needs_no_details(code: StrEnum) -> None:
    text = sentence(WatchfloorError(code))
    assert code is AppCode.INTERNAL or SENTENCES[code.value] != SENTENCES[AppCode.INTERNAL.value]
    assert text[0].isupper() or text[0].isdigit()
    assert text.endswith(".")
    assert "{" not in text
    assert "?" not in text


def test_there_is_no_sentence_without_a_code() -> None:
    assert set(SENTENCES) == {code.value for code in CODES}


@given(st.sampled_from(CODES), st.dictionaries(st.sampled_from(DETAILS), st.text()))
def test_any_details_make_one_line(code: StrEnum, details: dict[str, str]) -> None:
    text = sentence(WatchfloorError(code, **details))
    assert text
    assert "\n" not in text


def test_details_fill_the_sentence_or_follow_it() -> None:
    error = VideoError(VideoCode.UNKNOWN_SCHEME, url="gopher://x/y", known="http, rtsp")
    assert sentence(error) == (
        "gopher://x/y is an address of an unknown kind. Use rtsp://, http:// or a video file. (known: http, rtsp)"
    )
    assert sentence(StorageError(StorageCode.NOT_PERMITTED)).startswith("This user may not do this.")
    assert "/etc/x" in sentence(StorageError(StorageCode.READ_ONLY, path="/etc/x"))
    assert "{actor}" in sentence(StorageError(StorageCode.NOT_PERMITTED, actor="{actor}")), "details are no template"


@pytest.mark.parametrize("permission", [*Permission, *ApprovalKind, "author", "camera", "need to know"])
def test_a_refusal_says_in_plain_words_what_right_is_missing(permission: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    text = sentence(StorageError(StorageCode.NOT_PERMITTED, actor="01a3-id", permission=str(permission)))
    assert text.endswith(".")
    assert not any(sign in text for sign in "_()?{")
    assert "01a3-id" not in text
    assert f"'permission': '{permission}'" in caplog.text


def test_a_refusal_names_who_has_the_right_and_who_gives_it() -> None:
    text = sentence(StorageError(StorageCode.NOT_PERMITTED, actor="x", permission=Permission.RESTRICT.value))
    assert text == (
        "You lack the right to restrict incidents. An administrator can give it;"
        " these roles have it: Supervisor, Administrator."
    )
    assert "“Approvals”" in sentence(StorageError(StorageCode.NOT_PERMITTED, permission="master_export"))
    others = StorageError(StorageCode.NOT_PERMITTED, permission="disclosure", reason="others in it")
    assert "Approvals" not in sentence(others)
    unknown = sentence(StorageError(StorageCode.NOT_PERMITTED, actor="x", permission="later"))
    assert unknown == "X may not do this. Ask a supervisor or an administrator."


def test_a_damaged_journal_names_the_way_out() -> None:
    assert "main.py restore" in sentence(StorageError(StorageCode.DAMAGED, path="journal.db"))


def test_a_missing_file_is_not_called_a_record() -> None:
    assert sentence(StorageError(StorageCode.NOT_FOUND, path="/x")) == "There is no file /x. Check the path."
    text = sentence(StorageError(StorageCode.NOT_FOUND, table="incidents", id="7"))
    assert text.startswith("The record was not found")
    assert text.endswith("refresh the list.")  # table and id are for the log, not for the operator


def test_no_password_gets_into_a_sentence() -> None:
    for details in (
        {"url": "rtsp://admin:p@ss@10.0.0.9:554/ch1"},
        {"url": "rtsp://10.0.0.9/user=admin&password=p@ss"},
        {"reason": "cannot open 'rtsp://admin:p@ss@10.0.0.9/ch1': 401"},
    ):
        for code in VideoCode:
            text = sentence(VideoError(code, **details))
            assert "p@ss" not in text
            assert "admin:" not in text


def test_long_details_are_cut() -> None:
    assert len(sentence(DetectionError(DetectionCode.BAD_MODEL, path="x" * 9999))) < 500


def test_an_unknown_code_still_gets_a_sentence() -> None:
    class Strange(StrEnum):
        ODD = "strange.odd"

    assert "unexpected" in sentence(AppError(Strange.ODD))


@pytest.mark.parametrize("member", [member for kind in ENUMS for member in kind])
def test_every_member_has_a_label(member: Enum) -> None:
    label = label_of(member)
    assert label[:1].isupper()
    assert label != member.value


def test_members_with_the_same_value_keep_their_own_label() -> None:
    assert label_of(Verdict.INCIDENT) == "Incident"
    assert label_of(Outcome.FALSE) == "False"
    assert label_of(IncidentState.NEW) == "New"
    assert label_of(StorageCode.BUSY) == "storage.busy", "no label: the bare value"


def test_every_command_has_a_name_in_the_history() -> None:
    modules = (commands, case_commands, people_commands, release_commands)
    known = [value for module in modules for value in vars(module).values()]
    kinds = [c for c in known if isinstance(c, type) and issubclass(c, commands.Command)]
    actions = {c.action for c in kinds if c is not commands.Command}
    assert actions == set(ACTIONS)
    assert action_name("close incident") == "incident closed"
    assert action_name("from the future") == "from the future"


def test_what_the_detector_saw() -> None:
    assert object_name("person") == "person"
    assert object_name("zebra") == "zebra"
