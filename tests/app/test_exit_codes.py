from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.errors import AppCode, AppError
from app.exit_codes import FAILED, exit_code_of
from storage.errors import StorageCode, StorageError
from video.source import VideoCode, VideoError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "EXIT_CODES.md"


@pytest.mark.parametrize(
    "error",
    [*map(VideoError, VideoCode), *map(StorageError, StorageCode), *map(AppError, AppCode)],
    ids=lambda error: error.code.value,
)
def test_every_failure_has_a_code_that_the_page_explains(error: VideoError | StorageError | AppError) -> None:
    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE.read_text(), re.MULTILINE)}
    assert exit_code_of(error) in explained


def test_probe_failures_are_told_apart() -> None:
    codes = [exit_code_of(VideoError(code)) for code in VideoCode if code not in {VideoCode.DISK_FULL}]
    told = [code for code in codes if code != FAILED]
    assert len(told) == len(set(told)) >= 10
