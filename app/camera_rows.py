"""The registry's cameras as rows of a list, and which of them a few typed words mean. Pure, on no thread.

Ten thousand rows are looked through with every letter, so what is searched is folded once, when the rows are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage.journal import Registry


@dataclass(frozen=True, slots=True)
class CameraRow:
    """One camera; `groups` are names with commas between them; `searched` is what words are looked for in."""

    camera_id: str
    number: int
    name: str
    place: str
    groups: str
    searched: str


def camera_rows(registry: Registry) -> tuple[CameraRow, ...]:
    """All cameras, by number."""
    places = {place.id: place.name for place in registry.places}
    groups: dict[str, list[str]] = {}
    for group in registry.camera_groups:
        for camera_id in group.camera_ids:
            groups.setdefault(camera_id, []).append(group.name)
    rows = []
    for camera in sorted(registry.cameras, key=lambda one: one.number):
        place = places.get(camera.place_id or "", "")
        searched = f"{camera.number} {camera.name} {place}".casefold()
        row = CameraRow(camera.id, camera.number, camera.name, place, ", ".join(groups.get(camera.id, ())), searched)
        rows.append(row)
    return tuple(rows)


def matching(rows: Sequence[CameraRow], typed: str) -> Sequence[CameraRow]:
    """Rows that have every typed word in number, name or place. First the camera of that number, then numbers that
    begin so, then the others."""
    words = typed.casefold().split()
    if not words:
        return rows
    first, *others = words
    found = [row for row in rows if first in row.searched]
    for word in others:
        found = [row for row in found if word in row.searched]
    if len(words) == 1 and first.isdecimal():
        found.sort(key=lambda row: (str(row.number) != first, not str(row.number).startswith(first)))
    return found
