"""Pages of the panel for what a seat can do besides wall, alarms and incidents; only those that its desk has.

A page is made when it is first asked for: no start waits for a form that few open. GUI thread only.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from app.approval_desk import ApprovalDesk
from app.errors import AppError
from app.export_desk import ExportDesk
from app.export_orders import ExportOrder
from app.feeds import Desk
from app.fetch_desk import FetchDesk
from app.footage_search import FootageSearchDesk
from app.foreign_files import ForeignDesk
from app.health_desk import HealthDesk
from app.import_desk import ImportDesk
from app.journal_pages import JournalPages
from app.model_desk import ModelDesk
from app.noise import NoiseDesk
from app.people_desk import PeopleDesk
from app.release_desk import ReleaseDesk
from app.report_desk import ReportDesk
from app.sign_in import SeatChanged
from storage.records import Incident
from widgets.bridge import Bridge
from widgets.choice import Choice
from widgets.login_panel import LoginPanel
from widgets.shift_panel import ShiftPanel

if TYPE_CHECKING:
    from widgets.approval_page import ApprovalPage
    from widgets.export_page import ExportPage
    from widgets.fetch_page import FetchPage
    from widgets.footage_search_page import FootageSearchPage
    from widgets.foreign_page import ForeignPage
    from widgets.journal_view import JournalView
    from widgets.reports_page import ReportsPage


class OfficePages(QObject):
    """Makes the pages of a desk's offices and keeps them fresh while they are seen."""

    said = Signal(str)
    incident_chosen = Signal(str)
    camera_chosen = Signal(str)
    moment_chosen = Signal(str, float, str)
    """Camera and time of a recorded moment to show, and why it was looked for."""
    incident_filled = Signal()
    """The incident in the panel has more files than before."""
    range_chosen = Signal(tuple, float, float, str)
    """Cameras, from, to, why: for the export."""

    def __init__(self, desk: Desk, bridge: Bridge, choice: Choice, pages: QStackedWidget) -> None:
        super().__init__(pages)
        self._desk, self._bridge, self._choice, self._pages = desk, bridge, choice, pages
        self._made: dict[str, QWidget] = {}
        self._renew: dict[str, Callable[[], None]] = {}
        self._relieve: dict[str, Callable[[], None]] = {}
        self._view: JournalView | None = None
        self._approval_page: ApprovalPage | None = None
        self._export_page: ExportPage | None = None
        self._reports_page: ReportsPage | None = None
        self._foreign_page: ForeignPage | None = None
        self._fetch_page: FetchPage | None = None
        self._search_page: FootageSearchPage | None = None
        self._seat: SeatChanged | None = None
        self._registry = desk.registry()
        self._makers = self._made_makers()
        bridge.seat_changed.connect(self._on_seat_changed)

    def _made_makers(self) -> dict[str, Callable[[], QWidget]]:
        """Those whose office the desk has."""
        offices = self._desk.offices
        known: tuple[tuple[str, object | None, Callable[[Any], QWidget]], ...] = (
            ("login", offices.people, self._login),
            ("shift", offices.people, self._shift),
            ("journal", offices.pages, self._journal),
            ("disclosures", offices.releases, self._disclosures),
            ("reports", offices.reports, self._reports),
            ("approvals", offices.approvals, self._approvals),
            ("import", offices.imports, self._import),
            ("health", offices.health, self._health),
            ("noise", offices.noise, self._noise),
            ("models", offices.models, self._models),
            ("export", offices.exports, self._export),
            ("foreign", offices.foreign, self._foreign),
            ("fetch", offices.fetch, self._fetch),
            ("footage_search", offices.search, self._footage_search),
        )
        found = {name: partial(make, office) for name, office, make in known if office is not None}
        return {"cameras": self._cameras, **found}

    def page(self, name: str) -> QWidget | None:
        """The page, made now when it is asked for the first time; None when the desk has no such office."""
        self._make(name)
        if name in self._made:
            self._renew.get(name, _nothing)()
        return self._made.get(name)

    def has(self, name: str) -> bool:
        """Whether the desk has the office of this page."""
        return name in self._makers

    def prepare(self) -> Iterator[str]:
        """Make the pages ahead, one a step, and dress and lay out each in a step of its own; none asks a desk before it
        is seen."""
        for name in self._makers:
            if name not in self._made:
                self._make(name)
                yield f"page {name}"
                self._made[name].resize(self._pages.size())
                self._made[name].grab()  # as the first look would
                yield f"look of {name}"

    def _make(self, name: str) -> None:
        if name in self._made or name not in self._makers:
            return
        page = self._makers[name]()
        page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._pages.addWidget(page)
        self._made[name] = page

    def show_incident(self, incident: Incident | None) -> None:
        """The incident that the panel shows is what a package is about."""
        if self._approval_page is not None:
            self._approval_page.show_incident(incident)
        if self._export_page is not None:
            self._export_page.show_incident(incident)
        if self._reports_page is not None:
            self._reports_page.show_incident(incident)
        if self._foreign_page is not None:
            self._foreign_page.show_incident(incident)
        if self._fetch_page is not None:
            self._fetch_page.show_incident(incident)
        if self._search_page is not None:
            self._search_page.show_incident(incident)

    def suggest_export(self, camera_id: str | None, utc_s: float | None = None) -> QWidget | None:
        """The export page, with the focused camera and the moment that it shows, where nothing was typed yet."""
        page = self.page("export")
        if self._export_page is not None:
            self._export_page.suggest(camera_id, utc_s)
        return page

    def exported(self) -> ExportOrder | None:
        """What is typed on the export page, while it is seen."""
        page = self._export_page
        if page is None or self._pages.currentWidget() is not page:
            return None
        try:
            return page.form.order
        except AppError:
            return None

    def begin_fetch(
        self, camera_id: str, from_utc_s: float, to_utc_s: float, reason: str = "", *, suggested: bool = False
    ) -> QWidget | None:
        """The page that fetches from a recorder, with a camera's time; one that is `suggested` where none was typed."""
        page = self.page("fetch")
        if self._fetch_page is not None and camera_id:
            self._fetch_page.begin(camera_id, from_utc_s, to_utc_s, reason, suggested=suggested)
        return page

    def suggest_search(self, camera_id: str | None) -> QWidget | None:
        """The page that searches recordings, with the focused camera where nothing is drawn yet."""
        page = self.page("footage_search")
        if self._search_page is not None:
            self._search_page.suggest(camera_id)
        return page

    def begin_export(
        self, camera_ids: Sequence[str], from_utc_s: float, to_utc_s: float, reason: str = "", incident_id: str = ""
    ) -> QWidget | None:
        """The export page with a range that was chosen elsewhere, as on a timeline."""
        page = self.page("export")
        if self._export_page is not None:
            self._export_page.begin(camera_ids, from_utc_s, to_utc_s, reason, incident_id)
        return page

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

        offices = self._desk.offices
        desk = DisclosureDesk(releases, self._bridge, offices.zone, self._pages, offices.subjects)
        desk.said.connect(self.said)
        self._renew["disclosures"] = desk.refresh
        self._relieve["disclosures"] = desk.relieve
        return desk

    def _reports(self, reports: ReportDesk) -> QWidget:
        from widgets.reports_page import ReportsPage

        self._reports_page = page = ReportsPage(reports, self._bridge, self._pages)
        page.said.connect(self.said)
        self._relieve["reports"] = page.relieve
        return page

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

    def _export(self, exports: ExportDesk) -> QWidget:
        from widgets.export_page import ExportPage

        page = ExportPage(exports, self._bridge, self._desk.offices.zone, parent=self._pages)
        page.said.connect(self.said)
        self._export_page = page
        self._renew["export"] = page.renew
        self._relieve["export"] = page.relieve
        return page

    def _fetch(self, fetch: FetchDesk) -> QWidget:
        from widgets.fetch_page import FetchPage

        self._fetch_page = page = FetchPage(fetch, self._bridge, self._desk.offices.zone, parent=self._pages)
        page.said.connect(self.said)
        page.attached.connect(self.incident_filled)
        self._relieve["fetch"] = page.relieve
        return page

    def _foreign(self, foreign: ForeignDesk) -> QWidget:
        from widgets.foreign_page import ForeignPage

        self._foreign_page = page = ForeignPage(foreign, self._bridge, self._desk.offices.zone, parent=self._pages)
        page.said.connect(self.said)
        page.taken.connect(self.incident_filled)
        self._relieve["foreign"] = page.relieve
        return page

    def _footage_search(self, search: FootageSearchDesk) -> QWidget:
        from widgets.footage_search_page import FootageSearchPage

        self._search_page = page = FootageSearchPage(self._desk, search, self._desk.offices.zone, self._pages)
        page.said.connect(self.said)
        page.moment_chosen.connect(self.moment_chosen)
        page.range_chosen.connect(self.range_chosen)
        self._renew["footage_search"] = page.renew
        self._relieve["footage_search"] = page.relieve
        return page

    def _noise(self, noise: NoiseDesk) -> QWidget:
        from widgets.noise_page import NoisePage
        from widgets.trial_line import TrialLine

        trials, desk = self._desk.offices.trials, self._desk
        trial = TrialLine(trials, self._bridge) if trials is not None else None
        page = NoisePage(noise, self._bridge.call_soon, self._pages, trial=trial, rules=lambda: desk.registry().rules)
        page.camera_chosen.connect(self.camera_chosen)
        page.said.connect(self.said)
        self._relieve["noise"] = page.relieve
        return page


def prepare() -> None:
    """Import what the first key should not wait for. On the GUI thread before the window is there: pyqtgraph makes Qt
    objects when it is imported, and on another thread that has ended a run with SIGSEGV."""
    importlib.import_module("widgets.journal_view")
    importlib.import_module("widgets.disclosure_desk")
    importlib.import_module("widgets.reports_page")
    importlib.import_module("widgets.approval_page")
    importlib.import_module("widgets.import_page")
    importlib.import_module("widgets.health_page")
    importlib.import_module("widgets.camera_list")
    importlib.import_module("widgets.noise_page")
    importlib.import_module("widgets.models_page")
    importlib.import_module("widgets.playback_view")
    importlib.import_module("widgets.recorded_stills")
    importlib.import_module("widgets.export_page")
    importlib.import_module("widgets.foreign_page")
    importlib.import_module("widgets.fetch_page")
    importlib.import_module("widgets.footage_search_page")


def _nothing() -> None:
    """A page that keeps itself fresh."""
