"""How much of a picture is enough for what: pixels per metre and the classes of IEC 62676-4 (DORI). Pure; any thread.

Only where a camera is calibrated by people's height (`CameraScale`): then a person's height in the picture at a foot
point, over 1.7 m, is the pixels per metre there. A calibration by eye: good for a choice of class, no measurement.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.i18n import _, marked
from detection.detector import DetectionError
from detection.perspective import PERSON_M, Ground
from storage.journal import Registry

_ROWS = 512


class DoriClass(StrEnum):
    """IEC 62676-4:2014, what an operator can do with so many px/m."""

    IDENTIFY = "identify"
    RECOGNISE = "recognise"
    OBSERVE = "observe"
    DETECT = "detect"
    NONE = "none"


LEAST_PX_PER_M: dict[DoriClass, float] = {
    DoriClass.IDENTIFY: 250.0,
    DoriClass.RECOGNISE: 125.0,
    DoriClass.OBSERVE: 62.5,
    DoriClass.DETECT: 25.0,
    DoriClass.NONE: 0.0,
}
_WORDS = {
    DoriClass.IDENTIFY: marked("identify"),
    DoriClass.RECOGNISE: marked("recognise"),
    DoriClass.OBSERVE: marked("observe"),
    DoriClass.DETECT: marked("detect"),
    DoriClass.NONE: marked("less than detect"),
}


@dataclass(frozen=True, slots=True)
class DoriBand:
    """A band of the picture, `top` to `bottom` (0..1): who stands in it with their feet is seen with this class."""

    level: DoriClass
    top: float
    bottom: float
    least_px_per_m: float
    most_px_per_m: float


def class_of(px_per_m: float) -> DoriClass:
    """The best class that so many pixels reach."""
    return next(level for level, least in LEAST_PX_PER_M.items() if px_per_m >= least)


def bands(registry: Registry, camera_id: str, height_px: int) -> tuple[DoriBand, ...]:
    """From top to bottom for a picture of this height; nothing for a camera without a calibration that fits."""
    scale = next((scale for scale in registry.camera_scales if scale.id == camera_id), None)
    if scale is None:
        return ()
    try:
        ground = Ground(scale)
    except DetectionError:
        return ()
    found: list[DoriBand] = []
    for row in range(_ROWS):
        density = ground.height((row + 0.5) / _ROWS) * height_px / PERSON_M
        level, top, bottom = class_of(density), row / _ROWS, (row + 1) / _ROWS
        last = found[-1] if found else None
        if last is not None and last.level is level:
            found[-1] = DoriBand(level, last.top, bottom, min(last.least_px_per_m, density), density)
        else:
            found.append(DoriBand(level, top, bottom, density, density))
    return tuple(found)


def level_text(level: DoriClass) -> str:
    """`recognise (125 px/m)`, translated."""
    least = LEAST_PX_PER_M[level]
    word = _(_WORDS[level])
    return f"{word} ({least:g} px/m)" if least else word


def band_text(band: DoriBand) -> str:
    """`recognise: 131-242 px/m, feet at 43-78 % of the height`, translated."""
    return _("{level}: {least}-{most} px/m, feet at {top}-{bottom} % of the picture's height").format(
        level=_(_WORDS[band.level]),
        least=f"{band.least_px_per_m:.0f}",
        most=f"{band.most_px_per_m:.0f}",
        top=f"{band.top * 100:.0f}",
        bottom=f"{band.bottom * 100:.0f}",
    )
