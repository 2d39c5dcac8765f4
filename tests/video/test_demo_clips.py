from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from storage.errors import StorageCode, StorageError
from tests.video.demo_material import WALKER, tiny
from video import demo_clips
from video.cutouts import Cutouts
from video.demo_clips import GOP_PICTURES, Clip, clip_of, make_clips
from video.source import VideoCode, VideoError
from video.synthetic import SceneSpec, Stage, Waypoint, load_truth

# Two seconds, so that there is more than one GOP; the walker is on the way while the loop begins again.
ROUND = replace(WALKER, path=(Waypoint(1.2, -0.2, 0.85), Waypoint(3.0, 1.2, 0.85)))
SCENES = tuple(replace(tiny(codec, codec, (ROUND,)), loop_s=2.0) for codec in ("h264", "hevc"))


def _silent(done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Clip], list[tuple[int, int]]]:
    calls: list[tuple[int, int]] = []
    clips = make_clips(
        SCENES, tmp_path_factory.mktemp("clips") / "new", lambda done, total: calls.append((done, total))
    )
    return clips, calls


@pytest.mark.parametrize("scene", SCENES, ids=lambda s: s.codec)
def test_clip_is_what_its_truth_says(made: tuple[dict[str, Clip], object], scene: SceneSpec) -> None:
    clip = made[0][scene.name]
    truth = load_truth(clip.truth_path)
    with av.open(str(clip.path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == truth.codec == scene.codec
        assert (stream.width, stream.height) == (truth.width, truth.height)
        assert stream.average_rate == truth.fps
        packets = [p for p in container.demux(stream) if p.size]
        assert len(packets) == truth.frames == 30
        assert packets[0].pts == 0
        assert [p.pts for p in packets] == [p.dts for p in packets], "B frames"
        assert [i for i, p in enumerate(packets) if p.is_keyframe] == [0, GOP_PICTURES]


@pytest.mark.parametrize("scene", SCENES, ids=lambda s: s.codec)
def test_clip_shows_what_was_rendered(made: tuple[dict[str, Clip], object], scene: SceneSpec) -> None:
    stage = Stage(scene, Cutouts())
    with av.open(str(made[0][scene.name].path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            rendered, boxes = stage.render(index)
            assert np.abs(frame.to_ndarray(format="rgb24").astype(int) - rendered).mean() < 8
            stored = load_truth(made[0][scene.name].truth_path).boxes[index]
            assert [b.actor_id for b in stored] == [b.actor_id for b in boxes]
            assert np.allclose([b.box for b in stored], [b.box for b in boxes], atol=1e-5)


def test_the_loop_has_no_visual_jump() -> None:
    stage = Stage(SCENES[0], Cutouts())
    pictures = [stage.render(i)[0].astype(int) for i in range(30)]
    steps = [np.abs(b - a).mean() for a, b in zip(pictures, [*pictures[1:], pictures[0]], strict=True)]
    assert steps[-1] <= max(steps[:-1]) * 1.05
    assert max(steps) > 2 * min(steps), "somebody moves, and goes away"


def test_progress_counts_every_picture(made: tuple[object, list[tuple[int, int]]]) -> None:
    assert made[1][-1] == (60, 60)
    assert [done for done, _ in made[1]] == sorted(done for done, _ in made[1])


def test_what_is_there_is_not_made_again(made: tuple[dict[str, Clip], object]) -> None:
    folder = made[0]["h264"].path.parent
    before = {p: p.stat().st_mtime_ns for p in folder.iterdir()}

    def progress(done: int, total: int) -> None:
        pytest.fail("made again")

    assert make_clips(SCENES, folder, progress) == made[0]
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == before
    assert len(before) == 4, "no temporary file is left"


def test_a_changed_scene_is_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = clip_of(tiny(), tmp_path)
    assert clip_of(tiny(), tmp_path) == first
    assert clip_of(replace(tiny(), noise=2), tmp_path).path != first.path
    monkeypatch.setattr(demo_clips, "RENDERER_VERSION", 99)
    assert clip_of(tiny(), tmp_path).path != first.path


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _broken(*_: object) -> None:
    raise KeyError("bug")


@pytest.mark.parametrize(("failure", "kind"), [(_full, VideoError), (_broken, KeyError)])
def test_a_failure_leaves_nothing_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Callable[..., None], kind: type[Exception]
) -> None:
    monkeypatch.setattr(demo_clips, "save_truth", failure)
    with pytest.raises(kind) as caught:
        make_clips((tiny("a"), tiny("b"), tiny("c")), tmp_path, _silent)
    assert list(tmp_path.iterdir()) == []
    if isinstance(caught.value, VideoError):
        assert caught.value.code == VideoCode.DISK_FULL


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as caught:
        make_clips((tiny(),), tmp_path / "file" / "clips", _silent)
    assert caught.value.code == StorageCode.READ_ONLY


def test_the_first_failure_stops_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def progress(done: int, total: int) -> None:
        counted.append(done)
        raise KeyError("the caller gave up")

    long = replace(tiny("long"), loop_s=60.0)
    with pytest.raises(KeyError):
        make_clips((tiny("a"), tiny("b"), long), tmp_path, progress)
    assert counted[-1] < 60
    assert not clip_of(long, tmp_path).path.exists()
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".part"]


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    abandoned, fresh = tmp_path / ".a.mp4.1.part", tmp_path / ".a.mp4.2.part"
    for path in (abandoned, fresh):
        path.touch()
    os.utime(abandoned, (1.0, 1.0))
    make_clips((tiny(),), tmp_path, _silent)
    assert not abandoned.exists()
    assert fresh.exists()
