"""Which of a camera's two streams a tile shows: by its device pixels, with hysteresis, and by what can be opened.

Pure: the caller gives the time (monotonic seconds). Opens nothing; `app.viewing` does. A tile that becomes large gets
the main stream at once, one that becomes small keeps it for a moment, so that dragging an edge or a look at the tile
beside does not open and close streams.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

UP_PX = 672
DOWN_PX = 608
"""Around the 640 px that a sub-stream commonly has; between the two a tile keeps what it shows."""
DOWN_AFTER_S = 1.5
BARRED_S = 30.0
"""How long a stream that could not be opened is left alone while the other one shows the camera."""
_ASPECT = 16 / 9


class Stream(StrEnum):
    """One of a camera's streams."""

    MAIN = "main"
    SUB = "sub"

    @property
    def other(self) -> Stream:
        """The camera's other stream."""
        return Stream.SUB if self is Stream.MAIN else Stream.MAIN


@dataclass(frozen=True, slots=True)
class Wish:
    """What a tile asks for: its picture's device pixels (0, 0 while nobody sees it). `high`: the main stream whatever
    the size (enlarged, zoomed, or by key). `attended`: the operator looks here, nothing is lowered. `planes`: as the
    decoder left them."""

    width_px: int = 0
    height_px: int = 0
    high: bool = False
    attended: bool = False
    planes: bool = False

    @property
    def seen(self) -> bool:
        """Whether pictures are wanted at all."""
        return self.width_px > 0 and self.height_px > 0

    @property
    def picture_px(self) -> float:
        """Width that a 16:9 picture has in there."""
        return min(self.width_px, self.height_px * _ASPECT)

    @property
    def small(self) -> bool:
        """Whether a sub-stream has all the pixels that the tile can show."""
        return not self.high and self.picture_px < DOWN_PX


class StreamChoice:
    """Remembers what was chosen. Not thread-safe: `target` and `bar` belong to one thread."""

    def __init__(self, *, has_sub: bool) -> None:
        self.has_sub = has_sub
        self._by_size: Stream | None = None if has_sub else Stream.MAIN
        self._small_since_s: float | None = None
        self._barred_s: dict[Stream, float] = {}

    @property
    def by_size(self) -> Stream | None:
        """What the tile's size asks for, whether it can be opened or not."""
        return self._by_size

    def target(self, wish: Wish, now_s: float) -> Stream | None:
        """The stream to be shown now; None before the first wish of a camera that has two."""
        if not self.has_sub:
            return Stream.MAIN
        if wish.seen:
            self._by_size = self._sized(wish, now_s)
        wanted = self._by_size
        if wanted is not None and self.barred(wanted, now_s) and not self.barred(wanted.other, now_s):
            return wanted.other
        return wanted

    def bar(self, stream: Stream, now_s: float) -> None:
        """`stream` cannot be opened now: the other one for a while."""
        self._barred_s[stream] = now_s + BARRED_S

    def barred(self, stream: Stream, now_s: float) -> bool:
        """Whether `stream` is left alone."""
        return now_s < self._barred_s.get(stream, now_s)

    def _sized(self, wish: Wish, now_s: float) -> Stream:
        width_px = UP_PX if wish.high else wish.picture_px
        if self._by_size is None:
            return Stream.SUB if width_px < (UP_PX + DOWN_PX) / 2 else Stream.MAIN
        if self._by_size is Stream.SUB or width_px >= DOWN_PX:
            self._small_since_s = None
            return Stream.MAIN if width_px >= UP_PX else self._by_size
        if self._small_since_s is None:
            self._small_since_s = now_s
        return Stream.SUB if now_s - self._small_since_s >= DOWN_AFTER_S else Stream.MAIN
