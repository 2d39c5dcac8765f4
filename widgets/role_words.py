"""What role cells and viewing figures say. Translated when called; no figure names a person."""

from __future__ import annotations

from collections.abc import Iterable

from app.attention import Coverage
from app.i18n import _, marked, ngettext
from app.layouts import CellRole
from app.wall_roles import Caption
from widgets.words import Names, age_text, clock_text

_EMPTY = {
    CellRole.HOT_SPOT: marked("Hot-spot: shows the focused camera"),
    CellRole.ALARM: marked("Alarm tile: nothing fires"),
    CellRole.TOUR: marked("Tour: no camera"),
    CellRole.ATTENTION: marked("Attention: no camera"),
}


def caption_text(caption: Caption, names: Names) -> str:
    """Why a role cell shows its camera, or what it waits for."""
    if not caption.camera_id:
        return _(_EMPTY[caption.role])
    if caption.firing is not None:
        text = _("Alarm {time} {rule}")
        return text.format(time=clock_text(caption.firing.utc_s), rule=names.rule(caption.firing.rule_id))
    if caption.role is CellRole.ATTENTION:
        return _("Was not looked at for {age}").format(age=_age(caption.owed_s))
    if caption.role is CellRole.TOUR:
        return _("Tour, paused") if caption.paused else _("Tour")
    return _("Hot-spot") if caption.role is CellRole.HOT_SPOT else _("Alarm tile, held")


def coverage_text(coverage: Coverage, waiting: int) -> str:
    """For the status line: own figures of this shift."""
    parts = []
    if coverage.cameras:
        text = _("{looked} of {all} cameras looked at, worst {age}")
        parts.append(text.format(looked=coverage.looked, all=coverage.cameras, age=_age(coverage.worst_s)))
    if waiting:
        text = ngettext("{count} alarm waits for a tile", "{count} alarms wait for a tile", waiting)
        parts.append(text.format(count=waiting))
    return "  ·  ".join(parts)


def debts_text(coverage: Coverage, worst: Iterable[tuple[str, float]], names: Names) -> str:
    """The cameras that were not looked at for longest."""
    listed = ", ".join(f"{names.camera(camera_id)} {_age(debt_s)}" for camera_id, debt_s in worst)
    return f"{coverage_text(coverage, 0)}: {listed}" if listed else _("There is no camera to look at.")


def _age(seconds: float) -> str:
    return age_text(max(seconds, 0.0)) if seconds >= 10 else f"{max(seconds, 0.0):.0f} s"
