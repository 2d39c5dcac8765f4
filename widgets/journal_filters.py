"""The journal view's filter: words, a time, and one list per column; gives an `IncidentQuery`. GUI thread only.

The lists are filled when they are first opened: a city has thousands of cameras.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QSignalBlocker, QSize, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QResizeEvent
from PySide6.QtWidgets import QCompleter, QGridLayout, QLayout, QLineEdit, QPushButton, QWidget

from app.i18n import _, marked
from app.labels import label_of
from storage.journal import Registry
from storage.records import IncidentState, Severity
from storage.search import LONGEST_TEXT, IncidentQuery
from widgets.claimed_keys import LetterBox

Choices = list[tuple[object, str]]

_TYPING_MS = 250
_DAY_S = 86400.0
_PERIODS = (
    (None, marked("Any time")),
    (1, marked("Last 24 hours")),
    (7, marked("Last 7 days")),
    (30, marked("Last 30 days")),
    (90, marked("Last 90 days")),
)
_CHOSEN = "chosen"
_GROUPS = {
    "crime": marked("All crimes"),
    "administrative": marked("All administrative offences"),
    "other": marked("All other matters"),
}
_OPEN = "open"
_BOX_PX = 170
_MOST_IN_A_ROW = 7


class FilterBox(LetterBox):
    """One list. Its first entry says what the column is and lets everything pass; typing in it finds an entry."""

    value_chosen = Signal()

    def __init__(self, anything: str, choices: Callable[[], Choices], parent: QWidget, *, typed: bool = False) -> None:
        super().__init__(parent)
        self._anything, self._choices = anything, choices
        self._values: list[object] = [None]
        self._filled = False
        self.setAccessibleName(anything)
        self.setMinimumContentsLength(6)
        self.setSizeAdjustPolicy(self.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        if typed:
            self._make_typed()
        self.addItem(anything)
        self.activated.connect(lambda _index: self.value_chosen.emit())

    @property
    def value(self) -> object:
        """What was chosen; None lets everything pass."""
        return self._values[max(self.currentIndex(), 0)]

    def show_value(self, value: object) -> None:
        """Show a value without telling; one that is no longer in the list keeps its id as its name."""
        if value is not None:
            self._fill()
            if value not in self._values:
                self._values.append(value)
                self.addItem(str(value))
        self.setCurrentIndex(self._values.index(value) if value is not None else 0)
        if self.isEditable() and not self.hasFocus():
            self.setEditText(self.itemText(self.currentIndex()))  # what was half typed

    def renew(self) -> None:
        """The registry changed: read it anew when next opened, keep what is chosen."""
        value = self.value
        self._filled = False
        self.show_value(value)

    def showPopup(self) -> None:
        """Fill the list first."""
        self._fill()
        super().showPopup()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Keys choose without opening: fill the list first."""
        self._fill()
        super().focusInEvent(event)

    def _make_typed(self) -> None:
        self.setEditable(True)
        self.setInsertPolicy(self.InsertPolicy.NoInsert)
        completer = QCompleter(self.model(), self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.setCompleter(completer)
        edit = self.lineEdit()
        if edit is not None:
            edit.editingFinished.connect(self._on_typed)

    def _fill(self) -> None:
        if self._filled:
            return
        self._filled = True
        chosen = self.value
        found = self._choices()
        with QSignalBlocker(self):
            self._values = [None, *(value for value, _text in found)]
            model = QStringListModel([self._anything, *(text for _value, text in found)], self)
            self.setModel(model)
            completer = self.completer()
            if completer is not None:
                completer.setModel(model)
            if chosen is not None and chosen not in self._values:
                self._values.append(chosen)
                self.addItem(str(chosen))
            self.setCurrentIndex(self._values.index(chosen) if chosen is not None else 0)

    def _on_typed(self) -> None:
        """Words that are no entry are taken back; nothing at all lets everything pass."""
        typed = self.currentText().strip()
        index = self.findText(typed, Qt.MatchFlag.MatchFixedString) if typed else 0
        if index < 0:
            self.setEditText(self.itemText(self.currentIndex()))
        elif index != self.currentIndex() or not typed:
            self.setCurrentIndex(index)
            self.value_chosen.emit()


class JournalFilters(QWidget):
    """`changed` carries the whole query, a quarter of a second after the last letter or at once for a choice."""

    changed = Signal(object)
    left = Signal()

    def __init__(self, registry: Registry, zone: ZoneInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._registry, self._zone = registry, zone
        self._query = IncidentQuery()
        self._chosen: tuple[float | None, float | None] = (None, None)
        self.words = QLineEdit(self)
        self.words.setPlaceholderText(_('Search (/): words, "a phrase", begin*'))
        self.words.setMaxLength(LONGEST_TEXT)
        self.words.setClearButtonEnabled(True)
        self.words.setAccessibleName(_("Words to search for"))
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._tell)
        self.words.textEdited.connect(lambda _text: self._typing.start())
        self.words.returnPressed.connect(self._on_return)
        self.boxes = self._made_boxes()
        for box in self.boxes.values():
            box.value_chosen.connect(self._tell)
        self.clear_button = QPushButton(_("Clear"), self)
        self.clear_button.clicked.connect(self.clear)
        self._in_a_row = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._lay_out(_MOST_IN_A_ROW)

    @property
    def query(self) -> IncidentQuery:
        """What is asked for now."""
        return self._query

    def show_query(self, query: IncidentQuery) -> None:
        """A saved search, or a time chosen elsewhere; told as a change."""
        self._typing.stop()
        self.words.setText(query.text)
        self._chosen = (query.from_utc_s, query.to_utc_s)
        self.boxes["period"].renew()
        self.boxes["period"].show_value(None if self._chosen == (None, None) else _CHOSEN)
        kind: object = f"group:{query.group}" if query.group else None
        self.boxes["category"].show_value(query.category_ids[0] if query.category_ids else kind)
        state: object = query.states[0] if query.states else None
        self.boxes["state"].show_value(_OPEN if query.open_only else state)
        self.boxes["severity"].show_value(query.min_severity)
        for name in ("place", "district", "camera", "operator", "service"):
            self.boxes[name].show_value(getattr(query, f"{name}_id"))
        self.boxes["outcome"].show_value(query.outcome)
        self._use(query)

    def choose_time(self, from_utc_s: float | None, to_utc_s: float | None) -> None:
        """Only these hours; None: without an end."""
        self.show_query(replace(self._query, from_utc_s=from_utc_s, to_utc_s=to_utc_s))

    def clear(self) -> None:
        """Let everything pass."""
        self.show_query(IncidentQuery())

    def use_registry(self, registry: Registry) -> None:
        """Names changed."""
        self._registry = registry
        for box in self.boxes.values():
            box.renew()

    def enter(self) -> None:
        """Type words."""
        self.words.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.words.selectAll()

    def _made_boxes(self) -> dict[str, FilterBox]:
        def named(kind: str) -> Callable[[], Choices]:
            return lambda: [(r.id, r.name) for r in sorted(getattr(self._registry, kind), key=lambda r: r.name)]

        return {
            "period": FilterBox(_("Any time"), self._periods, self),
            "category": FilterBox(_("Any category"), self._categories, self),
            "severity": FilterBox(_("Any severity"), self._severities, self),
            "state": FilterBox(_("Any state"), self._states, self),
            "place": FilterBox(_("Any place"), named("places"), self, typed=True),
            "district": FilterBox(_("Any district"), named("districts"), self),
            "camera": FilterBox(_("Any camera"), self._cameras, self, typed=True),
            "operator": FilterBox(_("Any owner"), named("operators"), self),
            "outcome": FilterBox(_("Any outcome"), named("outcomes"), self),
            "service": FilterBox(_("Any service"), named("services"), self),
        }

    def minimumSizeHint(self) -> QSize:
        """Two lists beside each other: a wide view may be made narrow."""
        return QSize(2 * _BOX_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many lists in a row as have room: a page of the panel is narrow, a window of its own is not."""
        super().resizeEvent(event)
        self._lay_out(max(2, min(self.width() // _BOX_PX, _MOST_IN_A_ROW)))

    def _lay_out(self, in_a_row: int) -> None:
        if in_a_row == self._in_a_row:
            return
        self._in_a_row = in_a_row
        rest: list[QWidget] = [*self.boxes.values(), self.clear_button]
        span = max(in_a_row - 4, 2)
        self._grid.addWidget(self.words, 0, 0, 1, span)
        for place, widget in enumerate(rest, start=span):
            self._grid.addWidget(widget, place // in_a_row, place % in_a_row)
        for column in range(_MOST_IN_A_ROW):
            self._grid.setColumnStretch(column, int(column < in_a_row))

    def _periods(self) -> Choices:
        found: Choices = [(days, _(text)) for days, text in _PERIODS[1:]]
        if self._chosen != (None, None):
            found.append((_CHOSEN, self._chosen_text()))
        return found

    def _chosen_text(self) -> str:
        ends = [
            "…" if t is None else datetime.fromtimestamp(t, self._zone).strftime("%Y-%m-%d %H:%M") for t in self._chosen
        ]
        return " – ".join(ends)

    def _categories(self) -> Choices:
        groups: Choices = [(f"group:{group}", _(text)) for group, text in _GROUPS.items()]
        return [*groups, *((c.id, c.name) for c in sorted(self._registry.categories, key=lambda c: c.name))]

    def _severities(self) -> Choices:
        text = _("{severity} and above")
        return [(s, text.format(severity=label_of(s))) for s in reversed(Severity) if s is not Severity.INFO]

    def _states(self) -> Choices:
        return [(_OPEN, _("All that are open")), *((s, label_of(s)) for s in IncidentState)]

    def _cameras(self) -> Choices:
        return [(c.id, f"{c.number} {c.name}") for c in sorted(self._registry.cameras, key=lambda c: c.number)]

    def _tell(self) -> None:
        self._typing.stop()
        values = {name: box.value for name, box in self.boxes.items()}
        category, state, period = values["category"], values["state"], values["period"]
        group = str(category).removeprefix("group:") if str(category).startswith("group:") else None
        if period != _CHOSEN:
            since = None if period is None else time.time() - float(str(period)) * _DAY_S
            self._chosen = (since, None)
        ids = {f"{n}_id": values[n] for n in ("place", "district", "camera", "operator", "service")}
        severity = values["severity"]
        self._use(
            IncidentQuery(
                text=self.words.text().strip(),
                from_utc_s=self._chosen[0],
                to_utc_s=self._chosen[1],
                category_ids=(str(category),) if category is not None and group is None else (),
                group=group,
                states=(state,) if isinstance(state, IncidentState) else (),
                open_only=state == _OPEN,
                min_severity=severity if isinstance(severity, Severity) else None,
                outcome=None if values["outcome"] is None else str(values["outcome"]),
                **{name: None if value is None else str(value) for name, value in ids.items()},
            )
        )

    def _use(self, query: IncidentQuery) -> None:
        if query != self._query:
            self._query = query
            self.changed.emit(query)

    def _on_return(self) -> None:
        self._tell()
        self.left.emit()
