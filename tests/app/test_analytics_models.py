"""Cameras with a model of their own and far views: what of them reaches the detection process and the tiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.analytics import Analytics
from app.archive import Archive
from app.camera_models import OwnModel, give_model, noted_models, numbers_of, own_choices
from app.feeds import Banner
from detection.detector import DetectionCode, DetectionError
from detection.messages import AnalyticsCamera
from detection.model_files import model_digest
from detection.models import ModelChoice, ModelSource
from storage.commands import PutRecord
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.journal import Registry
from storage.people_queries import AccessFilter
from storage.people_records import AccessKind
from storage.records import Camera, Zone
from storage.settings import Settings, load
from tests.app.test_analytics_rules import CAMERAS, Desk
from tests.detection.test_models import write_ir
from video.session import SessionState

FAR = Zone("f", "c1", "Far", ((0.5, 0.2), (0.7, 0.2), (0.7, 0.4)), kind="far")
PART = (0.5, 0.2, 0.7, 0.4)
OWN = ModelChoice("large", ModelSource.SETTING, Path("/models/large"))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = Desk(monkeypatch)
    yield made
    made.analytics.close()


def _rounded(part: tuple[float, ...] | None) -> tuple[float, ...] | None:
    return tuple(round(value, 6) for value in part) if part is not None else None


def told(desk: Desk, camera_id: str) -> AnalyticsCamera:
    return next(camera for camera in desk.told[-1] if camera.camera_id == camera_id)


def test_a_far_zone_takes_the_main_stream_and_a_second_slot(desk: Desk) -> None:
    desk.analytics.renew(Registry(cameras=CAMERAS, zones=(FAR,)))
    first, second = told(desk, "c1"), told(desk, "c2")
    assert (first.far_view, first.far_slot, _rounded(first.far_part)) == (True, 2, PART)
    assert (second.far_view, second.far_slot, second.far_part) == (False, None, None)
    assert desk.hub.taps == {"c1": "main", "c2": "small"}
    moved = Zone(FAR.id, FAR.camera_id, FAR.name, ((0.1, 0.2), (0.3, 0.2), (0.3, 0.4)), kind="far")
    desk.analytics.renew(Registry(cameras=CAMERAS, zones=(moved,)))
    assert told(desk, "c1").far_slot not in (2, first.slot, second.slot), "no crop of the old part is taken for new"
    desk.analytics.renew(Registry(cameras=CAMERAS))
    assert (told(desk, "c1").far_view, told(desk, "c1").far_slot) == (False, None)
    assert desk.hub.taps == {"c1": "small", "c2": "small"}


def test_a_far_view_says_when_there_is_no_main_stream_or_it_is_too_small(desk: Desk) -> None:
    state = [SessionState.CONNECTING]
    desk.hub.session = lambda _id: SimpleNamespace(status=lambda: SimpleNamespace(state=state[0]))  # type: ignore[attr-defined]
    analytics: Analytics = desk.analytics
    analytics.renew(Registry(cameras=CAMERAS, zones=(FAR,)))
    assert analytics.notice("c1") == "Far view: waits for the main stream"
    assert analytics.notice("c2") == ""
    state[0] = SessionState.LIVE
    assert analytics.notice("c1") == ""
    tap = analytics._places.all()[-1].tap
    tap.gain = 1.0  # type: ignore[attr-defined]
    assert analytics.notice("c1") == "Far view: the stream is too small, nothing is gained"
    tap.gain = 3.0  # type: ignore[attr-defined]
    assert analytics.notice("c1") == ""


def test_a_camera_gets_a_model_of_its_own_and_gives_it_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    others: list[dict[str, ModelChoice]] = []
    monkeypatch.setattr(desk.analytics.service, "use_others", others.append)
    desk.analytics.use_own_models({"c2": OWN})
    assert others == [{str(OWN.path): OWN}]
    assert [told(desk, name).model for name in ("c1", "c2")] == ["", str(OWN.path)]
    desk.analytics.renew(Registry(cameras=(*CAMERAS, Camera("c3", 3, "Quay", "z"))))
    assert [told(desk, name).model for name in ("c1", "c2", "c3")] == ["", str(OWN.path), ""]
    desk.analytics.use_own_models({})
    assert others[-1] == {}
    assert {camera.model for camera in desk.told[-1]} == {""}


def test_a_model_whose_words_no_rule_knows_is_told_until_another_looks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All that it finds is shown under its own words, and a rule for people never fires."""
    said: list[str] = []
    desk.bus.subscribe(Banner, lambda banner: said.append(banner.text) if banner.key == "words" else None)
    monkeypatch.setattr(desk.analytics.service, "use_others", lambda _own: None)
    monkeypatch.setattr(desk.analytics.service, "use_model", lambda _choice: None)
    known, foreign = write_ir(tmp_path / "known"), write_ir(tmp_path / "gate")
    (foreign / "metadata.yaml").write_text("task: detect\nnames:\n  0: pedestrian\n  1: lorry\n")
    words = (("person", "person"), ("truck", "truck"))
    desk.analytics._choice = ModelChoice("known", ModelSource.SETTING, known, classes=words)
    told = (
        "No rule sees what the model gate finds: “[detection] classes” in settings.toml names none of its words"
        " (pedestrian, lorry)."
    )
    for own, wanted in (({"c2": known}, ""), ({"c2": foreign}, told), ({}, "")):
        desk.analytics.use_own_models({c: ModelChoice("x", ModelSource.SETTING, path) for c, path in own.items()})
        assert said.pop() == wanted
    for path, wanted in ((foreign, told), (tmp_path / "gone", ""), (known, "")):
        desk.analytics.use_model(ModelChoice("x", ModelSource.SETTING, path))
        assert said.pop() == wanted


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(Folders.under(tmp_path / "home").ensure(), Settings())
    for camera in CAMERAS:
        made.journal.apply(PutRecord(camera), made.actor)
    yield made
    made.close()


def test_what_cameras_have_is_noted_with_the_digest_and_in_the_journal(archive: Archive) -> None:
    path = write_ir(archive.folders.models / "large")
    digest = model_digest(path)
    assert {key: choice.path for key, choice in give_model(archive, "large", (2, 1), archive.actor).items()} == {
        "c1": path,
        "c2": path,
    }
    entries = load(archive.folders.settings).detection.camera_models
    assert noted_models(entries) == (OwnModel(1, "large", digest), OwnModel(2, "large", digest))
    give_model(archive, "large", (2,), archive.actor)
    assert give_model(archive, "large", (), archive.actor) == {}
    said = [access.detail for access in archive.journal.accesses(AccessFilter(kind=AccessKind.MODEL))]
    assert sorted(said) == sorted(
        f"large sha256 {digest} for cameras {now}; before: {before}"
        for now, before in (("1, 2", "-"), ("2", "1, 2"), ("-", "2"))
    )


def test_no_more_than_two_models_and_no_camera_that_is_not_there(archive: Archive) -> None:
    for name in ("large", "other"):
        write_ir(archive.folders.models / name)
    give_model(archive, "large", (1,), archive.actor)
    with pytest.raises(DetectionError) as caught:
        give_model(archive, "other", (2,), archive.actor)
    assert caught.value.code is DetectionCode.TOO_MANY_MODELS
    assert give_model(archive, "other", (1,), archive.actor).keys() == {"c1"}, "it changes hands"
    for numbers in ("9", "1, gate"):
        with pytest.raises(StorageError) as missing:
            give_model(archive, "other", numbers_of(numbers), archive.actor)
        assert missing.value.code is StorageCode.NOT_FOUND


def test_an_altered_or_missing_model_leaves_the_camera_to_the_sites(archive: Archive) -> None:
    path = write_ir(archive.folders.models / "large")
    give_model(archive, "large", (1,), archive.actor)
    entries = load(archive.folders.settings).detection.camera_models
    models = archive.folders.models
    assert own_choices(entries, models, CAMERAS)[0].keys() == {"c1"}
    assert own_choices([*entries, "nonsense"], models, CAMERAS[1:]) == ({}, None), "a camera that went is no fault"
    next(path.glob("*.bin")).write_bytes(b"another")
    found, refused = own_choices(entries, models, CAMERAS)
    assert found == {}
    assert refused is not None
    assert refused.code is DetectionCode.ALTERED_MODEL
    assert own_choices([f"1 gone {'a' * 64}"], models, CAMERAS)[1] is not None
