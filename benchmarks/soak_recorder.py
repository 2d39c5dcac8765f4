"""The process that `soak_record` kills: records cameras into a folder and says all the time how far their packets are.

`python -m benchmarks.soak_recorder FOLDER URL ...`; one JSON line every 20 ms: `{"camera": newest utc_s, ...}`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from storage.footage_folders import FootageFolders
from storage.segments import SegmentIndex
from storage.worker import Worker
from video.recorder import RecorderPool
from video.session import CameraSession

SEGMENT_S = 2.0
"""Much shorter than in earnest, so that many kills hit a change of files."""


def main(folder: Path, urls: list[str]) -> None:
    """Record until killed."""
    index = SegmentIndex(folder / "index.db")
    pool = RecorderPool(FootageFolders([folder / "footage"]), index, segment_s=SEGMENT_S)
    sessions = [CameraSession(f"c{n}", f"c{n}", url) for n, url in enumerate(urls)]
    for session in sessions:
        session.add_taker(pool.add(session.camera_id).queue)
    workers: list[Worker] = [*pool.workers, *sessions]
    for worker in workers:
        worker.start()
    while True:
        newest = {session.camera_id: session.status().last_packet_utc_s for session in sessions}
        sys.stdout.write(json.dumps(newest) + "\n")
        sys.stdout.flush()
        time.sleep(0.02)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
