"""What a start means: the site's own home, a demo in a temporary home, or a trial wall over some URLs."""

from __future__ import annotations

import atexit
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from app.archive import Archive, opened
from app.credentials import split_login, with_login
from app.errors import AppCode, AppError
from app.runtime import RuntimePlan
from detection.model_files import check_model
from storage.folders import Folders
from storage.records import Camera, new_id
from storage.settings import RecordingSettings, Settings, load
from video.source import scheme_of

Progress = Callable[[int, int], None]


def site_plan(model: Path | None) -> RuntimePlan:
    """The operator's own home: settings, journal, registry."""
    folders = Folders.find().ensure()
    settings = load(folders.settings)
    return RuntimePlan(folders.with_data(settings.paths.data).ensure(), settings, model=model)


def archive_of_site() -> AbstractContextManager[Archive]:
    """The site's memory for the length of one command; nothing is started."""
    plan = site_plan(None)
    return opened(plan.folders, plan.settings)


@contextmanager
def demo_plan(model: Path | None, progress: Progress) -> Iterator[RuntimePlan]:
    """Embedded demo cameras and a journal in a temporary home; clips are kept in the user's cache."""
    from app.demo import DemoSite  # what draws the clips is not imported at every start

    _refuse_bad(model)
    user = Folders.find()
    site = DemoSite.prepare(user.demo, progress)
    with _temporary_home(user) as folders:
        yield RuntimePlan(
            folders,
            Settings(),
            tuple(site.records()),
            model=model,
            workers=site.workers(),
            alerts=False,
            hint_password=False,
            lasting=False,
        )


@contextmanager
def trial_plan(urls: Sequence[str], model: Path | None) -> Iterator[RuntimePlan]:
    """A wall over `urls`; nothing stored before, nothing kept after. Credentials stay in memory."""
    if not urls:
        raise AppError(AppCode.NO_CAMERAS)
    _refuse_bad(model)
    cameras = [_camera(number, url) for number, url in enumerate(urls, start=1)]
    secret = {camera.id: with_login(*split_login(url)) for camera, url in zip(cameras, urls, strict=True)}
    with _temporary_home(Folders.find()) as folders:
        settings = Settings(recording=RecordingSettings(enabled=False))
        yield RuntimePlan(
            folders, settings, cameras, secret, model=model, alerts=False, hint_password=False, lasting=False
        )


def _refuse_bad(model: Path | None) -> None:
    """Who names a model wants that one: said before anything is made. Raises DetectionError."""
    if model is not None:
        check_model(model)


def _camera(number: int, url: str) -> Camera:
    clean, _login = split_login(url)
    name = Path(url).stem if not scheme_of(url) else clean.partition("://")[2]
    return Camera(id=new_id(), number=number, name=name[:60], main_url=clean)


@contextmanager
def _temporary_home(user: Folders) -> Iterator[Folders]:
    """A home of its own for this run, but for models and cache, which are the user's.

    A signal unwinds between any two instructions: between the making of a folder and the note that it was made (so its
    name is known before), and while it is cleared away (so that is done once more when the interpreter ends)."""
    root = Path(tempfile.gettempdir()) / f"watchfloor-{secrets.token_hex(8)}"
    clear = partial(shutil.rmtree, root, ignore_errors=True)
    atexit.register(clear)
    try:
        root.mkdir(mode=0o700)
        yield replace(Folders.under(root), cache=user.cache).ensure()
    finally:
        clear()
