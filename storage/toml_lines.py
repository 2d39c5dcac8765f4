"""Where in a TOML file something stands, for a sentence about it: parsers do not say."""

from __future__ import annotations

import re
from pathlib import Path


def line_of(text: str, section: str, key: str) -> int:
    """Line where a key is set (1 is the first), 0 when it cannot be found (a dotted or inline form)."""
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            current = stripped.strip("[] ")
            if not section and current == key:
                return number
        elif current == section and re.match(rf"['\"]?{re.escape(key)}['\"]?\s*=", stripped):
            return number
    return 0


def last_line(path: Path) -> int:
    """How many lines the file has."""
    return len(path.read_text(encoding="utf-8").splitlines())
