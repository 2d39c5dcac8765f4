from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.errors import AppCode, AppError
from widgets.single_instance import SingleInstance


def test_a_second_start_calls_the_first_and_is_refused(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    first = SingleInstance(tmp_path, qapp)
    calls: list[bool] = []
    first.on_called = lambda: calls.append(True)
    try:
        with pytest.raises(AppError) as refused:
            SingleInstance(tmp_path, qapp)
        assert refused.value.code is AppCode.ALREADY_RUNNING
        qtbot.waitUntil(lambda: calls == [True])
    finally:
        first.close()


def test_the_home_is_free_again_after_the_end(qapp: QApplication, tmp_path: Path) -> None:
    SingleInstance(tmp_path, qapp).close()
    SingleInstance(tmp_path, qapp).close()


def test_two_homes_do_not_meet(qapp: QApplication, tmp_path: Path) -> None:
    first, second = SingleInstance(tmp_path / "a", qapp), SingleInstance(tmp_path / "b", qapp)
    first.close()
    second.close()
