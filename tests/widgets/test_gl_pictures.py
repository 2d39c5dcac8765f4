"""Painting by OpenGL against Qt's own painter, on whatever OpenGL a virtual screen has here. Where there is none the
same tests hold the check to its refusal: none of them is skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from tests.widgets.gl_drawing import COLOURS, VIEWS, Pixels, flat, made, pixels_of, placed, scene
from video.planes import converted
from widgets import theme
from widgets.gl_check import Reason, Trial, judged
from widgets.gl_choice import asked_apart
from widgets.tile_view import TileView

_ROUNDING = 3
_MEAN, _MOST = 4.5, 40
_TORN = 3.0


@dataclass(frozen=True)
class Drawn:
    """What the process of its own left; `trial` says with which driver."""

    trial: Trial
    pictures: dict[str, Pixels]

    def refused(self) -> bool:
        """Whether there is no OpenGL, which the check says then; nothing was drawn."""
        if self.trial.driver is not None:
            return False
        choice = judged(self.trial)
        assert (choice.gl, choice.reason in (Reason.NO_OPENGL, Reason.CRASHED)) == (False, True)
        assert not self.pictures
        return True


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """Everything is drawn once, on a screen of our own where there is a program for that."""
    out = tmp_path_factory.mktemp("gl") / "drawn.npz"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            patch.delenv(name, raising=False)
        patch.setenv("QT_QPA_PLATFORM", "offscreen")
        server = _screen()
        if server is not None:
            patch.setenv("DISPLAY", server[1])
            patch.setenv("QT_QPA_PLATFORM", "xcb")
        try:
            command = [sys.executable, "-m", "tests.widgets.gl_drawing", str(out)]
            trial = asked_apart("", lambda: False, command, deadline_s=240.0)
        finally:
            if server is not None:
                server[0].terminate()
                server[0].wait()
    assert trial is not None
    pictures = dict(np.load(out)) if out.exists() else {}
    if trial.driver is not None:
        assert not trial.detail, trial.detail
    return Drawn(trial, pictures)


def _screen() -> tuple[subprocess.Popen[bytes], str] | None:
    """A virtual screen and its name."""
    program = shutil.which("Xvfb")
    if program is None:
        return None
    told, tell = os.pipe()
    command = [program, "-displayfd", str(tell), "-screen", "0", "800x600x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(tell,), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    os.close(tell)
    with os.fdopen(told, encoding="ascii") as answer:
        number = answer.readline().strip()
    if number:
        return server, f":{number}"
    server.wait()
    return None


def _raster(name: str) -> Pixels:
    view, size = VIEWS[name]
    return _painted(view, size, smooth=True)


def _painted(view: TileView, size: tuple[int, int], *, smooth: bool) -> Pixels:
    area, unit = placed(view, size)
    whole = unit.mapRect(QRectF(0, 0, 1, 1))
    box = (round(whole.width()), round(whole.height()))
    given = made(scene(), box[::-1] if view.quarters % 2 else box, "bgra")
    image = QImage(area.size(), QImage.Format.Format_RGB32)
    image.fill(QColor(theme.WALL))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.setTransform(unit)
    shown = QImage(given.pixels, given.width, given.height, given.stride, QImage.Format.Format_RGB32)
    painter.drawImage(QRectF(0, 0, 1, 1), shown, QRectF(shown.rect()))
    painter.end()
    return pixels_of(image)


def _apart(one: Pixels, other: Pixels) -> Pixels:
    apart: Pixels = np.abs(one.astype(np.int16) - other).astype(np.uint8)
    return apart


def test_both_ways_are_timed_and_the_processor_never_passes_for_a_card(drawn: Drawn) -> None:
    if drawn.refused():
        return
    assert drawn.trial.timed
    assert judged(drawn.trial).reason is Reason.SOFTWARE, "a virtual screen has no graphics card"


@pytest.mark.parametrize("kind", COLOURS)
def test_the_colours_are_those_of_the_raster_wall(drawn: Drawn, kind: str) -> None:
    if drawn.refused():
        return
    given = made(flat(*COLOURS[kind]), (72, 48), "bgra")
    right = np.frombuffer(given.pixels, np.uint8).reshape(48, -1, 4)[:, :72, :3]
    assert _apart(drawn.pictures[kind], right).max() <= _ROUNDING


def test_no_two_matrices_or_ranges_would_pass_for_each_other() -> None:
    shown = [np.frombuffer(made(flat(*kind), (72, 48), "bgra").pixels, np.uint8)[:3] for kind in COLOURS.values()]
    spaces = [shown[at] for at in (1, 2, 3, 4, 5)]
    for number, one in enumerate(spaces):
        for other in spaces[number + 1 :]:
            assert _apart(one, other).max() > _ROUNDING


@pytest.mark.parametrize("kind", COLOURS)
def test_planes_become_pixels_without_a_graphics_card_too(kind: str) -> None:
    given = made(flat(*COLOURS[kind]), (72, 48), "bgra")
    own = converted(made(flat(*COLOURS[kind]), (72, 48), "planes"))
    right = np.frombuffer(given.pixels, np.uint8)[:3]
    rows = np.frombuffer(own.pixels, np.uint8).reshape(own.height, own.width, 4)
    assert _apart(rows[:, :, :3], np.broadcast_to(right, rows[:, :, :3].shape)).max() <= _ROUNDING


@pytest.mark.parametrize("name", VIEWS)
def test_a_picture_lies_where_the_raster_wall_has_it(drawn: Drawn, name: str) -> None:
    if drawn.refused():
        return
    apart = _apart(drawn.pictures[name], _raster(name))
    assert apart.mean() < _MEAN
    assert (apart.max(axis=2) > _MOST).mean() < 0.02  # edges, which each way smooths in its own way


def test_a_shader_that_does_not_compile_is_an_error_of_ours(drawn: Drawn) -> None:
    if not drawn.refused():
        assert drawn.pictures["refused"].tobytes().startswith(b"shader refused")


def test_the_whole_wall_looks_the_same(drawn: Drawn) -> None:
    if drawn.refused():
        return
    painted, right = drawn.pictures["gl wall"], drawn.pictures["raster wall"]
    assert not drawn.pictures["gl wall, why"].size
    assert painted.shape == right.shape
    apart = _apart(painted, right)
    assert apart.mean() < _MEAN
    assert (apart.max(axis=2) > _MOST).mean() < 0.04


def test_letters_are_not_torn(drawn: Drawn) -> None:
    if drawn.refused():
        return
    painted, right = (drawn.pictures[name][306:328, 104:216] for name in ("gl wall", "raster wall"))
    assert (right.max(axis=2) > 150).mean() > 0.05, "the words of the dead camera"
    assert _apart(painted, right).mean() < _TORN


def test_a_mask_covers_what_the_graphics_card_painted(drawn: Drawn) -> None:
    if drawn.refused():
        return
    painted, right = (drawn.pictures[name][45:65, 40:64] for name in ("gl wall", "raster wall"))
    assert np.unique(right.reshape(-1, 3), axis=0).shape[0] == 1, "all of it is mask"
    assert np.array_equal(painted, right)


@pytest.mark.parametrize(("name", "word"), [("broken shader", b"shader refused"), ("other renderer", b"another rend")])
def test_where_opengl_fails_the_wall_paints_itself(drawn: Drawn, name: str, word: bytes) -> None:
    if drawn.refused():
        return
    assert drawn.pictures[f"{name}, why"].tobytes().startswith(word)
    apart = _apart(drawn.pictures[name], drawn.pictures["raster wall"])
    assert apart.mean() < _MEAN
