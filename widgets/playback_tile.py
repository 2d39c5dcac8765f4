"""A tile of the playback wall: nothing of it may be taken for live, and its picture's own time stands in its header.

What differs from a live tile: a picture does not grow old while it is looked at, a gap shows no picture at all, and
what was taken out for the camera's clock is told. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from math import ceil
from zoneinfo import ZoneInfo

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QPainter, QRegion, QResizeEvent

from app.feeds import CameraFeed, Lowered, TileState
from app.i18n import _
from app.layouts import Arrangement, Cell, Layout, grid
from app.playback_feeds import ClockNote, PlaybackSession, is_film
from widgets.chrome import Header, draw_message, header_height_px
from widgets.figures import TileCount
from widgets.playback_words import clock_in, doubt_text, doubtful, offset_text
from widgets.tile import Look, Tile
from widgets.wall import Wall
from widgets.words import tile_state_word

REFRESH_MS = 100
MOST_TILES = 16
_PAPER = QColor("#17131a")
_CLOCK_PX, _DOUBT_PX = 420, 220
_TENTHS_PX = 300
_SAME_PX = 8


class PastTile(Tile):
    """`note_of` says what is known of a camera's clock."""

    def __init__(self, feed: CameraFeed, zone: ZoneInfo, note_of: Callable[[str], ClockNote | None]) -> None:
        self._zone, self._note_of = zone, note_of
        super().__init__(feed)

    @property
    def state(self) -> TileState:
        """Played as long as the session says so, however long ago the picture was painted."""
        if self.status.state not in (TileState.LIVE, TileState.STALE):
            return self.status.state
        return TileState.LIVE if self._picture is not None else TileState.CONNECTING

    def refresh(self, count: TileCount) -> QRect:
        """Read the state again; in a gap nothing stays of what was before it."""
        before = self.status, self.header
        if self.feed.status().state is TileState.NO_SIGNAL:
            self._forget()
        changed = super().refresh(count)
        return changed if before != (self.status, self.header) else QRect()

    def _header_now(self) -> Header:
        """Its picture's own time instead of an age; `K` where only key frames come in time."""
        picture, camera, width = self._picture, self.feed.camera, self._header_rect.width()
        note, late = self._note_of(camera.id), self.status.quality.lowered is Lowered.KEYS
        return Header(
            camera.number,
            camera.name,
            self.state,
            clock_in(self._zone, picture.utc_s, tenths=width >= _TENTHS_PX) if picture is not None else "–",
            "",
            self.alarmed,
            self.focused,
            masks=self.masking.word,
            lifted=self.masking.lifted,
            view=self.view.word,
            quality=" ".join(filter(None, ("K" if late else "", _clock_word(note, width)))),
            lowered=late or (note is not None and doubtful(note)),
            quiet=self.quiet,
            past=True,
        )

    def _paint_other(self, painter: QPainter, state: TileState) -> None:
        """While a camera seeks its last picture stays, under its own time; a gap is a dark tile with its reason."""
        if state is TileState.CONNECTING and self._picture is not None:
            self._paint_live(painter, QRegion(self.area), Look(overlay=False))
            return
        self._framed = False
        painter.fillRect(self.area, _PAPER)
        head = tile_state_word(state, past=True)
        reason = self.status.reason
        if state is TileState.NO_SIGNAL and not reason:
            reason = _("Nothing was recorded at this time.")
        draw_message(painter, self.area, state, head, reason, past=True)


def _clock_word(note: ClockNote | None, width_px: int) -> str:
    """What was taken out and how sure that is; in little room only how sure."""
    if note is None or width_px < _DOUBT_PX:
        return ""
    return offset_text(note) if width_px >= _CLOCK_PX else doubt_text(note)


@lru_cache(maxsize=256)
def fitted(count: int, width_px: int, height_px: int) -> Layout:
    """The grid with the largest 16:9 pictures for `count` tiles in such a room, of equals the one with fewest holes."""

    def picture_px(columns: int) -> float:
        wide, high = width_px / columns, height_px / ceil(count / columns)
        return min(wide, (high - header_height_px(round(wide))) * 16 / 9)

    columns = max(range(1, count + 1), key=lambda n: (round(picture_px(n) / _SAME_PX), -(-count % n), n))
    rows = ceil(count / columns)
    cells = tuple(Cell(column, row) for row in range(rows) for column in range(columns))
    return Layout(f"{columns}x{rows}", columns, rows, cells)


class PlaybackWall(Wall):
    """The cameras of a session; a moment of it is one of the time that is played."""

    def __init__(self, session: PlaybackSession, zone: ZoneInfo) -> None:
        super().__init__(
            session,
            tile_of=lambda feed: PastTile(feed, zone, session.clock_note),
            refresh_ms=REFRESH_MS,
        )
        self._session = session
        self._fitting = True
        self.setAccessibleName(_("Playback wall"))
        self.setMinimumSize(320, 140)

    def choose_layout(self, tiles: int) -> None:
        """A grid by hand: from now on the room decides no more."""
        self._fitting = False
        super().choose_layout(tiles)

    def call_up(self, camera_id: str) -> None:
        """Bring a camera into the focused cell; room is made for one that is new."""
        super().call_up(camera_id)
        fit = self._fitting_arrangement()
        if fit != self.arrangement:
            self._arrange(fit)

    def show_more(self, camera_ids: tuple[str, ...]) -> None:
        """These cameras, in a grid that fits them; the focus stays."""
        focused = self.arrangement.focused
        self.arrangement = self.arrangement.with_cameras(camera_ids).with_layout(grid(min(len(camera_ids), MOST_TILES)))
        fit = self._fitting_arrangement()
        self._arrange(fit.focused_on(focused) if focused in camera_ids else fit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Docked it is wide and low: as many columns as give the largest pictures."""
        fit = self._fitting_arrangement()
        changed, self.arrangement = fit != self.arrangement, fit
        if changed:
            self.board.open(fit)
        super().resizeEvent(event)  # places the tiles, once
        if changed:
            self.arrangement_changed.emit()

    def _place_tiles(self) -> None:
        """Only where they are seen: whoever shows the wall has them placed, at the size that it has then."""
        if self.isVisible():
            super()._place_tiles()

    def _fitting_arrangement(self) -> Arrangement:
        now = self.arrangement
        if not self._fitting or not now.order:
            return now
        layout = fitted(min(len(now.order), MOST_TILES), self.width(), self.height())
        return now if layout == now.layout else replace(now.with_layout(layout), enlarged=now.enlarged)

    def moment(self) -> tuple[str, float] | None:
        """The focused camera and the time of its painted frame, else the time that is played; a film from elsewhere is
        no camera."""
        focused, tile = self.arrangement.focused, self.focused_tile
        if focused is None or is_film(focused):
            return None
        picture = tile.picture if tile is not None else None
        return focused, picture.utc_s if picture is not None else self._session.place().utc_s
