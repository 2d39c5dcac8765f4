from __future__ import annotations

from itertools import islice, pairwise
from pathlib import Path

import pytest

from tests.video.conftest import Clips
from video.codec import new_decoder
from video.file_source import FileSource
from video.frame import Packet
from video.source import VideoCode, VideoError


def _once(path: Path) -> list[Packet]:
    source = FileSource(str(path), paced=False, loop=False)
    source.open()
    packets: list[Packet] = []
    with pytest.raises(VideoError) as caught:
        packets.extend(packet for packet in source.packets() if packet is not None)
    assert caught.value.code is VideoCode.ENDED
    source.close()
    return packets


@pytest.mark.parametrize("name", ["h264", "bframes", "h265", "mjpeg"])
def test_every_codec_loops_without_a_jump(clips: Clips, name: str) -> None:
    source = FileSource(str(getattr(clips, name)), paced=False)
    info = source.open()
    packets = list(islice((packet for packet in source.packets() if packet is not None), 75))
    source.close()
    times = sorted(packet.pts_s for packet in packets[:70])
    steps = [b - a for a, b in pairwise(times)]
    assert times[0] == 0.0
    assert max(steps[:60]) == pytest.approx(1 / 15, abs=0.002), "no jump in 2.5 loops"
    assert min(steps) > 0.06, "nothing twice"
    decoder = new_decoder(info)
    assert sum(len(decoder.decode(packet.av)) for packet in packets) >= 70


def test_a_file_url_is_a_file(clips: Clips) -> None:
    source = FileSource(clips.h264.as_uri())
    assert source.open().codec == "h264"
    source.close()


def test_a_torn_recording_plays_what_is_there_and_loops(clips: Clips) -> None:
    source = FileSource(str(clips.torn), paced=False)
    source.open()
    packets = list(islice((packet for packet in source.packets() if packet is not None), 90))
    source.close()
    assert sum(packet.key for packet in packets) > 3
    assert all(0 < b.pts_s - a.pts_s < 0.1 for a, b in pairwise(packets))


def test_a_resized_stream_is_read_through(clips: Clips) -> None:
    assert len(_once(clips.resized)) == 30


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("text", VideoCode.NOT_VIDEO),
        ("empty", VideoCode.DAMAGED),
        ("corrupt", VideoCode.DAMAGED),
    ],
)
def test_what_is_not_a_video_says_so(clips: Clips, name: str, code: VideoCode) -> None:
    with pytest.raises(VideoError) as caught:
        FileSource(str(getattr(clips, name))).open()
    assert caught.value.code is code


def test_text_under_a_video_name_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_text("hello\n" * 100)
    with pytest.raises(VideoError) as caught:
        FileSource(str(path)).open()
    assert caught.value.code is VideoCode.NOT_VIDEO


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(VideoError) as missing:
        FileSource(str(tmp_path / "none.mp4")).open()
    assert missing.value.code is VideoCode.NO_FILE
    with pytest.raises(VideoError) as folder:
        FileSource(str(tmp_path)).open()
    assert folder.value.code is VideoCode.NOT_VIDEO


def test_waiting_is_interrupted_to_see_a_stop(tmp_path: Path) -> None:
    from tests.video.conftest import make_clip

    slow = make_clip(tmp_path / "slow.mp4", fps=1, seconds=3, gop=1)
    source = FileSource(str(slow))
    source.open()
    packets = source.packets()
    assert next(packets) is not None
    assert next(packets) is None
    source.close()
