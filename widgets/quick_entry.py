"""The quick entry: one key on a tile, a letter for the category, words if there is time, Enter. Beside the wall.

Camera, place, the frame's time and the operator are filled in; arrow up and down change the severity. GUI thread only.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.feeds import Desk
from app.i18n import _
from app.labels import label_of
from storage.case_commands import OpenIncident
from storage.records import Category, Severity
from widgets.choice import Choice, Option, Question, lettered
from widgets.words import Names, clock_text


class QuickEntry(QObject):
    """Asks by `choice`."""

    entered = Signal(str)
    """An incident is on its way to the journal: its id."""

    def __init__(self, desk: Desk, choice: Choice, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._choice = desk, choice
        self._severity = Severity.MEDIUM

    def begin(self, camera_id: str, utc_s: float) -> None:
        """Ask for the category of what is seen on this camera at the frame's time."""
        categories = {c.id: c for c in self._desk.registry().categories}
        camera = Names(self._desk.registry()).camera(camera_id)
        moment = _("{camera}, {time}").format(camera=camera, time=clock_text(utc_s))

        def chosen(option: Option) -> str:
            self._severity = categories[str(option.value)].severity
            return self._heading(categories[str(option.value)], moment)

        def adjust(steps: int) -> str:
            self._severity = Severity(min(max(self._severity + steps, Severity.INFO), Severity.CRITICAL))
            category = categories[str(_chosen_value(self._choice))]
            return self._heading(category, moment)

        def done(category_id: object, words: str) -> None:
            command = OpenIncident(str(category_id), self._severity, utc_s, camera_id, title=words[:200], note=words)
            self._desk.enter_incident(command)
            self.entered.emit(command.new_incident_id)

        self._choice.ask(
            Question(
                _("New incident on {moment}: press the letter of the category, Esc leaves it").format(moment=moment),
                done,
                lettered((c.id, c.name, c.letter) for c in categories.values()),
                _("Words, if there is time; Enter writes it down"),
                chosen_heading=chosen,
                adjust=adjust,
            )
        )

    def _heading(self, category: Category, moment: str) -> str:
        return _("{category} on {moment}  ·  severity {level} {name} (↑ ↓)").format(
            category=category.name, moment=moment, level=int(self._severity), name=label_of(self._severity)
        )


def _chosen_value(choice: Choice) -> object:
    return choice.chosen.value if choice.chosen is not None else None
