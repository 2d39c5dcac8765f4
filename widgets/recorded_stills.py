"""The snapshot key in playback: the recorded frame that is shown, at full size, as an exhibit of the incident in the
panel or as a signed still of its own. Asked for in the panel, made by the export's desk. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.export_orders import ExportOrder, ExportResult
from app.feeds import Desk
from app.i18n import _
from app.playback_feeds import is_film
from storage.records import Incident
from widgets.bridge import Bridge
from widgets.choice import Option, Question, lettered
from widgets.playback_view import PlaybackView
from widgets.words import Names, clock_text

_AFTER_S = 0.001
"""The frame that stood at this time is taken: a rounded time must not lie before its own frame."""


class RecordedStills(QObject):
    """Of one playback. `ask` asks in the panel, `incident` is the one that it shows."""

    said = Signal(str)

    def __init__(
        self,
        desk: Desk,
        bridge: Bridge,
        view: PlaybackView,
        ask: Callable[[Question], None],
        incident: Callable[[], Incident | None],
    ) -> None:
        super().__init__(view)
        self._desk, self._bridge, self._view = desk, bridge, view
        self._ask, self._incident = ask, incident

    def take(self) -> None:
        """Of the focused camera; the time is that of the key, not that of the answer."""
        tile, moment = self._view.wall.focused_tile, self._view.wall.moment()
        if self._desk.offices.exports is None:
            self.said.emit(_("This is not available here."))
            return
        if tile is not None and is_film(tile.feed.camera.id):
            self.said.emit(_("This film is an exhibit of the incident already."))
            return
        if tile is None or tile.picture is None or moment is None:
            self.said.emit(_("There is no picture to take."))
            return
        camera_id, utc_s = moment
        note = self._view.session.clock_note(camera_id)
        recorded_utc_s = utc_s + (note.offset_s if note is not None else 0.0) + _AFTER_S
        masked = not self._view.wall.lifts.left_s(camera_id)
        self._ask(self._question(camera_id, recorded_utc_s, masked))

    def _question(self, camera_id: str, utc_s: float, masked: bool) -> Question:
        name, incident = Names(self._desk.registry()).camera(camera_id), self._incident()
        heading = _("Picture of {camera}, {time}").format(camera=name, time=clock_text(utc_s))

        def answered(chosen: object, reason: str) -> None:
            case = chosen if isinstance(chosen, Incident) else None
            self._make(_order(camera_id, utc_s, reason, case, masked=masked), case)

        if incident is None:
            text = _("{picture}: say what for, Enter saves it").format(picture=heading)
            return Question(text, answered, words=_("Case or reason"), must_say=True, text=self._view.why[0])
        which = _("{picture}: into {number}, or a file of its own?")
        options = lettered([(incident, _("Incident"), "I"), (None, _("File"), "F")])
        text = which.format(picture=heading, number=incident.number)
        into, alone = (
            _("{picture} into {number}: Enter saves it"),
            _("{picture} as a file: say what for, Enter saves it"),
        )

        def chosen(option: Option) -> str:
            return (into if option.value else alone).format(picture=heading, number=incident.number)

        words = _("Case or reason")
        return Question(text, answered, options, words=words, text=self._view.why[0], chosen_heading=chosen)

    def _make(self, order: ExportOrder, case: Incident | None) -> None:
        office = self._desk.offices.exports
        if office is None:
            return

        asked_by = self._desk.actor_id()

        def say(text: str) -> None:
            if self._desk.actor_id() == asked_by:  # else somebody else sits here now
                self.said.emit(text)

        def done(result: ExportResult) -> None:
            if case is not None:
                say(_("The picture is an exhibit of {number} now.").format(number=case.number))
            else:
                say(_("Saved: {path}").format(path=result.folder))

        here = self._bridge.on_gui_thread
        office.still(order, here(done), here(say))


def _order(camera_id: str, utc_s: float, reason: str, case: Incident | None, *, masked: bool) -> ExportOrder:
    return ExportOrder(
        camera_ids=(camera_id,),
        from_utc_s=utc_s,
        to_utc_s=utc_s,
        reason=reason,
        incident_id=case.id if case is not None else None,
        view=False,
        still=True,
        masked=masked,
        to_incident=case is not None,
    )
