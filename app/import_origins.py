"""Which reader a file or an address is for."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from app.camera_import import MOST_CAMERAS, FoundCamera
from app.errors import AppCode, AppError
from app.import_csv import read_csv
from app.import_frigate import frigate_cameras
from app.import_go2rtc import go2rtc_cameras
from app.import_mediamtx import mediamtx_api_cameras, mediamtx_cameras
from app.import_text import YamlText, mapping, yaml_of
from video.source import scheme_of


class Origin(StrEnum):
    """Systems whose cameras can be taken over."""

    CSV = "csv"
    FRIGATE = "frigate"
    GO2RTC = "go2rtc"
    MEDIAMTX = "mediamtx"


_DOCUMENTS: dict[Origin, tuple[str, Callable[[YamlText], list[FoundCamera]]]] = {
    Origin.FRIGATE: ("cameras", frigate_cameras),
    Origin.GO2RTC: ("streams", go2rtc_cameras),
    Origin.MEDIAMTX: ("paths", mediamtx_cameras),
}
_TABLES = frozenset({".csv", ".tsv", ".txt"})


def read_cameras(source: str, origin: Origin | None = None) -> list[FoundCamera]:
    """The cameras of a file, or of a MediaMTX API (`http://...`). Raises AppError, OSError. Blocks; not for the GUI."""
    if scheme_of(source) in ("http", "https"):
        return mediamtx_api_cameras(source)
    path = Path(source)
    if origin is Origin.CSV or (origin is None and path.suffix.lower() in _TABLES):
        return read_csv(path)
    document = yaml_of(path)
    keys = mapping(document.data)
    for known, (key, reader) in _DOCUMENTS.items():
        if origin is known or (origin is None and isinstance(keys.get(key), dict)):
            found = reader(document) if isinstance(keys.get(key), dict) else []
            if not found or len(found) > MOST_CAMERAS:
                break
            return found
    raise AppError(AppCode.IMPORT_KIND, path=str(path))
