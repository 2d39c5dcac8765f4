"""A picture of each camera before it is stored: opened once, at most eight at a time. Blocks: not for the GUI."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from app.camera_import import ImportRow, RowState
from app.credentials import with_login
from app.reports import write_whole
from app.texts import sentence
from storage.durable import make_folder
from storage.errors import WatchfloorError
from video.glimpse import TIMEOUT_S, glimpse

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Preview:
    """What was seen; `problem` is the sentence why there is no picture."""

    row: ImportRow
    jpeg: bytes = b""
    words: str = ""
    problem: str = ""


def preview_of(row: ImportRow, timeout_s: float = TIMEOUT_S) -> Preview:
    """Look at one camera; never raises for what a camera does."""
    try:
        seen = glimpse(with_login(row.found.main_url, row.found.login), timeout_s)
    except WatchfloorError as error:
        return Preview(row, problem=sentence(error))
    return Preview(row, seen.still.jpeg, f"{seen.info.codec} {seen.still.width}x{seen.still.height}")


def write_previews(rows: Iterable[ImportRow], folder: Path, seen: Callable[[Preview], None]) -> int:
    """A JPEG for each new camera into `folder`, `seen` for each as it comes; how many gave a picture."""
    make_folder(folder)
    pictures = 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="preview") as pool:
        jobs = [pool.submit(preview_of, row) for row in rows if row.state is RowState.NEW]
        try:
            for job in as_completed(jobs):
                preview = job.result()
                if preview.jpeg:
                    write_whole(folder / preview_name(preview.row), preview.jpeg)
                    pictures += 1
                seen(preview)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return pictures


def preview_name(row: ImportRow) -> str:
    """The picture's file name: the number and what is left of the camera's name."""
    name = "".join(sign if sign.isalnum() else "-" for sign in row.found.name).strip("-")
    return f"{row.number:04d}-{name[:60]}.jpg"
