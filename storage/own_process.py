"""Modules of ours that run as processes of their own: how one is called, what it finds, and how its words are read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def process_command(module: str, *arguments: str) -> list[str]:
    """How to run a module of ours in a process of its own."""
    return [sys.executable, "-P", "-m", module, *arguments]


def process_environment() -> dict[str, str]:
    """In which it finds what we find."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p or str(Path.cwd()) for p in sys.path)}


def speaking_process(command: Sequence[str]) -> subprocess.Popen[str]:
    """One that is asked nothing and whose output is read. Raises OSError when it cannot be started."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=process_environment(),
        text=True,
        encoding="utf-8",
        errors="replace",
    )
