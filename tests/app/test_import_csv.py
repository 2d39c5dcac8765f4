"""Tables as people have them: any order, four languages, two encodings; and files that are none."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.camera_import import PlaceText, Unread, planned
from app.errors import AppCode, AppError
from app.import_csv import read_csv
from storage.sealed import Credential

HEAD = "url,name\n"


def written(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "cameras.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_table_in_any_order_and_encoding(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [
        ["Район", "RTSP URL", "Название", "№", "Широта", "долгота", "Адрес", "sub_url"],
        ["Центр", "rtsp://u:p@10.0.0.5/1", "Ворота", "7", "50.45", "30.52", '"Школьная, 4"', "rtsp://u:p@10.0.0.5/2"],
        ["", "", "", "", "", "", "", ""],
        ["", "rtsp://10.0.0.6/1", "Двор"],
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    first, second = read_csv(written(tmp_path, text, encoding))
    assert (first.name, first.number, first.line) == ("Ворота", 7, 2)
    assert (first.main_url, first.sub_url) == ("rtsp://10.0.0.5/1", "rtsp://10.0.0.5/2")
    assert first.place == PlaceText("", "Школьная, 4", "Центр", 50.45, 30.52)
    assert first.login == Credential("u", "p")
    assert (second.name, second.line, second.place.known) == ("Двор", 4, False)


def test_a_decimal_comma_and_a_login_in_columns_of_its_own(tmp_path: Path) -> None:
    text = "url;lat;lon;user;password\nrtsp://10.0.0.5/1;50,45;30,52;admin;s3cret\n"
    camera = read_csv(written(tmp_path, text))[0]
    assert (camera.place.latitude_deg, camera.place.longitude_deg) == (50.45, 30.52)
    assert camera.login == Credential("admin", "s3cret")
    assert "s3cret" not in repr(camera)


@pytest.mark.parametrize(
    ("line", "unread"),
    [
        ("rtsp://h/1,abc,,", Unread.NUMBER),
        ("rtsp://h/1,-4,,", Unread.NUMBER),
        ("rtsp://h/1,99999999999999999999,,", Unread.NUMBER),
        ("rtsp://h/1,,91,0", Unread.POSITION),
        ("rtsp://h/1,,nan,0", Unread.POSITION),
        ("rtsp://h/1,,north,0", Unread.POSITION),
        (",,1,2", Unread.NO_ADDRESS),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(tmp_path: Path, line: str, unread: Unread) -> None:
    found = read_csv(written(tmp_path, f"url,number,lat,lon\n{line}\nrtsp://h/2,,,\n"))
    assert [camera.unread for camera in found] == [unread, None]
    assert found[0].line == 2


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", AppCode.IMPORT_COLUMNS, 1),
        (b"name,number\nGate,1\n", AppCode.IMPORT_COLUMNS, 1),
        (b"url,name\nrtsp://h/1,Gate\n\x00\x01", AppCode.IMPORT_BROKEN, 3),
        (b'url,name\nrtsp://h/1,"Gate\n', AppCode.IMPORT_BROKEN, 2),
        (b"url,name\n" + b"x" * 200_000, AppCode.IMPORT_BROKEN, 2),
        (b"\xff\xfe\x00", AppCode.IMPORT_BROKEN, 1),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, content: bytes, code: AppCode, line: int) -> None:
    with pytest.raises(AppError) as caught:
        read_csv(written(tmp_path, content))
    assert (caught.value.code, caught.value.details["line"]) == (code, line)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD)
    with path.open("r+b") as stream:
        stream.truncate(100_000_000)
    begin_s = time.monotonic()
    with pytest.raises(AppError) as caught:
        read_csv(path)
    assert caught.value.code is AppCode.IMPORT_TOO_LARGE
    assert time.monotonic() - begin_s < 30


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(AppError) as caught:
            read_csv(path)
        assert caught.value.code is AppCode.IMPORT_NO_FILE


def test_ten_thousand_lines_take_seconds(tmp_path: Path) -> None:
    lines = (f"rtsp://admin:pw{n}@10.{n >> 8}.{n & 255}.1/main,Camera {n}" for n in range(10_000))
    path = written(tmp_path, HEAD + "\n".join(lines))
    begin_s = time.monotonic()
    rows = planned(read_csv(path), ())
    assert time.monotonic() - begin_s < 60
    assert rows[-1].number == 10_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, b"url,name,number\n" + content)
    with suppress(AppError):  # anything else fails the test
        assert all(camera.main_url or camera.unread for camera in read_csv(path))
