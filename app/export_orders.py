"""What somebody wants exported, and what came of it. Frozen; an order can be kept in a file and read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from storage.package_manifest import GapFacts


class Blur(StrEnum):
    """Who is pixelated in a view copy."""

    NOBODY = "nobody"
    EVERYBODY = "everybody"
    ALL_BUT = "all_but"


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """Cameras and a time (a still is that of its beginning), what of it, why and for which case.

    `keep` is a key of `kept_tracks.TrackLine`, for `Blur.ALL_BUT`. `masked` False needs the right to lift masks. With
    `to_incident` the files become exhibits of the incident and nothing leaves the house."""

    camera_ids: tuple[str, ...]
    from_utc_s: float
    to_utc_s: float
    reason: str = ""
    incident_id: str | None = None
    view: bool = True
    master: bool = False
    still: bool = False
    masked: bool = True
    blur: Blur = Blur.NOBODY
    keep: str = ""
    to_incident: bool = False

    @property
    def films(self) -> bool:
        """Whether more than stills is wanted."""
        return self.view or self.master

    @property
    def digest(self) -> str:
        """The same for the same films: work that was cancelled is taken up again."""
        asked = asdict(replace(self, reason=""))
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:24]

    def kept(self, actor_id: str) -> bytes:
        """As a file, with who ordered it."""
        return json.dumps({"actor_id": actor_id, "order": asdict(self)}).encode()

    @classmethod
    def read(cls, data: bytes) -> tuple[str, ExportOrder]:
        """Who ordered it, and what. Raises ValueError, TypeError, KeyError."""
        tree: Mapping[str, Any] = json.loads(data)
        order = dict(tree["order"])
        order |= {"camera_ids": tuple(order["camera_ids"]), "blur": Blur(order["blur"])}
        return str(tree["actor_id"]), cls(**order)


class PieceKind(StrEnum):
    """What a file of an export is."""

    VIEW = "view"
    MASTER = "master"
    STILL = "still"


@dataclass(frozen=True, slots=True)
class ExportPiece:
    """A finished file. `path` is relative to the export's folder. `unseen_s`: of so much of a blurred film nobody
    looked, and its whole picture is pixelated. `unproved` counts segments that have no recorded hash yet."""

    path: str
    kind: PieceKind
    camera_id: str
    from_utc_s: float
    to_utc_s: float
    bytes: int
    sha256: str
    frames: int = 1
    codec: str = "jpeg"
    width_px: int = 0
    height_px: int = 0
    masks: int = 0
    blurred: bool = False
    unseen_s: float = 0.0
    segments: tuple[Mapping[str, object], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def origins(self) -> tuple[str, ...]:
        """From where it was fetched, when it is no recording of ours."""
        found = (str(segment.get("origin") or "") for segment in self.segments)
        return tuple(dict.fromkeys(one for one in found if one))

    @property
    def unproved(self) -> int:
        """Segments without a hash to be held against: still open, or never closed."""
        return sum(not segment["proved"] for segment in self.segments)


@dataclass(frozen=True, slots=True)
class ExportResult:
    """`folder` is None when all went into the incident. `complete` when nothing that was asked for is missing."""

    folder: Path | None
    pieces: tuple[ExportPiece, ...]
    gaps: tuple[GapFacts, ...]
    sha256: str
    fingerprint: str

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.gaps

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(piece.bytes for piece in self.pieces)
