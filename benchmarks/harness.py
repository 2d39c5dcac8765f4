"""What every bench writes: figures of ours and of the references, and one ratio from interleaved runs."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

RUNS = 5


def machine() -> dict[str, object]:
    """What it ran on."""
    info = Path("/proc/cpuinfo")
    model = ""
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else ""
    return {"cores": os.cpu_count(), "cpu": model, "system": platform.system(), "python": platform.python_version()}


def report(
    name: str,
    better: str,
    ours: Sequence[Mapping[str, float]],
    references: Mapping[str, Sequence[Mapping[str, float]]],
    figure: str,
) -> dict[str, object]:
    """The bench's result. `ours` and each of `references` hold one mapping per run; `figure` is the key that the ratio
    is about: the median over runs of ours / first reference. `spread` is the range of these ratios."""
    first = next(iter(references))
    ratios = [mine[figure] / other[figure] for mine, other in zip(ours, references[first], strict=True)]
    return {
        "name": name,
        "machine": machine(),
        "better": better,
        "figure": figure,
        "runs": len(ratios),
        "spread": [round(min(ratios), 4), round(max(ratios), 4)],
        "ours": _median(ours),
        "references": {key: _median(runs) for key, runs in references.items()},
        "reference": first,
        "ratio": round(statistics.median(ratios), 4),
    }


def _median(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(run[key] for run in runs), 5) for key in runs[0]} if runs else {}
