"""Drawings to records of the registry and back: saved, removed, copied to other cameras, undone. GUI thread only.

Every change is a command of the desk, and remembered by `UndoSteps` once it is durable; an undo never overwrites what
somebody else has made of a record since. A changed zone or scale is tried on stored tracks first, where there are any:
one that loses a confirmed alarm waits for a second person, and the drawing stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from app.feeds import CommandRefused, Desk
from app.i18n import _, ngettext
from app.zone_drafts import SHAPE_TEXTS, Drawn, Shape, ZoneDraft
from storage.commands import Command, PutRecord, RemoveRecord
from storage.records import Zone, new_id
from storage.registry_records import CameraScale
from widgets.bridge import Bridge
from widgets.trial_line import TrialLine
from widgets.undo import Refused, UndoSteps

Swap = tuple[Drawn | None, Drawn | None]
"""A record before and after a change; None where there was none."""


class ZoneRecords:
    """`say` is told what became of a command; `done(draft)` comes when its drawing needs no canvas any more; `trial`
    tries and saves where that can be done."""

    def __init__(
        self,
        desk: Desk,
        bridge: Bridge,
        undo: UndoSteps,
        say: Callable[[str], None],
        done: Callable[[ZoneDraft], None],
        trial: TrialLine | None = None,
    ) -> None:
        self._desk, self._bridge, self._undo, self._say, self._done = desk, bridge, undo, say, done
        self._waiting = False
        self._trial = trial
        self._tried: ZoneDraft | None = None
        if trial is not None:
            trial.said.connect(say)
            trial.saved.connect(self._on_tried_saved)
            trial.removed.connect(self._on_tried_removed)
        bridge.command_refused.connect(self._on_refused)

    def save(self, draft: ZoneDraft) -> None:
        """Put what is drawn, if it can be."""
        fault = draft.fault_text()
        if fault:
            self._say(_("Not saved. {fault}").format(fault=fault))
        elif self._is_overtaken(draft):
            self._say(_("Somebody changed it meanwhile. Enter saves over that; Ctrl+Z then brings theirs back."))
        else:
            self._put(draft, draft.made())

    def _put(self, draft: ZoneDraft, record: Drawn) -> None:
        tried = tried_of(draft)
        if self._trial is not None and tried is not None:
            self._tried = draft
            self._trial.save(tried)
        else:
            self._once(PutRecord(record), partial(self._on_saved, draft, record))

    def offer(self, draft: ZoneDraft) -> None:
        """Say what saving it would change."""
        if self._trial is not None:
            before = draft.record if isinstance(draft.record, Zone | CameraScale) else None
            self._trial.offer(tried_of(draft) if not draft.fault() else None, before)

    def relieve(self) -> None:
        """The drawing is left: nobody waits for its trial any more."""
        self._tried = None
        if self._trial is not None:
            self._trial.relieve()

    def _on_tried_saved(self, record: Drawn) -> None:
        draft, self._tried = self._tried, None
        if draft is not None:
            self._on_saved(draft, record)

    def _is_overtaken(self, draft: ZoneDraft) -> bool:
        """Whether the record is other than the one that the drawing began with; from now on it begins with this one."""
        now = self._known(draft.table).get(draft.id)
        before, draft.record = draft.record, now
        return before != now

    def _on_saved(self, draft: ZoneDraft, record: Drawn) -> None:
        title = titled(draft.shape, record)
        self._undo.remember(title, partial(self._swap_back, draft.table, ((draft.record, record),)))
        self._done(draft)
        self._say(_("Saved: {name}. Ctrl+Z takes it back.").format(name=title))

    def remove(self, draft: ZoneDraft) -> None:
        """Take the record out of use that the drawing was made from."""
        record = draft.record
        if self._trial is not None and isinstance(record, Zone | CameraScale):
            self._tried = draft
            self._trial.remove(record)
        elif record is not None:
            self._once(RemoveRecord(draft.table, draft.id), partial(self._on_removed, draft, record))

    def _on_tried_removed(self, record: Drawn) -> None:
        draft, self._tried = self._tried, None
        if draft is not None:
            self._on_removed(draft, record)

    def _on_removed(self, draft: ZoneDraft, record: Drawn) -> None:
        title = titled(draft.shape, record)
        self._undo.remember(title, partial(self._swap_back, draft.table, ((record, None),)))
        self._done(draft)
        self._say(_("{name} removed. Ctrl+Z takes it back.").format(name=title))

    def copy(self, draft: ZoneDraft, words: str) -> None:
        """The same on other cameras, by the numbers in `words`; one step to undo."""
        cameras = self._desk.registry().cameras
        by_number = {str(camera.number): camera.id for camera in cameras if camera.id != draft.camera_id}
        wanted = words.replace(",", " ").split()
        unknown = [word for word in wanted if word not in by_number]
        if unknown:
            self._say(_("There is no other camera {number}. Nothing was copied.").format(number=unknown[0]))
            return
        known = self._known(draft.table)
        swaps: list[Swap] = []
        for camera_id in dict.fromkeys(by_number[word] for word in wanted):
            record = draft.made_for(camera_id, new_id())
            swaps.append((known.get(record.id), record))
        self._put_all([record for _before, record in swaps if record is not None])
        name = titled(draft.shape, draft.made())
        self._undo.remember(name, partial(self._swap_back, draft.table, tuple(swaps)))
        text = ngettext("Copied to {count} camera: {name}.", "Copied to {count} cameras: {name}.", len(swaps))
        self._say(text.format(count=len(swaps), name=name))

    def _once(self, command: Command, then: Callable[[], None]) -> None:
        """`then` comes on the GUI thread once it is durable, unless somebody else sits here by then; a key pressed
        again meanwhile is not another command."""
        if self._waiting:
            return
        self._waiting, actor_id = True, self._desk.actor_id()

        def durable(_receipt: object) -> None:
            self._waiting = False
            if self._desk.actor_id() == actor_id:
                then()

        self._desk.apply(command, self._bridge.on_gui_thread(durable))

    def _on_refused(self, _refused: CommandRefused) -> None:
        """The drawing stays as it is; the toast says why."""
        self._waiting = False

    def _put_all(self, records: Sequence[Drawn], refused: Refused = lambda: None) -> None:
        """What others have rules for is tried first; the rest is put as it is."""
        tried = [one for one in records if isinstance(one, Zone | CameraScale)] if self._trial is not None else []
        if self._trial is not None and tried:
            self._trial.save_all(tried, refused)
        for record in records:
            if record not in tried:
                self._desk.apply(PutRecord(record), refused=refused)

    def _swap_back(self, table: str, swaps: tuple[Swap, ...], refused: Refused) -> bool:
        """What was before instead of what was made; False when somebody made something else of it since."""
        known = self._known(table)
        ids = [after.id if after is not None else before.id if before is not None else "" for before, after in swaps]
        if any(known.get(one) not in swap for one, swap in zip(ids, swaps, strict=True)):
            return False
        self._put_all([before for before, _after in swaps if before is not None], refused)
        for one, (before, _after) in zip(ids, swaps, strict=True):
            if before is None:
                self._desk.apply(RemoveRecord(table, one), refused=refused)
        return True

    def _known(self, table: str) -> dict[str, Drawn]:
        records: tuple[Drawn, ...] = getattr(self._desk.registry(), table)
        return {record.id: record for record in records}


def tried_of(draft: ZoneDraft) -> Zone | CameraScale | None:
    """What is tried before it is saved: heights of people, and a zone that rules may know already."""
    record = draft.made() if draft.shape is Shape.PEOPLE or draft.record is not None else None
    return record if isinstance(record, Zone | CameraScale) else None


def name_of(record: Drawn) -> str:
    """Empty for people's heights: a camera has them once."""
    return "" if isinstance(record, CameraScale) else record.name


def titled(shape: Shape, record: Drawn) -> str:
    """How a sentence names it."""
    name = name_of(record)
    return f"{name} ({_(SHAPE_TEXTS[shape])})" if name else _(SHAPE_TEXTS[shape])
