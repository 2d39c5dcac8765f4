"""What an evidence package holds besides films, and what its manifest says of everything. Pure but for file sizes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.dori import DoriClass, bands
from app.package_content import ExhibitContent, PackageContent
from app.package_films import Film, camera_slug, stamp
from app.package_readme import readme
from storage.case_records import Exhibit
from storage.package_manifest import (
    ExhibitFacts,
    GapFacts,
    PackageFacts,
    RecordingFacts,
    ResolutionBand,
    SegmentFacts,
    SourceFacts,
    StillFacts,
)
from storage.package_zip import Item
from video.view_copy import ViewFile

_NOBODY = -1


class Papers:
    """Of one package; `verifier` is the program that goes in with it."""

    def __init__(self, content: PackageContent, films: Sequence[Film], gaps: tuple[GapFacts, ...]) -> None:
        self._content, self._films, self._gaps = content, films, gaps
        self._cameras = {camera.id: camera for camera in content.registry.cameras}
        self._places = {place.id: place for place in content.registry.places}

    def items(self, verifier: bytes, fingerprint: str) -> list[Item]:
        """Everything but manifest and signature, in the order of the container."""
        content, films = self._content, self._films
        paper = readme(content, self._gaps, fingerprint, hashlib.sha256(verifier).hexdigest())
        items = [Item("README.txt", paper), Item("verify.py", verifier)]
        if content.report is not None:
            items.append(Item("report.pdf", content.report))
        items += [Item(name, paper) for name, paper in content.papers]
        items += [Item(self._still_name(n), s.jpeg) for n, s in enumerate(content.stills) if s.jpeg is not None]
        items += [Item(self._exhibit_name(n), e.covered or e.path) for n, e in self._exhibits() if e.still and e.path]
        items += [Item(film.view_name, Path(film.view.path)) for film in films if film.view is not None]
        if content.master:
            sealed = content.recipient is not None
            items += [Item(film.master_name, Path(film.master.path), sealed) for film in films]
            raw = [(n, e) for n, e in self._exhibits() if not e.still]
            items += [Item(self._exhibit_name(n), e.path, sealed) for n, e in raw if e.path is not None]
            items += [Item(_in_master(name), data, sealed) for name, data in self._uncovered()]
        return items

    def facts(self, package_id: str) -> PackageFacts:
        """For the manifest."""
        content, context, films, gaps = self._content, self._content.context, self._films, self._gaps
        recordings = [_view_facts(film, film.view) for film in films if film.view is not None]
        if content.master:
            recordings += [_master_facts(film) for film in films]
        return PackageFacts(
            package_id=package_id,
            made_utc_s=context.generated_utc_s,
            zone=context.zone,
            software=f"Watchfloor {software_version()}",
            site=context.site_name,
            operator=content.operator,
            reason=content.reason,
            incident_id=content.subject_id,
            incident_number=content.number,
            journal_seq=context.head_seq,
            journal_head=context.head_hash,
            journal_intact=context.verification.ok if context.verification else None,
            complete=not gaps,
            master=content.master,
            asked=tuple((scope.camera_id, scope.from_utc_s, scope.to_utc_s) for scope in content.scopes),
            sources=tuple(self._source(camera_id) for camera_id in self._camera_ids()),
            recordings=tuple(recordings),
            stills=tuple(
                StillFacts(
                    self._still_name(n), s.evidence.id, s.evidence.camera_id, s.evidence.from_utc_s, _sha(s.jpeg)
                )
                for n, s in enumerate(content.stills)
                if s.jpeg is not None
            ),
            exhibits=tuple(self._exhibit_facts(number, item.exhibit) for number, item in self._exhibits()),
            gaps=gaps,
            approvals=content.approvals,
            recipient=content.recipient_name,
            legal_basis=content.legal_basis,
            retention=content.retention,
            sealed_for=content.recipient if content.master else None,
        )

    def _uncovered(self) -> list[tuple[str, bytes | Path]]:
        """Pictures whose covered copies lie in `stills/`, with the names of these."""
        content = self._content
        stills = [(self._still_name(n), s.original) for n, s in enumerate(content.stills) if s.original is not None]
        exhibits = [(self._exhibit_name(n), e.path) for n, e in self._exhibits() if e.covered and e.path]
        return [*stills, *exhibits]

    def _exhibits(self) -> list[tuple[int, ExhibitContent]]:
        """Those that go in, with their numbers."""
        numbered = enumerate(self._content.exhibits, 1)
        return [(n, e) for n, e in numbered if e.path is not None and (e.still or self._content.master)]

    def _exhibit_name(self, number: int) -> str:
        item = self._content.exhibits[number - 1]
        suffix = ".jpg" if item.covered else Path(item.exhibit.path).suffix
        return f"{'stills' if item.still else 'master'}/exhibit-{number:03d}{suffix}"

    def _exhibit_facts(self, number: int, exhibit: Exhibit) -> ExhibitFacts:
        return ExhibitFacts(
            path=self._exhibit_name(number),
            exhibit_id=exhibit.id,
            kind=exhibit.kind.value,
            name=exhibit.name,
            origin=exhibit.origin,
            source_id=exhibit.camera_id,
            added_utc_s=exhibit.at_utc_s,
            from_utc_s=exhibit.from_utc_s,
            to_utc_s=exhibit.to_utc_s,
            clock_offset_s=exhibit.clock_offset_s,
        )

    def _camera_ids(self) -> list[str]:
        asked = [scope.camera_id for scope in self._content.scopes]
        return list(dict.fromkeys([*asked, *(still.evidence.camera_id for still in self._content.stills)]))

    def _source(self, camera_id: str) -> SourceFacts:
        camera = self._cameras.get(camera_id)
        place = self._places.get(camera.place_id or "") if camera else None
        scope = next((s for s in self._content.scopes if s.camera_id == camera_id), None)
        seen = self._resolution(camera_id)
        best = max(seen, key=lambda band: band.most_px_per_m, default=None)
        return SourceFacts(
            id=camera_id,
            number=camera.number if camera else 0,
            name=camera.name if camera else "",
            place=place.name if place else "",
            address=place.address if place else "",
            latitude_deg=place.latitude_deg if place else None,
            longitude_deg=place.longitude_deg if place else None,
            clock_offset_s=scope.clock_offset_s if scope else None,
            clock_uncertainty_s=scope.clock_uncertainty_s if scope else None,
            resolution_class=best.level if best is not None else None,
            resolution_bands=seen,
        )

    def _resolution(self, camera_id: str) -> tuple[ResolutionBand, ...]:
        """By the camera's calibration, at the size of its films; nothing without one or the other."""
        height_px = max((f.master.height for f in self._films if f.master.camera_id == camera_id), default=0)
        found = bands(self._content.registry, camera_id, height_px) if height_px else ()
        return tuple(
            ResolutionBand(
                band.level.value,
                round(band.top, 3),
                round(band.bottom, 3),
                round(band.least_px_per_m, 1),
                round(band.most_px_per_m, 1),
            )
            for band in found
            if band.level is not DoriClass.NONE
        )

    def _still_name(self, number: int) -> str:
        item = self._content.stills[number].evidence
        return f"stills/{number + 1:03d}_{camera_slug(self._content, item.camera_id)}_{stamp(item.from_utc_s)}.jpg"


def software_version() -> str:
    """Of the installed program."""
    try:
        return version("watchfloor")
    except PackageNotFoundError:
        return "unknown"


def _in_master(name: str) -> str:
    return f"master/{Path(name).name}"


def _view_facts(film: Film, view: ViewFile) -> RecordingFacts:
    scope = film.scope
    return RecordingFacts(
        path=film.view_name,
        kind="view",
        source_id=film.scope.camera_id,
        container="mp4",
        codec=view.codec,
        width_px=view.width,
        height_px=view.height,
        fps=round(view.fps, 3),
        frames=view.frames,
        from_utc_s=view.from_utc_s,
        to_utc_s=view.to_utc_s,
        masks=len(film.scope.masks),
        blurred_but_track=_NOBODY if scope.hide_rest and scope.keep_track is None else scope.keep_track,
    )


def _master_facts(film: Film) -> RecordingFacts:
    master = film.master
    return RecordingFacts(
        path=film.master_name,
        kind="master",
        source_id=master.camera_id,
        container="fragmented mp4",
        codec=master.codec,
        width_px=master.width,
        height_px=master.height,
        fps=round(master.fps, 3),
        frames=master.frames,
        from_utc_s=master.from_utc_s,
        to_utc_s=master.to_utc_s,
        sound=master.sound,
        segments=tuple(
            SegmentFacts(s.id, s.from_utc_s, s.to_utc_s, s.sha256, s.id in master.proved, s.origin)
            for s in master.segments
        ),
    )


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
