"""Which slot of the shared memory shows which camera to the detection process, and at which stream its tap hangs.

A camera that is taken out of use leaves its slot to others, the one that was left longest ago first. A far view has two
slots. Called on one thread at a time (`app.analytics`); a tap that left writes nothing more.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from app.cameras import CameraHub
from detection.far_view import Part, far_part
from storage.journal import Registry
from storage.records import Camera
from video.far_tap import FarTap
from video.shared_slots import SharedSlots, SlotTap


@dataclass(frozen=True, slots=True)
class SlotPlace:
    """A camera and the slot through which it is looked at; of a far view also that of the part that is looked at
    larger."""

    camera: Camera
    slot: int
    tap: SlotTap
    far_slot: int | None = None
    far_part: Part | None = None


class SlotPlaces:
    """All cameras that are looked at."""

    def __init__(self, hub: CameraHub, slots: SharedSlots) -> None:
        self._hub, self._slots = hub, slots
        self._places: dict[str, SlotPlace] = {}
        self._free = deque(range(slots.count))

    def all(self) -> tuple[SlotPlace, ...]:
        """As they are now."""
        return tuple(self._places.values())

    def far_gain(self, camera_id: str) -> float | None:
        """How many times larger the camera's far part is looked at (0: not yet known); None: it has none."""
        place = self._places.get(camera_id)
        return place.tap.gain if place is not None and isinstance(place.tap, FarTap) else None

    def take_in(self, registry: Registry) -> int:
        """A place for every camera that has none; the number of those for which there is no room."""
        self._move_far_views(registry)
        fresh = [camera for camera in registry.cameras if camera.id not in self._places]
        for camera in fresh:
            if self._free:
                self._settle(camera, self._free.popleft(), registry)
        return sum(camera.id not in self._places for camera in fresh)

    def let_go(self, registry: Registry) -> frozenset[str]:
        """What was taken out of use is not opened or looked at any more; its slots are free for others."""
        gone = frozenset(self._places.keys() - {camera.id for camera in registry.cameras})
        for camera_id in gone:
            self._free.append(self._unsettle(camera_id).slot)
        return gone

    def attach_again(self, camera_id: str, *, ruled: bool) -> None:
        """It got its first rule or lost its last: another stream may do."""
        place = self._places[camera_id]
        self._detach(place)
        self._attach(place, ruled=ruled)

    def close(self) -> None:
        """Take all taps off."""
        for place in self._places.values():
            self._detach(place)
        self._places.clear()

    def _move_far_views(self, registry: Registry) -> None:
        """Far zones were drawn, changed or taken out of use: another tap, and another slot for another part."""
        cameras = {camera.id: camera for camera in registry.cameras}
        for camera_id, place in list(self._places.items()):
            part = far_part(registry.zones, camera_id)
            if camera_id in cameras and part != place.far_part and (part is None or self._free):
                self._unsettle(camera_id)
                self._settle(cameras[camera_id], place.slot, registry)

    def _settle(self, camera: Camera, slot: int, registry: Registry) -> None:
        """Look at the camera through this slot; a far view also through another, if one is free."""
        part = far_part(registry.zones, camera.id)
        if part is not None and self._free:
            far_slot = self._free.popleft()
            place = SlotPlace(camera, slot, FarTap(self._slots, slot, far_slot, part), far_slot, part)
        else:
            place = SlotPlace(camera, slot, SlotTap(self._slots, slot))
        self._places[camera.id] = place
        self._attach(place, ruled=any(rule.enabled for rule in registry.rules if rule.camera_id == camera.id))

    def _unsettle(self, camera_id: str) -> SlotPlace:
        place = self._places.pop(camera_id)
        self._detach(place)
        place.tap.leave()
        if place.far_slot is not None:
            self._free.append(place.far_slot)
        return place

    def _attach(self, place: SlotPlace, *, ruled: bool) -> None:
        """Rules and far views need the main stream; others the cheapest."""
        if ruled or place.far_part is not None:
            self._hub.attach(place.camera, place.tap)
        else:
            self._hub.attach_small(place.camera, place.tap)

    def _detach(self, place: SlotPlace) -> None:
        self._hub.detach(place.camera.id, place.tap)
        self._hub.detach_small(place.camera.id, place.tap)
