"""What a film may not do: be decoded at any size that it names, or stop its reader by the bytes of its title."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from tests.video.numbered import SIZE, numbered_clip
from video import codec
from video.file_source import FileSource
from video.footage import FilePiece
from video.foreign_file import look_at, read_through
from video.open_files import OpenFiles
from video.shots import Shot, shots
from video.source import VideoError


def test_pictures_beyond_any_cameras_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = numbered_clip(tmp_path / "film.mp4", 0, 4)
    piece = FilePiece(str(path), 0.0, 1.0, foreign=True)
    assert [item for item in shots([piece], 0.0) if isinstance(item, Shot)]
    assert look_at(path).width == SIZE[0]
    monkeypatch.setattr(codec, "MOST_PIXELS", SIZE[0] * SIZE[1] // 2)
    assert not [item for item in shots([piece], 0.0) if isinstance(item, Shot)]
    with pytest.raises(VideoError):
        look_at(path)


def test_a_title_in_another_alphabets_bytes_stops_nobody(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "X" * 10
        stream = container.add_stream("mpeg4", rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _number in range(4):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    path.write_bytes(path.read_bytes().replace(b"X" * 10, "Камера №12".encode("cp1251")))
    assert look_at(path).width == 64
    assert read_through(path) == pytest.approx(0.4, abs=0.11)
    piece, files = FilePiece(str(path), 0.0, 1.0, foreign=True), OpenFiles()
    for one in (piece, files.kept(piece)):
        assert [item for item in shots([one], 0.0) if isinstance(item, Shot)]
    files.close()
    source = FileSource(str(path))
    assert source.open().width == 64
    source.close()
