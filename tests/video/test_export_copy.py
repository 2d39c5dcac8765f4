"""A range of recordings as files: packets byte for byte, alterations named, holes told, work not done twice."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from storage.errors import StorageCode, StorageError
from storage.footage_files import hash_file
from storage.footage_records import Gap, GapReason, Segment
from tests.video.numbered import FPS, FRAGMENTED, numbered_clip, segment
from video.copied_fragments import CopyFile, SourceFlaw, check_copy
from video.export_copy import ExportResult, Lack, export_copy
from video.source import VideoCode, VideoError

UTC_S = 1_800_000_000.0
FRAMES = 60


def recorded(folder: Path, count: int = 3, *, bframes: int = 0, codec: str = "libx264") -> list[Segment]:
    """Closed segments of 4 s with two GOPs each, one after another."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number in range(count):
        path = numbered_clip(folder / f"s{number}.mp4", number * FRAMES, FRAMES, bframes=bframes, codec=codec)
        one = segment(path, number * FRAMES, FRAMES, UTC_S)
        found.append(replace(one, to_utc_s=one.from_utc_s + FRAMES / FPS, sha256=hash_file(path)))
    return found


def packets(paths: list[str]) -> list[bytes]:
    """SHA-256 of every packet."""
    found = []
    for path in paths:
        with av.open(path) as container:
            found += [hashlib.sha256(bytes(p)).digest() for p in container.demux(video=0) if p.size]
    return found


def times(path: str) -> list[float]:
    with av.open(path) as container:
        return [frame.time for frame in container.decode(video=0)]


def exported(folder: Path, segments: list[Segment], begin: float = 0.0, end: float = 12.0) -> ExportResult:
    return export_copy(segments, UTC_S + begin, UTC_S + end, folder, "cam")


@pytest.mark.parametrize(("codec", "bframes"), [("libx264", 0), ("libx264", 2), ("libx265", 2)])
def test_every_packet_is_the_sources_own(tmp_path: Path, codec: str, bframes: int) -> None:
    segments = recorded(tmp_path / "rec", bframes=bframes, codec=codec)
    result = exported(tmp_path / "out", segments)
    (file,) = result.files
    assert result.complete
    assert packets([file.path]) == packets([s.path for s in segments])
    shown = times(file.path)
    assert len(shown) == file.frames == 3 * FRAMES
    assert [round((t - shown[0]) * FPS) for t in shown] == list(range(3 * FRAMES))
    assert file.sha256 == hash_file(Path(file.path))
    assert file.bytes == Path(file.path).stat().st_size
    assert file.proved == {s.id for s in segments}
    assert file.to_utc_s == pytest.approx(UTC_S + 12, abs=0.01)
    assert file.fps == pytest.approx(FPS, abs=0.1)


def test_it_begins_with_the_key_frame_at_or_before_and_ends_with_the_gop(tmp_path: Path) -> None:
    segments = recorded(tmp_path / "rec")
    (file,) = exported(tmp_path / "out", segments, 3.0, 8.5).files
    assert [file.from_utc_s - UTC_S, file.to_utc_s - UTC_S] == pytest.approx([2, 10])
    with av.open(file.path) as container:
        first = next(container.demux(video=0))
        assert first.is_keyframe
    assert packets([file.path]) == packets([s.path for s in segments])[30:150]
    assert [s.id for s in file.segments] == ["s0", "s1", "s2"]


def test_an_altered_byte_is_named_and_nothing_of_it_is_delivered(tmp_path: Path) -> None:
    segments = recorded(tmp_path / "rec")
    source = Path(segments[1].path)
    data = bytearray(source.read_bytes())
    data[-200] ^= 1
    source.write_bytes(data)
    result = exported(tmp_path / "out", segments)
    assert [Path(f.path).name for f in result.files] == ["cam-1.mp4", "cam-2.mp4"]
    assert packets([f.path for f in result.files]) == packets([segments[0].path, segments[2].path])
    assert not result.complete
    assert [(flaw.segment_id, flaw.reason) for flaw in result.flaws] == [("s1", SourceFlaw.ALTERED)]
    (lack,) = result.lacks
    assert (lack.reason, lack.segment_id) == ("altered", "s1")
    assert [lack.from_utc_s - UTC_S, lack.length_s] == pytest.approx([4, 4], abs=0.1)


@pytest.mark.parametrize("at", [10, 700, 1500, -60])
def test_an_altered_header_is_altered_too(tmp_path: Path, at: int) -> None:
    segments = recorded(tmp_path / "rec", 1)
    source = Path(segments[0].path)
    data = bytearray(source.read_bytes())
    data[at] ^= 0xFF
    source.write_bytes(data)
    result = exported(tmp_path / "out", segments, 0, 4)
    assert result.files == ()
    assert [flaw.reason for flaw in result.flaws] == ["altered"]
    assert not list((tmp_path / "out").glob("*"))


def test_a_hole_makes_it_partial_with_the_reason_and_length(tmp_path: Path) -> None:
    segments = recorded(tmp_path / "rec", 4)
    left = [segments[0], segments[2]]
    gaps = [Gap("c1", UTC_S + 4, UTC_S + 8, GapReason.DISK_FULL)]
    result = export_copy(left, UTC_S - 1, UTC_S + 15, tmp_path / "out", "cam", gaps=gaps)
    assert len(result.files) == 2
    assert not result.complete
    assert [(round(x.from_utc_s - UTC_S), round(x.length_s), x.reason) for x in result.lacks] == [
        (-1, 1, "unknown"),
        (4, 4, "disk_full"),
        (12, 3, "unknown"),
    ]


def test_a_missing_and_a_foreign_file_are_told_apart(tmp_path: Path) -> None:
    segments = recorded(tmp_path / "rec", 2)
    Path(segments[0].path).unlink()
    Path(segments[1].path).write_text("no film")
    found = [segments[0], replace(segments[1], sha256=None)]
    result = exported(tmp_path / "out", found, 0, 8)
    assert [(flaw.segment_id, flaw.reason) for flaw in result.flaws] == [("s0", "missing"), ("s1", "unreadable")]
    assert [lack.reason for lack in result.lacks] == ["missing", "unreadable"]


def test_another_size_begins_another_file(tmp_path: Path) -> None:
    segments = recorded(tmp_path / "rec", 2)
    other = numbered_clip(tmp_path / "rec" / "other.mp4", 120, FRAMES, codec="libx265")
    segments.append(replace(segment(other, 120, FRAMES, UTC_S), sha256=hash_file(other), codec="hevc"))
    result = exported(tmp_path / "out", segments)
    assert [f.codec for f in result.files] == ["h264", "hevc"]
    assert result.complete
    assert packets([f.path for f in result.files]) == packets([s.path for s in segments])


def test_time_that_goes_back_begins_another_file(tmp_path: Path) -> None:
    segments = recorded(tmp_path / "rec", 2)
    back = replace(segments[1], from_utc_s=UTC_S + 1, to_utc_s=UTC_S + 5)
    result = exported(tmp_path / "out", [segments[0], back], 0, 5)
    assert len(result.files) == 2
    assert result.complete


def with_sound(path: Path) -> Path:
    """4 s of pictures and AAC beside them."""
    plain = numbered_clip(path.with_suffix(".v.mp4"), 0, FRAMES)
    with av.open(str(plain)) as pictures, av.open(str(path), "w", options=FRAGMENTED) as out:
        video = out.add_stream_from_template(pictures.streams.video[0])
        sound = out.add_stream("aac", rate=48000)
        tone = np.zeros((1, 1024), np.float32)
        heard = 0
        for packet in pictures.demux(video=0):
            if not packet.size or packet.pts is None or packet.time_base is None:
                continue
            while heard / 48000 < packet.pts * packet.time_base:
                frame = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
                frame.sample_rate, frame.pts = 48000, heard
                out.mux(sound.encode(frame))
                heard += 1024
            packet.stream = video
            out.mux(packet)
        out.mux(sound.encode(None))
    return path


def sounds(paths: list[str]) -> list[bytes]:
    found = []
    for path in paths:
        with av.open(path) as container:
            found += [bytes(p) for p in container.demux(audio=0) if p.size]
    return found


def _last_s(path: str, kind: str) -> float:
    with av.open(path) as container:
        stream = container.streams.video[0] if kind == "video" else container.streams.audio[0]
        return max(float(p.pts * p.time_base) for p in container.demux(stream) if p.pts is not None and p.time_base)


def test_sound_beside_the_pictures_is_copied_too(tmp_path: Path) -> None:
    found = []
    for number in range(3):
        path = with_sound(tmp_path / f"s{number}.mp4")
        one = segment(path, number * FRAMES, FRAMES, UTC_S)
        found.append(replace(one, to_utc_s=one.from_utc_s + FRAMES / FPS, sha256=hash_file(path)))
    (file,) = exported(tmp_path / "out", found).files
    assert file.sound
    assert packets([file.path]) == packets([s.path for s in found])
    assert sounds([file.path]) == sounds([s.path for s in found])
    ends = [_last_s(file.path, kind) for kind in ("video", "audio")]
    assert ends == pytest.approx([12.0, 12.0], abs=0.15)
    cut = exported(tmp_path / "cut", found, 2.5, 5.0)
    assert cut.files[0].frames == 60
    assert len(sounds([cut.files[0].path])) == pytest.approx(4 * 48000 / 1024, abs=6)


def test_clocks_that_overlap_a_little_never_turn_time_back(tmp_path: Path) -> None:
    segments = recorded(tmp_path / "rec", 2)
    early = replace(segments[1], from_utc_s=segments[1].from_utc_s - 0.3)
    (file,) = exported(tmp_path / "out", [segments[0], early], 0, 7.5).files
    shown = times(file.path)
    assert len(shown) == 2 * FRAMES
    assert min(b - a for a, b in pairwise(shown)) > 0.05


def test_an_open_segment_counts_up_to_its_last_whole_fragment_and_is_not_proved(tmp_path: Path) -> None:
    segments = recorded(tmp_path / "rec", 2)
    torn = Path(segments[1].path)
    torn.write_bytes(torn.read_bytes()[:-2000])
    result = exported(tmp_path / "out", [segments[0], replace(segments[1], sha256=None)], 0, 6)
    (file,) = result.files
    assert file.proved == {"s0"}
    assert file.frames == 90
    assert result.complete


def test_a_cancelled_export_goes_on_where_it_was(tmp_path: Path) -> None:
    segments = recorded(tmp_path / "rec", 4)

    class CancelledError(Exception):
        pass

    def cancel(done: int, total: int) -> None:
        if done > total * 0.6:
            raise CancelledError

    with pytest.raises(CancelledError):
        export_copy(segments, UTC_S, UTC_S + 16, tmp_path / "out", "cam", progress=cancel)
    half = (tmp_path / "out" / "cam-1.mp4").stat().st_size
    assert half > 0
    Path(segments[0].path).rename(tmp_path / "rec" / "elsewhere")
    (tmp_path / "rec" / "elsewhere").rename(segments[0].path)
    heard: list[tuple[int, int]] = []
    result = export_copy(
        segments, UTC_S, UTC_S + 16, tmp_path / "out", "cam", progress=lambda done, total: heard.append((done, total))
    )
    (file,) = result.files
    assert heard[0][0] == segments[0].bytes  # taken over, not read again
    assert heard[-1] == (sum(s.bytes for s in segments),) * 2
    assert packets([file.path]) == packets([s.path for s in segments])
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["cam-1.mp4"]


def test_what_an_earlier_run_left_for_another_range_is_not_taken(tmp_path: Path) -> None:
    segments = recorded(tmp_path / "rec", 3)

    def cancel(done: int, total: int) -> None:
        if done > total * 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_copy(segments, UTC_S, UTC_S + 12, tmp_path / "out", "cam", progress=cancel)
    result = exported(tmp_path / "out", segments, 8.0, 12.0)
    assert packets([result.files[0].path]) == packets([segments[2].path])


def test_a_disk_that_changed_the_copy_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segments = recorded(tmp_path / "rec", 1)
    close = CopyFile.close

    def spoil(copy: CopyFile) -> None:
        close(copy)
        if copy.path.exists():
            data = bytearray(copy.path.read_bytes())
            data[2000] ^= 4
            copy.path.write_bytes(data)

    monkeypatch.setattr(CopyFile, "close", spoil)
    with pytest.raises(VideoError) as caught:
        exported(tmp_path / "out", segments, 0, 4)
    assert caught.value.code is VideoCode.DAMAGED


def test_a_full_disk_is_a_typed_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segments = recorded(tmp_path / "rec", 1)
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(StorageError) as caught:
        exported(tmp_path / "out", segments, 0, 4)
    assert caught.value.code is StorageCode.DISK_FULL


def _full(_handle: int) -> None:
    raise OSError(28, "No space left on device")


def test_nothing_recorded_is_one_lack(tmp_path: Path) -> None:
    assert exported(tmp_path / "out", []).lacks == (Lack(UTC_S, UTC_S + 12, "unknown"),)


def test_check_counts_what_is_there(tmp_path: Path) -> None:
    segments = recorded(tmp_path / "rec", 1)
    copy, flaw = CopyFile.continued(None, tmp_path / "c.mp4", segments[0], UTC_S, UTC_S + 4, lambda _count: None)
    assert flaw is None
    assert copy is not None
    copy.close()
    assert check_copy(copy) == FRAMES
    with copy.path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(VideoError):
        check_copy(copy)
