"""A bench of films for a fake session: notes what is asked, moves nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from app.playback_feeds import FilmClockNote, FilmLane, FilmWish
from storage.case_records import Exhibit
from storage.records import Camera, EvidenceKind
from tests.widgets.playback_fakes import FakePlaybackDesk, FakeSession


def film(number: int = 1, **changes: object) -> Exhibit:
    """A witness's film of incident i1."""
    made = Exhibit(
        f"e{number}", "i1", EvidenceKind.CLIP, f"ab/film{number}.mp4", "ab" * 32, f"IMG_{number}.mp4", 5.0, "anna",
        from_utc_s=1_790_000_000.0, to_utc_s=1_790_000_020.0, origin="Witness K.", clock_offset_s=12.0,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


@dataclass
class FakeBench:
    """`refusal`: what the setting of a clock says."""

    session: FakeSession
    asked: list[tuple[object, ...]] = field(default_factory=list)
    held: str = ""
    refusal: str = ""
    moved_s: float = 1.5
    shown: tuple[FilmLane, ...] = ()

    def add(self, film: FilmWish) -> str:
        self.asked.append(("add", film.exhibit.id))
        cameras = self.session.registered.cameras
        if all(camera.id != film.camera_id for camera in cameras):
            made = Camera(film.camera_id, len(cameras) + 1, f"Foreign: {film.exhibit.name}", "")
            self.session.registered = replace(self.session.registered, cameras=(*cameras, made))
        return film.camera_id

    def lanes(self) -> Sequence[FilmLane]:
        return self.shown

    def clock_note(self, camera_id: str) -> FilmClockNote | None:
        return FilmClockNote(12.0, 0.4, "1 Gate 18:03:10", "Anna") if camera_id.startswith("film:") else None

    def hold(self, camera_id: str, utc_s: float) -> bool:
        self.asked.append(("hold", camera_id, utc_s))
        self.held = camera_id
        return True

    def let_go(self) -> None:
        self.asked.append(("let go",))
        self.held = ""

    def set_clock(
        self,
        real_utc_s: float,
        against: str,
        uncertainty_s: float,
        done: Callable[[float], None],
        refused: Callable[[str], None],
    ) -> None:
        self.asked.append(("set", real_utc_s, against, round(uncertainty_s, 3)))
        if self.refusal:
            refused(self.refusal)
        else:
            self.held = ""
            done(self.moved_s)


class FilmDesk(FakePlaybackDesk):
    """Sessions with films."""

    def open(
        self,
        camera_ids: Sequence[str],
        utc_s: float,
        reason: str = "",
        incident_id: str = "",
        films: Sequence[FilmWish] = (),
    ) -> FakeSession | None:
        session = super().open(camera_ids, utc_s, reason, incident_id, films)
        if session is not None:
            bench = FakeBench(session)
            session.films = bench
            for one in films:
                bench.add(one)
        return session
