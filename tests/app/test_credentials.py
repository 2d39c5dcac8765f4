from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.credentials import Logins, split_login, with_login
from storage.commands import PutRecord
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.records import Actor, Camera
from storage.sealed import Credential, Sealer

ACTOR = Actor("os:tester")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    opened = open_journal(tmp_path / "journal" / "journal.db")
    opened.ensure_first_operator(ACTOR.id, "tester")
    yield opened
    opened.close()


def test_a_password_with_an_at_sign_is_cut_out_whole() -> None:
    url, login = split_login("rtsp://admin:p@ss@10.0.0.5:554/main")
    assert url == "rtsp://10.0.0.5:554/main"
    assert login == Credential("admin", "p@ss")


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://10.0.0.5/stream?user=admin&password=s3cret_word&channel=1",
        "rtsp://10.0.0.5/user=admin_password=s3cret_channel=1_stream=0.sdp",
        "http://10.0.0.5/video.cgi?usr=admin&pwd=s3cret",
        "http://a:b@10.0.0.5/video.cgi?pwd=s3cret",
    ],
)
def test_a_login_elsewhere_in_the_address_is_sealed_with_it(url: str) -> None:
    clean, login = split_login(url)
    assert "s3cret" not in clean
    assert "word" not in clean.replace("password", "")
    assert login is not None
    assert with_login(clean, login) == url


def test_a_url_without_login_stays_as_it_is() -> None:
    assert split_login("rtsp://10.0.0.5/main") == ("rtsp://10.0.0.5/main", None)
    assert split_login("clips/a@b.mp4") == ("clips/a@b.mp4", None)


@given(
    user=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1).filter(lambda t: ":" not in t),
    password=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])),
)
def test_a_login_put_into_a_url_comes_out_again(user: str, password: str) -> None:
    url = with_login("rtsp://camera/main", Credential(user, password))
    assert split_login(url) == ("rtsp://camera/main", Credential(user, password))


def test_only_the_session_sees_the_login(journal: EmbeddedJournal, tmp_path: Path) -> None:
    logins = Logins(journal, Sealer(tmp_path / "keys" / "sealing.key"))
    camera = Camera("c1", 1, "Gate", "rtsp://10.0.0.5/main")
    journal.apply(PutRecord(camera), ACTOR)
    logins.keep("c1", Credential("admin", "s3cret-word"), ACTOR)
    assert logins.url_of(camera) == "rtsp://admin:s3cret-word@10.0.0.5/main"
    journal.backup(str(tmp_path / "copy.db"))
    assert b"s3cret-word" not in (tmp_path / "copy.db").read_bytes()
