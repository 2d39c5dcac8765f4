"""A few small pictures of a recorded moment, for lists that play them: key frames, else frames near to each other.

The camera's privacy masks of now are burned in before anybody gets them. For the thread of whoever searches.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from app.footage_search import MomentPicture
from app.masked_still import draw_masks
from app.masks import Polygon, masks_of
from storage.journal import Registry
from video.footage import Footage
from video.small_pictures import Look, SmallPicture, key_pictures, near_pictures

if TYPE_CHECKING:
    from video.small_pictures import Stopped

PICTURE_PX = (256, 144)
MOST = 6
_LEAST = 3
_BEFORE_S, _AFTER_S = 0.5, 1.0
_APART_S = 0.4
_QUALITY = 80


class MomentPictures:
    """`registry` is asked for the masks at every moment."""

    def __init__(self, footage: Footage, registry: Callable[[], Registry]) -> None:
        self._footage, self._registry = footage, registry

    def of(
        self,
        camera_id: str,
        from_utc_s: float,
        to_utc_s: float,
        stopped: Stopped = lambda: False,
        *,
        near: bool = False,
    ) -> tuple[MomentPicture, ...]:
        """At most `MOST`, in the order of time; empty where nothing is recorded. `near`: not of key frames."""
        begin, end = from_utc_s - _BEFORE_S, to_utc_s + _AFTER_S
        pieces = self._footage.reel(camera_id, begin, end)
        look = Look(PICTURE_PX, colour=True, apart_s=max((end - begin) / MOST, _APART_S))
        found: list[SmallPicture] = []
        if not near:
            found = list(islice(key_pictures(pieces, begin, end, look, stopped), MOST))
            found = [picture for picture in found if picture.utc_s >= begin - _longest(end - begin)]
        if len(found) < _LEAST:
            found = list(islice(near_pictures(pieces, begin, end, look, stopped), MOST)) or found
        masks = masks_of(self._registry(), camera_id)
        return tuple(MomentPicture(picture.utc_s, _jpeg(picture, masks)) for picture in found)


def cover_of(pictures: Sequence[MomentPicture], utc_s: float) -> int:
    """The place of the picture that is nearest to a time."""
    return min(range(len(pictures)), key=lambda place: abs(pictures[place].utc_s - utc_s), default=0)


def _longest(length_s: float) -> float:
    """A key frame that lies further before the moment than this does not show it."""
    return max(length_s, 4.0)


def _jpeg(picture: SmallPicture, masks: Sequence[Polygon]) -> bytes:
    from PIL import Image  # Pillow: not at start

    image = Image.fromarray(picture.pixels)
    draw_masks(image, masks)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
