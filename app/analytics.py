"""Detection as the rest of the program sees it: newest tracks per camera, events, and what is degraded.

Owns the shared slots, the detection service and the background fetch of a model. No frame passes through here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from app.bus import Bus
from app.cameras import CameraHub
from app.feeds import Banner
from app.health_facts import Looking
from app.i18n import _, ngettext
from app.model_words import unnamed_of
from app.slot_places import SlotPlace, SlotPlaces
from app.texts import sentence
from detection.detector import DetectionError, TrackSet
from detection.messages import AnalyticsCamera, CameraState
from detection.models import ModelChoice, ModelFetch
from detection.team import DetectionTeam, devices_of
from detection.worker import DetectionState, DetectionStatus
from storage.class_names import in_our_words
from storage.journal import Registry
from storage.records import Event, RuleSpec
from storage.worker import Supervisor
from video.session import SessionState
from video.shared_slots import SharedSlots

log = logging.getLogger(__name__)

RULE_LOOKS_PER_S = 5.0
OTHER_LOOKS_PER_S = 3.0
LEAST_FAR_GAIN = 1.2
"""Times that the far part has to be larger than in the whole picture."""

SPARE_SLOTS = 64
"""For cameras that are added while it runs; a slot without a picture costs no memory."""


class Analytics:
    """Wires cameras to the detection processes. Callbacks come on the services' threads and return at once.

    `far_view`: identifiers or numbers of cameras whose people are small; these never share the network's input, nor do
    cameras with a far zone. `own_models`: by camera id, for those that are not looked at by the site's model."""

    def __init__(
        self,
        hub: CameraHub,
        supervisor: Supervisor,
        bus: Bus,
        choice: ModelChoice,
        on_event: Callable[[Event], None],
        *,
        slots: int,
        device: str = "CPU",
        processes: int = 1,
        far_view: Collection[str] = (),
        cache: Path | None = None,
        timezone: str = "UTC",
        on_look: Callable[[TrackSet], None] | None = None,
        own_models: Mapping[str, ModelChoice] | None = None,
        refused: DetectionError | None = None,
    ) -> None:
        self.looks = 0
        self._on_look = on_look
        self.track_count = 0
        self._hub, self._supervisor, self._bus, self._choice = hub, supervisor, bus, choice
        self._tracks: dict[str, TrackSet] = {}
        self._known: dict[str, int] = {}
        self._latency_s: dict[str, float] = {}
        self._slots = SharedSlots.create(slots + SPARE_SLOTS)
        self._places = SlotPlaces(hub, self._slots)
        self._configuration: list[AnalyticsCamera] = []
        self._timezone = timezone
        self._far_view = frozenset(far_view)
        self._own = {c: replace(own, classes=choice.classes) for c, own in (own_models or {}).items()}
        self._refused_own = refused
        self._overloaded = False
        self._less = False
        self._fetch: ModelFetch | None = None
        self._reason: DetectionError | None = None
        self._running = False
        self._refused: set[str] = set()
        self._started = False
        self._unseen = 0
        self._lock = threading.Lock()
        self.service = DetectionTeam(
            self._slots,
            choice,
            on_tracks=self._on_tracks,
            on_event=on_event,
            on_status=self._on_status,
            devices=devices_of(device, processes),
            cache=cache,
            others=_by_key(self._own),
        )

    @property
    def needs_model(self) -> bool:
        """Whether only the built-in detector is there."""
        return self._choice.path is None

    def start(self, registry: Registry) -> None:
        """Attach every camera and start the process."""
        self._say_unseen(self._places.take_in(registry))
        self._started = True
        self._configuration = self._wishes(registry)
        self.service.configure(self._configuration)
        for worker in self.service.workers:
            self._supervisor.add(worker)
        self._say_what_is_missing()

    def _say_unseen(self, count: int) -> None:
        """How many cameras have no place; once for each change."""
        if count == self._unseen:
            return
        self._unseen = count
        text = ngettext(
            "Detection has no room for {count} camera before the next start.",
            "Detection has no room for {count} cameras before the next start.",
            count,
        )
        log.warning("%d cameras are not looked at: all %d places are taken", count, self._slots.count)
        self._bus.publish(Banner("places", text.format(count=count) if count else ""))

    def renew(self, registry: Registry) -> None:
        """Cameras, rules, zones and scales as they are now."""
        if not self._started:
            return
        for camera_id in self._places.let_go(registry):
            self._forgive(camera_id)
            for facts in (self._tracks, self._known, self._latency_s):
                facts.pop(camera_id, None)
        self._say_unseen(self._places.take_in(registry))
        old, new = self._configuration, self._wishes(registry)
        if new == old:
            return
        self._configuration = new
        known, wanted = ({one.camera_id: one for one in every} for every in (old, new))
        for camera_id, after in wanted.items():
            before = known.get(camera_id)
            if before is None or before == after:
                continue
            if bool(before.rules) != bool(after.rules):
                self._places.attach_again(camera_id, ruled=bool(after.rules))
            self._forgive(camera_id)
        self.look_less(less=self._less)

    def _forgive(self, camera_id: str) -> None:
        """Its rules were changed: what was wrong with them is no more."""
        if camera_id in self._refused:
            self._refused.discard(camera_id)
            self._bus.publish(Banner(f"rules {camera_id}", ""))

    def _wishes(self, registry: Registry) -> list[AnalyticsCamera]:
        found = _configuration(self._places.all(), registry, self._timezone, self._far_view)
        words = dict(self._choice.classes)
        return [self._with_model(replace(c, rules=in_our_words(c.rules, words))) for c in found]

    def _with_model(self, camera: AnalyticsCamera) -> AnalyticsCamera:
        own = self._own.get(camera.camera_id)
        return replace(camera, model=_key(own) if own is not None else "")

    @property
    def choice(self) -> ModelChoice:
        """The model that was asked for last."""
        return self._choice

    def fetch_model(self, models: Path) -> None:
        """Get the official weights in the background; the built-in detector works meanwhile."""
        self._fetch = ModelFetch(models, on_progress=self._on_fetch, on_done=self._on_fetched)
        self._supervisor.add(self._fetch)

    def look_less(self, *, less: bool) -> None:
        """No more looks a second than rules need, or as many as usual again. Any thread."""
        self._less = less
        most = OTHER_LOOKS_PER_S if less else RULE_LOOKS_PER_S
        self.service.configure([replace(c, looks_per_s=min(c.looks_per_s, most)) for c in self._configuration])

    def tracks(self, camera_id: str) -> TrackSet | None:
        """Newest tracks; a plain dictionary read, safe on any thread."""
        return self._tracks.get(camera_id)

    def looking(self, camera_id: str) -> Looking:
        """How often and how late one camera is looked at, and why as often as it is; any thread. Late by the mean of
        the last seconds, until there is one by the newest look."""
        status = self.service.status
        looks = status.looks.get(camera_id, 0)
        pace = status.pace.cameras.get(camera_id) if status.pace is not None else None
        if pace is None:
            return Looking(looks, self._latency_s.get(camera_id))
        return Looking(looks, pace.latency_ms / 1000, pace.reason, pace.asked_per_s)

    def notice(self, camera_id: str) -> str:
        """What a tile must say about analytics, empty when all is well."""
        state = self.service.status.waiting.get(camera_id)
        if state is DetectionState.PAUSED:
            return _("Analytics paused")
        if state is DetectionState.STARTING:
            return _("Analytics starting")
        trouble = self.service.status.troubled.get(camera_id)
        return self._trouble(trouble) if trouble is not None else self._far_trouble(camera_id)

    def _far_trouble(self, camera_id: str) -> str:
        """Why a far view is not one: no main stream, or one that has no more pixels than the whole picture."""
        gain = self._places.far_gain(camera_id)
        if gain is None:
            return ""
        session = self._hub.session(camera_id)
        if session is None or session.status().state is not SessionState.LIVE:
            return _("Far view: waits for the main stream")
        return _("Far view: the stream is too small, nothing is gained") if 0.0 < gain < LEAST_FAR_GAIN else ""

    def _trouble(self, trouble: CameraState) -> str:
        """What of one camera does not work: its pipeline, or rules that cannot be used."""
        if trouble.failures:
            text = ngettext(
                "Analytics failed once; it is tried again",
                "Analytics failed {count} times; it is tried again",
                trouble.failures,
            )
            return text.format(count=trouble.failures)
        rules = next((c.rules for c in self._configuration if c.camera_id == trouble.camera_id), ())
        names = ", ".join(rule.name for rule in rules if rule.id in trouble.resting)
        return _("Cannot be used and rests: {names}").format(names=names) if names else ""

    def close(self) -> None:
        """Release the shared memory, after the service has stopped."""
        self._places.close()
        self._slots.close()

    def _on_tracks(self, found: TrackSet) -> None:
        self._tracks[found.camera_id] = found
        if self._on_look is not None:
            self._on_look(found)
        self._latency_s[found.camera_id] = max(time.time() - found.utc_s, 0.0)
        newest = max((track.id for track in found.tracks), default=0)
        known = self._known.get(found.camera_id, 0)
        with self._lock:  # several processes tell at once
            self.looks += 1
            if newest > known:
                self.track_count += sum(track.id > known for track in found.tracks)
                self._known[found.camera_id] = newest

    def _on_status(self, status: DetectionStatus) -> None:
        for camera_id, state in status.waiting.items():
            if state is DetectionState.PAUSED:
                for facts in (self._tracks, self._known, self._latency_s):
                    facts.pop(camera_id, None)
        if status.state is DetectionState.RUNNING and not self._running:
            log.info("detection runs with %s", status.detector)
        self._running = status.state is DetectionState.RUNNING
        if status.reason is not self._reason:
            self._reason = status.reason
            self._tell(status.reason)
        self._say_load(status)
        self._bus.publish(status)

    def _say_load(self, status: DetectionStatus) -> None:
        """Once when fewer looks are made than asked for, once when it is over."""
        pace = status.pace
        if pace is None or pace.overloaded == self._overloaded:
            return
        self._overloaded = pace.overloaded
        text = _("Detection cannot keep up: {held} of {asked} looks a second. Cameras are looked at less often.")
        figures = {"held": round(pace.looks_per_s), "asked": round(pace.asked_per_s)}
        log.warning("detection: %d of %d looks a second", figures["held"], figures["asked"])
        self._bus.publish(Banner("looks", text.format(**figures) if pace.overloaded else ""))

    def _tell(self, reason: DetectionError | None) -> None:
        """Once per reason: a camera's rules that cannot be used, or a detector that is not the one asked for."""
        camera_id = str(reason.details.get("camera", "")) if reason else ""
        if camera_id:
            self._refused.add(camera_id)
        text = ": ".join(filter(None, (str(reason.details.get("name", "")), sentence(reason)))) if reason else ""
        self._bus.publish(Banner(f"rules {camera_id}" if camera_id else "detector", text))

    def _say_what_is_missing(self) -> None:
        refused = self._choice.refused or self._refused_own
        if refused is not None:
            self._bus.publish(Banner("model", sentence(refused)))
        self._say_unnamed()
        if self.needs_model:
            self._bus.publish(
                Banner(
                    "detector",
                    _("No YOLO model yet: the built-in people detector is working, which sees less."),
                    _("Get one with: main.py model fetch, or name one with --model PATH"),
                )
            )

    def _say_unnamed(self) -> None:
        """A model whose words no rule knows looks for nobody."""
        found = (unnamed_of(choice) for choice in (self._choice, *_by_key(self._own).values()))
        self._bus.publish(Banner("words", next(filter(None, found), "")))

    def _on_fetch(self, text: str) -> None:
        self._bus.publish(Banner("fetch", _("Fetching the YOLO model: {step}").format(step=text)))

    def _on_fetched(self, result: ModelChoice | DetectionError) -> None:
        self._bus.publish(Banner("fetch", ""))
        if isinstance(result, DetectionError):
            log.warning("no model: %s", result)
            self._bus.publish(Banner("detector", sentence(result), _("By hand: main.py wall --model PATH")))
            return
        self.use_model(result)

    def use_model(self, choice: ModelChoice) -> None:
        """Another model from now on, with the classes of before; the old one works until the new one is loaded. Any
        thread."""
        self._choice = replace(choice, classes=self._choice.classes)
        self.service.use_model(self._choice)
        self._say_unnamed()
        self._bus.publish(Banner("detector", ""))

    @property
    def own_models(self) -> dict[str, ModelChoice]:
        """By camera id, of those that are not looked at by the site's model."""
        return dict(self._own)

    def use_own_models(self, own: Mapping[str, ModelChoice]) -> None:
        """These cameras are looked at by models of their own from now on, all others by the site's. Any thread."""
        self._own = {c: replace(choice, classes=self._choice.classes) for c, choice in own.items()}
        self.service.use_others(_by_key(self._own))
        self._say_unnamed()
        self._configuration = [self._with_model(camera) for camera in self._configuration]
        self.look_less(less=self._less)


def _key(choice: ModelChoice) -> str:
    return str(choice.path)


def _by_key(own: Mapping[str, ModelChoice]) -> dict[str, ModelChoice]:
    return {_key(choice): choice for choice in own.values()}


def _configuration(
    places: Iterable[SlotPlace], registry: Registry, timezone: str, far_view: Collection[str]
) -> list[AnalyticsCamera]:
    scales = {scale.id: scale for scale in registry.camera_scales}
    rules_of: dict[str, tuple[RuleSpec, ...]] = {}
    for rule in filter(lambda one: one.enabled, registry.rules):
        rules_of[rule.camera_id] = (*rules_of.get(rule.camera_id, ()), rule)
    return [
        AnalyticsCamera(
            camera_id=camera_id,
            slot=place.slot,
            zones=tuple(z for z in registry.zones if z.camera_id == camera_id),
            rules=rules_of.get(camera_id, ()),
            looks_per_s=RULE_LOOKS_PER_S if camera_id in rules_of else OTHER_LOOKS_PER_S,
            scale=scales.get(camera_id),
            timezone=timezone,
            far_view=place.far_part is not None or not {camera_id, str(place.camera.number)}.isdisjoint(far_view),
            far_slot=place.far_slot,
            far_part=place.far_part,
        )
        for place in places
        for camera_id in (place.camera.id,)
    ]
