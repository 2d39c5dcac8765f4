"""Pages of the panel for what a seat can do besides wall, alarms and incidents; only those that its desk has.

A page is made when it is first asked for: no start waits for a form that few open. GUI thread only.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from app.feeds import Desk
from storage.records import Incident
from widgets.bridge import Bridge
from widgets.choice import Choice
from widgets.login_panel import LoginPanel
from widgets.shift_panel import ShiftPanel

if TYPE_CHECKING:
    from widgets.approval_page import ApprovalPage
    from widgets.journal_view import JournalView


class OfficePages(QObject):
    """Makes the pages of a desk's offices and keeps them fresh while they are seen."""

    said = Signal(str)
    incident_chosen = Signal(str)

    def __init__(self, desk: Desk, bridge: Bridge, choice: Choice, pages: QStackedWidget) -> None:
        super().__init__(pages)
        self._desk, self._bridge, self._choice, self._pages = desk, bridge, choice, pages
        self._made: dict[str, QWidget] = {}
        self._renew: dict[str, Callable[[], None]] = {}
        self._view: JournalView | None = None
        self._registry = desk.registry()
        offices = desk.offices
        self._makers: dict[str, Callable[[], QWidget]] = {}
        if offices.people is not None:
            self._makers |= {"login": self._login, "shift": self._shift}
        if offices.pages is not None:
            self._makers["journal"] = self._journal
        if offices.releases is not None:
            self._makers["disclosures"] = self._disclosures
        if offices.approvals is not None:
            self._makers["approvals"] = self._approvals
        if offices.imports is not None:
            self._makers["import"] = self._import

    def page(self, name: str) -> QWidget | None:
        """The page, made now when it is asked for the first time; None when the desk has no such office."""
        if name not in self._made and name in self._makers:
            page = self._makers[name]()
            page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
            self._pages.addWidget(page)
            self._made[name] = page
        if name in self._made:
            self._renew.get(name, _nothing)()
        return self._made.get(name)

    def show_incident(self, incident: Incident | None) -> None:
        """The incident that the panel shows is what a package is about."""
        page = self._made.get("approvals")
        if page is not None:
            cast("ApprovalPage", page).show_incident(incident)

    def begin_package(self, incident: Incident) -> QWidget | None:
        """The page with the package's form open."""
        page = self.page("approvals")
        if page is not None:
            cast("ApprovalPage", page).show_incident(incident)
            cast("ApprovalPage", page).begin_package()
        return page

    def close(self) -> None:
        """The window goes: the journal view asks for nothing any more."""
        if self._view is not None:
            self._view.close_down()

    def made(self, name: str) -> QWidget | None:
        """The page when it was asked for before."""
        return self._made.get(name)

    def renew(self) -> None:
        """Facts have changed: the page that is seen reads again."""
        for name, page in self._made.items():
            if self._pages.currentWidget() is page:
                self._renew.get(name, _nothing)()

    def _login(self) -> QWidget:
        people = self._desk.offices.people
        assert people is not None
        return LoginPanel(people, self._bridge, self._pages)

    def _shift(self) -> QWidget:
        people = self._desk.offices.people
        assert people is not None
        self._renew["shift"] = people.refresh
        return ShiftPanel(people, self._bridge, self._pages)

    def _journal(self) -> QWidget:
        pages = self._desk.offices.pages
        assert pages is not None
        from widgets.journal_view import JournalView  # pyqtgraph takes 0.3 s to import: see `prepare`

        self._view = view = JournalView(pages, self._bridge.call_soon, self._desk.offices.zone, self._pages)
        view.incident_opened.connect(self.incident_chosen)  # not when only walked over
        self._renew["journal"] = self._renew_journal
        return view

    def _renew_journal(self) -> None:
        """Only while it is seen: nobody's view shall keep asking the journal."""
        if self._view is None:
            return
        registry = self._desk.registry()
        if registry is not self._registry:
            self._registry = registry
            self._view.use_registry(registry)
        self._view.on_desk_changed(self._desk.state())

    def _disclosures(self) -> QWidget:
        releases = self._desk.offices.releases
        assert releases is not None
        from widgets.disclosure_desk import DisclosureDesk

        desk = DisclosureDesk(releases, self._pages)
        desk.said.connect(self.said)
        self._renew["disclosures"] = desk.refresh
        return desk

    def _approvals(self) -> QWidget:
        approvals = self._desk.offices.approvals
        assert approvals is not None
        from widgets.approval_page import ApprovalPage

        page = ApprovalPage(approvals, self._bridge, self._choice, self._pages)
        page.said.connect(self.said)
        self._renew["approvals"] = page.renew
        return page

    def _import(self) -> QWidget:
        imports = self._desk.offices.imports
        assert imports is not None
        from widgets.import_page import ImportPage

        page = ImportPage(imports, self._bridge.call_soon, self._pages)
        page.said.connect(self.said)
        return page


def prepare() -> None:
    """Import what the first key should not wait for. On the GUI thread before the window is there: pyqtgraph makes Qt
    objects when it is imported, and on another thread that has ended a run with SIGSEGV."""
    importlib.import_module("widgets.journal_view")
    importlib.import_module("widgets.disclosure_desk")
    importlib.import_module("widgets.approval_page")
    importlib.import_module("widgets.import_page")


def _nothing() -> None:
    """A page that keeps itself fresh."""
