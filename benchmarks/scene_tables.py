"""Figures of `bench scenes --json FILE` as tables for docs/DETECTION.md: `python -m benchmarks.scene_tables FILE`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_HEAD = ("due", "right", "false", "precision (95 %)", "recall (95 %)")


def tables(result: Mapping[str, Any]) -> str:
    """Markdown: per rule, per condition, tampering and signals, real clips."""
    made = result["made"]
    name = "model" if "model" in made else "truth"
    found = result["recall_of_the_model"]
    model, truth = made[name], made["truth"]
    rules = [(kind, row, truth["by_rule"][kind]) for kind, row in model["by_rule"].items()]
    parts = [
        _table(
            "rule", [(kind, row, _shares(other)) for kind, row, other in rules], "with the truth: precision, recall"
        ),
        _table(
            "condition",
            [(c, row, f"{found[c]['found']:.3f}" if c in found else "–") for c, row in model["by_condition"].items()],
            "boxes that the model finds",
        ),
        _table("camera", [(cause, row, "") for cause, row in _causes(result)]),
    ]
    still = result.get("still", {})
    if name in still:
        known = still["truth"]["by_rule"]
        rows = [(story, row, _shares(known[story])) for story, row in still[name]["by_rule"].items()]
        parts.append(_table("what stands still", rows, "with the truth: precision, recall"))
    return "\n\n".join([*parts, _real(result["real"])]) + "\n"


def _causes(result: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    yield from result["tamper"]["by_rule"].items()
    yield "signal loss", result["signal_loss"]["all"]


def _table(title: str, rows: list[tuple[str, Any, str]], last: str = "") -> str:
    heads = [title, *_HEAD, *([last] if last else [])]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name, row, more in rows:
        counts = [str(row[key]) for key in ("due", "right", "false")]
        cells = [name.replace("_", " "), *counts, _part(row, "precision"), _part(row, "recall")]
        lines.append(f"| {' | '.join([*cells, *([more] if last else [])])} |")
    return "\n".join(lines)


def _part(row: Mapping[str, Any], name: str) -> str:
    share, interval = row[name], row[f"{name}_95"]
    return "–" if share is None else f"{share:.2f} ({interval[0]:.2f}-{interval[1]:.2f})"


def _shares(row: Mapping[str, Any]) -> str:
    return ", ".join("–" if row[name] is None else f"{row[name]:.2f}" for name in ("precision", "recall"))


def _real(real: Mapping[str, Any] | None) -> str:
    if not real:
        return "No real clips."
    lines = ["| clip | camera-hours | rules | false alarms |", "|---|---|---|---|"]
    for name, clip in real["clips"].items():
        kinds = "; ".join(f"{key[6:]} {count}" for key, count in clip.items() if key.startswith("false "))
        lines.append(f"| {name} | {clip['camera_hours']:.4f} | {clip['rules']} | {clip['false_alarms']} {kinds} |")
    low, high = real["per_camera_hour_95"]
    per_hour = f"{real['per_camera_hour']:.0f} a camera-hour (95 %: {low:.0f}-{high:.0f})"
    lines.append(f"| all | {real['camera_hours']:.4f} | | {real['false_alarms']}: {per_hour} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(tables(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
