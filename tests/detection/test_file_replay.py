"""A file looked at twice gives the same events, at the same frames; looks lie at fixed places of its time."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import typer
from typer.testing import CliRunner

from app.errors import AppCode, AppError
from app.replay_command import replay
from app.rule_files import events_json, read_rules
from detection.detector import Detections
from detection.file_replay import replayed
from detection.messages import UseModel
from detection.pipeline import Pipeline
from storage.records import RuleKind
from tests.detection.scenes import START_S, seen
from video.file_looks import file_looks
from video.source import VideoError

SIZE, FPS, SECONDS = (320, 180), 15, 8
RULES = {
    "zones": [
        {"id": "all", "points": [[0, 0], [1, 0], [1, 1], [0, 1]]},
        {"id": "gate", "kind": "line", "points": [[0.5, 0], [0.5, 1]]},
    ],
    "rules": [
        {"id": "in", "zone_id": "all", "hold_s": 1.0, "cooldown_s": 0},
        {"id": "over", "zone_id": "gate", "kind": "line_crossing"},
        {"id": "camera", "zone_id": "all", "kind": "tamper", "limit": 2},
        {"id": "night", "zone_id": "all", "schedule": "08:00-18:00"},
    ],
    "timezone": "Europe/Kyiv",
}


class Bright:
    """Finds the bright block."""

    def detect(self, image: npt.NDArray[np.uint8]) -> Detections:
        rows, columns = np.nonzero(image[:, :, 1] > 200)
        if not len(rows):
            return seen()
        height, width = image.shape[:2]
        return seen((columns.min() / width, rows.min() / height, columns.max() / width, rows.max() / height))


@pytest.fixture
def clip(tmp_path: Path) -> str:
    """A block goes from left to right; the last two seconds are black."""
    path = tmp_path / "block.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(FPS * SECONDS):
            image = np.full((SIZE[1], SIZE[0], 3), 60 + np.arange(SIZE[0])[:, None] % 40, np.uint8)
            left = 20 + 2 * number
            if number < FPS * (SECONDS - 3):
                image[60:140, left : left + 60] = 255
            else:
                image[:] = 0
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return str(path)


def run(clip: str, folder: Path) -> str:
    file = folder / "rules.json"
    file.write_text(json.dumps(RULES))
    guarded = read_rules(file)
    pipeline = Pipeline(guarded.camera_id)
    pipeline.change_rules(guarded.rules, guarded.zones, (), timezone=guarded.timezone)
    return events_json(replayed(file_looks(clip), Bright(), pipeline, START_S))


def test_two_runs_give_identical_events(clip: str, tmp_path: Path) -> None:
    first = run(clip, tmp_path)
    assert first == run(clip, tmp_path)
    events = json.loads(first)
    assert [(e["kind"], e["rule"], e["label"]) for e in events] == [
        (RuleKind.INTRUSION.value, "in", "person"),
        (RuleKind.LINE_CROSSING.value, "over", "person"),
        (RuleKind.TAMPER.value, "camera", "dark"),
    ]
    assert all(e["frame"] == round(e["pts_s"] * FPS) for e in events)


def test_looks_lie_at_fixed_places_of_the_files_time(clip: str) -> None:
    looks = list(file_looks(clip))
    assert [look.frame for look in looks] == [3 * i for i in range(5 * SECONDS)]
    assert [look.pts_s for look in looks] == pytest.approx([i / 5 for i in range(5 * SECONDS)], abs=0.001)
    assert {look.image.shape for look in looks} == {(180, 320, 3)}


def test_a_torn_file_is_looked_at_as_far_as_it_goes_and_nothing_is_no_video(clip: str, tmp_path: Path) -> None:
    torn = tmp_path / "torn.ts"
    with av.open(clip) as source, av.open(str(torn), "w", format="mpegts") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    assert 5 < len(list(file_looks(str(torn)))) < 5 * SECONDS
    (tmp_path / "text.mp4").write_text("no video")
    for name in ("text.mp4", "missing.mp4"):
        with pytest.raises(VideoError):
            list(file_looks(str(tmp_path / name)))


@pytest.mark.parametrize(
    "text",
    ["no json", "[]", '{"rules": [{"id": "x", "zone_id": "z", "kind": "magic"}]}', '{"rules": [7]}', '{"zones": {}}'],
)
def test_what_is_no_rule_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.json"
    path.write_text(text)
    with pytest.raises(AppError) as caught:
        read_rules(path)
    assert caught.value.code is AppCode.BAD_RECORD


def test_the_command_writes_the_events(clip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer()
    app.command()(replay)
    monkeypatch.setenv("WATCHFLOOR_HOME", str(tmp_path / "home"))
    rules, out = tmp_path / "rules.json", tmp_path / "events.json"
    rules.write_text(json.dumps(RULES))
    arguments = [clip, "--rules", str(rules), "--detector", "people", "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert [e["label"] for e in json.loads(out.read_text()) if e["kind"] == "tamper"] == ["dark"]
    assert CliRunner().invoke(app, [clip]).exit_code == 2


class Bags(Bright):
    """Calls what it finds a bag, as detectors do here; was told what models call it."""

    name = "bags"

    def __init__(self, order: UseModel) -> None:
        assert dict(order.classes)["handbag"] == "bag"

    def detect(self, image: npt.NDArray[np.uint8]) -> Detections:
        found = super().detect(image)
        return Detections(found.boxes, found.scores, ("bag",) * len(found.labels))

    def close(self) -> None:
        """Nothing is open."""


def test_a_rule_that_names_things_as_models_do_sees_ours(
    clip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = typer.Typer()
    app.command()(replay)
    monkeypatch.setattr("app.replay_command.load_detector", lambda order, _refuse: Bags(order))
    rules, out = tmp_path / "rules.json", tmp_path / "events.json"
    things = {"id": "things", "zone_id": "all", "labels": ["backpack", "handbag"], "hold_s": 1.0}
    rules.write_text(json.dumps({**RULES, "rules": [things]}))
    result = CliRunner().invoke(app, [clip, "--rules", str(rules), "--detector", "people", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert [(e["rule"], e["label"]) for e in json.loads(out.read_text())] == [("things", "bag")]
