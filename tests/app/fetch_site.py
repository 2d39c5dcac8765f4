"""A site whose first camera has a hole of 4 s in its recordings, and a recorder elsewhere that has it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.archive import Archive
from app.fetch_job import OpenReplay
from app.fetch_wish import FetchInto, FetchWish
from app.fetching import Fetches
from app.recorder_search import FoundRecorder, RecorderQuestion, find_recorder
from storage.commands import PutOperator, PutRecord, RecordEvent
from storage.folders import Folders
from storage.footage_records import GapReason
from storage.records import Actor, Camera, Operator, Role
from storage.registry_records import CameraGroup
from storage.sealed import Credential
from storage.segments import SegmentIndex
from storage.settings import Settings, SiteSettings
from tests.app.test_packages import put_segments
from tests.storage.site import RUNTIME, START_UTC_S, event
from tests.video.foreign_recorder import LOGIN, Faults, ForeignRecorder, Minutes
from video.recorder_device import RecorderDevice
from video.replay_source import ReplaySource, ReplayWish

ANNA, TARAS = Actor("anna"), Actor("taras")
BEGIN = START_UTC_S
"""Of our recordings: 0-4 s and 8-12 s are there."""
LEAD_S = 10.0
"""The recorder's begin so much earlier."""


class FetchSite:
    """Anna may see all, Taras the second camera only."""

    def __init__(self, folders: Folders, recordings: Path, recorder: ForeignRecorder) -> None:
        self.recordings, self.recorder = recordings, recorder
        recorder.clock = self.ticks = Minutes(time.time())  # a token of WSS is as old as it really is
        cameras = (Camera("c1", 1, "Gate", recorder.live_url()), Camera("c2", 2, "Yard", "demo://yard"))
        self.archive = Archive(folders, Settings(site=SiteSettings(name="Site", timezone="Europe/Kyiv")), cameras)
        journal, admin = self.archive.journal, self.archive.actor
        journal.apply(PutRecord(CameraGroup("g1", "Yards", camera_ids=("c2",))), admin)
        for operator in (
            Operator("anna", "Anna", Role.OPERATOR),
            Operator("taras", "Taras", Role.OPERATOR, group_ids=("g1",)),
        ):
            journal.apply(PutOperator(operator), admin)
        self.archive.logins.keep("c1", LOGIN, admin)
        self.incident = str(journal.apply(RecordEvent(event(6.0), opens_incident=True), RUNTIME).incident_id)
        self.archive.reload()
        self.index = SegmentIndex(folders.footage_index)
        first, _second, third = put_segments(self.index, recordings, "c1", BEGIN)
        self.index.rebuild([first])
        self.index.open_gap("c1", first.to_utc_s, GapReason.NO_SIGNAL)
        self.index.begin(third)
        self.now = BEGIN + 60.0
        self.fetches = self.made()

    def made(self, open_replay: OpenReplay | None = None, index: SegmentIndex | None = None) -> Fetches:
        return Fetches(
            self.archive,
            index or self.index,
            lambda _camera_id: self.recordings,
            clock=lambda: self.now,
            find=self.find,
            open_replay=open_replay or quick,
        )

    def find(self, question: RecorderQuestion) -> FoundRecorder:
        """On the recorder's port, as if it was the usual one."""
        address = question.address or self.recorder.address
        return find_recorder(replace(question, address=address), self.device)

    def device(self, address: str, login: Credential | None) -> RecorderDevice:
        return RecorderDevice(address, login, clock=self.ticks, sleep=self.ticks.sleep)

    def wish(self, begin: float = 0.0, end: float = 12.0, **changes: Any) -> FetchWish:
        values = {
            "camera_id": "c1",
            "from_utc_s": BEGIN + begin,
            "to_utc_s": BEGIN + end,
            "reason": "case 7",
            **changes,
        }
        return FetchWish(**values)

    def case(self, begin: float = 0.0, end: float = 12.0, **changes: Any) -> FetchWish:
        return self.wish(begin, end, incident_id=self.incident, into=FetchInto.CASE, **changes)

    def close(self) -> None:
        self.index.close()
        self.archive.close()


def quick(wish: ReplayWish, found: FoundRecorder) -> ReplaySource:
    """Quick to look again."""
    return ReplaySource(wish, found.login, read_s=0.3, silent_s=20.0)


@contextmanager
def fetch_site(home: Path, clip: Path, faults: Faults | None = None, ahead_s: float = 0.0) -> Iterator[FetchSite]:
    with ForeignRecorder(clip, BEGIN - LEAD_S, ahead_s=ahead_s, faults=faults) as recorder:
        site = FetchSite(Folders.under(home / "home").ensure(), home / "rec", recorder)
        try:
            yield site
        finally:
            site.close()
