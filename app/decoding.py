"""Which devices decode on this machine: tried once in the background, kept, and told.

One worker, after the first pictures: it never delays them, and nothing waits for it. Trials are kept per machine,
driver and FFmpeg, and are made anew after a week. A program that broke off twice while devices decoded decodes by the
processor alone, until it has ended once as it should.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.decoder_words import device_word, why_words
from app.feeds import Banner
from app.i18n import _
from storage.durable import replace
from storage.errors import StorageError
from storage.settings import VideoSettings
from storage.worker import Worker
from video.hardware import AUTO, CODECS, Hardware, Refusal, Trial, chosen
from video.hardware_probe import from_json, machine, to_json, try_devices, wished_devices

log = logging.getLogger(__name__)

BANNER = "decoder"
FIRST_AFTER_S = 10.0
KEPT_FOR_S = 7 * 86_400.0
MOST_UNCLEAN = 2
_LOOK_S = 1.0
_AGAIN = frozenset({Refusal.CRASHED, Refusal.HUNG})
"""Tried again at the next start: it may have been the machine's bad hour."""
_FULL_HD = 1920 * 1080

Try = Callable[[Sequence[str], threading.Event, Callable[[], None]], tuple[Trial, ...]]


def decoding_workers(
    hardware: Hardware, settings: VideoSettings, path: Path, tell: Callable[[Banner], None]
) -> list[Worker]:
    """None where there is nothing to find out."""
    devices = wished_devices(settings.decoder)
    if devices or hardware.wish not in (AUTO, "software"):
        return [DecoderWatch(hardware, devices, path, tell)]
    log.info("decoding by the processor: %s", "as it is set" if hardware.wish != AUTO else "FFmpeg knows no device")
    return []


class DecoderWatch(Worker):
    """Teaches `hardware`, then watches it for devices that failed."""

    def __init__(
        self,
        hardware: Hardware,
        devices: Sequence[str],
        path: Path,
        tell: Callable[[Banner], None],
        *,
        trial: Try = try_devices,
        first_after_s: float = FIRST_AFTER_S,
        utc_s: Callable[[], float] = time.time,
    ) -> None:
        """`path` is the file in which trials are kept; it may be deleted at any time."""
        super().__init__("decoder-watch")
        self._hardware, self._devices, self._path, self._tell = hardware, devices, path, tell
        self._try, self._first_after_s, self._utc_s = trial, first_after_s, utc_s
        self._machine: dict[str, str] = {}
        self._kept: dict[str, Any] = {}
        self._told = ""

    def run(self) -> None:
        """Find out, then look now and then."""
        if not self._kept and not self._learn():
            return
        while not self.stopping.wait(_LOOK_S):
            self.beat()
            self._look()
        if self._kept.pop("unclean", 0):
            self._keep()

    def _learn(self) -> bool:
        """False when it was asked to stop before it knew."""
        self._machine = machine() | {"devices asked": " ".join(self._devices)}
        self._kept = self._read()
        if not self._kept:
            if not self._wait(self._first_after_s):
                return False
            trials = self._try(self._devices, self.stopping, self.beat)
            if self.stopping.is_set():
                return False
            self._kept = {"machine": self._machine, "utc_s": self._utc_s(), "trials": [to_json(t) for t in trials]}
            self._keep()
        trials = tuple(from_json(table) for table in self._kept["trials"])
        _log(trials, self._hardware.wish)
        self._begin(trials)
        return True

    def _begin(self, trials: tuple[Trial, ...]) -> None:
        """Streams take devices from here on, unless that is what ended the program before."""
        unclean = int(self._kept.get("unclean", 0))
        able = any(trial.refusal is None for trial in trials)
        if able and unclean >= MOST_UNCLEAN and self._hardware.wish == AUTO:
            log.warning("decoding by the processor: the program ended %d times while a device decoded", unclean)
            self._say(_("The program broke off twice while a device decoded: the processor decodes in this run."))
            return
        if able:
            self._kept["unclean"] = unclean + 1  # taken back when it ends as it should
            self._keep()
        elif self._hardware.wish != AUTO:
            self._say(_refused(self._hardware.wish, trials))
        self._hardware.learn(trials)

    def _look(self) -> None:
        gone = self._hardware.given_up
        if gone:
            names = ", ".join(map(device_word, gone))
            if names not in self._told:
                log.warning("%s failed one camera after the other and is not used any more", names)
            text = _("{device} failed one camera after the other: the processor decodes in its place.")
            self._say(text.format(device=names))

    def _say(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._tell(Banner(BANNER, text))

    def _wait(self, seconds: float) -> bool:
        end_s = time.monotonic() + seconds
        while (rest_s := end_s - time.monotonic()) > 0:
            self.beat()
            if self.stopping.wait(min(rest_s, _LOOK_S)):
                return False
        return True

    def _read(self) -> dict[str, Any]:
        """What is kept and still holds; empty when there is nothing."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            broken = any(from_json(table).refusal in _AGAIN for table in kept["trials"])
            fresh = abs(self._utc_s() - float(kept["utc_s"])) < KEPT_FOR_S
            holds = kept["machine"] == self._machine and int(kept.get("unclean", 0)) >= 0
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}
        return kept if fresh and holds and not broken else {}

    def _keep(self) -> None:
        try:
            replace(self._path, json.dumps(self._kept, indent=1).encode())
        except (StorageError, OSError) as error:
            log.warning("what was found out about decoders is not kept: %s", error)


def _refused(device: str, trials: Sequence[Trial]) -> str:
    """What is said when the device of the settings is not to be had."""
    why = next((why_words(t.refusal, t.detail) for t in trials if t.refusal is not None), _("FFmpeg does not know it"))
    text = _("The settings ask for {device} as decoder: {why}. The processor decodes.")
    return text.format(device=device_word(device), why=why)


def _log(trials: Sequence[Trial], wish: str) -> None:
    for trial in trials:
        if trial.refusal is not None:
            text = "decoder %s, %s: %s (%s), tried for %.1f s"
            log.info(text, device_word(trial.device), trial.codec, trial.refusal, trial.detail, trial.seconds)
        for cost in trial.costs:
            log.info(
                "decoder %s, %s, %d px: %.2f ms of CPU a frame against %.2f by the processor, held for %.2f ms",
                *(device_word(trial.device), trial.codec, cost.pixels),
                *(cost.hardware_ms, cost.software_ms, cost.held_ms),
            )
    found = {codec: chosen(trials, wish, codec, _FULL_HD) for codec in CODECS}
    names = ", ".join(f"{codec} {device_word(pair[0].device) if pair else 'sw'}" for codec, pair in found.items())
    log.info("decoders at 1920x1080: %s", names)
