"""Privacy masks of the registry: which polygons cover a camera. Pure, any thread.

A mask hides what is shown and what leaves the house to be looked at; recordings and the evidence store keep the
original. Masks are those of now, whenever the picture was taken: who draws one wants it to hide the past as well.
"""

from __future__ import annotations

from storage.journal import Registry

Polygon = tuple[tuple[float, float], ...]
"""Corners, 0..1 of the picture."""
MASK_COLOUR = (60, 64, 70)
"""Neither black, as a dead picture is, nor a colour of the wall's chrome."""


def masks_of(registry: Registry, camera_id: str | None) -> tuple[Polygon, ...]:
    """What covers this camera."""
    return tuple(mask.points for mask in registry.privacy_masks if mask.camera_id == camera_id)
