"""Found cameras: logins cut out, twins found, numbers given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.camera_import import (
    STATE_TEXTS,
    UNREAD_TEXTS,
    PlaceText,
    RowState,
    Unread,
    address_key,
    found_camera,
    planned,
)
from app.credentials import with_login
from storage.records import Camera
from storage.sealed import Credential

SECRET = "s3cr@t-word"


def test_a_login_is_cut_out_of_both_streams_and_shown_nowhere() -> None:
    camera = found_camera("Gate", f"rtsp://admin:{SECRET}@10.0.0.5/101", f"rtsp://admin:{SECRET}@10.0.0.5/102", line=2)
    assert (camera.main_url, camera.sub_url) == ("rtsp://10.0.0.5/101", "rtsp://10.0.0.5/102")
    assert camera.login == Credential("admin", SECRET)
    assert SECRET not in repr(planned([camera], ()))
    assert with_login(camera.main_url, camera.login).startswith("rtsp://admin:")


def test_texts_are_one_line_without_logins_and_signs_that_steer() -> None:
    place = PlaceText("a\x1b[31m", "b\nc", "\u202ed")
    camera = found_camera(f"Gate\t rtsp://a:{SECRET}@b/ \x07", "rtsp://h/1", group="\x1b]0;x", place=place)
    assert camera.name == "Gate rtsp://b/"
    assert camera.group == "]0;x"
    assert camera.place == PlaceText("a[31m", "b c", "d")


@pytest.mark.parametrize(
    "sub",
    [
        "rtsp://other:word@10.0.0.5/102",
        "rtsp://admin:s3cr%40t-word@10.9.9.9/102",
        "rtsp://10.9.9.9/102",
        "rtsp://10.0.0.5/102?user=admin&password=x",
        "nonsense",
    ],
)
def test_a_second_stream_that_would_need_another_login_or_host_is_left_out_and_said(sub: str) -> None:
    camera = found_camera("Gate", f"rtsp://admin:{SECRET}@10.0.0.5/101", sub)
    assert camera.sub_url is None
    assert "second stream" in planned([camera], ())[0].why


@pytest.mark.parametrize(
    ("url", "unread"),
    [
        ("", Unread.NO_ADDRESS),
        ("gopher://host/x", Unread.NOT_A_STREAM),
        ("192.168.1.5", Unread.NOT_A_STREAM),
        ("rtsp://", Unread.NOT_A_STREAM),
        ("rtsp://[::1/x", Unread.NOT_A_STREAM),
        ("rtsp://host/a\nb", Unread.NOT_A_STREAM),
        ("rtsp://host/" + "a" * 3000, Unread.NOT_A_STREAM),
        ("exec:ffmpeg -i rtsp://a:s3cr@t-word@b/", Unread.NOT_A_STREAM),
    ],
)
def test_what_is_no_stream_is_said_without_its_password(url: str, unread: Unread) -> None:
    row = planned([found_camera("x", url, line=3)], ())[0]
    assert row.state is RowState.UNREADABLE
    assert row.found.unread is unread
    assert row.number == 0
    assert row.why
    assert SECRET not in row.why + repr(row)


@pytest.mark.parametrize(
    "twin",
    [
        "rtsp://10.0.0.5:554/Streaming/Channels/101",
        "RTSP://10.0.0.5/streaming/channels/101/",
        "rtsp://a:b@10.0.0.5/Streaming/Channels/101",
    ],
)
def test_the_same_stream_is_recognised(twin: str) -> None:
    there = Camera("c1", 4, "Gate", "rtsp://10.0.0.5/Streaming/Channels/101")
    row = planned([found_camera("x", twin)], [there])[0]
    assert row.state is RowState.DUPLICATE
    assert "4 Gate" in row.why


@pytest.mark.parametrize("other", ["rtsp://10.0.0.5:8554/a", "rtsps://10.0.0.5/a", "rtsp://10.0.0.5/a?channel=2"])
def test_other_ports_protocols_and_channels_are_other_cameras(other: str) -> None:
    assert address_key("rtsp://10.0.0.5/a") != address_key(other)


def test_twice_in_the_file_is_a_duplicate_of_its_line() -> None:
    rows = planned([found_camera("a", "rtsp://h/1", line=2), found_camera("b", "rtsp://h/1/", line=9)], ())
    assert [row.state for row in rows] == [RowState.NEW, RowState.DUPLICATE]
    assert "line 2" in rows[1].why


def test_numbers_that_are_wished_and_free_are_given_first() -> None:
    found = [
        found_camera("a", "rtsp://h/1"),
        found_camera("b", "rtsp://h/2", number=1),
        found_camera("c", "rtsp://h/3", number=4),
        found_camera("d", "rtsp://h/4"),
        found_camera("e", "rtsp://h/5", number=1),
    ]
    rows = planned(found, [Camera("c", 4, "x", "rtsp://other/")])
    assert [row.number for row in rows] == [2, 1, 3, 5, 6]
    assert "4" in rows[2].why


@given(st.lists(st.tuples(st.text(max_size=30), st.integers(-5, 9)), max_size=30), st.sets(st.integers(1, 9)))
def test_any_list_gives_every_new_camera_its_own_number(entries: list[tuple[str, int]], taken: set[int]) -> None:
    there = [Camera(str(n), n, "x", f"rtsp://there/{n}") for n in taken]
    rows = planned([found_camera(text, f"rtsp://h/{text}", number=n) for text, n in entries], there)
    numbers = [row.number for row in rows if row.state is RowState.NEW]
    assert len(set(numbers) | taken) == len(numbers) + len(taken)
    assert all(number > 0 for number in numbers)


def test_every_state_and_reason_has_words() -> None:
    assert set(STATE_TEXTS) == set(RowState)
    assert set(UNREAD_TEXTS) == set(Unread)
