"""Pages of the panel for what a seat can do besides wall, alarms and incidents; only those that its desk has.

A page is made when it is first asked for: no start waits for a form that few open. GUI thread only.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from app.approval_desk import ApprovalDesk
from app.feeds import Desk
from app.health_desk import HealthDesk
from app.import_desk import ImportDesk
from app.journal_pages import JournalPages
from app.model_desk import ModelDesk
from app.noise import NoiseDesk
from app.people_desk import PeopleDesk
from app.release_desk import ReleaseDesk
from app.sign_in import SeatChanged
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
    camera_chosen = Signal(str)

    def __init__(self, desk: Desk, bridge: Bridge, choice: Choice, pages: QStackedWidget) -> None:
        super().__init__(pages)
        self._desk, self._bridge, self._choice, self._pages = desk, bridge, choice, pages
        self._made: dict[str, QWidget] = {}
        self._renew: dict[str, Callable[[], None]] = {}
        self._relieve: dict[str, Callable[[], None]] = {}
        self._view: JournalView | None = None
        self._approval_page: ApprovalPage | None = None
        self._seat: SeatChanged | None = None
        self._registry = desk.registry()
        self._makers = self._made_makers()
        bridge.seat_changed.connect(self._on_seat_changed)

    def _made_makers(self) -> dict[str, Callable[[], QWidget]]:
        offices = self._desk.offices
        makers: dict[str, Callable[[], QWidget]] = {"cameras": self._cameras}
        if offices.people is not None:
            makers |= {"login": partial(self._login, offices.people), "shift": partial(self._shift, offices.people)}
        if offices.pages is not None:
            makers["journal"] = partial(self._journal, offices.pages)
        if offices.releases is not None:
            makers["disclosures"] = partial(self._disclosures, offices.releases)
        if offices.approvals is not None:
            makers["approvals"] = partial(self._approvals, offices.approvals)
        if offices.imports is not None:
            makers["import"] = partial(self._import, offices.imports)
        if offices.health is not None:
            makers["health"] = partial(self._health, offices.health)
        if offices.noise is not None:
            makers["noise"] = partial(self._noise, offices.noise)
        if offices.models is not None:
            makers["models"] = partial(self._models, offices.models)
        return makers

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
        if self._approval_page is not None:
            self._approval_page.show_incident(incident)

    def begin_package(self, incident: Incident) -> QWidget | None:
        """The page with the package's form open."""
        page = self.page("approvals")
        if self._approval_page is not None:
            self._approval_page.show_incident(incident)
            self._approval_page.begin_package()
        return page

    def relieve(self) -> None:
        """Somebody else sits here: what the one before found or left half typed goes; the page that is seen reads
        again, by the rights of who sits here now."""
        for relieve in self._relieve.values():
            relieve()
        self.renew()

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

    def _on_seat_changed(self, seat: SeatChanged) -> None:
        self._seat = seat

    def _login(self, people: PeopleDesk) -> QWidget:
        panel = LoginPanel(people, self._bridge, self._pages)
        if self._seat is not None:  # made because of it: the desk's state may not have heard of it yet
            panel.show_seat(self._seat)
        return panel

    def _shift(self, people: PeopleDesk) -> QWidget:
        self._renew["shift"] = people.refresh
        return ShiftPanel(people, self._bridge, self._pages)

    def _journal(self, pages: JournalPages) -> QWidget:
        from widgets.journal_view import JournalView  # pyqtgraph takes 0.3 s to import: see `prepare`

        self._view = view = JournalView(pages, self._bridge.call_soon, self._desk.offices.zone, self._pages)
        view.incident_opened.connect(self.incident_chosen)
        self._renew["journal"] = self._renew_journal
        self._relieve["journal"] = view.relieve
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

    def _disclosures(self, releases: ReleaseDesk) -> QWidget:
        from widgets.disclosure_desk import DisclosureDesk

        desk = DisclosureDesk(releases, self._bridge, self._desk.offices.zone, self._pages)
        desk.said.connect(self.said)
        self._renew["disclosures"] = desk.refresh
        self._relieve["disclosures"] = desk.relieve
        return desk

    def _approvals(self, approvals: ApprovalDesk) -> QWidget:
        from widgets.approval_page import ApprovalPage

        self._approval_page = page = ApprovalPage(approvals, self._bridge, self._choice, self._pages)
        page.said.connect(self.said)
        self._renew["approvals"] = page.renew
        self._relieve["approvals"] = page.relieve
        return page

    def _import(self, imports: ImportDesk) -> QWidget:
        from widgets.import_page import ImportPage

        page = ImportPage(imports, self._bridge.call_soon, self._pages)
        page.said.connect(self.said)
        self._relieve["import"] = page.relieve
        return page

    def _cameras(self) -> QWidget:
        from widgets.camera_list import CameraList

        page = CameraList(self._desk, self._pages)
        page.said.connect(self.said)
        self._renew["cameras"] = page.renew
        self._relieve["cameras"] = page.relieve
        return page

    def _health(self, health: HealthDesk) -> QWidget:
        from widgets.health_page import HealthPage

        page = HealthPage(health, self._bridge.call_soon, self._desk.offices.zone, self._pages)
        page.camera_chosen.connect(self.camera_chosen)
        self._renew["health"] = page.renew
        return page

    def _models(self, models: ModelDesk) -> QWidget:
        from widgets.models_page import ModelsPage

        page = ModelsPage(models, self._bridge.call_soon, self._pages)
        page.said.connect(self.said)
        self._renew["models"] = page.renew
        self._relieve["models"] = page.relieve
        return page

    def _noise(self, noise: NoiseDesk) -> QWidget:
        from widgets.noise_page import NoisePage

        page = NoisePage(noise, self._bridge.call_soon, self._pages)
        page.camera_chosen.connect(self.camera_chosen)
        self._relieve["noise"] = page.relieve
        return page


def prepare() -> None:
    """Import what the first key should not wait for. On the GUI thread before the window is there: pyqtgraph makes Qt
    objects when it is imported, and on another thread that has ended a run with SIGSEGV."""
    importlib.import_module("widgets.journal_view")
    importlib.import_module("widgets.disclosure_desk")
    importlib.import_module("widgets.approval_page")
    importlib.import_module("widgets.import_page")
    importlib.import_module("widgets.health_page")
    importlib.import_module("widgets.camera_list")
    importlib.import_module("widgets.noise_page")
    importlib.import_module("widgets.models_page")


def _nothing() -> None:
    """A page that keeps itself fresh."""
