"""The vocabulary of the demo site: services with made-up cards, procedures, deadlines, sectors. Nobody real is in it.

Telephone numbers are of the block 555-01xx, which is kept free for fiction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from storage.commands import RegistryRecord
from storage.records import Camera, District, IncidentState
from storage.registry_records import Deadline, Procedure, Sector, Service

_ACKNOWLEDGE_S = 120.0
_ANSWER_S = 300.0


def demo_vocabulary(districts: Iterable[District], cameras: Iterable[Camera]) -> Iterator[RegistryRecord]:
    """Records after those that they refer to."""
    for number, district in enumerate(districts, start=1):
        phone, radio = f"555-01{number:02d}", f"CH {number}"
        name = f"{district.name}, duty office"
        yield Service(f"demo-office-{number}", name, "duty_office", phone, radio, district_id=district.id)
    yield Service("demo-fire", "Fire brigade", "fire", "555-0151", "CH 11")
    yield Service("demo-ambulance", "Ambulance", "ambulance", "555-0152", "CH 12")
    yield Service("demo-water", "Water utility", "utility", "555-0153")
    yield Procedure(
        "demo-intrusion",
        "intrusion",
        "Intrusion",
        ("Look at the neighbouring cameras", "Call the duty office", "Keep the exits in view", "Note who came"),
    )
    yield Procedure(
        "demo-lost-child",
        "lost_child",
        "Lost child",
        ("Publish a lookout", "Tell the duty office and the patrols", "Watch exits and stops", "Call the parents back"),
    )
    yield Deadline("demo-deadline-new", IncidentState.NEW, _ACKNOWLEDGE_S)
    yield Deadline("demo-deadline-handed-over", IncidentState.HANDED_OVER, _ANSWER_S)
    ids = [camera.id for camera in cameras]
    half = (len(ids) + 1) // 2
    yield Sector("demo-sector-1", "Sector 1", tuple(ids[:half]))
    yield Sector("demo-sector-2", "Sector 2", tuple(ids[half:]))
