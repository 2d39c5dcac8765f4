"""What follows from what a driver says of itself, and from injected times."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from widgets.gl_check import MOST_UNFINISHED, Choice, Driver, KeptChoice, Reason, Trial, judged, sentence, trusted

CARD = Driver("NVIDIA Corporation", "NVIDIA RTX A2000/PCIe/SSE2", "4.6.0 NVIDIA 550.54.14")
FAST = Trial(CARD, raster_ms=20.0, gl_ms=6.0, wall_ms=5.0)


@pytest.mark.parametrize(
    "renderer",
    [
        "llvmpipe (LLVM 15.0.6, 256 bits)",
        "softpipe",
        "Software Rasterizer",
        "Mesa DRI swrast",
        "Google SwiftShader",
        "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero)), SwiftShader driver)",
        "Microsoft Basic Render Driver",
        "ANGLE (Microsoft, Microsoft Basic Render Driver Direct3D11 vs_5_0 ps_5_0)",
        "GDI Generic",
        "Apple Software Renderer",
        "",
        "  ",
    ],
)
def test_a_program_on_the_processor_is_refused_however_fast_it_was(renderer: str) -> None:
    choice = judged(replace(FAST, driver=Driver("somebody", renderer, "4.5")))
    assert (choice.gl, choice.reason) == (False, Reason.SOFTWARE)


@pytest.mark.parametrize(
    "renderer",
    [
        "NVIDIA RTX A2000/PCIe/SSE2",
        "Mesa Intel(R) UHD Graphics 630 (CFL GT2)",
        "AMD Radeon RX 6400 (navi24, LLVM 15.0.6, DRM 3.49)",
        "ANGLE (Intel, Intel(R) Iris(R) Xe Graphics Direct3D11 vs_5_0 ps_5_0, D3D11)",
        "Apple M2",
    ],
)
def test_a_graphics_card_that_is_cheaper_is_taken(renderer: str) -> None:
    choice = judged(replace(FAST, driver=Driver("somebody", renderer, "4.5")))
    assert (choice.gl, choice.reason) == (True, Reason.FASTER)


@pytest.mark.parametrize(
    ("raster_ms", "gl_ms", "wall_ms", "gl"),
    [
        (20.0, 17.9, 10.0, True),
        (20.0, 18.1, 10.0, False),  # not worth it
        (20.0, 40.0, 10.0, False),
        (20.0, 5.0, 33.5, False),  # cheap, and too slow to be looked at
        (20.0, 5.0, 32.5, True),
    ],
)
def test_the_cheaper_one_is_chosen_by_the_times(raster_ms: float, gl_ms: float, wall_ms: float, gl: bool) -> None:
    choice = judged(Trial(CARD, raster_ms, gl_ms, wall_ms))
    assert (choice.gl, choice.reason) == (gl, Reason.FASTER if gl else Reason.SLOWER)


def test_what_broke_off_is_refused() -> None:
    assert judged(Trial()).reason is Reason.NO_OPENGL
    assert judged(Trial(detail="exit -11")).reason is Reason.CRASHED
    crashed = judged(Trial(CARD, detail="exit -11"))
    assert (crashed.gl, crashed.reason) == (False, Reason.CRASHED)
    assert "exit -11" in sentence(crashed)


def test_a_driver_under_which_the_program_ended_early_again_and_again_is_not_trusted() -> None:
    good = judged(FAST)
    assert trusted(replace(good, unfinished=MOST_UNFINISHED - 1)).gl
    bad = trusted(replace(good, unfinished=MOST_UNFINISHED))
    assert (bad.gl, bad.reason) == (False, Reason.UNFINISHED)


@pytest.mark.parametrize("reason", Reason)
def test_every_outcome_has_its_sentence(reason: Reason) -> None:
    text = sentence(Choice(gl=reason is Reason.FASTER, reason=reason, trial=FAST, unfinished=2))
    assert text.startswith(
        "The wall is painted by the " + ("graphics card" if reason is Reason.FASTER else "processor")
    )
    assert "{" not in text
    assert CARD.renderer in text


def test_what_is_kept_comes_back_on_this_machine_alone(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "painting.json"
    choice = replace(judged(FAST), unfinished=1)
    KeptChoice(path, "6.11.3").keep(choice)
    assert KeptChoice(path, "6.11.3").load() == choice
    assert KeptChoice(path, "6.12.0").load() is None
    table = json.loads(path.read_text())
    path.write_text(json.dumps({**table, "machine": "another"}))
    assert KeptChoice(path, "6.11.3").load() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"machine": 1}', "\x00", '{"machine": "M", "gl": true}'])
def test_a_file_that_is_none_is_no_knowledge(tmp_path: Path, text: str) -> None:
    path = tmp_path / "painting.json"
    assert KeptChoice(path, "6").load() is None
    KeptChoice(path, "6").keep(judged(FAST))
    machine = json.loads(path.read_text())["machine"]
    path.write_text(text.replace('"M"', json.dumps(machine)))
    assert KeptChoice(path, "6").load() is None


def test_nobody_can_write_opengl_without_a_card_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "painting.json"
    slow = Trial(Driver("Mesa", "llvmpipe", "4.5"), 20.0, 5.0, 5.0)
    KeptChoice(path, "6").keep(Choice(gl=True, reason=Reason.FASTER, trial=slow))
    assert KeptChoice(path, "6").load() is None
