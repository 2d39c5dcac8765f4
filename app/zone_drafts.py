"""What is being drawn on a camera's picture and is not saved yet: an area, a line, a privacy mask, people's heights.

Pure; the GUI thread's. All points are 0..1 of the source picture, whichever way it is looked at. Every change is a step
that can be undone and redone; a drag, or a point that is moved by held keys, is one step. Nothing here saves.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum

from app.i18n import _, marked
from detection.detector import DetectionError
from detection.geometry import checked_line, checked_polygon
from detection.perspective import Ground
from storage.journal import Registry
from storage.records import Zone, new_id
from storage.registry_records import CameraScale, PrivacyMask

Point = tuple[float, float]
Drawn = Zone | PrivacyMask | CameraScale

_STEPS = 200
_DIGITS = 5
"""A hundred-thousandth of the picture: finer than a pixel of any camera."""
_REACH = 0.1
"""How far from the last point the next one is put when only keys say where."""
LEAST_PERSON = 0.01
_USUAL_PERSON = 0.3
"""Of the foot's distance from the upper edge: a camera that looks along the ground."""


class Shape(StrEnum):
    """What is drawn."""

    AREA = "area"
    LINE = "line"
    MASK = "mask"
    FAR = "far"
    PEOPLE = "people"


SHAPE_TEXTS = {
    Shape.AREA: marked("Area"),
    Shape.LINE: marked("Line"),
    Shape.MASK: marked("Privacy mask"),
    Shape.FAR: marked("Far view"),
    Shape.PEOPLE: marked("Height of people"),
}
_FIRST_NAMES = {
    Shape.AREA: marked("Area"),
    Shape.LINE: marked("Line"),
    Shape.MASK: marked("Mask"),
    Shape.FAR: marked("Far view"),
}
_ZONES = {"area": Shape.AREA, "line": Shape.LINE, "far": Shape.FAR}
_TABLES = {**dict.fromkeys(_ZONES.values(), "zones"), Shape.MASK: "privacy_masks", Shape.PEOPLE: "camera_scales"}
_LEAST = {Shape.AREA: 3, Shape.MASK: 3, Shape.FAR: 3, Shape.LINE: 2, Shape.PEOPLE: 4}


class Fault(StrEnum):
    """Why a drawing cannot be saved."""

    FEW = "few"
    CROSSING = "crossing"
    SMALL = "small"
    PEOPLE_FEW = "people_few"
    PEOPLE_ROW = "people_row"
    PEOPLE_PLANE = "people_plane"


_FAULT_TEXTS = {
    Fault.FEW: marked("Needs {count} points at least."),
    Fault.CROSSING: marked("It crosses itself: pull the points apart."),
    Fault.SMALL: marked("It is too small to be seen: pull the points apart."),
    Fault.PEOPLE_FEW: marked("Mark a standing person at two places at least: far away and near."),
    Fault.PEOPLE_ROW: marked("The people stand equally far away: mark one nearer or further."),
    Fault.PEOPLE_PLANE: marked("Who stands lower in the picture is nearer and must be taller."),
}
_FAULTS = {"points": Fault.FEW, "not_finite": Fault.FEW, "crossing": Fault.CROSSING, "area": Fault.SMALL}
_LEAST_DEPTH = 0.02


@dataclass(frozen=True, slots=True)
class Outline:
    """One state of a drawing. `chosen` is a point's place or -1; while `drawing`, a click adds to the end.

    Of people, every foot (even place) is followed by the head above it (odd place)."""

    points: tuple[Point, ...] = ()
    name: str = ""
    chosen: int = -1
    drawing: bool = True


class ZoneDraft:
    """One drawing of one camera; `record` is what it was made from, None for a new one."""

    def __init__(self, shape: Shape, camera_id: str, record: Drawn | None = None, name: str = "") -> None:
        self.shape, self.camera_id, self.record = shape, camera_id, record
        self.id = camera_id if shape is Shape.PEOPLE else record.id if record is not None else new_id()
        points = _points_of(record)
        self.now = self._begun = Outline(points, name or _name_of(record), 0 if points else -1, drawing=not points)
        self._before: deque[Outline] = deque(maxlen=_STEPS)
        self._after: list[Outline] = []
        self._step = ""

    # What it is

    @property
    def closed(self) -> bool:
        """Whether the last point is joined with the first."""
        return self.shape in (Shape.AREA, Shape.MASK, Shape.FAR)

    @property
    def table(self) -> str:
        """The registry's table."""
        return _TABLES[self.shape]

    @property
    def changed(self) -> bool:
        """Whether leaving would lose something."""
        return (self.now.points, self.now.name) != (self._begun.points, self._begun.name)

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Places of the points that are joined."""
        count = len(self.now.points)
        if self.shape is Shape.PEOPLE:
            return tuple((foot, foot + 1) for foot in range(0, count - 1, 2))
        open_edges = tuple((place, place + 1) for place in range(count - 1))
        return (*open_edges, (count - 1, 0)) if self.closed and count > 2 else open_edges

    @property
    def people(self) -> tuple[tuple[float, float, float], ...]:
        """Foot x, foot y and height, as `CameraScale` has them."""
        feet, heads = self.now.points[::2], self.now.points[1::2]
        return tuple(
            (foot[0], foot[1], round(foot[1] - head[1], _DIGITS)) for foot, head in zip(feet, heads, strict=False)
        )

    def fault(self) -> Fault | None:
        """Why it cannot be saved; None when it can."""
        if self.shape is Shape.PEOPLE:
            return self._fault_of_people()
        try:
            (checked_polygon if self.closed else checked_line)(self.now.points)
        except DetectionError as error:
            return _FAULTS[str(error.details["why"])]
        return None

    def _fault_of_people(self) -> Fault | None:
        if len(self.people) * 2 < _LEAST[Shape.PEOPLE]:
            return Fault.PEOPLE_FEW
        feet = [y for _x, y, _height in self.people]
        if max(feet) - min(feet) < _LEAST_DEPTH:
            return Fault.PEOPLE_ROW
        return None if self.ground() is not None else Fault.PEOPLE_PLANE

    def ground(self) -> Ground | None:
        """The ground that the marked people stand on, once there is one."""
        try:
            return Ground(CameraScale(self.camera_id, self.people))
        except DetectionError:
            return None

    def fault_text(self) -> str:
        """The sentence for `fault`, empty when it can be saved."""
        fault = self.fault()
        return _(_FAULT_TEXTS[fault]).format(count=_LEAST[self.shape]) if fault is not None else ""

    def made(self) -> Drawn:
        """The record as it is drawn now; only worth saving without a fault."""
        return self.made_for(self.camera_id, self.id)

    def made_for(self, camera_id: str, record_id: str) -> Drawn:
        """The same drawing as another record, like that of another camera."""
        points, name = self.now.points, self.now.name
        if self.shape is Shape.PEOPLE:
            return CameraScale(camera_id, self.people)
        if self.shape is Shape.MASK:
            return PrivacyMask(record_id, camera_id, name, points)
        return Zone(record_id, camera_id, name, points, kind=self.shape.value)

    # Steps

    def undo(self) -> bool:
        """One step back; False at the beginning."""
        return self._go(self._before, self._after)

    def redo(self) -> bool:
        """One step on again; False when nothing was undone."""
        return self._go(self._after, self._before)

    def _go(self, source: deque[Outline] | list[Outline], kept: deque[Outline] | list[Outline]) -> bool:
        if not source:
            return False
        kept.append(self.now)
        self.now, self._step = source.pop(), ""
        return True

    def settle(self) -> None:
        """The next change is a step of its own."""
        self._step = ""

    def _change(self, outline: Outline, step: str = "") -> None:
        """Changes of one `step`, one after the other, are undone together."""
        if outline == self.now:
            return
        if not step or step != self._step:
            self._before.append(self.now)
        self._after.clear()
        self.now, self._step = outline, step

    # Changes

    def choose(self, place: int) -> None:
        """Choose a point, or none (-1). No step: there is nothing to undo."""
        self.now = replace(self.now, chosen=place)
        self._step = ""

    def choose_next(self, steps: int) -> None:
        """The next point, around."""
        count = len(self.now.points)
        if count:
            chosen = self.now.chosen
            self.choose((chosen + steps) % count if chosen >= 0 else (0 if steps > 0 else count - 1))

    def finish(self) -> None:
        """Clicks add no more points."""
        self.now = replace(self.now, drawing=False)

    def rename(self, name: str) -> None:
        """Another name."""
        self._change(replace(self.now, name=name))

    def add(self, point: Point, step: str = "") -> None:
        """A point at the end, chosen; of people a foot with a head of usual height, the head chosen."""
        points = (*self.now.points, _kept(point))
        if self.shape is Shape.PEOPLE:
            points = (*self.now.points, *self._person(point))
        self._change(replace(self.now, points=points, chosen=len(points) - 1), step)

    def _person(self, foot: Point) -> tuple[Point, Point]:
        """Height by those that are marked already, where they make sense."""
        ground = self.ground() if len(self.people) > 1 else None
        height = ground.height(foot[1]) if ground is not None else _USUAL_PERSON * foot[1]
        x, y = _kept(foot)
        y = max(y, LEAST_PERSON)
        return (x, y), _kept((x, min(y - height, y - LEAST_PERSON)))

    def insert(self, after: int, point: Point, step: str = "") -> None:
        """A point on the edge that begins at `after`, chosen. People have no such edges."""
        if self.shape is Shape.PEOPLE:
            return
        points = self.now.points
        points = (*points[: after + 1], _kept(point), *points[after + 1 :])
        self._change(replace(self.now, points=points, chosen=after + 1), step)

    def extend(self) -> None:
        """A point where keys alone can go on from: in the middle of the chosen point's edge; the first ones make a
        shape that can be seen."""
        points, chosen = self.now.points, self.now.chosen
        if self.shape is Shape.PEOPLE or len(points) < _LEAST[self.shape]:
            self.add(self._beside())
            return
        after = chosen if chosen >= 0 else len(points) - 1
        following = after + 1 if after + 1 < len(points) else 0 if self.closed else None
        if following is None:
            (x1, y1), (x2, y2) = points[-2], points[-1]
            self.add((x2 + (x2 - x1) / 2, y2 + (y2 - y1) / 2))
        else:
            (x1, y1), (x2, y2) = points[after], points[following]
            self.insert(after, ((x1 + x2) / 2, (y1 + y2) / 2))

    def _beside(self) -> Point:
        points = self.now.points
        if not points:
            return 0.5, 0.5
        x, y = points[-2 if self.shape is Shape.PEOPLE else -1]
        right, down = (_REACH, 0.0) if len(points) == 1 else (0.0, _REACH)
        if self.shape is Shape.PEOPLE:
            right, down = _REACH, 2 * _REACH
        return (x + right if x + right <= 1 else x - right), (y + down if y + down <= 1 else y - down)

    def move(self, place: int, point: Point, step: str = "") -> None:
        """A point to another place. A person's head stays over the foot, and comes along when the foot is moved."""
        points = list(self.now.points)
        if self.shape is not Shape.PEOPLE:
            points[place] = _kept(point)
        elif place % 2:
            x, y = points[place - 1]
            points[place] = _kept((x, min(point[1], y - LEAST_PERSON)))
        else:
            height = points[place][1] - points[place + 1][1]
            x, y = _kept(point)
            y = max(y, LEAST_PERSON)
            points[place], points[place + 1] = (x, y), _kept((x, min(y - height, y - LEAST_PERSON)))
        self._change(replace(self.now, points=tuple(points), chosen=place), step)

    def shift(self, right: float, down: float, step: str = "") -> None:
        """The whole, as far as the picture's edges allow; its shape stays."""
        points = self.now.points
        if not points:
            return
        right, down = (_room(right, [p[0] for p in points]), _room(down, [p[1] for p in points]))
        self._change(replace(self.now, points=tuple(_kept((x + right, y + down)) for x, y in points)), step)

    def remove(self, place: int) -> None:
        """A point, or the person it belongs to; the one before it is chosen."""
        points = list(self.now.points)
        if not 0 <= place < len(points):
            return
        first = place - place % 2 if self.shape is Shape.PEOPLE else place
        del points[first : first + (2 if self.shape is Shape.PEOPLE else 1)]
        chosen = min(max(first - 1, 0), len(points) - 1)
        self._change(replace(self.now, points=tuple(points), chosen=chosen, drawing=self.now.drawing or not points))

    def turn_round(self) -> None:
        """A line's other direction: what was in is out."""
        if self.shape is Shape.LINE and self.now.points:
            chosen = len(self.now.points) - 1 - self.now.chosen if self.now.chosen >= 0 else -1
            self._change(replace(self.now, points=self.now.points[::-1], chosen=chosen))


def drawn_on(registry: Registry, camera_id: str) -> tuple[tuple[Shape, Drawn], ...]:
    """What is drawn on a camera's picture already; its people are there when somebody marked them."""
    zones = ((_ZONES.get(z.kind, Shape.AREA), z) for z in registry.zones if z.camera_id == camera_id)
    masks = ((Shape.MASK, mask) for mask in registry.privacy_masks if mask.camera_id == camera_id)
    scales = ((Shape.PEOPLE, scale) for scale in registry.camera_scales if scale.id == camera_id)
    return (*zones, *masks, *scales)


def new_draft(registry: Registry, shape: Shape, camera_id: str) -> ZoneDraft:
    """Nothing drawn yet, with a name that the camera has not got yet; people go on from those that are marked."""
    drawn = drawn_on(registry, camera_id)
    if shape is Shape.PEOPLE:
        return ZoneDraft(shape, camera_id, next((one for kind, one in drawn if kind is shape), None))
    taken = {_name_of(one) for _kind, one in drawn}
    first, number = _(_FIRST_NAMES[shape]), 1
    while f"{first} {number}" in taken:
        number += 1
    return ZoneDraft(shape, camera_id, name=f"{first} {number}")


def _points_of(record: Drawn | None) -> tuple[Point, ...]:
    if isinstance(record, CameraScale):
        pairs = (((x, y), _kept((x, y - height))) for x, y, height in record.people)
        return tuple(point for pair in pairs for point in pair)
    return record.points if record is not None else ()


def _name_of(record: Drawn | None) -> str:
    return "" if record is None or isinstance(record, CameraScale) else record.name


def _kept(point: Point) -> Point:
    x, y = point
    return round(min(max(x, 0.0), 1.0), _DIGITS), round(min(max(y, 0.0), 1.0), _DIGITS)


def _room(wish: float, values: list[float]) -> float:
    """As much of a shift as leaves all values within 0..1."""
    return min(max(wish, -min(values)), 1.0 - max(values))
