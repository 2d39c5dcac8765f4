"""The film to look at: the right pictures at the right times, the band, what is covered, who is not asked for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import av
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import StorageCode, StorageError
from storage.records import Box
from tests.video.numbered import FPS, numbered_clip
from video import view_copy as module
from video.drawn_planes import Mask, Planes
from video.footage import FilePiece
from video.source import VideoCode, VideoError
from video.view_copy import Hidden, SeenBox, ViewFile, ViewOptions, time_texts, view_copy

UTC_S = 1_800_000_000.0
KYIV = ZoneInfo("Europe/Kyiv")
Pixels = npt.NDArray[np.uint8]


@pytest.fixture
def piece(tmp_path: Path) -> FilePiece:
    """4 s, frame 0 at UTC_S."""
    return FilePiece(str(numbered_clip(tmp_path / "clip.mp4", 0, 60)), UTC_S, UTC_S + 4)


def made(piece: FilePiece, target: Path, begin: float, end: float, options: ViewOptions | None = None) -> ViewFile:
    options = options or ViewOptions("12 Ворота", KYIV)
    return view_copy([piece], UTC_S + begin, UTC_S + end, target, options)


def pictures(path: Path) -> list[tuple[float, Pixels]]:
    """Time and luma of every picture."""
    with av.open(str(path)) as container:
        return [
            (frame.time or 0.0, frame.to_ndarray(format="gray").astype(np.uint8)) for frame in container.decode(video=0)
        ]


def number_of(luma: Pixels) -> int:
    line = luma[luma.shape[0] // 2 + 20]
    return sum(int(line[int((bit + 0.5) * luma.shape[1] / 10)] > 127) << bit for bit in range(10))


def test_the_right_pictures_at_the_right_times_under_a_band(piece: FilePiece, tmp_path: Path) -> None:
    view = made(piece, tmp_path / "v.mp4", 1.0, 3.0)
    found = pictures(tmp_path / "v.mp4")
    assert (view.width, view.height) == (320, 180 + 22)
    assert view.frames == len(found)
    assert [number_of(luma) for _time, luma in found] == list(range(FPS, 3 * FPS + 1))
    assert [time for time, _luma in found] == pytest.approx([n / FPS for n in range(len(found))], abs=0.001)
    assert view.from_utc_s == pytest.approx(UTC_S + 1, abs=0.001)
    assert view.to_utc_s == pytest.approx(UTC_S + 3, abs=0.001)
    assert view.fps == pytest.approx(FPS, abs=0.1)
    band = found[0][1][:22]
    assert band.min() < 40
    assert band.max() > 180  # letters
    assert not np.array_equal(found[0][1][:22], found[20][1][:22])  # the time goes on
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("v")] == ["v.mp4"]


def test_what_is_masked_is_black_and_nothing_else(piece: FilePiece, tmp_path: Path) -> None:
    half = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    made(piece, tmp_path / "v.mp4", 3.0, 4.0, ViewOptions("x", KYIV, masks=(half,)))
    found = pictures(tmp_path / "v.mp4")
    assert len(found) == FPS
    for _time, luma in found:
        assert luma[24:, :156].max() < 24
        assert luma[24:, 166:186].min() > 128  # bit 5 of frames 45 to 59 is white


def test_the_chroma_of_a_mask_covers_every_sample_that_it_touches() -> None:
    mask = Mask(((0.26, 0.26), (0.49, 0.26), (0.49, 0.49), (0.26, 0.49)), (16, 16))
    assert mask.luma.sum() > 0
    assert mask.chroma.repeat(2, 0).repeat(2, 1)[mask.luma].all()


def test_a_mask_leaves_no_colour_behind() -> None:
    planes = Planes((32, 32), 22)
    red = np.zeros((32, 32, 3), np.uint8)
    red[:, :, 0] = 255
    planes.show(av.VideoFrame.from_ndarray(red))
    planes.cover(Mask(((0, 0), (1, 0), (1, 0.5), (0, 0.5)), (32, 32)))
    assert set(planes.luma[22:37].flat) == {16}
    for plane in (planes.blue, planes.red):
        assert set(plane[11:19].flat) == {128}
        assert 128 not in plane[21:]


def test_others_are_pixelated_and_the_chosen_track_is_not() -> None:
    frame = av.VideoFrame.from_ndarray(np.random.default_rng(1).integers(0, 255, (120, 160, 3)).astype(np.uint8))
    planes = Planes((160, 120), 22)
    planes.show(frame)
    before = planes.luma.copy()
    planes.pixelate(Box(0.5, 0.25, 0.9, 0.75))
    changed = planes.luma != before
    assert changed[22 + 30 : 22 + 90, 80:144].mean() > 0.9
    assert not changed[: 22 + 30].any()
    assert not changed[:, :78].any()
    area = planes.luma[22 + 30 : 22 + 90, 80:144]
    assert len(np.unique(area)) <= 49  # some coarse cells
    planes.pixelate(Box(-3, -3, 9, 9))
    planes.pixelate(Box(0.5, 0.5, 0.5, 0.5))
    planes.pixelate(Box(0.9, 0.9, 0.1, 0.1))


WHOLE = Box(0.0, 0.0, 1.0, 1.0)


@pytest.mark.parametrize("keep", [None, 1, 2])
def test_boxes_are_blurred_around_their_time_only(piece: FilePiece, tmp_path: Path, keep: int | None) -> None:
    box = SeenBox(UTC_S + 2.0, 2, WHOLE)
    made(piece, tmp_path / "v.mp4", 0.0, 4.0, ViewOptions("x", KYIV, boxes=(box,), keep_track=keep))
    right = {round(time, 1): number_of(luma) for time, luma in pictures(tmp_path / "v.mp4")}
    assert right[1.0] == 15
    assert right[3.0] == 45
    assert (right[2.0] == 30) == (keep != 1)


@pytest.mark.parametrize("boxes", [(), (SeenBox(UTC_S + 1.0, 2, WHOLE),)], ids=["no tracks", "others only"])
def test_nothing_is_sharp_where_the_kept_one_is_not_known(
    piece: FilePiece, tmp_path: Path, boxes: tuple[SeenBox, ...]
) -> None:
    for keep in (None, 1):
        options = ViewOptions("x", KYIV, boxes=boxes, keep_track=keep, hide_rest=True)
        made(piece, tmp_path / "v.mp4", 0.0, 4.0, options)
        for _time, luma in pictures(tmp_path / "v.mp4"):
            picture = luma[22:]
            assert picture.shape == (180, 320)
            for row in range(1, 179):  # within a cell of 13 px no edge is left
                steps = np.abs(np.diff(picture[row].astype(int)))
                assert (steps > 24).sum() <= 25


def test_the_kept_track_is_sharp_between_looks_that_are_near(piece: FilePiece, tmp_path: Path) -> None:
    times = (0.5, 1.0, 1.5, 3.5)
    boxes = tuple(SeenBox(UTC_S + time, 2, WHOLE) for time in times)
    made(piece, tmp_path / "v.mp4", 0.0, 4.0, ViewOptions("x", KYIV, boxes=boxes, keep_track=2, hide_rest=True))
    found = pictures(tmp_path / "v.mp4")
    sharp = [round(time, 3) for n, (time, luma) in enumerate(found) if _is_clear(luma, n)]
    assert sharp
    assert all(0.45 < time < 1.55 or abs(time - 3.5) < 0.05 for time in sharp)
    assert sum(0.45 < time < 1.55 for time in sharp) >= 14


def test_another_one_over_the_kept_one_is_not_seen(piece: FilePiece, tmp_path: Path) -> None:
    kept = tuple(SeenBox(UTC_S + time, 2, WHOLE) for time in (1.0, 2.0, 3.0))
    other = SeenBox(UTC_S + 2.0, 3, Box(0.0, 0.3, 1.0, 0.9))
    made(
        piece, tmp_path / "v.mp4", 0.0, 4.0, ViewOptions("x", KYIV, boxes=(*kept, other), keep_track=2, hide_rest=True)
    )
    found = pictures(tmp_path / "v.mp4")
    assert _is_clear(found[18][1], 18)
    assert not _is_clear(found[30][1], 30)
    assert _is_clear(found[42][1], 42)


def test_a_track_that_jumps_is_not_followed() -> None:
    boxes = (
        SeenBox(UTC_S, 2, Box(0.0, 0.0, 0.2, 0.4)),
        SeenBox(UTC_S + 0.4, 2, Box(0.6, 0.0, 0.8, 0.4)),
        SeenBox(UTC_S + 0.8, 2, Box(0.7, 0.0, 0.9, 0.4)),
    )
    film = Hidden(boxes, 2, hide_rest=True)
    assert film.kept_at(UTC_S + 0.2) is None
    assert film.kept_at(UTC_S - 0.1) is None
    assert film.kept_at(UTC_S + 0.9) is None
    assert film.kept_at(UTC_S + 0.01) == boxes[0].box
    assert film.kept_at(UTC_S + 0.6) == pytest.approx((0.65, 0.0, 0.85, 0.4))


def _is_clear(luma: Pixels, number: int) -> bool:
    """Whether each pixel of a row is as it was filmed: cells of 13 px never end where the blocks do."""
    line = luma[luma.shape[0] // 2 + 20] > 127
    filmed = np.array([bool(number >> (x // 32) & 1) for x in range(320)])
    return number > 0 and bool((line == filmed).all())


@given(st.lists(st.integers(0, 60)), st.integers(0, 60))
def test_boxes_that_are_near_in_time_are_found(times: list[int], at: int) -> None:
    """Tenths of a second, 0.05 s off the limit."""
    boxes = tuple(SeenBox(UTC_S + time / 10, 2, Box(0.1, 0.1, 0.2, 0.1 + 0.001 * n)) for n, time in enumerate(times))
    film = Hidden(boxes, 1, hide_rest=False)
    found = film.boxes_at(UTC_S + at / 10 + 0.05)
    near = [box for box, time in zip(boxes, times, strict=True) if abs(time / 10 - at / 10 - 0.05) < 0.6]
    assert sorted(box.y1 + box.y2 for box in found) == pytest.approx(sorted(b.box.y1 + b.box.y2 for b in near))


def test_other_pictures_of_the_decoder_are_not_drawn_on(tmp_path: Path) -> None:
    """Decoders reuse their pictures: a mask must not smear into the next ones."""
    clip = numbered_clip(tmp_path / "b.mp4", 0, 30, bframes=2)
    options = ViewOptions("x", KYIV, masks=(((0, 0), (0.3, 0), (0.3, 0.2), (0, 0.2)),))
    made(FilePiece(str(clip), UTC_S, UTC_S + 2), tmp_path / "v.mp4", 0, 2, options)
    assert [number_of(luma) for _time, luma in pictures(tmp_path / "v.mp4")] == list(range(30))


def test_both_half_past_threes_of_the_night_when_clocks_go_back() -> None:
    first = datetime.fromisoformat("2026-10-25T00:30:00.040+00:00").timestamp()
    assert time_texts(first, KYIV) == ("2026-10-25 00:30:00.040 UTC", "2026-10-25 03:30:00.040 +03:00")
    assert time_texts(first + 3600, KYIV)[1] == "2026-10-25 03:30:00.040 +02:00"
    assert time_texts(first, ZoneInfo("Asia/Kathmandu"))[1].endswith("+05:45")


def test_nothing_to_show_and_a_cancel_and_a_full_disk_leave_nothing(
    piece: FilePiece, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(VideoError) as caught:
        made(piece, tmp_path / "out" / "v.mp4", 100, 110)
    assert caught.value.code is VideoCode.NOT_BUFFERED

    def cancel(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        view_copy([piece], UTC_S, UTC_S + 4, tmp_path / "out" / "v.mp4", ViewOptions("x", KYIV), cancel)
    monkeypatch.setattr(module, "frames_in", _full)
    with pytest.raises(StorageError) as refused:
        made(piece, tmp_path / "out" / "v.mp4", 0, 1)
    assert refused.value.code is StorageCode.DISK_FULL
    monkeypatch.setattr(module, "frames_in", lambda _path: 3)
    with pytest.raises(VideoError) as torn:
        made(piece, tmp_path / "out" / "v.mp4", 0, 1)
    assert torn.value.code is VideoCode.DAMAGED
    assert list((tmp_path / "out").iterdir()) == []


def _full(_path: Path) -> int:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("title", ["", "x" * 500, "Ғ\n\t\0 <b> 🎥 مرحبا"])
def test_any_title_fits(piece: FilePiece, tmp_path: Path, title: str) -> None:
    assert made(piece, tmp_path / "v.mp4", 0, 0.5, ViewOptions(title, KYIV)).frames == 8


def test_odd_sizes_and_full_range_colours(tmp_path: Path) -> None:
    path = tmp_path / "odd.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 161, 121, "yuvj420p"
        for _ in range(10):
            picture = np.full((121, 161, 3), 200, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode(None))
    view = made(FilePiece(str(path), UTC_S, UTC_S + 1), tmp_path / "v.mp4", 0, 1)
    assert (view.width, view.height, view.frames) == (160, 120 + 22, 10)
