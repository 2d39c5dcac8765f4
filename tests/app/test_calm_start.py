"""The collector rests while the program's imports run, goes on afterwards, and a test's is left alone."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

from app import calm_start

ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = """
import gc
from app import calm_start
resting = gc.isenabled()
kept = [[] for _ in range(1000)]
calm_start.settle()
print(resting, gc.isenabled(), gc.get_freeze_count() > 1000)
"""


def test_it_rests_until_the_program_is_settled(tmp_path: Path) -> None:
    program = tmp_path / "main.py"
    program.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{_PROGRAM}")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "True", "True"]


def test_a_test_keeps_its_collector() -> None:
    frozen = gc.get_freeze_count()
    calm_start.settle()
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen
