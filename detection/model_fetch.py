"""Process of its own: `python -m detection.model_fetch FOLDER` gets the official nano weights and exports them once.

By ultralytics, with safe loading (a crafted .pt ran code on load), without auto-install and without sync. Says JSON
lines on standard output: {"step": text}, at the end {"done": path} or {"failed": why}. The result appears in FOLDER in
one rename, with `provenance.json` (source, SHA-256 of the weights and of the network) beside the network.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import getproxies

from detection.model_files import PROVENANCE, file_digests, file_sha256
from detection.quiet_openvino import silence_telemetry

WEIGHTS = "yolo11n.pt"
HOST = ("github.com", 443)
CONNECT_S = 3.0
SIDE_PX = 640

Step = Callable[[str], None]
Download = Callable[[Path, Step], None]
Export = Callable[[Path, Step], Path]


class FetchFailure(Exception):
    """Why there is no model; the text is the word that the parent gets."""


def fetch(models: Path, step: Step, download: Download, export: Export) -> Path:
    """Download into a work folder, hash, export, and put the finished model in place. Raises FetchFailure, OSError."""
    models.mkdir(parents=True, exist_ok=True)
    target = models / f"{Path(WEIGHTS).stem}_openvino_model"
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=models) as folder:
        weights = Path(folder) / WEIGHTS
        download(weights, step)
        if not weights.is_file() or weights.stat().st_size == 0:
            raise FetchFailure("empty download")
        step("export")
        exported = export(weights, step)
        _write_provenance(weights, exported)
        if target.exists():
            shutil.rmtree(target)
        exported.rename(target)
    return target


def download_official(weights: Path, step: Step) -> None:
    """Get the release asset by ultralytics' own downloader, after a quick look whether the network is there."""
    _check_network()
    step("download")
    done = threading.Event()
    threading.Thread(target=_watch_size, args=(weights, step, done), daemon=True).start()
    try:
        _prepare_ultralytics()
        from ultralytics.utils.downloads import attempt_download_asset

        attempt_download_asset(weights)
    finally:
        done.set()


def export_openvino(weights: Path, _step: Step) -> Path:
    """Convert the weights to an OpenVINO IR of fixed size beside them; float, the runtime picks the precision."""
    _prepare_ultralytics()
    from ultralytics.models import YOLO

    return Path(YOLO(str(weights), task="detect").export(format="openvino", imgsz=SIDE_PX, half=False, dynamic=False))


def _prepare_ultralytics() -> None:
    silence_telemetry()
    from ultralytics.utils import SETTINGS

    SETTINGS["sync"] = False


def _check_network() -> None:
    if getproxies():
        return
    try:
        socket.create_connection(HOST, CONNECT_S).close()
    except OSError as error:
        raise FetchFailure("network") from error


def _watch_size(weights: Path, step: Step, done: threading.Event) -> None:
    last = 0
    while not done.wait(0.5):
        size = max((p.stat().st_size for p in weights.parent.glob(f"{weights.stem}*")), default=0)
        if size > last:
            step(f"download {size / 1e6:.1f} MB")
        last = size


def _write_provenance(weights: Path, exported: Path) -> None:
    facts = {
        "weights": weights.name,
        "weights_sha256": file_sha256(weights),
        "network_sha256": file_digests(exported),
        "source": f"https://{HOST[0]}/ultralytics/assets",
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    (exported / PROVENANCE).write_text(json.dumps(facts, indent=1), "utf-8")


def main(models: Path, download: Download = download_official, export: Export = export_openvino) -> int:
    """Fetch and say how it went; other libraries' prints go to standard error."""
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**words: str) -> None:
        said.write(json.dumps(words) + "\n")
        said.flush()

    os.environ.setdefault("YOLO_CONFIG_DIR", str(models / ".ultralytics"))
    try:
        say(done=str(fetch(models, lambda text: say(step=text), download, export)))
    except FetchFailure as error:
        say(failed=str(error))
        return 1
    except Exception as error:  # noqa: BLE001 - whatever a foreign library raises, the parent gets one word
        say(failed=type(error).__name__)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
