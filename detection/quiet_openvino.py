"""OpenVINO without its telemetry. Call `silence_telemetry()` before the first `import openvino` of a process.

The package `openvino_telemetry` reports to a server of the maker, from a forked copy of our process that can hang and
outlive it (seen: one hung process per start). A watch room tells nobody what it does; OpenVINO works without
the package.
"""

from __future__ import annotations

import sys


def silence_telemetry() -> None:
    """Make `import openvino_telemetry` fail in this process, as if it were not installed."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment] # the documented way to block an import
