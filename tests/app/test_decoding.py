"""What is found out about decoders: once, kept, told; nothing when nothing can be found out."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.decoder_words import device_word, fault_words, why_words
from app.decoding import BANNER, DecoderWatch, decoding_workers
from app.feeds import Banner
from storage.settings import VideoSettings
from tests.conftest import wait_until
from tests.video.fake_device import FakeDevice, trials
from video import hardware_probe
from video.frame import StreamInfo
from video.hardware import Hardware, Refusal, Trial

REFUSED = tuple(replace(trial, refusal=Refusal.NO_DEVICE, detail="Operation not permitted") for trial in trials("cuda"))
INFO = StreamInfo("h264", 1920, 1080, 25.0, True)


@dataclass
class Site:
    """Watches over one file, each with a hardware of its own."""

    path: Path
    found: tuple[Trial, ...] = trials("cuda")
    asked: list[tuple[str, ...]] = field(default_factory=list)
    banners: list[Banner] = field(default_factory=list)
    running: list[DecoderWatch] = field(default_factory=list)
    now_s: float = 1_800_000_000.0

    def start(self, wish: str = "auto") -> tuple[Hardware, DecoderWatch]:
        hardware = Hardware(wish, FakeDevice())
        made = DecoderWatch(
            hardware,
            ("cuda",),
            self.path,
            self.banners.append,
            trial=self._try,
            first_after_s=0,
            utc_s=lambda: self.now_s,
        )
        made.start()
        self.running.append(made)
        wait_until(lambda: bool(made._told) or hardware.ready or (made._kept != {} and self._idle()), what="an answer")
        return hardware, made

    def _idle(self) -> bool:
        return all(trial.refusal is not None for trial in self.found)

    def _try(self, devices: Sequence[str], _stop: threading.Event, beat: Callable[[], None]) -> tuple[Trial, ...]:
        beat()
        self.asked.append(tuple(devices))
        return self.found

    def run(self, wish: str = "auto") -> Hardware:
        """A start and an end as they should be."""
        hardware, made = self.start(wish)
        made.stop()
        assert made.join(30)
        return hardware


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "cache" / "decoders.json")
    yield made
    for watch in made.running:
        watch.stop()
        assert watch.join(30)


def test_devices_are_tried_once_and_remembered(site: Site) -> None:
    assert site.run().ready
    assert site.run().ready
    assert site.asked == [("cuda",)]
    site.now_s += 8 * 86_400
    site.run()
    assert len(site.asked) == 2, "a driver may have been changed meanwhile"
    assert site.banners == []


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"trials": 5}', '{"machine": {}, "utc_s": 1, "trials": []}'])
def test_a_file_that_says_nothing_is_replaced(site: Site, damage: str) -> None:
    site.path.parent.mkdir()
    site.path.write_text(damage)
    assert site.run().ready
    assert json.loads(site.path.read_text())["trials"]


def test_another_machine_or_driver_is_tried_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.run()
    monkeypatch.setattr("app.decoding.machine", lambda: {"drivers": "new"})
    site.run()
    assert len(site.asked) == 2


@pytest.mark.parametrize("refusal", [Refusal.HUNG, Refusal.CRASHED])
def test_what_broke_off_is_tried_again_at_the_next_start(site: Site, refusal: Refusal) -> None:
    site.found = tuple(replace(trial, refusal=refusal) for trial in trials("cuda"))
    assert not site.run().ready
    site.found = trials("cuda")
    assert site.run().ready


def test_a_file_that_cannot_be_written_is_done_without(site: Site) -> None:
    site.path.parent.write_text("a file where a folder ought to be")
    assert site.run().ready


def test_refused_devices_are_logged_and_no_operator_is_bothered(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    site.found = REFUSED
    assert not site.run().ready
    assert "decoder NVDEC, h264: no_device (Operation not permitted)" in caplog.text
    assert "decoders at 1920x1080: h264 sw, hevc sw" in caplog.text
    assert site.banners == []


def test_a_device_that_the_settings_name_and_that_is_not_there_is_told(site: Site) -> None:
    site.found = REFUSED
    site.run("cuda")
    text = "The settings ask for NVDEC as decoder: not there (Operation not permitted). The processor decodes."
    assert site.banners == [Banner(BANNER, text)]
    site.found = ()
    site.path.unlink()
    site.run("vaapi")
    assert "VAAPI as decoder: FFmpeg does not know it" in site.banners[-1].text


def test_a_program_that_broke_off_twice_while_a_device_decoded_does_without_it_once(site: Site) -> None:
    site.run()
    for _ in range(2):  # a program that is killed leaves the file so
        hardware, made = site.start()
        assert hardware.ready
        left = site.path.read_text()
        made.stop()
        assert made.join(30)
        site.path.write_text(left)
    hardware, made = site.start()
    assert not hardware.ready
    assert "broke off twice" in site.banners[-1].text
    assert site.start("cuda")[0].ready, "what is set by hand holds"
    for watch in site.running:
        watch.stop()
        assert watch.join(30)
    assert site.run().ready, "it has ended as it should"


def test_a_device_that_fails_one_stream_after_the_other_is_told_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.decoding._LOOK_S", 0.01)
    hardware, _made = site.start()
    now = iter(range(1000))
    hardware._clock = lambda: float(next(now))
    for _ in range(3):
        lease = hardware.lease(INFO, (1920, 1080))
        assert lease is not None
        hardware.note(lease, Refusal.FAILED)
    wait_until(lambda: bool(site.banners), what="a banner")
    assert "NVDEC failed one camera after the other" in site.banners[0].text


def test_an_end_while_it_waits_or_tries_leaves_nothing(site: Site) -> None:
    made = DecoderWatch(Hardware(), ("cuda",), site.path, site.banners.append, trial=site._try, first_after_s=1000)
    made.start()
    made.stop()
    assert made.join(30)
    assert (site.asked, site.path.exists()) == ([], False)


def test_no_worker_where_there_is_nothing_to_find_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def workers(wish: str) -> int:
        return len(decoding_workers(Hardware(wish), VideoSettings(wish), site.path, site.banners.append))

    assert workers("software") == 0
    monkeypatch.setattr(hardware_probe, "named_devices", lambda: frozenset({"drm"}))
    assert (workers("auto"), workers("vaapi")) == (0, 1)
    monkeypatch.setattr(hardware_probe, "named_devices", lambda: frozenset({"drm", "vaapi"}))
    assert (workers("auto"), workers("vaapi")) == (1, 1)


def test_every_refusal_has_words() -> None:
    assert all(why_words(refusal) for refusal in Refusal)
    assert (device_word(""), device_word("cuda"), fault_words(None)) == ("sw", "NVDEC", "")
