"""Short stories with known truth for every guard rule: who walks or drives where, and when which event is due.

Stories are drawn by `scene_clips` under the conditions of `scene_weather`. Times are seconds from the clip's beginning;
each kind has stories in which its rule must speak and others in which it must not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from storage.records import RuleKind, RuleSpec, Zone
from storage.registry_records import CameraScale
from video.cutouts import Look
from video.synthetic import ActorSpec, Waypoint

CAMERA = "made"
ASPECT = 16 / 9
SLOPE = 0.9
PERSON = 0.34
"""Height of a person whose foot is at y = 0.8."""
FAR = 0.15
"""The same where vehicles drive fast: a camera that sees a whole street."""
BUS = 1.75
"""A bus over a person."""
CASE = 0.36
"""A suitcase over a person."""
VEHICLES = ("car", "truck", "bus")
THINGS = ("bag",)
CASE_LABEL = "bag"
WHOLE = Zone("whole", CAMERA, "Street", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
YARD = Zone("yard", CAMERA, "Yard", ((0.5, 0.3), (0.99, 0.3), (0.99, 1.0), (0.5, 1.0)))
GATE = Zone("gate", CAMERA, "Gate", ((0.5, 0.3), (0.5, 1.0)), kind="line")
FENCE = Zone("fence", CAMERA, "Fence", ((0.0, 0.62), (1.0, 0.62), (1.0, 0.74), (0.0, 0.74)))
_DRESSES = (
    Look("dark"),
    Look("cream", coat=(150, 40, 40), trousers=(40, 44, 60)),
    Look("dark", coat=(40, 70, 130), trousers=(60, 60, 66)),
    Look("cream"),
    Look("dark", coat=(200, 200, 190), trousers=(90, 70, 50)),
    Look("cream", coat=(70, 90, 60), trousers=(50, 50, 50)),
)

Points = tuple[tuple[float, float, float], ...]


def scale_of(height: float) -> CameraScale:
    """The camera on which a person at y = 0.8 has this height."""
    return CameraScale(CAMERA, tuple((0.5, y, height * (1 + SLOPE * (y - 0.8))) for y in (0.5, 0.9)))


NEAR_SCALE = scale_of(PERSON)


@dataclass(frozen=True, slots=True)
class Story:
    """What happens before one rule, and from when to when each event is due."""

    name: str
    rule: RuleSpec
    zone: Zone
    actors: tuple[ActorSpec, ...]
    seconds: float
    due: tuple[tuple[float, float], ...] = ()
    scale: CameraScale = NEAR_SCALE


def rule(kind: RuleKind, labels: tuple[str, ...] = ("person",), **changes: object) -> RuleSpec:
    """A rule of the made camera."""
    spec = RuleSpec(f"made-{kind.value}", CAMERA, "", kind.value.replace("_", " ").capitalize(), kind, labels)
    return replace(spec, **changes)  # type: ignore[arg-type]  # names of RuleSpec's fields


def person(points: Points, dress: int = 0, height: float = PERSON) -> ActorSpec:
    """Somebody on foot."""
    return actor("person", _DRESSES[dress % len(_DRESSES)], height, points)


def bus(points: Points, person_height: float = PERSON) -> ActorSpec:
    """A bus."""
    return actor("bus", Look("bus"), BUS * person_height, points)


def case(points: Points) -> ActorSpec:
    """A suitcase."""
    return actor(CASE_LABEL, Look("case"), CASE * PERSON, points)


def actor(label: str, look: Look, height: float, points: Points) -> ActorSpec:
    """Whoever or whatever looks like this."""
    name = f"{label}-{points[0][0]:.2f}-{points[0][1]:.2f}-{points[0][2]:.2f}"
    return ActorSpec(name, look, height, tuple(Waypoint(*point) for point in points), label)


def walk(x1: float, x2: float, y: float, seconds: float, begin_s: float = 0.0) -> Points:
    """A straight way."""
    return (begin_s, x1, y), (begin_s + seconds, x2, y)


def stories(kind: RuleKind, variants: int = 1) -> Iterator[Story]:
    """All stories of a kind; each variant moves them a little."""
    for variant in range(variants):
        for story in _STORIES[kind](0.80 + 0.035 * variant, 0.012 * variant):
            yield replace(story, rule=replace(story.rule, zone_id=story.zone.id))


def metres_per_width(y: float, height: float = PERSON) -> float:
    """How many metres the picture's width is where a person's foot is at y."""
    return ASPECT * 1.7 / (height * (1 + SLOPE * (y - 0.8)))


def _intrusion(y: float, d: float) -> Iterator[Story]:
    spec = rule(RuleKind.INTRUSION, hold_s=1.5)
    yield Story("walks in", spec, YARD, (person(walk(0.15, 0.85 + d, y, 9.0), 1),), 10.0, ((5.0, 9.0),))
    slant = ((0.0, 0.35, 0.95), (7.0, 0.75 - d, 0.7))
    yield Story("comes from below", spec, YARD, (person(slant, 2),), 8.0, ((3.5, 7.8),))
    yield Story("stays outside", spec, YARD, (person(walk(0.05, 0.42 - d, y, 8.0), 3),), 9.0)
    peeps = ((0.0, 0.3, y), (3.0, 0.52 + d / 2, y), (6.0, 0.3, y))
    yield Story("only peeps in", spec, YARD, (person(peeps, 0),), 7.0)
    yield Story("a bus goes by", spec, YARD, (bus(walk(-0.2, 1.25, 0.75 + d, 5.0)),), 6.0)


def _line(y: float, d: float) -> Iterator[Story]:
    spec = rule(RuleKind.LINE_CROSSING, direction="in")
    yield Story("crosses in", spec, GATE, (person(walk(0.85, 0.15 + d, y, 8.0), 1),), 9.0, ((3.0, 6.5),))
    waits = ((0.0, 0.8, y), (3.0, 0.51, y), (6.0, 0.49, y), (9.0, 0.2 + d, y))
    yield Story("waits on the line", spec, GATE, (person(waits, 2),), 10.0, ((2.5, 9.0),))
    yield Story("crosses out", spec, GATE, (person(walk(0.15 + d, 0.85, y, 8.0), 3),), 9.0)
    turns = ((0.0, 0.85, y), (3.5, 0.58, y), (7.0, 0.85 - d, y))
    yield Story("turns back", spec, GATE, (person(turns, 0),), 8.0)


def _loitering(y: float, d: float) -> Iterator[Story]:
    spec = rule(RuleKind.LOITERING, limit=7.0)
    wander = ((0.0, 0.4, y), (1.5, 0.58, y), (6.0, 0.75, y), (8.0, 0.6, y), (13.0, 0.8 - d, y))
    yield Story("wanders about", spec, YARD, (person(wander, 1),), 13.5, ((7.0, 12.0),))
    stands = ((0.0, 0.55, y), (1.0, 0.7, y), (12.0, 0.703 + d, y))
    yield Story("stands there", spec, YARD, (person(stands, 2),), 12.0, ((6.0, 10.0),))
    yield Story("goes through", spec, YARD, (person(walk(0.3, 1.05, y, 6.0), 3),), 8.0)
    back = ((0.0, 0.55, y), (4.0, 0.7, y), (5.5, 0.38, y), (10.5, 0.38 - d, y), (12.0, 0.6, y), (15.0, 0.7, y))
    yield Story("goes and comes back", spec, YARD, (person(back, 0),), 15.0)


def _crowd(y: float, d: float) -> Iterator[Story]:
    spec = rule(RuleKind.CROWD, hold_s=2.0, limit=4.0)

    def gathers(count: int) -> tuple[ActorSpec, ...]:
        spots = [(0.57 + 0.09 * n, y + 0.03 * (n % 2) + d) for n in range(count)]
        return tuple(
            person(((0.0, x - 0.45, at), (3.0, x, at), (10.0, x + 0.006, at)), n) for n, (x, at) in enumerate(spots)
        )

    yield Story("five gather", spec, YARD, gathers(5), 10.0, ((3.0, 8.5),))
    stand = tuple(replace(one, path=(Waypoint(0.0, *one.path[1][1:]), one.path[2])) for one in gathers(4))
    yield Story("four stand there", spec, YARD, stand, 7.0, ((1.8, 6.0),))
    yield Story("three gather", spec, YARD, gathers(3), 9.0)
    pass_by = tuple(person(walk(0.1 - 0.13 * n, 1.25 - 0.13 * n, y, 5.0), n) for n in range(4))
    yield Story("four pass one by one", spec, YARD, pass_by, 7.0)


def _abandoned(y: float, d: float) -> Iterator[Story]:
    spec = rule(RuleKind.ABANDONED, THINGS, limit=5.0)
    bag = case(((0.0, 0.5, y), (3.0, 0.72, y), (20.0, 0.721, y)))
    comes = ((0.0, 0.46, y), (3.0, 0.68, y), (4.0, 0.68, y))
    leaves = person((*comes, (6.5, 0.25, y), (8.0, 0.1, y)), 1)
    yield Story("leaves it behind", spec, YARD, (bag, leaves), 14.0, ((9.0, 13.8),))
    passer = person(walk(0.1, 1.0, y - 0.05 - d, 5.0, 9.0), 2)
    yield Story("somebody passes by", spec, YARD, (bag, leaves, passer), 16.0, ((9.0, 15.8),))
    yield Story("stays with it", spec, YARD, (bag, person((*comes, (14.0, 0.67 - d, y)), 3)), 14.0)
    fetches = person((*comes, (6.0, 0.45, y), (8.5, 0.45, y), (10.5, 0.68, y), (15.0, 0.68, y)), 0)
    yield Story("comes back for it", spec, YARD, (bag, fetches), 15.0)


def _removed(y: float, d: float) -> Iterator[Story]:
    spec = rule(RuleKind.REMOVED, THINGS, limit=3.0)
    thief = person(((11.0, 0.2, y), (13.0, 0.66, y), (15.5, 0.15, y)), 1)
    stolen = case(((0.0, 0.72, y), (13.2, 0.721, y), (15.7, 0.2, y)))
    yield Story("is taken along", spec, YARD, (stolen, thief), 20.0, ((15.5, 19.9),))
    stands = case(((0.0, 0.72 - d, y), (20.0, 0.721 - d, y)))
    before = person(((10.0, 0.3, y + 0.06), (12.0, 0.72, y + 0.06), (17.0, 0.72, y + 0.06), (19.0, 0.3, y + 0.06)), 2)
    yield Story("somebody stands before it", spec, YARD, (stands, before), 20.0)
    yield Story("people pass by", spec, YARD, (stands, person(walk(0.0, 1.0, y + 0.05, 5.0, 12.0), 3)), 18.0)


def _wrong_way(y: float, d: float) -> Iterator[Story]:
    spec = rule(RuleKind.WRONG_WAY, ("person", *VEHICLES), direction="90")
    far = 0.72 + d
    yield Story("drives against it", spec, WHOLE, (bus(walk(1.15, -0.15, far, 4.0)),), 5.0, ((0.5, 4.8),))
    yield Story("walks against it", spec, WHOLE, (person(walk(0.9, 0.2, y, 7.0), 1),), 8.0, ((0.8, 7.0),))
    turns = ((0.0, 0.2, y), (3.5, 0.7, y), (8.0, 0.3 + d, y))
    yield Story("turns round", spec, WHOLE, (person(turns, 2),), 8.5, ((3.7, 8.0),))
    yield Story("drives with it", spec, WHOLE, (bus(walk(-0.15, 1.15, far, 4.0)),), 5.0)
    yield Story("walks with it", spec, WHOLE, (person(walk(0.1, 0.9, y, 8.0), 3),), 9.0)
    yield Story("stands there", spec, WHOLE, (person(((0.0, 0.7, y), (8.0, 0.702 + d, y)), 0),), 8.0)
    across = ((0.0, 0.6, 0.95), (7.0, 0.57 - d, 0.7))
    yield Story("goes across", spec, WHOLE, (person(across, 2),), 7.5)


def _stopped(y: float, d: float) -> Iterator[Story]:
    spec = rule(RuleKind.STOPPED, VEHICLES, limit=6.0)
    far = y - 0.05
    stops = ((0.0, -0.1, far), (3.0, 0.68, far), (16.0, 0.681 + d / 20, far))
    yield Story("stops", spec, YARD, (bus(stops),), 13.0, ((8.0, 12.5),))
    passer = person(walk(0.2, 1.0, far + 0.06, 5.0, 5.0), 2)
    yield Story("stops, somebody walks before it", spec, YARD, (bus(stops), passer), 13.0, ((8.0, 12.8),))
    yield Story("drives through", spec, YARD, (bus(walk(-0.15, 1.15, far, 5.0)),), 6.0)
    waits = ((0.0, 0.0, far), (3.0, 0.66, far), (7.0, 0.661, far), (9.0, 1.2, far))
    yield Story("waits for a moment", spec, YARD, (bus(waits),), 9.5)
    yield Story("goes slowly", spec, YARD, (bus(walk(0.45, 0.95, far, 12.0)),), 12.0)


def _running(y: float, d: float) -> Iterator[Story]:
    spec = rule(RuleKind.RUNNING, hold_s=0.4, limit=10.0)
    small = PERSON * 0.7
    wide_m = metres_per_width(y, small)

    def goes(kmh: float, dress: int, *, left: bool = False) -> tuple[tuple[ActorSpec, ...], float]:
        seconds = wide_m * 1.1 / (kmh / 3.6)
        ends = (1.05, -0.05) if left else (-0.05, 1.05)
        return (person(walk(*ends, y, seconds), dress, small),), seconds

    for kmh, left in ((15.0 - 60 * d, False), (17.0, True)):
        actors, seconds = goes(kmh, 1, left=left)
        yield Story("runs", spec, WHOLE, actors, seconds + 0.6, ((0.6, seconds + 0.5),), scale_of(small))
    for kmh, left in ((5.0, False), (6.5, True)):
        actors, seconds = goes(kmh, 2, left=left)
        yield Story("walks", spec, WHOLE, actors, seconds + 0.4, (), scale_of(small))


def _speed(y: float, d: float) -> Iterator[Story]:
    spec = rule(RuleKind.SPEED, VEHICLES, hold_s=0.2, limit=30.0)
    y -= 0.1
    for kmh in (44.0, 52.0 + 100 * d):
        seconds = metres_per_width(y, FAR) * 1.3 / (kmh / 3.6)
        drives = bus(walk(1.15, -0.15, y, seconds), FAR)
        yield Story("is too fast", spec, WHOLE, (drives,), seconds + 0.6, ((0.7, seconds + 0.4),), scale_of(FAR))
    for kmh in (12.0, 22.0):
        seconds = metres_per_width(y, FAR) * 1.3 / (kmh / 3.6)
        drives = bus(walk(-0.15, 1.15, y, seconds), FAR)
        yield Story("keeps to it", spec, WHOLE, (drives,), seconds + 0.6, (), scale_of(FAR))


def _perimeter(y: float, d: float) -> Iterator[Story]:
    spec = rule(RuleKind.PERIMETER, hold_s=0.4)
    x = 0.3 + 10 * d
    goes_up = ((0.0, x, 0.95), (6.0, x + 0.05, 0.62))
    yield Story("goes to the fence", spec, FENCE, (person(goes_up, 1),), 6.5, ((3.4, 6.3),))
    touches = ((0.0, 0.8, 0.95), (3.5, 0.7 - d, 0.71), (7.0, 0.6, 0.95))
    yield Story("only touches it", spec, FENCE, (person(touches, 2),), 7.5, ((2.8, 5.8),))
    yield Story("walks along before it", spec, FENCE, (person(walk(0.1, 0.9, y + 0.04, 8.0), 3),), 9.0)
    yield Story("walks behind it", spec, FENCE, (person(walk(0.9, 0.1, 0.58 - d, 7.0), 0),), 8.0)


_STORIES: dict[RuleKind, Callable[[float, float], Iterator[Story]]] = {
    RuleKind.INTRUSION: _intrusion,
    RuleKind.LINE_CROSSING: _line,
    RuleKind.LOITERING: _loitering,
    RuleKind.CROWD: _crowd,
    RuleKind.ABANDONED: _abandoned,
    RuleKind.REMOVED: _removed,
    RuleKind.WRONG_WAY: _wrong_way,
    RuleKind.STOPPED: _stopped,
    RuleKind.RUNNING: _running,
    RuleKind.SPEED: _speed,
    RuleKind.PERIMETER: _perimeter,
}
KINDS = tuple(_STORIES)


def quiet_rules() -> tuple[tuple[RuleSpec, ...], tuple[Zone, ...]]:
    """A rule of every kind over a picture in which nothing happens: whatever any of them says is false."""
    found = []
    for kind in KINDS:
        first = next(iter(stories(kind)))
        zone = first.zone if first.zone.kind == "line" else WHOLE
        found.append(replace(first.rule, zone_id=zone.id))
    return tuple(found), (WHOLE, GATE)
