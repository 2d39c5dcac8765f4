"""What the models page asks: which there are, measure them, take one in, make an int8 one, choose the site's.

Every call returns at once; the work is done on a task thread, in processes of their own. Choosing, importing and
removing need the right to configure; the wall goes on meanwhile, and the old model looks until the new one is loaded.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from app.archive import Archive
from app.camera_models import give_model, noted_models, numbers_of
from app.i18n import _
from app.model_quantizing import quantize, wish_of
from app.model_rows import ModelRow, choose, compared_words, model_rows, step_words
from app.tasks import Tasks
from app.texts import sentence
from detection.detector import DetectionCode, DetectionError
from detection.model_bench import bench_model
from detection.model_import import import_model
from detection.models import ModelChoice, remove_model
from storage.access import Permission, may
from storage.class_names import class_map
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.records import Actor
from storage.settings import load

log = logging.getLogger(__name__)

Told = Callable[[str], None]
Listed = Callable[[tuple[ModelRow, ...]], None]
Answer = Callable[[], None]


class ModelDesk(Protocol):
    """Every call returns at once; answers come on a task thread. One long work at a time."""

    def read(self, done: Listed, failed: Told) -> None:
        """The models as they are."""

    def choose(self, name: str, done: Told, failed: Told) -> None:
        """Use it from now on; `done` gets its name."""

    def give(self, name: str, cameras: str, done: Told, failed: Told) -> None:
        """Use it from now on for exactly the cameras of these numbers; `done` gets its name."""

    def bench(self, names: Sequence[str], step: Told, done: Listed, failed: Told) -> None:
        """Measure these, one after the other; `step` gets the name of each as it begins."""

    def take(self, source: str, step: Told, done: Told, failed: Told) -> None:
        """Import a file; `done` gets the model's name."""

    def quantize(self, name: str, pictures: str, reason: str, step: Told, done: Told, failed: Told) -> None:
        """Make an int8 model of it with these pictures (`model_quantizing.wish_of`); `done` gets how they compare."""

    def remove(self, name: str, done: Told, failed: Told) -> None:
        """Delete it; `done` gets its name."""

    def cancel(self) -> None:
        """End what is being measured, imported or made."""


class _Cancelled(threading.Event):
    """Set by who asks, and by the end of the program."""

    def __init__(self, tasks: Tasks) -> None:
        super().__init__()
        self._tasks = tasks

    def is_set(self) -> bool:
        """Whether long work had better end."""
        return super().is_set() or self._tasks.ending


class SiteModelDesk:
    """The desk of one running site. `in_use` and `use` are of the running detection, `use_own` is for cameras that have
    a model of their own."""

    def __init__(
        self,
        archive: Archive,
        tasks: Tasks,
        actor: Callable[[], Actor],
        *,
        in_use: Callable[[], ModelChoice],
        use: Callable[[ModelChoice], None],
        use_own: Callable[[dict[str, ModelChoice]], None] = lambda _own: None,
    ) -> None:
        self._archive, self._tasks, self._actor = archive, tasks, actor
        self._in_use, self._use, self._use_own = in_use, use, use_own
        self._models = archive.folders.models
        self._cancelled = _Cancelled(tasks)
        self._long = threading.Lock()

    def read(self, done: Listed, failed: Told) -> None:
        """See `ModelDesk`."""
        self._run(lambda: done(self._rows()), failed)

    def choose(self, name: str, done: Told, failed: Told) -> None:
        """See `ModelDesk`."""
        self._act(partial(self._choose, name, done), failed)

    def give(self, name: str, cameras: str, done: Told, failed: Told) -> None:
        """See `ModelDesk`."""
        self._act(partial(self._give, name, cameras, done), failed)

    def bench(self, names: Sequence[str], step: Told, done: Listed, failed: Told) -> None:
        """See `ModelDesk`."""
        self._run_long(partial(self._bench, tuple(names), step, done), failed)

    def take(self, source: str, step: Told, done: Told, failed: Told) -> None:
        """See `ModelDesk`."""
        if self._permitted(failed) is not None:
            self._run_long(partial(self._take, Path(source).expanduser(), step, done), failed)

    def quantize(self, name: str, pictures: str, reason: str, step: Told, done: Told, failed: Told) -> None:
        """See `ModelDesk`."""
        actor = self._permitted(failed)
        if actor is not None:
            self._run_long(partial(self._quantize, name, (pictures, reason), actor, step, done), failed)

    def remove(self, name: str, done: Told, failed: Told) -> None:
        """See `ModelDesk`."""
        self._act(partial(self._remove, name, done), failed)

    def cancel(self) -> None:
        """See `ModelDesk`."""
        self._cancelled.set()

    def _rows(self) -> tuple[ModelRow, ...]:
        detection = load(self._archive.folders.settings).detection
        own = noted_models(detection.camera_models)
        return model_rows(self._models, self._in_use().path, own, class_map(detection.classes))

    def _choose(self, name: str, done: Told, actor: Actor) -> None:
        choice = choose(self._archive, name, actor)
        self._use(choice)
        log.info("%s chose the model %s", actor.id, name)
        done(name)

    def _give(self, name: str, cameras: str, done: Told, actor: Actor) -> None:
        self._use_own(give_model(self._archive, name, numbers_of(cameras), actor))
        log.info("%s gave the model %s to cameras: %s", actor.id, name, cameras or "-")
        done(name)

    def _remove(self, name: str, done: Told, actor: Actor) -> None:
        if any(row.cameras for row in self._rows() if row.name == name):
            raise DetectionError(DetectionCode.MODEL_IN_USE, path=name)
        remove_model(self._models, name, self._in_use().path)
        log.info("%s removed the model %s", actor.id, name)
        done(name)

    def _bench(self, names: tuple[str, ...], step: Told, done: Listed) -> Answer:
        device = self._archive.settings.detection.device
        for row in self._rows():
            if row.name in names and not row.problem:
                step(row.name)
                bench_model(row.path, self._models, device=device, cancel=self._cancelled)
        return partial(done, self._rows())

    def _take(self, source: Path, step: Told, done: Told) -> Answer:
        tell = partial(_tell_step, step)
        return partial(done, import_model(source, self._models, tell, cancel=self._cancelled).name)

    def _quantize(self, name: str, asked: tuple[str, str], actor: Actor, step: Told, done: Told) -> Answer:
        tell = partial(_tell_step, step)
        rows = quantize(self._archive, name, wish_of(*asked), actor, tell, cancel=self._cancelled)
        log.info("%s made the model %s", actor.id, rows[1].name)
        return partial(done, " ".join(compared_words(*rows)))

    def _act(self, work: Callable[[Actor], None], failed: Told) -> None:
        actor = self._permitted(failed)
        if actor is not None:
            self._run(partial(work, actor), failed)

    def _permitted(self, failed: Told) -> Actor | None:
        """Who sits here now, if they may configure; where nobody may act, that is the answer."""
        try:
            actor = self._actor()
            role = next((o.role for o in self._archive.registry.operators if o.id == actor.id), None)
            if not may(role, Permission.CONFIGURE):
                raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id)
        except WatchfloorError as error:
            failed(sentence(error))
            return None
        return actor

    def _run_long(self, work: Callable[[], Answer], failed: Told) -> None:
        """One at a time: two measurements at once would measure each other. At the answer the place is free again."""
        if not self._long.acquire(blocking=False):
            failed(_("Something is being measured, imported or made already."))
            return
        self._cancelled.clear()

        def worked() -> None:
            try:
                answer = work()
            finally:
                self._long.release()
            answer()

        if not self._run(worked, failed):
            self._long.release()

    def _run(self, work: Callable[[], None], failed: Told) -> bool:
        if self._tasks.submit(work, failed=lambda error: failed(_said(error)), long=True):
            return True
        failed(_("Too much is waiting; nothing was done. Try again in a moment."))
        return False


def _tell_step(step: Told, word: str) -> None:
    step(step_words(word))


def _said(error: Exception) -> str:
    if isinstance(error, WatchfloorError):
        return sentence(error)
    if isinstance(error, OSError):
        return _("The file cannot be read: {reason}.").format(reason=error.strerror or type(error).__name__)
    log.error("a model could not be worked on: %s", type(error).__name__, exc_info=error)
    return _("This did not work: a fault in the program, noted in the log.")
