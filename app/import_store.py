"""Imported cameras into the registry, and out of it again. Blocks on the journal; not for the GUI thread.

A hundred cameras at a time are handed to the journal, which writes them in one group, and are waited for. Which records
an import made is noted beside the journal before the first is stored, so that it can be taken back whatever happened.
"""

from __future__ import annotations

import json
import queue
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.archive import Archive
from app.camera_import import ImportRow, PlaceText, RowState
from app.errors import AppCode, AppError
from app.reports import write_whole
from storage.commands import Command, PutCredential, PutRecord, RemoveRecord
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.journal import Registry
from storage.records import Actor, Camera, District, Place, new_id
from storage.registry_records import CameraGroup
from storage.writer import Answer

GROUP = 100
_NOTE = "last-import.json"
_WAIT_S = 30.0
_MOST_COMMANDS = 400
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """How many cameras were stored, and of how many."""

    stored: int
    wanted: int
    cancelled: bool = False


class CameraStore:
    """Writes the rows of one import for `actor`."""

    def __init__(self, archive: Archive, actor: Actor | None = None) -> None:
        self._archive = archive
        self._actor = actor or archive.actor
        self._registry: Registry = archive.journal.registry()
        self._places: dict[PlaceText, str] = {}
        self._groups = {group.name.casefold(): group for group in self._registry.camera_groups}
        self._districts = {d.name.casefold(): d.id for d in self._registry.districts}

    def store(
        self, rows: Iterable[ImportRow], progress: Progress | None = None, cancelled: Callable[[], bool] = bool
    ) -> ImportSummary:
        """Store every new row; what was stored before a failure or a cancel stays. Raises StorageError."""
        wanted = [(row, self._camera(row)) for row in rows if row.state is RowState.NEW]
        stored = 0
        before = self._noted()
        for begin in range(0, len(wanted), GROUP):
            if cancelled():
                return ImportSummary(stored, len(wanted), cancelled=True)
            part = wanted[begin : begin + GROUP]
            commands: list[Command] = []
            made: list[tuple[str, str]] = []
            part = [(row, self._placed(row, camera, commands, made)) for row, camera in part]
            for row, camera in part:
                commands += self._commands(row, camera)
                made.append(("cameras", camera.id))
            self._note(made, fresh=begin == 0)
            try:
                self._apply(commands)
            except WatchfloorError:
                self._restore(before, made, stored)
                raise
            self._apply(self._grouped(part))
            stored += len(part)
            if progress is not None:
                progress(stored, len(wanted))
        return ImportSummary(stored, len(wanted))

    def take_back(self) -> int:
        """Remove the cameras of the last import with their zones, rules, masks and places; how many there were."""
        path = self._archive.folders.data / _NOTE
        try:
            noted = [(str(table), str(record_id)) for table, record_id in json.loads(path.read_bytes())]
        except (FileNotFoundError, ValueError, TypeError):
            raise AppError(AppCode.IMPORT_NONE) from None
        there = {camera.id for camera in self._registry.cameras}
        cameras = [record_id for table, record_id in noted if table == "cameras" and record_id in there]
        places = {place.id for place in self._registry.places}
        removed = _removals(self._registry, cameras)
        removed += [RemoveRecord(table, r) for table, r in noted if table == "places" and r in places]
        self._apply(removed)
        path.unlink()
        return len(cameras)

    def _camera(self, row: ImportRow) -> Camera:
        found = row.found
        return Camera(new_id(), row.number, found.name, found.main_url, found.sub_url)

    def _placed(self, row: ImportRow, camera: Camera, commands: list[Command], made: list[tuple[str, str]]) -> Camera:
        """The camera with its place, which is made when it is new."""
        text = row.found.place
        if not text.known:
            return camera
        if text not in self._places:
            place = Place(
                id=new_id(),
                name=text.name or text.address or row.found.name,
                address=text.address,
                district_id=self._district(text.district, commands),
                latitude_deg=text.latitude_deg,
                longitude_deg=text.longitude_deg,
            )
            self._places[text] = place.id
            commands.append(PutRecord(place))
            made.append(("places", place.id))
        return replace(camera, place_id=self._places[text])

    def _district(self, name: str, commands: list[Command]) -> str | None:
        if not name:
            return None
        if name.casefold() not in self._districts:
            district = District(new_id(), name)
            self._districts[name.casefold()] = district.id
            commands.append(PutRecord(district))
        return self._districts[name.casefold()]

    def _commands(self, row: ImportRow, camera: Camera) -> list[Command]:
        commands: list[Command] = [PutRecord(camera)]
        if row.found.login is not None:
            commands.append(PutCredential(camera.id, self._archive.logins.sealed(camera.id, row.found.login)))
        return commands

    def _grouped(self, part: Sequence[tuple[ImportRow, Camera]]) -> list[Command]:
        """Groups by name, with the cameras of this part added."""
        changed: dict[str, CameraGroup] = {}
        for row, camera in part:
            name = row.found.group
            if name:
                group = self._groups.get(name.casefold()) or CameraGroup(new_id(), name)
                group = replace(group, camera_ids=(*group.camera_ids, camera.id))
                self._groups[name.casefold()] = changed[name.casefold()] = group
        return [PutRecord(group) for group in changed.values()]

    def _note(self, made: Sequence[tuple[str, str]], *, fresh: bool) -> None:
        path: Path = self._archive.folders.data / _NOTE
        known = [] if fresh or not path.exists() else json.loads(path.read_bytes())
        write_whole(path, json.dumps([*known, *made]).encode())

    def _noted(self) -> bytes | None:
        path = self._archive.folders.data / _NOTE
        return path.read_bytes() if path.exists() else None

    def _restore(self, before: bytes | None, made: Sequence[tuple[str, str]], stored: int) -> None:
        """Nothing at all was stored: the import before it is the last one again."""
        there = {camera.id for camera in self._archive.journal.registry().cameras}
        if before is not None and not stored and there.isdisjoint(record_id for _table, record_id in made):
            write_whole(self._archive.folders.data / _NOTE, before)

    def _apply(self, commands: Sequence[Command]) -> None:
        """Hand all over, some hundreds at a time, and wait for them; the first refusal is raised."""
        for begin in range(0, len(commands), _MOST_COMMANDS):
            self._apply_group(commands[begin : begin + _MOST_COMMANDS])

    def _apply_group(self, commands: Sequence[Command]) -> None:
        answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        for command in commands:
            self._archive.journal.apply_soon(command, self._actor, answers.put)
        failed: Exception | None = None
        for _command in commands:
            try:
                answer = answers.get(timeout=_WAIT_S)
            except queue.Empty:
                raise StorageError(StorageCode.BUSY) from None
            if isinstance(answer, Exception):
                failed = failed or answer
        if failed is not None:
            raise failed


def remove_camera(archive: Archive, camera: Camera) -> None:
    """Take a camera out of use, with its zones, rules and masks; its history stays."""
    for command in _removals(archive.registry, [camera.id]):
        archive.journal.apply(command, archive.actor)


def _removals(registry: Registry, camera_ids: Sequence[str]) -> list[Command]:
    gone = set(camera_ids)
    commands: list[Command] = [RemoveRecord("rules", rule.id) for rule in registry.rules if rule.camera_id in gone]
    commands += [RemoveRecord("zones", zone.id) for zone in registry.zones if zone.camera_id in gone]
    commands += [RemoveRecord("privacy_masks", mask.id) for mask in registry.privacy_masks if mask.camera_id in gone]
    for group in registry.camera_groups:
        kept = tuple(camera_id for camera_id in group.camera_ids if camera_id not in gone)
        if kept != group.camera_ids:
            commands.append(PutRecord(replace(group, camera_ids=kept)))
    return commands + [RemoveRecord("cameras", camera_id) for camera_id in camera_ids]
