"""Which cameras who sits here may see: the one answer that feeds, snapshots, replays and health rows ask. Any thread.

Asked anew at every picture, so that it holds at once when somebody else signs in or a group is changed. A locked seat
is still its operator's. At an empty seat only what every operator may see is shown: signing out, or starting the
program anew, opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from app.sign_in import SeatChanged
from storage.access import cameras_of
from storage.journal import Registry
from storage.records import Role


class CameraRights:
    """`registry` and `sits` are read at every question; the answer for an unchanged pair is kept."""

    def __init__(self, registry: Callable[[], Registry], sits: Callable[[], SeatChanged]) -> None:
        self._registry, self._sits = registry, sits
        self._known: tuple[Registry, str, frozenset[str] | None] | None = None

    @property
    def seen(self) -> frozenset[str] | None:
        """Ids of the cameras that may be seen here now; None: all."""
        registry, operator_id, known = self._registry(), self._sits().operator_id, self._known
        if known is None or known[0] is not registry or known[1] != operator_id:
            self._known = known = registry, operator_id, seen_by(registry, operator_id)
        return known[2]

    def allows(self, camera_id: str) -> bool:
        """Whether this camera may be seen here now."""
        seen = self.seen
        return seen is None or camera_id in seen


def seen_by(registry: Registry, operator_id: str) -> frozenset[str] | None:
    """What an operator may see, None: all. A stranger sees nothing; nobody (no id) what every operator may see."""
    operators = [one for one in registry.operators if one.role is not Role.SERVICE]
    if operator_id:
        found = next((one for one in operators if one.id == operator_id), None)
        return cameras_of(found, registry.camera_groups) if found is not None else frozenset()
    shared: frozenset[str] | None = None
    for one in operators:
        allowed = cameras_of(one, registry.camera_groups)
        if allowed is not None:
            shared = allowed if shared is None else shared & allowed
    return shared
